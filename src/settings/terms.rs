//! The types of the core that a configuration names.
//!
//! Every import of this room from a room of the core stands here.

pub(super) use jiff::tz::TimeZone;

pub(super) use crate::mapping::{
    Condition, Constant, Deletes, Envelope, Field, Format, Kind, MAX_FIELDS as MAX_MAPPED_FIELDS, Mapping, Origin,
    Path, Shape, Target, TimeFormat, TimeRule, check_jq, names as target_names, required as required_fields,
    target as target_named,
};
pub(super) use crate::plan::group_name::{normalise, skeleton};
pub(super) use crate::plan::{
    Automation, Benchmark, Calendar, Channel, Compare, ComplaintMeasure, Complaints, Coverage, Criterion,
    CriterionStanding, Defences, Dimension, DimensionId, DisclosurePlan, Disparity, Drift, Evidence, EvidencePlan,
    Exposure, Feature, HandlingTerms, Harm, Indicator, LedgerPlan, Limits, Measure, PeriodKind, Plan, Profile,
    ProfileId, Reference, Rule, RuleKind, Silence, Span, Suitability, Topic, WatchedCriterion, WindowLength,
    WindowPlan, nearest,
};
pub(super) use crate::statistics::Confidence;
