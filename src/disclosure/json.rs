//! The fields of what is published, as JSON names them: part of `paritywatch.evaluation.v1`.
//!
//! `render` makes the documents. The fields of an alert also go into the message that the outbox keeps.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::funnel::{PublishedFunnel, PublishedShare, PublishedStep};
use super::measures::{PublishedAcceptance, PublishedMeasure, PublishedMeasures, UnknownName};
use super::published::{
    Counted, Measured, PublishedAlert, PublishedBracket, PublishedFinding, PublishedLate, PublishedRates,
};
use crate::alert::BeyondAccepted;
use crate::evidence::SeriesEvidence;
use crate::judge::{Association, Claim, Contrast, OutcomeRange, Reason, SeenVersion, Stage, Verdict};
use crate::plan::{EventTime, Indicator, Measure, MeasureKind};
use crate::statistics::{Factor, Interval};

impl Serialize for PublishedFinding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rule", &self.rule)?;
        map.serialize_entry("profile", &self.profile)?;
        map.serialize_entry("channel", self.channel)?;
        map.serialize_entry("dimension", &self.dimension)?;
        map.serialize_entry("group", &self.group)?;
        map.serialize_entry("reference", &self.reference)?;
        map.serialize_entry("indicator", &self.indicator.map(Indicator::name))?;
        map.serialize_entry("window", &self.window)?;
        let counts = |counts: Option<Counted>| {
            counts.map(|counts| Pair([("exposed", counts.exposed), ("events", counts.events)]))
        };
        map.serialize_entry("group_counts", &counts(self.group_counts))?;
        map.serialize_entry("reference_counts", &counts(self.reference_counts))?;
        map.serialize_entry("group_rate", &self.group_rate)?;
        map.serialize_entry("reference_rate", &self.reference_rate)?;
        map.serialize_entry("ratio", &self.ratio)?;
        map.serialize_entry("difference", &self.difference)?;
        map.serialize_entry("p_value", &self.p_value)?;
        map.serialize_entry("stratified", &self.stratified.as_ref().map(Stratified))?;
        map.serialize_entry("needed", &self.needed)?;
        map.serialize_entry("reference_group", &self.reference_group)?;
        map.serialize_entry(
            "pending",
            &self.pending.map(|(group, reference)| Pair([("group", Limits(group)), ("reference", Limits(reference))])),
        )?;
        map.serialize_entry("probabilistic", &self.probabilistic)?;
        map.serialize_entry("evidence", &self.evidence.map(Evidence))?;
        map.serialize_entry("missing", &self.missing)?;
        map.serialize_entry("verdict", &self.verdict.map(Verdict::name))?;
        map.serialize_entry("kind", self.kind)?;
        map.serialize_entry("subject", &self.subject)?;
        map.serialize_entry("reason", &self.reason.map(Reason::name))?;
        map.serialize_entry("outcome_range", &self.outcomes.as_ref().map(OfOutcomes))?;
        if let Some(values) = &self.values {
            map.serialize_entry("values", values)?;
        }
        if let Some(mix) = &self.mix {
            map.serialize_entry("mix", mix)?;
        }
        self.serialize_criterion(&mut map)?;
        if self.interaction.is_some() {
            map.serialize_entry("interaction", &self.interaction)?;
        }
        if self.last_heard.is_some() {
            map.serialize_entry("last_heard", &self.last_heard.and_then(rfc3339))?;
        }
        if let Some(claim) = &self.claim {
            map.serialize_entry("claim", &OfClaim(claim))?;
        }
        if self.suppressed {
            map.serialize_entry("suppressed", &true)?;
        }
        map.end()
    }
}

impl PublishedFinding {
    /// What is found of criteria, and in which versions.
    fn serialize_criterion<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if let Some(association) = &self.association {
            map.serialize_entry("association", &OfAssociation(association, self.contrast.as_ref()))?;
        }
        if let Some(versions) = &self.versions {
            map.serialize_entry("versions", &versions.seen.iter().map(OfVersion).collect::<Vec<_>>())?;
            map.serialize_entry("versions_left_out", &versions.left_out)?;
        }
        Ok(())
    }
}

impl Serialize for PublishedLate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("profile", &self.profile)?;
        map.serialize_entry("channel", self.channel)?;
        map.serialize_entry("dimension", &self.dimension)?;
        map.serialize_entry("group", &self.group)?;
        map.serialize_entry("cases", &self.cases)?;
        map.end()
    }
}

impl Serialize for PublishedFunnel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("profile", &self.profile)?;
        map.serialize_entry("channel", self.channel)?;
        map.serialize_entry("dimension", &self.dimension)?;
        map.serialize_entry("group", &self.group)?;
        map.serialize_entry("reference", &self.reference)?;
        map.serialize_entry("window", &self.window)?;
        map.serialize_entry("stages", &Stages(&self.stages))?;
        map.serialize_entry("control_frequency", &self.control_frequency.map(WithLog))?;
        map.serialize_entry("steps", &self.steps)?;
        map.serialize_entry("high_classes", &self.high_classes)?;
        if self.suppressed {
            map.serialize_entry("suppressed", &true)?;
        }
        map.end()
    }
}

