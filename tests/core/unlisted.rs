//! Groups on no list: each is counted by name, and shown wherever results are, but never where few cases have it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use crate::support;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::page;
use support::process::http_get;

const START: EventTime = EventTime(1_767_225_600_000);
const KEY: PseudonymKey = PseudonymKey([1; 16]);
/// Time begins with the first event: no others need support it.
const CLOCK: Clock = Clock::Event { as_of: None };

fn plan(min_cell: u64, history: &str) -> Plan {
    let text = format!(
        r#"
[privacy]
min_cell = {min_cell}
round_to = 1
reason = "test"
[profiles.p]
owner = "o"
[profiles.q]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b", "café"]
[dimensions.gender]
ground = "sex"
groups = ["f", "m", "other"]
[window]
rolling = ["24h"]
{history}
[[rules]]
name = "selection"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "interval"
"#
    );
    Settings::parse(&text, "unlisted.toml", std::iter::empty()).unwrap().plan
}

struct Feed {
    monitor: Monitor,
    now: EventTime,
    number: u64,
}

impl Feed {
    fn new(min_cell: u64) -> Self {
        Self::of(plan(min_cell, ""))
    }

    fn of(plan: Plan) -> Self {
        Self { monitor: Monitor::new(plan, KEY, CLOCK), now: START, number: 0 }
    }

    fn send(&mut self, kind: &str, data: &Value) {
        self.number += 1;
        let event = json!({
            "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/s",
            "id": self.number.to_string(), "time": jiff::Timestamp::from_millisecond(self.now.0).unwrap().to_string(),
            "data": data,
        });
        let payload = event.to_string();
        let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: Some(self.now) };
        assert_eq!(self.monitor.handle_record(PartitionIndex(0), &record, self.now), Handled::Accepted, "{event}");
    }

    fn tally(&mut self, groups: &Value, assessed: u64) {
        let data =
            json!({ "profile": "p", "groups": groups, "counts": { "assessed": assessed, "selected": assessed / 10 } });
        self.send("tally", &data);
    }

    fn select(&mut self, case: &str, profile: &str, groups: &Value) {
        let data = json!({ "case_id": case, "profile": profile, "selected": false, "groups": groups });
        self.send("selection", &data);
    }

    fn evaluate(&mut self) -> Value {
        self.now = self.now.plus(Span::SECOND);
        self.monitor.handle_tick(self.now);
        serde_json::from_str(&self.monitor.published().to_json()).unwrap()
    }
}

/// Dimension and value, with its cases, as the document has them.
fn named(document: &Value) -> BTreeMap<(String, String), u64> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let values = document["unlisted"].as_array().unwrap().iter();
    values.map(|of| ((text(&of["dimension"]), text(&of["value"])), of["cases"].as_u64().unwrap())).collect()
}

#[test]
fn every_output_names_them() {
    let mut feed = Feed::new(10);
    feed.tally(&json!({ "origin": "a" }), 500);
    feed.tally(&json!({ "origin": "b" }), 500);
    feed.tally(&json!({ "origin": "newcomer" }), 300);
    feed.tally(&json!({ "origin": "CAFE", "gender": "M" }), 40);
    feed.tally(&json!({ "origin": "rare person" }), 9);
    feed.tally(&json!({ "origin": "\u{1b}[2J\u{202e}<script>" }), 12);
    feed.tally(&json!({ "Origin": "a", "postcode": "1234" }), 20);
    let document = feed.evaluate();
    assert_eq!(
        document["unlisted"],
        json!([
            { "dimension": "gender", "value": "M", "resembles": "m", "cases": 40 },
            { "dimension": "origin", "value": "newcomer", "resembles": null, "cases": 300 },
            { "dimension": "origin", "value": "CAFE", "resembles": "café", "cases": 40 },
            { "dimension": "origin", "value": "\u{fffd}[2J<script>", "resembles": null, "cases": 12 },
        ])
    );
    assert_eq!(document["unlisted_others"], json!([{ "dimension": "origin", "cases": null }]));
    assert_eq!(document["unlisted_dimensions"], json!([{ "written": "Origin", "dimension": "origin" }]));
    let finding = document["findings"].as_array().unwrap().iter().find(|finding| finding["group"] == "a").unwrap();
    assert_eq!(finding["verdict"], "incomplete", "a verdict stands where the numbers of others are small: {finding}");

    let table = feed.monitor.published().to_table(200, false);
    for line in [
        "UNLISTED origin=\"newcomer\": 300 cases",
        "UNLISTED origin=\"CAFE\", which resembles \"café\": see aliases: 40 cases",
        "UNLISTED origin: some cases of values that are not named",
        "UNLISTED dimension \"Origin\", which resembles \"origin\": it is not read",
    ] {
        assert!(table.lines().any(|found| found == line), "{line}\n{table}");
    }
    assert!(!table.contains('\u{1b}'), "{table}");

    let served = page::serve(&feed.monitor, |_| {});
    for (language, words) in [
        ("en", ["Resembles", "values that are not named", "resembles “origin”"]),
        ("nl", ["Lijkt op", "waarden die niet genoemd worden", "op “origin” lijkt"]),
    ] {
        let text = http_get(&format!("{}/?lang={language}", served.url)).unwrap().text();
        let section = text.split("id=\"unlisted\"").nth(1).unwrap().split("</section>").next().unwrap();
        for word in words.into_iter().chain(["newcomer", "CAFE", "café", "&lt;script&gt;"]) {
            assert!(section.contains(word), "{language}, {word}: {section}");
        }
        assert!(!text.contains("rare person") && !section.contains("<script>"), "{section}");
    }
    assert!(!document.to_string().contains("rare person") && !table.contains("rare person"));
}

