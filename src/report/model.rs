//! What a report says, in the order in which it says it. HTML, JSON, CSV and the entry of a register are made of this alone, so all of them hold the
//! same figures.
//!
//! Everything in it was published before: it is made of rows of the history, or of those that a replay would have written.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::disclosure::{KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey, KeptTransition};
use crate::plan::{EventTime, Period};

/// Why a finding of a period that is over has no verdict: none was told when it ended.
pub const NOT_TOLD_AT_END: &str = "not_told_at_end";

/// The evaluation report of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The period that was asked for.
    pub period: Period,
    /// The end of what is told, where the period had not ended then: the report is one to date, and says so everywhere.
    pub to_date: Option<EventTime>,
    /// What it was made of.
    pub source: Source,
    /// How much of the period there is.
    pub coverage: Coverage,
    /// The place in the audit log that it rests on; `None` in a report of replayed files, and where there is no log, or one that is not as it was signed.
    pub audit: Option<AuditPosition>,
    /// What is wrong with the audit log, or what it lacks: it does not stand behind the report then, or not behind all of it.
    pub audit_problems: Vec<String>,
    /// The configurations that were in force in the period, oldest first.
    pub configurations: Vec<InForce>,
    /// The configuration file that it was made with: titles and owners are from there.
    pub config_hash: String,
    /// One for each profile on the allow-list or in the history, by name.
    pub profiles: Vec<ProfileReport>,
    /// What is known of the data as a whole.
    pub quality: Quality,
    /// Days from one of [`FindingReport::past`] to the next: 1 unless there are too many findings for that.
    pub past_every_days: u64,
}

/// What a report was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The history of a daemon.
    History,
    /// Files of events.
    Replay,
}

impl Source {
    /// Returns the word for it in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Replay => "replay",
        }
    }
}

/// How much of the period was there. What is not there is said first: silence is not compliance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Days of the period; to date, those until then.
    pub days: u64,
    /// Those of them with a release.
    pub days_with_release: u64,
    /// Days without one, as `2026-08-03`, oldest first; of many in a row the first and the last, as `2026-08-03..2026-08-09`.
    pub days_without: Vec<String>,
    /// Days with a release and without a new event, or with so few that their counter does not tell, as in `days_without`.
    pub days_silent: Vec<String>,
    /// Days whose last release is hours earlier than that of most days: each with the end of its windows. What came later is missing.
    pub ended_early: Vec<(String, EventTime)>,
    /// Releases in the period: of each day the last one counts.
    pub releases: u64,
    /// The end of the windows of the first release.
    pub first: Option<EventTime>,
    /// The end of the windows of the last release.
    pub last: Option<EventTime>,
    /// What of the history cannot be read: the file's name, and why.
    pub unreadable: Vec<String>,
}

/// A place in the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPosition {
    /// The log's name.
    pub origin: String,
    /// Entries of the log.
    pub size: u64,
    /// The root of the tree over them, in Base64.
    pub root: String,
}

/// A configuration, and since when it was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its hash.
    pub config_hash: String,
    /// The first day of the period whose last release has it: the end of its windows.
    pub since: EventTime,
    /// The last one.
    pub until: EventTime,
}

/// What the report says of one profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileReport {
    /// Its name in events.
    pub name: String,
    /// Whether it is on the allow-list of the configuration file that the report was made with.
    pub is_listed: bool,
    /// The end of the windows of the last release of the period that has a row about it.
    pub last_seen: Option<EventTime>,
    /// Its name for people; may be empty.
    pub title: String,
    /// What it is for, in words of the configuration; may be empty.
    pub purpose: String,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// Its versions that were seen in the period, as far as a rule asks for versions.
    pub versions: Vec<String>,
    /// The channels that were judged.
    pub channels: Vec<String>,
    /// Cases by stage. Of each group the best row: that of the period, or of the longest rolling window that ended with it.
    pub funnel: Vec<FunnelReport>,
    /// Every finding of the period: comparisons first, then the other kinds, each by rule, dimension, group and channel.
    pub findings: Vec<FindingReport>,
    /// Every alert that was open in the period, oldest first.
    pub alerts: Vec<AlertReport>,
    /// Measures about the profile as a whole that were told in the period, oldest first.
    pub measures: Vec<KeptTransition>,
    /// How many more there were, after the first ones.
    pub measures_left_out: u64,
}

