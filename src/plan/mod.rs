//! The configuration of the core, and the words that all rooms share: time, channels, ids, rules, windows, limits.

mod calendar;
mod cause;
mod channel;
mod crossing;
mod derived;
mod disclosure;
mod disparity;
mod duty;
pub mod group_name;
mod handling;
mod id;
pub mod invariant;
mod mapping;
mod measure_kind;
mod model;
mod nearest;
pub mod optional;
mod period;
mod provenance;
mod rule;
pub mod stratum;
mod subject;
mod time;

pub use calendar::{Calendar, Month};
pub use cause::Cause;
pub use channel::Channel;
pub use derived::Derived;
pub use disclosure::{Defences, DisclosurePlan};
pub use disparity::{Disparity, Evidence, Harm, Indicator, Measure, Reference};
pub use duty::{
    Automation, Benchmark, Compare, ComplaintMeasure, Complaints, Coverage, Criterion, CriterionStanding, Drift,
    Silence, Suitability, Topic, WatchedCriterion,
};
pub use handling::{Feature, HandlingTerms};
pub use id::{DimensionId, GroupId, PartitionIndex, ProfileId, Slot, StratumId};
pub use mapping::{Comparison, Definition, Mapping, Names, RuleNames};
pub use measure_kind::MeasureKind;
pub use model::{EvidencePlan, LedgerPlan, Limits, Plan, WindowPlan};
pub use nearest::nearest;
pub use period::{Period, PeriodKind};
pub use provenance::{InputOffset, Provenance};
pub use rule::{DisparityRule, Rule, RuleKind};
pub use subject::{Dimension, Exposure, Profile};
pub use time::{EventTime, Span, WindowLength, hour_of};
