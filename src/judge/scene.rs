//! What is judged, and when.

use crate::evidence::{Cohorts, Sequences};
use crate::ledger::AttributeTable;
use crate::plan::{EventTime, Plan};
use crate::window::{Populations, Windows};

/// What is judged, and when.
#[derive(Clone, Copy)]
pub struct Scene<'s> {
    /// The rules and what they speak of.
    pub plan: &'s Plan,
    /// The counts.
    pub windows: &'s Windows,
    /// The strata's values.
    pub attributes: &'s AttributeTable,
    /// Final facts, and what came too late for them.
    pub cohorts: &'s Cohorts,
    /// Sequential evidence.
    pub sequences: &'s Sequences,
    /// Denominators.
    pub populations: &'s Populations,
    /// Where windows end.
    pub as_of: EventTime,
    /// Whether a profile has been silent for too long, by index.
    pub stale: &'s [bool],
}
