//! Rule kind `suitability`: whether the profile finds violations more often than chance does.
//!
//! Three things can be said of it: that it does (shown), that it does not although enough controls were made to show an
//! advantage worth having (not shown), and that it finds fewer (not suitable).

use super::blocks::blocks_to_alarm;
use super::duty::{Post, Saying, Whom, each_post, groups};
use super::finding::{Claim, Estimate, Finding, Verdict};
use super::missing::MissingSide;
use super::reason::Reason;
use super::scene::Scene;
use super::strata::Strata;
use super::sums::CellSums;
use crate::evidence::{Aspect, DutyEvidence, DutyKey, Maturity, Side};
use crate::plan::{Cause, Channel, Indicator, Rule, Slot, StratumId, Suitability};
use crate::statistics::{
    Proportion, exposed_needed, exposed_still_needed, information_needed, log_level_of_part, random_needed,
    ratio_interval,
};
use crate::window::{CellKey, Counts, LeftOut};

/// Random controls from which their own hit rate is planned with; below it [`BASE_RATE`] is.
const MIN_RANDOM: u64 = 30;

/// The hit rate of the random channel that is planned with while it has too few controls.
const BASE_RATE: f64 = 0.1;

/// Appends the findings of a rule: of each profile and window all cases, then each group of the rule's dimensions.
pub(super) fn judge<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    terms: &Suitability,
    sums: &mut CellSums,
    findings: &mut Vec<Finding>,
) {
    each_post(scene, (index, rule), |post| {
        for whom in std::iter::once(Whom::EVERYONE).chain(groups(scene, rule)) {
            findings.push(compare(&post, terms, whom, sums));
        }
    });
}

fn compare(post: &Post<'_>, terms: &Suitability, whom: Whom, sums: &mut CellSums) -> Finding {
    let cells = [Channel::Profile, Channel::Random].map(|channel| post.cell(channel, whom, None));
    let left_out = post.incomplete(&sealed_together(post, whom), Counts::is_mostly_resolved);
    let [own, random] = cells.map(|key| {
        let counts = post.counts(sums, &key, &left_out);
        Side { events: counts.hits, exposed: counts.concluded }
    });
    let within = within(post, whom, sums, &left_out);
    let stratified = within.as_ref().and_then(Strata::estimate);
    let against = evidence(post, whom, Aspect::NotSuitable);
    let shown = evidence(post, whom, Aspect::Shown);
    let needed_information = information_needed(terms.show_level, terms.ratio, terms.power);
    let claim = shown.map(|shown| Claim {
        log_e: shown.series.log_e,
        shown_at: log_level_of_part(-libm::log(terms.show_level), 1),
        information: shown.information,
        information_needed: needed_information,
        last_shown: shown.last_shown,
    });
    let (verdict, reason) = said(post, terms, (against, shown), (needed_information, random));
    let lacks = matches!(verdict, Verdict::InsufficientData);
    let found = post.finding(Saying {
        indicator: Some(Indicator::HitRate),
        group: own,
        reference: random,
        ratio: ratio(post, own, random),
        needed: shown.filter(|_| lacks).and_then(|shown| needed(terms, &shown, needed_information, (own, random))),
        evidence: against.map(|evidence| evidence.series),
        claim,
        missing: missing(post, whom, (own, random), (sums, &left_out)),
        ..Saying::new(whom, verdict, reason)
    });
    let min_cell = post.scene.plan.disclosure.min_cell;
    let told_strata = within.and_then(|within| within.told(min_cell, stratified.as_ref()));
    Finding { stratified, told_strata, ..found }
}

/// Both channels within each value of the rule's stratum.
fn within<'s>(post: &Post<'s>, whom: Whom, sums: &mut CellSums, left_out: &LeftOut) -> Option<Strata<'s>> {
    let stratum = stratum(post)?;
    let mut side = |channel, value| {
        let counts = post.counts(sums, &post.cell(channel, whom, Some((stratum, value))), left_out);
        Side { events: counts.hits, exposed: counts.concluded }
    };
    let both = |value| (side(Channel::Profile, value), side(Channel::Random, value));
    let sides: Vec<(Side, Side)> = post.scene.attributes.stratum_values(stratum).into_iter().map(both).collect();
    Strata::of(post.rule.stratify_by(), post.rule.confidence, &sides)
}

fn stratum(post: &Post<'_>) -> Option<StratumId> {
    post.rule.stratify_by().and_then(|name| post.scene.attributes.stratum_id(name))
}

/// Of both channels the one that misses more.
fn missing(
    post: &Post<'_>,
    whom: Whom,
    (own, random): (Side, Side),
    (sums, left_out): (&mut CellSums, &LeftOut),
) -> MissingSide {
    let mut of = |channel, side: Side| {
        let place = (whom.dimension, Maturity::Resolved);
        let mut missing =
            post.missing_of_groups(channel, place, side.exposed, (&mut *sums, left_out), |counts| counts.concluded);
        if let Some(stratum) = stratum(post) {
            let without = post.cell(channel, whom, Some((stratum, Slot::NONE)));
            missing.add_counted(Cause::NoStratum, (post.counts(sums, &without, left_out).concluded, 0));
        }
        missing
    };
    let (own, random) = (of(Channel::Profile, own), of(Channel::Random, random));
    if random.case_share() > own.case_share() { random } else { own }
}

