//! Rule kind `drift`: which blocks of its baseline a new version is compared with, what that gives, and that nothing else notices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::statistics::{Judging, Pair, PairBlock, PairSeries, TwoSample, log_level_of_part};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z
const START: EventTime = EventTime(1_767_225_600_000);
const KEY: PseudonymKey = PseudonymKey([4; 16]);
const CLOCK: Clock = Clock::Event { as_of: None };
/// The exposed that complete a block.
const TARGET: u64 = 100;
const DRIFT: &str =
    "[[rules]]\nname = \"drift\"\nkind = \"drift\"\nindicator = \"selection_rate\"\nwithin = \"400d\"\n";
const DISPARITY: &str =
    "[[rules]]\nname = \"selection\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";

fn config(rules: &str) -> String {
    format!(
        "[privacy]\nmin_cell = 0\nreason = \"test\"\n[window]\nrolling = [\"30d\"]\ncohort_max_age = \"2d\"\nallowed_lateness = \"10m\"\n\
         [alerting]\nblock_exposed = {TARGET}\nblock_concluded = {TARGET}\n[profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\n\
         groups = [\"a\", \"b\"]\n{rules}"
    )
}

fn plan(rules: &str) -> Plan {
    Settings::parse(&config(rules), "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

/// Events and exposed of groups a and b.
type Sides = [[u64; 2]; 2];

/// What a version counts in one hour.
#[derive(Clone, Debug)]
struct Use {
    hour: i64,
    version: Option<String>,
    sides: Sides,
}

fn used(hour: i64, version: &str, sides: Sides) -> Use {
    Use { hour, version: Some(version.to_owned()), sides }
}

fn selections([events, exposed]: [u64; 2]) -> Value {
    json!({ "assessed": exposed, "selected": events })
}

fn hits([events, exposed]: [u64; 2]) -> Value {
    json!({ "assessed": exposed, "selected": exposed, "controlled": exposed, "concluded": exposed, "hits": events })
}

fn send(monitor: &mut Monitor, sent: &mut u64, hour: i64, data: &Value) {
    *sent += 1;
    let time = START.plus(Span::HOUR.times(hour)).plus(Span::MINUTE);
    let event = json!({
        "specversion": "1.0", "type": "paritywatch.tally.v1", "source": "/test", "id": format!("e{sent}"),
        "time": jiff::Timestamp::from_millisecond(time.0).unwrap().to_string(), "data": data,
    });
    let payload = serde_json::to_vec(&event).unwrap();
    let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
    assert_eq!(monitor.handle_record(PartitionIndex(0), &record, START), Handled::Accepted, "{event}");
}

fn send_all(monitor: &mut Monitor, sent: &mut u64, uses: &[Use], counts: fn([u64; 2]) -> Value) {
    for Use { hour, version, sides } in uses {
        let strata = version.as_ref().map_or_else(|| json!({}), |version| json!({ "profile_version": version }));
        for (group, side) in ["a", "b"].into_iter().zip(*sides) {
            let data =
                json!({ "profile": "p", "groups": { "origin": group }, "strata": strata, "counts": counts(side) });
            send(monitor, sent, *hour, &data);
        }
    }
}

/// Ends the stream so late that every block is over.
fn finished(mut monitor: Monitor, sent: &mut u64, after: i64) -> Monitor {
    send(&mut monitor, sent, after, &json!({ "profile": "p", "groups": { "origin": "a" }, "counts": {} }));
    monitor.finish();
    monitor
}

fn end_of(uses: &[Use]) -> i64 {
    uses.last().unwrap().hour + 72
}

fn run(rules: &str, uses: &[Use], counts: fn([u64; 2]) -> Value) -> Monitor {
    let (mut monitor, mut sent) = (Monitor::new(plan(rules), KEY, CLOCK), 0);
    send_all(&mut monitor, &mut sent, uses, counts);
    finished(monitor, &mut sent, end_of(uses))
}

fn document(monitor: &Monitor) -> Value {
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

fn finding(monitor: &Monitor, version: &str, group: &str) -> Value {
    let document = document(monitor);
    let mut findings = document["findings"].as_array().unwrap().iter();
    let is_it = |finding: &&Value| finding["subject"] == version && finding["group"] == group;
    findings.find(is_it).unwrap_or_else(|| panic!("no finding of {version} and {group}")).clone()
}

/// For each new version: how many blocks were compared, and the sides of both versions.
type Compared = BTreeMap<String, (u64, Sides, Sides)>;

/// What the rule says, in so many words: every block is kept for ever, with the hour at which it was closed.
#[derive(Default)]
struct Oracle {
    names: Vec<String>,
    exposed: Vec<(i64, usize, u64)>,
    open: BTreeMap<usize, (i64, Sides)>,
    closed: Vec<(i64, usize, Sides)>,
    baseline: Vec<usize>,
    live: BTreeSet<usize>,
    waiting: BTreeMap<usize, (i64, Sides)>,
    /// New version, and the place of the block among those closed.
    taken: BTreeSet<(usize, usize)>,
    compared: Compared,
    ended_waiting: usize,
    ended_oldest: usize,
    most_kept_reached: bool,
}

fn plus(one: Sides, other: Sides) -> Sides {
    let add = |group: usize, field: usize| one[group][field] + other[group][field];
    [[add(0, 0), add(0, 1)], [add(1, 0), add(1, 1)]]
}

fn exposed(sides: Sides) -> u64 {
    sides[0][1] + sides[1][1]
}

impl Oracle {
    fn of(uses: &[Use]) -> Self {
        let mut oracle = Self::default();
        let mut hours: BTreeMap<i64, BTreeMap<&str, Sides>> = BTreeMap::new();
        for Use { hour, version, sides } in uses {
            let Some(version) = version else { continue };
            let sum = hours.entry(*hour).or_default().entry(version).or_default();
            *sum = plus(*sum, *sides);
        }
        for (hour, versions) in hours {
            oracle.pass(hour);
            oracle.cohort(hour, &versions);
        }
        oracle.pass(end_of(uses));
        oracle
    }

    /// Hour by hour: what began a day ago is over.
    fn pass(&mut self, to: i64) {
        let from = self.open.values().map(|(start, _)| *start + 24).min().unwrap_or(to);
        for at in from..=to {
            let due = self.open.iter().filter(|(_, (start, _))| *start + 24 == at).map(|(version, _)| *version);
            let due: Vec<usize> = due.collect();
            self.close(&due, at);
        }
    }

    fn cohort(&mut self, hour: i64, versions: &BTreeMap<&str, Sides>) {
        for name in versions.keys() {
            if !self.names.iter().any(|known| known == name) {
                self.begin(name, hour);
            }
        }
        let mut full = Vec::new();
        for (name, sides) in versions {
            let version = self.names.iter().position(|known| known == name).unwrap();
            self.exposed.push((hour, version, exposed(*sides)));
            let open = self.open.entry(version).or_insert((hour, Sides::default()));
            open.1 = plus(open.1, *sides);
            if exposed(open.1) >= TARGET {
                full.push(version);
            }
        }
        full.sort_unstable();
        self.close(&full, hour + 1);
    }

    fn begin(&mut self, name: &str, hour: i64) {
        let new = self.names.len();
        let of = |version: usize| -> u64 {
            let days = (hour - 90 * 24).div_euclid(24) * 24..hour;
            let before = self.exposed.iter().filter(|(at, of, _)| *of == version && days.contains(at));
            before.map(|(_, _, exposed)| exposed).sum()
        };
        let most = (0..new).map(of).max().unwrap_or_default();
        self.baseline.push((0..new).find(|version| of(*version) == most).unwrap_or_default());
        self.names.push(name.to_owned());
        if new > 0 {
            if self.live.len() == 8 {
                self.live.pop_first();
                self.ended_oldest += 1;
            }
            self.live.insert(new);
            self.compared.insert(name.to_owned(), Default::default());
        }
    }

    fn close(&mut self, versions: &[usize], at: i64) {
        for version in versions {
            let (_, sides) = self.open.remove(version).unwrap();
            self.closed.push((at, *version, sides));
        }
        for version in versions.iter().filter(|version| **version > 0) {
            let newest = self.closed.iter().rfind(|(_, of, _)| of == version).unwrap().2;
            self.compare(*version, newest, at);
        }
    }

    fn compare(&mut self, version: usize, block: Sides, at: i64) {
        if !self.live.contains(&version) {
            return;
        }
        let (since, before) = self.waiting.remove(&version).unwrap_or((at, Sides::default()));
        let new = plus(before, block);
        let of_baseline: Vec<usize> =
            (0..self.closed.len()).rev().filter(|block| self.closed[*block].1 == self.baseline[version]).collect();
        let last = of_baseline.first().map_or(0, |block| self.closed[*block].0);
        self.most_kept_reached |= of_baseline.get(200).is_some_and(|block| self.closed[*block].0 > last - 28 * 24);
        let kept = of_baseline.into_iter().take(200).filter(|block| self.closed[*block].0 > last - 28 * 24);
        let unused: Vec<usize> = kept.filter(|block| !self.taken.contains(&(version, *block))).collect();
        let mut old = Sides::default();
        for (number, block) in unused.iter().enumerate() {
            if number == 4 || (number > 0 && exposed(old) >= exposed(new)) {
                break;
            }
            old = plus(old, self.closed[*block].2);
            self.taken.insert((version, *block));
        }
        if !unused.is_empty() {
            let sums = self.compared.get_mut(&self.names[version]).unwrap();
            *sums = (sums.0 + 1, plus(sums.1, new), plus(sums.2, old));
        } else if at - since >= 28 * 24 {
            self.live.remove(&version);
            self.ended_waiting += 1;
        } else {
            self.waiting.insert(version, (since, new));
        }
    }
}

/// Numbers that look random, the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn sides(&mut self, most: u64) -> Sides {
        let [a, b] = [1 + self.below(most), 1 + self.below(4 * most)];
        [[self.below(a + 1), a], [self.below(b + 1), b]]
    }
}

/// Versions that come and go for 150 days: a busy one that is replaced at once, one that goes on long after it, and many that live together.
fn random_stream(seed: u64) -> Vec<Use> {
    let mut numbers = Numbers(seed);
    // Name, first and last hour, one in how many hours, exposed.
    let mut lives = vec![("v0".to_owned(), 0, 12 * 24, 1, 60), ("v1".to_owned(), 12 * 24, 70 * 24, 3, 60)];
    for index in 2_u64..14 {
        let first = 20 * 24 + i64::try_from(numbers.below(100 * 24)).unwrap();
        let last = first + i64::try_from(numbers.below(60 * 24)).unwrap();
        lives.push((format!("v{index}"), first, last, 1 + numbers.below(60), 1 + numbers.below(60)));
    }
    let mut uses = Vec::new();
    for hour in 0..150 * 24 {
        for (name, first, last, every, most) in &lives {
            if (*first..=*last).contains(&hour) && numbers.below(*every) == 0 {
                uses.push(used(hour, name, numbers.sides(*most)));
            }
        }
    }
    uses
}

/// Fails where the product compares other blocks than the oracle.
fn check(what: &str, uses: &[Use]) -> Oracle {
    let (monitor, oracle) = (run(DRIFT, uses, selections), Oracle::of(uses));
    for (version, (blocks, new, old)) in &oracle.compared {
        for (place, group) in ["a", "b"].into_iter().enumerate() {
            let finding = finding(&monitor, version, group);
            let side = |[events, exposed]: [u64; 2]| json!({ "exposed": exposed, "events": events });
            assert_eq!(finding["evidence"]["blocks"], json!(blocks), "{what}: {version} {group}");
            assert_eq!(finding["group_counts"], side(new[place]), "{what}: {version} {group}, new");
            let expected = if old[place][1] > 0 { side(old[place]) } else { Value::Null };
            assert_eq!(finding["reference_counts"], expected, "{what}: {version} {group}, old");
        }
    }
    oracle
}

#[test]
fn a_new_block_takes_the_blocks_of_its_baseline_that_the_rule_says() {
    let (mut ended_waiting, mut ended_oldest, mut most_kept_reached, mut several) = (0, 0, false, 0);
    for seed in 0..4 {
        let oracle = check(&format!("seed {seed}"), &random_stream(seed));
        ended_waiting += oracle.ended_waiting;
        ended_oldest += oracle.ended_oldest;
        most_kept_reached |= oracle.most_kept_reached;
        several += oracle.baseline.iter().collect::<BTreeSet<_>>().len();
    }
    assert!(ended_waiting > 0 && ended_oldest > 0 && most_kept_reached && several > 8, "the streams reach every limit");
}

/// A stream of so many days, of which a version has one hour each in which it is used.
fn daily(days: i64, of: impl Fn(i64) -> Vec<(String, Sides)>) -> Vec<Use> {
    let at = |day: i64| of(day).into_iter().map(move |(version, sides)| used(24 * day, &version, sides));
    (0..days).flat_map(at).collect()
}

#[test]
fn every_limit_is_met_to_the_block() {
    let few = |day: i64| [[1 + u64::try_from(day % 3).unwrap(), 7], [2, 8]];
    let many = [[9, 100], [5, 200]];
    // Small blocks of the baseline: four of them are not as many as one of the new version.
    let at = |day: i64| if day < 20 { vec![("old".to_owned(), few(day))] } else { vec![("new".to_owned(), many)] };
    let four = check("four at most", &daily(25, at));
    assert_eq!(four.compared["new"].0, 5);
    // The baseline comes back before the wait of 28 days is over, and long after it.
    for (back, blocks) in [(25, true), (45, false)] {
        let at = |day: i64| match day {
            0..3 => vec![("old".to_owned(), many)],
            _ if day >= 6 + back => vec![("new".to_owned(), many), ("old".to_owned(), few(day))],
            _ => vec![("new".to_owned(), many)],
        };
        let back = check("back again", &daily(60, at));
        assert_eq!(back.compared["new"].0 > 3, blocks);
    }
    // Ten new versions at once.
    let begun = |day: i64| (1..=10).filter(move |version| *version <= day);
    let at = |day: i64| {
        let new = begun(day).map(|version| (format!("v{version:02}"), few(day + version)));
        new.chain([("v00".to_owned(), many)]).collect()
    };
    assert_eq!(check("ten at once", &daily(25, at)).ended_oldest, 2);
    // Two that were used equally.
    let at = |day: i64| match day {
        0..5 => vec![("x".to_owned(), many), ("y".to_owned(), [[90, 100], [5, 200]])],
        _ => vec![("z".to_owned(), many)],
    };
    assert_eq!(check("as many", &daily(8, at)).baseline, [0, 0, 0]);
}

/// As many hours of the third new version as are an alarm for a first one, and not yet for a third.
#[test]
fn a_later_version_needs_more_evidence_to_alarm() {
    let (old, new) = ([[10, 100], [40, 400]], [[20, 100], [40, 400]]);
    let pair = |sides: Sides| Pair {
        events: sides[0][0],
        exposed: sides[0][1],
        reference_events: sides[1][0],
        reference_exposed: sides[1][1],
    };
    let alarmed_after = |part: u32| {
        let mut series = PairSeries::new(1.0);
        (1..200).find(|_| {
            series.take(&PairBlock { new: pair(new), old: pair(old) }, &judging(part, 2.0));
            series.detector().alarmed()
        })
    };
    let (first, third) = (alarmed_after(1).unwrap(), alarmed_after(3).unwrap());
    assert!(first < third);
    for (blocks, alarmed) in [(first, false), (third - 1, false), (third, true)] {
        let at = |hour: i64| match hour {
            0..60 => ("v0", old),
            60 => ("v1", old),
            61 => ("v2", old),
            _ => ("v3", new),
        };
        let uses: Vec<Use> = (0..62 + blocks).map(|hour| used(hour, at(hour).0, at(hour).1)).collect();
        let finding = finding(&run(DRIFT, &uses, selections), "v3", "a");
        assert_eq!(finding["evidence"]["alarmed"], json!(alarmed), "{blocks} blocks: {finding}");
    }
}

#[test]
fn an_interrupted_run_goes_on_as_if_nothing_had_happened() {
    let rules = format!("{DRIFT}{DRIFT}").replacen("\"drift\"\nkind", "\"hits\"\nkind", 1).replacen(
        "\"selection_rate\"",
        "\"hit_rate\"",
        1,
    );
    let uses = random_stream(9);
    let uninterrupted = run(&rules, &uses, hits);
    let (mut monitor, mut sent) = (Monitor::new(plan(&rules), KEY, CLOCK), 0);
    for part in uses.chunks(uses.len() / 5 + 1) {
        send_all(&mut monitor, &mut sent, part, hits);
        let snapshot = monitor.snapshot();
        let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
        monitor = Monitor::restore(plan(&rules), KEY, CLOCK, |index| sections.get(index).cloned()).unwrap();
    }
    let interrupted = finished(monitor, &mut sent, end_of(&uses));
    assert!(document(&interrupted)["findings"].as_array().unwrap().len() > 20);
    assert_eq!(document(&interrupted)["findings"], document(&uninterrupted)["findings"]);
    let (found, expected) = (interrupted.snapshot(), uninterrupted.snapshot());
    assert_eq!(found.section(0), expected.section(0));
}

/// Values of strata are numbered as they come; within an hour that may be in any order.
#[test]
fn the_order_of_arrival_leaves_no_trace() {
    let uses: Vec<Use> = (0..60)
        .flat_map(|hour| {
            let more = 5 + u64::try_from(hour % 3).unwrap();
            let both = |name: &str, more| used(hour, name, [[more, 100], [20, 400]]);
            [both("new", 2 * more), both("also-new", more), both("old", more)]
        })
        .skip(4)
        .collect();
    let backwards = uses.chunk_by(|one, other| one.hour == other.hour).flat_map(|hour| hour.iter().rev().cloned());
    let backwards: Vec<Use> = backwards.collect();
    let [forwards, backwards] = [uses, backwards].map(|uses| document(&run(DRIFT, &uses, selections)));
    assert_eq!(forwards["findings"], backwards["findings"]);
    assert_eq!(forwards["findings"].as_array().unwrap().len(), 4);
}

/// A weekly release would otherwise wipe the evidence, and the hypothesis is about the profile as it is used.
#[test]
fn evidence_of_a_disparity_does_not_notice_versions() {
    let rules = format!("{DISPARITY}{DRIFT}");
    let versioned: Vec<Use> = (0..200)
        .map(|hour| used(hour, ["v1", "v2", "v3", "v4"][usize::try_from(hour / 50).unwrap()], [[14, 100], [30, 400]]))
        .collect();
    let plain: Vec<Use> = versioned.iter().map(|used| Use { version: None, ..used.clone() }).collect();
    let of_disparity = |uses: &[Use]| {
        let document = document(&run(&rules, uses, selections));
        let findings = document["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["rule"] == "selection").cloned().collect::<Vec<_>>()
    };
    let (with, without) = (of_disparity(&versioned), of_disparity(&plain));
    assert_eq!(
        (with.len(), &with[0]["evidence"]["alarmed"], &with[0]["evidence"]["blocks"]),
        (2, &json!(true), &json!(200))
    );
    assert_eq!(with, without);
}

fn close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "expected {expected}, found {found}");
}

