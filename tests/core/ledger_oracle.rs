//! The ledger and the windows against a naive batch oracle. Any order of arrival and any interleaving of partitions,
//! with second deliveries, must lead to the same counts.
//!
//! The oracle sees each event once, sorted. It knows nothing of tables, records and folding, nor of what was closed
//! when.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::effort::attempts;
use crate::support::plan;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use paritywatch::event::{Attributes, Control, Data, Event, Membership, Outcome, OutcomeReport, Selection, Skimmed};
use paritywatch::ledger::{
    AttributeTable, CaseChange, CaseFacts, Contribution, Effects, FinalChange, Ledger, PseudonymKey, ReadyRecord,
    Spans, Timing,
};
use paritywatch::plan::{
    Channel, DimensionId, Disparity, EventTime, Evidence, HandlingTerms, Indicator, Measure, Plan, ProfileId,
    Reference, Rule, RuleKind, Slot, Span,
};
use paritywatch::statistics::Confidence;
use paritywatch::window::{CellKey, Counts, Range, Windows};
use plan::plan;
use proptest::prelude::*;

/// 2026-01-01T00:00:00Z
const START: EventTime = EventTime(1_767_225_600_000);

const GROUPS: [&str; 3] = ["a", "b", "elsewhere"];
const CHANNELS: [Channel; 4] = [Channel::Profile, Channel::Random, Channel::Signal, Channel::Manual];
const MANUAL: usize = 3;

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
/// How long cases are kept, those not picked, those whose group is not known and all others, and how late events may be.
/// In minutes.
const NOT_SELECTED: i64 = 7 * DAY;
const MEMBERSHIP: i64 = 12 * DAY;
const HISTORY: i64 = 30 * DAY;
const LATENESS: i64 = 10;

/// An event of one of a few cases.
#[derive(Clone, Debug)]
struct Spec {
    id: u32,
    case: u8,
    minute: i64,
    /// How much later than its time it comes in its partition, in minutes.
    delay: i64,
    partition: usize,
    /// How many events come before its second delivery, where there is one.
    again: Option<usize>,
    what: What,
}

/// An event as it arrives, as far as the log shows.
#[derive(Clone, Debug)]
struct Delivery {
    spec: Spec,
    /// The largest time in its partition so far.
    seen: i64,
    /// When it arrived, in event time.
    arrived: i64,
    late: bool,
}

/// How long cases are kept, in minutes.
#[derive(Clone, Copy, Debug)]
struct Kept {
    not_selected: i64,
    membership: i64,
    history: i64,
    lateness: i64,
}

const KEPT: Kept = Kept { not_selected: NOT_SELECTED, membership: MEMBERSHIP, history: HISTORY, lateness: LATENESS };

