//! Looking up events while something is still known by the key before the present one.

use super::fingerprint::CaseKey;
use super::former::{Fit, Former, Keys};
use super::likeness::content;
use super::memory::Known;
use super::ready::{CaseEvent, ReadyRecord};
use super::record::Record;
use super::record_maker::RecordMaker;
use super::store::{Arrival, Ledger, Timing};
use crate::event::{Event, Skimmed};
use crate::plan::EventTime;

/// An event about a case, by both keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseEvents {
    /// By the present key.
    pub present: CaseEvent,
    /// By the key before it.
    pub former: CaseEvent,
}

impl Ledger {
    /// Goes on with the keys of a state whose cases were restored. Spans must still be those that the cases were kept by.
    pub fn continue_with(&mut self, fit: Fit) {
        let former = match fit {
            Fit::Present => None,
            // Without a case and without an id there is nothing to look up.
            Fit::Begins(key) => self.pages.needed_until(&self.horizons).map(|until| Former::new(key, until)),
            Fit::Continues(key, state) => Some(Former::restored(key, &state, self.horizons.dedupe)),
        };
        self.former = former.map(Box::new);
    }

    /// Returns whether something may be known by the key before the present one alone.
    #[inline]
    #[must_use]
    pub const fn has_two_keys(&self) -> bool {
        self.former.is_some()
    }

    /// Returns the last watermark at which something may be known by the key before the present one; `None` where there is
    /// no such key any more.
    #[must_use]
    pub fn former_until(&self) -> Option<EventTime> {
        self.former.as_ref().map(|former| former.until)
    }

    /// Returns the pseudonym keys.
    #[must_use]
    pub fn keys(&self) -> Keys {
        let previous = self.former.as_ref().map(|former| former.key.clone());
        Keys { present: self.maker.key.clone(), previous }
    }

    /// Forgets the key before the present one, once nothing is known by it.
    pub fn forget_former(&mut self, watermark: EventTime) {
        if self.former.as_ref().is_some_and(|former| former.is_over(watermark)) {
            self.former = None;
        }
    }

    /// Does what [`Self::fill`] does, by both keys. `None` where the record was made ready for one key alone.
    #[must_use]
    pub fn fill_by_both(&self, ready: &ReadyRecord, values: &Skimmed<'_>) -> Option<CaseEvents> {
        let former = self.former.as_ref()?;
        let (case, record) = ready.fill_former(values, &former.prints)?;
        Some(CaseEvents { present: self.fill(ready, values), former: CaseEvent { case, record } })
    }

    /// Returns an event by the key that its case has, or by which the event itself is remembered; by the present key where
    /// it is the first of its case.
    ///
    /// It has to be asked right before the event is joined: whatever is handled in between may open or close its case.
    pub fn choose<'e>(&mut self, events: &'e CaseEvents, timing: &Timing) -> &'e CaseEvent {
        let CaseEvent { case, record } = &events.former;
        let Some(former) = &mut self.former else { return &events.present };
        let page = self.pages.page(*case);
        if page.has(*case) || page.memory.contains((case.high, record.tag), timing.seen) {
            former.chosen = Some(*case);
            return &events.former;
        }
        &events.present
    }

    /// Returns an event by the key that its case has. `present` is the event by the present key.
    pub(super) fn choose_key(
        &mut self,
        (event, case_id): (&Event<'_>, &str),
        present: CaseEvent,
        timing: &Timing,
    ) -> CaseEvent {
        let Some(former) = &self.former else { return present };
        let record = RecordMaker::known_by(event, &present.record, &former.prints);
        let former = CaseEvent { case: former.prints.case(case_id), record };
        *self.choose(&CaseEvents { present, former }, timing)
    }

    /// Notes that a record, with its arrival, was added to a case.
    pub(super) fn note_former(&mut self, case: CaseKey, record: &Record) {
        let horizons = self.horizons;
        if let Some(former) = self.former.as_mut().filter(|former| former.chosen == Some(case)) {
            former.note(record, &horizons);
        }
    }

    /// Returns what an event about no case is that is remembered by the key before the present one; `None` where it is not.
    pub(super) fn remembered_by_former(&mut self, event: &Event<'_>, timing: &Timing) -> Option<Arrival> {
        let former = self.former.as_ref()?;
        let (tag, content) = (former.prints.event(&event.source, &event.id), content(event, &former.key));
        let page = self.pages.page(CaseKey { high: tag.full, low: tag.id });
        match page.memory.knows_event(tag, content, timing.seen) {
            Known::Nothing => None,
            known => Some(Arrival::of_known(known)),
        }
    }
}