fn judging(part: u32, series: f64) -> Judging {
    Judging { variation: 0.3, cap: 5.0, log_level: log_level_of_part((series / 0.05).ln(), part) }
}

/// Blocks of 500 a, hour by hour: the newest of the new version with the newest of the old.
#[test]
fn the_evidence_is_that_of_the_blocks_compared() {
    let sides = |hour: u64, more: u64| [[5 + hour % 4 + more, 100], [21 + hour % 3, 400]];
    let old: Vec<Sides> = (0..60).map(|hour| sides(hour, 0)).collect();
    let new: Vec<Sides> = (60..120).map(|hour| sides(hour, 6)).collect();
    let hours = (0..).zip(old.iter().map(|sides| ("v1", sides)).chain(new.iter().map(|sides| ("v2", sides))));
    let uses: Vec<Use> = hours.map(|(hour, (version, sides))| used(hour, version, *sides)).collect();
    let monitor = run(DRIFT, &uses, selections);
    let pair = |sides: &Sides, group: usize| {
        let ([own, other], rest) = (sides, sides[1 - group]);
        let own = if group == 0 { own } else { other };
        Pair { events: own[0], exposed: own[1], reference_events: rest[0], reference_exposed: rest[1] }
    };
    for (group, name) in ["a", "b"].into_iter().enumerate() {
        let mut series = PairSeries::new(1.0);
        for (new, old) in new.iter().zip(old.iter().rev()) {
            series.take(&PairBlock { new: pair(new, group), old: pair(old, group) }, &judging(1, 2.0));
        }
        let finding = finding(&monitor, "v2", name);
        close(&finding["evidence"]["log_e"], series.detector().log_e());
        close(&finding["evidence"]["alarm_at"], series.detector().alarm_at(judging(1, 2.0).log_level));
        assert_eq!(finding["evidence"]["alarmed"], json!(name == "a"), "{finding}");
    }
    let worse = finding(&monitor, "v2", "a");
    let sum = |blocks: &[Sides], group: usize, field: usize| -> f64 {
        let sum: u64 = blocks.iter().map(|sides| sides[group][field]).sum();
        f64::from(u32::try_from(sum).unwrap())
    };
    let rate = |blocks: &[Sides], group| sum(blocks, group, 0) / sum(blocks, group, 1);
    let ratio = rate(&new, 0) / rate(&new, 1) / (rate(&old, 0) / rate(&old, 1));
    let cell = |blocks: &[Sides], group| 1.0 / sum(blocks, group, 0) - 1.0 / sum(blocks, group, 1);
    let variance = cell(&new, 0) + cell(&new, 1) + cell(&old, 0) + cell(&old, 1);
    close(&worse["ratio"]["value"], ratio);
    close(&worse["ratio"]["lower"], ratio * (-1.959_963_984_540_054_2 * variance.sqrt()).exp());
    assert_eq!((&worse["verdict"], &worse["reason"]), (&json!("critical"), &json!("version_is_worse")));
}

