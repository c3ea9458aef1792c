//! Any event the contract allows, for property tests.

use std::borrow::Cow;
use std::collections::BTreeMap;

use paritywatch::event::{
    Attributes, Complaint, ComplaintStatus, Control, Criterion, Data, Decider, EARLIEST_TIME, Event, Groups,
    LATEST_TIME, MAX_COUNT, MeasureReport, Membership, Outcome, OutcomeReport, Population, Sanction, Selection, Strata,
    Tally, TallyCounts,
};
use paritywatch::plan::{Channel, EventTime, MeasureKind};
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;

type Text = Cow<'static, str>;

/// Any event.
pub fn event() -> BoxedStrategy<Event<'static>> {
    let event = (name(), name(), time(), data()).prop_map(|(id, source, time, data)| Event { id, source, time, data });
    // A measure ends after it was taken.
    let possible = |event: &Event<'_>| match &event.data {
        Data::Measure(measure) => measure.until.is_none_or(|until| until > event.time),
        _ => true,
    };
    event.prop_filter("until is after time", possible).boxed()
}

/// Quotes, backslashes, control characters and characters of several bytes included.
fn name() -> impl Strategy<Value = Text> {
    prop_oneof![4 => "[a-z0-9_-]{1,20}", 1 => "\\PC{1,40}", 1 => "[\"\\\\\\x00-\\x1f\u{e9}\u{1f600}/]{1,12}"]
        .prop_map(Cow::Owned)
}

fn time() -> impl Strategy<Value = EventTime> {
    (EARLIEST_TIME.0..LATEST_TIME.0).prop_map(EventTime)
}

fn data() -> BoxedStrategy<Data<'static>> {
    prop_oneof![
        selection().prop_map(Data::Selection).boxed(),
        control().prop_map(Data::Control).boxed(),
        outcome_report().prop_map(Data::Outcome).boxed(),
        complaint().prop_map(Data::Complaint).boxed(),
        tally().prop_map(Data::Tally).boxed(),
        (name(), groups(), strata())
            .prop_map(|(case_id, groups, strata)| Data::Attributes(Attributes { case_id, groups, strata }))
            .boxed(),
        population().prop_map(Data::Population).boxed(),
        measure().prop_map(Data::Measure).boxed(),
    ]
    .boxed()
}

fn selection() -> impl Strategy<Value = Selection<'static>> {
    let names = (name(), name(), option::of(name()), option::of(name()), option::of(name()));
    let choices = (any::<bool>(), channel(), option::of(prop_oneof![Just(Decider::Human), Just(Decider::Automated)]));
    (names, choices, option::of(criteria()), groups(), strata()).prop_map(
        |(
            (case_id, profile, profile_version, risk_class, revises),
            (selected, channel, decided_by),
            criteria,
            groups,
            strata,
        )| Selection {
            case_id,
            profile,
            profile_version,
            selected,
            channel,
            risk_class,
            decided_by,
            criteria,
            groups,
            strata,
            revises,
        },
    )
}

/// In any order, with unique names.
fn criteria() -> impl Strategy<Value = Vec<Criterion<'static>>> {
    btree_map(name(), option::of(name()), 0..4)
        .prop_map(|criteria| criteria.into_iter().map(|(name, value)| Criterion { name, value }).collect::<Vec<_>>())
        .prop_shuffle()
}

fn control() -> impl Strategy<Value = Control<'static>> {
    let names = (name(), option::of(name()), option::of(name()), option::of(name()));
    let numbers = (option::of(number(10)), option::of(number(527_040)));
    let choices = (any::<bool>(), option::of(outcome()), option::of(channel()));
    (names, numbers, choices, groups(), strata()).prop_map(
        |(
            (case_id, control_id, kind, profile),
            (intensity, duration_minutes),
            (performed, outcome, channel),
            groups,
            strata,
        )| Control {
            case_id,
            control_id,
            kind,
            performed,
            intensity,
            duration_minutes,
            outcome,
            profile,
            channel,
            groups,
            strata,
        },
    )
}

