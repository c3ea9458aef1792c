//! Criteria on no list show themselves: each of them, with its values, however many others a case has; and however a listed one is written.

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

fn plan(criteria: &str, min_cell: u64) -> Plan {
    plan_with(criteria, min_cell, "")
}

/// With more keys of the rule.
fn plan_with(criteria: &str, min_cell: u64, keys: &str) -> Plan {
    let privacy = if min_cell == 0 { "min_cell = 0\nreason = \"test\"" } else { "" };
    let text = format!(
        "[privacy]\n{privacy}\n[window]\nrolling = [\"30d\"]\nallowed_lateness = \"10m\"\n[alerting]\nblock_exposed = 200\n\
         [profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n[criteria]\n{criteria}\n\
         [[rules]]\nname = \"criteria\"\nkind = \"criterion\"\n{keys}"
    );
    Settings::parse(&text, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

struct Stream {
    monitor: Monitor,
    cases: i64,
    random: u64,
    /// Of the next cases.
    version: String,
    channel: &'static str,
}

impl Stream {
    fn new(plan: Plan) -> Self {
        let mut monitor = Monitor::new(plan, KEY, Clock::Event { as_of: None });
        monitor.add_partition(PartitionIndex(0), START);
        Self { monitor, cases: 0, random: 1, version: "v".to_owned(), channel: "profile" }
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let drawn = (self.random >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < probability
    }

    fn select(&mut self, group: &str, selected: bool, criteria: &Value) {
        self.cases += 1;
        let time = START.plus(Span::MINUTE.times(self.cases / 4));
        let time = jiff::Timestamp::from_millisecond(time.0).unwrap().to_string();
        let data = json!({ "case_id": format!("c{}", self.cases), "profile": "p", "profile_version": self.version, "selected": selected,
            "channel": self.channel, "criteria": criteria, "groups": { "origin": group } });
        let event = json!({ "specversion": "1.0", "type": "paritywatch.selection.v1", "source": "/t",
            "id": format!("e{}", self.cases), "time": time, "data": data })
        .to_string();
        let record = RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None };
        assert_eq!(self.monitor.handle_record(PartitionIndex(0), &record, EventTime(0)), Handled::Accepted);
    }

    /// A criterion that four in five of group a have and one in five of the others, by which cases are picked; `criteria` makes those of a case.
    fn proxies(&mut self, cases: usize, criteria: impl Fn(bool) -> Value) {
        for index in 0..cases {
            let group = if index % 3 == 0 { "a" } else { "b" };
            let has = self.chance(if group == "a" { 0.8 } else { 0.2 });
            let selected = self.chance(if has { 0.3 } else { 0.03 });
            self.select(group, selected, &criteria(has));
        }
    }

    fn restart(&mut self, plan: Plan) {
        let snapshot = self.monitor.snapshot();
        let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
        let clock = Clock::Event { as_of: None };
        self.monitor = Monitor::restore(plan, KEY, clock, |index| sections.get(index).cloned()).unwrap();
    }

    fn findings(&mut self) -> Vec<Value> {
        self.monitor.handle_tick(EventTime(0));
        let document: Value = serde_json::from_str(&self.monitor.published().to_json()).unwrap();
        document["findings"].as_array().unwrap().clone()
    }

    fn finding(&mut self, dimension: &Value, subject: &str) -> Value {
        let findings = self.findings();
        let is_it = |found: &&Value| found["dimension"] == *dimension && found["subject"] == json!(subject);
        findings.iter().find(is_it).unwrap_or_else(|| panic!("no {subject} in {findings:#?}")).clone()
    }

    fn association(&mut self, subject: &str) -> Value {
        self.finding(&json!("origin"), subject)
    }
}

fn value(name: &str, has: bool) -> Value {
    json!([{ "name": name, "value": if has { "low" } else { "high" } }])
}

#[test]
fn an_unlisted_criterion_that_every_case_has_shows_itself_by_its_values() {
    let mut unlisted = Stream::new(plan("banned = [\"x\"]", 0));
    let mut listed = Stream::new(plan("proxies = [\"income\"]", 0));
    for stream in [&mut unlisted, &mut listed] {
        stream.proxies(4_000, |has| value("income", has));
    }
    let (found, expected) = (unlisted.association("income"), listed.association("income"));
    assert_eq!(found["verdict"], json!("critical"), "{found:#}");
    assert_eq!(found["association"], expected["association"]);
    assert!(found["association"]["v"].as_f64().unwrap() > 0.4, "{found:#}");
    // The sign and the place say who has which value more often: of the two mirrored ones the first value by name.
    assert_eq!(found["association"]["difference_group"], json!("b"));
    assert_eq!(found["association"]["difference_value"], json!("high"));
    assert!(found["association"]["difference"].as_f64().unwrap() > 0.4);
    assert_eq!(found["verdict"], expected["verdict"]);
    assert_eq!(unlisted.finding(&Value::Null, "criteria:unlisted")["verdict"], json!("incomplete"));
}

#[test]
fn one_unlisted_criterion_hides_no_other() {
    let mut stream = Stream::new(plan("banned = [\"x\"]", 0));
    stream.proxies(4_000, |has| if has { json!(["aaa", "short"]) } else { json!(["aaa"]) });
    let found = stream.association("short");
    assert_eq!(found["verdict"], json!("critical"), "{found:#}");
    // A constant one says nothing.
    assert_eq!(stream.association("aaa")["association"], Value::Null);
    let subjects: Vec<Value> = stream.findings().iter().map(|found| found["subject"].clone()).collect();
    let place = |name: &str| subjects.iter().position(|subject| *subject == json!(name)).unwrap();
    assert!(place("short") < place("aaa"), "the strongest first: {subjects:?}");
}

#[test]
fn what_was_learned_survives_a_restart() {
    let plan = || plan("banned = [\"x\"]", 0);
    let (mut whole, mut stopped) = (Stream::new(plan()), Stream::new(plan()));
    for stream in [&mut whole, &mut stopped] {
        // A value that is written as the name is.
        stream.proxies(1_000, |has| json!([{ "name": "band", "value": if has { "band" } else { "high" } }]));
    }
    stopped.restart(plan());
    for stream in [&mut whole, &mut stopped] {
        stream.proxies(1_000, |has| json!([{ "name": "band", "value": if has { "band" } else { "low" } }, "other"]));
    }
    assert_eq!(whole.findings(), stopped.findings());
}

#[test]
fn beyond_the_limit_criteria_are_counted() {
    let mut stream = Stream::new(plan("banned = [\"x\"]", 0));
    for index in 0..16 {
        stream.select("a", true, &json!([format!("n{index}")]));
    }
    let unmeasured = |stream: &mut Stream| {
        stream.findings().iter().find(|found| found["subject"] == json!("criteria:unmeasured")).cloned()
    };
    assert_eq!(unmeasured(&mut stream), None);
    for _ in 0..3 {
        stream.select("b", true, &json!(["n17", "n1"]));
    }
    let found = unmeasured(&mut stream).unwrap();
    assert_eq!((&found["group_counts"]["events"], &found["verdict"]), (&json!(3), &json!("incomplete")));
    assert_eq!(stream.association("n1")["group_counts"]["events"], json!(4));
}

#[test]
fn a_name_leaves_from_as_many_cases_as_may_be_told() {
    let mut stream = Stream::new(plan("banned = [\"x\"]", 10));
    stream.proxies(2_000, |has| if has { json!(["short"]) } else { json!([]) });
    stream.select("a", true, &json!(["jansen"]));
    let document = serde_json::to_string(&stream.findings()).unwrap();
    assert!(document.contains("short") && !document.contains("jansen"), "{document}");
}

#[test]
fn a_listed_criterion_is_found_however_it_is_written() {
    for written in [
        "ethnicity",
        "Ethnicity",
        "ETHNICITY",
        " ethnicity ",
        "ethnic\u{200b}ity",
        "e\u{301}thnicity",
        "ethn\u{456}city",
        "ethnic_ity",
        "Ethnic-Ity",
    ] {
        let mut stream = Stream::new(plan("banned = [\"ethnicity \"]\naccepted = [\"age\"]", 0));
        stream.select("a", true, &json!([written]));
        let found = stream.finding(&Value::Null, "ethnicity");
        assert_eq!(found["verdict"], json!("critical"), "{written:?}: {found:#}");
        assert_eq!(found["versions"], json!([{ "version": "v", "cases": 1 }]), "{written:?}");
    }
    // What only resembles an accepted one was not judged.
    let mut stream = Stream::new(plan("banned = [\"ethnicity\"]\naccepted = [\"age\"]", 0));
    stream.select("a", true, &json!(["Age"]));
    assert_eq!(stream.finding(&Value::Null, "age")["group_counts"]["events"], json!(0));
    assert_eq!(stream.finding(&Value::Null, "criteria:unlisted")["verdict"], json!("incomplete"));
}

#[test]
fn of_many_versions_the_eight_that_were_seen_last_are_named() {
    const CASES_OF_AN_HOUR: i64 = 240;
    let mut stream = Stream::new(plan("banned = [\"x\"]", 0));
    for number in 0..8 {
        stream.version = format!("{number}");
        stream.select("a", true, &json!(["x"]));
        stream.cases += CASES_OF_AN_HOUR;
    }
    let named = |found: &Value| {
        let versions: Vec<String> = found["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|seen| seen["version"].as_str().unwrap().to_owned())
            .collect();
        (versions.join(" "), found["versions_left_out"].clone())
    };
    assert_eq!(named(&stream.finding(&Value::Null, "x")), ("7 6 5 4 3 2 1 0".to_owned(), json!(0)));
    stream.version = "8".to_owned();
    stream.select("a", true, &json!(["x"]));
    stream.cases += CASES_OF_AN_HOUR;
    // One that is seen again comes first.
    stream.version = "0".to_owned();
    stream.select("a", true, &json!(["x"]));
    assert_eq!(named(&stream.finding(&Value::Null, "x")), ("0 8 7 6 5 4 3 2".to_owned(), json!(1)));
}

/// The channels of all findings, each once; those of associations apart.
fn channels(findings: &[Value]) -> [Vec<&str>; 2] {
    [true, false].map(|by_name| {
        let of_kind = findings.iter().filter(|found| found["dimension"].is_null() == by_name);
        let mut channels: Vec<&str> = of_kind.map(|found| found["channel"].as_str().unwrap()).collect();
        channels.sort_unstable();
        channels.dedup();
        channels
    })
}

/// Whoever picks by a banned criterion does so in whatever channel; evidence of association costs a level, and stays with the profile's own.
#[test]
fn criteria_are_told_of_in_every_channel_in_which_they_are_seen() {
    let seen = |keys: &str| {
        let mut stream = Stream::new(plan_with("banned = [\"x\"]", 0, keys));
        stream.select("a", true, &json!([]));
        stream.channel = "random";
        stream.select("a", true, &Value::Null);
        stream.channel = "signal";
        stream.select("a", true, &json!([]));
        stream.channel = "manual";
        stream.select("a", true, &json!(["x"]));
        stream.findings()
    };
    let found = seen("");
    assert_eq!(channels(&found), [vec!["manual", "profile", "signal"], vec!["profile"]]);
    let verdict = |channel: &str| {
        found.iter().find(|found| found["channel"] == channel && found["subject"] == "x").unwrap()["verdict"].clone()
    };
    assert_eq!(["profile", "signal", "manual"].map(verdict), ["within", "within", "critical"].map(Value::from));
    // Those that a rule names are all told of, and nothing else.
    let named = seen("channels = [\"profile\", \"random\"]\n");
    assert_eq!(channels(&named), [vec!["profile", "random"], vec!["profile", "random"]]);
    assert!(named.iter().all(|found| found["verdict"] != "critical"), "{named:#?}");
}
