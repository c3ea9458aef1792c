//! The configuration of the core, and the words that all rooms share: time, channels, ids, rules, windows, limits.

mod calendar;
mod cause;
mod channel;
mod derived;
mod disparity;
mod duty;
pub mod group_name;
mod id;
pub mod invariant;
mod mapping;
mod model;
pub mod optional;
mod provenance;
mod rule;
pub mod stratum;
mod subject;
mod time;

pub use calendar::Calendar;
pub use cause::Cause;
pub use channel::Channel;
pub use derived::Derived;
pub use disparity::{Disparity, Evidence, Harm, Indicator, Measure, Reference};
pub use duty::{
    Automation, Benchmark, Compare, Coverage, Criterion, CriterionStanding, Drift, Silence, Suitability, Topic,
    WatchedCriterion,
};
pub use id::{DimensionId, GroupId, PartitionIndex, ProfileId, Slot, StratumId};
pub use mapping::{Comparison, Definition, Mapping, Names, RuleNames};
pub use model::{EvidencePlan, LedgerPlan, Limits, Plan, WindowPlan};
pub use provenance::{InputOffset, Provenance};
pub use rule::{DisparityRule, Rule, RuleKind};
pub use subject::{Dimension, Exposure, Profile};
pub use time::{EventTime, Span, WindowLength, hour_of};
