//! What the events of a sample say of rates and fields, as far as rules ask: added up over inputs by how much of each was read.

use std::collections::{BTreeMap, BTreeSet};

use super::unit::Cases;
use crate::event::{Data, Groups, Membership, Outcome, Strata, Tally};
use crate::plan::group_name::normalise;
use crate::plan::{Channel, EventTime, Span};

/// Fields of events that rules read, by the words in which their lack is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Selections,
    Controls,
    Outcomes,
    Complaints,
    RandomSelections,
    RandomControls,
    DecidedBy,
    Criteria,
    ProfileVersion,
    RiskClass,
    Kind,
    Intensity,
    Duration,
    Sanction,
    SanctionAmount,
    Revisions,
}

impl Field {
    /// Returns what is lacking without it.
    pub const fn lack(self) -> &'static str {
        match self {
            Self::Selections => "selections (paritywatch.selection.v1, or tallies with assessed)",
            Self::Controls => "controls (paritywatch.control.v1, or outcomes, or tallies with controlled)",
            Self::Outcomes => "outcomes (paritywatch.outcome.v1, or controls with outcome)",
            Self::Complaints => "complaints (paritywatch.complaint.v1)",
            Self::RandomSelections => "selections with channel \"random\"",
            Self::RandomControls => "controls of the channel \"random\"",
            Self::DecidedBy => "the field decided_by of selections",
            Self::Criteria => "the field criteria of selections",
            Self::ProfileVersion => "the field profile_version of selections, with two versions at least",
            Self::RiskClass => "the field risk_class of selections",
            Self::Kind => "the field kind of controls",
            Self::Intensity => "the field intensity of controls",
            Self::Duration => "the field duration_minutes of controls",
            Self::Sanction => "the field sanction of outcomes",
            Self::SanctionAmount => "the field sanction.amount of outcomes",
            Self::Revisions => "outcomes that revise another one (revises)",
        }
    }
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Events that have a field, or counts of tallies; weighted where inputs were added up.
    fields: BTreeMap<Field, f64>,
    pub picked: f64,
    pub violations: f64,
    pub no_violations: f64,
    versions: BTreeSet<String>,
    strata: BTreeSet<String>,
    /// Cases with a group, by dimension and group.
    groups: BTreeMap<(String, String), Cases>,
    range: Option<(EventTime, EventTime)>,
}

/// Most strata, and versions, that are told apart.
const MOST_NAMES: usize = 1_000;

