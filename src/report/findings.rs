//! The findings of a period: their numbers, and their verdicts over time.

use std::collections::HashMap;

use crate::checkpoint::Step;
use crate::disclosure::{KeptFinding, KeptKey, KeptThresholds};
use crate::plan::{EventTime, Span};

use super::at_end::AtEnd;
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
    /// How long a telling stands: until the next one is due.
    stands: Span,
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
    /// The verdict of the period's own row when the period ended.
    at_end: AtEnd,
    thresholds: Option<(KeptThresholds, EventTime)>,
}

impl Findings {
    /// Without any; `first` is the first day of the period.
    pub fn new(first: i64, release_every: Span, period: String) -> Self {
        Self {
            period,
            stands: Span::DAY.times(days_between(release_every)),
            stride: Stride::new(first, days_between(release_every)),
            findings: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Takes what an entry of the period says: of the last release of a day its numbers, of all others the verdicts that have changed.
    pub fn take(&mut self, step: &Step<'_>, moment: Moment) {
        if !step.is_last {
            return self.take_judged(step, moment);
        }
        for rows in step.findings.chunk_by(|(one, _), (other, _)| is_same(one, other)) {
            for (key, row) in rows {
                self.place(key).0.take(key, row, moment);
                self.note_own((key, row), moment);
            }
            if let Some((key, _)) = rows.first() {
                let (finding, stride) = self.place(key);
                finding.judge(moment);
                finding.note_numbers(moment, stride);
            }
        }
        self.note_gone(moment);
        self.thin();
    }

    fn take_judged(&mut self, step: &Step<'_>, moment: Moment) {
        let rolling: Vec<_> = step.judged.iter().filter(|(key, _)| !key.is_of_period()).collect();
        for rows in rolling.chunk_by(|(one, _), (other, _)| is_same(one, other)) {
            for (key, row) in rows {
                self.place(key).0.windows.judge(&key.window, row, moment, KeptFinding::judged_as);
            }
            rows.iter().take(1).for_each(|(key, _)| self.place(key).0.judge(moment));
        }
    }

    /// Takes rows of the period itself that come after its end: outcomes have come since. Returns whether there are any.
    pub fn take_after(&mut self, step: &Step<'_>, moment: Moment) -> bool {
        let mut has_own = false;
        if step.is_last {
            for (key, row) in &step.findings {
                if key.window == self.period {
                    has_own = true;
                    self.place(key).0.windows.take(&key.window, row, moment);
                    self.note_own((key, row), moment);
                }
            }
        }
        has_own
    }

    fn note_own(&mut self, (key, row): (&KeptKey, &KeptFinding), moment: Moment) {
        if key.window == self.period {
            self.place(key).0.at_end.note(moment.periods_told(), moment.end, row);
        }
    }

    /// Returns how many days there are from one point of the past to the next.
    pub const fn past_every_days(&self) -> u64 {
        self.stride.days()
    }

    /// Returns the findings in the order of a report, each with when it was last told. `ended` is the end of the period, where it is over.
    pub fn finish(self, ended: Option<EventTime>, releases: u64) -> Vec<(EventTime, FindingReport)> {
        let Self { period, stands, findings, .. } = self;
        let of = |finding: Finding| finding.finish((&period, releases), ended.map(|end| (end, end.minus(stands))));
        let mut told: Vec<_> = findings.into_iter().filter_map(of).collect();
        told.sort_by(|(_, one), (_, other)| rank(&one.key).cmp(&rank(&other.key)));
        told
    }

    /// The finding with this key, which is made where there is none, and how far points are apart.
    #[expect(clippy::indexing_slicing, reason = "places are those of findings, which are never removed")]
    fn place(&mut self, key: &KeptKey) -> (&mut Finding, &mut Stride) {
        let place = if let Some(place) = self.places.get(key) {
            *place
        } else {
            let general = KeptKey { window: String::new(), ..key.clone() };
            let next = self.findings.len();
            let place = *self.places.entry(general.clone()).or_insert(next);
            if place == next {
                self.findings.push(Finding::of(general));
            }
            self.places.insert(key.clone(), place);
            place
        };
        (&mut self.findings[place], &mut self.stride)
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
            at_end: AtEnd::default(),
            thresholds: None,
        }
    }

    fn take(&mut self, key: &KeptKey, row: &KeptFinding, moment: Moment) {
        self.windows.take(&key.window, row, moment);
        // Rows of periods stand for a day: those of before a change would say it comes later.
        if let Some(thresholds) = row.thresholds.as_ref().filter(|_| !key.is_of_period())
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

    /// `ended`: of a period that is over its end, and since when a telling stood then.
    fn finish(
        self,
        (period, releases): (&str, u64),
        ended: Option<(EventTime, EventTime)>,
    ) -> Option<(EventTime, FindingReport)> {
        let (mut row, mut basis) = self.windows.best(period, releases)?;
        if let Some((end, earliest)) = ended.filter(|_| basis.is_period) {
            let (judged, told_at) = self.at_end.finish(row, earliest);
            (row, basis.as_of) = (judged, told_at.map_or(basis.as_of, |told_at| told_at.min(end)));
        }
        let seen = self.windows.seen().as_of;
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
        Some((seen, report))
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