struct Stages<'p>(&'p [Option<u64>; Stage::ALL.len()]);

impl Serialize for Stages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Stage::ALL.len()))?;
        Stage::ALL.iter().zip(self.0).try_for_each(|(stage, count)| map.serialize_entry(stage.name(), count))?;
        map.end()
    }
}

impl Serialize for PublishedStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("step", self.step)?;
        map.serialize_entry("ratio", &self.ratio)?;
        map.serialize_entry("log_ratio", &self.ratio.and_then(log))?;
        map.serialize_entry("lower", &self.lower)?;
        map.serialize_entry("upper", &self.upper)?;
        map.end()
    }
}

impl Serialize for PublishedShare {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let measured = |factor: Factor| Measured {
            value: Some(factor.value),
            lower: Some(factor.lower),
            upper: Some(factor.upper),
        };
        Pair([("share", measured(self.share)), ("rest", measured(self.rest))]).serialize(serializer)
    }
}

/// A ratio with its natural logarithm. The logarithms of the steps add up.
struct WithLog(f64);

impl Serialize for WithLog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("ratio", &self.0)?;
        map.serialize_entry("log_ratio", &log(self.0))?;
        map.end()
    }
}

/// `None` for a ratio of 0.
fn log(ratio: f64) -> Option<f64> {
    Some(libm::log(ratio)).filter(|log| log.is_finite())
}

impl Serialize for PublishedAlert {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let evidence = &self.evidence;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("rule", &evidence.rule)?;
        map.serialize_entry("severity", self.severity.name())?;
        map.serialize_entry("state", self.state.name())?;
        map.serialize_entry("profile", &evidence.profile)?;
        map.serialize_entry("channel", evidence.channel)?;
        map.serialize_entry("dimension", &evidence.dimension)?;
        map.serialize_entry("group", &evidence.group)?;
        map.serialize_entry("reference", &evidence.reference)?;
        if let Some(subject) = &evidence.subject {
            map.serialize_entry("subject", subject)?;
        }
        map.serialize_entry("active_at", &rfc3339(self.active_at))?;
        map.serialize_entry("fired_at", &self.fired_at.and_then(rfc3339))?;
        map.serialize_entry("resolved_at", &self.resolved_at.and_then(rfc3339))?;
        map.serialize_entry("owner", &self.owner)?;
        map.serialize_entry("action", &self.action)?;
        map.serialize_entry("runbook", &self.runbook)?;
        map.serialize_entry("evidence", evidence)?;
        let answer = &self.answer;
        if let Some(acceptance) = &answer.acceptance {
            map.serialize_entry("accepted", &answer.is_accepted())?;
            map.serialize_entry("acceptance", acceptance)?;
        }
        if !answer.measures.is_empty() {
            map.serialize_entry("measures", &answer.measures)?;
        }
        if answer.left_out > 0 {
            map.serialize_entry("measures_left_out", &answer.left_out)?;
        }
        map.end()
    }
}

impl Serialize for PublishedAcceptance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("at", &rfc3339(self.at))?;
        map.serialize_entry("by", &self.by)?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("until", &self.until.and_then(rfc3339))?;
        map.serialize_entry("judged_by", self.judged_by())?;
        map.serialize_entry("ratio", &self.limit(Measure::Ratio))?;
        map.serialize_entry("difference", &self.limit(Measure::Difference))?;
        map.serialize_entry("ended", &self.ended.map(|(end, _)| end.name()))?;
        map.serialize_entry("ended_at", &self.ended.and_then(|(_, at)| rfc3339(at)))?;
        if let Some(beyond) = &self.beyond {
            map.serialize_entry("beyond", &Beyond(beyond))?;
        }
        map.end()
    }
}

/// What was beyond what was accepted: the window, by what it was judged, what it showed, and what was accepted of it.
struct Beyond<'b>(&'b BeyondAccepted);

impl Serialize for Beyond<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let BeyondAccepted { window, shown } = self.0;
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("window", window.as_ref())?;
        map.serialize_entry("judged_by", shown.map_or("severity", |(measure, _)| measure.name()))?;
        map.serialize_entry("value", &shown.map(|(_, [value, _])| value))?;
        map.serialize_entry("accepted", &shown.map(|(_, [_, accepted])| accepted))?;
        map.end()
    }
}

impl Serialize for PublishedMeasure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let subject = &self.subject;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("at", &rfc3339(self.at))?;
        map.serialize_entry("measure", self.kind.name())?;
        map.serialize_entry("by", &self.by)?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("until", &self.until.and_then(rfc3339))?;
        map.serialize_entry("accepted_ratio", &self.accepted_ratio)?;
        map.serialize_entry("alert_id", &subject.alert_id)?;
        map.serialize_entry("profile", &subject.profile)?;
        map.serialize_entry("rule", &subject.rule)?;
        map.serialize_entry("dimension", &subject.dimension)?;
        map.serialize_entry("group", &subject.group)?;
        if let Some(UnknownName { what, near }) = &self.unknown {
            map.serialize_entry("unknown", what)?;
            map.serialize_entry("near", near)?;
        }
        map.end()
    }
}

