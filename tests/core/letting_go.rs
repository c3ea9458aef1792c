//! Letting cases go is independent of their being picked; what is lost is told; no stage of a cell exceeds the one before.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::effort::attempts;

use std::collections::BTreeMap;

use paritywatch::event::{Decoded, RawRecord, decode};
use paritywatch::ledger::{CaseFacts, Contribution, Ledger, Loss, LossCause, PseudonymKey, Spans, Timing};
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{Channel, EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::window::Counts;
use proptest::prelude::*;
use serde_json::{Value, json};

/// 2026-03-01T00:00:00Z
const START: EventTime = EventTime(1_772_323_200_000);

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[window]
rolling = ["30d", "90d"]
[[rules]]
name = "r"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "interval"
"#;

fn plan(more: &str) -> Plan {
    Settings::parse(&format!("{CONFIG}{more}"), "test.toml", std::iter::empty()).unwrap().plan
}

fn at(hours: i64) -> EventTime {
    START.plus(Span::HOUR.times(hours))
}

fn event(kind: &str, id: &str, time: EventTime, data: &Value) -> Vec<u8> {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap().to_string();
    let kind = format!("paritywatch.{kind}.v1");
    let event = json!({ "specversion": "1.0", "type": kind, "source": "/t", "id": id, "time": time, "data": data });
    serde_json::to_vec(&event).unwrap()
}

/// A ledger alone, which reads events in order of time.
struct Core {
    plan: Plan,
    ledger: Ledger,
    /// What all cases count for.
    sums: BTreeMap<(Channel, Option<u16>), [i64; 7]>,
    facts: Vec<CaseFacts>,
    finals: Vec<CaseFacts>,
    read: usize,
}

impl Core {
    fn new(more: &str) -> Self {
        let plan = plan(more);
        let ledger = Ledger::new(&plan, PseudonymKey([1; 16]));
        Self { plan, ledger, sums: BTreeMap::new(), facts: Vec::new(), finals: Vec::new(), read: 0 }
    }

    fn read(&mut self, kind: &str, hours: i64, data: &Value) {
        let id = format!("e{}", self.read);
        self.read_as(&id, kind, at(hours), data, false);
    }

    fn read_as(&mut self, id: &str, kind: &str, time: EventTime, data: &Value, late: bool) {
        self.read += 1;
        let payload = event(kind, id, time, data);
        let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
        let Ok(Decoded::Event(event)) = decode(&record, &self.plan.event, None) else { panic!("{data}") };
        let watermark = if late { EventTime::MIN } else { time };
        let joined = self.ledger.join(&event, &Timing { watermark, seen: time, late }).unwrap();
        let effects = joined.effects.clone();
        for change in &effects.changes {
            for (contribution, more) in change.moves() {
                self.add(&contribution, more);
            }
            self.facts.push(change.after);
        }
        self.finals.extend(effects.finals.iter().map(|step| step.change.after));
    }

    fn add(&mut self, contribution: &Contribution, more: bool) {
        let slot = self.ledger.attributes.groups(contribution.attributes).next().unwrap().1;
        let sums = self.sums.entry((contribution.channel, slot.group().map(|group| group.0))).or_default();
        for (sum, count) in sums.iter_mut().zip(stages(contribution)) {
            *sum += if more { count } else { -count };
        }
    }

    /// Assessed and selected in a channel and group.
    fn rate(&self, channel: Channel, group: Option<u16>) -> [i64; 2] {
        let sums = self.sums.get(&(channel, group)).copied().unwrap_or_default();
        [sums[0], sums[1]]
    }

    fn losses(&mut self) -> Vec<Loss> {
        self.ledger.take_losses()
    }
}

/// Assessed, selected, controlled, concluded, hits, resolved, reported.
fn stages(contribution: &Contribution) -> [i64; 7] {
    let Counts { assessed, selected, controlled, concluded, hits, resolved, reported, .. } =
        Counts::of_case(contribution.counts);
    [assessed, selected, controlled, concluded, hits, resolved, reported].map(|count| i64::try_from(count).unwrap())
}

fn selection(case: &str, selected: bool) -> Value {
    json!({ "case_id": case, "profile": "p", "selected": selected })
}

fn origin(case: &str, group: &str) -> Value {
    json!({ "case_id": case, "groups": { "origin": group } })
}

/// Returns the findings of a replay that ends with the last event.
fn replayed(more: &str, payloads: &[Vec<u8>]) -> Value {
    let mut monitor = Monitor::new(plan(more), PseudonymKey([1; 16]), Clock::Event { as_of: None });
    for payload in payloads {
        let record = RawRecord { payload, headers: &[], timestamp: None };
        assert_eq!(monitor.handle_record(PartitionIndex(0), &record, EventTime(0)), Handled::Accepted);
    }
    monitor.finish();
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

/// Membership is sent by another party eight days later. Of a, 60 of 200 were picked, of b 20 of 200.
#[test]
fn membership_that_comes_after_eight_days_counts_for_all() {
    let mut payloads = Vec::new();
    for (group, picked) in [("a", 60), ("b", 20)] {
        for case in 0..200 {
            let data = selection(&format!("{group}{case}"), case < picked);
            payloads.push(event("selection", &format!("s{group}{case}"), START.plus(Span::SECOND.times(case)), &data));
        }
    }
    for (group, second) in [("a", 0), ("b", 200)] {
        for case in 0..200 {
            let time = at(8 * 24).plus(Span::SECOND.times(second + case));
            payloads.push(event(
                "attributes",
                &format!("m{group}{case}"),
                time,
                &origin(&format!("{group}{case}"), group),
            ));
        }
    }
    let document = replayed("", &payloads);
    let finding = document["findings"].as_array().unwrap().iter().find(|finding| finding["group"] == "a").unwrap();
    assert_eq!(finding["verdict"], "critical", "{finding}");
    assert_eq!(finding["group_counts"], json!({ "exposed": 200, "events": 60 }));
    assert_eq!(finding["reference_counts"], json!({ "exposed": 200, "events": 20 }));
}

/// The case of the examples was not picked, and its membership came a month later.
#[test]
fn the_examples_of_the_contract_count() {
    let config = CONFIG.replace("[profiles.p]", "[profiles.cub]").replace("\"a\", \"b\"", "\"dutch\", \"european\"");
    let plan = Settings::parse(&config, "test.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([1; 16]), Clock::Event { as_of: None });
    for payload in [
        &include_bytes!("../../config/contract/examples/selection-not-selected.json")[..],
        &include_bytes!("../../config/contract/examples/attributes-groups.json")[..],
    ] {
        let record = RawRecord { payload, headers: &[], timestamp: None };
        assert_eq!(monitor.handle_record(PartitionIndex(0), &record, EventTime(0)), Handled::Accepted);
    }
    monitor.finish();
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    let counted = |finding: &&Value| finding["window"] == "90d" && finding["group"] == "european";
    let finding = document["findings"].as_array().unwrap().iter().find(counted).unwrap();
    assert_eq!(finding["group_counts"], json!({ "exposed": 1, "events": 0 }));
    assert_eq!(document["events"]["unmatched"], 0);
}

/// Up to the horizon membership counts, whether the case was picked or not; after it, for neither.
#[test]
fn membership_counts_equally_long_whether_picked_or_not() {
    for (hours, counted) in [(1, true), (8 * 24, true), (20 * 24, true), (20 * 24 + 2, false), (60 * 24, false)] {
        let mut core = Core::new("[limits]\nmembership_horizon = \"20d\"\n");
        core.read("selection", 0, &selection("picked", true));
        core.read("selection", 0, &selection("left", false));
        // Time passes, and with it rounds of sweeps.
        for day in (24..hours).step_by(24) {
            core.read("selection", day, &selection(&format!("other{day}"), false));
        }
        core.read("control", hours, &json!({ "case_id": "picked", "groups": { "origin": "b" } }));
        core.read("attributes", hours, &origin("picked", "a"));
        core.read("attributes", hours, &origin("left", "a"));
        assert_eq!(core.rate(Channel::Profile, Some(0)), if counted { [2, 1] } else { [0, 0] }, "after {hours} hours");
        // A control of a case with a selection says nothing of its group.
        assert_eq!(core.rate(Channel::Profile, Some(1)), [0, 0]);
    }
}

/// Another value that comes after a complete case was let go counts for neither.
#[test]
fn a_correction_of_membership_counts_equally_long() {
    for (days, group) in [(6, 1), (9, 0)] {
        let mut core = Core::new("");
        for (case, selected) in [("picked", true), ("left", false)] {
            let mut data = selection(case, selected);
            data["groups"] = json!({ "origin": "a" });
            core.read("selection", 0, &data);
        }
        for case in ["picked", "left"] {
            core.read("attributes", days * 24, &origin(case, "b"));
        }
        assert_eq!(core.rate(Channel::Profile, Some(group)), [2, 1]);
    }
}

/// A second selection that is refused brings no group.
#[test]
fn a_refused_selection_does_not_end_the_wait_for_membership() {
    let mut core = Core::new("[limits]\nmembership_horizon = \"20d\"\n");
    let mut second = selection("c", false);
    core.read("selection", 0, &second);
    second["groups"] = json!({ "origin": "b" });
    core.read("selection", 24, &second);
    core.read("attributes", 15 * 24, &origin("c", "a"));
    assert_eq!([core.rate(Channel::Profile, Some(0)), core.rate(Channel::Profile, Some(1))], [[1, 0], [0, 0]]);
}

/// The late control puts the first groups and the selection into one visit. Evidence does not know of it, and waits.
#[test]
fn a_late_event_does_not_end_the_wait_for_membership() {
    for late in [true, false] {
        let mut core = Core::new("[limits]\nmembership_horizon = \"20d\"\n");
        let spans = Spans { history: Span::DAY.times(30), ..core.ledger.spans() };
        core.ledger.change_spans(spans, EventTime::MIN, i32::MIN, |_, _| ());
        core.read("attributes", 0, &origin("c", "b"));
        core.read_as("late", "control", at(1), &json!({ "case_id": "c" }), late);
        core.read("selection", 15 * 24, &selection("c", false));
        core.read("attributes", 34 * 24, &origin("c", "a"));
        assert_eq!(core.rate(Channel::Profile, Some(0)), [1, 0], "{late}");
    }
}

#[test]
fn what_is_lost_is_told() {
    let mut core = Core::new("");
    core.read("selection", 0, &selection("left", false));
    let mut known = selection("known", false);
    known["groups"] = json!({ "origin": "a" });
    core.read("selection", 0, &known);
    core.read("selection", 1, &selection("left", true));
    let refused = core.losses();
    assert_eq!((refused.len(), refused[0].cause, refused[0].time), (1, LossCause::Conflict, at(1)));
    assert_eq!(stages(&refused[0].contribution.unwrap())[..2], [1, 1]);
    // A round of sweeps takes some pages with each event.
    for case in 0..1_200 {
        known["case_id"] = json!(format!("later{case}"));
        core.read("selection", 500 * 24, &known);
    }
    let released: Vec<Loss> = core.losses().into_iter().filter(|loss| loss.cause == LossCause::Released).collect();
    assert_eq!((released.len(), released[0].time), (1, at(0)));
    assert_eq!(core.ledger.released(), [1]);
}

#[test]
fn cases_beyond_a_limit_are_told() {
    let mut core = Core::new("[limits]\nopen_cases = 2\n");
    for case in 0..3 {
        core.read("selection", case, &selection(&format!("c{case}"), false));
    }
    let losses = core.losses();
    assert_eq!((losses.len(), losses[0].cause, losses[0].time), (1, LossCause::Dropped, at(0)));
    assert!(losses[0].contribution.is_some());
}

/// Returns the findings of a replay that ends at `end`. Its records may be refused, or late.
fn replayed_until(config: &str, end: EventTime, payloads: &[Vec<u8>]) -> Value {
    let plan = Settings::parse(config, "test.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([1; 16]), Clock::Event { as_of: Some(end) });
    monitor.expect_disorder();
    for payload in payloads {
        let record = RawRecord { payload, headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, EventTime(0));
    }
    monitor.finish();
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

/// The finding of a rule about the group a over 30 days.
fn finding_of<'d>(document: &'d Value, rule: &str) -> &'d Value {
    let findings = document["findings"].as_array().unwrap();
    let is_asked = |finding: &&Value| finding["rule"] == rule && finding["group"] == "a" && finding["window"] == "30d";
    findings.iter().find(is_asked).unwrap()
}

/// A selection `seconds` after the beginning of an hour.
fn selected(id: &str, case: &str, group: &str, picked: bool, (hours, seconds): (i64, i64)) -> Vec<u8> {
    let data = json!({ "case_id": case, "profile": "p", "selected": picked, "groups": { "origin": group } });
    event("selection", id, at(hours).plus(Span::SECOND.times(seconds)), &data)
}

/// Two hundred cases of each group, of which every fifth was picked.
fn balanced(hours: i64) -> Vec<Vec<u8>> {
    let group = |case: i64| if case % 2 == 0 { "a" } else { "b" };
    (0..400)
        .map(|case| selected(&format!("e{case}"), &format!("c{case}"), group(case), case % 10 < 2, (hours, case)))
        .collect()
}

/// The window takes whole days of cases a week old, and so it does of those it misses.
#[test]
fn missing_cases_stay_in_the_window_as_long_as_the_others() {
    let mut payloads = balanced(2);
    payloads.extend((0..100).map(|case| selected(&format!("x{case}"), &format!("c{case}"), "a", true, (3, case))));
    for hours in [30 * 24 + 1, 30 * 24 + 12, 30 * 24 + 23] {
        let document = replayed_until(CONFIG, at(hours), &payloads);
        let finding = finding_of(&document, "r");
        assert_eq!(finding["group_counts"]["exposed"], 200, "{finding}");
        // Ten of the hundred say what the first one says.
        assert_eq!(finding["missing"]["group"]["by_cause"]["conflict"], 90, "after {hours} hours: {finding}");
        assert_eq!(finding["verdict"], "incomplete", "{finding}");
    }
}

#[test]
fn late_cases_stay_in_the_window_as_long_as_the_others() {
    let config = CONFIG
        .replace("evidence = \"interval\"", "evidence = \"sequential\"")
        .replace("[window]", "[window]\nallowed_lateness = \"1h\"");
    for passed in [60, 12 * 24] {
        let mut payloads = balanced(2);
        // Time moves on hour by hour.
        payloads
            .extend((3..=passed).map(|hour| selected(&format!("n{hour}"), &format!("n{hour}"), "b", false, (hour, 0))));
        payloads.extend((0..100).map(|case| selected(&format!("l{case}"), &format!("l{case}"), "a", true, (3, case))));
        for hours in [30 * 24 + 1, 30 * 24 + 12] {
            let document = replayed_until(&config, at(hours), &payloads);
            let finding = finding_of(&document, "r");
            assert_eq!(finding["group_counts"]["exposed"], 300, "{finding}");
            assert_eq!(finding["missing"]["group"]["by_cause"]["late"], 100, "after {hours} hours: {finding}");
        }
    }
}

#[test]
fn a_case_that_was_not_picked_is_missing_from_no_rate_of_the_picked() {
    let config = CONFIG.replace("[window]", "[window]\ncohort_max_age = \"2d\"")
        + "[[rules]]\nname = \"hits\"\nindicator = \"hit_rate\"\nwarning = 0.8\ncritical = 0.6\nevidence = \"point\"\nwindows = [\"30d\"]\n";
    let mut payloads = balanced(2);
    for case in (0..400).filter(|case| case % 10 < 2) {
        let data = json!({ "case_id": format!("c{case}"), "outcome": "no_violation" });
        payloads.push(event("control", &format!("k{case}"), at(3).plus(Span::SECOND.times(case)), &data));
    }
    // Those that say what the first one says lose nothing. Where one of the two picked the case, it may have been picked.
    for (picked, all, missing) in [(false, 60, 20), (true, 90, 90)] {
        let again = |case: i64| selected(&format!("x{case}"), &format!("c{case}"), "a", picked, (4, case));
        let payloads: Vec<Vec<u8>> = payloads.iter().cloned().chain((0..100).map(again)).collect();
        let document = replayed_until(&config, at(10 * 24), &payloads);
        let by_cause =
            |rule: &str| finding_of(&document, rule)["missing"]["group"]["by_cause"]["conflict"].as_u64().unwrap_or(0);
        assert_eq!((by_cause("r"), by_cause("hits")), (all, missing));
    }
}

#[test]
fn a_case_closed_early_is_one_of_the_cases_of_its_side() {
    let config = format!("{CONFIG}[limits]\nopen_cases = 100\n");
    let document = replayed_until(&config, at(10), &balanced(2));
    let finding = finding_of(&document, "r");
    let (side, counted) = (&finding["missing"]["group"], &finding["group_counts"]["exposed"]);
    assert_eq!(*counted, 200);
    let dropped = side["by_cause"]["dropped"].as_f64().unwrap();
    assert!(dropped > 100.0, "{finding}");
    assert!((side["share"].as_f64().unwrap() - dropped / 200.0).abs() < 1e-6, "{finding}");
}

/// A control counts as missing from every finding while it waits for its selection, and for good once it no longer waits.
/// Membership alone may be of anybody.
#[test]
fn a_control_without_its_selection_is_missing() {
    let unmatched = |payloads: &[Vec<u8>], hours: i64| {
        let document = replayed_until(CONFIG, at(hours), payloads);
        let finding = finding_of(&document, "r");
        let missing = &finding["missing"]["reference"];
        let cases = missing["by_cause"]["unmatched"].as_u64().unwrap_or(0);
        (cases, missing["events"].as_u64().unwrap(), finding["verdict"].as_str().unwrap().to_owned())
    };
    let mut payloads = balanced(2);
    let groups = |case: &str| json!({ "case_id": case, "groups": { "origin": "a" } });
    payloads.extend((0..50).map(|case| event("attributes", &format!("n{case}"), at(3), &groups(&format!("N{case}")))));
    let control = |case: i64, hours: i64| {
        let data = json!({ "case_id": format!("C{case}"), "outcome": "no_violation" });
        event("control", &format!("k{case}-{hours}"), at(hours).plus(Span::SECOND.times(case)), &data)
    };
    payloads.extend((0..40).map(|case| control(case, 4)));
    let once = payloads.clone();
    // A second report on the same case, at an earlier time, makes no second case.
    payloads.extend((0..40).map(|case| control(case, 3)));
    assert_eq!(unmatched(&payloads, 5), (40, 40, "incomplete".to_owned()));
    // Their selections come for half of them, and say the same as the others.
    let group = |case: i64| if case % 2 == 0 { "a" } else { "b" };
    let late = |case: i64| selected(&format!("l{case}"), &format!("C{case}"), group(case), true, (2, case));
    let matched: Vec<Vec<u8>> = payloads.iter().cloned().chain((0..40).map(late)).collect();
    assert_eq!(unmatched(&matched, 5), (0, 0, "within".to_owned()));
    let half: Vec<Vec<u8>> = payloads.iter().cloned().chain((0..20).map(late)).collect();
    assert_eq!(unmatched(&half, 5).0, 20);
    // Nothing is told twice when the wait ends, and the window lets them go as it does all cases.
    let config = format!("{CONFIG}[limits]\nwaiting_events = 10\n");
    let more = (0..4_000)
        .map(|case| selected(&format!("m{case}"), &format!("m{case}"), group(case), case % 10 < 2, (6, case / 2)));
    let dropped = replayed_until(&config, at(9), &once.into_iter().chain(more).collect::<Vec<_>>());
    assert_eq!(finding_of(&dropped, "r")["missing"]["group"]["by_cause"]["unmatched"], 40);
    assert_eq!(unmatched(&payloads, 32 * 24).0, 0);
}

/// A tally of a group in so many dimensions takes a cell of each.
#[test]
fn a_case_without_room_for_its_cell_is_missing() {
    const ROOM: usize = 200_000;
    const DIMENSIONS: usize = 25;
    const GROUPS: usize = 40;
    let channels = ["profile", "random", "signal", "manual"];
    let profiles = ROOM / DIMENSIONS / GROUPS / channels.len();
    let groups: Vec<String> = (0..GROUPS).map(|group| format!("g{group}")).collect();
    let mut config = "[privacy]\nmin_cell = 0\nreason = \"test\"\n[window]\nrolling = [\"30d\"]\n".to_owned();
    (0..=profiles).for_each(|profile| config.push_str(&format!("[profiles.p{profile}]\nowner = \"o\"\n")));
    for dimension in 0..DIMENSIONS {
        config.push_str(&format!("[dimensions.d{dimension}]\nground = \"race\"\ngroups = {}\n", json!(groups)));
    }
    config.push_str(
        "[[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"interval\"\n\
         profiles = [\"p0\"]\ndimensions = [\"d0\"]\n",
    );
    let mut payloads = Vec::new();
    let mut tally = |profile: usize, channel: &str, group: &str, assessed: u64| {
        let of: serde_json::Map<String, Value> =
            (0..DIMENSIONS).map(|dimension| (format!("d{dimension}"), json!(group))).collect();
        let data = json!({ "profile": format!("p{profile}"), "channel": channel, "groups": of, "counts": { "assessed": assessed, "selected": assessed / 5 } });
        payloads.push(event("tally", &format!("t{}", payloads.len()), at(1), &data));
    };
    for profile in 0..profiles {
        for channel in channels {
            groups.iter().for_each(|group| tally(profile, channel, group, 100));
        }
    }
    let missing = |payloads: &[Vec<u8>]| {
        let document = replayed_until(&config, at(2), payloads);
        document["findings"][0]["missing"]["group"]["by_cause"]["dropped"].as_u64().unwrap_or(0)
    };
    tally(profiles, "profile", "g0", 70);
    let (last, full) = payloads.split_last().unwrap();
    assert_eq!(missing(full), 0);
    let one_more: Vec<Vec<u8>> = full.iter().chain([last]).cloned().collect();
    assert_eq!(missing(&one_more), 70);
}

/// An event of one case.
fn any_event() -> impl Strategy<Value = (&'static str, Value, i64, bool)> {
    let channel = || prop::sample::select(vec![None, Some("profile"), Some("random"), Some("signal"), Some("manual")]);
    let outcome = || prop::sample::select(vec![None, Some("violation"), Some("no_violation"), Some("unknown")]);
    let group = || prop::sample::select(vec![None, Some("a"), Some("b")]);
    let revises = || prop::option::weighted(0.3, 0_usize..10).prop_map(|id| id.map(|id| format!("e{id}")));
    let control = || prop::option::of(prop::sample::select(vec!["x", "y"]));
    let groups = |group: Option<&str>| group.map_or_else(|| json!({}), |group| json!({ "origin": group }));
    let filled = |mut data: Value| {
        data.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        data["case_id"] = json!("c");
        data
    };
    let selection = (any::<bool>(), channel(), group(), revises()).prop_map(move |(selected, channel, group, revises)| {
        let data = json!({ "profile": "p", "selected": selected, "channel": channel, "groups": groups(group), "revises": revises });
        ("selection", filled(data))
    });
    let controls = (any::<bool>(), channel(), outcome(), control(), any::<bool>(), group()).prop_map(
        move |(performed, channel, outcome, control, named, group)| {
            let data = json!({ "performed": performed, "channel": channel, "outcome": outcome, "control_id": control,
                "profile": named.then_some("p"), "groups": groups(group) });
            ("control", filled(data))
        },
    );
    let outcomes = (outcome(), control(), revises()).prop_map(move |(outcome, control, revises)| {
        let outcome = outcome.unwrap_or("violation");
        ("outcome", filled(json!({ "outcome": outcome, "control_id": control, "revises": revises })))
    });
    let attributes =
        group().prop_map(move |group| ("attributes", filled(json!({ "groups": groups(group.or(Some("a"))) }))));
    let complaint = Just(("complaint", filled(json!({ "profile": "p" }))));
    let what = prop_oneof![3 => selection, 4 => controls, 3 => outcomes, 1 => attributes, 1 => complaint];
    (what, 0_i64..1_500, prop::bool::weighted(0.2)).prop_map(|((kind, data), hours, late)| (kind, data, hours, late))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(3_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_stage_exceeds_the_one_before_it(events in prop::collection::vec(any_event(), 1..10)) {
        let mut core = Core::new("");
        for (index, (kind, data, hours, late)) in events.iter().enumerate() {
            // The watermark stays where it is, so that nothing expires.
            let _ = late;
            core.read_as(&format!("e{index}"), kind, at(*hours), data, true);
        }
        for (place, counted) in &core.sums {
            let [assessed, selected, controlled, concluded, hits, resolved, reported] = *counted;
            prop_assert!(assessed >= selected && selected >= controlled && controlled >= concluded && concluded >= hits,
                "{place:?}: {counted:?}");
            prop_assert!(selected >= resolved && selected >= reported, "{place:?}: {counted:?}");
        }
        let each = core.facts.iter().chain(&core.finals).flat_map(|facts| [facts.home, facts.other]).flatten();
        for contribution in each {
            let [assessed, selected, controlled, concluded, hits, resolved, reported] = stages(&contribution);
            prop_assert!(assessed >= selected && selected >= controlled && controlled >= concluded && concluded >= hits);
            prop_assert!(selected >= resolved && selected >= reported);
        }
    }

    /// The same for the facts that evidence reads, of events in time in any order.
    #[test]
    fn no_stage_of_a_final_fact_exceeds_the_one_before_it(events in prop::collection::vec(any_event(), 1..10)) {
        let mut core = Core::new("");
        let mut events: Vec<_> = events.iter().enumerate().collect();
        events.sort_by_key(|(_, (_, _, hours, _))| *hours);
        for (index, (kind, data, hours, _)) in events {
            core.read_as(&format!("e{index}"), kind, at(*hours), data, false);
        }
        for contribution in core.facts.iter().chain(&core.finals).flat_map(|facts| [facts.home, facts.other]).flatten() {
            let [assessed, selected, controlled, concluded, hits, resolved, reported] = stages(&contribution);
            prop_assert!(assessed >= selected && selected >= controlled && controlled >= concluded && concluded >= hits);
            prop_assert!(selected >= resolved && selected >= reported);
        }
    }
}

/// Each selection that is refused, and that says otherwise, is missing where and when it would count: whatever came first.
#[test]
fn every_refused_selection_is_missing_where_it_would_count() {
    // So late that no order makes an event late.
    let config = CONFIG
        .replace("rolling = [\"30d\", \"90d\"]", "allowed_lateness = \"20d\"\nrolling = [\"7d\", \"30d\", \"90d\"]")
        + "[profiles.q]\nowner = \"o\"\n";
    let of = |profile: &str, case: i64, picked: bool, id: &str, hours: i64| {
        let data = json!({ "case_id": format!("c{case}"), "profile": profile, "selected": picked, "groups": { "origin": "a" } });
        event("selection", id, at(hours).plus(Span::SECOND.times(case)), &data)
    };
    let mut payloads = Vec::new();
    for case in 0..50 {
        payloads.push(of("p", case, false, "first", 1));
        payloads.push(of("q", case, true, "second", 6 * 24));
        payloads.push(of("q", case, true, "third", 6 * 24 + 1));
        payloads.push(of("p", case, false, "the same again", 7 * 24));
        let mut unknown = of("q", case, false, "corrects nothing", 7 * 24 + 1);
        unknown = String::from_utf8(unknown)
            .unwrap()
            .replace("\"profile\"", "\"revises\":\"nobody\",\"profile\"")
            .into_bytes();
        payloads.push(unknown);
    }
    let conflicts = |payloads: &[Vec<u8>]| {
        let document = replayed_until(&config, at(12 * 24), payloads);
        let findings = document["findings"].as_array().unwrap();
        let of = |profile: &str, window: &str| {
            let is_asked = |finding: &&Value| {
                (&finding["profile"], &finding["window"], &finding["group"])
                    == (&json!(profile), &json!(window), &json!("a"))
            };
            let missing = &findings.iter().find(is_asked).unwrap()["missing"]["group"];
            (missing["by_cause"]["conflict"].as_u64().unwrap_or(0), missing["events"].as_u64().unwrap())
        };
        [of("p", "30d"), of("q", "7d"), of("q", "30d")]
    };
    let expected = [(0, 0), (150, 100), (150, 100)];
    assert_eq!(conflicts(&payloads), expected);
    payloads.reverse();
    assert_eq!(conflicts(&payloads), expected);
}