impl ProfileReport {
    /// Returns whether anything was heard of it: some count is told that is not 0. Where that is not so, nothing was heard, or too little to be told.
    #[must_use]
    pub fn was_heard(&self) -> bool {
        let is_told = |counts: Option<[u64; 2]>| counts.is_some_and(|[exposed, events]| exposed > 0 || events > 0);
        let found = |row: &KeptFinding| is_told(row.group_counts) || is_told(row.reference_counts);
        let findings = self.findings.iter().any(|finding| {
            found(&finding.row)
                || finding.windows.iter().any(|(_, row)| found(row))
                || finding.past.iter().any(|point| found(&point.row))
        });
        findings || self.funnel.iter().any(|funnel| funnel.row.stages.iter().flatten().any(|count| *count > 0))
    }
}

/// A row of the funnel.
#[derive(Clone, Debug, PartialEq)]
pub struct FunnelReport {
    /// Which one.
    pub key: KeptFunnelKey,
    /// Its numbers.
    pub row: KeptFunnel,
    /// Which cases it counts.
    pub basis: Basis,
}

/// Which cases a row counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Whether it is the period itself; else the window below, as no row of the period is there.
    pub is_period: bool,
    /// The window of the row: the period's label, or such as `90d`.
    pub window: String,
    /// The end of the windows of the numbers.
    pub released_at: EventTime,
    /// The end of the windows of the verdict. Of a period that is over it is that of the verdict that stood then.
    pub as_of: EventTime,
    /// Up to when outcomes count: of a period that is over they come later, too.
    pub outcomes_until: EventTime,
    /// Whether the row was gone before the end.
    pub is_gone: bool,
}

/// A finding over the period.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingReport {
    /// Which one; the window is that of `basis`.
    pub key: KeptKey,
    /// Its numbers as they were last told, and its verdict at the end of the period.
    pub row: KeptFinding,
    /// Which cases it counts.
    pub basis: Basis,
    /// All windows at the end of the period, for the appendix.
    pub windows: Vec<(String, KeptFinding)>,
    /// The numbers over time, of the longest rolling window, oldest first: at most one for each day.
    pub past: Vec<PastPoint>,
    /// The verdict over time, of the worst window: each with when it began, oldest first. The first one is that at the beginning of the period.
    pub verdicts: Vec<VerdictSince>,
    /// How many of `verdicts`, after the first one, were left out because there are too many.
    pub verdicts_left_out: u64,
    /// Since when these thresholds are in force: the first day of the period with them. Where that is the first one with a release, they may be older.
    pub thresholds_since: Option<EventTime>,
}

/// Numbers at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct PastPoint {
    /// The end of the windows.
    pub as_of: EventTime,
    /// The window: the longest rolling one of that release.
    pub window: Arc<str>,
    /// The numbers.
    pub row: KeptFinding,
    /// Whether the line breaks before it: no release came in between, the finding was gone, or its window is another one.
    pub breaks: bool,
}

/// A verdict from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictSince {
    /// When.
    pub since: EventTime,
    /// The verdict; `None` where nothing is judged.
    pub verdict: Option<String>,
    /// Why it is what it is.
    pub reason: Option<String>,
    /// The window that decided.
    pub window: String,
}

/// An alert in the period.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertReport {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub key: KeptKey,
    /// Its severity at the end of the period, or when it ended.
    pub severity: String,
    /// Who is to act.
    pub owner: String,
    /// What is to be done.
    pub action: String,
    /// Whether it had fired before the period began.
    pub began_before: bool,
    /// Whether it was open at the end of the period.
    pub is_open: bool,
    /// What has happened to it in the period, measures among it, oldest first.
    pub transitions: Vec<KeptTransition>,
    /// How many more there were, after the first ones, that were left out because there are too many.
    pub left_out: u64,
}

/// What is known of the data as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// Events by what became of them, over the period: `read`, `accepted`, `duplicate` ...; of those that wait (`unmatched`, `ahead`) how many do at
    /// the end. Empty where the history does not say.
    pub events: BTreeMap<String, u64>,
    /// Whether what came in the period is not known, as nothing says what had come before it.
    pub events_unknown: bool,
    /// Rows whose details cannot be read: they are told without them.
    pub unread_details: u64,
    /// Findings whose numbers are withheld at the end of the period, and all findings.
    pub withheld: (u64, u64),
    /// Gaps in the data that were accepted, as the operator wrote them, oldest first.
    pub gaps: Vec<String>,
    /// Notes of the last release that have no place of their own: late cases by group, values on no list; name and JSON.
    pub notes: Vec<(String, String)>,
}
