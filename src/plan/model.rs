//! What the core is asked to do: the valid, parsed configuration of everything above the I/O line.

use super::id::{DimensionId, ProfileId};
use super::rule::{Rule, WindowLength};
use super::subject::{Dimension, Profile};
use super::time::Span;

/// The configuration of the core.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Hash of the whole effective configuration (secrets left out), 16 hex digits; carried by every finding and alert.
    pub config_hash: String,
    /// Allowed profiles, sorted by name; [`ProfileId`] is the index.
    pub profiles: Vec<Profile>,
    /// Allowed dimensions, sorted by name; [`DimensionId`] is the index.
    pub dimensions: Vec<Dimension>,
    /// Rules in the configuration's order.
    pub rules: Vec<Rule>,
    /// Time.
    pub window: WindowPlan,
    /// Bounds of the ledger.
    pub ledger: LedgerPlan,
    /// Bounds of a single event.
    pub event: Limits,
    /// Sequential evidence.
    pub evidence: EvidencePlan,
    /// Smallest cell that may leave; 0: all.
    pub min_cell: u64,
}

/// How time is handled. All spans are positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowPlan {
    /// Rolling windows, shortest first.
    pub rolling: Vec<WindowLength>,
    /// How long cohorts are kept.
    pub history: Span,
    /// How far behind its partition's watermark an event may be and still be final in time.
    pub allowed_lateness: Span,
    /// A partition without events for this long (wall clock) stops holding the watermark back.
    pub idle_after: Span,
    /// How far ahead of its record's timestamp an event may be; `None` in `replay`.
    pub max_ahead: Option<Span>,
    /// Age at which a cohort is sealed whatever is unresolved.
    pub cohort_max_age: Span,
    /// Without an event for this long (wall clock) verdicts become `stale`; `None` in `replay`.
    pub stale_after: Option<Span>,
    /// How often findings are evaluated.
    pub evaluate_every: Span,
}

/// How sequential evidence is gathered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvidencePlan {
    /// Probability of a false alarm over the whole life of all series together.
    pub family_alpha: f64,
    /// Exposed of both groups together that close a block.
    pub block_exposed: u64,
    /// The same where the exposed are controls: hit rates and the later stages.
    pub block_concluded: u64,
    /// Coefficient of variation of a group's rate between blocks that is no evidence; 0: none.
    pub block_variation: f64,
}

/// The bounds of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPlan {
    /// Open cases; beyond it the oldest is closed first.
    pub open_cases: usize,
    /// Cases with events whose selection has not come; beyond it the oldest is dropped first.
    pub waiting_events: usize,
    /// How long an event id is remembered (event time).
    pub dedupe_horizon: Span,
    /// Event ids remembered apart from open cases; beyond it the oldest are forgotten first.
    pub remembered_ids: usize,
    /// How long a case that was not picked stays open (event time).
    pub not_selected_horizon: Span,
}

/// The bounds of a single event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest string of the contract (id, profile, group name ...), in bytes of UTF-8.
    pub string_bytes: usize,
    /// Longest payload, in bytes.
    pub message_bytes: usize,
}

impl Plan {
    /// The profile of this name.
    #[must_use]
    pub fn profile_id(&self, name: &str) -> Option<ProfileId> {
        let index = self.profiles.binary_search_by(|profile| profile.name.as_str().cmp(name)).ok()?;
        u16::try_from(index).ok().map(ProfileId)
    }

    /// The strata that rules name, sorted, each once; [`crate::plan::StratumId`] is the index.
    #[must_use]
    pub fn strata(&self) -> Vec<&str> {
        let mut strata: Vec<&str> = self.rules.iter().filter_map(|rule| rule.stratify_by.as_deref()).collect();
        strata.sort_unstable();
        strata.dedup();
        strata
    }

    /// The dimension of this name.
    #[must_use]
    pub fn dimension_id(&self, name: &str) -> Option<DimensionId> {
        let index = self.dimensions.binary_search_by(|dimension| dimension.name.as_str().cmp(name)).ok()?;
        u16::try_from(index).ok().map(DimensionId)
    }
}
