//! What the history would say of evaluations that are not written: those of a replay.

use crate::disclosure::{Kept, KeptEntry, KeptFinding, KeptKey};
use crate::plan::{EventTime, Span};

use super::known::Known;
use super::reader::Step;
use super::segment::day_of;

/// A history that nobody writes.
#[derive(Debug, Default)]
pub struct Unwritten {
    /// What it says with every entry.
    known: Known,
    /// What it says with the entries that were passed on.
    passed_on: Known,
    /// The entries of the last day. They wait until it is known which release is its last one.
    waiting: Vec<KeptEntry>,
}

impl Unwritten {
    /// Takes an evaluation, and passes on what the history says of the days before it with the entries that it would make. They are told at the end of
    /// their windows; numbers are taken on ticks of `release_every`.
    pub fn add(&mut self, kept: &Kept, release_every: Span, take: impl FnMut(&Step<'_>)) {
        if kept.as_of == EventTime::MIN || self.known.is_ahead_of(kept) {
            return;
        }
        let entry = self.known.entry(kept, kept.as_of, release_every);
        self.known.took(kept);
        let Some(entry) = entry else { return };
        if self.waiting.last().is_some_and(|last| day_told(last) != day_told(&entry)) {
            self.pass_on(take);
        }
        self.known.apply(&entry, &[]);
        self.waiting.push(entry);
    }

    /// Passes on the last day.
    pub fn finish(mut self, take: impl FnMut(&Step<'_>)) {
        self.pass_on(take);
    }

    fn pass_on(&mut self, mut take: impl FnMut(&Step<'_>)) {
        let entries = std::mem::take(&mut self.waiting);
        let last = entries.iter().rposition(|entry| entry.is_release);
        for (index, entry) in entries.iter().enumerate() {
            let before = &self.passed_on.findings;
            let is_judged_otherwise = |(key, row): &&(KeptKey, KeptFinding)| {
                before.get(key).is_none_or(|before| before.is_judged_otherwise(row))
            };
            let judged = entry.findings.iter().filter(is_judged_otherwise).map(|(key, row)| (key, row));
            let mut judged: Vec<(&KeptKey, &KeptFinding)> = judged.collect();
            judged.sort_by_key(|(key, _)| *key);
            self.passed_on.apply(entry, &[]);
            let known = &self.passed_on;
            let findings = if entry.is_release { known.findings.iter().collect() } else { judged.clone() };
            let funnel = known.funnel.iter().filter(|_| entry.is_release).collect();
            take(&Step { day: day_told(entry), entry, is_last: last == Some(index), findings, judged, funnel });
        }
    }
}

/// The day that an entry tells of: a replay tells of each day at its end, which is the midnight where the next one begins.
fn day_told(entry: &KeptEntry) -> i64 {
    day_of(entry.as_of.minus(Span(1)))
}
