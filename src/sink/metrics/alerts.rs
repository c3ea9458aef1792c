//! Alerts, by state and severity.

use std::collections::BTreeMap;

use super::labels::{count, flag, seconds};
use super::metric::{Metric, Samples};
use super::scrape::Scrape;
use crate::alert::{AlertState, Severity};
use crate::disclosure::{PublishedAlert, PublishedMeasures};
use crate::plan::MeasureKind;

/// The labels of an alert.
const ALERT: [&str; 8] = ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "severity"];

/// The labels of an alert that fires. `accepted` is left out while it is not.
const FIRING: [&str; 9] =
    ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "severity", "accepted"];

/// Ended alerts that are shown as not firing, at most: the newest.
const MAX_ENDED_SHOWN: usize = 1_000;

/// The metrics of alerts.
pub(super) const METRICS: [Metric; 7] = [
    Metric::gauges(
        "alert_firing",
        "1 for an alert that fires, 0 for its other severity and after its end.",
        &FIRING,
        firing,
    ),
    Metric::gauges("alert_pending", "1 for an alert that has not held for long enough.", &ALERT, |scrape, samples| {
        for alert in alerts(scrape).filter(|alert| alert.state == AlertState::Pending) {
            samples.push(of_alert(alert, alert.severity), 1.0);
        }
    }),
    Metric::gauges(
        "alert_active_timestamp_seconds",
        "Since when an alert's condition holds.",
        &ALERT,
        |scrape, samples| {
            for alert in alerts(scrape).filter(|alert| alert.state.is_open()) {
                samples.push(of_alert(alert, alert.severity), seconds(alert.active_at));
            }
        },
    ),
    Metric::gauges("accepted_alerts", "Alerts that fire and are accepted.", &[], |scrape, samples| {
        let fires = |alert: &&PublishedAlert| alert.state == AlertState::Firing && alert.answer.is_accepted();
        samples.push([], count(alerts(scrape).filter(fires).count() as u64));
    }),
    Metric::gauges("measures", "Measures taken that are kept, by kind.", &["kind"], |scrape, samples| {
        for (kind, measures) in MeasureKind::ALL.iter().zip(&measures(scrape).counts) {
            samples.push([kind.name()], count(*measures));
        }
    }),
    Metric::gauges("measures_unmatched", "Measures about alerts of which there is none.", &[], |scrape, samples| {
        samples.push([], count(measures(scrape).unmatched_count));
    }),
    Metric::counters(
        "measures_dropped_total",
        "Measures dropped by a limit, or with their profile.",
        &[],
        |scrape, samples| samples.push([], count(measures(scrape).dropped)),
    ),
];

fn measures(scrape: &Scrape) -> &PublishedMeasures {
    scrape.view.published.measures()
}

fn alerts(scrape: &Scrape) -> impl DoubleEndedIterator<Item = &PublishedAlert> {
    scrape.view.published.alerts().iter()
}

/// What fires, and a 0 for what no longer does: a series that vanished could not be told from a scrape that was missed, and rules look back over
/// those (`deploy/prometheus`).
fn firing(scrape: &Scrape, samples: &mut Samples) {
    let fired = || alerts(scrape).rev().filter(|alert| alert.fired_at.is_some());
    let ended = fired().filter(|alert| alert.state != AlertState::Firing).take(MAX_ENDED_SHOWN);
    let mut highest = BTreeMap::new();
    for alert in fired().filter(|alert| alert.state == AlertState::Firing).chain(ended) {
        for severity in [Severity::Warning, Severity::Critical] {
            for accepted in marks(alert) {
                let is_marked = alert.severity == severity && alert.answer.is_accepted() == accepted;
                let [rule, profile, channel, dimension, group, subject, reference, severity] =
                    of_alert(alert, severity);
                let mark = if accepted { "true" } else { "" };
                let labels = [rule, profile, channel, dimension, group, subject, reference, severity, mark];
                let value = highest.entry(labels).or_insert(0.0_f64);
                *value = value.max(flag(alert.state == AlertState::Firing && is_marked));
            }
        }
    }
    for (labels, value) in highest {
        samples.push(labels, value);
    }
}

/// Whether it is accepted, and the opposite where it ever was.
fn marks(alert: &PublishedAlert) -> impl Iterator<Item = bool> {
    [false, true].into_iter().filter(|accepted| !accepted || alert.answer.acceptance.is_some())
}

fn of_alert(alert: &PublishedAlert, severity: Severity) -> [&str; 8] {
    let finding = &alert.evidence;
    [
        &finding.rule,
        &finding.profile,
        finding.channel,
        finding.dimension(),
        finding.group(),
        finding.subject.as_deref().unwrap_or_default(),
        &finding.reference,
        severity.name(),
    ]
}
