//! Streams in which one duty is neglected, under the shipped configuration `config/duties.toml`: each raises its own rule and no other, and
//! the one in which none is raises nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::cast_precision_loss, reason = "some thousands of cases")]

use std::ops::RangeInclusive;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex};
use paritywatch::render::Render;
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;
use serde_json::{Value, json};

use crate::support::effort::attempts;
use crate::support::unchanged::repository;

/// Some twelve days.
const EVENTS: u64 = 40_000;

/// The shipped configuration, with more text at its end.
fn configured(more: &str) -> Settings {
    let text = std::fs::read_to_string(repository().join("config/duties.toml")).unwrap();
    Settings::parse(&format!("{text}\n{more}"), "config/duties.toml", std::iter::empty())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// One seed, or more where there is time.
fn seeds() -> RangeInclusive<u64> {
    1..=u64::from(attempts(1))
}

/// More than 30 days: a reference period, and two after it.
const EVENTS_OF_PERIODS: u64 = 120_000;

fn stream(scenario: Scenario, seed: u64) -> impl Iterator<Item = String> {
    stream_of(scenario, EVENTS, seed)
}

fn stream_of(scenario: Scenario, events: u64, seed: u64) -> impl Iterator<Item = String> {
    Stream::new(&Shape::new(scenario, events, seed)).map(|event| event.json)
}

/// The evaluation at the end; its alerts are all that ever were.
fn replayed(settings: Settings, events: impl Iterator<Item = String>) -> Value {
    let mut monitor = Monitor::new(settings.plan, PseudonymKey([5; 16]), Clock::Event { as_of: None });
    for event in events {
        let record = RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, EventTime(0));
    }
    monitor.finish();
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    assert_eq!(document["events"]["read"], document["events"]["accepted"], "{}", document["events"]);
    document
}

fn list<'v>(document: &'v Value, name: &str) -> &'v Vec<Value> {
    document[name].as_array().unwrap()
}

/// The words, each once.
fn once(mut words: Vec<&str>) -> Vec<&str> {
    words.sort_unstable();
    words.dedup();
    words
}

/// The rules of all alerts that fired at some time, each once, and the subjects or groups that they are about.
fn raised(document: &Value) -> (Vec<&str>, Vec<&str>) {
    let fired: Vec<&Value> = list(document, "alerts").iter().filter(|alert| !alert["fired_at"].is_null()).collect();
    let rules = fired.iter().filter_map(|alert| alert["rule"].as_str()).collect();
    let about =
        fired.iter().filter_map(|alert| alert["group"].as_str().or_else(|| alert["subject"].as_str())).collect();
    (once(rules), once(about))
}

/// With each seed: the rule that fires, what it is about and its reason; nothing else is raised.
#[track_caller]
fn raises(scenario: Scenario, rule: &str, about: &[&str], reason: &str) {
    for seed in seeds() {
        let document = replayed(configured(""), stream(scenario, seed));
        let (rules, subjects) = raised(&document);
        assert_eq!((rules, subjects.as_slice()), (vec![rule], about), "{scenario}, seed {seed}");
        let firing = list(&document, "alerts").iter().filter(|alert| alert["state"] == "firing").count();
        let is_raised = |finding: &&Value| finding["verdict"] == "warning" || finding["verdict"] == "critical";
        let found = list(&document, "findings").iter().filter(is_raised);
        assert!(firing > 0 && found.clone().count() == firing, "{scenario}, seed {seed}: {firing} firing");
        assert!(found.clone().all(|finding| finding["reason"] == reason), "{scenario}, seed {seed}");
    }
}

#[test]
fn a_banned_criterion_raises_the_rule_about_criteria() {
    raises(Scenario::BannedCriterion, "criteria", &["country_of_birth"], "banned_criterion");
}

#[test]
fn a_criterion_on_no_list_that_carries_a_disparity_raises_the_rule_about_criteria() {
    raises(Scenario::HiddenProxy, "criteria", &["short_contract"], "criterion_carries_disparity");
}

#[test]
fn automated_decisions_raise_the_rule_about_human_decisions() {
    raises(Scenario::AutomatedDecisions, "human-decision", &["decided_by"], "automated_decision");
}

#[test]
fn a_random_channel_without_cases_raises_the_rule_about_it() {
    raises(Scenario::NoRandomArm, "random-channel", &["worth-having"], "no_random_channel");
}

#[test]
fn a_profile_that_finds_no_more_than_chance_raises_the_rule_about_its_worth() {
    raises(Scenario::UselessProfile, "worth-having", &[], "not_shown");
}

#[test]
fn a_vanished_group_raises_the_rule_about_silence() {
    raises(Scenario::VanishedGroup, "heard-of", &["non_european"], "silent");
}

