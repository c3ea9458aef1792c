//! What was done about one alert: whether it is accepted, and why it is no longer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::measures::MeasureTaken;
use super::severity::Severity;
use crate::judge::{Finding, Verdict};
use crate::plan::{EventTime, Harm, Measure, MeasureKind, Rule};

/// How much of itself a number may be off by rounding, or of 1 where it is smaller: 0.14 / 0.1 is a little more than 1.4.
const ROUNDING: f64 = 1e-9;

/// What was done about an alert, as far as receivers were told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The last acceptance, in force or not; `None` where it was never accepted.
    pub acceptance: Option<Acceptance>,
    /// The acceptance that was in force when the alert fired; `None` where none was.
    pub fired_with: Option<Acceptance>,
    /// When it was last accepted, or last ceased to be, while it fired.
    pub turned_at: Option<EventTime>,
    /// When a measure last came while it fired.
    pub measured_at: Option<EventTime>,
    /// The measures that are known, each by the number of its key, ascending.
    known: Vec<u64>,
}

/// The acceptance of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The measure that accepted it.
    pub measure: Arc<MeasureTaken>,
    /// What was accepted.
    pub accepted: Accepted,
    /// Why it is no longer in force, and since when.
    pub ended: Option<(AcceptanceEnd, EventTime)>,
    /// Where it ended as [`AcceptanceEnd::Beyond`]: what was beyond.
    pub beyond: Option<BeyondAccepted>,
}

/// What was beyond what was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeyondAccepted {
    /// The window's label.
    pub window: Arc<str>,
    /// What it showed, and what was accepted of it; `None` where the severity decided.
    pub shown: Option<(Measure, [f64; 2])>,
}

/// What was accepted: where it was accepted without a ratio, what the alert showed when the acceptance became known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// The ratio up to which every window is accepted; `None` where the measure gave none, or the rule judges by no ratio.
    pub given: Option<f64>,
    /// Where none was given: what each window that was beyond a threshold showed, in what the rule judges by. Windows whose
    /// numbers are withheld are not among them.
    pub shown: Vec<ShownByWindow>,
    /// The severity up to which it is accepted where no given ratio decides.
    pub severity: Severity,
}

/// What one window showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownByWindow {
    /// The window's label.
    pub window: Arc<str>,
    /// Whether it is a ratio or a difference.
    pub measure: Measure,
    /// The ratio or the difference.
    pub value: f64,
}

/// Why an acceptance is no longer in force. The order of the variants is a part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AcceptanceEnd {
    /// Its time is over.
    Expired,
    /// The disparity, or the severity, is beyond what was accepted.
    Beyond,
    /// A later acceptance does not hold for this alert.
    Replaced,
}

impl AcceptanceEnd {
    /// Returns the word for it in messages and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Beyond => "beyond_accepted",
            Self::Replaced => "replaced",
        }
    }
}

impl Answer {
    /// Returns whether nothing was done.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.acceptance.is_none() && self.known.is_empty()
    }

    /// Returns whether the alert is accepted.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(&self.acceptance, Some(Acceptance { ended: None, .. }))
    }
}

/// The alert that an acceptance is judged by, and the moment.
#[derive(Clone, Copy)]
pub(super) struct Standing<'a> {
    pub active_at: EventTime,
    pub severity: Severity,
    /// The windows that are beyond a threshold; where none is at this moment, the one that was last.
    pub windows: &'a [&'a Finding],
    pub rule: &'a Rule,
    /// Whether the numbers of a finding may be published. Where they may not, they decide nothing: whoever tried one
    /// acceptance after the other would learn them.
    pub shows: &'a dyn Fn(&Finding) -> bool,
    pub now: EventTime,
}

impl Answer {
    /// Takes the measures that answer an open alert, in the order of their time, and judges its acceptance. `tells` says
    /// whether receivers hear of what changes. Returns whether anything does.
    ///
    /// Event time counts: what is later than the moment has not happened yet. What was recorded late is told when it comes.
    pub(super) fn take(&mut self, measures: &[&Arc<MeasureTaken>], standing: &Standing<'_>, tells: bool) -> bool {
        let (before, now) = (self.is_accepted(), standing.now);
        let mut happened = measures.iter().copied().filter(|measure| measure.key.at <= now);
        let mut known: Vec<u64> = happened.clone().map(|measure| measure.key.number()).collect();
        known.sort_unstable();
        self.accept(happened.rfind(|measure| measure.kind == MeasureKind::Accepted), standing);
        self.end_acceptance(standing);
        let turned = self.is_accepted() != before;
        let is_new = known.iter().any(|number| self.known.binary_search(number).is_err());
        self.known = known;
        if tells {
            self.turned_at = if turned { Some(now) } else { self.turned_at };
            self.measured_at = if is_new { Some(now) } else { self.measured_at };
        }
        turned || is_new
    }

    /// Keeps the acceptance with which the alert fires.
    pub(super) fn keep_as_fired(&mut self) {
        self.fired_with = self.acceptance.clone().filter(|acceptance| acceptance.ended.is_none());
    }

