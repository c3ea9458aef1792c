//! What has happened to alerts, and the measures about profiles as a whole, as the history keeps them.

use super::kept::{ACCEPTANCE_ENDED, Kept, KeptFinding, KeptKey, KeptTransition};
use super::measures::PublishedMeasure;
use super::published::{Published, PublishedAlert};
use crate::alert::AlertState;
use crate::plan::EventTime;

impl Kept {
    /// Returns what has happened to alerts, by alert and by time, and the measures about profiles as a whole.
    #[must_use]
    pub fn transitions_of(published: &Published) -> Vec<KeptTransition> {
        let of_profiles = published.measures().of_profiles.iter().map(|measure| of_profile(measure));
        published.alerts().iter().flat_map(transitions).chain(of_profiles).collect()
    }
}

/// A measure about a profile as a whole: it answers no alert.
fn of_profile(measure: &PublishedMeasure) -> KeptTransition {
    let profile = measure.subject.profile.clone().unwrap_or_default();
    KeptTransition {
        at: measure.at,
        transition: measure.kind.name().to_owned(),
        alert: String::new(),
        severity: String::new(),
        key: KeptKey { profile, ..KeptKey::default() },
        owner: String::new(),
        action: String::new(),
        measure: Some([measure.by.clone(), measure.reason.clone()]),
        until: measure.until,
        accepted_ratio: measure.accepted_ratio,
        evidence: KeptFinding::default(),
    }
}

/// What an alert knows of its past, by time.
fn transitions(alert: &PublishedAlert) -> Vec<KeptTransition> {
    let row = |at: EventTime, transition: &str, severity: &str| KeptTransition {
        at,
        transition: transition.to_owned(),
        alert: alert.id.clone(),
        severity: severity.to_owned(),
        key: KeptKey::of(&alert.evidence),
        owner: alert.owner.clone(),
        action: alert.action.clone(),
        measure: None,
        until: None,
        accepted_ratio: None,
        evidence: KeptFinding::of(&alert.evidence),
    };
    let now = alert.severity.name();
    let first = alert.change.map_or(now, |change| change.from.name());
    let mut rows = Vec::new();
    if alert.fired_at.is_none_or(|fired_at| fired_at > alert.active_at) {
        rows.push(row(alert.active_at, "pending", first));
    }
    rows.extend(alert.fired_at.map(|at| row(at, "firing", first)));
    rows.extend(alert.change.map(|change| row(change.at, "severity_changed", now)));
    for measure in &alert.answer.measures {
        let of = row(measure.at, measure.kind.name(), now);
        let (until, accepted_ratio) = (measure.until, measure.accepted_ratio);
        rows.push(KeptTransition {
            measure: Some([measure.by.clone(), measure.reason.clone()]),
            until,
            accepted_ratio,
            ..of
        });
    }
    let ended = alert.answer.acceptance.as_ref().and_then(|found| Some((found, found.ended?)));
    rows.extend(ended.map(|(acceptance, (end, at))| KeptTransition {
        measure: Some([acceptance.by.clone(), end.name().to_owned()]),
        ..row(at, ACCEPTANCE_ENDED, now)
    }));
    match alert.state {
        AlertState::Resolved => rows.extend(alert.resolved_at.map(|at| row(at, "resolved", now))),
        // When it ended nobody knows: the history takes the time at which it is told.
        AlertState::Inactive => rows.push(row(alert.active_at, "inactive", now)),
        AlertState::Pending | AlertState::Firing => {}
    }
    rows.sort_by_key(|row| row.at);
    rows
}
