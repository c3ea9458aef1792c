//! Runs: which events of a case belong together, told by the log alone.
//!
//! A case cannot be kept for ever. So its events, in the order of their arrival in event time ([`Record::arrived`]), form runs: one that comes
//! after all before it have been let go begins a run of its own, as if it were about another case. This depends on nothing but the set of
//! events, for two reasons. More events never part what belongs together. And no event can come any more that would join a run which
//! [`Spans::is_past`] calls past: what arrives later has also arrived later in event time.

use crate::ledger::{Record, RecordKind};
use crate::plan::{EventTime, Plan, Span};

/// How long after an event its case is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// After a selection that did not pick the case, and after membership sent apart.
    pub not_selected: Span,
    /// After any other event: its control, outcome or correction may come much later.
    pub history: Span,
    /// How far behind its partition an event is still in time.
    pub lateness: Span,
}

/// Events become final by whole hours, so a case is kept until the hour of its last possible event is.
const FINAL_AFTER: Span = Span::HOUR;

impl Spans {
    /// Those of a plan.
    #[must_use]
    pub const fn of(plan: &Plan) -> Self {
        Self {
            not_selected: plan.ledger.not_selected_horizon,
            history: plan.window.history,
            lateness: plan.window.allowed_lateness,
        }
    }

    /// When an event arrived, in event time: at its own time; where it came late, when its partition had come as far as it had (`seen`, the
    /// largest time seen there, not before the watermark), less the allowed lateness.
    #[must_use]
    pub fn arrived(&self, time: EventTime, seen: EventTime) -> EventTime {
        time.max(seen.minus(self.lateness))
    }

    /// The runs of a case, whose records stand in the order of [`arrival`].
    pub fn runs<'r>(&self, records: &'r [Record]) -> impl Iterator<Item = &'r [Record]> + use<'r> {
        let (spans, mut rest) = (*self, records);
        std::iter::from_fn(move || {
            let (run, after) = rest.split_at_checked(spans.first_run(rest)).filter(|(run, _)| !run.is_empty())?;
            rest = after;
            Some(run)
        })
    }

    /// Whether nothing can join the run any more, nor any before it, once the watermark is here.
    #[must_use]
    pub fn is_past(&self, run: &[Record], watermark: EventTime) -> bool {
        self.kept_until(run) < watermark
    }

    /// Up to which watermark the run is kept.
    pub(super) fn kept_until(&self, run: &[Record]) -> EventTime {
        let reach = run.iter().map(|record| self.reach(record)).max();
        reach.map_or(EventTime::MIN, |reach| reach.plus(self.lateness))
    }

    /// How many records form the first run.
    fn first_run(&self, records: &[Record]) -> usize {
        let mut reach = EventTime(i64::MAX);
        let mut joins = |(index, record): (usize, &Record)| {
            let joins = record.arrived <= reach;
            reach = if index == 0 { self.reach(record) } else { reach.max(self.reach(record)) };
            joins
        };
        records.iter().enumerate().take_while(|record| joins(*record)).count()
    }

    /// Up to when an event may arrive that joins this one.
    pub(super) fn reach(&self, record: &Record) -> EventTime {
        let span = match record.kind {
            RecordKind::Selection if !record.flags.yes() => self.not_selected,
            RecordKind::Attributes => self.not_selected,
            _ => self.history,
        };
        record.arrived.plus(span).plus(FINAL_AFTER)
    }
}

/// The order in which a case's records stand: of arrival in event time. The same set of events gives the same order.
pub(super) fn arrival(record: &Record) -> (EventTime, EventTime, u64, RecordKind) {
    (record.arrived, record.time, record.tag, record.kind)
}
