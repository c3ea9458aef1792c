//! A profile's worth within strata: it is compared with the random channel office by office, so an office that finds more is no merit of the profile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

/// 2026-03-01T00:00:00Z
const START: EventTime = EventTime(1_772_323_200_000);
const KEY: PseudonymKey = PseudonymKey([3; 16]);
const HOURS: i64 = 20 * 24;

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["30d"]
cohort_max_age = "2d"
allowed_lateness = "1h"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[[rules]]
name = "crude"
kind = "suitability"
dimensions = ["origin"]
[[rules]]
name = "within"
kind = "suitability"
dimensions = ["origin"]
stratify_by = "office"
"#;

fn plan() -> Plan {
    Settings::parse(CONFIG, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

/// Each hour ten controls of the profile and ten at random in the north, where a tenth are hits, and 25 and five in the south, where 40 % are. The
/// profile's hit rate is `ratio` times that of the random channel in each. Of `unknown` in a hundred cases the office is not known.
struct Stream {
    monitor: Monitor,
    events: i64,
    random: u64,
    ratio: f64,
    unknown: f64,
}

impl Stream {
    fn new(ratio: f64, unknown: f64) -> Self {
        let mut monitor = Monitor::new(plan(), KEY, Clock::Event { as_of: None });
        monitor.add_partition(PartitionIndex(0), START);
        Self { monitor, events: 0, random: 1, ratio, unknown }
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let drawn = (self.random >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < probability
    }

    fn send(&mut self, kind: &str, hour: i64, data: &Value) {
        self.events += 1;
        let time = jiff::Timestamp::from_millisecond(START.plus(Span::HOUR.times(hour)).0).unwrap().to_string();
        let event = json!({ "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/t",
            "id": format!("e{}", self.events), "time": time, "data": data })
        .to_string();
        let record = RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None };
        assert_eq!(self.monitor.handle_record(PartitionIndex(0), &record, EventTime(0)), Handled::Accepted);
    }

    fn hours(&mut self, hours: std::ops::Range<i64>) {
        for hour in hours {
            for (office, base, own, random) in [("north", 0.1, 10, 10), ("south", 0.4, 25, 5)] {
                for (channel, cases, rate) in [("profile", own, base * self.ratio), ("random", random, base)] {
                    (0..cases).for_each(|_| self.case(hour, (office, channel), rate));
                }
            }
        }
    }

    fn case(&mut self, hour: i64, (office, channel): (&str, &str), rate: f64) {
        let case = format!("c{}", self.events);
        let group = if self.chance(0.5) { "a" } else { "b" };
        let strata = if self.chance(self.unknown) { json!({}) } else { json!({ "office": office }) };
        let outcome = if self.chance(rate) { "violation" } else { "no_violation" };
        let selection = json!({ "case_id": case, "profile": "p", "channel": channel, "selected": true,
            "groups": { "origin": group }, "strata": strata });
        self.send("selection", hour, &selection);
        self.send("control", hour, &json!({ "case_id": case, "outcome": outcome }));
    }

    fn restart(&mut self) {
        let snapshot = self.monitor.snapshot();
        let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
        let clock = Clock::Event { as_of: None };
        self.monitor = Monitor::restore(plan(), KEY, clock, |index| sections.get(index).cloned()).unwrap();
    }

    /// The findings of both rules about all cases, and all of them.
    fn found(mut self) -> ([Value; 2], Vec<Value>) {
        self.monitor.finish();
        let document: Value = serde_json::from_str(&self.monitor.published().to_json()).unwrap();
        let findings = document["findings"].as_array().unwrap().clone();
        let of = |rule: &str| {
            let is_it = |found: &&Value| found["rule"] == *rule && found["group"].is_null();
            findings.iter().find(is_it).unwrap().clone()
        };
        (["crude", "within"].map(of), findings)
    }
}

fn value(found: &Value) -> f64 {
    found["value"].as_f64().unwrap_or_else(|| panic!("{found}"))
}

/// The profile controls where there is much to find, and finds no more there than chance does.
#[test]
fn an_advantage_between_offices_is_none_within_them() {
    let mut stream = Stream::new(1.0, 0.0);
    stream.hours(0..HOURS);
    let ([crude, within], _) = stream.found();
    assert_eq!((&crude["verdict"], &crude["reason"]), (&json!("within"), &json!("shown")), "{crude:#}");
    assert!(value(&crude["ratio"]) > 1.4 && crude["stratified"].is_null(), "{crude:#}");
    assert_ne!(within["reason"], json!("shown"), "{within:#}");
    assert_eq!(within["ratio"], crude["ratio"], "the crude ratio stands beside it");
    assert!((0.9..1.1).contains(&value(&within["stratified"]["ratio"])), "{within:#}");
    assert_eq!(within["stratified"]["by"], json!("office"));
    // 100 blocks are enough to show 1.25, had it been there.
    assert_eq!(within["reason"], json!("not_shown"), "{within:#}");
}

#[test]
fn an_advantage_within_offices_is_shown_and_a_disadvantage_found() {
    for (ratio, verdict, reason) in [(1.6, "within", "shown"), (0.6, "critical", "not_suitable")] {
        let mut stream = Stream::new(ratio, 0.0);
        stream.hours(0..HOURS);
        let ([_, within], findings) = stream.found();
        assert_eq!((&within["verdict"], &within["reason"]), (&json!(verdict), &json!(reason)), "{within:#}");
        assert!((value(&within["stratified"]["ratio"]) / ratio - 1.0).abs() < 0.1, "{within:#}");
        let of_group = |found: &&Value| found["rule"] == "within" && found["group"] == "a";
        let group = findings.iter().find(of_group).unwrap();
        assert!((value(&group["stratified"]["ratio"]) / ratio - 1.0).abs() < 0.15, "{group:#}");
    }
}

/// Also in the middle of a block, whose strata are part of the state.
#[test]
fn a_restart_changes_nothing_of_it() {
    let found = |restart_at: &[i64]| {
        let mut stream = Stream::new(1.2, 0.0);
        for hour in 0..10 * 24 {
            stream.hours(hour..hour + 1);
            if restart_at.contains(&hour) {
                stream.restart();
            }
        }
        stream.found().1
    };
    assert_eq!(found(&[100, 101, 102, 103, 171]), found(&[]));
}

#[test]
fn cases_of_unknown_offices_are_missing() {
    let mut stream = Stream::new(1.6, 0.2);
    stream.hours(0..HOURS);
    let ([crude, within], _) = stream.found();
    assert_eq!(crude["verdict"], json!("within"), "{crude:#}");
    assert_eq!((&within["verdict"], &within["reason"]), (&json!("incomplete"), &json!("shown")), "{within:#}");
    let missing = &within["missing"]["group"];
    assert!(missing["by_cause"]["no_stratum"].as_u64().unwrap() > 1_000, "{missing}");
}
