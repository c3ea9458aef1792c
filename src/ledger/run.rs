//! Runs: which events of a case belong together, decided by the log alone.
//!
//! A case cannot be kept for ever. So its events, in the order of their arrival in event time ([`Record::arrived`]),
//! form runs. An event that arrives after all earlier ones have expired begins a new run, as if it were about another
//! case. Runs depend on nothing but the set of events, for two reasons. More events never separate what belongs
//! together, with one exception: an event in time that brings all open values ends the wait for them, in the windows
//! and in evidence alike. And once [`Spans::is_expired`] holds for a run, no event can join it: whatever is read later has also
//! arrived later in event time.

use smallvec::SmallVec;

use super::record::{NO_PROFILE, Record, RecordKind};
use crate::plan::invariant::{Room, present};
use crate::plan::{EventTime, Plan, Span};

/// How long a case is kept after an event of it. All spans are of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// After a selection that did not pick the case, and after group membership that was sent separately.
    pub not_selected: Span,
    /// After a selection that leaves a value open that a rule reads, as long as no event brings all of them. Membership
    /// counts for a case up to here, picked or not. Not shorter than `not_selected`.
    pub membership: Span,
    /// After any other event: the control, outcome or correction that follows it may come much later.
    pub history: Span,
    /// How far an event may be behind its partition and still be in time.
    pub lateness: Span,
}

/// Events become final by whole hours, so a case is kept until the hour of its last possible event is final.
const FINAL_AFTER: Span = Span::HOUR;

impl Spans {
    /// Returns the spans of a plan.
    #[must_use]
    pub const fn of(plan: &Plan) -> Self {
        Self {
            not_selected: plan.ledger.not_selected_horizon,
            membership: longer(plan.ledger.membership_horizon, plan.ledger.not_selected_horizon),
            history: plan.window.history,
            lateness: plan.window.allowed_lateness,
        }
    }

    /// Returns when an event arrived, in event time. An event in time arrives at its own `time`. A late one arrives at
    /// `seen` less the allowed lateness, where `seen` is the largest event time of its partition so far, and not before
    /// the watermark.
    #[must_use]
    pub fn arrived(&self, time: EventTime, seen: EventTime) -> EventTime {
        time.max(seen.minus(self.lateness))
    }