impl Serialize for PublishedMeasures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("of_profiles", &self.of_profiles)?;
        map.serialize_entry("unmatched", &self.unmatched)?;
        map.serialize_entry("left_out", &self.left_out)?;
        for (kind, count) in MeasureKind::ALL.iter().zip(&self.counts) {
            map.serialize_entry(kind.name(), count)?;
        }
        map.serialize_entry("dropped", &self.dropped)?;
        map.end()
    }
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("value", &self.value)?;
        map.serialize_entry("lower", &self.lower)?;
        map.serialize_entry("upper", &self.upper)?;
        map.end()
    }
}

impl Serialize for PublishedBracket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("weighted", &self.weighted)?;
        map.serialize_entry("regression", &self.regression)?;
        map.serialize_entry("group_effective_n", &self.group_effective_n)?;
        map.serialize_entry("reference_effective_n", &self.reference_effective_n)?;
        map.serialize_entry("cases", &self.cases)?;
        if self.suppressed {
            map.serialize_entry("suppressed", &true)?;
        }
        map.end()
    }
}

impl Serialize for PublishedRates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("group_rate", &self.group_rate)?;
        map.serialize_entry("reference_rate", &self.reference_rate)?;
        map.serialize_entry("ratio", &self.ratio)?;
        map.end()
    }
}

struct Stratified<'p>(&'p (String, Measured, bool));

impl Serialize for Stratified<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self((by, ratio, reversal)) = self;
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("by", by)?;
        map.serialize_entry("ratio", ratio)?;
        map.serialize_entry("reversal", reversal)?;
        map.end()
    }
}

/// Writes the fields of the contract first, then those that were added.
struct Evidence(SeriesEvidence);

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let evidence = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("log_e", &evidence.log_e)?;
        map.serialize_entry("log_e_material", &evidence.log_e_material)?;
        map.serialize_entry("log_sr", &evidence.log_sr)?;
        map.serialize_entry("alarm_at", &evidence.alarm_at)?;
        map.serialize_entry("dispersion", &evidence.dispersion)?;
        map.serialize_entry("blocks", &evidence.blocks)?;
        map.serialize_entry("alarmed", &evidence.alarmed)?;
        map.serialize_entry("alarmed_material", &evidence.material)?;
        map.serialize_entry("epoch", &evidence.epoch)?;
        map.serialize_entry("watched", &evidence.watched)?;
        map.end()
    }
}

pub(super) struct OfClaim<'p>(pub &'p Claim);

impl Serialize for OfClaim<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Claim { log_e, shown_at, information, information_needed, last_shown } = self.0;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("log_e", log_e)?;
        map.serialize_entry("shown_at", shown_at)?;
        map.serialize_entry("information", information)?;
        map.serialize_entry("information_needed", information_needed)?;
        map.serialize_entry("last_shown", &last_shown.and_then(rfc3339))?;
        map.end()
    }
}

pub(super) struct OfVersion<'p>(pub &'p SeenVersion);

impl Serialize for OfVersion<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("version", &self.0.version)?;
        map.serialize_entry("cases", &self.0.cases)?;
        map.end()
    }
}

pub(super) struct OfAssociation<'p>(pub &'p Association, pub Option<&'p Contrast>);

impl Serialize for OfAssociation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Association { v, lower, upper, difference, difference_near, carried, smallest: _ } = self.0;
        let mut map = serializer.serialize_map(Some(8))?;
        map.serialize_entry("v", v)?;
        map.serialize_entry("lower", lower)?;
        map.serialize_entry("upper", upper)?;
        map.serialize_entry("difference", difference)?;
        map.serialize_entry("difference_near", difference_near)?;
        map.serialize_entry("difference_group", &self.1.map(|contrast| &contrast.group))?;
        map.serialize_entry("difference_value", &self.1.map(|contrast| &contrast.value))?;
        map.serialize_entry("carried", carried)?;
        map.end()
    }
}

pub(super) struct OfOutcomes<'p>(pub &'p OutcomeRange);

impl Serialize for OfOutcomes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("low", &self.0.low)?;
        map.serialize_entry("high", &self.0.high)?;
        map.serialize_entry("sensitive_to_missing", &self.0.sensitive)?;
        map.end()
    }
}

struct Limits(Interval);

impl Serialize for Limits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Pair([("lower", self.0.lower), ("upper", self.0.upper)]).serialize(serializer)
    }
}

struct Pair<T>([(&'static str, T); 2]);

impl<T: Serialize> Serialize for Pair<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// Formats a time by RFC 3339 in UTC, with milliseconds only if there are any. Returns `None` outside the years that jiff knows, which is
/// before the first evaluation.
pub(super) fn rfc3339(time: EventTime) -> Option<String> {
    jiff::Timestamp::from_millisecond(time.0).ok().map(|timestamp| timestamp.to_string())
}