    /// Begins an acceptance where the latest one is new.
    ///
    /// It holds for what was known at its time: for an alert that was open then. In advance it holds only where the ratio that
    /// it gives decides about every window: a severity says nothing of what is still to come.
    fn accept(&mut self, latest: Option<&Arc<MeasureTaken>>, standing: &Standing<'_>) {
        let known = self.acceptance.as_ref().map(|known| &known.measure.key);
        let Some(latest) = latest.filter(|latest| known < Some(&latest.key)) else { return };
        let Standing { active_at, now, .. } = *standing;
        let accepted = Accepted::of(latest, standing);
        let holds = (latest.key.at >= active_at || accepted.is_given_for_all(standing))
            && latest.until.is_none_or(|until| until > active_at);
        if holds {
            self.acceptance = Some(Acceptance { measure: Arc::clone(latest), accepted, ended: None, beyond: None });
        } else if let Some(Acceptance { ended: ended @ None, .. }) = &mut self.acceptance {
            *ended = Some((AcceptanceEnd::Replaced, now));
        }
    }

    /// Ends an acceptance whose time is over, or beyond which the finding has grown.
    fn end_acceptance(&mut self, standing: &Standing<'_>) {
        let Some(Acceptance { measure, accepted, ended: ended @ None, beyond }) = &mut self.acceptance else { return };
        if measure.until.is_some_and(|until| until <= standing.now) {
            *ended = Some((AcceptanceEnd::Expired, standing.now));
        } else if let Some(found) = accepted.exceeded(standing) {
            *ended = Some((AcceptanceEnd::Beyond, standing.now));
            *beyond = Some(found);
        }
    }
}

impl Accepted {
    fn of(measure: &MeasureTaken, standing: &Standing<'_>) -> Self {
        let is_by_ratio = matches!(standing.rule.judged_by(), Some((Measure::Ratio, _)));
        let given = measure.accepted_ratio.filter(|_| is_by_ratio);
        let windows = standing.windows.iter().filter(|_| given.is_none());
        let shown = windows.filter_map(|finding| {
            let (measure, _, value) = standing.shown(finding)?;
            Some(ShownByWindow { window: Arc::clone(&finding.key.window), measure, value })
        });
        Self { given, shown: shown.collect(), severity: standing.severity }
    }

    /// Returns the number up to which a window is accepted; `None` where the severity decides.
    #[must_use]
    pub fn limit(&self, window: &str, measure: Measure) -> Option<f64> {
        let shown = || self.shown.iter().find(|shown| *shown.window == *window && shown.measure == measure);
        self.given.filter(|_| measure == Measure::Ratio).or_else(|| Some(shown()?.value))
    }

    /// Returns whether what a window shows is worse than what was accepted of it, with both numbers; `None` where its severity decides.
    fn compare(&self, finding: &Finding, standing: &Standing<'_>) -> Option<(bool, (Measure, [f64; 2]))> {
        let (measure, harm, shown) = standing.shown(finding)?;
        let accepted = self.limit(&finding.key.window, measure)?;
        let margin = ROUNDING * accepted.abs().max(1.0);
        let is_worse = match harm {
            Harm::High => shown > accepted + margin,
            Harm::Low => shown < accepted - margin,
        };
        Some((is_worse, (measure, [shown, accepted])))
    }

    fn is_given_for_all(&self, standing: &Standing<'_>) -> bool {
        let is_given = |finding: &&Finding| self.compare(finding, standing).is_some();
        self.given.is_some() && !standing.windows.is_empty() && standing.windows.iter().all(is_given)
    }

    /// Returns what of the alert is worse than what was accepted: a window with a number, where there is one. Each window is held against its own number, or the
    /// given one. A severity above the accepted one is worse too, unless the given ratio decides about the window that has it.
    fn exceeded(&self, standing: &Standing<'_>) -> Option<BeyondAccepted> {
        let mut beyond = standing.windows.iter().filter_map(|finding| self.exceeded_by(finding, standing));
        let first = beyond.next()?;
        if first.shown.is_some() {
            return Some(first);
        }
        Some(beyond.find(|beyond| beyond.shown.is_some()).unwrap_or(first))
    }

    /// Returns the same of one window.
    fn exceeded_by(&self, finding: &Finding, standing: &Standing<'_>) -> Option<BeyondAccepted> {
        let compared = self.compare(finding, standing);
        // There are two severities: what rises is critical.
        let rises = standing.severity > self.severity && finding.verdict == Some(Verdict::Critical);
        let shown = match compared {
            Some((true, numbers)) => Some(numbers),
            Some((false, _)) if self.given.is_some() => return None,
            _ if rises => None,
            _ => return None,
        };
        Some(BeyondAccepted { window: Arc::clone(&finding.key.window), shown })
    }
}

impl Standing<'_> {
    /// Returns what a finding shows in what its rule judges by, within strata where the rule asks for that; `None` where that
    /// is no number, or a withheld one. Where the reference has no event the lower limit of the ratio stands in for it.
    fn shown(&self, finding: &Finding) -> Option<(Measure, Harm, f64)> {
        let (measure, harm) = self.rule.judged_by().filter(|_| (self.shows)(finding))?;
        let estimate = match measure {
            Measure::Ratio => finding.stratified.as_ref().map(|stratified| stratified.ratio).or(finding.ratio)?,
            Measure::Difference => finding.difference?,
        };
        let value = estimate.value.unwrap_or(estimate.interval.lower);
        value.is_finite().then_some((measure, harm, value))
    }
}
