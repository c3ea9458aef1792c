//! The events of the contract (v1), borrowed from the bytes they arrived in.
//!
//! A string borrows from the record, unless it has JSON escapes. Every value is within the contract and within
//! [`crate::plan::Limits`].

use std::borrow::Cow;

use crate::plan::{Channel, EventTime, MeasureKind};

/// A decoded event: the CloudEvents attributes that the contract uses, and the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// CloudEvents `id`. With `source` it identifies the event.
    pub id: Cow<'a, str>,
    /// CloudEvents `source`.
    pub source: Cow<'a, str>,
    /// CloudEvents `time`: the event time.
    pub time: EventTime,
    /// The data.
    pub data: Data<'a>,
}

/// The data of an event, by its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Data<'a> {
    /// `paritywatch.selection.v1`
    Selection(Selection<'a>),
    /// `paritywatch.control.v1`
    Control(Control<'a>),
    /// `paritywatch.outcome.v1`
    Outcome(OutcomeReport<'a>),
    /// `paritywatch.complaint.v1`
    Complaint(Complaint<'a>),
    /// `paritywatch.tally.v1`
    Tally(Tally<'a>),
    /// `paritywatch.attributes.v1`
    Attributes(Attributes<'a>),
    /// `paritywatch.population.v1`
    Population(Population<'a>),
    /// `paritywatch.measure.v1`
    Measure(MeasureReport<'a>),
}

/// The outcome of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It could not be established. The control is resolved, but not concluded.
    Unknown,
    /// The control concluded without a violation.
    NoViolation,
    /// The control concluded with a violation: a hit.
    Violation,
}

/// Who decided that a case was picked or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decider {
    /// A human took part.
    Human,
    /// The decision was fully automated.
    Automated,
}

/// Names and values of strata, in the order of the event. Names are unique.
pub type Strata<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Dimensions and the membership in each, in the order of the event. Dimensions are unique.
pub type Groups<'a> = Vec<(Cow<'a, str>, Membership<'a>)>;

/// Membership of a case in the groups of one dimension.
#[derive(Clone, Debug, PartialEq)]
pub enum Membership<'a> {
    /// The group is known.
    Group(Cow<'a, str>),
    /// A probability for each group, from 0 to 1. Their sum is at most 1, but for 1e-6 of rounding.
    Probabilities(Vec<(Cow<'a, str>, f64)>),
}

/// A case was assessed, and was picked for a control or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection<'a> {
    /// The case, which is one assessment.
    pub case_id: Cow<'a, str>,
    /// The risk profile.
    pub profile: Cow<'a, str>,
    /// Its version.
    pub profile_version: Option<Cow<'a, str>>,
    /// Whether the case was picked for a control.
    pub selected: bool,
    /// How the case came up.
    pub channel: Channel,
    /// The risk class that the profile assigned.
    pub risk_class: Option<Cow<'a, str>>,
    /// Who decided.
    pub decided_by: Option<Decider>,
    /// The criteria of the profile that applied to the case, in the order of the event; `None` where the event has no
    /// list. Names are unique.
    pub criteria: Option<Vec<Criterion<'a>>>,
    /// Group membership.
    pub groups: Groups<'a>,
    /// Strata.
    pub strata: Strata<'a>,
    /// The `id` of the selection event that this one corrects.
    pub revises: Option<Cow<'a, str>>,
}

/// A criterion of a profile that applied to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value for the case, where the event has one.
    pub value: Option<Cow<'a, str>>,
}

/// A picked case was examined or, where `performed` is false, could not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Control<'a> {
    /// The case.
    pub case_id: Cow<'a, str>,
    /// The control, where a case has several.
    pub control_id: Option<Cow<'a, str>>,
    /// Its kind, such as `desk_check` or `home_visit`.
    pub kind: Option<Cow<'a, str>>,
    /// Whether it took place.
    pub performed: bool,
    /// How intrusive it was, from 0 to 10.
    pub intensity: Option<f64>,
    /// How long it took, in minutes, from 0 to 527,040 (a leap year).
    pub duration_minutes: Option<f64>,
    /// Its outcome, where that is known already.
    pub outcome: Option<Outcome>,
    /// The profile, for a control whose selection was never seen.
    pub profile: Option<Cow<'a, str>>,
    /// The channel, likewise. Also for a control of a case that was not picked.
    pub channel: Option<Channel>,
    /// Group membership, likewise.
    pub groups: Groups<'a>,
    /// Strata, likewise.
    pub strata: Strata<'a>,
}

/// The outcome of a control. It may come months later, and may correct an earlier one.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeReport<'a> {
    /// The case.
    pub case_id: Cow<'a, str>,
    /// The control that it belongs to, where a case has several.
    pub control_id: Option<Cow<'a, str>>,
    /// The outcome.
    pub outcome: Outcome,
    /// The sanction that was imposed.
    pub sanction: Option<Sanction<'a>>,
    /// The `id` of the event that it corrects.
    pub revises: Option<Cow<'a, str>>,
}

/// A sanction.
#[derive(Clone, Debug, PartialEq)]
pub struct Sanction<'a> {
    /// Its kind, such as a fine or a repayment.
    pub kind: Option<Cow<'a, str>>,
    /// Its amount, from 0 to 1e12. The contract fixes no currency.
    pub amount: Option<f64>,
}

/// A complaint about a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint<'a> {
    /// The risk profile.
    pub profile: Cow<'a, str>,
    /// The case, where the complaint is about one.
    pub case_id: Option<Cow<'a, str>>,
    /// The protected ground that the complaint names.
    pub ground: Option<Cow<'a, str>>,
    /// The status of the complaint.
    pub status: ComplaintStatus,
    /// Group membership.
    pub groups: Groups<'a>,
}

/// The status of a complaint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ComplaintStatus {
    /// It was received.
    #[default]
    Received,
    /// It was upheld.
    Upheld,
    /// It was rejected.
    Rejected,
}

