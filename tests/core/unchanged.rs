//! What the program gives today is what it gave before its modules were moved: documents, metrics, pages and stored state, byte for byte,
//! against the files in `tests/vectors/unchanged`. The README.md there says what each file is, and when
//! `PARITYWATCH_UPDATE_UNCHANGED=1 cargo test --test core -- unchanged` may rewrite them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::page;
use crate::support::process::http_get;
use crate::support::received::{By, hand_over, received};
use crate::support::state::transitions;
use crate::support::unchanged::{Comparison, hash, repository, stored};

// Everything of the crate that this test touches. Where a module moves, only these lines change.
use paritywatch::checkpoint::{
    Cursor, Header, Input, Journal, LastRecord, OutboxFile, Owner, Store, read, read_cursors, read_journals,
};
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{AlertEntries, AlertTransitions, Clock, FORMAT, Monitor, SECTIONS};
use paritywatch::outbox::{Message, Outbox, Receiver, Record};
use paritywatch::plan::{EventTime, InputOffset, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;
use paritywatch::sink::metrics::render;
use paritywatch::status::{PartitionHealth, Shared, View};

pub const KEY: PseudonymKey = PseudonymKey([9; 16]);
/// Wall-clock time of the first record of the mixed stream.
const NOW: EventTime = EventTime(1_790_000_000_000);
/// The mixed stream is evaluated after so many lines each; one minute passes meanwhile.
const LINES_PER_TICK: usize = 25;
const URL: &str = "https://paritywatch.example.org";
const SERIES_LIMIT: usize = 20_000;

/// Metrics that came after the files were made.
const NEW: [&str; 14] = [
    "paritywatch_audit_",
    "paritywatch_association_",
    "paritywatch_advantage_",
    "paritywatch_last_heard_",
    "paritywatch_released_timestamp_seconds",
    "paritywatch_pseudonym_key",
    "paritywatch_processing_latency_seconds",
    "paritywatch_invariant_violations_total",
    "paritywatch_accepted_alerts",
    "paritywatch_measures",
    "paritywatch_http_",
    "paritywatch_web_c",
    "paritywatch_history_",
    "type=\"measure\"",
];

#[test]
fn replay_of_a_fair_stream() {
    Generated { events: 25_000, seed: 11, ..Generated::of(Scenario::Fair) }.check();
}

#[test]
fn replay_of_a_stream_with_skewed_selection() {
    Generated { events: 25_000, seed: 12, ends_early: true, ..Generated::of(Scenario::SkewedSelection) }.check();
}

#[test]
fn replay_of_a_stream_with_skewed_hit_rates() {
    Generated { events: 25_000, seed: 13, ..Generated::of(Scenario::SkewedHitRate) }.check();
}

#[test]
fn replay_of_simpsons_stream() {
    Generated { events: 25_000, seed: 14, whole_metrics: true, ..Generated::of(Scenario::Simpson) }.check();
}

#[test]
fn replay_of_a_stream_with_late_outcomes() {
    Generated { events: 30_000, seed: 15, cases_per_hour: 20, ..Generated::of(Scenario::LateOutcomes) }.check();
}

/// A stream that is replayed under `windows.toml` and `evidence.toml`.
struct Generated {
    scenario: Scenario,
    events: u64,
    seed: u64,
    cases_per_hour: u32,
    /// Whether it is replayed once more, up to a moment within it.
    ends_early: bool,
    /// Whether the metrics are kept whole; of the others there is a hash, as they are long.
    whole_metrics: bool,
}

impl Generated {
    fn of(scenario: Scenario) -> Self {
        Self { scenario, events: 0, seed: 0, cases_per_hour: 30, ends_early: false, whole_metrics: false }
    }

    fn check(&self) {
        let mut comparison = Comparison::default();
        let mut shape = Shape::new(self.scenario, self.events, self.seed);
        shape.cases_per_hour = self.cases_per_hour;
        let lines: Vec<String> = Stream::new(&shape).map(|event| event.json).collect();
        let name = self.scenario.name();
        comparison.same(&format!("{name}.input"), format!("{}\n", hash(lines.join("\n").as_bytes())).as_bytes());
        assert!(comparison.differences.is_empty(), "the generator of streams has changed: nothing is said of the rest");
        let mut compare = |suffix: &str, config: &str, as_of: Option<EventTime>| {
            let name = format!("{name}.{config}{suffix}");
            let plan = settings_of(config).plan;
            let monitor = replay(&plan, as_of, &lines, &mut By::Batches(&mut || 1_000));
            let (published, metrics) = (monitor.published(), metrics(&monitor));
            if as_of.is_some() || self.whole_metrics {
                let one_by_one = replay(&plan, as_of, &lines, &mut By::Record);
                comparison.same(&format!("{name}.json"), one_by_one.published().to_json().as_bytes());
            }
            comparison.same(&format!("{name}.json"), published.to_json().as_bytes());
            comparison.same(&format!("{name}.table"), published.to_table(160, false).as_bytes());
            if self.whole_metrics {
                comparison.same(&format!("{name}.metrics"), metrics.as_bytes());
            } else {
                comparison.same(&format!("{name}.metrics-hash"), format!("{}\n", hash(metrics.as_bytes())).as_bytes());
            }
        };
        compare("", "windows", None);
        compare("", "evidence", None);
        if self.ends_early {
            compare(".as-of", "windows", Some(shape.start.plus(Span(7 * Span::DAY.0 + 45_296_789))));
        }
        comparison.end();
    }
}

/// The program itself, over the mixed stream in two files.
#[test]
fn replay_of_the_mixed_stream_by_the_program() {
    let folder = tempfile::tempdir().unwrap();
    for partition in 0..2 {
        let lines = mixed_stream().into_iter().filter(|line| partition_of(line) == PartitionIndex(partition));
        let text: String = lines.map(|line| line + "\n").collect();
        std::fs::write(folder.path().join(format!("{partition}.jsonl")), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_paritywatch"))
        .args(["replay", "--format", "json,table", "--fail-on", "warning", "--max-lost", "1", "--config"])
        .arg(stored("mixed.toml"))
        .args(["0.jsonl", "1.jsonl"])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let mut comparison = Comparison::default();
    comparison.same("mixed.replay.json", &output.stdout);
    comparison.same("mixed.replay.table", &output.stderr);
    comparison.end();
}

#[test]
fn the_daemons_evaluation_metrics_and_pages_of_the_mixed_stream() {
    let lines = mixed_stream();
    let mut course = Course::new(&settings_of("mixed").plan);
    course.feed(&lines, 0..lines.len());
    let mut other_way = Course { one_by_one: true, ..Course::new(&settings_of("mixed").plan) };
    other_way.feed(&lines, 0..lines.len());
    let mut comparison = Comparison::default();
    other_way.compare(&mut comparison);
    course.compare(&mut comparison);
    comparison.same("mixed.alerts.json", course.monitor.published().alerts_json().as_bytes());
    comparison.same("mixed.metrics", metrics(&course.monitor).as_bytes());
    for language in ["en", "nl"] {
        let served = page::serve(&course.monitor, show);
        let response = http_get(&format!("{}/?lang={language}", served.url)).unwrap();
        assert_eq!(response.status, 200);
        comparison.same(&format!("mixed.{language}.html"), without_version_and_age(&response.text()).as_bytes());
    }
    comparison.end();
}

#[test]
fn a_stored_checkpoint_goes_on_as_before_and_is_written_as_before() {
    let (plan, lines) = (settings_of("mixed").plan, mixed_stream());
    let half = lines.len() / 2;
    let mut course = Course::new(&plan);
    course.feed(&lines, 0..half);
    let snapshot = course.monitor.snapshot();
    let mut comparison = Comparison::default();

    let file = std::fs::read(stored_state("checkpoint")).unwrap();
    let (found, mut sections) = read(file.as_slice()).unwrap();
    comparison.equal("the header of the checkpoint", &found, &header(&plan));
    for index in 0..SECTIONS {
        let (expected, found) = (sections.read().unwrap(), snapshot.section(index).unwrap());
        comparison.equal_bytes(&format!("section {index} of the checkpoint"), &expected, &found);
    }

    let folder = copy_of_the_state();
    let store = Store::new(Owner::claim(folder.path()).unwrap());
    let restored = store.read(plan.clone(), KEY, Clock::Wall).unwrap().unwrap().monitor;
    let again = restored.snapshot();
    for index in 0..SECTIONS {
        let (expected, found) = (snapshot.section(index).unwrap(), again.section(index).unwrap());
        comparison.equal_bytes(&format!("section {index}, read and written again"), &expected, &found);
    }
    let told = std::mem::take(&mut course.told);
    let mut course = Course { monitor: restored, told, one_by_one: true };
    course.feed(&lines, half..lines.len());
    course.compare(&mut comparison);
    comparison.end();
}

#[test]
fn a_stored_journal_and_outbox_hold_what_they_held_and_are_written_as_before() {
    let (plan, lines) = (settings_of("mixed").plan, mixed_stream());
    let mut course = Course::new(&plan);
    course.feed(&lines, 0..lines.len() / 2);
    let until_checkpoint = course.told.len();
    course.feed(&lines, lines.len() / 2..lines.len());
    let (before, after) = course.told.split_at(until_checkpoint);
    assert!(before.len() > 3 && after.len() > 3, "{} and {} changes", before.len(), after.len());

    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::new(folder.path(), 1).unwrap();
    after.iter().for_each(|changed| journal.write(&changed.entries).unwrap());
    let messages = |told: &[AlertTransitions]| told.iter().flat_map(messages).collect();
    write_outbox(folder.path(), messages(before), messages(after));
    let mut comparison = Comparison::default();
    let now = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let before = |name: &str| std::fs::read(stored_state(name)).unwrap();
    for name in ["outbox.cursor.aaaaaaaaaaaaaaaa", "outbox.cursor.bbbbbbbbbbbbbbbb"] {
        comparison.equal_bytes(name, &before(name), &now(name));
    }
    let journal = format!("alerts.journal.1.f{FORMAT}");
    comparison.equal_bytes("journal", &before(&journal), &now(&journal));
    let records = |folder: &Path| {
        let (_, records) = OutboxFile::open(&Owner::claim(folder).unwrap()).unwrap();
        records.iter().map(record_text).collect::<String>()
    };
    comparison.equal_bytes("outbox", records(copy_of_the_state().path()).as_bytes(), records(folder.path()).as_bytes());

    let folder = copy_of_the_state();
    let owner = Owner::claim(folder.path()).unwrap();
    let mut monitor = Store::new(owner.clone()).read(plan, KEY, Clock::Wall).unwrap().unwrap().monitor;
    let entries = read_journals(folder.path(), 1).unwrap();
    // From here on everything is from the files.
    comparison.same("state/journal.txt", told_text(&recall(&mut monitor, entries)).as_bytes());
    comparison.same("state/recalled.json", monitor.published().alerts_json().as_bytes());
    let (_, records) = OutboxFile::open(&owner).unwrap();
    let cursors = read_cursors(folder.path()).unwrap();
    let mut text: String = records.iter().map(record_text).collect();
    text.push_str(&format!("{cursors:?}\nand gone on with:\n"));
    let outbox = Outbox::new(records, cursors, receivers(), 1_000);
    text.extend(outbox.records().iter().map(record_text));
    comparison.same("state/outbox.txt", text.as_bytes());
    comparison.end();
}

#[test]
fn configurations_print_and_hash_as_before() {
    let mut comparison = Comparison::default();
    let shipped =
        ["example", "demo", "paritywatch"].map(|name| (name, repository().join(format!("config/{name}.toml"))));
    let own = ["windows", "evidence", "mixed"].map(|name| (name, stored(&format!("{name}.toml"))));
    for (name, path) in shipped.into_iter().chain(own) {
        let settings = Settings::load(&path, std::iter::empty()).unwrap_or_else(|error| panic!("{error}"));
        let printed = format!("# configuration {}\n{}", settings.plan.config_hash, settings.redacted_toml());
        comparison.same(&format!("printed.{name}.toml"), printed.as_bytes());
    }
    comparison.end();
}

/// What a monitor of the daemon is fed, and the changes of alerts it gives on the way.
pub struct Course {
    pub monitor: Monitor,
    pub told: Vec<AlertTransitions>,
    /// Whether it gets one record after another, and not batches.
    pub one_by_one: bool,
}

impl Course {
    pub fn new(plan: &Plan) -> Self {
        let mut monitor = Monitor::new(plan.clone(), KEY, Clock::Wall);
        (0..2).for_each(|index| monitor.add_partition(PartitionIndex(index), NOW));
        Self { monitor, told: Vec::new(), one_by_one: false }
    }

    pub fn feed(&mut self, lines: &[String], range: Range<usize>) {
        let mut records = Vec::new();
        for index in range.clone() {
            let now = NOW.plus(Span::MINUTE.times(i64::try_from(index / LINES_PER_TICK).unwrap()));
            records.push(received(partition_of(&lines[index]).0, &lines[index]));
            let last = index + 1 == range.end;
            if (index + 1) % LINES_PER_TICK == 0 || last {
                let mut sizes = || if index % 2 == 0 { usize::MAX } else { 7 };
                let mut by = if self.one_by_one { By::Record } else { By::Batches(&mut sizes) };
                hand_over(&mut self.monitor, &std::mem::take(&mut records), now, &mut by);
            }
            if (index + 1) % LINES_PER_TICK == 0 || index + 1 == lines.len() {
                self.monitor.handle_tick(now);
                let inputs = vec![InputOffset { topic: "events".to_owned(), partition: 0, next_offset: index as i64 }];
                self.told.extend(transitions(&mut self.monitor).map(|mut changed| {
                    changed.entries.provenance.inputs = inputs;
                    changed
                }));
            }
        }
    }

    /// With the whole stream fed.
    fn compare(&self, comparison: &mut Comparison) {
        comparison.same("mixed.json", self.monitor.published().to_json().as_bytes());
        comparison.same("mixed.health.json", format!("{:#}\n", health(&self.monitor)).as_bytes());
        comparison.same("mixed.told.txt", told_text(&self.told).as_bytes());
    }
}

/// As `replay` does it with one file.
fn replay(plan: &Plan, as_of: Option<EventTime>, lines: &[String], by: &mut By<'_>) -> Monitor {
    let mut monitor = Monitor::new(plan.clone(), KEY, Clock::Event { as_of });
    monitor.add_partition(PartitionIndex(0), EventTime(0));
    let records: Vec<_> = lines.iter().map(|line| received(0, line)).collect();
    hand_over(&mut monitor, &records, EventTime(0), by);
    monitor.finish();
    monitor
}

pub fn mixed_stream() -> Vec<String> {
    std::fs::read_to_string(stored("mixed.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

/// All events of a case do not come from one partition: the order between partitions must not matter.
fn partition_of(line: &str) -> PartitionIndex {
    PartitionIndex(u32::try_from(line.len() % 2).unwrap())
}

pub fn settings_of(name: &str) -> Settings {
    let path = stored(&format!("{name}.toml"));
    Settings::load(&path, std::iter::empty()).unwrap_or_else(|error| panic!("{error}"))
}

pub fn header(plan: &Plan) -> Header {
    let input = |partition: i32| Input {
        topic: "events".to_owned(),
        partition,
        next_offset: 77,
        last: Some(LastRecord { offset: 76, hash: 5, message_bytes: Some(65_536) }),
    };
    Header {
        format: FORMAT,
        written_by: "paritywatch before the move".to_owned(),
        sequence: 3,
        config_hash: plan.config_hash.clone(),
        journal: 1,
        inputs: vec![input(0), input(1)],
        accepted_gaps: vec!["events, partition 0: 5 to 8".to_owned()],
    }
}

/// All but the sizes of tables: after a restart they depend on when a sweep comes by, and nothing else does.
pub fn health(monitor: &Monitor) -> Value {
    let health = monitor.health();
    let events = health.events;
    let partitions: Vec<Value> = health
        .partitions
        .iter()
        .map(|(index, watermark, idle)| json!([index.0, watermark.map(|time| time.0), idle]))
        .collect();
    json!({
        "events": {
            "read": events.read, "accepted": events.accepted, "duplicate": events.duplicate, "too_late": events.too_late,
            "rejected": events.rejected, "unmatched": events.unmatched, "conflict": events.conflict,
            "unknown_type": events.unknown_type, "unknown_profile": events.unknown_profile,
        },
        "by_type": health.by_type, "rejections": health.rejections, "watermark": health.watermark.map(|time| time.0),
        "partitions": partitions, "evicted_cases": health.evicted_cases, "waiting_cases": health.waiting_cases,
        "dropped_waiting": health.dropped_waiting, "evicted_ids": health.evicted_ids,
        "refused_contributions": health.refused_contributions, "late": health.late, "cells": health.cells,
        "without_group": health.without_group, "probabilistic": health.probabilistic,
        "probabilities_dropped": health.probabilities_dropped, "evaluations": health.evaluations,
    })
}

fn metrics(monitor: &Monitor) -> String {
    let mut snapshot = View::clone(&Shared::new(monitor, SERIES_LIMIT).latest());
    show(&mut snapshot);
    let text = render(&std::sync::Arc::new(snapshot), SERIES_LIMIT);
    text.lines()
        .filter(|line| !line.contains("build_info{") && !NEW.iter().any(|new| line.contains(new)))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// What is around a monitor in the daemon. Nothing of it is older than 0 s, however slow the machine is.
fn show(snapshot: &mut View) {
    for partition in 0..2 {
        let index = PartitionIndex(u32::try_from(partition).unwrap());
        let place = PartitionHealth { topic: "events".to_owned(), partition, index, next_offset: 12_345, lag: 7 };
        snapshot.source.partitions.push(place);
    }
    snapshot.source.caught_up = true;
    snapshot.dead_letters.delivered = 3;
    snapshot.checkpoint.written = 12;
    snapshot.operation.reloads = 2;
    let later = Instant::now() + Duration::from_secs(3_600);
    (snapshot.made_at, snapshot.checkpoint.last) = (later, later);
}

fn without_version_and_age(page: &str) -> String {
    let version = format!(" paritywatch {}, ", env!("CARGO_PKG_VERSION"));
    assert!(page.contains(&version), "no version in the page");
    let page = page.replace(&version, " paritywatch VERSION, ");
    // How far the watermark lies behind the clock is the first remark of the health section.
    let (before, health) = page.split_once("id=\"health\"").unwrap();
    let (begin, rest) = health.split_once("<small>").unwrap();
    let (_, end) = rest.split_once("</small>").unwrap();
    format!("{before}id=\"health\"{begin}<small>AGE</small>{end}")
}

/// Recalls entries of a journal, and returns them as the monitor did when they were new.
pub fn recall(monitor: &mut Monitor, entries: Vec<AlertEntries>) -> Vec<AlertTransitions> {
    let recall = |entries: AlertEntries| AlertTransitions {
        published: monitor.recall_alerts(entries.clone()).unwrap(),
        entries,
    };
    entries.into_iter().map(recall).collect()
}

pub fn messages(changed: &AlertTransitions) -> Vec<Message> {
    let message = |alert| Message::of(alert, &changed.entries.provenance, URL);
    changed.published.iter().filter_map(message).collect()
}

/// Every change: the alerts in it, also those that nobody is told of, and the messages.
pub fn told_text(told: &[AlertTransitions]) -> String {
    let mut text = String::new();
    for changed in told {
        text.push_str(&format!("as of {:?}\n", changed.entries.provenance.as_of.map(|time| time.0)));
        for alert in &changed.published {
            let (severity, active_at) = (alert.severity.name(), alert.active_at.0);
            let (state, changes) = (alert.state.name(), alert.transitions);
            text.push_str(&format!("  {} {state} {severity} {active_at} {changes}\n", alert.id));
        }
        messages(changed).iter().for_each(|message| text.push_str(&message_text(message)));
    }
    text
}

fn message_text(message: &Message) -> String {
    format!("  {} {} {} {} {}\n", message.alert, message.number, message.kind.name(), message.at.0, message.document)
}

pub fn record_text(record: &Record) -> String {
    match record {
        Record::Begin { sequence } => format!("begin {sequence}\n"),
        Record::Receiver { id, next } => format!("receiver {id} {next}\n"),
        Record::Told { alert, number } => format!("told {alert} {number}\n"),
        Record::Standing { sequence, message } => format!("standing {sequence}{}", message_text(message)),
        Record::Waiting { sequence, message } => format!("waiting {sequence}{}", message_text(message)),
    }
}

pub fn receivers() -> Vec<Receiver> {
    let receiver = |letter: &str, resend_every| Receiver {
        id: letter.repeat(16),
        name: format!("receiver {letter}"),
        resend_every,
    };
    vec![receiver("a", None), receiver("b", Some(Span::MINUTE))]
}

/// The outbox is replaced with the first messages in it, of which some were delivered, and written on with the others.
pub fn write_outbox(folder: &Path, first: Vec<Message>, rest: Vec<Message>) {
    let owner = Owner::claim(folder).unwrap();
    let (mut file, records) = OutboxFile::open(&owner).unwrap();
    let mut outbox = Outbox::new(records, BTreeMap::new(), receivers(), 1_000);
    let fresh = outbox.fresh(first);
    assert!(fresh.len() > 2);
    outbox.append(fresh, NOW);
    outbox.delivered(0, 2, NOW);
    outbox.delivered(1, 1, NOW);
    file.replace(&outbox.records()).unwrap();
    for message in rest {
        let fresh = outbox.fresh([message]);
        file.append(&fresh).unwrap();
        outbox.append(fresh, NOW);
    }
    for (index, receiver) in receivers().into_iter().enumerate() {
        Cursor::new(&owner, receiver.id, receiver.name).write(outbox.position(index).unwrap()).unwrap();
    }
}

/// Reading a state claims its folder, which writes to it.
fn copy_of_the_state() -> tempfile::TempDir {
    copy_of(&repository().join(format!("tests/vectors/format-{FORMAT}")))
}

pub fn copy_of(state: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(state).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn stored_state(name: &str) -> PathBuf {
    repository().join(format!("tests/vectors/format-{FORMAT}")).join(name)
}
