//! The pseudonym key before the present one, while something may be known by it alone.
//!
//! Ids are not kept, so what is known by one key cannot be known by another. A case keeps the key that it began with: as
//! long as the case is open, or the ledger remembers one of its events, its events are looked up by that key. Everything
//! else is kept by the present key. No case is ever open by both.
//!
//! Nothing says by which key a case is kept. It need not be known: it is enough to know until when anything may be.

use serde::{Deserialize, Serialize};

use super::fingerprint::{CaseKey, Fingerprints, PseudonymKey};
use super::horizons::Horizons;
use super::record::Record;
use super::run::Spans;
use crate::plan::{EventTime, Span};

/// The keys by which ids are known.
#[derive(Clone, Debug)]
pub struct Keys {
    /// By which new cases are kept.
    pub present: PseudonymKey,
    /// The one before it.
    pub previous: Option<PseudonymKey>,
}

impl From<PseudonymKey> for Keys {
    fn from(present: PseudonymKey) -> Self {
        Self { present, previous: None }
    }
}

impl From<&PseudonymKey> for Keys {
    fn from(present: &PseudonymKey) -> Self {
        present.clone().into()
    }
}

/// What a checkpoint says of the key before the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerState {
    /// Tells whether it is this key; see [`PseudonymKey::check`].
    pub check: u64,
    /// See [`Former::until`].
    until: EventTime,
    /// How long ids were remembered; see [`Horizons::dedupe`].
    dedupe: Span,
}

/// Whether a state can be continued with some keys.
#[derive(Clone, Debug)]
pub enum Fit {
    /// It knows everything by the present key.
    Present,
    /// It was made by the previous key alone: the present one is new to it.
    Begins(PseudonymKey),
    /// It knows some by the previous key.
    Continues(PseudonymKey, FormerState),
}

impl Keys {
    /// Returns how these keys fit a state that was made by a key with this check, after that of `former`. `None` where the
    /// state needs another key.
    #[must_use]
    pub fn fit(&self, check: u64, former: Option<FormerState>) -> Option<Fit> {
        let previous = self.previous.clone();
        match former {
            None if check == self.present.check() => Some(Fit::Present),
            None => previous.filter(|previous| previous.check() == check).map(Fit::Begins),
            Some(former) if check == self.present.check() => previous
                .filter(|previous| previous.check() == former.check)
                .map(|previous| Fit::Continues(previous, former)),
            Some(_) => None,
        }
    }
}

/// The key before the present one.
#[derive(Clone, Debug)]
pub(super) struct Former {
    pub key: PseudonymKey,
    pub prints: Fingerprints,
    /// The last watermark at which anything may be known by this key: an open case, or a remembered id.
    pub until: EventTime,
    /// The case of the last event that was looked up by this key.
    pub chosen: Option<CaseKey>,
}

impl Former {
    pub fn new(key: PseudonymKey, until: EventTime) -> Self {
        Self { prints: Fingerprints::new(&key), key, until, chosen: None }
    }

    /// Returns the key that a checkpoint told of. Ids may be remembered longer now.
    pub fn restored(key: PseudonymKey, state: &FormerState, dedupe: Span) -> Self {
        let growth = Span((dedupe.0.saturating_sub(state.dedupe.0)).max(0));
        Self::new(key, state.until.plus(growth))
    }

    pub fn state(&self, dedupe: Span) -> FormerState {
        FormerState { check: self.key.check(), until: self.until, dedupe }
    }

    /// Notes that a record was added to a case of this key.
    pub fn note(&mut self, record: &Record, horizons: &Horizons) {
        self.until = self.until.max(horizons.needed_until(record));
    }

    /// Accounts for other spans: what is kept may be kept longer.
    pub fn change_spans(&mut self, before: &Spans, now: &Spans) {
        let growth = |before: Span, now: Span| now.0.saturating_sub(before.0).max(0);
        let longest = [
            growth(before.not_selected, now.not_selected),
            growth(before.membership, now.membership),
            growth(before.history, now.history),
        ];
        let longest = longest.into_iter().max().unwrap_or_default();
        let lateness = growth(before.lateness, now.lateness);
        self.until = self.until.plus(Span(longest.saturating_add(lateness)));
    }

    /// Returns whether nothing is known by this key at this watermark.
    pub fn is_over(&self, watermark: EventTime) -> bool {
        self.until < watermark
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const A: PseudonymKey = PseudonymKey([1; 16]);
    const B: PseudonymKey = PseudonymKey([2; 16]);
    const C: PseudonymKey = PseudonymKey([3; 16]);

    #[test]
    fn keys_fit_a_state_of_theirs_and_no_other() {
        let keys = Keys { present: B, previous: Some(A) };
        let former = |key: PseudonymKey| Former::new(key, EventTime(7)).state(Span::DAY);
        assert!(matches!(keys.fit(B.check(), None), Some(Fit::Present)));
        assert!(matches!(keys.fit(A.check(), None), Some(Fit::Begins(PseudonymKey(key))) if key == A.0));
        assert!(keys.fit(C.check(), None).is_none());
        let continues = keys.fit(B.check(), Some(former(A)));
        assert!(matches!(continues, Some(Fit::Continues(PseudonymKey(key), _)) if key == A.0));
        assert!(keys.fit(B.check(), Some(former(C))).is_none(), "it needs a third key");
        assert!(keys.fit(A.check(), Some(former(C))).is_none());
        assert!(Keys::from(B).fit(B.check(), Some(former(A))).is_none(), "the previous key is gone too early");
        assert!(Keys::from(B).fit(A.check(), None).is_none());
    }

    #[test]
    fn a_longer_horizon_keeps_the_key_longer_and_a_shorter_one_no_shorter() {
        let mut former = Former::restored(A, &Former::new(A, EventTime(0)).state(Span::DAY), Span::DAY.times(3));
        assert_eq!(former.until, EventTime(2 * Span::DAY.0));
        let spans = |days: i64| Spans {
            not_selected: Span::DAY,
            membership: Span::DAY,
            history: Span::DAY.times(days),
            lateness: Span::HOUR,
        };
        former.change_spans(&spans(5), &spans(4));
        assert_eq!(former.until, EventTime(2 * Span::DAY.0));
        former.change_spans(&spans(4), &spans(10));
        assert_eq!(former.until, EventTime(8 * Span::DAY.0));
        assert!(!former.is_over(EventTime(8 * Span::DAY.0)) && former.is_over(EventTime(8 * Span::DAY.0 + 1)));
    }
}
