//! How many cases of its window a finding does not count, and what they could change.

use serde::{Deserialize, Serialize};

use crate::evidence::Side;
use crate::plan::{Cause, Slot};
use crate::statistics::Interval;

/// The slots of cases that have no group with which they could be compared, and why.
pub(super) const WITHOUT_GROUP: [(Slot, Cause); 4] = [
    (Slot::NONE, Cause::NoGroup),
    (Slot::UNLISTED, Cause::UnlistedGroup),
    (Slot::LOOK_ALIKE, Cause::UnlistedGroup),
    // An older version kept the cases of both there.
    (Slot::OTHER, Cause::UnlistedGroup),
];

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
    /// Those of them that are, or may be, events of the indicator; in the same order.
    pub events_by_cause: [u64; Cause::COUNT],
    /// All cases of the side, the missing ones included.
    pub all: u64,
    /// All events of the side, the missing ones included.
    pub all_events: u64,
}

impl Missing {
    /// Returns the larger share of missing cases of the two sides, from 0 to 1.
    #[must_use]
    pub fn case_share(&self) -> f64 {
        self.group.case_share().max(self.reference.case_share())
    }

    /// Returns the larger share of missing events of the two sides, from 0 to 1. Where events are rare, few cases without a
    /// group can be most of them.
    #[must_use]
    pub fn event_share(&self) -> f64 {
        self.group.event_share().max(self.reference.event_share())
    }

    /// Returns the largest cause of the side with the larger share; of equal ones the first. `None` where nothing is missing.
    #[must_use]
    pub fn largest_cause(&self) -> Option<Cause> {
        let side = if self.reference.share() > self.group.share() { &self.reference } else { &self.group };
        let counts = if side.event_share() > side.case_share() { side.events_by_cause } else { side.by_cause };
        let causes = Cause::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0);
        causes.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(cause, _)| cause)
    }
}

impl MissingSide {
    /// Returns the missing cases.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.by_cause.iter().fold(0, |sum, cases| sum.saturating_add(*cases))
    }

    /// Counts the cases of a cause as if they were not.
    pub fn leave_out(&mut self, cause: Cause) {
        let taken = |counts: &mut [u64; Cause::COUNT]| counts.get_mut(cause as usize).map_or(0, std::mem::take);
        let (cases, events) = (taken(&mut self.by_cause), taken(&mut self.events_by_cause));
        // These are among those that the side counts.
        if !matches!(cause, Cause::Late | Cause::ImpossibleCounts | Cause::NoStratum) {
            self.all = self.all.saturating_sub(cases);
            self.all_events = self.all_events.saturating_sub(events);
        }
    }

    /// Returns the missing events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events_by_cause.iter().fold(0, |sum, events| sum.saturating_add(*events))
    }

    /// Adds missing cases, and events among them, to those of the side.
    pub(super) fn add(&mut self, cause: Cause, (cases, events): (u64, u64)) {
        self.add_counted(cause, (cases, events));
        self.all = self.all.saturating_add(cases);
        self.all_events = self.all_events.saturating_add(events);
    }

    /// Adds missing cases that the side counts already, though its evidence does not.
    pub(super) fn add_counted(&mut self, cause: Cause, (cases, events): (u64, u64)) {
        for (counts, more) in [(&mut self.by_cause, cases), (&mut self.events_by_cause, events)] {
            if let Some(place) = counts.get_mut(cause as usize) {
                *place = place.saturating_add(more);
            }
        }
    }

    fn share(&self) -> f64 {
        self.case_share().max(self.event_share())
    }

    /// Returns the missing cases as a share of all cases, from 0 to 1.
    #[must_use]
    pub fn case_share(&self) -> f64 {
        share_of(self.cases(), self.all)
    }

    /// Returns the missing events as a share of all events, from 0 to 1.
    #[must_use]
    pub fn event_share(&self) -> f64 {
        share_of(self.events(), self.all_events)
    }
}

/// 0 where nothing is missing.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn share_of(missing: u64, all: u64) -> f64 {
    if missing == 0 { 0.0 } else { missing as f64 / all.max(missing) as f64 }
}
