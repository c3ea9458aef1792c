//! The subjects of a profile's chapter, in their order: which findings stand together.

use super::words::Chapters;
use crate::disclosure::KeptKey;
use crate::plan::Indicator;
use crate::render::words::indicator_of;

/// A subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Selection,
    Control,
    Hits,
    Unfounded,
    Strictness,
    Complaints,
    Benchmark,
    Criteria,
    Human,
    Drift,
    Outcomes,
    Silence,
}

impl Topic {
    /// Every subject, in the order of the chapter.
    pub const ALL: [Self; 12] = [
        Self::Selection,
        Self::Control,
        Self::Hits,
        Self::Unfounded,
        Self::Strictness,
        Self::Complaints,
        Self::Benchmark,
        Self::Criteria,
        Self::Human,
        Self::Drift,
        Self::Outcomes,
        Self::Silence,
    ];

    /// What a finding is about.
    pub fn of(key: &KeptKey) -> Self {
        match key.kind.as_str() {
            "criterion" => Self::Criteria,
            "automation" => Self::Human,
            "benchmark" | "suitability" => Self::Benchmark,
            "coverage" => Self::Outcomes,
            "drift" => Self::Drift,
            "silence" => Self::Silence,
            "complaints" => Self::Complaints,
            _ => Self::of_comparison(key),
        }
    }

    fn of_comparison(key: &KeptKey) -> Self {
        match indicator_of(key) {
            Some(Indicator::SelectionRate) => Self::Selection,
            Some(Indicator::ControlFrequency) | None => Self::Control,
            Some(Indicator::HitRate) => Self::Hits,
            Some(Indicator::UnfoundedRate) => Self::Unfounded,
            Some(Indicator::FollowThrough) => Self::Human,
            Some(Indicator::OutcomeCoverage) => Self::Outcomes,
            Some(Indicator::OverturnRate | Indicator::ComplaintRate) => Self::Complaints,
            Some(
                Indicator::Intensity
                | Indicator::Duration
                | Indicator::SanctionAmount
                | Indicator::SanctionRate
                | Indicator::StrictRate,
            ) => Self::Strictness,
        }
    }

    /// Its heading.
    pub const fn title(self, chapters: &'static Chapters) -> &'static str {
        match self {
            Self::Selection => chapters.selection,
            Self::Control => chapters.control,
            Self::Hits => chapters.hit_rate,
            Self::Unfounded => chapters.unfounded,
            Self::Strictness => chapters.strictness,
            Self::Complaints => chapters.complaints,
            Self::Benchmark => chapters.benchmark,
            Self::Criteria => chapters.criteria,
            Self::Human => chapters.human,
            Self::Drift => chapters.drift,
            Self::Outcomes => chapters.outcomes,
            Self::Silence => chapters.silence,
        }
    }
}
