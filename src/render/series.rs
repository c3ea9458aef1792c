//! The past of one finding, as the page and `/api/v1/history` show it.

use serde_json::{Value, json};

use super::time::rfc3339;
use crate::disclosure::{KeptEntry, KeptFinding, KeptKey, KeptTransition, Measured};
use crate::plan::{EventTime, Span};

/// The document's schema.
const SCHEMA: &str = "paritywatch.history.v1";
/// Numbers stand for so many intervals between releases, at most, where no other release comes.
const MAX_INTERVALS: i64 = 2;

/// The past of one finding, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Which one; `None` where the history does not have it.
    pub key: Option<KeptKey>,
    /// Its place on the status page.
    anchor: String,
    /// What the entries so far say of it.
    last: Option<KeptFinding>,
    /// When the last entry was, and how long its numbers stand without another release.
    stands: Option<(EventTime, Span)>,
    /// Its numbers at releases, and its verdicts between them.
    pub points: Vec<Point>,
    /// What has happened to its alerts, each with the end of the windows when that was told. Its own time is that of the wall clock.
    pub transitions: Vec<(EventTime, KeptTransition)>,
    /// Where numbers end to stand: the finding is no more, a day cannot be read, or no release came.
    pub breaks: Vec<EventTime>,
    /// Entries and transitions that the history has twice, as a damaged file was put back.
    pub passed_over: u64,
    /// Points that were left out because there are too many.
    pub left_out: usize,
    /// Which days could not be read, and why.
    pub unreadable: Vec<String>,
}

/// A finding at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Where the windows of the verdict end.
    pub as_of: EventTime,
    /// Whether numbers were released; else the verdict alone has changed.
    pub is_release: bool,
    /// The hash of the configuration.
    pub config_hash: String,
    /// The numbers.
    pub finding: KeptFinding,
}

impl Series {
    /// The past of the finding at this place of the status page, without anything yet.
    #[must_use]
    pub fn of(anchor: &str) -> Self {
        Self { anchor: anchor.to_owned(), ..Self::default() }
    }

    /// Adds what an entry says of the finding. Its rows are passed over unless they are new. There is a release every so often.
    pub fn add(&mut self, entry: KeptEntry, is_new: bool, every: Span) {
        let before = self.last.clone();
        if entry.is_full || entry.gone.iter().any(|key| key.anchor() == self.anchor) {
            self.last = None;
        }
        let row = entry.findings.into_iter().next_back();
        let is_judged_otherwise =
            |(_, row): &(KeptKey, KeptFinding)| before.as_ref().is_none_or(|before| before.is_judged_otherwise(row));
        let is_changed = row.as_ref().is_some_and(is_judged_otherwise);
        if let Some((key, finding)) = row {
            (self.key, self.last) = (Some(key), Some(finding));
        }
        if is_new {
            self.note(entry.as_of, entry.is_release, before.is_some(), every);
        }
        let about = self.key.clone();
        let is_about = |row: &KeptTransition| about.as_ref().is_some_and(|key| key.shares_alerts_with(&row.key));
        self.transitions.extend(entry.transitions.into_iter().filter(is_about).map(|row| (entry.as_of, row)));
        let Some(finding) = self.last.clone().filter(|_| is_new && (entry.is_release || is_changed)) else { return };
        let (as_of, config_hash) = (entry.as_of, entry.config_hash);
        self.points.push(Point { as_of, is_release: entry.is_release, config_hash, finding });
    }

    /// Takes note of a day that begins then and cannot be read.
    pub fn interrupt(&mut self, at: EventTime, problem: String) {
        if self.last.take().is_some() {
            self.breaks.push(at);
        }
        self.stands = None;
        self.unreadable.push(problem);
    }

