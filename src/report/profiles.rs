//! Puts together what belongs to a profile.

use std::collections::BTreeMap;

use crate::plan::{EventTime, Plan};

use super::model::{FindingReport, ProfileReport};

/// The profiles of a report, by name.
pub(super) struct Profiles(BTreeMap<String, ProfileReport>);

impl Profiles {
    /// Those on the allow-list, without anything yet.
    pub fn of(plan: &Plan) -> Self {
        let listed = plan.profiles.iter().map(|profile| {
            let report = ProfileReport {
                name: profile.name.clone(),
                is_listed: true,
                title: profile.title.clone(),
                purpose: profile.purpose.clone(),
                owner: profile.owner.clone(),
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
        profiles
    }
}

impl ProfileReport {
    /// Adds a finding that was last told then.
    pub(super) fn add(&mut self, seen: EventTime, finding: FindingReport) {
        self.last_seen = self.last_seen.max(Some(seen));
        self.findings.push(finding);
    }
}

fn name_channels(profile: &mut ProfileReport) {
    let findings = profile.findings.iter().map(|finding| &finding.key.channel);
    let mut channels: Vec<String> = findings.chain(profile.funnel.iter().map(|row| &row.key.channel)).cloned().collect();
    channels.sort_unstable();
    channels.dedup();
    profile.channels = channels;
}
