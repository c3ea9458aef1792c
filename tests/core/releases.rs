//! Releases: published numbers change on ticks of event time, by enough or not at all, and outlive a restart.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

const CONFIG: &str = r#"
[report]
periods = []
[privacy]
min_cell = 10
[profiles.p]
owner = "o"
[profiles.q]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b", "c"]
[window]
rolling = ["24h"]
allowed_lateness = "1h"
[[rules]]
name = "selection"
profiles = ["p"]
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "interval"
"#;
const KEY: PseudonymKey = PseudonymKey([7; 16]);
const START: EventTime = EventTime(1_767_225_600_000);

fn plan() -> Plan {
    Settings::parse(CONFIG, "releases.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

/// A monitor, and how many events it has had.
struct Feed {
    monitor: Monitor,
    events: u64,
}

impl Feed {
    fn new() -> Self {
        let mut monitor = Monitor::new(plan(), KEY, Clock::Wall);
        monitor.add_partition(PartitionIndex(0), START);
        Self { monitor, events: 0 }
    }

    /// Cases of a group at a minute, so many of them selected.
    fn tally(&mut self, minute: i64, group: &str, counts: [u64; 2]) {
        self.tally_of("p", minute, group, counts);
    }

    fn tally_of(&mut self, profile: &str, minute: i64, group: &str, [assessed, selected]: [u64; 2]) {
        let time = jiff::Timestamp::from_millisecond(START.0 + Span::MINUTE.times(minute).0).unwrap();
        self.events += 1;
        let event = json!({
            "specversion": "1.0", "type": "paritywatch.tally.v1", "source": "/t", "id": self.events.to_string(), "time": time.to_string(),
            "data": { "profile": profile, "groups": { "origin": group }, "counts": { "assessed": assessed, "selected": selected } },
        });
        let payload = serde_json::to_vec(&event).unwrap();
        let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
        let now = START.plus(Span::MINUTE.times(minute));
        assert_eq!(self.monitor.handle_record(PartitionIndex(0), &record, now), Handled::Accepted);
    }

    fn document(&mut self, minute: i64) -> Value {
        // So many events in a row support a time, whatever came before.
        (0..100).for_each(|_| self.tally_of("q", minute, "a", [1, 0]));
        self.monitor.handle_tick(START.plus(Span::MINUTE.times(minute)));
        serde_json::from_str(&self.monitor.published().to_json()).unwrap()
    }

    fn restarted(self) -> Self {
        let snapshot = self.monitor.snapshot();
        let section = |index: usize| (index < SECTIONS).then(|| snapshot.section(index).unwrap());
        Self { monitor: Monitor::restore(plan(), KEY, Clock::Wall, section).unwrap(), ..self }
    }
}

/// Of each group the selected, in the finding and in the funnel.
fn selected(document: &Value) -> Vec<[Option<u64>; 2]> {
    let findings = document["findings"].as_array().unwrap().iter().zip(document["funnel"].as_array().unwrap());
    findings
        .map(|(finding, row)| [finding["group_counts"]["events"].as_u64(), row["stages"]["selected"].as_u64()])
        .collect()
}

fn filled() -> Feed {
    let mut feed = Feed::new();
    for (group, counts) in [("a", [10_000, 2_000]), ("b", [3_000, 603]), ("c", [900, 7])] {
        feed.tally(1, group, counts);
    }
    feed
}

#[test]
fn numbers_change_on_ticks_and_by_enough() {
    let mut feed = filled();
    let first = feed.document(2);
    assert_eq!(selected(&first), [[Some(2_000); 2], [Some(605); 2], [None; 2]], "{first}");
    feed.tally(10, "b", [100, 50]);
    assert_eq!(selected(&feed.document(11)), selected(&first), "within the hour");
    feed.tally(61, "b", [10, 5]);
    let second = feed.document(62);
    assert_eq!(selected(&second)[1], [Some(660); 2], "{second}");
    assert_ne!(second["released_at"], first["released_at"]);
    // Nine more are too few, two more make them enough.
    feed.tally(121, "b", [10, 9]);
    assert_eq!(selected(&feed.document(122))[1], [Some(660); 2]);
    feed.tally(181, "b", [10, 2]);
    assert_eq!(selected(&feed.document(182))[1], [Some(670); 2]);
}

#[test]
fn what_was_withheld_is_shown_from_twice_as_many_on() {
    let mut feed = filled();
    assert_eq!(selected(&feed.document(2))[2], [None; 2]);
    feed.tally(61, "c", [20, 12]);
    let document = feed.document(62);
    assert_eq!(selected(&document)[2], [None; 2], "19 of them");
    assert_eq!(document["findings"][2]["verdict"], "within", "it is by 19, which are enough");
    feed.tally(121, "c", [60, 41]);
    assert_eq!(selected(&feed.document(122))[2], [Some(60); 2]);
}

#[test]
fn a_verdict_is_told_at_once() {
    let mut feed = filled();
    assert_eq!(feed.document(2)["findings"][1]["verdict"], "within");
    feed.tally(10, "b", [3_000, 3_000]);
    let document = feed.document(11);
    assert_eq!(document["findings"][1]["verdict"], "critical", "{document}");
    assert_eq!(selected(&document)[1], [Some(605); 2]);
}

#[test]
fn what_was_told_outlives_a_restart() {
    let mut feed = filled();
    let first = feed.document(2);
    feed.tally(10, "b", [100, 50]);
    let mut feed = feed.restarted();
    let again = feed.document(11);
    assert_eq!(selected(&again), selected(&first));
    assert_eq!(again["findings"][1]["ratio"], first["findings"][1]["ratio"]);
    // Nor does the next release see that there was one.
    feed.tally(61, "a", [30, 5]);
    let mut other = feed.restarted();
    assert_eq!(selected(&other.document(62))[0], [Some(2_000); 2]);
}
