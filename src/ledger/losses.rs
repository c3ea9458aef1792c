//! Losses: cases that no finding can count, each told once, when the ledger knows of it.
//!
//! Whoever counts what is missing takes them after each event or batch.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::attributes::AttributeTable;
use super::case::{Contribution, facts, facts_of_selection, is_revised, selection_of};
use super::counts::CaseCounts;
use super::record::{Record, RecordKind};
use super::run::Spans;
use crate::plan::invariant::{Room, present};
use crate::plan::{EventTime, hour_of};

/// The most losses that are held until they are taken. Of further ones only the hour is kept.
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

/// A case, or an event of it, that is lost, or lost no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Why.
    pub cause: LossCause,
    /// What the case counts for, or what the refused event would have counted for; `None` where no event of it names a
    /// profile of the allow-list.
    pub contribution: Option<Contribution>,
    /// Event time of the loss: of the refused event, or of the oldest event of the case.
    pub time: EventTime,
    /// Whether it is lost now; else it was, and an event of another time made up for it.
    pub more: bool,
}

/// A run that was closed.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    pub records: FewClosed,
    /// Whether it was closed before it had expired.
    pub early: bool,
}

/// The records of a closed run. Nearly every one has a selection alone.
pub(super) type FewClosed = SmallVec<[Record; 1]>;

/// The losses that nobody has taken yet, and how many cases were released.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    held: Vec<Loss>,
    /// Those that were not held, by the hour of their time, counted from 1970.
    beyond: BTreeMap<i32, u64>,
    overflowed: u64,
    /// By dimension: cases that were let go without a value in it, where a rule reads it. Not longer than needed.
    pub released: Vec<u64>,
    /// Runs closed by the sweep at hand; kept for its buffer.
    pub closed: Vec<Closed>,
}

