//! What was done about a finding or a profile.

use serde::{Deserialize, Serialize};

/// What was done about a finding or a profile. The order of the variants is a part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MeasureKind {
    /// The profile was taken out of use.
    Suspended,
    /// The profile, or how it is used, was changed.
    Adjusted,
    /// The profile is in use again.
    Resumed,
    /// The finding was accepted: it is known, and the profile stays in use.
    Accepted,
}

impl MeasureKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Suspended, Self::Adjusted, Self::Resumed, Self::Accepted];

    /// Returns the word for it in events, metrics and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::Adjusted => "adjusted",
            Self::Resumed => "resumed",
            Self::Accepted => "accepted",
        }
    }

    /// Returns the kind that `word` stands for, or `None` where it stands for none.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }
}
