//! The configuration of the core, and the words that all rooms share: time, channels, ids, rules, windows, limits.

mod cause;
mod channel;
mod derived;
pub mod group_name;
mod id;
pub mod invariant;
mod mapping;
mod model;
mod provenance;
mod rule;
mod subject;
mod time;

pub use cause::Cause;
pub use channel::Channel;
pub use derived::Derived;
pub use id::{DimensionId, GroupId, PartitionIndex, ProfileId, Slot, StratumId};
pub use mapping::{Definition, Mapping, Names, RuleNames};
pub use model::{EvidencePlan, LedgerPlan, Limits, Plan, WindowPlan};
pub use provenance::{InputOffset, Provenance};
pub use rule::{Evidence, Harm, Indicator, Measure, Reference, Rule, WindowLength};
pub use subject::{Dimension, Exposure, Profile};
pub use time::{EventTime, Span, hour_of};
