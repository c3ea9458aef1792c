//! Rule kind `complaints`: what counts by the time of its event, in which blocks and months, and that neither the order of arrival, nor
//! batches, nor restarts make a difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::cast_precision_loss, reason = "small counts")]

use std::collections::BTreeMap;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Received, SECTIONS};
use paritywatch::plan::{ComplaintMeasure, Complaints, EventTime, Names, PartitionIndex, Plan, Rule, RuleKind, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::statistics::{Judging, ShareSeries, log_level_of_half, log_level_of_part};
use serde_json::{Value, json};

use crate::batches::pair::{Pair, Random};
use crate::batches::stream::{Source, plans};
use crate::support::effort::attempts;

/// 2026-01-01T00:00:00Z
const START: EventTime = EventTime(1_767_225_600_000);
const KEY: PseudonymKey = PseudonymKey([4; 16]);
const CLOCK: Clock = Clock::Event { as_of: None };
const CAP: f64 = 5.0;
const ALPHA: f64 = 0.05;
const SKEW: &str = "[[rules]]\nname = \"skew\"\nkind = \"complaints\"\ngrounds = [\"Race\"]\nexposure_window = \"9d\"\nblock_complaints = 6\n";
const OVERTURNED: &str = "[[rules]]\nname = \"over\"\nkind = \"complaints\"\nmeasure = \"overturned\"\nexposure_window = \"20d\"\nblock_complaints = 4\n";
const RISE: &str = "[[rules]]\nname = \"rise\"\nkind = \"complaints\"\nmeasure = \"rise\"\nmin_events = 1\n";

fn plan(rules: &str) -> Plan {
    let text = format!(
        "[privacy]\nmin_cell = 0\nreason = \"test\"\n[window]\nrolling = [\"60d\"]\nallowed_lateness = \"2d\"\n[profiles.p]\nowner = \"o\"\n\
         [dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n{rules}"
    );
    Settings::parse(&text, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

fn monitor(rules: &str) -> Monitor {
    let mut monitor = Monitor::new(plan(rules), KEY, CLOCK);
    monitor.expect_disorder();
    monitor
}

/// An event: its minute since the start, its type and its data.
#[derive(Clone, Debug)]
struct Sent {
    minute: i64,
    id: String,
    kind: &'static str,
    data: Value,
}

impl Sent {
    fn payload(&self) -> Vec<u8> {
        let time = START.plus(Span::MINUTE.times(self.minute));
        let event = json!({
            "specversion": "1.0", "type": format!("paritywatch.{}.v1", self.kind), "source": "/test", "id": self.id,
            "time": jiff::Timestamp::from_millisecond(time.0).unwrap().to_string(), "data": self.data,
        });
        serde_json::to_vec(&event).unwrap()
    }
}

fn send(monitor: &mut Monitor, sent: &Sent) -> Handled {
    let payload = sent.payload();
    monitor.handle_record(PartitionIndex(0), &RawRecord { payload: &payload, headers: &[], timestamp: None }, START)
}

fn restarted(monitor: &Monitor, rules: &str) -> Monitor {
    let snapshot = monitor.snapshot();
    let mut again = Monitor::restore(plan(rules), KEY, CLOCK, |index| Some(snapshot.section(index).unwrap())).unwrap();
    again.expect_disorder();
    again
}

/// Tells of time alone, often enough for the watermark to follow.
fn support(monitor: &mut Monitor, minute: i64) {
    for number in 0..60 {
        let counts = json!({ "profile": "p", "groups": { "origin": "a" }, "counts": {} });
        let sent = Sent { minute, id: format!("support-{minute}-{number}"), kind: "tally", data: counts };
        assert_eq!(send(monitor, &sent), Handled::Accepted);
    }
}

/// Ends a stream so late that everything is final.
fn document(mut monitor: Monitor, last_minute: i64) -> Value {
    support(&mut monitor, last_minute + 4 * 24 * 60);
    monitor.finish();
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

fn finding<'v>(document: &'v Value, rule: &str, group: &str, subject: Option<&str>) -> &'v Value {
    let is_it = |finding: &&Value| {
        finding["rule"] == rule
            && finding["group"].as_str().unwrap_or("all") == group
            && finding["subject"].as_str() == subject
    };
    document["findings"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{rule} {group} {subject:?}"))
}

/// What an oracle counts of one day and group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Day {
    controls: i64,
    hits: i64,
    overturned: i64,
    complaints: i64,
    of_race: i64,
}

/// By day, by the day on which that becomes known, and by group.
type Days = BTreeMap<(i64, i64, &'static str), Day>;

/// A stream, and what an oracle that sees it in the order of time counts of each day.
#[derive(Default)]
struct Story {
    sent: Vec<Sent>,
    days: Days,
}

impl Story {
    fn send(&mut self, minute: i64, kind: &'static str, data: Value) -> String {
        let id = format!("e{}", self.sent.len());
        self.sent.push(Sent { minute, id: id.clone(), kind, data });
        id
    }

    fn day(&mut self, minute: i64, known: i64, group: &'static str) -> &mut Day {
        let day = |minute: i64| minute.div_euclid(24 * 60);
        self.days.entry((day(minute), day(minute.max(known)), group)).or_default()
    }

    /// A picked case with its control, outcome, perhaps a correction, and complaints. Its group may become known later than its
    /// selection: then what occurred moves, on the day on which it occurred, and evidence knows from that day on.
    fn case(&mut self, number: usize, random: &mut Random, skew: bool) {
        let minute = |random: &mut Random, most: usize| i64::try_from(random.below(most)).unwrap() + 61;
        let group = ["a", "b", "b", "b"][random.below(4)];
        let selected = i64::try_from(random.below(40 * 24 * 60)).unwrap();
        let case_id = format!("c{number}");
        let told_late = random.below(4) == 0;
        let groups = if told_late { json!({}) } else { json!({ "origin": group }) };
        self.send(
            selected,
            "selection",
            json!({ "case_id": case_id, "profile": "p", "selected": true, "groups": groups }),
        );
        let controlled = selected + minute(random, 3_000);
        self.send(controlled, "control", json!({ "case_id": case_id }));
        let found = controlled + minute(random, 3_000);
        let is_hit = random.below(2) == 0;
        let outcome = if is_hit { "violation" } else { "no_violation" };
        let id = self.send(found, "outcome", json!({ "case_id": case_id, "outcome": outcome }));
        let corrected = (is_hit && random.below(2) == 0).then(|| found + minute(random, 6_000));
        if let Some(corrected) = corrected {
            self.send(corrected, "outcome", json!({ "case_id": case_id, "outcome": "no_violation", "revises": id }));
        }
        let told = told_late.then(|| selected + minute(random, 9_000));
        if let Some(told) = told {
            self.send(told, "attributes", json!({ "case_id": case_id, "groups": { "origin": group } }));
        }
        let known = told.unwrap_or(i64::MIN);
        let stages = [(controlled, 0), (found, 1)].into_iter().filter(|(_, stage)| *stage == 0 || is_hit);
        for (at, stage) in stages.chain(corrected.map(|at| (at, 2))) {
            let day = self.day(at, known, group);
            match stage {
                0 => day.controls += 1,
                1 => day.hits += 1,
                _ => day.overturned += 1,
            }
        }
        let most = if skew && group == "a" { 4 } else { 2 };
        for complaint in 0..random.below(most) {
            let at = controlled + minute(random, 9_000);
            let (own, ground) =
                (random.below(4) == 0, [None, Some("race"), Some("RACE"), Some("sex")][random.below(4)]);
            let groups = if own { json!({ "origin": group }) } else { json!({}) };
            let mut data = json!({ "case_id": case_id, "profile": "p", "groups": groups });
            if let Some(ground) = ground {
                data["ground"] = json!(ground);
            }
            if complaint == 1 {
                data["status"] = json!("upheld");
            }
            self.send(at, "complaint", data);
            if complaint != 1 {
                self.complained((at, if own { at } else { known }), group, ground);
            }
        }
    }

    fn complained(&mut self, (at, known): (i64, i64), group: &'static str, ground: Option<&str>) {
        let day = self.day(at, known, group);
        day.complaints += 1;
        day.of_race += i64::from(ground.is_some_and(|ground| ground.eq_ignore_ascii_case("race")));
    }

    /// A complaint about no case, or counts instead of persons.
    fn other(&mut self, random: &mut Random) {
        let at = i64::try_from(random.below(45 * 24 * 60)).unwrap();
        let group = ["a", "b"][random.below(2)];
        let groups = json!({ "origin": group });
        if random.below(2) == 0 {
            self.send(at, "complaint", json!({ "profile": "p", "ground": "race", "groups": groups }));
            self.complained((at, at), group, Some("race"));
        } else {
            let counts = json!({ "controlled": 3, "concluded": 2, "hits": 1, "complaints": 1 });
            self.send(at, "tally", json!({ "profile": "p", "groups": groups, "counts": counts }));
            let day = self.day(at, at, group);
            day.controls += 3;
            day.hits += 1;
            day.complaints += 1;
        }
    }

    fn told(seed: u64) -> Self {
        let (mut story, mut random) = (Self::default(), Random::new(seed));
        (0..120).for_each(|number| story.case(number, &mut random, seed.is_multiple_of(2)));
        (0..30).for_each(|_| story.other(&mut random));
        story.sent.sort_by_key(|sent| sent.minute);
        story
    }

    fn last(&self) -> i64 {
        self.sent.iter().map(|sent| sent.minute).max().unwrap()
    }

    /// What occurred on these days, by what was known at the end of the last one.
    fn sum(&self, group: &str, days: std::ops::Range<i64>, of: impl Fn(&Day) -> i64) -> u64 {
        let is_it = |day: i64, known: i64, of: &str| days.contains(&day) && known < days.end && of == group;
        let days = self.days.iter().filter(|((day, known, of), _)| is_it(*day, *known, of));
        u64::try_from(days.map(|(_, day)| of(day)).sum::<i64>()).unwrap()
    }

    /// ln E of group a and the number of blocks, by the definition: a block ends with the day that completes it, or after 28.
    fn evidence(
        &self,
        (events, exposed): (impl Fn(&Day) -> i64 + Copy, impl Fn(&Day) -> i64 + Copy),
        (block, exposure): (u64, i64),
        log_level: f64,
    ) -> (f64, u64) {
        let judging = Judging { variation: 0.4, cap: CAP, log_level };
        let (mut series, mut start) = (ShareSeries::new(1.0), None);
        for day in 0..=self.last().div_euclid(24 * 60) + 3 {
            let both = |days: std::ops::Range<i64>, of: &dyn Fn(&Day) -> i64| {
                ["a", "b"].map(|group| self.sum(group, days.clone(), of))
            };
            let [x1, x2] = both(start.unwrap_or(day)..day + 1, &events);
            if start.is_none() && x1 + x2 == 0 {
                continue;
            }
            let begun = *start.get_or_insert(day);
            if x1 + x2 >= block || day - begun == 27 {
                let [e1, e2] = both((day + 1 - exposure).min(begun)..day + 1, &exposed);
                series.take(x1, x2, e1 as f64, e2 as f64, &judging);
                start = None;
            }
        }
        (series.detector().log_e(), series.blocks())
    }
}

/// ln(1 / level) of each of so many series.
fn level(series: u32) -> f64 {
    libm::log(f64::from(series) / ALPHA)
}

fn close(found: &Value, expected: f64) -> bool {
    found.as_f64().is_some_and(|found| (found - expected).abs() < 1e-9)
}

#[test]
fn blocks_are_those_of_an_oracle_that_sees_the_events_in_the_order_of_time() {
    let rules = format!("{SKEW}{OVERTURNED}");
    let mut blocks_of_all = 0;
    for seed in 1..=u64::from(attempts(5)) {
        let story = Story::told(seed);
        let mut monitor = monitor(&rules);
        for sent in &story.sent {
            assert_eq!(send(&mut monitor, sent), Handled::Accepted, "{sent:?}");
        }
        let document = document(monitor, story.last());
        // Two rules with two groups each.
        let half = log_level_of_half(level(4));
        let complaints = |day: &Day| day.complaints;
        let controls = |day: &Day| day.controls;
        let expected = [
            (finding(&document, "skew", "a", None), story.evidence((complaints, controls), (6, 9), half), half),
            (
                finding(&document, "skew", "a", Some("ground=Race")),
                story.evidence((|day: &Day| day.of_race, controls), (6, 9), half),
                half,
            ),
            (
                finding(&document, "over", "a", None),
                story.evidence((|day: &Day| day.overturned, |day: &Day| day.hits), (4, 20), level(4)),
                level(4),
            ),
        ];
        for (finding, (log_e, blocks), log_level) in expected {
            let evidence = &finding["evidence"];
            assert!(blocks > 0 && evidence["blocks"] == blocks, "seed {seed}: {blocks} of {finding}");
            assert!(close(&evidence["log_e"], log_e), "seed {seed}: {log_e} of {finding}");
            assert!(close(&evidence["alarm_at"], log_level_of_part(log_level, 1)), "seed {seed}: {finding}");
            blocks_of_all += blocks;
        }
    }
    assert!(blocks_of_all > 100, "{blocks_of_all}");
}

/// In the order of arrival of events that are delayed by up to a day, in batches of any size, with restarts.
#[test]
fn order_batches_and_restarts_make_no_difference() {
    let rules = format!("{SKEW}{OVERTURNED}{RISE}");
    let judged = |document: &Value| {
        let findings = document["findings"].as_array().unwrap();
        findings.iter().filter(|finding| finding["evidence"]["blocks"].as_u64() > Some(0)).count()
    };
    for seed in 1..=u64::from(attempts(10)) {
        let story = Story::told(seed + 50);
        let mut in_order = monitor(&rules);
        story.sent.iter().for_each(|sent| assert_eq!(send(&mut in_order, sent), Handled::Accepted));
        let expected = document(in_order, story.last());
        assert!(judged(&expected) > 3, "seed {seed}");

        let mut random = Random::new(seed);
        let mut arriving: Vec<(i64, &Sent)> =
            story.sent.iter().map(|sent| (sent.minute + i64::try_from(random.below(24 * 60)).unwrap(), sent)).collect();
        arriving.sort_by_key(|(arrival, _)| *arrival);
        let payloads: Vec<Vec<u8>> = arriving.iter().map(|(_, sent)| sent.payload()).collect();
        let mut other = monitor(&rules);
        let (mut left, mut handled) = (payloads.as_slice(), Vec::new());
        while !left.is_empty() {
            let (batch, rest) = left.split_at(random.batch_size().clamp(1, left.len()));
            let record = |payload| RawRecord { payload, headers: &[], timestamp: None };
            let batch: Vec<Received<'_>> = batch
                .iter()
                .map(|payload| Received { partition: PartitionIndex(0), record: record(payload) })
                .collect();
            other.handle_batch(&batch, START, &mut handled);
            assert!(handled.iter().all(|handled| *handled == Handled::Accepted), "{handled:?}");
            left = rest;
            if random.below(4) == 0 {
                other = restarted(&other, &rules);
            }
        }
        let found = document(other, story.last());
        assert_eq!(found["findings"], expected["findings"], "seed {seed}");
    }
}

/// Also where the first delivery was in another run of the program, and whatever is delivered twice.
#[test]
fn a_second_delivery_is_no_second_complaint_and_another_ground_is_mismatched() {
    let mut monitor = monitor(SKEW);
    let data = json!({ "case_id": "c", "profile": "p", "ground": "race", "groups": { "origin": "a" } });
    let complaint = Sent { minute: 60, id: "e".to_owned(), kind: "complaint", data };
    assert_eq!(send(&mut monitor, &complaint), Handled::Accepted);
    let mut monitor = restarted(&monitor, SKEW);
    assert_eq!(send(&mut monitor, &complaint), Handled::Duplicate);
    let mut other = complaint.clone();
    other.data["ground"] = json!("sex");
    assert!(matches!(send(&mut monitor, &other), Handled::Mismatched(_)));
    other.data["ground"] = json!("race");
    other.data["status"] = json!("rejected");
    assert!(matches!(send(&mut monitor, &other), Handled::Mismatched(_)));
    let document = document(monitor, 60);
    assert_eq!(finding(&document, "skew", "a", None)["group_counts"]["events"], 1);
    assert_eq!(finding(&document, "skew", "a", Some("ground=Race"))["group_counts"]["events"], 1);
}

/// Without a rule that asks, ground and status say nothing.
#[test]
fn without_a_rule_another_ground_is_a_second_delivery() {
    let mut monitor =
        monitor("[[rules]]\nname = \"r\"\nindicator = \"complaint_rate\"\nwarning = 1.1\ncritical = 1.2\n");
    let complaint = |ground: &str| Sent {
        minute: 60,
        id: "e".to_owned(),
        kind: "complaint",
        data: json!({ "case_id": "c", "profile": "p", "ground": ground, "groups": { "origin": "a" } }),
    };
    assert_eq!(send(&mut monitor, &complaint("race")), Handled::Accepted);
    assert_eq!(send(&mut monitor, &complaint("sex")), Handled::Duplicate);
    let snapshot = monitor.snapshot();
    assert!((0..SECTIONS).all(|section| snapshot.section(section).is_ok()));
}

fn tally(minute: i64, id: String, group: &str, counts: Value) -> Sent {
    Sent { minute, id, kind: "tally", data: json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }) }
}

/// What came late is missing, and so is what has no group: `within` is no word for it.
#[test]
fn late_complaints_and_those_without_a_group_make_a_finding_incomplete() {
    let fair = |monitor: &mut Monitor| {
        for day in 0..20 {
            for (group, controls) in [("a", 30), ("b", 70)] {
                let counts = json!({ "controlled": controls, "complaints": controls / 10 });
                send(monitor, &tally(day * 24 * 60, format!("{group}{day}"), group, counts));
            }
        }
    };
    let complaint = |number: i64, minute: i64, groups: Value, status: &str| Sent {
        minute,
        id: format!("x{number}"),
        kind: "complaint",
        data: json!({ "profile": "p", "groups": groups, "status": status }),
    };
    let about = |monitor: Monitor| document(monitor, 20 * 24 * 60);
    let mut whole = monitor(SKEW);
    fair(&mut whole);
    let document = about(whole);
    assert_eq!(finding(&document, "skew", "a", None)["verdict"], "within");
    for (groups, minute, cause) in [
        (json!({}), 19 * 24 * 60, "no_group"),
        (json!({ "origin": "z" }), 19 * 24 * 60, "unlisted_group"),
        (json!({ "origin": "a" }), 0, "late"),
    ] {
        let mut lacking = monitor(SKEW);
        fair(&mut lacking);
        // Time is beyond the lateness of the first day.
        for number in 0..40 {
            assert_eq!(send(&mut lacking, &complaint(number, minute, groups.clone(), "received")), Handled::Accepted);
        }
        let document = about(lacking);
        let found = finding(&document, "skew", "a", None);
        assert_eq!(
            (&found["verdict"], &found["missing"]["largest_cause"]),
            (&json!("incomplete"), &json!(cause)),
            "{found}"
        );
        assert_eq!(found["group_counts"], finding(&document, "skew", "a", None)["group_counts"]);
    }
    // A decision is no complaint, and a complaint about no case may be of no other channel.
    let mut others = monitor(&format!("{SKEW}channels = [\"profile\", \"signal\"]\n"));
    fair(&mut others);
    for number in 0..40 {
        let status = if number < 20 { "upheld" } else { "rejected" };
        assert_eq!(send(&mut others, &complaint(number, 0, json!({ "origin": "a" }), status)), Handled::Accepted);
    }
    assert_eq!(send(&mut others, &complaint(40, 0, json!({ "origin": "a" }), "received")), Handled::Accepted);
    let document = about(others);
    let missing = |channel: &str| {
        let findings = document["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["channel"] == channel && finding["group"] == "a").unwrap();
        found["missing"]["group"]["events"].clone()
    };
    assert_eq!((missing("profile"), missing("signal")), (json!(1), json!(0)));
}

/// The group of a case becomes known after its control and the complaint: both get it.
#[test]
fn a_group_that_comes_later_moves_controls_hits_and_complaints_alike() {
    let rules = format!("{SKEW}{OVERTURNED}").replace("9d", "20d");
    let mut monitor = monitor(&rules);
    for (day, kind) in (0..).zip(["selection", "control", "outcome", "complaint", "correction", "attributes"]) {
        for number in 0..12 {
            let mut data = match kind {
                "selection" => json!({ "profile": "p", "selected": true, "groups": {} }),
                "outcome" => json!({ "outcome": "violation" }),
                "complaint" => json!({ "profile": "p", "ground": "race" }),
                "correction" => json!({ "outcome": "no_violation", "revises": format!("outcome{number}") }),
                "attributes" => json!({ "groups": { "origin": if number % 3 == 0 { "a" } else { "b" } } }),
                _ => json!({}),
            };
            data["case_id"] = json!(format!("c{number}"));
            let kind_of_event = if kind == "correction" { "outcome" } else { kind };
            let sent = Sent { minute: day * 24 * 60, id: format!("{kind}{number}"), kind: kind_of_event, data };
            assert_eq!(send(&mut monitor, &sent), Handled::Accepted);
        }
    }
    let document = document(monitor, 6 * 24 * 60);
    for (rule, subject) in [("skew", None), ("skew", Some("ground=Race")), ("over", None)] {
        let found = finding(&document, rule, "a", subject);
        assert_eq!(found["group_counts"], json!({ "events": 4, "exposed": 4 }), "{found}");
        assert_eq!(found["reference_counts"], json!({ "events": 8, "exposed": 8 }), "{found}");
        assert_eq!(found["missing"]["group"]["cases"], 0, "{found}");
    }
}

/// A case that was not picked and was controlled all the same counts in the channel of its control, and so do complaints about it.
#[test]
fn a_complaint_counts_in_the_channel_of_the_control() {
    let mut monitor = monitor(&format!("{SKEW}channels = [\"profile\", \"signal\"]\n"));
    let said = [
        (0, "selection", json!({ "case_id": "c", "profile": "p", "selected": false, "groups": { "origin": "a" } })),
        (60, "control", json!({ "case_id": "c", "profile": "p", "channel": "signal" })),
        (180, "complaint", json!({ "case_id": "c", "profile": "p" })),
    ];
    for (minute, kind, data) in said {
        assert_eq!(send(&mut monitor, &Sent { minute, id: kind.to_owned(), kind, data }), Handled::Accepted);
    }
    let document = document(monitor, 180);
    let counts = |channel: &str| {
        let findings = document["findings"].as_array().unwrap();
        let is_it = |finding: &&Value| finding["channel"] == channel && finding["group"] == "a";
        findings.iter().find(is_it).unwrap()["group_counts"].clone()
    };
    assert_eq!(counts("signal"), json!({ "events": 1, "exposed": 1 }));
    assert_eq!(counts("profile"), json!({ "events": 0, "exposed": 0 }));
}

fn skewed(monitor: &mut Monitor, days: std::ops::Range<i64>, [of_a, of_b]: [u64; 2]) {
    for day in days {
        for (group, controls, complaints) in [("a", 10, of_a), ("b", 70, of_b)] {
            let counts = json!({ "controlled": controls, "complaints": complaints });
            let sent = tally(day * 24 * 60 + 700, format!("{group}{day}"), group, counts);
            assert_eq!(send(monitor, &sent), Handled::Accepted);
        }
    }
}

/// The window has become thin since.
#[test]
fn an_alarm_stands_where_the_window_is_thin() {
    let mut monitor = monitor(SKEW);
    skewed(&mut monitor, 0..40, [8, 3]);
    skewed(&mut monitor, 110..111, [2, 1]);
    let document = document(monitor, 111 * 24 * 60);
    let found = finding(&document, "skew", "a", None);
    assert_eq!(found["group_counts"]["events"], 2, "{found}");
    assert_eq!((&found["verdict"], &found["evidence"]["alarmed"]), (&json!("critical"), &json!(true)), "{found}");
    assert_eq!(finding(&document, "skew", "b", None)["verdict"], "insufficient_data");
}

/// There are more complaints than controls.
#[test]
fn complaints_are_shown_where_they_are_worst() {
    let text = "[privacy]\nmin_cell = 10\n[window]\nrolling = [\"60d\"]\nallowed_lateness = \"2d\"\n[profiles.p]\nowner = \"o\"\n\
                [dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n";
    let settings = Settings::parse(&format!("{text}{SKEW}").replace("9d", "60d"), "test.toml", std::iter::empty());
    let mut monitor = Monitor::new(settings.unwrap_or_else(|error| panic!("{error}")).plan, KEY, CLOCK);
    skewed(&mut monitor, 0..9, [20, 67]);
    let document = document(monitor, 9 * 24 * 60);
    let found = finding(&document, "skew", "a", None);
    assert_eq!((&found["suppressed"], &found["group_rate"]), (&Value::Null, &json!(2.0)), "{found}");
    assert_eq!(found["reference_counts"]["events"], 605, "{found}: {} to the nearest five", 9 * 67);
}

/// What an alert is held against is a part of its id.
#[test]
fn an_alert_ends_where_the_rule_compares_with_something_else() {
    let watched = "[[rules]]\nname = \"watched\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    let drift = |compare: &str| {
        let of = if compare == "change" { "of = \"watched\"\n" } else { "" };
        format!("[[rules]]\nname = \"rise\"\nkind = \"drift\"\ncompare = \"{compare}\"\n{of}{watched}")
    };
    let keeps = |before: &str, after: &str| {
        let [before, after] = [before, after].map(|rules| Names::of(&plan(rules)));
        before.mapping_to(&after).unwrap().alert_rule(0).is_some()
    };
    let skew = RISE.replace("\"rise\"\nmin", "\"skew\"\nmin");
    assert!(keeps(RISE, RISE) && keeps(&skew, &skew.replace("= 1", "= 2")));
    assert!(!keeps(&skew, RISE) && !keeps(RISE, &skew));
    for compare in ["version", "period", "change"] {
        for other in ["version", "period", "change"] {
            assert_eq!(keeps(&drift(compare), &drift(other)), compare == other, "{compare} {other}");
        }
    }
}

const MONTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// About the tenth days of the months of so many years from 2026 on; of the first month its first day, so that it is a whole one.
fn months(years: usize) -> Vec<i64> {
    let lengths = MONTHS.iter().cycle().take(12 * years);
    let tenths = lengths.scan(9, |day, length| Some(std::mem::replace(day, *day + length)));
    std::iter::once(0).chain(tenths.skip(1)).collect()
}

/// Complaints about 300 controls a month: of each year those of every month.
fn by_year(years: &[u64]) -> Monitor {
    years_after(monitor(RISE), years)
}

fn years_after(mut monitor: Monitor, years: &[u64]) -> Monitor {
    for (index, day) in months(years.len()).into_iter().enumerate() {
        let counts = json!({ "controlled": 300, "complaints": years[index / 12] });
        assert_eq!(send(&mut monitor, &tally(day * 24 * 60, format!("m{index}"), "a", counts)), Handled::Accepted);
    }
    monitor
}

/// ln E of each later year by itself, and what it alarms at: the j-th has 6 / (pi j)^2 of the level.
fn of_years(years: &[u64]) -> Vec<(f64, f64)> {
    let of_year = |(year, complaints): (u32, &u64)| {
        // Everyone, a and b: three series.
        let log_level = log_level_of_part(level(3), year);
        let judging = Judging { variation: 0.15, cap: CAP, log_level };
        let mut series = ShareSeries::new(1.0);
        (0..12).for_each(|_| series.take(*complaints, years[0], 300.0, 300.0, &judging));
        (series.detector().log_e(), series.detector().alarm_at(log_level))
    };
    (1..).zip(&years[1..]).map(of_year).collect()
}

/// All years are compared with the same reference, so their evidence must not be multiplied: each has a part of the level.
#[test]
fn evidence_of_years_is_not_multiplied() {
    let rising = |complaints: u64| vec![20, complaints, complaints, complaints];
    // So many that the years together would alarm, and none of them does.
    let would_alarm = |years: &Vec<u64>| {
        let said = of_years(years);
        said.iter().map(|(log_e, _)| log_e).sum::<f64>() > said[0].1 + 0.5 && said.iter().all(|(log_e, at)| log_e < at)
    };
    let years = (21..40).map(rising).find(would_alarm).expect("some number of complaints is between the two");
    let last_day = months(years.len()).last().unwrap() + 31;
    let document = document(by_year(&years), last_day * 24 * 60);
    let found = finding(&document, "rise", "all", None);
    let said = of_years(&years);
    // Of the last year and the one before it the one that says more; they say the same, and the last one is shown.
    let (log_e, alarm_at) = said[2];
    assert!(close(&found["evidence"]["log_e"], log_e) && close(&found["evidence"]["alarm_at"], alarm_at), "{found}");
    assert_eq!((&found["evidence"]["alarmed"], &found["verdict"]), (&json!(false), &json!("within")), "{found}");
    assert_eq!(found["group_counts"], json!({ "events": years[3] * 12, "exposed": 3_600 }));
    assert_eq!(found["reference_counts"], json!({ "events": 240, "exposed": 3_600 }));
    assert!(document["alerts"].as_array().unwrap().is_empty());
}

#[test]
fn a_rise_warns_and_a_season_does_not() {
    let last_day = |years: usize| months(years).last().unwrap() + 31;
    let risen = document(by_year(&[20, 45]), last_day(2) * 24 * 60);
    for group in ["all", "a"] {
        let found = finding(&risen, "rise", group, None);
        assert_eq!((&found["verdict"], &found["reason"]), (&json!("warning"), &json!("complaints_rise")), "{found}");
    }
    assert_eq!(finding(&risen, "rise", "b", None)["verdict"], "insufficient_data");
    // Only the first year: nothing to compare with.
    let first = document(by_year(&[20]), last_day(1) * 24 * 60);
    let found = finding(&first, "rise", "all", None);
    assert_eq!((&found["verdict"], &found["ratio"]), (&json!("insufficient_data"), &Value::Null), "{found}");
    // Summers have four times as many.
    let mut seasonal = monitor(RISE);
    for (index, day) in months(3).into_iter().enumerate() {
        let complaints = if (5..8).contains(&(index % 12)) { 80 } else { 20 };
        let counts = json!({ "controlled": 300, "complaints": complaints });
        send(&mut seasonal, &tally(day * 24 * 60, format!("m{index}"), "a", counts));
    }
    let found = document(seasonal, last_day(3) * 24 * 60);
    assert_eq!(finding(&found, "rise", "all", None)["verdict"], "within");
    // What rose goes on firing no longer than it is beyond the threshold.
    let back = document(by_year(&[20, 45, 20]), last_day(3) * 24 * 60);
    assert_eq!(finding(&back, "rise", "all", None)["verdict"], "within");
    let alerts = back["alerts"].as_array().unwrap();
    assert!(!alerts.is_empty() && alerts.iter().all(|alert| alert["state"] == "resolved"), "{alerts:?}");
}

/// A complaint about what was before the first control is no sign of use: months without controls are no reference.
#[test]
fn the_reference_of_a_rise_begins_with_the_first_month_that_has_controls() {
    let mut monitor = monitor(RISE);
    let stray = json!({ "profile": "p", "groups": { "origin": "a" } });
    let sent = Sent { minute: -150 * 24 * 60, id: "stray".to_owned(), kind: "complaint", data: stray };
    assert_eq!(send(&mut monitor, &sent), Handled::Accepted);
    let last_day = months(2).last().unwrap() + 31;
    let document = document(years_after(monitor, &[20, 45]), last_day * 24 * 60);
    for group in ["all", "a"] {
        let found = finding(&document, "rise", group, None);
        assert_eq!((&found["verdict"], &found["reason"]), (&json!("warning"), &json!("complaints_rise")), "{found}");
        assert_eq!(found["reference_counts"], json!({ "events": 240, "exposed": 3_600 }), "{found}");
    }
}

/// The exposure is 9 days, and the window 60.
#[test]
fn a_window_longer_than_the_exposure_is_divided_by_the_controls_of_all_its_days() {
    let mut monitor = monitor(SKEW);
    skewed(&mut monitor, 0..60, [2, 14]);
    let document = document(monitor, 59 * 24 * 60 + 700);
    let found = finding(&document, "skew", "a", None);
    let counted = |of: &str| found["group_counts"][of].as_u64().unwrap();
    assert!(counted("events") > 100, "{found}");
    assert_eq!(counted("exposed"), 5 * counted("events"), "{found}");
}

/// With an exposure of a day, a block of many days is divided by the controls of all of them.
#[test]
fn a_block_longer_than_the_exposure_is_divided_by_the_controls_of_all_its_days() {
    let log_e = |exposure: &str| {
        let mut monitor = monitor(&SKEW.replace("9d", exposure));
        // Two complaints of seven make no block before the fourth day; controls of the last day are those of b alone.
        for day in 0..40 {
            let controls = if day % 3 == 2 { [1, 70] } else { [10, 70] };
            for ((group, controls), complaints) in ["a", "b"].into_iter().zip(controls).zip([0, 2]) {
                let counts = json!({ "controlled": controls, "complaints": complaints });
                let sent = tally(day * 24 * 60 + 700, format!("{group}{day}"), group, counts);
                assert_eq!(send(&mut monitor, &sent), Handled::Accepted);
            }
        }
        let document = document(monitor, 40 * 24 * 60);
        finding(&document, "skew", "b", None)["evidence"]["log_e"].as_f64().unwrap()
    };
    // A block has three days, six complaints.
    assert!((log_e("1d") - log_e("3d")).abs() < 1e-9, "{} {}", log_e("1d"), log_e("3d"));
}

/// Until the new one is enough to judge by, the period before it is shown.
#[test]
fn a_period_that_has_just_begun_does_not_hide_the_one_before() {
    let rules = RISE.replace("min_events = 1", "min_events = 60");
    for (year, verdict) in [(20, "within"), (45, "warning")] {
        for months_of_third in [1, 6] {
            let mut monitor = monitor(&rules);
            let days = months(3);
            for (index, day) in days.iter().take(24 + months_of_third).enumerate() {
                let complaints = if index < 12 { 20 } else { year };
                let counts = json!({ "controlled": 300, "complaints": complaints });
                let sent = tally(day * 24 * 60, format!("m{index}"), "a", counts);
                assert_eq!(send(&mut monitor, &sent), Handled::Accepted);
            }
            let found = document(monitor, (days[23 + months_of_third] + 31) * 24 * 60);
            let found = finding(&found, "rise", "all", None);
            let months = if months_of_third == 1 { 12 } else { 6 };
            assert_eq!(
                (&found["verdict"], &found["group_counts"]["exposed"]),
                (&json!(verdict), &json!(300 * months)),
                "{found}"
            );
        }
    }
}

/// A window of which only a part is counted says nothing of the whole.
#[test]
fn a_rule_that_is_new_is_incomplete_until_its_window_is_whole() {
    let other = "[[rules]]\nname = \"r\"\nindicator = \"complaint_rate\"\nwarning = 1.1\ncritical = 1.2\n";
    for (last, verdict) in [(20, "incomplete"), (69, "incomplete"), (80, "critical")] {
        let mut monitor = monitor(other);
        skewed(&mut monitor, 0..10, [8, 3]);
        support(&mut monitor, 9 * 24 * 60 + 700);
        monitor.change_plan(plan(&format!("{other}{SKEW}"))).unwrap();
        skewed(&mut monitor, 10..15, [8, 3]);
        monitor = restarted(&monitor, &format!("{other}{SKEW}"));
        skewed(&mut monitor, 15..last, [8, 3]);
        // Four days later the stream ends.
        let document = document(monitor, (last - 4) * 24 * 60 + 720);
        assert_eq!(finding(&document, "skew", "a", None)["verdict"], verdict, "{last}");
    }
    // A ground that is new is counted since then; all complaints were counted before.
    let rules = SKEW.replace("grounds = [\"Race\"]\n", "");
    let mut monitor = monitor(&rules);
    skewed(&mut monitor, 0..10, [8, 3]);
    monitor.change_plan(plan(SKEW)).unwrap();
    skewed(&mut monitor, 10..20, [8, 3]);
    let document = document(monitor, 20 * 24 * 60);
    let verdict = |subject| finding(&document, "skew", "a", subject)["verdict"].clone();
    assert_ne!(verdict(None), "incomplete");
    assert_eq!(verdict(Some("ground=Race")), "incomplete");
}

/// Nobody kept what came before the rule.
#[test]
fn a_rule_that_is_new_begins_with_the_first_whole_day_after() {
    let mut monitor = monitor(RISE);
    let daily = |monitor: &mut Monitor, days: std::ops::Range<i64>| {
        for day in days {
            let counts = json!({ "controlled": 50, "complaints": 6 });
            send(monitor, &tally(day * 24 * 60 + 700, format!("t{day}"), "a", counts));
        }
    };
    daily(&mut monitor, 0..10);
    support(&mut monitor, 9 * 24 * 60 + 700);
    monitor.change_plan(plan(&format!("{RISE}{SKEW}"))).unwrap();
    daily(&mut monitor, 10..20);
    let document = document(monitor, 20 * 24 * 60);
    // A block of six a day, from the eleventh day on: its events came after the rule.
    assert_eq!(finding(&document, "skew", "a", None)["evidence"]["blocks"], 10);
}

/// A plan with a rule of each measure beside its own.
fn watched(plan: &Plan) -> Plan {
    let mut watched = Plan { counts_everyone: true, ..plan.clone() };
    for measure in ComplaintMeasure::ALL {
        let terms = Complaints {
            measure,
            grounds: if measure == ComplaintMeasure::Skew { vec!["race".to_owned()] } else { Vec::new() },
            warning: 1.25,
            critical: (measure != ComplaintMeasure::Rise).then_some(2.0),
            exposure_window: Span::DAY.times(3),
            block_complaints: 3,
            block_variation: 0.4,
            reference_days: 30,
        };
        let rule = Rule { name: measure.name().to_owned(), kind: RuleKind::Complaints(terms), ..plan.rules[0].clone() };
        watched.rules.push(rule);
    }
    watched
}

/// With revisions, late events, probabilities, conflicts, restarts and rules that come and go; batches of any size.
#[test]
fn a_stream_of_any_events_gives_the_same_in_batches_and_one_by_one() {
    let mut blocks = 0;
    for seed in 1..=u64::from(attempts(2)) {
        let plans: Vec<Plan> = plans().iter().flat_map(|plan| [watched(plan), plan.clone()]).collect();
        let mut source = Source::new(seed + 70_000, usize::try_from(seed % 4).unwrap());
        let mut random = Random::new(seed);
        let now = EventTime(1_790_000_000_000);
        let mut pair = Pair::new(&plans[0], CLOCK, now);
        for round in 0..6 {
            let mut sizes = random.clone();
            pair.feed(&source.take(250), now, &mut || sizes.batch_size());
            random.next();
            if round % 2 == 1 {
                pair.restart(now);
            }
        }
        pair.both(|monitor| monitor.finish());
        pair.compare();
        let document: Value = serde_json::from_str(&pair.single.published().to_json()).unwrap();
        let findings =
            document["findings"].as_array().unwrap().iter().filter(|finding| finding["kind"] == "complaints");
        blocks += findings.filter_map(|finding| finding["evidence"]["blocks"].as_u64()).max().unwrap_or(0);
        for _ in 0..2 {
            pair.change_plan(&plans[random.below(plans.len())]);
            pair.feed(&source.take(100), now, &mut || 40);
        }
        pair.compare();
    }
    assert!(blocks > 2, "{blocks}");
}
