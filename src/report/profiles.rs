//! Puts together what belongs to a profile.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::disclosure::{KeptTransition, is_stand_in, plain};
use crate::plan::{EventTime, Plan};

use super::model::{FindingReport, ProfileReport};

/// Measures about one profile as a whole that are told, at most. More are counted.
const MAX_MEASURES: usize = 1_000;

/// The profiles of a report, by name.
pub(super) struct Profiles(BTreeMap<String, ProfileReport>);

impl Profiles {
    /// Those on the allow-list, without anything yet.
    pub fn of(plan: &Plan) -> Self {
        let listed = plan.profiles.iter().map(|profile| {
            let report = ProfileReport {
                name: profile.name.clone(),
                is_listed: true,
                title: plain(&profile.title).into_owned(),
                purpose: plain(&profile.purpose).into_owned(),
                owner: plain(&profile.owner).into_owned(),
                ..ProfileReport::default()
            };
            (profile.name.clone(), report)
        });
        Self(listed.collect())
    }

    /// Returns the profile of this name. One that was on the allow-list before is there, too.
    pub fn of_name(&mut self, name: &str) -> &mut ProfileReport {
        self.0
            .entry(name.to_owned())
            .or_insert_with(|| ProfileReport { name: name.to_owned(), ..ProfileReport::default() })
    }

    pub fn finish(self) -> Vec<ProfileReport> {
        let mut profiles: Vec<ProfileReport> = self.0.into_values().collect();
        profiles.iter_mut().for_each(name_channels);
        profiles.iter_mut().for_each(name_versions);
        profiles
    }
}

impl ProfileReport {
    /// Adds a finding that was last told then.
    pub(super) fn add(&mut self, seen: EventTime, finding: FindingReport) {
        self.last_seen = self.last_seen.max(Some(seen));
        self.findings.push(finding);
    }

    /// Adds a measure about the profile as a whole.
    pub(super) fn add_measure(&mut self, measure: KeptTransition) {
        if self.measures.len() < MAX_MEASURES {
            self.measures.push(measure);
        } else {
            self.measures_left_out += 1;
        }
    }
}

/// The versions that findings say they have seen.
fn name_versions(profile: &mut ProfileReport) {
    let mut versions = BTreeSet::new();
    for finding in &profile.findings {
        // Details that cannot be read are counted among what is missing.
        let details = finding.row.details.as_deref().and_then(|text| serde_json::from_str::<Details>(text).ok());
        let seen = details.into_iter().flat_map(|details| details.versions).map(|seen| seen.version);
        versions.extend(seen.filter(|version| !version.is_empty()));
        // Of a change with a new version that is the subject, and the version before it the reference.
        if finding.key.kind == "drift" {
            let compared = [finding.key.subject.as_ref(), finding.row.reference_group.as_ref()];
            versions.extend(compared.into_iter().flatten().filter(|_| finding.key.subject.is_some()).cloned());
        }
    }
    profile.versions = versions.into_iter().filter(|version| !is_stand_in(version)).collect();
}

/// What details say of versions.
#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    versions: Vec<SeenVersion>,
}

#[derive(Deserialize)]
struct SeenVersion {
    version: String,
}

fn name_channels(profile: &mut ProfileReport) {
    let findings = profile.findings.iter().map(|finding| &finding.key.channel);
    let mut channels: Vec<String> =
        findings.chain(profile.funnel.iter().map(|row| &row.key.channel)).cloned().collect();
    channels.sort_unstable();
    channels.dedup();
    profile.channels = channels;
}
