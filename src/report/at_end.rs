//! The verdict of a period's own row that stood when the period ended. Evidence is cumulative: a later one rests on what came after the period, too.

use crate::disclosure::KeptFinding;
use crate::plan::{EventTime, Span};

use super::model::NOT_TOLD_AT_END;

/// What was told of the row about the end of the period.
#[derive(Debug, Default)]
pub(super) struct AtEnd {
    /// When, and the row without its numbers.
    told: Option<(EventTime, KeptFinding)>,
}

impl AtEnd {
    /// Takes note of a telling. The first one after the end counts, if it is not later than a day; else the last one before the end.
    pub fn note(&mut self, told_at: EventTime, end: EventTime, row: &KeptFinding) {
        let is_known = self.told.as_ref().is_some_and(|(known, _)| *known >= end || *known == told_at);
        if is_known || told_at > end.plus(Span::DAY) {
            return;
        }
        let KeptFinding { verdict, reason, evidence, needed, thresholds, .. } = row.clone();
        // The first telling after the end is a difference of two windows, and may withhold what was told the day before.
        let is_next = |at: EventTime| row.suppressed && told_at >= end && at.plus(Span::DAY.times(2)) >= told_at;
        let before = self.told.take().filter(|(at, _)| is_next(*at)).map(|(_, before)| before).unwrap_or_default();
        let (evidence, needed) = (evidence.or(before.evidence), needed.or(before.needed));
        let judged = KeptFinding { verdict, reason, evidence, needed, thresholds, ..KeptFinding::default() };
        self.told = Some((told_at, judged));
    }

    /// Returns the numbers of the last telling with the verdict that stood at the end, and when that was told. A telling stands until the next one
    /// is due, so one from before `earliest` did not stand any more. What is withheld by now is not told of then, either.
    pub fn finish(self, row: KeptFinding, earliest: EventTime) -> (KeptFinding, Option<EventTime>) {
        if row.verdict.is_none() && row.reason.is_none() {
            // The rule gives no verdict.
            return (row, self.told.map(|(told_at, _)| told_at));
        }
        match self.told.filter(|(told_at, _)| *told_at >= earliest) {
            Some((told_at, then)) => {
                let evidence = then.evidence.filter(|_| !row.suppressed);
                let needed = then.needed.filter(|_| !row.suppressed);
                let KeptFinding { verdict, reason, thresholds, .. } = then;
                (KeptFinding { verdict, reason, thresholds, evidence, needed, ..row }, Some(told_at))
            }
            None => {
                let reason = Some(NOT_TOLD_AT_END.to_owned());
                (KeptFinding { verdict: None, reason, evidence: None, needed: None, ..row }, None)
            }
        }
    }
}
