//! Strata that are read from a selection itself: what it says of its own making.

use super::id::Slot;
use super::stratum;

/// What a stratum of this kind reads of a selection. An entry of the same name in `strata` takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived<'n> {
    /// `profile_version`: the version of the profile; empty where the selection names none.
    ProfileVersion,
    /// `decided_by`: `human` or `automated`.
    DecidedBy,
    /// `criterion:NAME`: the value of one criterion, or whether it is there.
    Criterion(&'n str),
    /// `criteria:unlisted`: the first criterion by name that no stratum `criterion:NAME` of the plan is about.
    UnlistedCriterion,
    /// `criteria:unlisted:NN`: the value of one such criterion. Which one is learned; its first value is the name.
    LearnedCriterion,
    /// `version_of:STRATUM`: the version, where a criterion is used or no human decided; no value elsewhere.
    VersionOf(&'n str),
}

impl Derived<'_> {
    /// The value of a criterion that a selection does not list, though it lists its criteria.
    pub const ABSENT: &'static str = "absent";
    /// The value of a criterion that a selection lists without a value.
    pub const PRESENT: &'static str = "present";
    /// The value of `criteria:unlisted` where a selection lists no such criterion.
    pub const NO_CRITERION: &'static str = "none";
    /// The value of `criteria:unlisted` where a selection lists one of which there is no room to learn.
    pub const UNMEASURED: &'static str = "unmeasured";
    /// The value of `decided_by` that the law excludes.
    pub const AUTOMATED: &'static str = "automated";
    /// The place of a learned criterion's name among its values. No case has it as a value.
    pub const NAME: Slot = Slot(0);
}

impl<'n> Derived<'n> {
    /// Returns what the stratum of this name reads of a selection; `None` for a stratum that only `strata` of events give
    /// a value, and for `risk_class`.
    #[must_use]
    pub fn of(stratum: &'n str) -> Option<Self> {
        match stratum {
            stratum::PROFILE_VERSION => Some(Self::ProfileVersion),
            stratum::DECIDED_BY => Some(Self::DecidedBy),
            stratum::UNLISTED_CRITERION => Some(Self::UnlistedCriterion),
            _ if stratum.starts_with(stratum::LEARNED_CRITERION) => Some(Self::LearnedCriterion),
            _ => {
                let version_of = stratum.strip_prefix(stratum::VERSION_OF).map(Self::VersionOf);
                version_of.or_else(|| stratum.strip_prefix(stratum::CRITERION).map(Self::Criterion))
            }
        }
    }
}
