//! Makes a report of the entries of a history, one after the other, with memory for the report alone.

use crate::checkpoint::Step;
use crate::plan::{EventTime, Plan};

use super::alerts::Alerts;
use super::asked::Asked;
use super::coverage::Days;
use super::findings::Findings;
use super::funnel::Funnel;
use super::gathered::Gathered;
use super::model::{AuditPosition, InForce, Report};
use super::profiles::Profiles;
use super::windows::Moment;

/// A report that is being made. The same entries make the same report.
#[derive(Debug)]
pub struct Builder {
    asked: Asked,
    days: Days,
    configurations: Vec<InForce>,
    findings: Findings,
    funnel: Funnel,
    alerts: Alerts,
    gathered: Gathered,
    /// Releases of the period so far.
    releases: u64,
    /// Whether an entry of the period was taken.
    has_begun: bool,
    /// When the last entry that the report is made of was told, by the wall clock.
    told_at: Option<EventTime>,
}

impl Builder {
    /// A report without any entry yet.
    #[must_use]
    pub fn new(asked: Asked) -> Self {
        let (first, label) = (asked.period.first, asked.period.label.clone());
        Self {
            days: Days::new(&asked),
            configurations: Vec::new(),
            findings: Findings::new(first, asked.release_every, label.clone()),
            funnel: Funnel::new(label),
            alerts: Alerts::default(),
            gathered: Gathered::default(),
            releases: 0,
            has_begun: false,
            told_at: None,
            asked,
        }
    }

    /// Takes the next entry. Entries come in the order of their windows' ends.
    pub fn take(&mut self, step: &Step<'_>) {
        let entry = step.entry;
        if entry.as_of <= self.asked.period.start() {
            self.alerts.note_before(entry);
            self.gathered.note_before(entry);
        } else if entry.as_of <= self.asked.end() {
            self.take_inside(step);
        } else if self.asked.to_date.is_none() {
            let moment = self.moment(step);
            let is_own = [self.findings.take_after(step, moment), self.funnel.take_after(step, moment)];
            if is_own.contains(&true) {
                self.told_at = self.told_at.max(Some(entry.told_at));
            }
        }
    }

    /// Takes note of what of the history cannot be read.
    pub fn note_unreadable(&mut self, problem: String) {
        self.days.note_unreadable(problem);
    }

    /// Returns when the last entry that the report is made of was told, by the wall clock.
    #[must_use]
    pub const fn told_at(&self) -> Option<EventTime> {
        self.told_at
    }

    /// Returns whether nothing of the period was there.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.has_begun
    }

    /// Ends the report. Titles, purposes and owners are those of the plan.
    #[must_use]
    pub fn finish(self, plan: &Plan, audit: Option<AuditPosition>) -> Report {
        let past_every_days = self.findings.past_every_days();
        let mut profiles = Profiles::of(plan);
        self.findings
            .finish()
            .into_iter()
            .for_each(|(seen, finding)| profiles.of_name(&finding.key.profile).add(seen, finding));
        self.funnel.finish().into_iter().for_each(|(seen, row)| {
            let profile = profiles.of_name(&row.key.profile);
            profile.last_seen = profile.last_seen.max(Some(seen));
            profile.funnel.push(row);
        });
        self.alerts.finish().into_iter().for_each(|alert| profiles.of_name(&alert.key.profile).alerts.push(alert));
        let profiles = profiles.finish();
        Report {
            quality: self.gathered.finish(&profiles),
            period: self.asked.period,
            to_date: self.asked.to_date,
            source: self.asked.source,
            coverage: self.days.finish(),
            audit,
            configurations: self.configurations,
            config_hash: plan.config_hash.clone(),
            profiles,
            past_every_days,
        }
    }

    fn take_inside(&mut self, step: &Step<'_>) {
        let entry = step.entry;
        self.releases += u64::from(entry.is_release);
        let moment = self.moment(step);
        self.days.take(entry);
        self.note_configuration(&entry.config_hash, entry.as_of);
        self.alerts.take(entry, self.has_begun, self.asked.period.start());
        self.findings.take(step, moment);
        self.funnel.take(step, moment);
        self.gathered.take(entry);
        self.told_at = self.told_at.max(Some(entry.told_at));
        self.has_begun = true;
    }

    fn moment(&self, step: &Step<'_>) -> Moment {
        let entry = step.entry;
        let end = self.asked.end();
        Moment {
            release: self.releases,
            as_of: entry.as_of.min(end),
            released_at: entry.released_at.unwrap_or(entry.as_of).min(end),
        }
    }

    fn note_configuration(&mut self, config_hash: &str, as_of: EventTime) {
        match self.configurations.last_mut() {
            Some(last) if last.config_hash == config_hash => last.until = as_of,
            _ => self.configurations.push(InForce { config_hash: config_hash.to_owned(), since: as_of, until: as_of }),
        }
    }
}
