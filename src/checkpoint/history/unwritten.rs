//! What the history would say of evaluations that are not written: those of a replay.

use crate::disclosure::Kept;
use crate::plan::{EventTime, Span};

use super::known::Known;
use super::reader::Step;
use super::segment::day_of;

/// A history that nobody writes.
#[derive(Debug, Default)]
pub struct Unwritten(Known);

impl Unwritten {
    /// Passes on what the history would say of this evaluation with the entry that it would make, if it would make one. It is told at the end of its
    /// windows; numbers are taken on ticks of `release_every`.
    pub fn add(&mut self, kept: &Kept, release_every: Span, take: impl FnOnce(&Step<'_>)) {
        let Self(known) = self;
        if kept.as_of == EventTime::MIN || known.is_ahead_of(kept) {
            return;
        }
        let entry = known.entry(kept, kept.as_of, release_every);
        known.took(kept);
        let Some(entry) = entry else { return };
        known.apply(&entry, &[]);
        let findings = if entry.is_release {
            known.findings.iter().collect()
        } else {
            let mut judged: Vec<_> = entry.findings.iter().map(|(key, row)| (key, row)).collect();
            judged.sort_by_key(|(key, _)| *key);
            judged
        };
        let funnel = known.funnel.iter().filter(|_| entry.is_release).collect();
        take(&Step { day: day_of(entry.as_of), entry: &entry, findings, funnel });
    }
}
