//! The strata that a selection says of itself: no producer has to repeat them in `strata`.

/// The `risk_class` of a selection.
pub const RISK_CLASS: &str = "risk_class";

/// The `profile_version` of a selection.
pub const PROFILE_VERSION: &str = "profile_version";

/// The `decided_by` of a selection.
pub const DECIDED_BY: &str = "decided_by";

/// What the name of a criterion's stratum begins with.
pub const CRITERION: &str = "criterion:";

/// The criterion of a selection that has no stratum of its own.
pub const UNLISTED_CRITERION: &str = "criteria:unlisted";

/// The subject of a finding about cases with criteria on no list beyond those that are measured.
pub const UNMEASURED_CRITERION: &str = "criteria:unmeasured";

/// What the names of strata begin with that stand for one criterion on no list each, in the order in which their names came.
pub const LEARNED_CRITERION: &str = "criteria:unlisted:";

/// Those strata: so many criteria on no list are measured. Cases with further ones are counted.
pub const LEARNED_CRITERIA: [&str; 16] = [
    "criteria:unlisted:01",
    "criteria:unlisted:02",
    "criteria:unlisted:03",
    "criteria:unlisted:04",
    "criteria:unlisted:05",
    "criteria:unlisted:06",
    "criteria:unlisted:07",
    "criteria:unlisted:08",
    "criteria:unlisted:09",
    "criteria:unlisted:10",
    "criteria:unlisted:11",
    "criteria:unlisted:12",
    "criteria:unlisted:13",
    "criteria:unlisted:14",
    "criteria:unlisted:15",
    "criteria:unlisted:16",
];

/// What the name of a stratum begins with that has the version of the profile where another stratum, named behind it, says what is watched for.
pub const VERSION_OF: &str = "version_of:";

/// The version in which a case was decided without a human.
pub const VERSION_OF_DECIDED_BY: &str = "version_of:decided_by";