#[derive(Clone, Debug)]
enum What {
    Selection {
        selected: bool,
        channel: usize,
        group: Option<usize>,
        revises: Option<u32>,
    },
    Control {
        control: Option<u8>,
        performed: bool,
        outcome: Option<Outcome>,
        with_profile: bool,
        channel: Option<usize>,
        group: Option<usize>,
    },
    Outcome {
        control: Option<u8>,
        outcome: Outcome,
        revises: Option<u32>,
    },
    Attributes {
        group: usize,
    },
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(2_000), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn any_order_with_duplicates_gives_the_oracles_counts(specs in events(1), seed in any::<u64>()) {
        let expected = oracle(&deliveries(&specs, |_| false));
        for arrival in [sorted(&specs), reversed(&specs), shuffled_with_duplicates(&specs, seed)] {
            prop_assert_eq!(&count(&arrival), &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(2_000), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// Evidence reads the facts of each hour of event time, of events in time alone, in whatever order they arrived.
    #[test]
    fn any_order_gives_the_oracles_final_counts(specs in events(1), seed in any::<u64>(), hours in 0_i64..200) {
        let known: Vec<Spec> =
            specs.iter().filter(|spec| !is_late(spec) && spec.minute < hours * HOUR).cloned().collect();
        let expected = oracle(&deliveries(&known, |_| false));
        for arrival in [sorted(&specs), reversed(&specs), shuffled_with_duplicates(&specs, seed)] {
            prop_assert_eq!(&count_final(&arrival, hours), &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(3_000), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// How partitions interleave decides when the watermark closes a case.
    #[test]
    fn any_interleaving_gives_the_oracles_counts(specs in events(6), seeds in any::<[u64; 3]>(), hours in 0_i64..1_200) {
        let log = log(&specs);
        let once: Vec<Delivery> = first_deliveries(&log);
        let expected = oracle(&once);
        let mut known = once.clone();
        known.retain(|delivery| !delivery.late && delivery.spec.minute < hours * HOUR);
        let expected_finals = oracle(&known);
        let one_after_the_other = [log[0].clone(), log[1].clone()].concat();
        let the_other_way_round = [log[1].clone(), log[0].clone()].concat();
        let mixed = seeds.map(|seed| interleaved(&log, seed));
        let missing = count_log(&one_after_the_other, hours).missing;
        prop_assert!(missing.is_empty() || once.iter().any(|delivery| delivery.late));
        for arrival in [one_after_the_other, the_other_way_round].iter().chain(&mixed) {
            let counted = count_log(arrival, hours);
            prop_assert_eq!(&counted.windows, &expected);
            prop_assert_eq!(&counted.finals, &expected_finals);
            prop_assert_eq!(&counted.missing, &missing);
            prop_assert_eq!(&counted.with_missing, &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(3_000), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// Cases are kept by other spans from some moment on. What had expired stays as it was counted. All the rest counts
    /// as if the new spans had always been in force.
    #[test]
    fn other_horizons_give_the_oracles_counts(
        specs in events(6), seed in any::<u64>(), kept in horizons(), place in 0_usize..30, hours in 0_i64..1_200
    ) {
        let told = told_in_two(&interleaved(&log(&specs), seed), place, &kept);
        let mut core = Core::new();
        told.before.iter().for_each(|(delivery, watermark)| core.join(delivery, moment(*watermark)));
        core.change(&kept, moment(told.watermark), told.first_hour());
        told.after.iter().for_each(|(delivery, watermark)| core.join(delivery, moment(*watermark)));
        let expected = told.oracle(&kept, |_| true);
        let counted = core.counted(hours);
        prop_assert_eq!(&counted.with_missing, &expected);
        prop_assert_eq!(&counted.windows, &expected);
        let of_hours = |delivery: &Delivery| !delivery.late && delivery.spec.minute < hours * HOUR;
        // Hours that were final before have not changed.
        let kept = if START.0.div_euclid(Span::HOUR.0) + hours <= i64::from(told.first_hour()) { KEPT } else { kept };
        prop_assert_eq!(&counted.finals, &told.oracle(&kept, of_hours));
    }
}

/// The short way proves nothing unless it is taken.
#[test]
fn cases_are_opened_by_the_record_of_the_first() {
    let selection = What::Selection { selected: true, channel: 0, group: Some(0), revises: None };
    let specs = (0_u8..3).map(|case| Spec {
        id: case.into(),
        case,
        minute: case.into(),
        delay: 0,
        partition: 0,
        again: None,
        what: selection.clone(),
    });
    let mut core = Core::new();
    deliveries(&specs.collect::<Vec<_>>(), |_| false).iter().for_each(|delivery| core.join(delivery, START));
    assert_eq!(core.opened, 2);
}

fn horizons() -> impl Strategy<Value = Kept> {
    let lateness = prop_oneof![Just(LATENESS), 1..3 * DAY];
    let history = prop_oneof![Just(HISTORY), 10 * DAY..60 * DAY];
    let not_selected = prop_oneof![Just(NOT_SELECTED), DAY..20 * DAY];
    let membership = prop_oneof![Just(MEMBERSHIP), DAY..30 * DAY];
    (not_selected, membership, history, lateness).prop_map(|(not_selected, membership, history, lateness)| Kept {
        not_selected,
        membership: membership.max(not_selected),
        history,
        lateness,
    })
}

/// Deliveries before and after a change of spans, each with the watermark at which it came.
struct Told {
    before: Vec<(Delivery, i64)>,
    after: Vec<(Delivery, i64)>,
    /// At the change.
    watermark: i64,
}

fn told_in_two(log: &[Delivery], place: usize, kept: &Kept) -> Told {
    let mut told = Told { before: Vec::new(), after: Vec::new(), watermark: i64::MIN };
    let mut seen = [i64::MIN; 2];
    // An id is remembered at least this long, however late events may be.
    let remembered = |delivery: &&Delivery| delivery.seen <= delivery.spec.minute + NOT_SELECTED;
    let first: BTreeSet<u32> = BTreeSet::new();
    let known =
        |first: &mut BTreeSet<u32>, delivery: &&Delivery| first.insert(delivery.spec.id) || remembered(delivery);
    for (index, delivery) in
        log.iter().scan(first, |first, delivery| Some(known(first, &delivery).then_some(delivery))).enumerate()
    {
        let Some(delivery) = delivery else { continue };
        seen[delivery.spec.partition] = delivery.seen;
        let watermark = seen.into_iter().min().unwrap();
        if index < place {
            told.watermark = watermark;
            told.before.push((delivery.clone(), watermark));
            continue;
        }
        let minute = delivery.spec.minute;
        let arrived = minute.max(delivery.seen - kept.lateness);
        let late = minute < delivery.seen - kept.lateness || hour_of(minute) < i64::from(told.first_hour());
        told.after.push((Delivery { arrived, late, ..delivery.clone() }, watermark));
    }
    told
}

impl Told {
    /// The first hour that is not final at the change.
    fn first_hour(&self) -> i32 {
        if self.watermark == i64::MIN { i32::MIN } else { i32::try_from(hour_of(self.watermark - LATENESS)).unwrap() }
    }

    /// Returns what the selected events count for.
    fn oracle(&self, kept: &Kept, asked: impl Fn(&Delivery) -> bool) -> Table {
        let mut known = BTreeSet::new();
        let mut first = |told: &[(Delivery, i64)]| -> Vec<Delivery> {
            told.iter()
                .map(|(delivery, _)| delivery)
                .filter(|delivery| known.insert(delivery.spec.id))
                .cloned()
                .collect()
        };
        let (before, after) = (first(&self.before), first(&self.after));
        let mut table = Table::new();
        for case in 0..3 {
            let of_case = |deliveries: &[Delivery]| -> Vec<Delivery> {
                deliveries.iter().filter(|delivery| delivery.spec.case == case).cloned().collect()
            };
            let before = of_case(&before);
            let is_past = |(_, until): &(Vec<&Delivery>, i64)| until + LATENESS < self.watermark;
            let past: BTreeSet<u32> = visits(before.iter().collect(), &KEPT)
                .into_iter()
                .filter(is_past)
                .flat_map(|(visit, _)| visit.into_iter().map(|delivery| delivery.spec.id))
                .collect();
            let (past, mut rest): (Vec<Delivery>, Vec<Delivery>) =
                before.into_iter().partition(|delivery| past.contains(&delivery.spec.id));
            rest.extend(of_case(&after));
            add_case(past.iter().filter(|delivery| asked(delivery)).collect(), &KEPT, &mut table);
            add_case(rest.iter().filter(|delivery| asked(delivery)).collect(), kept, &mut table);
        }
        table.retain(|_, counts| *counts != [0; 7]);
        table
    }
}

fn hour_of(minute: i64) -> i64 {
    at(minute).0.div_euclid(Span::HOUR.0)
}

fn moment(watermark: i64) -> EventTime {
    if watermark == i64::MIN { EventTime::MIN } else { at(watermark) }
}

/// Generates events within `weeks` weeks.
fn events(weeks: i64) -> impl Strategy<Value = Vec<Spec>> {
    let group = || prop::option::of(0..GROUPS.len());
    let earlier = || prop::option::weighted(0.3, 0_u32..24);
    let outcome = || prop::sample::select(vec![Outcome::Unknown, Outcome::NoViolation, Outcome::Violation]);
    let control = || prop::option::of(0_u8..2);
    let channel = || prop::option::weighted(0.4, 0..CHANNELS.len());
    let what = prop_oneof![
        3 => (prop::bool::weighted(0.3), 0..CHANNELS.len(), group(), earlier())
            .prop_map(|(selected, channel, group, revises)| What::Selection { selected, channel, group, revises }),
        3 => (control(), prop::bool::weighted(0.8), prop::option::of(outcome()), any::<bool>(), channel(), group())
            .prop_map(|(control, performed, outcome, with_profile, channel, group)| {
                What::Control { control, performed, outcome, with_profile, channel, group }
            }),
        3 => (control(), outcome(), earlier()).prop_map(|(control, outcome, revises)| What::Outcome { control, outcome, revises }),
        2 => (0..GROUPS.len()).prop_map(|group| What::Attributes { group }),
    ];
    let delay = prop_oneof![6 => Just(0), 1 => 0..LATENESS, 1 => 0..2 * DAY, 1 => 0..20 * DAY];
    let again = prop::option::weighted(0.3, 0_usize..3);
    let event = (0_u8..3, 0_i64..400, delay, 0_usize..2, again, what);
    prop::collection::vec(event, 1..24).prop_map(move |specs| {
        // Every event has a minute of its own: ties are decided by fingerprints, which the oracle does not know.
        let spec = |(id, (case, slot, delay, partition, again, what))| {
            let minute = slot * 24 * weeks + i64::from(id);
            Spec { id, case, minute, delay, partition, again, what }
        };
        (0..).zip(specs).map(spec).collect()
    })
}

/// Generates two partitions, with second deliveries of some events.
fn log(specs: &[Spec]) -> [Vec<Delivery>; 2] {
    [0, 1].map(|partition| {
        let mut specs: Vec<&Spec> = specs.iter().filter(|spec| spec.partition == partition).collect();
        specs.sort_by_key(|spec| spec.minute + spec.delay);
        let (mut log, mut seen): (Vec<Delivery>, i64) = (Vec::new(), i64::MIN);
        let mut later: Vec<(usize, Spec)> = Vec::new();
        for (place, spec) in specs.iter().enumerate() {
            let due = later.extract_if(.., |(at, _)| *at <= place).map(|(_, spec)| spec).collect::<Vec<_>>();
            for spec in due.into_iter().chain([(*spec).clone()]) {
                seen = seen.max(spec.minute);
                let first = !log.iter().any(|delivery: &Delivery| delivery.spec.id == spec.id);
                // An id is remembered for this long.
                if first || seen <= spec.minute + NOT_SELECTED + LATENESS {
                    let arrived = spec.minute.max(seen - LATENESS);
                    log.push(Delivery { late: spec.minute < seen - LATENESS, seen, arrived, spec });
                }
            }
            later.extend(spec.again.map(|after| (place + after, (*spec).clone())));
        }
        log
    })
}

fn first_deliveries(log: &[Vec<Delivery>; 2]) -> Vec<Delivery> {
    let mut known = BTreeSet::new();
    log.iter().flatten().filter(|delivery| known.insert(delivery.spec.id)).cloned().collect()
}

fn interleaved(log: &[Vec<Delivery>; 2], mut seed: u64) -> Vec<Delivery> {
    let mut rest = log.each_ref().map(|deliveries| deliveries.iter());
    let mut all = Vec::new();
    while rest.iter().any(|rest| rest.len() > 0) {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let from = usize::from(seed >> 63 == 1);
        all.extend(rest[from].next().or_else(|| rest[1 - from].next()).cloned());
    }
    all
}

/// Returns deliveries that all came in time.
fn deliveries(specs: &[Spec], late: fn(&Spec) -> bool) -> Vec<Delivery> {
    let delivery =
        |spec: &Spec| Delivery { seen: spec.minute, arrived: spec.minute, late: late(spec), spec: spec.clone() };
    specs.iter().map(delivery).collect()
}

fn sorted(specs: &[Spec]) -> Vec<Spec> {
    let mut specs = specs.to_vec();
    specs.sort_by_key(|spec| spec.minute);
    specs
}

fn reversed(specs: &[Spec]) -> Vec<Spec> {
    let mut specs = sorted(specs);
    specs.reverse();
    specs
}

fn shuffled_with_duplicates(specs: &[Spec], mut seed: u64) -> Vec<Spec> {
    let mut specs = [specs, specs].concat();
    for last in (1..specs.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        specs.swap(last, usize::try_from((seed >> 33) % (last as u64 + 1)).unwrap());
    }
    specs
}

/// Counts by channel and group, over all cohorts.
type Table = BTreeMap<(usize, usize), [u64; 7]>;

/// What was counted of a log.
struct Counted {
    windows: Table,
    finals: Table,
    missing: Missing,
    /// All that evidence counts, and what the ledger reported as missing in it.
    with_missing: Table,
}

/// How often each difference occurs between what a case counts for and what evidence counts of it.
type Missing = BTreeMap<[String; 2], i64>;

fn count(specs: &[Spec]) -> Table {
    let [known, decoded] = [Core::new(), Core::without_ready_records()].map(|mut core| {
        deliveries(specs, |_| false).iter().for_each(|delivery| core.join(delivery, START));
        core.counted(0).windows
    });
    assert_eq!(known, decoded);
    known
}

/// Returns what evidence counts of the hours before `hours`.
fn count_final(specs: &[Spec], hours: i64) -> Table {
    let mut core = Core::new();
    deliveries(specs, is_late).iter().for_each(|delivery| core.join(delivery, START));
    core.counted(hours).finals
}

/// The watermark is the least of the largest times of the partitions.
fn count_log(log: &[Delivery], hours: i64) -> Counted {
    let mut core = Core::new();
    let mut seen = [i64::MIN; 2];
    for delivery in log {
        seen[delivery.spec.partition] = delivery.seen;
        let least = seen.into_iter().min().unwrap();
        core.join(delivery, moment(least));
    }
    core.counted(hours)
}

struct Core {
    plan: Plan,
    ledger: Ledger,
    windows: Windows,
    steps: Vec<FinalChange>,
    missing: Missing,
    /// The same, as the ledger reported it.
    missed: Vec<(CaseChange, bool)>,
    /// What makes records of events like those before, by what such events have in common; `None` where each is reduced by itself.
    ready: Option<BTreeMap<String, ReadyRecord>>,
    /// How many cases were opened by the short way.
    opened: u64,
}

impl Core {
    fn new() -> Self {
        let mut plan = plan(&["a", "b"]);
        plan.window.history = Span::MINUTE.times(HISTORY);
        plan.window.allowed_lateness = Span::MINUTE.times(LATENESS);
        plan.ledger.not_selected_horizon = Span::MINUTE.times(NOT_SELECTED);
        plan.ledger.membership_horizon = Span::MINUTE.times(MEMBERSHIP);
        plan.rules.push(reading_origin());
        plan.ledger.dedupe_horizon = Span::MINUTE.times(NOT_SELECTED);
        Self {
            ledger: Ledger::new(&plan, PseudonymKey([3; 16])),
            windows: new_windows(&plan),
            plan,
            steps: Vec::new(),
            missing: Missing::new(),
            missed: Vec::new(),
            ready: Some(BTreeMap::new()),
            opened: 0,
        }
    }

    /// Reduces each event by itself.
    fn without_ready_records() -> Self {
        Self { ready: None, ..Self::new() }
    }

    fn join(&mut self, delivery: &Delivery, watermark: EventTime) {
        let seen = at(delivery.seen).max(watermark);
        let timing = Timing { watermark, seen, late: delivery.late };
        let effects = self.effects(&delivery.spec, &timing);
        for change in &effects.changes {
            self.windows.apply(change, &self.ledger.attributes);
        }
        self.steps.extend_from_slice(&effects.finals);
        self.missed.extend_from_slice(&effects.missing);
        for (change, more) in &effects.missing {
            let sides = [change.before, change.after].map(|facts| self.told(&facts));
            *self.missing.entry(sides).or_default() += if *more { 1 } else { -1 };
        }
    }

    /// Joins an event: by the record of one like it, where there was one, as a monitor does that gets batches.
    fn effects(&mut self, spec: &Spec, timing: &Timing) -> Effects {
        let event = spec.event();
        let like = spec.like();
        if let Some(ready) = self.ready.as_ref().and_then(|ready| ready.get(&like)) {
            let found = spec.skimmed_texts();
            let known = self.ledger.fill(ready, &found.skimmed(spec.time()));
            if let Some(facts) = self.ledger.open_case(&known, timing) {
                self.opened += 1;
                let change = CaseChange { before: CaseFacts::default(), after: facts };
                let hour = i32::try_from(spec.time().0.div_euclid(Span::HOUR.0)).unwrap();
                let mut effects = Effects::default();
                effects.changes.push(change);
                effects.finals.push(FinalChange { hour, change });
                return effects;
            }
            return self.ledger.join_case(&known, timing).effects.clone();
        }
        let joined = self.ledger.join(&event, timing).unwrap();
        let (effects, record) = (joined.effects.clone(), joined.record);
        let made = self.ledger.ready_record(&event, &record);
        if let (Some(ready), Some(made)) = (&mut self.ready, made) {
            ready.insert(like, made);
        }
        effects
    }

    /// Keeps cases by other spans from now on.
    fn change(&mut self, kept: &Kept, watermark: EventTime, first: i32) {
        let Kept { not_selected, membership, history, lateness } = *kept;
        let [not_selected, membership, history, lateness] =
            [not_selected, membership, history, lateness].map(|span| Span::MINUTE.times(span));
        let spans = Spans { not_selected, membership, history, lateness };
        let Self { ledger, windows, steps, missed, .. } = self;
        ledger.change_spans(spans, watermark, first, |effects, attributes| {
            effects.changes.iter().for_each(|change| windows.apply(change, attributes));
            steps.extend_from_slice(&effects.finals);
            missed.extend_from_slice(&effects.missing);
        });
    }

    /// Returns all that evidence counts, and what the ledger reported as missing in it.
    fn with_what_evidence_misses(&self) -> Table {
        let back = |change: &CaseChange| CaseChange { before: change.after, after: change.before };
        let missed = self.missed.iter().map(|(change, more)| if *more { *change } else { back(change) });
        let mut counted = new_windows(&self.plan);
        apply_all(&mut counted, self.steps.iter().map(|step| step.change).chain(missed), &self.ledger.attributes);
        table(&self.plan, &counted)
    }

    /// Returns facts in words, which do not depend on which combination of groups came first.
    fn told(&self, facts: &CaseFacts) -> String {
        let contributions = [facts.home, facts.other].into_iter().flatten().map(|contribution| {
            let groups: Vec<_> = self.ledger.attributes.groups(contribution.attributes).collect();
            let Contribution { profile, channel, cohort, counts, attributes: _, handling: _ } = contribution;
            format!("{profile:?} {channel:?} {cohort:?} {groups:?} {counts:?}")
        });
        contributions.collect::<Vec<_>>().join(", ")
    }

    fn counted(mut self, hours: i64) -> Counted {
        let with_missing = self.with_what_evidence_misses();
        let first = START.0.div_euclid(Span::HOUR.0);
        self.steps.retain(|step| i64::from(step.hour) < first + hours);
        let mut finals = new_windows(&self.plan);
        apply_all(&mut finals, self.steps.iter().map(|step| step.change), &self.ledger.attributes);
        self.missing.retain(|_, count| *count != 0);
        Counted {
            windows: table(&self.plan, &self.windows),
            finals: table(&self.plan, &finals),
            missing: self.missing,
            with_missing,
        }
    }
}

/// Adds everything before it subtracts anything, since counts stop at 0.
fn apply_all(windows: &mut Windows, changes: impl Iterator<Item = CaseChange> + Clone, attributes: &AttributeTable) {
    for CaseChange { after, .. } in changes.clone() {
        windows.apply(&CaseChange { before: CaseFacts::default(), after }, attributes);
    }
    for CaseChange { before, .. } in changes {
        windows.apply(&CaseChange { before, after: CaseFacts::default() }, attributes);
    }
}

/// A rule, for which the ledger waits for the group of a case.
fn reading_origin() -> Rule {
    Rule {
        name: "r".to_owned(),
        kind: RuleKind::Disparity(Disparity {
            indicator: Indicator::SelectionRate,
            measure: Measure::Ratio,
            reference: Reference::Rest,
            warning: 1.1,
            critical: 1.25,
            clear: 1.05,
            evidence: Evidence::Point,
            stratify_by: None,
            handling: HandlingTerms::default(),
        }),
        profiles: vec![ProfileId(0)],
        channels: vec![Channel::Profile],
        dimensions: vec![DimensionId(0)],
        windows: Vec::new(),
        confidence: Confidence::new(0.95).unwrap(),
        min_events: 0,
        max_missing: 0.05,
        hold_for: Span(0),
        keep_firing_for: Span(0),
        owner: String::new(),
        action: String::new(),
        runbook: String::new(),
    }
}

fn new_windows(plan: &Plan) -> Windows {
    Windows::new(plan.dimensions.len(), plan.window.history)
}

/// Makes every third event too late for evidence.
fn is_late(spec: &Spec) -> bool {
    spec.id % 3 == 2
}

fn table(plan: &Plan, windows: &Windows) -> Table {
    let range = Range::rolling(START.plus(Span::DAY.times(100)), Span::DAY.times(200));
    let mut table = Table::new();
    for (channel_index, channel) in CHANNELS.iter().enumerate() {
        for (group_index, slot) in [Slot(0), Slot(1), Slot::UNLISTED].into_iter().enumerate() {
            let key = CellKey {
                profile: plan.profile_id("p").unwrap(),
                channel: *channel,
                dimension: plan.dimension_id("origin").unwrap(),
                group: slot,
                stratum: None,
            };
            let counts = windows.cell(&key).map(|cell| cell.sum(range)).unwrap_or_default();
            if counts != Counts::default() {
                table.insert((channel_index, group_index), in_order(&counts));
            }
        }
    }
    table
}

fn in_order(counts: &Counts) -> [u64; 7] {
    [
        counts.assessed,
        counts.selected,
        counts.controlled,
        counts.resolved,
        counts.concluded,
        counts.hits,
        counts.overturned,
    ]
}

fn at(minute: i64) -> EventTime {
    START.plus(Span::MINUTE.times(minute))
}

impl Spec {
    fn time(&self) -> EventTime {
        at(self.minute)
    }

    fn event(&self) -> Event<'static> {
        let case_id: Cow<'static, str> = format!("case-{}", self.case).into();
        let id = |id: &u32| Cow::Owned(format!("event-{id}"));
        let groups = |group: &Option<usize>| {
            group.iter().map(|group| ("origin".into(), Membership::Group(GROUPS[*group].into()))).collect::<Vec<_>>()
        };
        let control_id = |control: &Option<u8>| control.map(|control| Cow::Owned(format!("control-{control}")));
        let data = match &self.what {
            What::Selection { selected, channel, group, revises } => Data::Selection(Selection {
                case_id,
                profile: "p".into(),
                profile_version: None,
                selected: *selected,
                channel: CHANNELS[*channel],
                risk_class: None,
                decided_by: None,
                criteria: None,
                groups: groups(group),
                strata: Vec::new(),
                revises: revises.as_ref().map(id),
            }),
            What::Control { control, performed, outcome, with_profile, channel, group } => Data::Control(Control {
                case_id,
                control_id: control_id(control),
                kind: None,
                performed: *performed,
                intensity: None,
                duration_minutes: None,
                outcome: *outcome,
                profile: with_profile.then(|| "p".into()),
                channel: channel.map(|channel| CHANNELS[channel]),
                groups: groups(group),
                strata: Vec::new(),
            }),
            What::Outcome { control, outcome, revises } => Data::Outcome(OutcomeReport {
                case_id,
                control_id: control_id(control),
                outcome: *outcome,
                sanction: None,
                revises: revises.as_ref().map(id),
            }),
            What::Attributes { group } => {
                Data::Attributes(Attributes { case_id, groups: groups(&Some(*group)), strata: Vec::new() })
            }
        };
        Event { id: id(&self.id), source: "/oracle".into(), time: self.time(), data }
    }

    /// What the event has in common with others that differ in time and ids alone.
    fn like(&self) -> String {
        let mut what = self.what.clone();
        match &mut what {
            What::Selection { revises, .. } => *revises = revises.map(|_| 0),
            What::Control { control, .. } => *control = control.map(|_| 0),
            What::Outcome { control, revises, .. } => {
                *control = control.map(|_| 0);
                *revises = revises.map(|_| 0);
            }
            What::Attributes { .. } => {}
        }
        format!("{what:?}")
    }

    fn skimmed_texts(&self) -> SkimmedTexts {
        let (control, revises) = match self.what {
            What::Selection { revises, .. } => (None, revises),
            What::Control { control, .. } => (control, None),
            What::Outcome { control, revises, .. } => (control, revises),
            What::Attributes { .. } => (None, None),
        };
        SkimmedTexts {
            id: format!("event-{}", self.id),
            case_id: format!("case-{}", self.case),
            control_id: control.map(|control| format!("control-{control}")),
            revises: revises.map(|revises| format!("event-{revises}")),
        }
    }

    fn revises(&self) -> Option<u32> {
        match self.what {
            What::Selection { revises, .. } | What::Outcome { revises, .. } => {
                revises.filter(|revised| *revised != self.id)
            }
            _ => None,
        }
    }
}

/// What differs from event to event.
struct SkimmedTexts {
    id: String,
    case_id: String,
    control_id: Option<String>,
    revises: Option<String>,
}

impl SkimmedTexts {
    fn skimmed(&self, time: EventTime) -> Skimmed<'_> {
        Skimmed {
            id: self.id.as_bytes(),
            time,
            case_id: self.case_id.as_bytes(),
            control_id: self.control_id.as_deref().map(str::as_bytes),
            revises: self.revises.as_deref().map(str::as_bytes),
        }
    }
}

/// Returns what the events count for, case by case, by the words of the contract.
fn oracle(deliveries: &[Delivery]) -> Table {
    let mut table = Table::new();
    for case in 0..3 {
        let of_case: Vec<&Delivery> = deliveries.iter().filter(|delivery| delivery.spec.case == case).collect();
        add_case(of_case, &KEPT, &mut table);
    }
    table.retain(|_, counts| *counts != [0; 7]);
    table
}

fn add_case(deliveries: Vec<&Delivery>, kept: &Kept, table: &mut Table) {
    for (visit, _) in visits(deliveries, kept) {
        for (channel, group, counts) in oracle_case(&visit, kept) {
            let row = table.entry((channel, group)).or_default();
            row.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
}

/// Returns the runs of a case, each with the last time at which another event may join. Each event of a run arrived
/// while the earlier ones were kept.
fn visits<'d>(deliveries: Vec<&'d Delivery>, kept: &Kept) -> Vec<(Vec<&'d Delivery>, i64)> {
    visits_of(deliveries, |visit| kept_until(visit, kept, false))
}

fn visits_of(mut deliveries: Vec<&Delivery>, until: impl Fn(&[&Delivery]) -> i64) -> Vec<(Vec<&Delivery>, i64)> {
    deliveries.sort_by_key(|delivery| (delivery.arrived, delivery.spec.minute));
    let mut visits: Vec<(Vec<&Delivery>, i64)> = Vec::new();
    for delivery in deliveries {
        match visits.last_mut().filter(|(_, kept_until)| delivery.arrived <= *kept_until) {
            Some((visit, _)) => visit.push(delivery),
            None => visits.push((vec![delivery], 0)),
        }
        let (visit, kept_until) = visits.last_mut().unwrap();
        *kept_until = until(visit);
    }
    visits
}

/// Returns until when events join these of one case, which are in the order of arrival. Where the group is not known, it
/// is waited for.
fn kept_until(visit: &[&Delivery], kept: &Kept, as_if_unpicked: bool) -> i64 {
    // Evidence does not know late events, and must find the same visits.
    let brings_group = |delivery: &Delivery| match delivery.spec.what {
        What::Attributes { .. } => !delivery.late,
        What::Selection { group: Some(_), revises: Some(_), .. } => !delivery.late,
        _ => false,
    };
    let sent_before = |other: &Delivery, delivery: &Delivery| {
        matches!(other.spec.what, What::Attributes { .. })
            && brings_group(other)
            && delivery.arrived <= other.arrived + kept.not_selected + HOUR
    };
    let is_known = |place: usize| {
        visit[place..].iter().any(|other| brings_group(other))
            || visit[..place].iter().any(|other| sent_before(other, visit[place]))
    };
    let span = |place: usize| match &visit[place].spec.what {
        What::Selection { selected, group, .. } => {
            let usual = if *selected && !as_if_unpicked { kept.history } else { kept.not_selected };
            if group.is_some() || is_known(place) { usual } else { usual.max(kept.membership) }
        }
        What::Attributes { .. } => kept.not_selected,
        _ => kept.history,
    };
    visit.iter().enumerate().map(|(place, delivery)| delivery.arrived + span(place) + HOUR).max().unwrap()
}

/// Returns what a case counts for in each channel, with its group: nothing where that is not known.
fn oracle_case(visit: &[&Delivery], kept: &Kept) -> Vec<(usize, usize, [u64; 7])> {
    let mut events: Vec<&Spec> = visit.iter().map(|delivery| &delivery.spec).collect();
    events.sort_by_key(|spec| spec.minute);
    let events = events.as_slice();
    // A selection corrects a selection, an outcome what a control or an outcome reported.
    let revised_by = |selection: bool| -> BTreeSet<u32> {
        let of_kind = events.iter().filter(|event| matches!(event.what, What::Selection { .. }) == selection);
        of_kind.filter_map(|event| event.revises()).collect()
    };
    let revised = revised_by(true);
    let selections: Vec<&&Spec> = events.iter().filter(|event| matches!(event.what, What::Selection { .. })).collect();
    // The earliest time of an event and of those that it corrects.
    let start = |event: &Spec| {
        let (mut start, mut current) = (event.minute, event.id);
        for _ in &selections {
            let revises = selections.iter().find(|known| known.id == current).unwrap().revises();
            let Some(before) = selections.iter().find(|known| revises == Some(known.id)) else { break };
            start = start.min(before.minute);
            current = before.id;
        }
        start
    };
    let standing = selections.iter().filter(|event| !revised.contains(&event.id));
    let counting = standing.min_by_key(|event| (start(event), std::cmp::Reverse(event.minute)));
    let controls = || events.iter().filter(|event| matches!(event.what, What::Control { .. }));
    let group_of = |spec: &Spec| match spec.what {
        What::Selection { group, .. } | What::Control { group, .. } => group,
        What::Attributes { group } => Some(group),
        What::Outcome { .. } => None,
    };
    let examined = oracle_controls(events, &revised_by(false));
    let with = |selected: u64| [1, selected, examined[0], examined[1], examined[2], examined[3], examined[4]];
    let apart = |known: &[&Spec], from: i64| {
        let is_apart = |event: &&&Spec| matches!(event.what, What::Attributes { .. });
        let in_time = known.iter().filter(is_apart).filter(|event| event.minute <= from + kept.membership);
        in_time.max_by_key(|event| event.minute).and_then(|event| group_of(event))
    };
    let Some(counting) = counting else {
        let named = |event: &&&Spec| matches!(event.what, What::Control { with_profile: true, .. });
        let Some(stand_in) = controls().find(named) else { return Vec::new() };
        let by_control = || controls().rev().find_map(|event| group_of(event));
        let group = apart(events, stand_in.minute).or_else(|| group_of(stand_in)).or_else(by_control);
        let What::Control { channel, .. } = stand_in.what else { unreachable!() };
        return group.map(|group| (channel.unwrap_or(0), group, with(1))).into_iter().collect();
    };
    let What::Selection { selected, channel: home, .. } = counting.what else { unreachable!() };
    // What is known of a case that was not picked: no control tells it.
    let told = |delivery: &&Delivery| matches!(delivery.spec.what, What::Selection { .. } | What::Attributes { .. });
    let told: Vec<&Delivery> = visit.iter().copied().filter(told).collect();
    let begin = start(counting);
    let is_first =
        |delivery: &&Delivery| delivery.spec.minute == begin && matches!(delivery.spec.what, What::Selection { .. });
    let known = visits_of(told, |visit| kept_until(visit, kept, true));
    let known = known.into_iter().map(|(visit, _)| visit).find(|visit| visit.iter().any(&is_first)).unwrap();
    let known: Vec<&Spec> = known.iter().map(|delivery| &delivery.spec).collect();
    // The latest correction that would be known.
    let mut last: &Spec = counting;
    while !known.iter().any(|spec| spec.id == last.id) {
        last = selections.iter().find(|event| last.revises() == Some(event.id)).unwrap();
    }
    let Some(group) = apart(&known, begin).or(group_of(last)) else { return Vec::new() };
    let checked_by = || {
        let performed = || controls().filter(|event| matches!(event.what, What::Control { performed: true, .. }));
        let elsewhere = performed().find_map(|event| match event.what {
            What::Control { channel, .. } => channel.filter(|channel| *channel != home),
            _ => None,
        });
        elsewhere.unwrap_or(MANUAL)
    };
    if selected {
        vec![(home, group, with(1))]
    } else if examined[0] == 0 {
        vec![(home, group, [1, 0, 0, 0, 0, 0, 0])]
    } else if checked_by() == home {
        vec![(home, group, with(1))]
    } else {
        vec![(home, group, [1, 0, 0, 0, 0, 0, 0]), (checked_by(), group, with(1))]
    }
}

/// Whether a control was performed, and its outcome, by all its reports.
type State = (Option<bool>, Option<Outcome>);

/// Controlled, resolved, concluded, hit, overturned.
fn oracle_controls(events: &[&Spec], revised: &BTreeSet<u32>) -> [u64; 5] {
    let named: BTreeSet<Option<u8>> = events
        .iter()
        .filter_map(|event| match event.what {
            What::Control { control, .. } => Some(control),
            _ => None,
        })
        .collect();
    let key = |event: &Spec| -> Option<u8> {
        let own = match event.what {
            What::Control { control, .. } | What::Outcome { control, .. } => control,
            _ => None,
        };
        match named.iter().next() {
            Some(only) if named.len() == 1 && (only.is_none() || own.is_none()) => *only,
            _ if own.is_none() => event.revises().map_or(own, |id| {
                events.iter().find(|other| other.id == id).and_then(|other| match other.what {
                    What::Control { control, .. } | What::Outcome { control, .. } => control,
                    _ => None,
                })
            }),
            _ => own,
        }
    };
    let mut states: BTreeMap<Option<u8>, State> = BTreeMap::new();
    let mut overturned = false;
    for event in events {
        let (performed, outcome) = match event.what {
            What::Control { performed, outcome, .. } => (Some(performed), outcome),
            What::Outcome { outcome, .. } => (None, Some(outcome)),
            _ => continue,
        };
        let state = states.entry(key(event)).or_default();
        state.0 = performed.or(state.0);
        if revised.contains(&event.id) {
            overturned |= outcome == Some(Outcome::Violation);
        } else {
            state.1 = outcome.or(state.1);
        }
    }
    let conclusive = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Violation | Outcome::NoViolation));
    let performed = |state: &State| state.0.unwrap_or(true) || conclusive(&state.1);
    let any = |test: &dyn Fn(&State) -> bool| u64::from(states.values().any(test));
    let hit = any(&|state| state.1 == Some(Outcome::Violation));
    [
        any(&|state| performed(state)),
        u64::from(!states.is_empty() && states.values().all(|state| !performed(state) || state.1.is_some())),
        any(&|state| conclusive(&state.1)),
        hit,
        u64::from(hit == 0 && overturned),
    ]
}
