//! Rule kind `drift`: whether a group is treated worse than before.
//!
//! By version: each new version of a profile against the one that was used most before it. By change: whether the change
//! detector of a disparity has found a change, at any time.

use std::sync::Arc;

use libm::{exp, log, sqrt};

use super::blocks::{blocks_to_alarm, could_alarm, could_be_watched};
use super::duty::{Post, Saying, Whom, each_post, groups};
use super::finding::{Estimate, Finding, Verdict};
use super::missing::MissingSide;
use super::reason::Reason;
use super::scene::Scene;
use super::sums::CellSums;
use crate::evidence::{SeriesEvidence, Side, TableKey, VersionEvidence, maturity, side};
use crate::plan::{Cause, Drift, Indicator, Rule, Slot, StratumId, stratum};
use crate::statistics::{Confidence, Interval, LOG_WATCH, exposed_still_needed, information_needed, random_needed};
use crate::window::{Counts, LeftOut};

/// The chance with which a ratio of `critical` should have been found, once there is enough to say that there is none.
const POWER: f64 = 0.8;

/// Appends the findings of a rule that compares versions: of each profile, channel and group every version that has cases
/// in the window. The version that was seen first is compared with none: only where it is alone does a finding say so.
pub(super) fn judge_versions<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    (terms, indicator): (&Drift, Indicator),
    sums: &mut CellSums,
    findings: &mut Vec<Finding>,
) {
    each_post(scene, (index, rule), |post| {
        let Some(stratum) = scene.attributes.stratum_id(stratum::PROFILE_VERSION) else { return };
        let present = present(&post, stratum, sums);
        let missing = missing(&post, indicator, stratum, sums);
        for whom in groups(scene, rule) {
            let key = TableKey { rule: index, profile: post.profile, channel: post.channel, dimension: whom.dimension };
            let evidence = scene.sequences.new_versions(key, scene.plan, usize::from(whom.group.0));
            let first = scene.sequences.first_version(key);
            let new = present.iter().copied().filter(|version| Some(*version) != first);
            let mut versions: Vec<Option<&str>> = new.map(Some).collect();
            if versions.is_empty() {
                versions.push(present.first().copied());
            }
            for version in versions {
                let evidence = evidence.iter().find(|evidence| Some(evidence.version) == version);
                let said = of_version(&post, (terms, indicator), whom, evidence);
                let found = post.finding(Saying { subject: version.map(named), missing, ..said });
                let reference_group = evidence.map(|evidence| named(evidence.baseline).to_string());
                let smallest = evidence.and_then(|evidence| Compared::of(evidence, indicator).smallest_of_rest());
                findings.push(Finding { reference_group, smallest, ..found });
            }
        }
    });
}

fn of_version(
    post: &Post<'_>,
    (terms, indicator): (&Drift, Indicator),
    whom: Whom,
    evidence: Option<&VersionEvidence<'_>>,
) -> Saying {
    let nothing = Saying::new(whom, Verdict::InsufficientData, Reason::TooFew);
    let Some(evidence) = evidence else { return Saying { indicator: Some(indicator), ..nothing } };
    let compared = Compared::of(evidence, indicator);
    let enough = information_needed(exp(-evidence.log_level), terms.critical, POWER);
    let beyond = |threshold: f64| evidence.series.alarmed && compared.harm().is_some_and(|harm| harm > threshold);
    let (verdict, reason) = if beyond(terms.critical) {
        (Verdict::Critical, Reason::VersionIsWorse)
    } else if beyond(terms.warning) {
        (Verdict::Warning, Reason::VersionIsWorse)
    } else if evidence.information < enough || !has_spoken(post, indicator, &evidence.series) {
        (Verdict::InsufficientData, Reason::TooFew)
    } else {
        (Verdict::Within, Reason::Nothing)
    };
    let lacks = verdict == Verdict::InsufficientData;
    Saying {
        indicator: Some(indicator),
        group: compared.new,
        reference: compared.old,
        ratio: compared.estimate(post.rule.confidence),
        needed: lacks.then(|| needed(terms, evidence, &compared, enough)).flatten(),
        evidence: Some(evidence.series),
        ..Saying::new(whom, verdict, reason)
    }
}