impl Facts {
    pub fn add(&mut self, data: &Data<'_>, time: EventTime, case: u64) {
        let (first, last) = self.range.unwrap_or((time, time));
        self.range = Some((first.min(time), last.max(time)));
        match data {
            Data::Selection(of) => {
                self.count(Field::Selections, 1.0);
                self.picked += f64::from(u8::from(of.selected));
                self.count_if(Field::RandomSelections, is_random(of.channel));
                self.count_if(Field::RandomControls, is_random(of.channel) && of.selected);
                self.count_if(Field::DecidedBy, of.decided_by.is_some());
                self.count_if(Field::Criteria, of.criteria.is_some());
                self.count_if(Field::RiskClass, of.risk_class.is_some());
                if let Some(version) = of.profile_version.as_deref().filter(|_| self.versions.len() < MOST_NAMES) {
                    self.versions.insert(version.to_owned());
                }
                self.note_strata(&of.strata);
                self.note_groups(&of.groups, case);
            }
            Data::Control(of) if of.performed => {
                self.count(Field::Controls, 1.0);
                self.count_if(Field::Kind, of.kind.is_some());
                self.count_if(Field::Intensity, of.intensity.is_some());
                self.count_if(Field::Duration, of.duration_minutes.is_some());
                self.note_outcome(of.outcome.and_then(concluded));
                self.note_strata(&of.strata);
            }
            Data::Outcome(of) => {
                self.note_outcome(concluded(of.outcome));
                self.count_if(Field::Sanction, of.sanction.is_some());
                self.count_if(Field::SanctionAmount, of.sanction.as_ref().is_some_and(|of| of.amount.is_some()));
                self.count_if(Field::Revisions, of.revises.is_some());
            }
            Data::Complaint(_) => self.count(Field::Complaints, 1.0),
            Data::Attributes(of) => {
                self.note_strata(&of.strata);
                self.note_groups(&of.groups, case);
            }
            Data::Tally(of) => self.note_tally(of),
            Data::Control(_) | Data::Population(_) | Data::Measure(_) => {}
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    fn note_tally(&mut self, of: &Tally<'_>) {
        let counts = of.counts;
        let random = if is_random(of.channel) { 1.0 } else { 0.0 };
        self.count(Field::Selections, counts.assessed as f64);
        self.count(Field::RandomSelections, counts.assessed as f64 * random);
        self.picked += counts.selected as f64;
        self.count(Field::Controls, counts.controlled as f64);
        self.count(Field::RandomControls, counts.controlled as f64 * random);
        self.count(Field::Outcomes, counts.concluded as f64);
        self.violations += counts.hits as f64;
        self.no_violations += counts.concluded.saturating_sub(counts.hits) as f64;
        self.count(Field::Complaints, counts.complaints as f64);
    }

    fn note_outcome(&mut self, concluded: Option<bool>) {
        match concluded {
            Some(true) => self.violations += 1.0,
            Some(false) => self.no_violations += 1.0,
            None => return,
        }
        self.count(Field::Outcomes, 1.0);
    }

    fn note_strata(&mut self, strata: &Strata<'_>) {
        for (name, _) in strata {
            if self.strata.len() < MOST_NAMES {
                self.strata.insert(name.to_string());
            }
        }
    }

    fn note_groups(&mut self, groups: &Groups<'_>, case: u64) {
        for (dimension, membership) in groups {
            if let Membership::Group(group) = membership
                && self.groups.len() < MOST_NAMES
            {
                let key = (dimension.to_string(), normalise(group).into_owned());
                self.groups.entry(key).or_default().insert(case);
            }
        }
    }

    fn count(&mut self, field: Field, by: f64) {
        *self.fields.entry(field).or_default() += by;
    }

    fn count_if(&mut self, field: Field, is: bool) {
        if is {
            self.count(field, 1.0);
        }
    }

    /// Adds those of another input, of which one record stands for `weight`.
    pub fn join(&mut self, other: Self, weight: f64) {
        for (field, count) in other.fields {
            self.count(field, count * weight);
        }
        self.picked += other.picked * weight;
        self.violations += other.violations * weight;
        self.no_violations += other.no_violations * weight;
        self.versions.extend(other.versions);
        self.strata.extend(other.strata);
        for (key, cases) in other.groups {
            self.groups.entry(key).or_default().extend(cases);
        }
        self.range = match (self.range, other.range) {
            (Some(one), Some(two)) => Some((one.0.min(two.0), one.1.max(two.1))),
            (one, two) => one.or(two),
        };
    }

    /// How often a field was seen.
    pub fn seen(&self, field: Field) -> f64 {
        if field == Field::ProfileVersion {
            return if self.versions.len() > 1 { 1.0 } else { 0.0 };
        }
        let of = |field: Field| self.fields.get(&field).copied().unwrap_or(0.0);
        // An outcome implies its control.
        if field == Field::Controls { of(field).max(of(Field::Outcomes)) } else { of(field) }
    }

    /// Whether a stratum was seen.
    pub fn has_stratum(&self, name: &str) -> bool {
        self.strata.contains(name)
    }

    /// Distinct cases of a group.
    pub fn cases(&self, dimension: &str, group: &str) -> u64 {
        self.groups.get(&(dimension.to_owned(), group.to_owned())).map_or(0, |cases| cases.len() as u64)
    }

    /// Days from the first to the last event.
    #[expect(clippy::cast_precision_loss, reason = "a pace needs no more than 53 bits")]
    pub fn days(&self) -> Option<f64> {
        let (first, last) = self.range?;
        Some(last.since(first).0 as f64 / Span::DAY.0 as f64)
    }
}

/// Whether an outcome is known, and whether it is a violation.
const fn concluded(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Violation => Some(true),
        Outcome::NoViolation => Some(false),
        Outcome::Unknown => None,
    }
}

/// Whether a channel is the random one.
const fn is_random(channel: Channel) -> bool {
    matches!(channel, Channel::Random)
}
