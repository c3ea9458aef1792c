//! What evidence misses because it came late: in the cells that changed alone, and of the indicators that read it alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

const START: EventTime = EventTime(1_767_225_600_000);
const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[dimensions.gender]
ground = "sex"
groups = ["f", "m"]
[window]
rolling = ["90d"]
allowed_lateness = "1h"
cohort_max_age = "20d"
[alerting]
block_exposed = 100
[[rules]]
name = "selection"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
[[rules]]
name = "hits"
indicator = "hit_rate"
warning = 0.8
critical = 0.6
[[rules]]
name = "alike"
indicator = "selection_rate"
dimensions = ["origin"]
stratify_by = "income"
warning = 1.1
critical = 1.25
"#;

struct Stream {
    monitor: Monitor,
    sent: u32,
}

impl Stream {
    /// A hundred cases of each group in the first ten hours, of which every fifth is picked and controlled an hour later.
    fn new(case: impl Fn(u32, &mut Value)) -> Self {
        let plan = Settings::parse(CONFIG, "late.toml", std::iter::empty()).unwrap().plan;
        let mut monitor = Monitor::new(plan, PseudonymKey([1; 16]), Clock::Event { as_of: None });
        monitor.expect_disorder();
        monitor.add_partition(PartitionIndex(0), EventTime(0));
        let mut stream = Self { monitor, sent: 0 };
        for number in 0..200 {
            let origin = if number % 2 == 0 { "a" } else { "b" };
            let gender = if number % 4 < 2 { "f" } else { "m" };
            let mut data = json!({
                "case_id": format!("c{number}"), "profile": "p", "selected": number % 10 < 2,
                "groups": { "origin": origin, "gender": gender }, "strata": { "income": "low" },
            });
            case(number, &mut data);
            stream.send("selection", number / 20, &data);
            if number % 10 < 2 {
                let data = json!({ "case_id": format!("c{number}"), "outcome": "violation" });
                stream.send("control", number / 20, &data);
            }
        }
        stream
    }

    fn send(&mut self, kind: &str, hours: u32, data: &Value) {
        self.sent += 1;
        let time = START.plus(Span::HOUR.times(hours.into())).plus(Span::SECOND.times((self.sent % 3_000).into()));
        let time = jiff::Timestamp::from_millisecond(time.0).unwrap().to_string();
        let event = json!({
            "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/t", "id": self.sent.to_string(),
            "time": time, "data": data,
        });
        let payload = event.to_string();
        let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
        assert_eq!(self.monitor.handle_record(PartitionIndex(0), &record, EventTime(0)), Handled::Accepted, "{event}");
    }

    /// Moves time by so many days, by cases of which nothing is missing.
    fn pass(&mut self, days: u32) {
        for number in 0..40 {
            let group = if number % 2 == 0 { ("a", "f") } else { ("b", "m") };
            let data = json!({
                "case_id": format!("later{days}-{number}"), "profile": "p", "selected": false,
                "groups": { "origin": group.0, "gender": group.1 }, "strata": { "income": "low" },
            });
            self.send("selection", days * 24, &data);
        }
    }

    /// The late cases of both sides of the finding about the first group.
    fn late(&mut self, rule: &str, dimension: &str) -> u64 {
        self.missing(rule, dimension, "late")
    }

    fn missing(&mut self, rule: &str, dimension: &str, cause: &str) -> u64 {
        self.monitor.finish();
        let document: Value = serde_json::from_str(&self.monitor.published().to_json()).unwrap();
        let findings = document["findings"].as_array().unwrap();
        let is_asked = |finding: &&Value| finding["rule"] == rule && finding["dimension"] == dimension;
        let finding = findings.iter().find(is_asked).unwrap();
        ["group", "reference"]
            .iter()
            .map(|side| finding["missing"][side]["by_cause"][cause].as_u64().unwrap_or(0))
            .sum()
    }
}

#[test]
fn what_changes_one_dimension_is_missing_from_that_one_alone() {
    let mut stream = Stream::new(|number, data| {
        if number % 5 == 0 {
            data["groups"].as_object_mut().unwrap().remove("gender");
        }
    });
    stream.pass(2);
    // Behind by more than is allowed.
    for number in (0..200).step_by(5) {
        stream.send("attributes", 20, &json!({ "case_id": format!("c{number}"), "groups": { "gender": "f" } }));
    }
    assert_eq!((stream.late("selection", "gender"), stream.late("selection", "origin")), (40, 0));
}

#[test]
fn what_an_indicator_does_not_read_is_not_missing_from_it() {
    let mut stream = Stream::new(|_, _| ());
    stream.pass(2);
    for number in (2..200).step_by(10) {
        // Not picked, and controlled late: it says nothing of those picked by the profile.
        stream.send("control", 20, &json!({ "case_id": format!("c{number}"), "channel": "signal" }));
    }
    assert_eq!((stream.late("selection", "origin"), stream.late("hits", "origin")), (0, 0));
    for number in (0..200).step_by(10) {
        let outcome = json!({ "case_id": format!("c{number}"), "outcome": "no_violation", "control_id": "second" });
        stream.send("control", 21, &outcome);
    }
    stream.pass(3);
    assert_eq!(stream.late("selection", "origin"), 0);
}

#[test]
fn cases_that_were_not_picked_are_late_for_no_rate_of_the_picked() {
    // The groups of those not picked come a day later, when the cohorts of selections are over.
    let mut stream = Stream::new(|number, data| {
        if number % 10 == 5 {
            data["groups"] = json!({});
        }
    });
    stream.pass(1);
    for number in (5..200).step_by(10) {
        let groups = json!({ "case_id": format!("c{number}"), "groups": { "origin": "b", "gender": "f" } });
        stream.send("attributes", 25, &groups);
    }
    stream.pass(30);
    assert_eq!((stream.late("selection", "origin"), stream.late("hits", "origin")), (20, 0));
}

#[test]
fn cases_without_a_stratum_are_missing_where_like_is_compared_with_like() {
    let without = |value: Option<&'static str>| {
        Stream::new(move |number, data| {
            if number % 4 == 0 {
                data["strata"] = value.map_or_else(|| json!({}), |value| json!({ "income": value }));
            }
        })
    };
    for value in [None, Some("nan"), Some("Onbekend"), Some(" ")] {
        let mut stream = without(value);
        stream.pass(2);
        assert_eq!(stream.missing("alike", "origin", "no_stratum"), 50, "{value:?}");
        assert_eq!(stream.missing("selection", "origin", "no_stratum"), 0, "{value:?}");
    }
    let mut stream = without(Some("none"));
    stream.pass(2);
    assert_eq!(stream.missing("alike", "origin", "no_stratum"), 0, "it may be the name of the lowest risk");
    // What comes late is known to the window, and not to evidence.
    let mut stream = without(None);
    stream.pass(2);
    for number in (0..200).step_by(4) {
        stream.send("attributes", 20, &json!({ "case_id": format!("c{number}"), "strata": { "income": "low" } }));
    }
    assert_eq!((stream.missing("alike", "origin", "no_stratum"), stream.late("alike", "origin")), (0, 50));
    assert_eq!(stream.late("selection", "origin"), 0);
}