/// Whether the evidence has read so many blocks that it could have alarmed: large ones may be few.
fn has_spoken(post: &Post<'_>, indicator: Indicator, series: &SeriesEvidence) -> bool {
    let plan = &post.scene.plan.evidence;
    // Hit rates are compared within the group, and the first block of such a comparison does not count.
    if indicator == Indicator::HitRate {
        blocks_to_alarm(series, plan) == 0
    } else {
        could_alarm(series, series.blocks, plan)
    }
}

/// What was compared of a group: new against old, each against the rest where the rest is a part of it.
struct Compared {
    new: Side,
    old: Side,
    /// The rest, new and old; `None` for hit rates, which are compared within the group.
    rest: Option<(Side, Side)>,
}

impl Compared {
    fn of(evidence: &VersionEvidence<'_>, indicator: Indicator) -> Self {
        let VersionEvidence { new, old, .. } = evidence;
        let rest =
            |pair: &crate::statistics::Pair| Side { events: pair.reference_events, exposed: pair.reference_exposed };
        Self {
            new: Side { events: new.events, exposed: new.exposed },
            old: Side { events: old.events, exposed: old.exposed },
            rest: (indicator != Indicator::HitRate).then(|| (rest(new), rest(old))),
        }
    }

    /// The smallest of the rest's counts, of events and of others, new and old.
    fn smallest_of_rest(&self) -> Option<u64> {
        let (new, old) = self.rest?;
        let least = |side: Side| side.events.min(side.exposed.saturating_sub(side.events));
        Some(least(new).min(least(old)))
    }

    /// How many times worse it is than before: the new ratio to the rest divided by the old one, or the old hit rate divided
    /// by the new one. Infinite where only that can be; `None` where nothing is known.
    fn harm(&self) -> Option<f64> {
        let (new, old) = (rate(self.new)?, rate(self.old)?);
        let (above, below) = match self.rest {
            Some((rest_new, rest_old)) => (new * rate(rest_old)?, old * rate(rest_new)?),
            None => (old, new),
        };
        // Nothing divided by nothing says nothing.
        (above > 0.0 || below > 0.0).then(|| above / below)
    }

    /// The ratio of new to old, with the interval of its logarithm; `None` where a cell has no event.
    fn estimate(&self, confidence: Confidence) -> Option<Estimate> {
        let cells = [Some(self.new), Some(self.old), self.rest.map(|rest| rest.0), self.rest.map(|rest| rest.1)];
        let variance = |sum: f64, cell: Side| rate(cell).filter(|rate| *rate > 0.0).map(|_| sum + variance(cell));
        let variance = cells.into_iter().flatten().try_fold(0.0, variance).filter(|variance| *variance >= 0.0)?;
        let harm = self.harm()?;
        let ratio = if self.rest.is_some() { harm } else { 1.0 / harm };
        let (middle, half) = (log(ratio), confidence.z() * sqrt(variance));
        let interval = Interval { lower: exp(middle - half), upper: exp(middle + half) };
        Some(Estimate { value: Some(ratio), interval })
    }
}

/// The exposed still needed of both versions; of hit rates of which nothing is known yet those of the new one, at the rate
/// and the number of the old.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 2^53")]
fn needed(terms: &Drift, evidence: &VersionEvidence<'_>, compared: &Compared, enough: f64) -> Option<u64> {
    exposed_still_needed(enough, evidence.information, evidence.exposed_seen).or_else(|| {
        let expected = rate(compared.old).filter(|_| compared.rest.is_none())? / terms.critical;
        let needed = random_needed(expected, compared.old.exposed, terms.critical, enough, 1.0)?.ceil();
        let needed = (0.0..=9_007_199_254_740_992.0).contains(&needed).then_some(needed as u64)?;
        Some(needed.saturating_sub(compared.new.exposed))
    })
}

/// The versions that have cases in the window, by name.
fn present<'s>(post: &Post<'s>, stratum: StratumId, sums: &mut CellSums) -> Vec<&'s str> {
    let values = post.scene.attributes.stratum_values(stratum).into_iter();
    let present = values.filter(|value| !is_unknown(*value) && !counts(post, (stratum, *value), sums).is_empty());
    present.filter_map(|value| post.scene.attributes.stratum_text(stratum, value)).collect()
}