#[test]
fn a_group_whose_picks_rise_without_its_violations_raises_the_rule_about_feedback() {
    for seed in seeds() {
        let document = replayed(configured(""), stream_of(Scenario::FeedbackLoop, EVENTS_OF_PERIODS, seed));
        assert_eq!(raised(&document), (vec!["feedback"], vec!["non_european"]), "seed {seed}");
        let mut findings = list(&document, "findings").iter();
        let is_it = |finding: &&Value| finding["rule"] == "feedback" && finding["group"] == "non_european";
        let found = findings.find(is_it).unwrap();
        assert_eq!((&found["verdict"], &found["reason"]), (&"critical".into(), &"feedback_loop".into()), "{found}");
    }
}

#[test]
fn a_long_fair_stream_raises_nothing_and_its_periods_are_within() {
    let document = replayed(configured(""), stream_of(Scenario::DutiesFair, EVENTS_OF_PERIODS, 3));
    assert_eq!(list(&document, "alerts").len(), 0, "{:?}", document["alerts"]);
    let found: Vec<&Value> =
        list(&document, "findings").iter().filter(|finding| finding["rule"] == "feedback").collect();
    assert!(found.len() == 3 && found.iter().all(|finding| finding["verdict"] == "within"), "{found:?}");
}

/// It is controlled as often as the others, and longer, more intensively, and more often by home visit.
#[test]
fn a_group_that_is_controlled_more_strictly_raises_the_rules_about_that_and_no_other() {
    for seed in seeds() {
        let document = replayed(configured(""), stream(Scenario::StricterChecks, seed));
        let (rules, groups) = raised(&document);
        assert_eq!(rules, ["control-duration", "control-intensity", "home-visits"], "seed {seed}");
        assert_eq!(groups, ["non_european"], "seed {seed}");
    }
}

/// The alert is about all cases, or about a risk class.
#[test]
fn selections_that_are_always_followed_raise_the_rule_about_human_decisions() {
    for seed in seeds() {
        let document = replayed(configured(""), stream(Scenario::RubberStamp, seed));
        assert_eq!(raised(&document).0, ["human-decision"], "seed {seed}");
        for alert in list(&document, "alerts") {
            let of_class = alert["subject"].as_str().is_none_or(|subject| subject.starts_with("risk_class="));
            assert!(of_class && alert["severity"] == "warning", "{alert}");
        }
    }
}

/// Where one group lacks outcomes, the others lack fewer than the rest: the same rule says both.
#[test]
fn outcomes_that_one_group_lacks_raise_the_rule_about_outcomes() {
    for seed in seeds() {
        let document = replayed(configured(""), stream(Scenario::MissingOutcomes, seed));
        let (rules, groups) = raised(&document);
        assert_eq!(rules, ["outcomes"], "seed {seed}");
        assert!(groups.contains(&"non_european") && !groups.contains(&"female") && !groups.contains(&"male"));
    }
}

/// All of its complaints are of one ground: the finding of the group and that of the ground say the same.
#[test]
fn complaints_of_one_group_raise_the_rule_about_complaints() {
    raises(Scenario::Objections, "complaints", &["non_european"], "complaints_unequal");
}

/// The hits that were overturned are those of the same group. What is upheld is shown beside it.
#[test]
fn hits_overturned_of_one_group_raise_a_rule_about_those() {
    let rule = "[[rules]]\nname = \"overturned\"\nkind = \"complaints\"\nmeasure = \"overturned\"\ndimensions = [\"origin\"]\nblock_complaints = 10\n";
    for seed in seeds() {
        let document = replayed(configured(rule), stream(Scenario::Objections, seed));
        assert_eq!(raised(&document), (vec!["complaints", "overturned"], vec!["non_european"]), "seed {seed}");
        let of_rule = |finding: &&Value| finding["rule"] == "overturned" && finding["group"] == "non_european";
        let found: Vec<&Value> = list(&document, "findings").iter().filter(of_rule).collect();
        let [overturned, upheld] = found[..] else { panic!("{found:?}") };
        assert_eq!(
            (&overturned["reason"], &overturned["indicator"]),
            (&json!("overturned_unequally"), &json!("overturn_rate"))
        );
        assert_eq!((&upheld["subject"], &upheld["verdict"]), (&json!("upheld"), &Value::Null));
        assert!((0.5..0.7).contains(&upheld["group_rate"].as_f64().unwrap()), "{upheld}");
        assert!((0.14..0.26).contains(&upheld["reference_rate"].as_f64().unwrap()), "{upheld}");
        // Twelve days have too few of them for any evidence.
        let fair = replayed(configured(rule), stream_of(Scenario::DutiesFair, EVENTS_OF_PERIODS, seed));
        assert_eq!(list(&fair, "alerts").len(), 0, "seed {seed}");
        let judged = |finding: &&Value| finding["rule"] == "overturned" && finding["verdict"] == "within";
        assert!(list(&fair, "findings").iter().any(|finding| judged(&finding)), "seed {seed}");
    }
}