/// Counts instead of persons. They are added to the cohort of the event time.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally<'a> {
    /// The risk profile.
    pub profile: Cow<'a, str>,
    /// How the cases came up.
    pub channel: Channel,
    /// The groups that the counts belong to, one for each dimension. Probabilities are rejected.
    pub groups: Groups<'a>,
    /// Strata.
    pub strata: Strata<'a>,
    /// The counts.
    pub counts: TallyCounts,
}

/// The counts of a tally. A missing one is 0. Each is at most [`MAX_COUNT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TallyCounts {
    /// Cases assessed.
    pub assessed: u64,
    /// Cases picked; at most `assessed` where both are given.
    pub selected: u64,
    /// Cases examined.
    pub controlled: u64,
    /// Controls concluded; at most `controlled` where both are given.
    pub concluded: u64,
    /// Violations found; at most `concluded` where both are given.
    pub hits: u64,
    /// Complaints.
    pub complaints: u64,
}

/// Group membership that is sent separately.
#[derive(Clone, Debug, PartialEq)]
pub struct Attributes<'a> {
    /// The case.
    pub case_id: Cow<'a, str>,
    /// Group membership.
    pub groups: Groups<'a>,
    /// Strata.
    pub strata: Strata<'a>,
}

/// Denominators, where cases that were not picked are not streamed.
#[derive(Clone, Debug, PartialEq)]
pub struct Population<'a> {
    /// The risk profile.
    pub profile: Cow<'a, str>,
    /// The dimension.
    pub dimension: Cow<'a, str>,
    /// The number of persons in each group. Groups are unique.
    pub counts: Vec<(Cow<'a, str>, u64)>,
    /// The time from which the counts are valid.
    pub valid_from: EventTime,
    /// The counts were rounded to a multiple of this.
    pub rounded_to: Option<u64>,
}

/// What was done about an alert, about findings, or about a profile.
///
/// It names an alert, or else a profile: the profile alone, or with a rule, with its dimension too, or with its group too.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureReport<'a> {
    /// The number of the alert; its id in hexadecimal digits.
    pub alert_id: Option<u64>,
    /// The risk profile.
    pub profile: Option<Cow<'a, str>>,
    /// The rule whose findings it is about.
    pub rule: Option<Cow<'a, str>>,
    /// The dimension of these.
    pub dimension: Option<Cow<'a, str>>,
    /// The group of these.
    pub group: Option<Cow<'a, str>>,
    /// What was done.
    pub kind: MeasureKind,
    /// Why, as free text; at most [`MAX_REASON_BYTES`](super::MAX_REASON_BYTES).
    pub reason: Cow<'a, str>,
    /// Who decided: a role, no person.
    pub by: Cow<'a, str>,
    /// When it ends, after the time of the event.
    pub until: Option<EventTime>,
    /// Of an acceptance: the ratio up to which the finding is accepted, from 0 to
    /// [`MAX_ACCEPTED_RATIO`](super::MAX_ACCEPTED_RATIO).
    pub accepted_ratio: Option<f64>,
}

/// The largest count in one event. It is far above any population, and so small that sums do not overflow.
pub const MAX_COUNT: u64 = 1_000_000_000_000;