#[test]
fn where_all_is_listed_nothing_is_said() {
    let mut feed = Feed::new(0);
    feed.tally(&json!({ "origin": " a ", "gender": "f" }), 500);
    feed.tally(&json!({ "origin": "unknown", "gender": "n/a" }), 500);
    feed.tally(&json!({ "postcode": "1234" }), 500);
    let document = feed.evaluate();
    for field in ["unlisted", "unlisted_others", "unlisted_dimensions"] {
        assert_eq!(document[field], json!([]), "{field}");
    }
    assert!(!feed.monitor.published().to_table(200, false).contains("UNLISTED"));
    let served = page::serve(&feed.monitor, |_| {});
    assert!(!http_get(&format!("{}/", served.url)).unwrap().text().contains("id=\"unlisted\""));
}

/// They are part of the group `other`, and are missing from nothing.
#[test]
fn values_that_join_the_group_other_are_named() {
    let mut feed = Feed::new(10);
    feed.tally(&json!({ "origin": "a", "gender": "f" }), 500);
    feed.tally(&json!({ "origin": "a", "gender": " x  y" }), 300);
    feed.tally(&json!({ "origin": "a", "gender": "other" }), 40);
    for case in 0..12 {
        feed.select(
            &format!("c{case}"),
            "p",
            &json!({ "origin": "a", "gender": if case < 4 { "rare person" } else { "z" } }),
        );
    }
    let document = feed.evaluate();
    let of = |value: &str, cases: u64| (("gender".to_owned(), value.to_owned()), cases);
    assert_eq!(named(&document), BTreeMap::from([of("x y", 300)]));
    assert_eq!(document["unlisted_others"], json!([{ "dimension": "gender", "cases": 12 }]));
    let findings = document["findings"].as_array().unwrap();
    let other = findings.iter().find(|finding| finding["group"] == "other" && finding["profile"] == "p").unwrap();
    assert_eq!((&other["group_counts"]["exposed"], &other["missing"]["group"]["cases"]), (&Value::Null, &json!(0)));
}

#[test]
fn whoever_sends_many_values_gets_few_names_and_one_sum() {
    let mut feed = Feed::new(2);
    for number in 0..500_u64 {
        feed.tally(&json!({ "origin": format!("value {number}") }), 2 + number % 3);
    }
    let document = feed.evaluate();
    let names = named(&document);
    assert_eq!(names.len(), 20);
    let all = (0..500_u64).map(|number| 2 + number % 3).sum::<u64>();
    let others = document["unlisted_others"][0]["cases"].as_u64().unwrap();
    assert_eq!(names.values().sum::<u64>() + others, all);
    // Of those that came first, the most frequent.
    assert!(
        names
            .iter()
            .all(|((_, value), cases)| *cases >= 3 && value.trim_start_matches("value ").parse::<u64>().unwrap() < 32),
        "{names:?}"
    );
}

#[test]
fn a_case_that_turns_out_to_be_listed_is_unlisted_no_longer() {
    let mut feed = Feed::new(0);
    for case in ["1", "2", "3"] {
        feed.select(case, "p", &json!({ "origin": "A" }));
    }
    let document = feed.evaluate();
    assert_eq!(document["unlisted"][0]["cases"], 3);
    let id = 1;
    let corrected = json!({ "case_id": "1", "profile": "p", "selected": false, "groups": { "origin": "a" }, "revises": id.to_string() });
    feed.send("selection", &corrected);
    let document = feed.evaluate();
    assert_eq!(document["unlisted"][0]["cases"], 2, "{document}");
}