/// No rule of the configuration compares versions: in the other streams there is one alone, of which nothing can be said.
const BY_VERSION: &str = "[[rules]]\nname = \"version\"\nkind = \"drift\"\nindicator = \"selection_rate\"\n";

#[test]
fn a_new_version_that_picks_a_group_more_often_raises_the_rule_about_versions() {
    // Some three weeks of each version.
    let long = |seed| stream_of(Scenario::NewVersion, EVENTS_OF_PERIODS, seed);
    for seed in seeds() {
        let document = replayed(configured(BY_VERSION), long(seed));
        assert_eq!(raised(&document), (vec!["version"], vec!["non_european"]), "seed {seed}");
        let found = list(&document, "findings").iter().find(|finding| finding["verdict"] == "critical").unwrap();
        assert_eq!((&found["subject"], &found["reference_group"]), (&Value::from("2"), &Value::from("1")), "{found}");
    }
}

/// What a version changes is a disparity of selections, and of nothing else.
#[test]
fn a_new_version_that_picks_a_group_more_often_changes_selections_alone() {
    let by_selections =
        "[[rules]]\nname = \"selection\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    for seed in seeds() {
        let document = replayed(configured(""), stream(Scenario::NewVersion, seed));
        assert_eq!(raised(&document), (vec![], vec![]), "seed {seed}");
        // Each version alone: the first is fair, the second is not.
        let is_first = |event: &String| !event.contains(r#""profile_version":"2""#);
        let first = replayed(configured(by_selections), stream(Scenario::NewVersion, seed).take_while(is_first));
        assert_eq!(raised(&first).0, Vec::<&str>::new(), "seed {seed}");
        let second = replayed(configured(by_selections), stream(Scenario::NewVersion, seed).skip_while(is_first));
        assert!(raised(&second).0.contains(&"selection"), "seed {seed}: {:?}", raised(&second));
    }
}

#[test]
fn fair_streams_raise_nothing_and_all_that_can_be_said_of_them_is_within() {
    fair_streams_are_within(1..=u64::from(attempts(2)));
}

#[test]
fn more_fair_streams_raise_nothing_and_all_that_can_be_said_of_them_is_within() {
    fair_streams_are_within(1_001..=1_000 + u64::from(attempts(2)));
}

fn fair_streams_are_within(seeds: RangeInclusive<u64>) {
    for seed in seeds {
        let document = replayed(configured(""), stream(Scenario::DutiesFair, seed));
        assert_eq!(list(&document, "alerts").len(), 0, "seed {seed}: {:?}", document["alerts"]);
        let findings = list(&document, "findings");
        // A replay judges no reports.
        let asked = findings.iter().filter(|finding| finding["reason"] != "not_judged");
        let judged = asked.filter(|finding| finding["verdict"] != "insufficient_data");
        for finding in judged.clone() {
            assert_eq!(finding["verdict"], "within", "seed {seed}: {finding}");
        }
        // Every rule has something to say.
        // Periods take longer than these streams.
        let says_nothing = |name: &str| ["feedback", "report-made"].contains(&name);
        for rule in configured("").plan.rules.into_iter().filter(|rule| !says_nothing(&rule.name)) {
            assert!(judged.clone().any(|finding| finding["rule"] == *rule.name), "seed {seed}: {}", rule.name);
        }
    }
}

