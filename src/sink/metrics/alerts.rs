//! Alerts, by state and severity.

use std::collections::BTreeMap;

use super::labels::{flag, seconds};
use super::metric::{Metric, Samples};
use super::scrape::Scrape;
use crate::alert::{AlertState, Severity};
use crate::disclosure::PublishedAlert;

/// The labels of an alert.
const ALERT: [&str; 8] = ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "severity"];

/// Ended alerts that are shown as not firing, at most: the newest.
const MAX_ENDED_SHOWN: usize = 1_000;

/// The metrics of alerts.
pub(super) const METRICS: [Metric; 3] = [
    Metric::gauges(
        "alert_firing",
        "1 for an alert that fires, 0 for its other severity and after its end.",
        &ALERT,
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
];

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
            let fires = alert.state == AlertState::Firing && alert.severity == severity;
            let value = highest.entry(of_alert(alert, severity)).or_insert(0.0_f64);
            *value = value.max(flag(fires));
        }
    }
    for (labels, value) in highest {
        samples.push(labels, value);
    }
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
