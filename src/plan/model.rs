//! The configuration of everything above the I/O line, parsed and valid.

use super::disclosure::DisclosurePlan;
use super::duty::Topic;
use super::id::{DimensionId, ProfileId};
use super::invariant::{Room, present};
use super::period::PeriodKind;
use super::rule::{Rule, RuleKind};
use super::stratum;
use super::subject::{Dimension, Profile};
use super::time::{Span, WindowLength};

/// The configuration of the core.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Hash of the whole effective configuration without its secrets, 16 hex digits. Every finding and alert carries
    /// it.
    pub config_hash: String,
    /// Allowed profiles, sorted by name; [`ProfileId`] is the index.
    pub profiles: Vec<Profile>,
    /// Allowed dimensions, sorted by name; [`DimensionId`] is the index.
    pub dimensions: Vec<Dimension>,
    /// Rules in the order of the configuration.
    pub rules: Vec<Rule>,
    /// Whether all cases of a profile and channel are counted together as well, whatever their groups
    /// ([`DimensionId::EVERYONE`]).
    pub counts_everyone: bool,
    /// Windows and lateness.
    pub window: WindowPlan,
    /// Limits of the ledger.
    pub ledger: LedgerPlan,
    /// Limits of a single event.
    pub event: Limits,
    /// Parameters of sequential evidence.
    pub evidence: EvidencePlan,
    /// What may leave, and when.
    pub disclosure: DisclosurePlan,
    /// The periods of the calendar that are told beside rolling windows, the shortest first; each once.
    pub periods: Vec<PeriodKind>,
}

/// Windows and lateness. All spans are positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowPlan {
    /// Rolling windows, shortest first.
    pub rolling: Vec<WindowLength>,
    /// How long cohorts, and cases that were selected, are kept (event time).
    pub history: Span,
    /// How far an event may be behind the largest event time of its partition and still count as evidence.
    pub allowed_lateness: Span,
    /// A partition without events for this long (wall clock) is idle: it no longer holds the watermark back.
    pub idle_after: Span,
    /// How far ahead of its record's timestamp an event may be; `None`, without limit, in `replay`.
    pub max_ahead: Option<Span>,
    /// The age at which a cohort is sealed, however many of its cases are unresolved (event time).
    pub cohort_max_age: Span,
    /// Verdicts become `stale` after this long without an event (wall clock); `None`, never, in `replay`.
    pub stale_after: Option<Span>,
    /// The interval between evaluations (wall clock).
    pub evaluate_every: Span,
}

/// Parameters of sequential evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvidencePlan {
    /// The probability of any false alarm over the whole life of all series together, between 0 and 1.
    pub family_alpha: f64,
    /// The number of exposed, of both groups together, that completes a block.
    pub block_exposed: u64,
    /// The same for indicators whose exposed are controls, such as the hit rate.
    pub block_concluded: u64,
    /// The coefficient of variation of a group's rate between blocks that does not count as evidence; 0 for none.
    pub block_variation: f64,
    /// The most that one block multiplies a likelihood ratio by, above 1. With it, a block counts with 1 until an earlier one held somebody of the
    /// reference. 0 for neither.
    pub block_cap: f64,
    /// The share of `family_alpha` that the series of intersections have together, where there are any; above 0 and below 1.
    pub intersection_share: f64,
}

/// Limits of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPlan {
    /// The largest number of open cases. Beyond it the oldest are closed first.
    pub open_cases: usize,
    /// The largest number of cases that wait for their selection. Beyond it the oldest are dropped first.
    pub waiting_events: usize,
    /// How long an event id is remembered after the event, to recognise a second delivery (event time).
    pub dedupe_horizon: Span,
    /// The largest number of event ids remembered beside those of open cases. Beyond it the oldest are forgotten first.
    pub remembered_ids: usize,
    /// How long a case that was not selected stays open (event time).
    pub not_selected_horizon: Span,
    /// How long a case, selected or not, waits for values that a rule reads and its selection does not have: a group in
    /// one of its dimensions, or its stratum (event time after the selection).
    pub membership_horizon: Span,
}

/// Limits of a single event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest string of the contract (an id, profile, group name ...), in bytes of UTF-8.
    pub string_bytes: usize,
    /// The longest payload, in bytes.
    pub message_bytes: usize,
}

impl WindowPlan {
    /// Returns how long after its end outcomes still come that a cohort counts, and everybody may know of.
    #[must_use]
    pub const fn settle(&self) -> Span {
        self.cohort_max_age.plus(self.allowed_lateness)
    }
}

impl Plan {
    /// Returns the id of the profile of this name, or `None` where the allow-list does not have it.
    #[must_use]
    pub fn profile_id(&self, name: &str) -> Option<ProfileId> {
        let index = self.profiles.binary_search_by(|profile| profile.name.as_str().cmp(name)).ok()?;
        present(Room::Plan, "a plan has fewer than 65,536 profiles", u16::try_from(index).ok()).map(ProfileId)
    }

    /// Returns whether a rule watches that evaluation reports are made.
    #[must_use]
    pub fn watches_reports(&self) -> bool {
        let is_watched = |(topic, _): &(Topic, WindowLength)| *topic == Topic::Report;
        self.rules
            .iter()
            .any(|rule| matches!(&rule.kind, RuleKind::Silence(terms) if terms.topics.iter().any(is_watched)))
    }

    /// Returns the strata that rules name, sorted, each once; [`crate::plan::StratumId`] is the index.
    #[must_use]
    pub fn strata(&self) -> Vec<&str> {
        let mut strata: Vec<&str> = self.rules.iter().flat_map(Rule::strata).collect();
        if self.profiles.iter().any(|profile| !profile.high_classes.is_empty()) {
            strata.push(stratum::RISK_CLASS);
        }
        strata.sort_unstable();
        strata.dedup();
        strata
    }

    /// Returns whether any rule reads complaints, or corrections of hits, by the time of their events.
    #[must_use]
    pub fn reads_complaints(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.kind, RuleKind::Complaints(_)))
    }

    /// Returns the id of the dimension of this name, or `None` where the allow-list does not have it.
    #[must_use]
    pub fn dimension_id(&self, name: &str) -> Option<DimensionId> {
        let index = self.dimensions.binary_search_by(|dimension| dimension.name.as_str().cmp(name)).ok()?;
        present(Room::Plan, "a plan has fewer than 65,536 dimensions", u16::try_from(index).ok()).map(DimensionId)
    }
}