    /// Breaks the line where the finding is no more, and where no release came for two intervals.
    fn note(&mut self, as_of: EventTime, is_release: bool, was_there: bool, every: Span) {
        if let Some((released, interval)) = self.stands.filter(|_| was_there) {
            // The interval of the longer one: a day may have been thinned, and the next one not.
            let interval = interval.max(every);
            if as_of.since(released).0 > interval.times(MAX_INTERVALS).0 {
                self.breaks.push(released.plus(interval));
            }
        }
        if was_there && self.last.is_none() {
            self.breaks.push(as_of);
        }
        if is_release || self.stands.is_none() {
            self.stands = Some((as_of, every));
        }
    }

    /// Leaves out points beyond the limit.
    pub fn thin(&mut self, max_points: usize) {
        let (count, max_points) = (self.points.len(), max_points.max(1));
        // The last of each part, so that the newest point stays.
        let stays = |index: usize| (index + 1) * max_points / count > index * max_points / count;
        let points = std::mem::take(&mut self.points);
        self.points =
            points.into_iter().enumerate().filter(|(index, _)| stays(*index)).map(|(_, point)| point).collect();
        self.left_out = count - self.points.len();
        // One between two points is enough.
        self.breaks.sort_unstable();
        let place = |at: &EventTime| self.points.partition_point(|point| point.as_of < *at);
        self.breaks.dedup_by_key(|at| place(at));
    }
}

impl Series {
    /// Returns `paritywatch.history.v1`, on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let document = json!({
            "schema": SCHEMA,
            "finding": self.key.as_ref().map(key),
            "points": self.points.iter().map(point).collect::<Vec<_>>(),
            "transitions": self.transitions.iter().map(|(as_of, of)| transition(*as_of, of)).collect::<Vec<_>>(),
            "breaks": self.breaks.iter().map(|at| rfc3339(*at)).collect::<Vec<_>>(),
            "points_left_out": self.left_out,
            "passed_over": self.passed_over,
            "unreadable": self.unreadable,
        });
        document.to_string()
    }
}

fn key(key: &KeptKey) -> Value {
    json!({
        "rule": key.rule, "kind": key.kind, "profile": key.profile, "channel": key.channel, "dimension": key.dimension, "group": key.group,
        "subject": key.subject, "reference": key.reference, "indicator": key.indicator, "window": key.window,
    })
}

fn point(point: &Point) -> Value {
    let finding = &point.finding;
    let counts =
        |counts: Option<[u64; 2]>| counts.map(|[exposed, events]| json!({ "exposed": exposed, "events": events }));
    json!({
        "as_of": rfc3339(point.as_of),
        "release": point.is_release,
        "config_hash": point.config_hash,
        "group_counts": counts(finding.group_counts),
        "reference_counts": counts(finding.reference_counts),
        "group_rate": finding.group_rate,
        "reference_rate": finding.reference_rate,
        "ratio": finding.ratio.map(measured),
        "difference": finding.difference.map(measured),
        "stratified": finding.stratified.as_ref().map(|(by, ratio, reversal)| json!({ "by": by, "ratio": measured(*ratio), "reversal": reversal })),
        "evidence": finding.evidence.map(|evidence| json!({
            "log_e": evidence.log_e, "log_e_material": evidence.log_e_material, "alarm_at": evidence.alarm_at, "alarmed": evidence.alarmed,
            "blocks": evidence.blocks,
        })),
        "thresholds": finding.thresholds.as_ref().map(|of| json!({
            "measure": of.measure, "warning": of.warning, "critical": of.critical, "clear": of.clear,
        })),
        "verdict": finding.verdict,
        "reason": finding.reason,
        "suppressed": finding.suppressed,
    })
}

fn transition(as_of: EventTime, of: &KeptTransition) -> Value {
    json!({
        "as_of": rfc3339(as_of), "at": rfc3339(of.at), "transition": of.transition, "alert": of.alert, "severity": of.severity, "window": of.key.window,
        "by": of.measure.as_ref().map(|[by, _]| by), "reason": of.measure.as_ref().map(|[_, reason]| reason),
    })
}

fn measured(Measured { value, lower, upper }: Measured) -> Value {
    json!({ "value": value, "lower": lower, "upper": upper })
}
