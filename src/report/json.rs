//! `paritywatch.report.v1`. Fields have the names of `paritywatch.evaluation.v1`.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::model::{
    AlertReport, Basis, Coverage, FindingReport, FunnelReport, InForce, PastPoint, ProfileReport, Report, VerdictSince,
};
use crate::checkpoint::day_text;
use crate::disclosure::{KeptFinding, KeptKey, KeptStep, KeptTransition};
use crate::judge::Stage;
use crate::render::rfc3339;

/// The document's schema.
pub const SCHEMA: &str = "paritywatch.report.v1";

/// Writes the document, on one line and with its end. It is written piece by piece: a year of many profiles is long.
///
/// # Errors
/// Those of `to`.
pub fn write(report: &Report, mut to: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut to, &Document(report)).map_err(io::Error::from)?;
    to.write_all(b"\n")
}

struct Document<'r>(&'r Report);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("period", &period(report))?;
        map.serialize_entry("source", report.source.name())?;
        map.serialize_entry("coverage", &coverage(&report.coverage))?;
        let audit = report.audit.as_ref();
        map.serialize_entry(
            "audit",
            &audit.map(|audit| json!({ "origin": audit.origin, "size": audit.size, "root": audit.root })),
        )?;
        map.serialize_entry("config_hash", &report.config_hash)?;
        map.serialize_entry("configurations", &report.configurations.iter().map(in_force).collect::<Vec<_>>())?;
        map.serialize_entry("past_every_days", &report.past_every_days)?;
        map.serialize_entry("profiles", &Each(&report.profiles, Profile))?;
        map.serialize_entry("quality", &quality(report))?;
        map.end()
    }
}

/// A list that is written item by item.
struct Each<'r, T, F>(&'r [T], F);

impl<'r, T, V: Serialize, F: Fn(&'r T) -> V> Serialize for Each<'r, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

struct Profile<'r>(&'r ProfileReport);

impl Serialize for Profile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(profile) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("profile", &profile.name)?;
        map.serialize_entry("listed", &profile.is_listed)?;
        map.serialize_entry("heard", &profile.was_heard())?;
        map.serialize_entry("last_seen", &profile.last_seen.and_then(rfc3339))?;
        map.serialize_entry("title", &profile.title)?;
        map.serialize_entry("purpose", &profile.purpose)?;
        map.serialize_entry("owner", &profile.owner)?;
        map.serialize_entry("versions", &profile.versions)?;
        map.serialize_entry("channels", &profile.channels)?;
        map.serialize_entry("funnel", &Each(&profile.funnel, funnel))?;
        map.serialize_entry("findings", &Each(&profile.findings, Finding))?;
        map.serialize_entry("alerts", &Each(&profile.alerts, alert))?;
        map.serialize_entry("measures", &Each(&profile.measures, measure))?;
        map.serialize_entry("measures_left_out", &profile.measures_left_out)?;
        map.end()
    }
}

/// A finding. Its past is the long part.
struct Finding<'r>(&'r FindingReport);

impl Serialize for Finding<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(finding) = self;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in key(&finding.key).into_iter().chain(numbers(&finding.row)) {
            map.serialize_entry(&name, &value)?;
        }
        map.serialize_entry("basis", &basis(&finding.basis))?;
        map.serialize_entry("thresholds_since", &finding.thresholds_since.and_then(rfc3339))?;
        map.serialize_entry("verdicts", &Each(&finding.verdicts, verdict))?;
        map.serialize_entry("verdicts_left_out", &finding.verdicts_left_out)?;
        map.serialize_entry("windows", &Each(&finding.windows, window))?;
        map.serialize_entry("past", &Each(&finding.past, point))?;
        map.end()
    }
}

fn period(report: &Report) -> Value {
    let period = &report.period;
    json!({
        "label": period.label, "first": day_text(period.first), "last": day_text(period.last),
        "to_date": report.to_date.and_then(rfc3339),
    })
}