#[test]
fn counts_outlive_a_restart_and_end_with_the_history() {
    let mut feed = Feed::of(plan(0, "history = \"30d\""));
    feed.tally(&json!({ "origin": "newcomer", "Gender": "f" }), 30);
    feed.select("1", "q", &json!({ "origin": "newcomer" }));
    let before = feed.evaluate();
    assert_eq!(named(&before)[&("origin".to_owned(), "newcomer".to_owned())], 31);
    let snapshot = feed.monitor.snapshot();
    let plan = plan(0, "history = \"30d\"");
    feed.monitor = Monitor::restore(plan, KEY, CLOCK, |index| snapshot.section(index).ok()).unwrap();
    let after = feed.evaluate();
    for field in ["unlisted", "unlisted_others", "unlisted_dimensions"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    feed.now = START.plus(Span::DAY.times(20));
    feed.tally(&json!({ "origin": "newcomer" }), 7);
    let document = feed.evaluate();
    assert_eq!(named(&document)[&("origin".to_owned(), "newcomer".to_owned())], 38);
    feed.now = START.plus(Span::DAY.times(40));
    feed.tally(&json!({ "origin": "a" }), 7);
    let document = feed.evaluate();
    assert_eq!(named(&document)[&("origin".to_owned(), "newcomer".to_owned())], 7);
}

/// The values that the streams below write, and the form in which names are compared.
const WRITTEN: [(&str, &str); 9] = [
    ("a", ""),
    ("A", "A"),
    (" A ", "A"),
    ("ä", "ä"),
    ("a\u{308}", "ä"),
    ("newcomer", "newcomer"),
    ("new  comer", "new comer"),
    ("n/a", ""),
    ("zeldzaam", "zeldzaam"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn counts_are_those_of_a_list_of_cases(
        events in prop::collection::vec((0..WRITTEN.len(), 0..2_u8, 1..6_u64, prop::bool::ANY), 1..60),
        min_cell in 0..12_u64,
    ) {
        let mut feed = Feed::new(min_cell);
        let mut cases: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (number, (written, profile, count, is_tally)) in events.into_iter().enumerate() {
            let (written, form) = WRITTEN[written];
            let count = if is_tally {
                feed.tally(&json!({ "origin": written }), count);
                count
            } else {
                feed.select(&number.to_string(), ["p", "q"][usize::from(profile)], &json!({ "origin": written }));
                1
            };
            if !form.is_empty() {
                *cases.entry(("origin".to_owned(), form.to_owned())).or_default() += count;
            }
        }
        let document = feed.evaluate();
        let all = cases.values().sum::<u64>();
        cases.retain(|_, cases| *cases >= min_cell);
        prop_assert_eq!(&named(&document), &cases);
        let others = all - cases.values().sum::<u64>();
        let expected = match others {
            0 => json!([]),
            few if few < min_cell => json!([{ "dimension": "origin", "cases": null }]),
            many => json!([{ "dimension": "origin", "cases": many }]),
        };
        prop_assert_eq!(&document["unlisted_others"], &expected);
        // What is not named is nowhere.
        let shown = format!("{document}{}", feed.monitor.published().to_table(200, false));
        for (_, form) in WRITTEN.iter().filter(|(_, form)| form.len() > 2) {
            let may = cases.contains_key(&("origin".to_owned(), (*form).to_owned()));
            prop_assert_eq!(shown.contains(&format!("\"{form}\"")), may, "{}", form);
        }
    }
    /// What can be computed from a side of a finding's missing cases is no count that is withheld.
    #[test]
    fn no_small_count_follows_from_missing_cases(
        counts in prop::collection::vec((0..5_usize, 1..40_u64), 1..12),
        min_cell in 2..15_u64,
    ) {
        let mut feed = Feed::new(min_cell);
        for (group, count) in counts {
            let groups =
                [json!({ "origin": "a" }), json!({ "origin": "b" }), json!({}), json!({ "origin": "z" }), json!({ "origin": "A" })];
            feed.tally(&groups[group], count);
        }
        let document = feed.evaluate();
        for finding in document["findings"].as_array().unwrap() {
            for (side, counts) in [("group", "group_counts"), ("reference", "reference_counts")] {
                let missing = &finding["missing"][side];
                if let (Some(cases), Some(share)) = (missing["cases"].as_f64(), missing["share"].as_f64())
                    && cases > 0.0
                {
                    prop_assert!(finding[counts].is_object(), "{} of {}: {}", side, cases / share - cases, finding);
                }
            }
        }
        let health = feed.monitor.health();
        let exported = health.unlisted.iter().chain(&health.unlisted_ever).flat_map(|(_, cases)| cases);
        for cases in exported.chain(health.released.iter().map(|(_, cases)| cases)) {
            prop_assert!(*cases == 0 || *cases >= min_cell, "{}", cases);
        }
    }
}

#[test]
fn the_count_since_the_start_does_not_age() {
    let mut feed = Feed::of(plan(0, "history = \"30d\""));
    feed.tally(&json!({ "origin": "newcomer" }), 30);
    feed.select("1", "p", &json!({ "origin": "A" }));
    feed.now = START.plus(Span::DAY.times(40));
    feed.tally(&json!({ "origin": "newcomer" }), 7);
    feed.evaluate();
    let health = feed.monitor.health();
    let of = |counts: &[(String, [u64; 2])]| counts.iter().find(|(name, _)| name == "origin").unwrap().1;
    assert_eq!((of(&health.unlisted), of(&health.unlisted_ever)), ([7, 0], [37, 1]));
}
