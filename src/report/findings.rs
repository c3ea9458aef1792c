//! The findings of a period: their numbers, and their verdicts over time.

use std::collections::HashMap;

use crate::checkpoint::Step;
use crate::disclosure::{KeptFinding, KeptKey, KeptThresholds};
use crate::plan::{EventTime, Span};

use super::coverage::{day_told, days_between};
use super::model::FindingReport;
use super::past::{Past, Stride};
use super::verdicts::Verdicts;
use super::windows::{Moment, Windows};

/// The kind of comparisons. They come first.
pub(super) const COMPARISON: &str = "disparity";

/// Every finding that the period has.
#[derive(Debug)]
pub(super) struct Findings {
    /// The period's label, which is the window of its own rows.
    period: String,
    stride: Stride,
    findings: Vec<Finding>,
    /// The place of a finding by its key, with each window that it has had.
    places: HashMap<KeptKey, usize>,
}

/// One finding, with all its windows.
#[derive(Debug)]
struct Finding {
    /// Without a window.
    key: KeptKey,
    windows: Windows<KeptFinding>,
    past: Past,
    verdicts: Verdicts,
    thresholds: Option<(KeptThresholds, EventTime)>,
    /// The end of the windows of the last release that has it.
    seen: EventTime,
}

impl Findings {
    /// Without any; `first` is the first day of the period.
    pub fn new(first: i64, release_every: Span, period: String) -> Self {
        Self {
            period,
            stride: Stride::new(first, days_between(release_every)),
            findings: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Takes what an entry of the period says.
    pub fn take(&mut self, step: &Step<'_>, moment: Moment) {
        for rows in step.findings.chunk_by(|(one, _), (other, _)| is_same(one, other)) {
            let Some((key, _)) = rows.first() else { continue };
            let place = self.place(key);
            let Some(finding) = self.findings.get_mut(place) else { continue };
            for (key, row) in rows {
                finding.take(key, row, moment);
            }
            finding.judge(moment);
            if step.entry.is_release {
                finding.note_numbers(moment, &mut self.stride);
            }
        }
        if step.entry.is_release {
            self.note_gone(moment);
            self.thin();
        }
    }

    /// Takes rows of the period itself that come after its end: outcomes have come since. Returns whether any says something new.
    pub fn take_after(&mut self, step: &Step<'_>, moment: Moment) -> bool {
        let mut is_new = false;
        for (key, row) in &step.findings {
            if key.window != self.period {
                continue;
            }
            let place = self.place(key);
            if let Some(finding) = self.findings.get_mut(place) {
                is_new |= finding.windows.take(&key.window, row, moment);
            }
        }
        is_new
    }

    /// Returns how many days there are from one point of the past to the next.
    pub const fn past_every_days(&self) -> u64 {
        self.stride.days()
    }

    /// Returns the findings in the order of a report, each with when it was last told.
    pub fn finish(self) -> Vec<(EventTime, FindingReport)> {
        let period = self.period;
        let mut told: Vec<_> = self.findings.into_iter().filter_map(|finding| finding.finish(&period)).collect();
        told.sort_by(|(_, one), (_, other)| rank(&one.key).cmp(&rank(&other.key)));
        told
    }

    fn place(&mut self, key: &KeptKey) -> usize {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let general = KeptKey { window: String::new(), ..key.clone() };
        let next = self.findings.len();
        let place = *self.places.entry(general.clone()).or_insert(next);
        if place == next {
            self.findings.push(Finding::of(general));
        }
        self.places.insert(key.clone(), place);
        place
    }

    /// Takes note of findings that this release has no more.
    fn note_gone(&mut self, moment: Moment) {
        let is_gone = |finding: &&mut Finding| finding.windows.seen().release + 1 == moment.release;
        self.findings.iter_mut().filter(is_gone).for_each(|finding| {
            finding.verdicts.note(moment.as_of, None);
            finding.past.interrupt();
        });
    }

    fn thin(&mut self) {
        while self.stride.is_too_short() {
            self.stride.double();
            let points = self.findings.iter_mut().map(|finding| finding.past.thin(&self.stride)).sum();
            self.stride.note_points(points);
        }
    }
}

impl Finding {
    /// One without anything yet.
    fn of(key: KeptKey) -> Self {
        Self {
            key,
            windows: Windows::default(),
            past: Past::default(),
            verdicts: Verdicts::default(),
            thresholds: None,
            seen: EventTime::MIN,
        }
    }

    fn take(&mut self, key: &KeptKey, row: &KeptFinding, moment: Moment) {
        self.seen = moment.as_of;
        if !self.windows.take(&key.window, row, moment) {
            return;
        }
        if let Some(thresholds) = &row.thresholds
            && self.thresholds.as_ref().is_none_or(|(known, _)| known != thresholds)
        {
            self.thresholds = Some((thresholds.clone(), moment.as_of));
        }
    }

    fn judge(&mut self, moment: Moment) {
        self.verdicts.note(moment.as_of, self.windows.rolling());
    }

    fn note_numbers(&mut self, moment: Moment, stride: &mut Stride) {
        if let Some((window, row)) = self.windows.rolling().last() {
            self.past.take(window, (day_told(moment.as_of), moment.as_of), row, stride);
        }
    }

    fn finish(self, period: &str) -> Option<(EventTime, FindingReport)> {
        let (row, basis) = self.windows.best(period)?;
        let (verdicts, verdicts_left_out) = self.verdicts.finish();
        let report = FindingReport {
            key: KeptKey { window: basis.window.clone(), ..self.key },
            row,
            basis,
            windows: self.windows.finish(),
            past: self.past.finish(),
            verdicts,
            verdicts_left_out,
            thresholds_since: self.thresholds.map(|(_, since)| since),
        };
        Some((self.seen, report))
    }
}

/// Whether two keys are those of one finding, in two windows.
fn is_same(one: &KeptKey, other: &KeptKey) -> bool {
    one.rule == other.rule
        && one.kind == other.kind
        && one.profile == other.profile
        && one.channel == other.channel
        && one.dimension == other.dimension
        && one.group == other.group
        && one.subject == other.subject
        && one.reference == other.reference
        && one.indicator == other.indicator
}

type Rank<'k> = (bool, [&'k str; 3], Option<&'k str>, Option<&'k str>, [&'k str; 2], Option<&'k str>, Option<&'k str>);

/// Comparisons first, then the other kinds, each by rule, dimension, group and channel.
fn rank(key: &KeptKey) -> Rank<'_> {
    let comparison = key.kind == COMPARISON;
    let kind = if comparison { "" } else { key.kind.as_str() };
    (
        !comparison,
        [&key.profile, kind, &key.rule],
        key.dimension.as_deref(),
        key.group.as_deref(),
        [&key.channel, &key.reference],
        key.subject.as_deref(),
        key.indicator.as_deref(),
    )
}