fn coverage(coverage: &Coverage) -> Value {
    json!({
        "days": coverage.days, "days_with_release": coverage.days_with_release, "days_without": coverage.days_without,
        "days_without_events": coverage.days_silent,
        "days_ended_early": coverage.ended_early.iter().map(|(day, last)| json!({ "day": day, "last": rfc3339(*last) })).collect::<Vec<_>>(),
        "releases": coverage.releases, "first": coverage.first.and_then(rfc3339), "last": coverage.last.and_then(rfc3339),
        "unreadable": coverage.unreadable,
    })
}

fn in_force(of: &InForce) -> Value {
    json!({ "config_hash": of.config_hash, "since": rfc3339(of.since), "until": rfc3339(of.until) })
}

fn quality(report: &Report) -> Value {
    let quality = &report.quality;
    let audit = report.audit_problems.iter().map(|problem| json!({ "name": "audit_log", "note": problem }));
    let notes = quality.notes.iter().map(|(name, note)| {
        let note = serde_json::from_str(note).unwrap_or_else(|_| Value::String(note.clone()));
        json!({ "name": name, "note": note })
    });
    json!({
        "events": quality.events, "events_unknown": quality.events_unknown, "unread_details": quality.unread_details, "findings": quality.withheld.1, "withheld": quality.withheld.0, "gaps": quality.gaps,
        "notes": audit.chain(notes).collect::<Vec<_>>(),
    })
}

fn funnel(of: &FunnelReport) -> Value {
    let FunnelReport { key, row, basis: of } = of;
    let stages: Map<String, Value> =
        Stage::ALL.iter().zip(row.stages).map(|(stage, count)| (stage.name().to_owned(), json!(count))).collect();
    let step = |step: &KeptStep| json!({ "step": step.step, "ratio": step.ratio.value, "lower": step.ratio.lower, "upper": step.ratio.upper });
    json!({
        "profile": key.profile, "channel": key.channel, "dimension": key.dimension, "group": key.group,
        "reference": row.reference, "window": key.window, "basis": basis(of), "stages": stages,
        "control_frequency": row.control_frequency, "steps": row.steps.iter().map(step).collect::<Vec<_>>(),
        "suppressed": row.suppressed,
    })
}

fn basis(basis: &Basis) -> Value {
    json!({
        "period": basis.is_period, "window": basis.window, "released_at": rfc3339(basis.released_at), "as_of": rfc3339(basis.as_of),
        "outcomes_until": rfc3339(basis.outcomes_until), "gone": basis.is_gone,
    })
}

fn verdict(of: &VerdictSince) -> Value {
    json!({ "since": rfc3339(of.since), "verdict": of.verdict, "reason": of.reason, "window": of.window })
}

fn window((window, row): &(String, KeptFinding)) -> Value {
    let mut object = numbers(row);
    object.insert("window".to_owned(), json!(window));
    Value::Object(object)
}

fn point(point: &PastPoint) -> Value {
    let mut object = numbers(&point.row);
    object.insert("as_of".to_owned(), json!(rfc3339(point.as_of)));
    object.insert("window".to_owned(), json!(&*point.window));
    object.insert("breaks".to_owned(), json!(point.breaks));
    Value::Object(object)
}

fn alert(alert: &AlertReport) -> Value {
    let mut object = key(&alert.key);
    object.extend([
        ("id".to_owned(), json!(alert.id)),
        ("severity".to_owned(), json!(alert.severity)),
        ("owner".to_owned(), json!(alert.owner)),
        ("action".to_owned(), json!(alert.action)),
        ("began_before".to_owned(), json!(alert.began_before)),
        ("open".to_owned(), json!(alert.is_open)),
        ("transitions".to_owned(), alert.transitions.iter().map(transition).collect()),
        ("transitions_left_out".to_owned(), json!(alert.left_out)),
    ]);
    Value::Object(object)
}

