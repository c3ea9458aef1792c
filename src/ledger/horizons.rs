//! How long cases are kept and event ids are remembered.

use super::fingerprint::CaseKey;
use super::memory::{Memory, lasts};
use super::record::Record;
use super::run::Spans;
use crate::plan::{EventTime, Span};

/// How long cases are kept and event ids are remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizons {
    /// How long cases are kept.
    pub spans: Spans,
    /// How long an event id is remembered after the event, allowed lateness aside.
    pub dedupe: Span,
}

impl Horizons {
    /// Returns until when the id of an event of this time is remembered.
    pub fn remembered_until(&self, time: EventTime) -> EventTime {
        time.plus(self.dedupe).plus(self.spans.lateness)
    }

    /// Returns the last watermark at which a record may be needed: while its run is kept, or while its id is remembered,
    /// which is counted in whole hours.
    pub fn needed_until(&self, record: &Record) -> EventTime {
        let kept = self.spans.kept_until(std::slice::from_ref(record));
        kept.max(self.remembered_until(record.time).plus(Span::HOUR))
    }

    /// Remembers the id of an event beside its case, unless that has expired at `now`.
    pub fn remember(&self, memory: &mut Memory, key: CaseKey, tag: u64, time: EventTime, now: EventTime) {
        let until = self.remembered_until(time);
        if lasts(until, now) {
            memory.insert((key.high, tag), until, now);
        }
    }

    /// Returns whether `records`, those of an open case, show that `record` is a second delivery. `seen` is the largest
    /// event time of its partition so far.
    ///
    /// A delivery that neither joins the run of the first one nor arrives while the id is remembered counts as another
    /// event. Otherwise the answer would depend on whether the page still holds the first one, and so on how partitions
    /// interleave.
    pub fn is_duplicate(&self, records: &[Record], record: &Record, seen: EventTime) -> bool {
        let same = |known: &Record| known.tag == record.tag;
        let joins = |run: &[Record]| run.iter().any(same) && record.arrived <= self.spans.reach(run);
        records.iter().any(same)
            && (lasts(self.remembered_until(record.time), seen) || self.spans.runs(records).any(joins))
    }
}
