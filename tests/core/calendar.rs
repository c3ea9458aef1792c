//! Periods of the calendar: their figures are those of a count over the events, they are told once a day, and they outlive restarts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_wrap)]

use std::collections::BTreeMap;
use std::sync::Arc;

use paritywatch::checkpoint::{CheckpointError, History, HistoryReader, Owner};
use paritywatch::disclosure::{Kept, Published, PublishedFinding, PublishedPeriods};
use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Output, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Period, PeriodKind, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::{HistoryLimits, Settings};
use serde_json::{Value, json};

const KEY: PseudonymKey = PseudonymKey([7; 16]);
const GROUPS: [&str; 3] = ["a", "b", "c"];
const LIMITS: HistoryLimits =
    HistoryLimits { keep: Span(2_557 * 86_400_000), full_resolution: Span(35 * 86_400_000), max_bytes: 4 << 30 };

const CONFIG: &str = r#"
[report]
periods = ["month", "quarter", "year"]
[profiles.p]
owner = "o"
[profiles.q]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b", "c"]
[window]
rolling = ["24h", "50d"]
history = "500d"
allowed_lateness = "1h"
cohort_max_age = "40d"
"#;

fn plan(config: &str, rules: &[(&str, &str)]) -> Plan {
    let mut text = format!("{config}{CONFIG}");
    for (name, rest) in rules {
        text.push_str(&format!("[[rules]]\nname = \"{name}\"\nprofiles = [\"p\"]\nevidence = \"interval\"\n{rest}\n"));
    }
    Settings::parse(&text, "calendar.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

const OPEN: &str = "[privacy]\nmin_cell = 0\nreason = \"made up\"\n";
const CLOSED: &str = "[privacy]\nmin_cell = 10\n";

fn at(text: &str) -> EventTime {
    EventTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn event(kind: &str, id: &str, at: EventTime, data: &Value) -> Vec<u8> {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap().to_string();
    let event = json!({
        "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/t", "id": id, "time": time, "data": data,
    });
    serde_json::to_vec(&event).unwrap()
}

/// What is true of a case, and since when.
struct Case {
    group: usize,
    at: EventTime,
    selected: bool,
    controlled: Option<EventTime>,
    /// Whether there was a violation, by when that was said.
    outcomes: Vec<(EventTime, bool)>,
}

/// Cases over a year's end and a leap day, with outcomes that come late and are corrected.
fn cases() -> Vec<Case> {
    let begin = at("2027-11-20T00:00:00Z");
    let case = |number: i64| {
        let at = begin.plus(Span::MINUTE.times(137 * number));
        let selected = number % 2 == 0;
        let controlled = (number % 4 == 0).then(|| at.plus(Span::HOUR.times(30)));
        let first = controlled.filter(|_| number % 3 != 1).map(|at| at.plus(Span::HOUR.times(number % 35 * 24)));
        let found = number % 5 == 0;
        let corrected = first.filter(|_| number % 7 == 0).map(|at| (at.plus(Span::DAY.times(9)), !found));
        let outcomes = first.map(|at| (at, found)).into_iter().chain(corrected).collect();
        Case { group: usize::try_from(number % 7 % 3).unwrap(), at, selected, controlled, outcomes }
    };
    (0..1_500).map(case).collect()
}

/// All events of the cases, by time.
fn events(cases: &[Case]) -> Vec<(EventTime, Vec<u8>)> {
    let mut events = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let id = format!("c{number}");
        let groups = json!({ "origin": GROUPS[case.group] });
        let selection = json!({ "case_id": id, "profile": "p", "selected": case.selected, "groups": groups });
        events.push((case.at, event("selection", &format!("{id}-s"), case.at, &selection)));
        if let Some(at) = case.controlled {
            events.push((at, event("control", &format!("{id}-c"), at, &json!({ "case_id": id, "control_id": "k" }))));
        }
        let mut before: Option<String> = None;
        for (index, (at, found)) in case.outcomes.iter().enumerate() {
            let name = format!("{id}-o{index}");
            let outcome = if *found { "violation" } else { "no_violation" };
            let mut data = json!({ "case_id": id, "control_id": "k", "outcome": outcome });
            if let Some(before) = &before {
                data["revises"] = json!(before);
            }
            events.push((*at, event("outcome", &name, *at, &data)));
            before = Some(name);
        }
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

/// Of each group: assessed, selected, controlled, concluded and hits of a period, by what was known before a time.
fn oracle(cases: &[Case], period: &Period, known: EventTime) -> [[u64; 5]; 3] {
    let mut counts = [[0; 5]; 3];
    let of_period = |case: &&Case| period.start() <= case.at && case.at < period.end() && case.at < known;
    for case in cases.iter().filter(of_period) {
        let outcome = case.outcomes.iter().rfind(|(at, _)| *at < known).map(|(_, found)| *found);
        let reached = [
            true,
            case.selected,
            case.controlled.is_some_and(|at| at < known),
            outcome.is_some(),
            outcome == Some(true),
        ];
        counts[case.group].iter_mut().zip(reached).for_each(|(count, reached)| *count += u64::from(reached));
    }
    counts
}

const RULES: [(&str, &str); 4] = [
    ("selection", "indicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25"),
    ("controls", "indicator = \"control_frequency\"\nwarning = 1.1\ncritical = 1.25"),
    ("unfounded", "indicator = \"unfounded_rate\"\nwarning = 1.1\ncritical = 1.25"),
    ("hits", "indicator = \"hit_rate\"\nwindows = [\"50d\"]\nwarning = 0.9\ncritical = 0.8"),
];

/// The days of a replay, and its end.
fn days(plan: Plan, events: &[(EventTime, Vec<u8>)]) -> Vec<Arc<Published>> {
    let end = events.last().unwrap().0;
    let mut monitor = Monitor::new(plan, KEY, Clock::Event { as_of: Some(end) });
    monitor.publish_days();
    monitor.add_partition(PartitionIndex(0), end);
    let mut days = Vec::new();
    let poll = |monitor: &mut Monitor, days: &mut Vec<Arc<Published>>| {
        while let Some(output) = monitor.poll_output() {
            if let Output::Published(published) = output {
                days.push(published);
            }
        }
    };
    for (_, payload) in events {
        let record = RawRecord { payload, headers: &[], timestamp: None };
        assert_eq!(monitor.handle_record(PartitionIndex(0), &record, end), Handled::Accepted);
        poll(&mut monitor, &mut days);
    }
    monitor.finish();
    poll(&mut monitor, &mut days);
    days
}

fn counts(finding: &PublishedFinding) -> [u64; 2] {
    finding.group_counts.map_or([0, 0], |counts| [counts.exposed, counts.events])
}

#[test]
fn the_figures_of_periods_are_those_of_the_events() {
    let cases = cases();
    let days = days(plan(OPEN, &RULES), &events(&cases));
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    let (mut compared, mut finals, mut late) = (0, 0, 0);
    for day in &days {
        let periods = day.periods().unwrap();
        // The last one is inclusive.
        let known = if Arc::ptr_eq(day, days.last().unwrap()) { EventTime(i64::MAX) } else { periods.as_of };
        assert_eq!(periods.as_of, day.as_of());
        for of in &periods.periods {
            *told.entry(of.period.label.clone()).or_default() += 1;
            assert_eq!(of.counted_to, of.period.end().min(day.as_of()));
            let truth = oracle(&cases, &of.period, known);
            late += u64::from(of.counted_to < day.as_of() && truth != oracle(&cases, &of.period, of.period.end()));
            let is_it = |window: &str| window == of.period.label;
            for row in periods.funnel.iter().filter(|row| is_it(&row.window)) {
                let group = GROUPS.iter().position(|group| *group == row.group).unwrap();
                assert_eq!(row.stages, truth[group].map(Some), "{} {:?} on {}", row.group, of, day.as_of().0);
            }
            for finding in periods.findings.iter().filter(|finding| is_it(&finding.window)) {
                let group = GROUPS.iter().position(|group| finding.group.as_deref() == Some(group)).unwrap();
                let [assessed, selected, controlled, concluded, hits] = truth[group];
                let expected = match finding.rule.as_str() {
                    "selection" => [assessed, selected],
                    "controls" => [assessed, controlled],
                    "unfounded" => [assessed, concluded - hits],
                    _ if of.is_final => [concluded, hits],
                    // Those of sealed cohorts.
                    _ => counts(finding),
                };
                assert_eq!(counts(finding), expected, "{} {:?}", finding.rule, of);
                let rest = truth.iter().enumerate().filter(|(other, _)| *other != group);
                let rest = rest.fold([0; 5], |sum, (_, other)| std::array::from_fn(|stage| sum[stage] + other[stage]));
                let of_rest = finding.reference_counts.map_or(0, |counts| counts.exposed);
                if finding.rule != "hits" || of.is_final {
                    assert_eq!(of_rest, rest[if finding.rule == "hits" { 3 } else { 0 }]);
                }
                compared += 1;
                finals += u64::from(of.is_final && finding.rule == "hits");
            }
        }
    }
    assert!(compared > 10_000 && finals >= 9 && late > 20, "{compared} {finals} {late}");
    // Every kind, over the year's end and the leap day, and each until its outcomes have settled and once more: 40 days and an hour.
    for label in ["2027-11", "2027-12", "2028-01", "2028-02", "2027-Q4", "2028-Q1", "2027", "2028"] {
        assert!(told.contains_key(label), "{label} of {told:?}");
    }
    let in_leap_month = days.iter().filter(|day| at("2028-02-01T00:00:00Z") <= day.as_of()).count();
    assert_eq!(told["2028-02"], in_leap_month.min(29 + 42), "{told:?}");
    assert_eq!(told["2027-12"], 31 + 42, "{told:?}");
    assert!(told["2027"] >= 42 && !told.contains_key("2026"), "{told:?}");
}

/// The days of a replay come in order, one for each, and the rolling windows are those of a replay without them.
#[test]
fn a_replay_publishes_each_day_and_its_end() {
    let events = events(&cases());
    let days = days(plan(OPEN, &RULES), &events);
    let begins: Vec<i64> = days.iter().map(|day| day.as_of().0).collect();
    let first = events[0].0.0.div_euclid(Span::DAY.0) + 1;
    let end = events.last().unwrap().0;
    let expected: Vec<i64> =
        (first..=end.0.div_euclid(Span::DAY.0)).map(|day| day * Span::DAY.0).chain([end.0]).collect();
    assert_eq!(begins, expected);
    let mut plain = Monitor::new(plan(OPEN, &RULES), KEY, Clock::Event { as_of: Some(end) });
    plain.add_partition(PartitionIndex(0), end);
    for (_, payload) in &events {
        plain.handle_record(PartitionIndex(0), &RawRecord { payload, headers: &[], timestamp: None }, end);
    }
    assert!(plain.poll_output().is_none());
    plain.finish();
    let published = plain.published();
    assert_eq!(published.to_json(), days.last().unwrap().to_json());
    assert!(published.periods().is_none(), "nobody asked for days");
    let without = plan(OPEN, &RULES);
    let half = &days[days.len() / 2];
    let until: Vec<_> = events.iter().filter(|(at, _)| *at < half.as_of()).cloned().collect();
    let mut cut = Monitor::new(without, KEY, Clock::Event { as_of: Some(half.as_of()) });
    cut.add_partition(PartitionIndex(0), end);
    for (_, payload) in &until {
        cut.handle_record(PartitionIndex(0), &RawRecord { payload, headers: &[], timestamp: None }, end);
    }
    cut.finish();
    assert_eq!(cut.published().findings(), half.findings());
}

/// A monitor of a daemon, and how many events it has had.
struct Feed {
    monitor: Monitor,
    events: u64,
}

impl Feed {
    fn new(plan: Plan) -> Self {
        let mut monitor = Monitor::new(plan, KEY, Clock::Wall);
        monitor.add_partition(PartitionIndex(0), EventTime(0));
        Self { monitor, events: 0 }
    }

    fn tally(&mut self, profile: &str, time: EventTime, group: &str, counts: [u64; 2]) {
        self.events += 1;
        let [assessed, selected] = counts;
        let data = json!({ "profile": profile, "groups": { "origin": group }, "counts": { "assessed": assessed, "selected": selected } });
        let payload = event("tally", &self.events.to_string(), time, &data);
        let record = RawRecord { payload: &payload, headers: &[], timestamp: Some(time) };
        assert_eq!(self.monitor.handle_record(PartitionIndex(0), &record, time), Handled::Accepted);
    }

    /// Large counts of every group.
    fn fill(&mut self, time: EventTime) {
        for (group, counts) in [("a", [9_000, 2_000]), ("b", [3_000, 900]), ("c", [900, 300])] {
            self.tally("p", time, group, counts);
        }
    }

    fn tick(&mut self, time: EventTime) -> Arc<Published> {
        // So many events in a row support a time, whatever came before.
        (0..100).for_each(|_| self.tally("q", time, "a", [1, 0]));
        self.monitor.handle_tick(time);
        self.monitor.published()
    }

    fn restarted(self, plan: &Plan) -> Self {
        let snapshot = self.monitor.snapshot();
        let section = |index: usize| (index < SECTIONS).then(|| snapshot.section(index).unwrap());
        let monitor = Monitor::restore(plan.clone(), KEY, Clock::Wall, section).unwrap();
        Self { monitor, ..self }
    }
}

fn labels(periods: &PublishedPeriods) -> Vec<&str> {
    periods.periods.iter().map(|of| of.period.label.as_str()).collect()
}

fn selected(periods: &PublishedPeriods, label: &str) -> Vec<Option<u64>> {
    let of = periods.findings.iter().filter(|finding| finding.window == label);
    of.map(|finding| finding.group_counts.map(|counts| counts.events)).collect()
}

#[test]
fn periods_are_told_by_the_first_release_of_a_day() {
    let plan = plan(CLOSED, &RULES[..1]);
    let mut feed = Feed::new(plan);
    feed.fill(at("2026-03-30T10:00:00Z"));
    let first = feed.tick(at("2026-03-30T11:00:00Z"));
    let told = Arc::clone(first.periods().unwrap());
    assert_eq!(labels(&told), ["2026-03", "2026-02", "2026-Q1", "2026"], "{told:?}");
    assert_eq!(selected(&told, "2026-Q1"), [Some(2_000), Some(900), Some(300)]);
    // The rows of February have nobody, and a zero is small.
    assert_eq!(selected(&told, "2026-02"), [None; 3]);
    assert!(!first.to_json().contains("2026-Q1"), "nothing but reports reads them");
    // More cases in the same day: the next release has other numbers, and periods stand.
    feed.fill(at("2026-03-30T12:10:00Z"));
    let later = feed.tick(at("2026-03-30T13:00:00Z"));
    assert_ne!(later.released_at(), first.released_at());
    assert!(Arc::ptr_eq(later.periods().unwrap(), &told));
    let next = feed.tick(at("2026-03-31T00:00:10Z"));
    assert_eq!(selected(next.periods().unwrap(), "2026-Q1"), [Some(4_000), Some(1_800), Some(600)]);
    // Another quarter: the one before it is told as what is since its beginning without what is since its end.
    feed.fill(at("2026-04-01T10:00:00Z"));
    let over = feed.tick(at("2026-04-02T00:00:10Z"));
    let over = over.periods().unwrap();
    assert_eq!(labels(over), ["2026-04", "2026-03", "2026-02", "2026-Q2", "2026-Q1", "2026"]);
    assert_eq!(selected(over, "2026-Q1"), [Some(4_000), Some(1_800), Some(600)]);
    assert_eq!(selected(over, "2026-Q2"), [Some(2_000), Some(900), Some(300)]);
    assert_eq!(selected(over, "2026"), [Some(6_000), Some(2_700), Some(900)]);
    let rows = |label: &str| over.funnel.iter().filter(|row| row.window == label).map(|row| row.stages[1]).collect();
    let (first, year): (Vec<_>, Vec<_>) = (rows("2026-Q1"), rows("2026"));
    assert_eq!((first[0], year[0]), (Some(4_000), Some(6_000)));
}

#[test]
fn a_period_that_differs_by_few_is_not_told() {
    let plan = plan(CLOSED, &RULES[..1]);
    let mut feed = Feed::new(plan);
    feed.fill(at("2026-02-10T10:00:00Z"));
    feed.tally("p", at("2026-03-10T10:00:00Z"), "c", [40, 4]);
    feed.tally("p", at("2026-03-10T10:00:00Z"), "a", [9_000, 2_000]);
    feed.tally("p", at("2026-03-10T10:00:00Z"), "b", [3_000, 900]);
    feed.fill(at("2026-04-01T10:00:00Z"));
    let told = feed.tick(at("2026-04-02T00:00:10Z"));
    let told = told.periods().unwrap();
    // Four of group c in March. What is since March and since April is large.
    assert_eq!(selected(told, "2026-03"), [Some(2_000), Some(900), None], "{:?}", told.findings);
    let row = told.funnel.iter().find(|row| row.window == "2026-03" && row.group == "c").unwrap();
    assert_eq!(row.stages[1], None, "{row:?}");
}

/// What the history has of periods: labels, and the selected of group a.
fn kept(history: &HistoryReader, day: &str) -> BTreeMap<String, Option<u64>> {
    let day = at(&format!("{day}T00:00:00Z")).0 / Span::DAY.0;
    let mut rows = BTreeMap::new();
    let walked = history.walk(day..=day, |step| {
        let of_periods = step.findings.iter().filter(|(key, _)| key.is_of_period());
        let of_group = of_periods.filter(|(key, _)| key.group.as_deref() == Some("a"));
        let now: BTreeMap<_, _> =
            of_group.map(|(key, row)| (key.window.clone(), row.group_counts.map(|[_, events]| events))).collect();
        // Between two releases it has what has changed.
        if step.entry.is_release {
            rows = now;
        } else {
            rows.extend(now);
        }
        Ok::<(), CheckpointError>(())
    });
    walked.unwrap();
    rows
}

fn row(label: &str, events: u64) -> (String, Option<u64>) {
    (label.to_owned(), Some(events))
}

#[test]
fn a_restart_neither_doubles_nor_loses_a_period() {
    let folder = tempfile::tempdir().unwrap();
    let reader = HistoryReader::new(folder.path());
    let plan = plan(CLOSED, &RULES[..1]);
    let mut feed = Feed::new(plan.clone());
    let take = |history: &mut History, published: &Published, time: EventTime| {
        history.add(&Kept::of(published, &[]), time, Span::HOUR).unwrap();
    };
    let mut history = History::open(&Owner::claim(folder.path()).unwrap(), LIMITS).unwrap();
    feed.fill(at("2026-03-30T10:00:00Z"));
    let tick = |feed: &mut Feed, history: &mut History, time: &str| {
        let published = feed.tick(at(time));
        take(history, &published, at(time));
        published
    };
    tick(&mut feed, &mut history, "2026-03-30T11:00:00Z");
    feed.fill(at("2026-03-30T12:10:00Z"));
    let told: BTreeMap<_, _> = [row("2026-03", 2_000), row("2026-Q1", 2_000), row("2026", 2_000)].into();
    let with_february = |mut rows: BTreeMap<String, Option<u64>>| {
        rows.insert("2026-02".to_owned(), None);
        rows
    };
    assert_eq!(kept(&reader, "2026-03-30"), with_february(told.clone()));
    drop(history);
    // The daemon starts again, in the middle of the day.
    let mut feed = feed.restarted(&plan);
    let mut history = History::open(&Owner::claim(folder.path()).unwrap(), LIMITS).unwrap();
    let after = tick(&mut feed, &mut history, "2026-03-30T14:00:00Z");
    assert!(after.periods().is_none(), "they were told");
    assert_eq!(kept(&reader, "2026-03-30"), with_february(told));
    tick(&mut feed, &mut history, "2026-03-31T00:30:00Z");
    let told: BTreeMap<_, _> = [row("2026-03", 4_000), row("2026-Q1", 4_000), row("2026", 4_000)].into();
    assert_eq!(kept(&reader, "2026-03-31"), with_february(told));
    // Another configuration may withhold them: until they are told anew they are gone.
    let other = Plan { config_hash: "another".to_owned(), ..plan };
    let mut feed = feed.restarted(&other);
    tick(&mut feed, &mut history, "2026-03-31T00:40:00Z");
    assert_eq!(kept(&reader, "2026-03-31"), BTreeMap::new());
    tick(&mut feed, &mut history, "2026-03-31T01:10:00Z");
    assert_eq!(kept(&reader, "2026-03-31").len(), 4);
    // February settles on the tenth of April, and is told once more after that.
    for (day, is_there) in [("2026-04-08", true), ("2026-04-11", true), ("2026-04-12", false)] {
        feed.fill(at(&format!("{day}T00:20:00Z")));
        tick(&mut feed, &mut history, &format!("{day}T01:00:00Z"));
        assert_eq!(kept(&reader, day).contains_key("2026-02"), is_there, "{day}");
    }
}

/// A daemon that was killed counts again from its checkpoint, and tells the same day with other numbers.
#[test]
fn what_was_told_first_stays_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let reader = HistoryReader::new(folder.path());
    let plan = plan(CLOSED, &RULES[..1]);
    let mut feed = Feed::new(plan.clone());
    feed.fill(at("2026-03-30T10:00:00Z"));
    let snapshot = feed.monitor.snapshot();
    let add = |published: &Published, time: &str| {
        let mut history = History::open(&Owner::claim(folder.path()).unwrap(), LIMITS).unwrap();
        history.add(&Kept::of(published, &[]), at(time), Span::HOUR).unwrap();
    };
    add(&feed.tick(at("2026-03-30T11:00:00Z")), "2026-03-30T11:00:00Z");
    let first = kept(&reader, "2026-03-30");
    let section = |index: usize| (index < SECTIONS).then(|| snapshot.section(index).unwrap());
    let monitor = Monitor::restore(plan, KEY, Clock::Wall, section).unwrap();
    let mut again = Feed { monitor, events: feed.events };
    again.fill(at("2026-03-30T11:10:00Z"));
    let second = again.tick(at("2026-03-30T11:20:00Z"));
    assert_eq!(selected(second.periods().unwrap(), "2026"), [Some(4_000), Some(1_800), Some(600)]);
    add(&second, "2026-03-30T11:20:00Z");
    assert_eq!(kept(&reader, "2026-03-30"), first);
    assert_eq!(first["2026"], Some(2_000));
}

#[test]
fn other_periods_are_told_after_a_reload() {
    let mut plan = plan(CLOSED, &RULES[..1]);
    let mut feed = Feed::new(plan.clone());
    feed.fill(at("2026-03-30T10:00:00Z"));
    assert_eq!(labels(feed.tick(at("2026-03-30T11:00:00Z")).periods().unwrap()).len(), 4);
    plan.periods = vec![PeriodKind::Year];
    feed.monitor.change_plan(plan.clone()).unwrap();
    assert!(feed.tick(at("2026-03-30T11:10:00Z")).periods().is_none(), "numbers change with releases");
    assert_eq!(labels(feed.tick(at("2026-03-30T12:10:00Z")).periods().unwrap()), ["2026"]);
    plan.periods = Vec::new();
    feed.monitor.change_plan(plan).unwrap();
    let none = feed.tick(at("2026-03-30T13:10:00Z"));
    assert_eq!(labels(none.periods().unwrap()), [""; 0]);
    assert!(Kept::of(&none, &[]).periods.is_some(), "so that the history knows that there are none any more");
    assert!(feed.tick(at("2026-04-30T13:10:00Z")).periods().is_some());
}

#[test]
fn a_period_that_began_before_the_history_is_not_told() {
    let mut plan = plan(CLOSED, &RULES[..1]);
    plan.window.history = Span::DAY.times(60);
    let mut feed = Feed::new(plan);
    feed.fill(at("2026-03-30T10:00:00Z"));
    let told = feed.tick(at("2026-03-30T11:00:00Z"));
    assert_eq!(labels(told.periods().unwrap()), ["2026-03", "2026-02"]);
}

/// What a day's first release costs, and what a checkpoint holds, with 100 profiles of 5 groups.
#[test]
#[ignore = "measures"]
fn what_a_day_costs() {
    let profiles: String = (0..100).map(|number| format!("[profiles.r{number:02}]\nowner = \"o\"\n")).collect();
    let cases = [(OPEN, 0), (OPEN, 2), (CLOSED, 0), (CLOSED, 2), (CLOSED, 3)];
    for (disclosure, kinds) in cases.map(|(text, kinds)| (text, &PeriodKind::ALL[3 - kinds..])) {
        let config = format!(
            "{disclosure}{profiles}[dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\", \"c\", \"d\", \"e\"]\n\
             [[rules]]\nname = \"s\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n\
             [[rules]]\nname = \"h\"\nindicator = \"hit_rate\"\nwindows = [\"90d\"]\nwarning = 0.9\ncritical = 0.8\n"
        );
        let mut plan = Settings::parse(&config, "cost.toml", std::iter::empty()).unwrap().plan;
        plan.periods = kinds.to_vec();
        let mut feed = Feed::new(plan);
        for day in 0..130 {
            let time = at("2026-01-01T00:30:00Z").plus(Span::DAY.times(day));
            for profile in 0..100 {
                for (group, more) in [("a", 900), ("b", 500), ("c", 90), ("d", 40), ("e", 3)] {
                    feed.tally(&format!("r{profile:02}"), time, group, [more * 2, more]);
                }
            }
        }
        let timed = |feed: &mut Feed, time: &str| {
            let profile = "r00";
            (0..100).for_each(|_| feed.tally(profile, at(time), "a", [1, 0]));
            let began = std::time::Instant::now();
            feed.monitor.handle_tick(at(time));
            began.elapsed()
        };
        timed(&mut feed, "2026-05-11T00:30:00Z");
        let day = timed(&mut feed, "2026-05-12T00:00:10Z");
        let hour = timed(&mut feed, "2026-05-12T01:00:10Z");
        let tick = timed(&mut feed, "2026-05-12T01:00:20Z");
        let bytes = feed.monitor.snapshot().section(0).unwrap().len();
        let rows = feed.monitor.published().periods().map_or(0, |told| told.findings.len());
        println!(
            "{kinds:?} {}: day {day:?}, release {hour:?}, tick {tick:?}, section 0 {bytes} bytes, {rows} rows",
            disclosure.lines().nth(1).unwrap()
        );
    }
}

#[test]
fn one_period_has_one_name_however_it_is_written() {
    for (written, label) in [
        ("2025-04-01..2025-06-30", "2025-Q2"),
        ("2025-02-01..2025-02-28", "2025-02"),
        ("2025-01-01..2025-12-31", "2025"),
        ("2025-04-05..2025-04-05", "2025-04-05"),
        ("2025-04-01..2025-05-31", "2025-04-01..2025-05-31"),
        ("2025-04-02..2025-06-30", "2025-04-02..2025-06-30"),
    ] {
        let period = Period::parse(written).unwrap();
        assert_eq!(period.label, label);
        assert_eq!(Period::parse(label), Some(period), "{written}");
    }
}