/// A measure about a profile as a whole.
fn measure(of: &KeptTransition) -> Value {
    json!({
        "at": rfc3339(of.at), "measure": of.transition,
        "by": of.measure.as_ref().map(|[by, _]| by), "reason": of.measure.as_ref().map(|[_, reason]| reason),
        "until": of.until.and_then(rfc3339),
    })
}

fn transition(of: &KeptTransition) -> Value {
    let mut object = numbers(&of.evidence);
    object.insert("window".to_owned(), json!(of.key.window));
    json!({
        "at": rfc3339(of.at), "transition": of.transition, "severity": of.severity,
        "by": of.measure.as_ref().map(|[by, _]| by), "reason": of.measure.as_ref().map(|[_, reason]| reason),
        "until": of.until.and_then(rfc3339), "accepted_ratio": of.accepted_ratio, "evidence": object,
    })
}

fn key(key: &KeptKey) -> Map<String, Value> {
    let fields = [
        ("rule", json!(key.rule)),
        ("kind", json!(key.kind)),
        ("profile", json!(key.profile)),
        ("channel", json!(key.channel)),
        ("dimension", json!(key.dimension)),
        ("group", json!(key.group)),
        ("subject", json!(key.subject)),
        ("reference", json!(key.reference)),
        ("indicator", json!(key.indicator)),
        ("window", json!(key.window)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The numbers and the verdict of a finding. What is withheld is null.
fn numbers(row: &KeptFinding) -> Map<String, Value> {
    let counts =
        |counts: Option<[u64; 2]>| counts.map(|[exposed, events]| json!({ "exposed": exposed, "events": events }));
    let stratified = row.stratified.as_ref();
    let [group, reference] = row.missing;
    let evidence = row.evidence.map(|of| {
        json!({
            "log_e": of.log_e, "log_e_material": of.log_e_material, "log_sr": of.log_sr, "alarm_at": of.alarm_at,
            "dispersion": of.dispersion, "blocks": of.blocks, "alarmed": of.alarmed, "alarmed_material": of.material,
            "epoch": of.epoch, "watched": of.watched,
        })
    });
    let fields = [
        ("reference_group", json!(row.reference_group)),
        ("group_counts", json!(counts(row.group_counts))),
        ("reference_counts", json!(counts(row.reference_counts))),
        ("group_rate", json!(row.group_rate)),
        ("reference_rate", json!(row.reference_rate)),
        ("ratio", json!(row.ratio)),
        ("difference", json!(row.difference)),
        ("p_value", json!(row.p_value)),
        (
            "stratified",
            json!(stratified.map(|(by, ratio, reversal)| json!({ "by": by, "ratio": ratio, "reversal": reversal }))),
        ),
        ("needed", json!(row.needed)),
        ("evidence", json!(evidence)),
        (
            "missing",
            json!({ "group": { "share": group }, "reference": { "share": reference }, "largest_cause": row.missing_cause }),
        ),
        ("verdict", json!(row.verdict)),
        ("reason", json!(row.reason)),
        ("suppressed", json!(row.suppressed)),
        ("confidence", json!(row.confidence)),
        (
            "thresholds",
            json!(row.thresholds.as_ref().map(|of| json!({
                "measure": of.measure, "warning": of.warning, "critical": of.critical, "clear": of.clear,
            }))),
        ),
    ];
    let mut object = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if let Some(Value::Object(details)) = row.details.as_deref().and_then(|text| serde_json::from_str(text).ok()) {
        add_details(&mut object, details);
    }
    object
}

/// Adds fields that have no column: objects field by field, as a column may have a part of one.
fn add_details(object: &mut Map<String, Value>, details: Map<String, Value>) {
    for (name, detail) in details {
        match (object.get_mut(&name), detail) {
            (Some(Value::Object(known)), Value::Object(detail)) => add_details(known, detail),
            (_, detail) => {
                object.insert(name, detail);
            }
        }
    }
}
