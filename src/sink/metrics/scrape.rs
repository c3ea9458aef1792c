//! What one scrape shows: a view of the daemon, within the limit on series.

use std::sync::Arc;

use crate::disclosure::{PublishedFinding, PublishedFunnel};
use crate::judge::{Stage, Verdict};
use crate::plan::{Cause, EventTime};
use crate::status::View;

/// Series that one finding can have: rates, counts, three ratios, three differences, a stratified ratio, what is needed, the reason, verdicts, evidence (two
/// hypotheses, alarm level, change, dispersion, blocks, watch list), membership known only as probabilities (two rates and a ratio by two
/// estimators, two effective numbers, cases), and of each side the shares of missing cases and events and the number of cases by cause.
const SERIES_PER_FINDING: usize =
    2 + 4 + 3 + 3 + 1 + 1 + 1 + Verdict::ALL.len() + 7 + 3 * 2 + 2 + 1 + 2 * (2 + Cause::COUNT);

/// One scrape.
pub(super) struct Scrape {
    /// The daemon.
    pub view: Arc<View>,
    /// The time of the scrape.
    pub now: EventTime,
    /// Findings that are shown: the first ones.
    findings: usize,
    /// Groups of the funnel that are shown: the first ones.
    funnel: usize,
}

impl Scrape {
    /// Leaves out findings beyond `series_limit` series, last ones first, then groups of the funnel.
    pub fn new(view: Arc<View>, series_limit: usize, now: EventTime) -> Self {
        let published = &view.published;
        let findings = published.findings().len().min(series_limit / SERIES_PER_FINDING);
        let left = series_limit - findings * SERIES_PER_FINDING;
        let funnel = published.funnel().len().min(left / Stage::ALL.len());
        Self { view, now, findings, funnel }
    }

    /// The findings that are shown.
    pub fn findings(&self) -> impl Iterator<Item = &PublishedFinding> {
        self.view.published.findings().iter().take(self.findings)
    }

    /// The groups of the funnel that are shown.
    pub fn funnel(&self) -> impl Iterator<Item = &PublishedFunnel> {
        self.view.published.funnel().iter().take(self.funnel)
    }

    /// Series that are left out.
    pub fn series_dropped(&self) -> usize {
        let published = &self.view.published;
        let groups = published.funnel().len() - self.funnel + published.funnel_left_out();
        (published.findings().len() - self.findings) * SERIES_PER_FINDING + groups * Stage::ALL.len()
    }
}
