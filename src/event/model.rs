//! The events of the contract (v1), borrowed from the bytes they arrived in.
//!
//! Every string borrows from the record unless JSON escapes forced a copy; every value is already
//! checked against the limits of [`crate::plan::Limits`].

use std::borrow::Cow;

use crate::plan::{Channel, EventTime};

/// One decoded event: the CloudEvents attributes that matter here, and its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// CloudEvents `id`; with `source` it identifies the event.
    pub id: Cow<'a, str>,
    /// CloudEvents `source`.
    pub source: Cow<'a, str>,
    /// CloudEvents `time`: the event time.
    pub time: EventTime,
    /// What happened.
    pub data: Data<'a>,
}

/// What happened, by event type.
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
}

/// What a control found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The outcome could not be told; resolves the control without concluding it.
    Unknown,
    /// Concluded without a violation.
    NoViolation,
    /// Concluded with a violation: a hit.
    Violation,
}

/// Who decided on the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decider {
    /// A human took part.
    Human,
    /// Fully automated.
    Automated,
}

/// Name-value pairs in the order they arrived (`strata`); names are unique.
pub type Strata<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Group membership per dimension, in the order it arrived; dimensions are unique.
pub type Groups<'a> = Vec<(Cow<'a, str>, Membership<'a>)>;

/// A case's membership in the groups of one dimension.
#[derive(Clone, Debug, PartialEq)]
pub enum Membership<'a> {
    /// A known group.
    Group(Cow<'a, str>),
    /// Probabilities per group, each in [0, 1], their sum at most 1 (+ 1e-6).
    Probabilities(Vec<(Cow<'a, str>, f64)>),
}

/// A case was assessed, and was or was not picked.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection<'a> {
    /// The case: one assessment.
    pub case_id: Cow<'a, str>,
    /// The risk profile.
    pub profile: Cow<'a, str>,
    /// The version of the profile.
    pub profile_version: Option<Cow<'a, str>>,
    /// Whether the case was picked for a control.
    pub selected: bool,
    /// How the case came up.
    pub channel: Channel,
    /// The risk class the profile gave.
    pub risk_class: Option<Cow<'a, str>>,
    /// Who decided.
    pub decided_by: Option<Decider>,
    /// The profile's criteria that were active for this case.
    pub criteria: Vec<Cow<'a, str>>,
    /// Group membership.
    pub groups: Groups<'a>,
    /// Strata.
    pub strata: Strata<'a>,
    /// The `id` of the selection event this one corrects.
    pub revises: Option<Cow<'a, str>>,
}

/// A picked case was examined (or, with `performed` false, could not be).
#[derive(Clone, Debug, PartialEq)]
pub struct Control<'a> {
    /// The case.
    pub case_id: Cow<'a, str>,
    /// The control, where a case has several.
    pub control_id: Option<Cow<'a, str>>,
    /// Desk check, home visit, ...
    pub kind: Option<Cow<'a, str>>,
    /// Whether it took place.
    pub performed: bool,
    /// How heavy it was, 0 to 10.
    pub intensity: Option<f64>,
    /// How long it took, in minutes, 0 to 527,040 (a leap year).
    pub duration_minutes: Option<f64>,
    /// Its outcome, where known at once.
    pub outcome: Option<Outcome>,
    /// The profile, for a control whose selection was never seen.
    pub profile: Option<Cow<'a, str>>,
    /// The channel, likewise.
    pub channel: Option<Channel>,
    /// Group membership, likewise.
    pub groups: Groups<'a>,
    /// Strata, likewise.
    pub strata: Strata<'a>,
}

/// The outcome of a control, possibly months later, possibly a correction.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeReport<'a> {
    /// The case.
    pub case_id: Cow<'a, str>,
    /// The control it belongs to, where a case has several.
    pub control_id: Option<Cow<'a, str>>,
    /// What was found.
    pub outcome: Outcome,
    /// A sanction was imposed: its kind and amount.
    pub sanction: Option<Sanction<'a>>,
    /// The `id` of the event it corrects.
    pub revises: Option<Cow<'a, str>>,
}

/// A sanction.
#[derive(Clone, Debug, PartialEq)]
pub struct Sanction<'a> {
    /// Fine, repayment, ...
    pub kind: Option<Cow<'a, str>>,
    /// Amount, 0 to 1e12.
    pub amount: Option<f64>,
}

/// A complaint about a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint<'a> {
    /// The risk profile.
    pub profile: Cow<'a, str>,
    /// The case, where the complaint is about one.
    pub case_id: Option<Cow<'a, str>>,
    /// The ground complained of.
    pub ground: Option<Cow<'a, str>>,
    /// Where the complaint stands.
    pub status: ComplaintStatus,
    /// Group membership.
    pub groups: Groups<'a>,
}

/// Where a complaint stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ComplaintStatus {
    /// It came in.
    #[default]
    Received,
    /// It was found to be right.
    Upheld,
    /// It was found to be wrong.
    Rejected,
}

/// Counts instead of persons, added to the cell at the event's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally<'a> {
    /// The risk profile.
    pub profile: Cow<'a, str>,
    /// How the cases came up.
    pub channel: Channel,
    /// The groups the counts are of, one per dimension (probabilities are refused).
    pub groups: Groups<'a>,
    /// Strata.
    pub strata: Strata<'a>,
    /// The counts.
    pub counts: TallyCounts,
}

/// The counts of a tally; missing ones are 0. Each is at most [`MAX_COUNT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TallyCounts {
    /// Cases at risk of being picked.
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

/// Group membership sent apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Attributes<'a> {
    /// The case.
    pub case_id: Cow<'a, str>,
    /// Group membership.
    pub groups: Groups<'a>,
    /// Strata.
    pub strata: Strata<'a>,
}

/// Denominators where the unselected are not streamed.
#[derive(Clone, Debug, PartialEq)]
pub struct Population<'a> {
    /// The risk profile.
    pub profile: Cow<'a, str>,
    /// The dimension.
    pub dimension: Cow<'a, str>,
    /// Persons per group; groups are unique.
    pub counts: Vec<(Cow<'a, str>, u64)>,
    /// From when the counts hold.
    pub valid_from: EventTime,
    /// What the counts were rounded to.
    pub rounded_to: Option<u64>,
}

/// The largest count in one event: far above any population, far below an overflowing sum.
pub const MAX_COUNT: u64 = 1_000_000_000_000;