/// The value of a member of the event's data, as text.
fn member(event: &str, name: &str) -> Option<String> {
    let event: Value = serde_json::from_str(event).unwrap();
    let data = &event["data"];
    let value = if name == "origin" { &data["groups"]["origin"] } else { &data[name] };
    (!value.is_null()).then(|| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[test]
fn the_version_changes_halfway_and_picks_the_group_1_6_times_as_often_from_then_on() {
    let events: Vec<String> = stream(Scenario::NewVersion, 1).collect();
    let versions: Vec<(usize, String)> =
        (0..).zip(&events).filter_map(|(index, event)| Some((index, member(event, "profile_version")?))).collect();
    let middle = versions.partition_point(|(index, _)| *index < events.len() / 2);
    let (before, after) = versions.split_at(middle);
    assert!(before.iter().all(|(_, version)| version == "1") && after.iter().all(|(_, version)| version == "2"));
    let rate = |part: &[(usize, String)], is_monitored: bool| {
        let of_group = |index: usize| (member(&events[index], "origin").unwrap() == "non_european") == is_monitored;
        let by_profile = |index: usize| member(&events[index], "channel").unwrap() == "profile";
        let cases: Vec<usize> =
            part.iter().map(|(index, _)| *index).filter(|index| of_group(*index) && by_profile(*index)).collect();
        let picked = cases.iter().filter(|index| member(&events[**index], "selected").unwrap() == "true").count();
        picked as f64 / cases.len() as f64
    };
    let ratio = |part: &[(usize, String)]| rate(part, true) / rate(part, false);
    assert!((0.88..1.12).contains(&ratio(before)), "{}", ratio(before));
    assert!((1.45..1.75).contains(&ratio(after)), "{}", ratio(after));
}

#[test]
fn a_vanished_group_has_no_event_in_the_last_third() {
    let events: Vec<String> = stream(Scenario::VanishedGroup, 1).collect();
    let is_monitored = |event: &&String| member(event, "origin").is_some_and(|origin| origin == "non_european");
    let cases: Vec<String> =
        events.iter().filter(is_monitored).map(|event| member(event, "case_id").unwrap()).collect();
    let (first, last) = events.split_at(events.len() - events.len() / 3);
    assert!(cases.len() > 1_000 && events.len() == EVENTS as usize);
    let of_group = |event: &&String| cases.binary_search(&member(event, "case_id").unwrap()).is_ok();
    assert!(first.iter().filter(of_group).count() > cases.len(), "its controls and outcomes come too");
    assert_eq!(last.iter().filter(of_group).count(), 0);
}

/// It is no longer in any window of an hour by then, and it is remembered all the same.
#[test]
fn of_a_vanished_group_it_is_said_when_it_was_last_heard_of() {
    let assessed: Vec<(String, String)> = stream(Scenario::VanishedGroup, 1)
        .filter(|event| event.contains("selection.v1") && event.contains(r#""channel":"profile""#))
        .map(|event| {
            let parsed: Value = serde_json::from_str(&event).unwrap();
            (member(&event, "origin").unwrap(), parsed["time"].as_str().unwrap().to_owned())
        })
        .collect();
    let last = |group: &str| {
        let time = &assessed.iter().rfind(|(origin, _)| origin == group).unwrap().1;
        time.parse::<jiff::Timestamp>().unwrap()
    };
    // Of the shorter history the buckets are gone in which the group was last heard of.
    for windows in ["30d", "3d"] {
        let text = std::fs::read_to_string(repository().join("config/duties.toml")).unwrap();
        let text = text.replace("rolling = [\"30d\"]", &format!("rolling = [\"{windows}\"]\nhistory = \"{windows}\""));
        let text = text.replace("cohort_max_age = \"3d\"", "cohort_max_age = \"1d\"");
        let text = text.replace("reference_days = 10", "reference_days = 2");
        let settings = Settings::parse(&text, "duties.toml", std::iter::empty());
        let document = replayed(settings.unwrap_or_else(|error| panic!("{error}")), stream(Scenario::VanishedGroup, 1));
        let heard = |group: &str| {
            let is_it = |finding: &&Value| finding["rule"] == "heard-of" && finding["group"] == *group;
            let found = list(&document, "findings").iter().find(is_it).unwrap().clone();
            let heard = found["last_heard"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            (found["reason"].clone(), last(group).duration_until(heard).as_hours())
        };
        // Hours of another day are one bucket by now: then its beginning is said, as it must not be heard of again by that.
        let (reason, later) = heard("non_european");
        assert!(reason == "silent" && (-24..=1).contains(&later), "{windows}: {later}");
        let (reason, later) = heard("dutch");
        assert!(reason == "heard" && (0..=1).contains(&later), "{windows}: {later}");
    }
}

/// What the new rules read is in every selection; criteria come with and without values, and as an empty list.
#[test]
fn every_selection_says_how_it_was_made() {
    let mut criteria: Vec<String> = stream(Scenario::DutiesFair, 1)
        .filter(|event| event.contains("selection.v1"))
        .map(|event| {
            let names = ["profile_version", "decided_by", "risk_class", "channel"];
            assert!(names.iter().all(|name| member(&event, name).is_some()), "{event}");
            member(&event, "criteria").unwrap()
        })
        .collect();
    criteria.sort_unstable();
    criteria.dedup();
    let valued = |value: &str| format!(r#"[{{"name":"income","value":"{value}"}}]"#);
    assert_eq!(criteria, [r#"["income"]"#.to_owned(), "[]".to_owned(), valued("high"), valued("low")]);
}