/// The first that holds.
fn said(
    post: &Post<'_>,
    terms: &Suitability,
    (against, shown): (Option<DutyEvidence>, Option<DutyEvidence>),
    (needed_information, random): (f64, Side),
) -> (Verdict, Reason) {
    // A few large blocks hold enough, and cannot show it.
    let could_show = |shown: &DutyEvidence| blocks_to_alarm(&shown.series, &post.scene.plan.evidence) == 0;
    let is_shown =
        |shown: &DutyEvidence| shown.last_shown.is_some_and(|at| post.scene.as_of.since(at) <= terms.shown_for);
    if against.is_some_and(|against| against.series.alarmed) {
        (Verdict::Critical, Reason::NotSuitable)
    } else if shown.as_ref().is_some_and(is_shown) {
        (Verdict::Within, Reason::Shown)
    } else if shown.is_some_and(|shown| shown.information >= needed_information && could_show(&shown)) {
        (Verdict::Warning, Reason::NotShown)
    } else if random.exposed == 0 {
        (Verdict::InsufficientData, Reason::NoRandomChannel)
    } else {
        (Verdict::InsufficientData, Reason::TooFew)
    }
}

/// The concluded controls still needed: of both channels together, or of the random one while nothing is known.
fn needed(terms: &Suitability, shown: &DutyEvidence, information: f64, (own, random): (Side, Side)) -> Option<u64> {
    exposed_still_needed(information, shown.information, shown.exposed_seen)
        .or_else(|| from_nothing(terms, information, (own, random)))
        .or_else(|| of_both(terms, own, random))
}

/// Those of the random channel, where no block says anything yet; `None` where the profile's own controls are too few for any
/// random channel to suffice.
#[expect(clippy::cast_precision_loss, reason = "an estimate of a sample size")]
fn from_nothing(terms: &Suitability, information: f64, (own, random): (Side, Side)) -> Option<u64> {
    let observed = (random.events as f64 + 0.5) / (random.exposed as f64 + 1.0);
    let rate = if random.exposed >= MIN_RANDOM && observed < 1.0 { observed } else { BASE_RATE };
    let needed = random_needed(rate, own.exposed, terms.ratio, information, 1.0)?.ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and saturating")]
    let needed = needed.is_finite().then_some(needed as u64)?;
    Some(needed.saturating_sub(random.exposed))
}

/// Those of both channels together, where the profile's own are too few for any random channel: by the rate of all controls, at the proportion of
/// the channels in the window.
#[expect(clippy::cast_precision_loss, reason = "an estimate of a sample size")]
fn of_both(terms: &Suitability, own: Side, random: Side) -> Option<u64> {
    let exposed = own.exposed.saturating_add(random.exposed) as f64;
    let events = own.events.saturating_add(random.events) as f64;
    let base_rate = ((events + 0.5) / (exposed + 1.0)).clamp(1e-6, 0.5);
    let share = if own.exposed > 0 && random.exposed > 0 { own.exposed as f64 / exposed } else { 0.5 };
    let question = crate::statistics::PowerQuestion {
        base_rate,
        ratio: terms.ratio,
        share,
        alpha: terms.show_level,
        power: terms.power,
    };
    let needed = exposed_needed(&question)?.ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and saturating")]
    needed.is_finite().then_some(needed as u64)
}

/// The profile's hit rate divided by that of the random channel.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn ratio(post: &Post<'_>, own: Side, random: Side) -> Option<Estimate> {
    let proportion = |side: Side| Proportion::new(side.events, side.exposed);
    let interval = ratio_interval(proportion(own)?, proportion(random)?, post.rule.confidence)?;
    let rate = |side: Side| side.events as f64 / side.exposed as f64;
    Some(Estimate { value: (random.events > 0).then(|| rate(own) / rate(random)), interval })
}

/// Cohorts of a group are sealed when those of every group of its dimension are, in both channels.
fn sealed_together(post: &Post<'_>, whom: Whom) -> Vec<CellKey> {
    let whole = std::iter::once(whom).filter(|whom| *whom == Whom::EVERYONE);
    let alike = groups(post.scene, post.rule).filter(|other| other.dimension == whom.dimension);
    let both = |whom| [Channel::Profile, Channel::Random].map(|channel| post.cell(channel, whom, None));
    whole.chain(alike).flat_map(both).collect()
}

fn evidence(post: &Post<'_>, Whom { dimension, group }: Whom, aspect: Aspect) -> Option<DutyEvidence> {
    let Post { index: rule, profile, channel, .. } = *post;
    let key = DutyKey { rule, profile, channel, dimension, group, aspect };
    post.scene.sequences.duty_evidence(&key, post.scene.plan)
}