impl Losses {
    /// Adds a loss.
    fn add(&mut self, loss: Loss) {
        if self.held.len() < MAX_LOSSES {
            self.held.push(loss);
        } else if loss.more {
            self.overflowed = self.overflowed.saturating_add(1);
            let count = self.beyond.entry(hour_of(loss.time)).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Adds what the runs closed by a sweep lose.
    pub fn add_closed(&mut self, attributes: &mut AttributeTable, spans: &Spans) {
        let mut closed = std::mem::take(&mut self.closed);
        for Closed { records, early } in closed.drain(..) {
            self.add_run(&records, early, attributes, spans);
        }
        self.closed = closed;
    }

    fn add_run(&mut self, records: &[Record], early: bool, attributes: &mut AttributeTable, spans: &Spans) {
        let facts = facts(records, attributes, spans);
        let Some(time) = records.iter().map(|record| record.time).min() else { return };
        if facts.unmatched.is_some() {
            // It was counted as missing when its control came, and stays so.
            return;
        }
        if early {
            let lost = |contribution| Loss { cause: LossCause::Dropped, contribution, time, more: true };
            self.add(lost(facts.home));
            facts.other.into_iter().for_each(|other| self.add(lost(Some(other))));
            return;
        }
        let Some(home) = facts.home.filter(|home| attributes.without_group(home.attributes).next().is_some()) else {
            return;
        };
        for dimension in attributes.without_group(home.attributes) {
            let index = usize::from(dimension.0);
            self.released.resize(self.released.len().max(index + 1), 0);
            if let Some(count) = present(Room::Ledger, "the list was made long enough", self.released.get_mut(index)) {
                *count = count.saturating_add(1);
            }
        }
        let released =
            |contribution| Loss { cause: LossCause::Released, contribution: Some(contribution), time, more: true };
        self.add(released(home));
        facts.other.into_iter().for_each(|other| self.add(released(other)));
    }

    /// Adds what a further selection of a case changes in which of its selections are refused. It is among `records`, unless there was no
    /// room for it.
    pub fn add_selection(&mut self, record: &Record, records: &[Record], spans: &Spans) {
        let run = spans.runs(records).find(|run| run.contains(record)).unwrap_or(records);
        let before: Vec<Record> = run.iter().filter(|known| *known != record).copied().collect();
        let after: Vec<Record> = before.iter().chain([record]).copied().collect();
        let (was, is) = (refused(&before), refused(&after));
        let conflict = |(time, contribution): (EventTime, Option<Contribution>), more| Loss {
            cause: LossCause::Conflict,
            contribution,
            time,
            more,
        };
        let without = |these: &[Refused], others: &[Refused]| -> Vec<Refused> {
            these.iter().filter(|refused| !others.contains(refused)).copied().collect()
        };
        without(&was, &is).into_iter().for_each(|(_, counts_for)| self.add(conflict(counts_for, false)));
        without(&is, &was).into_iter().for_each(|(_, counts_for)| self.add(conflict(counts_for, true)));
    }

    /// Adds an event of a case that lost its groups and strata, because too many combinations were in use.
    pub fn add_overflow(&mut self, record: &Record, contribution: Option<Contribution>) {
        self.add(Loss { cause: LossCause::Dropped, contribution, time: record.time, more: true });
    }

    /// Returns all losses since the last call.
    pub fn take(&mut self) -> Vec<Loss> {
        std::mem::take(&mut self.held)
    }

    /// Returns how many losses were not held since the last call, by the hour of their time.
    pub fn take_beyond(&mut self) -> BTreeMap<i32, u64> {
        std::mem::take(&mut self.beyond)
    }

    /// Returns how many losses were not held, because too many were not taken.
    pub const fn overflowed(&self) -> u64 {
        self.overflowed
    }
}

/// A selection that is refused, by its tag: its time, and what it would count for.
type Refused = (u64, (EventTime, Option<Contribution>));

/// Returns the selections of a case that are refused, because it counts by another one that says otherwise.
fn refused(records: &[Record]) -> Vec<Refused> {
    let Some((kept, _)) = selection_of(records) else { return Vec::new() };
    let says =
        |selection: &Record| facts_of_selection(selection).home.map(|home| Contribution { cohort: kept.time, ..home });
    let own = says(kept);
    let heads = records.iter().filter(|record| record.kind == RecordKind::Selection && !is_revised(record, records));
    let otherwise = heads.filter(|head| head.order() != kept.order() && (says(head).is_none() || says(head) != own));
    otherwise.map(|head| (head.tag, (head.time, may_count_for(head, own)))).collect()
}

/// What a refused selection would count for. Where the one that is kept is of the same profile and picked the case, it may have been picked.
fn may_count_for(refused: &Record, kept: Option<Contribution>) -> Option<Contribution> {
    let own = facts_of_selection(refused).home?;
    let is_same = |kept: Contribution| (kept.profile, kept.channel) == (own.profile, own.channel);
    let may_be_picked = kept.is_some_and(|kept| is_same(kept) && kept.counts.count(CaseCounts::SELECTED) > 0);
    Some(Contribution { counts: if may_be_picked { own.counts.with_selected() } else { own.counts }, ..own })
}

/// Returns whether anything is lost where the run expires: it leaves a value open that a rule reads.
pub(super) fn may_lose(run: &[Record]) -> bool {
    let tells = |record: &&Record| matches!(record.kind, RecordKind::Selection | RecordKind::Attributes);
    run.iter().filter(tells).all(|record| record.flags.is_open())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_that_are_not_held_are_told_by_their_hour() {
        let mut losses = Losses::default();
        let loss = |hour: i64| Loss {
            cause: LossCause::Released,
            contribution: None,
            time: EventTime(crate::plan::Span::HOUR.times(hour).0),
            more: true,
        };
        (0..MAX_LOSSES).for_each(|_| losses.add(loss(1)));
        [2, 3, 3].into_iter().for_each(|hour| losses.add(loss(hour)));
        assert_eq!((losses.take().len(), losses.overflowed()), (MAX_LOSSES, 3));
        assert_eq!(losses.take_beyond(), BTreeMap::from([(2, 1), (3, 2)]));
        assert!(losses.take_beyond().is_empty());
    }
}
