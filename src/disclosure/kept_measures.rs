//! Measures about a profile as a whole, as the history keeps them: beside what happened to alerts, without one.

use super::kept::{KeptFinding, KeptKey, KeptTransition};
use super::measures::{PublishedMeasure, PublishedMeasures};

pub(super) fn measures_of_profiles(measures: &PublishedMeasures) -> impl Iterator<Item = KeptTransition> {
    measures.of_profiles.iter().map(|measure| row(measure))
}

fn row(measure: &PublishedMeasure) -> KeptTransition {
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
