//! What judgement reads.

use crate::evidence::{Cohorts, Sequences};
use crate::ledger::AttributeTable;
use crate::plan::{EventTime, Plan};
use crate::window::{Populations, Windows};

/// Everything that judgement reads, at one moment.
#[derive(Clone, Copy)]
pub struct Scene<'s> {
    /// The rules, and the profiles and dimensions that they name.
    pub plan: &'s Plan,
    /// The counts.
    pub windows: &'s Windows,
    /// The values of strata.
    pub attributes: &'s AttributeTable,
    /// Final facts, and how many came too late for evidence.
    pub cohorts: &'s Cohorts,
    /// Sequential evidence.
    pub sequences: &'s Sequences,
    /// Denominators that are populations.
    pub populations: &'s Populations,
    /// The end of all windows, inclusive.
    pub as_of: EventTime,
    /// How far time is counted: `as_of`, or later where windows of the past are judged. It decides which cohorts are sealed.
    pub counted_to: EventTime,
    /// The present: wall-clock time in `run`, `as_of` in `replay`.
    pub now: EventTime,
    /// By profile: whether it has had no event for too long. Empty in `replay`, where nothing is stale.
    pub stale: &'s [bool],
}
