//! The types of the core that a configuration names, and the words that it names them by.
//!
//! Every import of this room from a room of the core stands here.

pub(super) use crate::plan::{
    Channel, Dimension, DimensionId, Evidence, EvidencePlan, Exposure, Harm, Indicator, LedgerPlan, Limits, Measure,
    Plan, Profile, ProfileId, Reference, Rule, Span, WindowLength, WindowPlan,
};
pub(super) use crate::statistics::Confidence;

pub(super) const CHANNELS: [Channel; 4] = [Channel::Profile, Channel::Random, Channel::Signal, Channel::Manual];
pub(super) const EVIDENCE: [Evidence; 3] = [Evidence::Sequential, Evidence::Interval, Evidence::Point];
pub(super) const EXPOSURES: [Exposure; 2] = [Exposure::Assessed, Exposure::Population];
pub(super) const MEASURES: [Measure; 2] = [Measure::Ratio, Measure::Difference];

/// References that are words; any other text names a group.
pub(super) const REFERENCES: [Reference; 4] =
    [Reference::Rest, Reference::Lowest, Reference::Random, Reference::Overall];

pub(super) const fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Profile => "profile",
        Channel::Random => "random",
        Channel::Signal => "signal",
        Channel::Manual => "manual",
    }
}

pub(super) const fn evidence_name(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Sequential => "sequential",
        Evidence::Interval => "interval",
        Evidence::Point => "point",
    }
}

pub(super) const fn exposure_name(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Assessed => "assessed",
        Exposure::Population => "population",
    }
}

pub(super) fn reference_name(reference: &Reference) -> &str {
    match reference {
        Reference::Rest => "rest",
        Reference::Lowest => "lowest",
        Reference::Random => "random",
        Reference::Overall => "overall",
        Reference::Group(name) => name,
    }
}
