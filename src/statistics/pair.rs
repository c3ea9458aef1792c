//! The counts of two groups in one block.

use serde::{Deserialize, Serialize};

/// Events and exposed of the two groups in one block, or in one stratum of a block.
///
/// Where the exposed are populations, or events come in after their exposed, there may be more events than exposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Events of the monitored group.
    pub events: u64,
    /// Exposed of the monitored group.
    pub exposed: u64,
    /// Events of the reference.
    pub reference_events: u64,
    /// Exposed of the reference.
    pub reference_exposed: u64,
}

impl Pair {
    /// Exchanges the two groups. Evidence that a rate is too low is evidence that the reference's is too high.
    #[must_use]
    pub const fn swapped(self) -> Self {
        Self {
            events: self.reference_events,
            exposed: self.reference_exposed,
            reference_events: self.events,
            reference_exposed: self.exposed,
        }
    }

    /// Adds two pairs, group by group. Sums stop at 2^64 - 1, which no real counts reach.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            events: self.events.saturating_add(other.events),
            exposed: self.exposed.saturating_add(other.exposed),
            reference_events: self.reference_events.saturating_add(other.reference_events),
            reference_exposed: self.reference_exposed.saturating_add(other.reference_exposed),
        }
    }

    /// Whether one of the groups is empty, so that nothing can be compared.
    #[must_use]
    pub const fn one_sided(self) -> bool {
        self.exposed == 0 || self.reference_exposed == 0
    }

    /// Whether a group has more events than exposed, which no rate explains: complaints, for example, come in after controls have stopped.
    #[must_use]
    pub const fn overfull(self) -> bool {
        self.events > self.exposed || self.reference_events > self.reference_exposed
    }
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53; larger counts lose less than 1e-15 of their value")]
pub(super) const fn real(count: u64) -> f64 {
    count as f64
}
