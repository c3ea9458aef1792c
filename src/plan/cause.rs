//! Why a case of a window is missing from a comparison, or from its evidence.

use serde::{Deserialize, Serialize};

/// Why a case is missing. The order of the variants is a part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// Its facts came later than `allowed_lateness`: windows count it, evidence does not.
    Late,
    /// It has no value for the dimension.
    NoGroup,
    /// Its value is on no list, or resembles a listed one.
    UnlistedGroup,
    /// It was let go before its membership came.
    Released,
    /// Its selection was refused, because its case has another one.
    Conflict,
    /// A limit left no room for it.
    Dropped,
    /// Counts of the cell cannot be: a stage exceeds the one before it.
    ImpossibleCounts,
    /// It was controlled, but its selection has not come: nothing says which profile or group it is of.
    Unmatched,
    /// It has no value in the stratum by which a rule compares like with like: it is compared with others of which nothing is known either.
    NoStratum,
    /// Nothing is known of how it was handled that a rule compares: no intensity, no duration, no kind of control.
    NoValue,
}

impl Cause {
    /// The number of causes.
    pub const COUNT: usize = 10;

    /// The number of those, the first, that findings of format 7 have.
    pub const OF_FORMAT_7: usize = 9;

    /// Every cause.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Late,
        Self::NoGroup,
        Self::UnlistedGroup,
        Self::Released,
        Self::Conflict,
        Self::Dropped,
        Self::ImpossibleCounts,
        Self::Unmatched,
        Self::NoStratum,
        Self::NoValue,
    ];

    /// Returns the word for it in JSON, metrics and the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::NoGroup => "no_group",
            Self::UnlistedGroup => "unlisted_group",
            Self::Released => "released",
            Self::Conflict => "conflict",
            Self::Dropped => "dropped",
            Self::ImpossibleCounts => "impossible_counts",
            Self::Unmatched => "unmatched",
            Self::NoStratum => "no_stratum",
            Self::NoValue => "no_value",
        }
    }
}