    /// Returns the runs of a case. Its records must be in the order of [`arrival`].
    pub fn runs<'r>(&self, records: &'r [Record]) -> impl Iterator<Item = &'r [Record]> + use<'r> {
        let (spans, mut rest) = (*self, records);
        std::iter::from_fn(move || {
            let (run, after) = rest.split_at_checked(spans.first_run(rest)).filter(|(run, _)| !run.is_empty())?;
            rest = after;
            Some(run)
        })
    }

    /// Returns whether, at this watermark, no further event can join the run nor any run before it.
    #[must_use]
    pub fn is_expired(&self, run: &[Record], watermark: EventTime) -> bool {
        self.kept_until(run) < watermark
    }

    /// Returns the last watermark at which the run is kept.
    pub(super) fn kept_until(&self, run: &[Record]) -> EventTime {
        let first = present(Room::Ledger, "a run has a record", run.first());
        first.map_or(EventTime::MIN, |_| self.reach(run).plus(self.lateness))
    }

    /// Returns how many of a case's records belong to expired runs. These are its first records.
    pub(super) fn expired(&self, records: &[Record], watermark: EventTime) -> usize {
        self.runs(records).take_while(|run| self.is_expired(run, watermark)).map(<[Record]>::len).sum()
    }

    /// Returns how many runs of a case wait: no event of theirs names a profile.
    pub(super) fn waiting_runs(&self, records: &[Record]) -> u64 {
        let nameless = |record: &Record| record.kind != RecordKind::Selection && record.profile == NO_PROFILE;
        // Nearly no case has such a record: then the runs need not be found.
        if !records.iter().any(nameless) {
            return 0;
        }
        self.runs(records).filter(|run| run.iter().all(nameless)).count() as u64
    }

    /// Returns whether any run of a case waits.
    pub(super) fn waits(&self, records: &[Record]) -> bool {
        self.waiting_runs(records) > 0
    }

    /// Returns the last arrival time at which another event joins this run, or these first records of one.
    pub(super) fn reach(&self, run: &[Record]) -> EventTime {
        let mut reach = Reach::default();
        run.iter().for_each(|record| reach.add(record, self, false));
        reach.until()
    }

    /// Returns those selections and separate groups of a run that would be known of its case had it not been picked:
    /// the run, of them alone, that has the selection `start`. What is known of the groups of a case must not depend on
    /// its being picked.
    pub(super) fn known_unpicked<'r>(&self, run: &'r [Record], start: (EventTime, u64)) -> FewRecords<'r> {
        let mut known = FewRecords::new();
        let mut reach = Reach::default();
        let tells = |record: &&Record| matches!(record.kind, RecordKind::Selection | RecordKind::Attributes);
        for record in run.iter().filter(tells) {
            if !known.is_empty() && record.arrived > reach.until() {
                if has_start(&known, start) {
                    break;
                }
                known.clear();
                reach = Reach::default();
            }
            reach.add(record, self, true);
            known.push(record);
        }
        known
    }

    /// Returns how many records form the first run.
    fn first_run(&self, records: &[Record]) -> usize {
        if records.len() <= 1 {
            return records.len();
        }
        let mut reach = Reach::default();
        let mut joins = |(index, record): (usize, &Record)| {
            let joins = index == 0 || record.arrived <= reach.until();
            reach.add(record, self, false);
            joins
        };
        records.iter().enumerate().take_while(|record| joins(*record)).count()
    }
}

/// Some records of a case. Nearly every case has few.
pub(super) type FewRecords<'r> = SmallVec<[&'r Record; 4]>;

fn has_start(known: &[&Record], start: (EventTime, u64)) -> bool {
    known.iter().any(|record| record.kind == RecordKind::Selection && record.order() == start)
}

/// How long a run is kept, as its records are added one by one.
#[derive(Clone, Copy, Debug)]
struct Reach {
    /// Whatever is known of the groups.
    always: EventTime,
    /// As long as a value that a rule reads is open.
    while_open: EventTime,
    /// Whether an event brought all such values.
    is_complete: bool,
}

impl Default for Reach {
    fn default() -> Self {
        Self { always: EventTime::MIN, while_open: EventTime::MIN, is_complete: false }
    }
}

impl Reach {
    /// Adds a record, or, with `unpicked`, the selection that it would be if it had not picked the case.
    fn add(&mut self, record: &Record, spans: &Spans, unpicked: bool) {
        let until = |span: Span| record.arrived.plus(span).plus(FINAL_AFTER);
        let span = match record.kind {
            RecordKind::Selection if unpicked || !record.flags.yes() => spans.not_selected,
            RecordKind::Attributes => spans.not_selected,
            _ => spans.history,
        };
        self.always = self.always.max(until(span));
        match record.kind {
            RecordKind::Selection | RecordKind::Attributes if !record.flags.is_open() => {
                // Evidence does not know late events. By more events a run must never become shorter.
                self.is_complete |= !record.flags.late();
            }
            RecordKind::Selection => self.while_open = self.while_open.max(until(spans.membership)),
            _ => {}
        }
    }

    fn until(&self) -> EventTime {
        if self.is_complete { self.always } else { self.always.max(self.while_open) }
    }
}

const fn longer(one: Span, other: Span) -> Span {
    if one.0 > other.0 { one } else { other }
}

/// The key by which the records of a case are sorted: arrival in event time, then what makes the order total.
pub(super) fn arrival(record: &Record) -> (EventTime, EventTime, u64, RecordKind) {
    (record.arrived, record.time, record.tag, record.kind)
}
