//! How many cases of its window a finding does not count, and what they could change.

use serde::{Deserialize, Serialize};

use crate::evidence::Side;
use crate::plan::Cause;
use crate::statistics::Interval;

/// The cases of a finding's window that its comparison, or its evidence, does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    /// Those that may be of the group.
    pub group: MissingSide,
    /// Those that may be of the reference.
    pub reference: MissingSide,
    /// The lowest and the highest ratio over every way of assigning the cases without a group; the upper one may be
    /// infinite. `None` where there are none, or where it is not known whether they were picked.
    pub bounds: Option<Interval>,
    /// The cases without a group that the bounds assign.
    pub unassigned: Side,
}

/// The missing cases of one side. A case without a group counts on both sides: it may be of either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingSide {
    /// Cases, in the order of [`Cause::ALL`].
    pub by_cause: [u64; Cause::COUNT],
    /// All cases of the side, the missing ones included.
    pub all: u64,
}

impl Missing {
    /// Returns the larger share of the two sides, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.group.share().max(self.reference.share())
    }

    /// Returns the largest cause of the side with the larger share; of equal ones the first. `None` where nothing is missing.
    #[must_use]
    pub fn largest_cause(&self) -> Option<Cause> {
        let side = if self.reference.share() > self.group.share() { &self.reference } else { &self.group };
        let causes = Cause::ALL.into_iter().zip(side.by_cause).filter(|(_, cases)| *cases > 0);
        causes.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(cause, _)| cause)
    }
}

impl MissingSide {
    /// Returns the missing cases.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.by_cause.iter().fold(0, |sum, cases| sum.saturating_add(*cases))
    }

    /// Returns the missing cases as a share of all, from 0 to 1; 0 where there are no cases.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn share(&self) -> f64 {
        let missing = self.cases();
        if missing == 0 { 0.0 } else { missing as f64 / self.all.max(missing) as f64 }
    }
}
