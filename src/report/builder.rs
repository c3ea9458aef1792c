//! Makes a report of the entries of a history, one after the other, with memory for the report alone.

use crate::checkpoint::Step;
use crate::plan::{EventTime, Plan, Span};

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
    /// Days of the period with a release so far: of each day the last one counts, as no other is left once the day was thinned.
    releases: u64,
    /// Whether an entry of the period was taken.
    has_begun: bool,
    /// When the last entry that the report is made of was told, by the wall clock.
    told_at: Option<EventTime>,
    /// The same of the first one.
    told_first: Option<EventTime>,
    audit_problems: Vec<String>,
    /// Whether no later entry says anything of the period.
    has_settled: bool,
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
            gathered: Gathered::new(asked.source),
            releases: 0,
            has_begun: false,
            told_at: None,
            told_first: None,
            audit_problems: Vec::new(),
            has_settled: false,
            asked,
        }
    }

    /// Takes the next entry. Entries come in the order of their windows' ends.
    pub fn take(&mut self, step: &Step<'_>) {
        let entry = step.entry;
        if self.has_settled || self.asked.as_of.is_some_and(|as_of| entry.as_of > as_of) {
            return;
        }
        if entry.as_of <= self.asked.period.start() {
            self.alerts.note_before(entry);
            if step.is_last {
                self.gathered.note_before(entry);
            }
        } else if entry.as_of <= self.asked.end() {
            self.take_inside(step);
        } else if self.asked.to_date.is_none() {
            self.take_after(step);
        }
    }

    /// Returns whether all that may be told of the period was taken: what comes later says nothing of it.
    #[must_use]
    pub const fn has_settled(&self) -> bool {
        self.has_settled
    }

    /// Returns whether what a file lacks behind an entry with this end may be of what was asked for.
    #[must_use]
    pub fn concerns(&self, after: Option<EventTime>) -> bool {
        let until = [self.asked.to_date, self.asked.as_of].into_iter().flatten().min();
        after.zip(until).is_none_or(|(after, until)| after < until)
    }

    /// Takes note of what of the history cannot be read.
    pub fn note_unreadable(&mut self, problem: String) {
        self.days.note_unreadable(problem);
    }

    /// Takes note of what is wrong with the audit log, or what it lacks.
    pub fn note_audit(&mut self, problem: String) {
        self.audit_problems.push(problem);
    }

    /// Returns when the first and the last entry that the report is made of were told, by the wall clock.
    #[must_use]
    pub fn told(&self) -> Option<[EventTime; 2]> {
        let last = self.told_at?;
        Some([self.told_first.unwrap_or(last), last])
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
        let ended = self.asked.to_date.is_none().then(|| self.asked.period.end());
        self.findings
            .finish(ended, self.releases)
            .into_iter()
            .for_each(|(seen, finding)| profiles.of_name(&finding.key.profile).add(seen, finding));
        self.funnel.finish(self.releases).into_iter().for_each(|(seen, row)| {
            let profile = profiles.of_name(&row.key.profile);
            profile.last_seen = profile.last_seen.max(Some(seen));
            profile.funnel.push(row);
        });
        let (alerts, measures) = self.alerts.finish(self.asked.period.start());
        alerts.into_iter().for_each(|alert| profiles.of_name(&alert.key.profile).alerts.push(alert));
        measures.into_iter().for_each(|measure| profiles.of_name(&measure.key.profile).add_measure(measure));
        let profiles = profiles.finish();
        Report {
            quality: self.gathered.finish(&profiles),
            period: self.asked.period,
            to_date: self.asked.to_date,
            source: self.asked.source,
            coverage: self.days.finish(),
            audit,
            audit_problems: self.audit_problems,
            configurations: self.configurations,
            config_hash: plan.config_hash.clone(),
            profiles,
            past_every_days,
        }
    }

    fn take_inside(&mut self, step: &Step<'_>) {
        let entry = step.entry;
        self.alerts.take(entry, self.asked.period.start());
        // What is left of a day that was thinned.
        if !step.is_last && step.judged.is_empty() && entry.transitions.is_empty() {
            return;
        }
        self.releases += u64::from(step.is_last);
        let moment = self.moment(step);
        if step.is_last {
            self.days.take(entry.as_of);
            // Of days that were thinned the last release alone is there.
            self.told_first = self.told_first.or(Some(entry.told_at));
            self.note_configuration(&entry.config_hash, entry.as_of);
            if self.gathered.take(entry) {
                self.days.note_silent(entry.as_of);
            }
        }
        self.findings.take(step, moment);
        self.funnel.take(step, moment);
        self.told_at = self.told_at.max(Some(entry.told_at));
        self.has_begun = true;
    }

    fn take_after(&mut self, step: &Step<'_>) {
        let moment = self.moment(step);
        let has_own = [self.findings.take_after(step, moment), self.funnel.take_after(step, moment)];
        if has_own.contains(&true) {
            self.told_at = self.told_at.max(Some(step.entry.told_at));
        }
        let until = self.asked.period.end().plus(self.asked.settle);
        // Where periods are not told any more nothing comes later, either: they are told once a day.
        let is_told = step.entry.periods_at.is_some_and(|told_at| told_at >= until);
        self.has_settled = step.is_last && (is_told || step.entry.as_of >= until.plus(Span::DAY));
    }

    fn moment(&self, step: &Step<'_>) -> Moment {
        let entry = step.entry;
        let end = self.asked.end();
        let released_at = entry.released_at.unwrap_or(entry.as_of);
        Moment {
            release: self.releases,
            as_of: entry.as_of.min(end),
            released_at: released_at.min(end),
            outcomes_until: released_at,
            periods_until: entry.periods_at,
            end,
        }
    }

    fn note_configuration(&mut self, config_hash: &str, as_of: EventTime) {
        match self.configurations.last_mut() {
            Some(last) if last.config_hash == config_hash => last.until = as_of,
            _ => self.configurations.push(InForce { config_hash: config_hash.to_owned(), since: as_of, until: as_of }),
        }
    }
}