/// What the window misses, with the cases of which the version is not known.
fn missing(post: &Post<'_>, indicator: Indicator, stratum: StratumId, sums: &mut CellSums) -> MissingSide {
    let exposed = |counts: &Counts| side(indicator, counts, None).exposed;
    let all = post.counts(sums, &post.cell(post.channel, Whom::EVERYONE, None), &LeftOut::default());
    let mut missing = post.missing(post.channel, maturity(indicator), exposed(&all));
    for value in [Slot::NONE, Slot::OTHER] {
        let unknown = counts(post, (stratum, value), sums);
        missing.add_counted(Cause::NoStratum, (exposed(&unknown), 0));
    }
    missing
}

/// Whether a value of the stratum is no version: none, or one beyond the limit on distinct values.
const fn is_unknown(value: Slot) -> bool {
    value.0 == Slot::NONE.0 || value.0 == Slot::OTHER.0
}

fn counts(post: &Post<'_>, version: (StratumId, Slot), sums: &mut CellSums) -> Counts {
    post.counts(sums, &post.cell(post.channel, Whom::EVERYONE, Some(version)), &LeftOut::default())
}

/// Returns the findings of a rule that looks for a change in the disparity that the rule `of` watches, whose findings are
/// among those `found`.
pub(super) fn judge_change<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    of: usize,
    found: &[Finding],
) -> Vec<Finding> {
    let mut changes = Vec::new();
    each_post(scene, (index, rule), |post| {
        let is_here = |finding: &&Finding| {
            let key = &finding.key;
            let here = (key.rule, key.profile, key.channel) == (of, post.profile, post.channel);
            here && *key.window == *post.window.label
        };
        changes.extend(found.iter().filter(is_here).filter_map(|watched| of_disparity(&post, watched)));
    });
    changes
}

fn of_disparity(post: &Post<'_>, watched: &Finding) -> Option<Finding> {
    let whom = Whom { dimension: watched.key.dimension?, group: Slot(watched.key.group?.0) };
    let log_sr = watched.evidence.and_then(|evidence| evidence.log_sr);
    let is_changing = log_sr.is_some_and(|log_sr| log_sr >= LOG_WATCH);
    let (verdict, reason) = match log_sr {
        _ if is_changing => (Verdict::Warning, Reason::Changing),
        None => (Verdict::InsufficientData, Reason::TooFew),
        // The detector could not have reached it yet.
        Some(_) if !watched.evidence.is_some_and(|series| could_be_watched(&series, &post.scene.plan.evidence)) => {
            (Verdict::InsufficientData, Reason::TooFew)
        }
        // Blocks in which one side is empty count, and say nothing.
        Some(_) if watched.verdict.is_none_or(|verdict| verdict == Verdict::InsufficientData) => {
            (Verdict::InsufficientData, Reason::TooFew)
        }
        Some(_) => (Verdict::Within, Reason::Nothing),
    };
    let sides = [watched.missing.group, watched.missing.reference];
    let [group, reference] = sides;
    let finding = post.finding(Saying {
        indicator: watched.key.indicator,
        group: watched.group,
        reference: watched.reference,
        ratio: watched.ratio,
        difference: watched.difference,
        evidence: watched.evidence,
        missing: if reference.case_share() > group.case_share() { reference } else { group },
        ..Saying::new(whom, verdict, reason)
    });
    let reference_group = watched.reference_group.clone();
    // A disparity may stay when it no longer changes.
    Some(Finding { missing: watched.missing, reference_group, beyond_clear: is_changing, ..finding })
}

/// Events of the exposed; `None` where nobody is exposed.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn rate(side: Side) -> Option<f64> {
    (side.exposed > 0).then(|| side.events as f64 / side.exposed as f64)
}

/// The variance of the logarithm of a rate that is not 0.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn variance(side: Side) -> f64 {
    1.0 / side.events as f64 - 1.0 / side.exposed as f64
}

/// The name of a version as a subject. Selections that name none have the version "", which nobody could read.
fn named(version: &str) -> Arc<str> {
    Arc::from(if version.is_empty() { "(no version)" } else { version })
}