/// Each further version has a smaller part of the level.
#[test]
fn the_versions_share_the_level_of_the_series() {
    let uses: Vec<Use> = (0..40).map(|hour| used(hour, &format!("v{}", hour / 10), [[10, 100], [40, 400]])).collect();
    let monitor = run(DRIFT, &uses, selections);
    for (version, part) in [("v1", 1), ("v2", 2), ("v3", 3)] {
        // The first epoch has its part, too.
        let expected = log_level_of_part(judging(part, 2.0).log_level, 1);
        close(&finding(&monitor, version, "a")["evidence"]["alarm_at"], expected);
    }
}

/// Within the group: its hit rate fell, that of the other did not.
#[test]
fn a_hit_rate_that_falls_is_worse() {
    let rules = DRIFT.replace("selection_rate", "hit_rate");
    let at = |hour: i64| if hour < 40 { ("v1", 24) } else { ("v2", 12) };
    let uses: Vec<Use> =
        (0..80).map(|hour| used(hour, at(hour).0, [[at(hour).1, 60], [24 - 4 * u64::from(hour < 40), 60]])).collect();
    let monitor = run(&rules, &uses, hits);
    let worse = finding(&monitor, "v2", "a");
    assert_eq!((&worse["verdict"], &worse["reason"]), (&json!("critical"), &json!("version_is_worse")));
    close(&worse["ratio"]["value"], 0.5);
    let mut series = TwoSample::new(1.0);
    for _ in 0..40 {
        let fell = Pair { events: 24, exposed: 60, reference_events: 12, reference_exposed: 60 };
        series.take(fell, &judging(1, 2.0));
    }
    close(&worse["evidence"]["log_e"], series.detector().log_e());
    let better = finding(&monitor, "v2", "b");
    assert_eq!(better["evidence"]["alarmed"], json!(false), "{better}");
    close(&better["ratio"]["value"], 1.2);
}

