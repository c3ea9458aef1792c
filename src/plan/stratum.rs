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
