//! The rows of format 1, and what they are made of.

use serde::{Deserialize, Serialize};

use crate::disclosure::{
    KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey, KeptQuality, KeptStep, KeptThresholds, KeptTransition, Measured,
};
use crate::evidence::SeriesEvidence;
use crate::judge::Stage;
use crate::plan::EventTime;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    rule: String,
    kind: String,
    profile: String,
    channel: String,
    dimension: Option<String>,
    group: Option<String>,
    subject: Option<String>,
    reference: String,
    indicator: Option<String>,
    window: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FunnelKey {
    profile: String,
    channel: String,
    dimension: String,
    group: String,
    window: String,
}

/// A value with its limits.
type Limits = [Option<f64>; 3];

#[derive(Serialize, Deserialize)]
pub(super) struct Finding {
    reference_group: Option<String>,
    group_counts: Option<[u64; 2]>,
    reference_counts: Option<[u64; 2]>,
    group_rate: Option<f64>,
    reference_rate: Option<f64>,
    ratio: Option<Limits>,
    difference: Option<Limits>,
    p_value: Option<f64>,
    stratified: Option<(String, Limits, bool)>,
    needed: Option<u64>,
    evidence: Option<Evidence>,
    missing: [Option<f64>; 2],
    missing_cause: Option<String>,
    verdict: Option<String>,
    reason: Option<String>,
    suppressed: bool,
    confidence: f64,
    thresholds: Option<(String, [f64; 3])>,
    details: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Evidence {
    log_e: f64,
    log_e_material: Option<f64>,
    log_sr: Option<f64>,
    alarm_at: f64,
    dispersion: f64,
    blocks: u64,
    alarmed: bool,
    material: bool,
    epoch: u32,
    watched: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Funnel {
    reference: String,
    stages: [Option<u64>; Stage::ALL.len()],
    control_frequency: Option<f64>,
    steps: Vec<(String, Limits)>,
    suppressed: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Transition {
    at: i64,
    transition: String,
    alert: String,
    severity: String,
    key: Key,
    owner: String,
    action: String,
    measure: Option<[String; 2]>,
    until: Option<i64>,
    accepted_ratio: Option<f64>,
    evidence: Finding,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Quality {
    what: String,
    profile: Option<String>,
    channel: Option<String>,
    dimension: Option<String>,
    group: Option<String>,
    name: Option<String>,
    count: Option<u64>,
}

impl From<&KeptKey> for Key {
    fn from(of: &KeptKey) -> Self {
        Self {
            rule: of.rule.clone(),
            kind: of.kind.clone(),
            profile: of.profile.clone(),
            channel: of.channel.clone(),
            dimension: of.dimension.clone(),
            group: of.group.clone(),
            subject: of.subject.clone(),
            reference: of.reference.clone(),
            indicator: of.indicator.clone(),
            window: of.window.clone(),
        }
    }
}

impl From<Key> for KeptKey {
    fn from(of: Key) -> Self {
        let Key { rule, kind, profile, channel, dimension, group, subject, reference, indicator, window } = of;
        Self { rule, kind, profile, channel, dimension, group, subject, reference, indicator, window }
    }
}

impl From<&KeptFunnelKey> for FunnelKey {
    fn from(of: &KeptFunnelKey) -> Self {
        Self {
            profile: of.profile.clone(),
            channel: of.channel.clone(),
            dimension: of.dimension.clone(),
            group: of.group.clone(),
            window: of.window.clone(),
        }
    }
}

impl From<&FunnelKey> for KeptFunnelKey {
    fn from(of: &FunnelKey) -> Self {
        Self {
            profile: of.profile.clone(),
            channel: of.channel.clone(),
            dimension: of.dimension.clone(),
            group: of.group.clone(),
            window: of.window.clone(),
        }
    }
}

impl From<SeriesEvidence> for Evidence {
    fn from(of: SeriesEvidence) -> Self {
        let SeriesEvidence {
            log_e,
            log_e_material,
            log_sr,
            alarm_at,
            dispersion,
            blocks,
            alarmed,
            material,
            epoch,
            watched,
        } = of;
        Self { log_e, log_e_material, log_sr, alarm_at, dispersion, blocks, alarmed, material, epoch, watched }
    }
}

impl From<Evidence> for SeriesEvidence {
    fn from(of: Evidence) -> Self {
        let Evidence { log_e, log_e_material, log_sr, alarm_at, dispersion, blocks, alarmed, material, epoch, watched } =
            of;
        Self { log_e, log_e_material, log_sr, alarm_at, dispersion, blocks, alarmed, material, epoch, watched }
    }
}

impl From<&KeptFinding> for Finding {
    fn from(of: &KeptFinding) -> Self {
        let thresholds = of.thresholds.as_ref();
        Self {
            reference_group: of.reference_group.clone(),
            group_counts: of.group_counts,
            reference_counts: of.reference_counts,
            group_rate: of.group_rate,
            reference_rate: of.reference_rate,
            p_value: of.p_value,
            needed: of.needed,
            missing: of.missing,
            missing_cause: of.missing_cause.clone(),
            verdict: of.verdict.clone(),
            reason: of.reason.clone(),
            suppressed: of.suppressed,
            confidence: of.confidence,
            details: of.details.clone(),
            ratio: of.ratio.map(limits),
            difference: of.difference.map(limits),
            stratified: of.stratified.as_ref().map(|(by, ratio, reversal)| (by.clone(), limits(*ratio), *reversal)),
            evidence: of.evidence.map(Evidence::from),
            thresholds: thresholds.map(|of| (of.measure.clone(), [of.warning, of.critical, of.clear])),
        }
    }
}

impl From<Finding> for KeptFinding {
    fn from(of: Finding) -> Self {
        let thresholds = |(measure, [warning, critical, clear]): (String, [f64; 3])| KeptThresholds {
            measure,
            warning,
            critical,
            clear,
        };
        Self {
            reference_group: of.reference_group,
            group_counts: of.group_counts,
            reference_counts: of.reference_counts,
            group_rate: of.group_rate,
            reference_rate: of.reference_rate,
            p_value: of.p_value,
            needed: of.needed,
            missing: of.missing,
            missing_cause: of.missing_cause,
            verdict: of.verdict,
            reason: of.reason,
            suppressed: of.suppressed,
            confidence: of.confidence,
            details: of.details,
            ratio: of.ratio.map(measured),
            difference: of.difference.map(measured),
            stratified: of.stratified.map(|(by, ratio, reversal)| (by, measured(ratio), reversal)),
            evidence: of.evidence.map(SeriesEvidence::from),
            thresholds: of.thresholds.map(thresholds),
        }
    }
}

impl From<&KeptFunnel> for Funnel {
    fn from(of: &KeptFunnel) -> Self {
        Self {
            reference: of.reference.clone(),
            stages: of.stages,
            control_frequency: of.control_frequency,
            steps: of.steps.iter().map(|step| (step.step.clone(), limits(step.ratio))).collect(),
            suppressed: of.suppressed,
        }
    }
}

impl From<Funnel> for KeptFunnel {
    fn from(of: Funnel) -> Self {
        let Funnel { reference, stages, control_frequency, steps, suppressed } = of;
        let steps = steps.into_iter().map(|(step, ratio)| KeptStep { step, ratio: measured(ratio) }).collect();
        Self { reference, stages, control_frequency, steps, suppressed }
    }
}

impl From<&KeptTransition> for Transition {
    fn from(of: &KeptTransition) -> Self {
        Self {
            at: of.at.0,
            transition: of.transition.clone(),
            alert: of.alert.clone(),
            severity: of.severity.clone(),
            key: Key::from(&of.key),
            owner: of.owner.clone(),
            action: of.action.clone(),
            measure: of.measure.clone(),
            until: of.until.map(|time| time.0),
            accepted_ratio: of.accepted_ratio,
            evidence: Finding::from(&of.evidence),
        }
    }
}

impl From<Transition> for KeptTransition {
    fn from(of: Transition) -> Self {
        Self {
            at: EventTime(of.at),
            transition: of.transition,
            alert: of.alert,
            severity: of.severity,
            key: of.key.into(),
            owner: of.owner,
            action: of.action,
            measure: of.measure,
            until: of.until.map(EventTime),
            accepted_ratio: of.accepted_ratio,
            evidence: of.evidence.into(),
        }
    }
}

impl From<&KeptQuality> for Quality {
    fn from(of: &KeptQuality) -> Self {
        let KeptQuality { what, profile, channel, dimension, group, name, count } = of.clone();
        Self { what, profile, channel, dimension, group, name, count }
    }
}

impl From<Quality> for KeptQuality {
    fn from(of: Quality) -> Self {
        let Quality { what, profile, channel, dimension, group, name, count } = of;
        Self { what, profile, channel, dimension, group, name, count }
    }
}

const fn limits(of: Measured) -> Limits {
    [of.value, of.lower, of.upper]
}

const fn measured([value, lower, upper]: Limits) -> Measured {
    Measured { value, lower, upper }
}