#[test]
fn a_cell_without_an_event_has_no_ratio_and_may_still_be_worse() {
    let at = |hour: i64| if hour < 40 { ("v1", 0) } else { ("v2", 12) };
    let uses: Vec<Use> = (0..80).map(|hour| used(hour, at(hour).0, [[at(hour).1, 100], [40, 400]])).collect();
    let worse = finding(&run(DRIFT, &uses, selections), "v2", "a");
    assert_eq!((&worse["ratio"], &worse["verdict"]), (&Value::Null, &json!("critical")), "{worse}");
}

fn problems(rules: &str) -> String {
    Settings::parse(&config(rules), "c.toml", std::iter::empty()).expect_err("expected problems").to_string()
}

#[test]
fn keys_that_mean_nothing_are_refused() {
    let change = |of: &str| format!("[[rules]]\nname = \"c\"\nkind = \"drift\"\ncompare = \"change\"\n{of}");
    let point = DISPARITY.replace("warning", "evidence = \"point\"\nwarning");
    let population = config(DRIFT).replace("[profiles.p]", "[profiles.p]\nexposure = \"population\"");
    for (found, expected) in [
        (problems(&change("")), "rules[0].of: expected a string, found nothing"),
        (problems(&change("of = \"selectoin\"\n")), "rules[0].of: expected the name of a rule"),
        (problems(&format!("{}{DISPARITY}", change("of = \"selectoin\"\n"))), "did you mean \"selection\"?"),
        (
            problems(&format!("{}{point}", change("of = \"selection\"\n"))),
            "with sequential evidence, found \"selection\"",
        ),
        (problems(&format!("{DRIFT}{}", change("of = \"drift\"\n"))), "with sequential evidence, found \"drift\""),
        (problems(&format!("{DISPARITY}{}warning = 1.2\n", change("of = \"selection\"\n"))), "rules[1].warning"),
        (problems(&format!("{DRIFT}compare = \"period\"\n")), "rules[0].indicator: expected a key of [[rules]]"),
        (problems(&format!("{DRIFT}of = \"drift\"\n")), "rules[0].of: expected a key of [[rules]]"),
        (problems(&format!("{DRIFT}warning = 1.3\n")), "rules[0].critical: expected a number of at least 1.3"),
        (
            problems(&DRIFT.replace("selection_rate", "follow_through")),
            "rules[0].indicator: expected \"selection_rate\"",
        ),
        (
            Settings::parse(&population, "c.toml", std::iter::empty()).expect_err("population").to_string(),
            "rules[0].indicator: expected \"hit_rate\" with a profile of exposure \"population\"",
        ),
    ] {
        assert!(found.contains(expected), "expected {expected:?} in:\n{found}");
    }
}

#[test]
fn what_is_printed_means_the_same() {
    let rules = format!(
        "[[rules]]\nname = \"c\"\nkind = \"drift\"\ncompare = \"change\"\nof = \"selection\"\n{DISPARITY}{DRIFT}"
    );
    let settings = Settings::parse(&config(&rules), "c.toml", std::iter::empty()).unwrap();
    let again = Settings::parse(&settings.redacted_toml(), "printed.toml", std::iter::empty()).unwrap();
    assert_eq!(again.plan, settings.plan);
}

/// The limit of other strata is reached within weeks by profiles with a new version each.
#[test]
fn a_version_is_compared_however_many_came_before_it() {
    let sides = |picked: u64| [[picked, 100], [50, 900]];
    let mut uses: Vec<Use> =
        (0..70).map(|version| used(version, &format!("v{version:02}"), [[0, 1], [0, 1]])).collect();
    uses.extend((72..96).map(|hour| used(hour, "usual", sides(6))));
    uses.extend((96..168).map(|hour| used(hour, "last", sides(18))));
    let found = finding(&run(DRIFT, &uses, selections), "last", "a");
    assert_eq!(found["verdict"], "critical", "{found}");
}
