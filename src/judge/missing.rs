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
    /// Cases, in the order of [`Cause::ALL`]. The encoding leaves out the causes that came after format 7.
    #[serde(with = "causes")]
    pub by_cause: [u64; Cause::COUNT],
    /// Those of them that are, or may be, events of the indicator; in the same order.
    #[serde(with = "causes")]
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
        if !is_counted(cause) {
            self.all = self.all.saturating_sub(cases);
            self.all_events = self.all_events.saturating_sub(events);
        }
    }

    /// Makes the sums those of the counts that are told: `exact` is in them as `told`, and what was missing as it is missing here.
    pub fn recount(&mut self, before: &Self, exact: Side, told: Side) {
        let apart = |counts: &[u64; Cause::COUNT]| {
            let causes = Cause::ALL.into_iter().zip(counts).filter(|(cause, _)| !is_counted(*cause));
            causes.fold(0_u64, |sum, (_, count)| sum.saturating_add(*count))
        };
        let change = |all: u64, [exact, told]: [u64; 2], [was, is]: [u64; 2]| {
            all.saturating_sub(exact).saturating_sub(was).saturating_add(told).saturating_add(is)
        };
        let (was, is) = (apart(&before.by_cause), apart(&self.by_cause));
        self.all = change(before.all, [exact.exposed, told.exposed], [was, is]);
        let (was, is) = (apart(&before.events_by_cause), apart(&self.events_by_cause));
        self.all_events = change(before.all_events, [exact.events, told.events], [was, is]);
    }

    /// Returns the missing cases of one cause.
    #[must_use]
    pub fn of(&self, cause: Cause) -> u64 {
        self.by_cause.get(cause as usize).copied().unwrap_or(0)
    }

    /// Sets the missing cases of one cause.
    pub(super) fn set(&mut self, cause: Cause, cases: u64) {
        if let Some(place) = self.by_cause.get_mut(cause as usize) {
            *place = cases;
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

/// Whether the side counts the missing cases of a cause too, though its evidence, or the verdict, does not.
const fn is_counted(cause: Cause) -> bool {
    matches!(cause, Cause::Late | Cause::ImpossibleCounts | Cause::NoStratum)
}

/// How cases by cause are stored: those of the causes of format 7.
mod causes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::plan::Cause;

    pub fn serialize<S: Serializer>(cases: &[u64; Cause::COUNT], serializer: S) -> Result<S::Ok, S::Error> {
        let mut stored = [0; Cause::OF_FORMAT_7];
        stored.iter_mut().zip(cases).for_each(|(stored, cases)| *stored = *cases);
        stored.serialize(serializer)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<[u64; Cause::COUNT], D::Error> {
        let stored = <[u64; Cause::OF_FORMAT_7]>::deserialize(deserializer)?;
        let mut cases = [0; Cause::COUNT];
        cases.iter_mut().zip(stored).for_each(|(cases, stored)| *cases = stored);
        Ok(cases)
    }
}

/// 0 where nothing is missing.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn share_of(missing: u64, all: u64) -> f64 {
    if missing == 0 { 0.0 } else { missing as f64 / all.max(missing) as f64 }
}
