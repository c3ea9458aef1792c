//! Rule kind `automation`: whether a human decides, and whether the decision changes anything.

use std::sync::Arc;

use super::blocks::blocks_from_first;
use super::duty::{Post, Saying, Whom, each_post};
use super::finding::{Finding, Verdict};
use super::reason::Reason;
use super::scene::Scene;
use super::sums::CellSums;
use super::versions::versions;
use crate::evidence::{Aspect, DutyKey, Maturity, Side};
use crate::plan::{Automation, Cause, Derived, Indicator, Rule, Slot, StratumId, stratum};
use crate::window::{Counts, LeftOut};

/// The share of selections without `decided_by` from which that is a finding of its own.
const MOST_UNKNOWN: f64 = 0.05;

/// The value that says that a human took part.
const HUMAN: &str = "human";

/// Appends the findings of a rule: who decided, then how often the selection was followed, of all and of each risk class.
pub(super) fn judge<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    terms: &Automation,
    sums: &mut CellSums,
    findings: &mut Vec<Finding>,
) {
    each_post(scene, (index, rule), |post| {
        findings.push(decisions(&post, terms, sums));
        let Post { profile, channel, .. } = post;
        let Whom { dimension, group } = Whom::EVERYONE;
        let whole = DutyKey { rule: index, profile, channel, dimension, group, aspect: Aspect::NotFollowed };
        let left_out = post.open_on(&post.cell(post.channel, Whom::EVERYONE, None), is_settled);
        findings.push(follow_through(&post, terms, &whole, None, (sums, &left_out)));
        let Some(stratum) = scene.attributes.stratum_id(stratum::RISK_CLASS) else { return };
        let mut classes: Vec<Slot> = scene.sequences.classes(&whole).collect();
        classes.sort_by_key(|class| (scene.attributes.stratum_value(stratum, *class), *class));
        for class in classes {
            let key = DutyKey { aspect: Aspect::NotFollowedIn(class), ..whole };
            findings.push(follow_through(&post, terms, &key, Some((stratum, class)), (sums, &left_out)));
        }
    });
}

/// A count, not a test: one automated decision more than the rule allows is a violation.
fn decisions(post: &Post<'_>, terms: &Automation, sums: &mut CellSums) -> Finding {
    let selected = selected(post, None, sums);
    let by = post.scene.attributes.stratum_id(stratum::DECIDED_BY);
    let (mut automated, mut unknown, mut counted) = (0_u64, 0_u64, 0_u64);
    for (stratum, value) in values(post, by) {
        let of_value = self::selected(post, Some((stratum, value)), sums);
        counted = counted.saturating_add(of_value);
        let is = |word: &str| post.scene.attributes.stratum_value(stratum, value).eq_ignore_ascii_case(word);
        if value != Slot::NONE && is(Derived::AUTOMATED) {
            automated = automated.saturating_add(of_value);
        } else if value == Slot::NONE || !is(HUMAN) {
            // Any other word does not read as a human.
            unknown = unknown.saturating_add(of_value);
        }
    }
    let mut missing = post.missing(post.channel, Maturity::Over, selected);
    // Cases from before a rule first asked who decided.
    missing.add_counted(Cause::NoStratum, (selected.saturating_sub(counted), 0));
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let too_many_unknown = unknown as f64 > MOST_UNKNOWN * selected as f64;
    let (verdict, reason) = if automated > terms.max_automated {
        (Verdict::Critical, Reason::AutomatedDecision)
    } else if too_many_unknown {
        (Verdict::Warning, Reason::DeciderUnknown)
    } else if selected == 0 {
        (Verdict::InsufficientData, Reason::TooFew)
    } else {
        (Verdict::Within, Reason::Nothing)
    };
    let events = if reason == Reason::DeciderUnknown { unknown } else { automated };
    let all = (automated, (|counts: &Counts| counts.selected) as fn(&Counts) -> u64);
    let versions = versions(post, stratum::VERSION_OF_DECIDED_BY, all, sums);
    let found = post.finding(Saying {
        subject: Some(Arc::from(stratum::DECIDED_BY)),
        group: Side { events, exposed: selected },
        missing,
        ..Saying::new(Whom::EVERYONE, verdict, reason)
    });
    Finding { versions, ..found }
}

fn follow_through(
    post: &Post<'_>,
    terms: &Automation,
    key: &DutyKey,
    class: Option<(StratumId, Slot)>,
    (sums, left_out): (&mut CellSums, &LeftOut),
) -> Finding {
    let counts = post.counts(sums, &post.cell(post.channel, Whom::EVERYONE, class), left_out);
    let whole = post.counts(sums, &post.cell(post.channel, Whom::EVERYONE, None), left_out).selected;
    // A tally may count controls without the selections they are of.
    let not_followed = counts.selected.saturating_sub(counts.controlled);
    let side = Side { events: counts.selected.saturating_sub(not_followed), exposed: counts.selected };
    let evidence = post.scene.sequences.duty_evidence(key, post.scene.plan).map(|evidence| evidence.series);
    let least = least_selected(terms.max_follow_through);
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let beyond = (not_followed as f64) < (1.0 - terms.max_follow_through) * counts.selected as f64;
    // Before it can have alarmed, that it has not says nothing.
    let blocks = evidence.map_or(1, |evidence| blocks_from_first(&evidence, &post.scene.plan.evidence));
    let (verdict, reason) = if counts.selected < least {
        (Verdict::InsufficientData, Reason::TooFew)
    } else if evidence.is_some_and(|evidence| evidence.alarmed) && beyond {
        (Verdict::Warning, Reason::HumanStepNotMeaningful)
    } else if blocks > 0 {
        (Verdict::InsufficientData, Reason::TooFew)
    } else {
        (Verdict::Within, Reason::Nothing)
    };
    let name =
        |(stratum, class)| format!("{}={}", stratum::RISK_CLASS, post.scene.attributes.stratum_value(stratum, class));
    post.finding(Saying {
        subject: class.map(|class| Arc::from(name(class))),
        indicator: Some(Indicator::FollowThrough),
        group: side,
        needed: Some(least.saturating_sub(counts.selected).max(blocks.saturating_mul(terms.block_selected)))
            .filter(|_| verdict == Verdict::InsufficientData),
        evidence,
        // What is missing may be of any class: its share is that of all.
        missing: post.missing(post.channel, Maturity::Settled, whole),
        ..Saying::new(Whom::EVERYONE, verdict, reason)
    })
}

/// The selections from which even one that was not followed less often than allowed shows with 95 %: ln 0.05 / ln max.
fn least_selected(max_follow_through: f64) -> u64 {
    let least = (libm::log(0.05) / libm::log(max_follow_through)).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and saturating")]
    let least = least as u64;
    least
}

fn selected(post: &Post<'_>, stratum: Option<(StratumId, Slot)>, sums: &mut CellSums) -> u64 {
    post.counts(sums, &post.cell(post.channel, Whom::EVERYONE, stratum), &LeftOut::default()).selected
}

fn values(post: &Post<'_>, stratum: Option<StratumId>) -> Vec<(StratumId, Slot)> {
    let of = |stratum| post.scene.attributes.stratum_values(stratum).into_iter().map(move |value| (stratum, value));
    stratum.into_iter().flat_map(of).collect()
}

/// Few are not followed where the step is not meaningful: a control that is only late must not count as one of them.
const fn is_settled(counts: &Counts) -> bool {
    counts.reported >= counts.selected
}
