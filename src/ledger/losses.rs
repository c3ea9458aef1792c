//! Losses: cases that no finding can count, each told once, when the ledger knows of it.
//!
//! Whoever counts what is missing takes them after each event or batch.

use super::case::Contribution;
use crate::plan::EventTime;

/// The most losses that are held until they are taken. Further ones are only counted.
const MAX_LOSSES: usize = 1_048_576;

/// Why a case, or an event of it, is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossCause {
    /// The case was let go while it had no value in a dimension that a rule reads. It stays counted without one.
    Released,
    /// A second selection of a case was refused. The first one stays counted.
    Conflict,
    /// A limit was exceeded: a case was closed early, or an event lost its groups and strata.
    Dropped,
}

/// A case, or an event of it, that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Why.
    pub cause: LossCause,
    /// What the case counts for, or what the refused event would have counted for; `None` where no event of it names a
    /// profile of the allow-list.
    pub contribution: Option<Contribution>,
    /// Event time of the loss: of the refused event, or of the oldest event of the case.
    pub time: EventTime,
}

/// The losses that nobody has taken yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    held: Vec<Loss>,
    overflowed: u64,
}

impl Losses {
    /// Adds a loss.
    pub fn add(&mut self, loss: Loss) {
        if self.held.len() < MAX_LOSSES {
            self.held.push(loss);
        } else {
            self.overflowed = self.overflowed.saturating_add(1);
        }
    }

    /// Returns all losses since the last call.
    pub fn take(&mut self) -> Vec<Loss> {
        std::mem::take(&mut self.held)
    }

    /// Returns how many losses were not held, because too many were not taken.
    pub const fn overflowed(&self) -> u64 {
        self.overflowed
    }
}
