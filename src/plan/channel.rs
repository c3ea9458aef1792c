//! How a case came up.

use serde::{Deserialize, Serialize};

/// How a case came up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    /// Picked by the risk profile.
    #[default]
    Profile,
    /// Picked at random (Dutch: *aselect*). The other channels are compared with it.
    Random,
    /// Picked after a tip.
    Signal,
    /// Picked by hand.
    Manual,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::Profile, Self::Random, Self::Signal, Self::Manual];

    /// Returns the word for the channel in events, configuration, metrics and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Random => "random",
            Self::Signal => "signal",
            Self::Manual => "manual",
        }
    }

    /// Returns the channel that `word` stands for, or `None` where it stands for none.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == word)
    }
}