fn outcome_report() -> impl Strategy<Value = OutcomeReport<'static>> {
    let sanction =
        (option::of(name()), option::of(number(1_000_000))).prop_map(|(kind, amount)| Sanction { kind, amount });
    (name(), option::of(name()), outcome(), option::of(sanction), option::of(name())).prop_map(
        |(case_id, control_id, outcome, sanction, revises)| OutcomeReport {
            case_id,
            control_id,
            outcome,
            sanction,
            revises,
        },
    )
}

fn complaint() -> impl Strategy<Value = Complaint<'static>> {
    use ComplaintStatus::{Received, Rejected, Upheld};
    let status = prop_oneof![Just(Received), Just(Upheld), Just(Rejected)];
    (name(), option::of(name()), option::of(name()), status, groups())
        .prop_map(|(profile, case_id, ground, status, groups)| Complaint { profile, case_id, ground, status, groups })
}

fn tally() -> impl Strategy<Value = Tally<'static>> {
    let counts = (count(), count(), count(), count(), count(), count()).prop_map(|(a, s, c, k, h, complaints)| {
        let concluded = k.min(c);
        TallyCounts { assessed: a, selected: s.min(a), controlled: c, concluded, hits: h.min(concluded), complaints }
    });
    let groups = unique(name().prop_map(Membership::Group), 4);
    (name(), channel(), groups, strata(), counts).prop_map(|(profile, channel, groups, strata, counts)| Tally {
        profile,
        channel,
        groups,
        strata,
        counts,
    })
}

fn population() -> impl Strategy<Value = Population<'static>> {
    (name(), name(), unique(count(), 6), time(), option::of(1..=MAX_COUNT)).prop_map(
        |(profile, dimension, counts, valid_from, rounded_to)| Population {
            profile,
            dimension,
            counts,
            valid_from,
            rounded_to,
        },
    )
}

fn measure() -> impl Strategy<Value = MeasureReport<'static>> {
    let subject = (0..5_u8, any::<u64>(), (name(), name(), name(), name()));
    let kind = (0..MeasureKind::ALL.len()).prop_map(|index| MeasureKind::ALL[index]);
    (subject, kind, (name(), name()), option::of(time()), option::of(number(100))).prop_map(
        |((parts, alert_id, (profile, rule, dimension, group)), kind, (reason, by), until, ratio)| {
            let kind = if parts == 1 && kind == MeasureKind::Accepted { MeasureKind::Adjusted } else { kind };
            MeasureReport {
                alert_id: (parts == 0).then_some(alert_id),
                profile: (parts >= 1).then_some(profile),
                rule: (parts >= 2).then_some(rule),
                dimension: (parts >= 3).then_some(dimension),
                group: (parts >= 4).then_some(group),
                kind,
                reason,
                by,
                until,
                accepted_ratio: ratio.filter(|_| kind == MeasureKind::Accepted),
            }
        },
    )
}

fn groups() -> impl Strategy<Value = Groups<'static>> {
    unique(prop_oneof![3 => name().prop_map(Membership::Group), 1 => probabilities()], 4)
}

/// Each a thousandth, and at most 1 together.
fn probabilities() -> impl Strategy<Value = Membership<'static>> {
    btree_map(name(), 0..=250_u16, 1..=4).prop_map(|weights| {
        let probability = |(group, weight)| (group, f64::from(weight) / 1000.0);
        Membership::Probabilities(weights.into_iter().map(probability).collect())
    })
}

fn strata() -> impl Strategy<Value = Strata<'static>> {
    unique(name(), 3)
}

/// Entries with unique names, sorted as the JSON they are written to sorts them.
fn unique<V: std::fmt::Debug>(value: impl Strategy<Value = V>, max: usize) -> impl Strategy<Value = Vec<(Text, V)>> {
    btree_map(name(), value, 0..=max).prop_map(|entries: BTreeMap<_, _>| entries.into_iter().collect())
}

fn channel() -> impl Strategy<Value = Channel> {
    prop_oneof![Just(Channel::Profile), Just(Channel::Random), Just(Channel::Signal), Just(Channel::Manual)]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Outcome::Unknown), Just(Outcome::NoViolation), Just(Outcome::Violation)]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, 0..=MAX_COUNT]
}

/// From 0 to `max`, in thousandths.
fn number(max: u32) -> impl Strategy<Value = f64> {
    (0..=max * 1000).prop_map(|thousandths| f64::from(thousandths) / 1000.0)
}
