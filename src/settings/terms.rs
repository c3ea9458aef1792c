//! The types of the core that a configuration names.
//!
//! Every import of this room from a room of the core stands here.

pub(super) use crate::plan::group_name::{normalise, skeleton};
pub(super) use crate::plan::{
    Automation, Benchmark, Calendar, Channel, Compare, Coverage, Criterion, CriterionStanding, Dimension, DimensionId,
    Disparity, Drift, Evidence, EvidencePlan, Exposure, Harm, Indicator, LedgerPlan, Limits, Measure, Plan, Profile,
    ProfileId, Reference, Rule, RuleKind, Silence, Span, Suitability, Topic, WatchedCriterion, WindowLength,
    WindowPlan, stratum,
};
pub(super) use crate::statistics::Confidence;
