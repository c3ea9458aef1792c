//! Rule kind `drift` by period: whether a group's share of the picks feeds itself.
//!
//! Who is picked more is found more. Where that teaches the profile, the group is picked more still, though its violations do not rise. Only the
//! random channel can tell the one from the other.

use libm::{exp, log, sqrt};

use super::blocks::could_alarm;
use super::duty::{Post, Saying, Whom, each_post, groups};
use super::finding::{Estimate, Finding, Verdict};
use super::missing::MissingSide;
use super::reason::Reason;
use super::scene::Scene;
use super::sums::CellSums;
use crate::evidence::{Maturity, PeriodEvidence, REFERENCE_PICKS, Side, TableKey, side};
use crate::plan::{Compare, Drift, Indicator, Rule};
use crate::statistics::{Interval, LoopCause, LoopPeriod, Pair, loop_cause};
use crate::window::{Counts, LeftOut};

/// From this distance on the hits of the random channel do not explain the picks: at 5 %, one-sided.
const BEYOND_CHANCE: f64 = 1.645;

/// Appends the findings of a rule: of each profile, channel and group one.
pub(super) fn judge<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    terms: &Drift,
    sums: &mut CellSums,
    findings: &mut Vec<Finding>,
) {
    each_post(scene, (index, rule), |post| {
        for whom in groups(scene, rule) {
            let key = TableKey { rule: index, profile: post.profile, channel: post.channel, dimension: whom.dimension };
            let evidence = scene.sequences.period(key, scene.plan, usize::from(whom.group.0));
            let missing = missing(&post, whom, sums);
            let said = of_group(&post, terms, whom, evidence.as_ref());
            let found = post.finding(Saying { missing, ..said });
            let [smallest, smallest_of_needed] = evidence.as_ref().map(unseen).unwrap_or_default();
            findings.push(Finding { smallest, smallest_of_needed, ..found });
        }
    });
}

fn of_group(post: &Post<'_>, terms: &Drift, whom: Whom, evidence: Option<&PeriodEvidence>) -> Saying {
    let indicator = Some(Indicator::SelectionRate);
    let nothing = Saying { indicator, ..Saying::new(whom, Verdict::InsufficientData, Reason::TooFew) };
    let Some(evidence) = evidence else { return nothing };
    let PeriodEvidence { picked, picked_before, random, random_before, series, last_picks } = *evidence;
    let cause =
        loop_cause(&LoopPeriod { picked, random }, &LoopPeriod { picked: picked_before, random: random_before });
    let is_loop = |cause: &LoopCause| cause.rise_picked > terms.warning && cause.z > BEYOND_CHANCE;
    let (verdict, reason) = if !series.alarmed {
        match last_picks {
            Some(REFERENCE_PICKS..) if could_alarm(&series, days(terms), &post.scene.plan.evidence) => {
                (Verdict::Within, Reason::Nothing)
            }
            _ => (Verdict::InsufficientData, Reason::TooFew),
        }
    } else if cause.as_ref().is_some_and(is_loop) {
        (Verdict::Critical, Reason::FeedbackLoop)
    } else {
        (Verdict::Warning, Reason::ShareRises)
    };
    let own = |pair: Pair| Side { events: pair.events, exposed: pair.exposed };
    Saying {
        indicator,
        group: own(picked),
        reference: own(picked_before),
        ratio: cause.map(|cause| rise(&cause, post.rule.confidence.z())),
        needed: cause.filter(|_| verdict == Verdict::Warning).and_then(|cause| cause.needed),
        evidence: Some(series),
        ..Saying::new(whom, verdict, reason)
    }
}

/// The smallest of the counts that no field shows, of events and of others: of the rest's picks, which the ratio rests on, and of the random
/// controls, which `needed` rests on.
fn unseen(evidence: &PeriodEvidence) -> [Option<u64>; 2] {
    let PeriodEvidence { picked, picked_before, random, random_before, .. } = evidence;
    let least = |events: u64, exposed: u64| events.min(exposed.saturating_sub(events));
    let rest = |pair: &Pair| least(pair.reference_events, pair.reference_exposed);
    let both = |pair: &Pair| least(pair.events, pair.exposed).min(rest(pair));
    [Some(rest(picked).min(rest(picked_before))), Some(both(random).min(both(random_before)))]
}

/// The blocks of a whole period.
fn days(terms: &Drift) -> u64 {
    match terms.compare {
        Compare::Period(days) => days.into(),
        Compare::Version(_) | Compare::Change(_) => 0,
    }
}

/// How many times the group's ratio of pick rates to the rest has become what it was, with the interval of its logarithm.
fn rise(cause: &LoopCause, z: f64) -> Estimate {
    let (middle, half) = (log(cause.rise_picked), z * sqrt(cause.var_picked));
    let interval = Interval { lower: exp(middle - half), upper: exp(middle + half) };
    Estimate { value: Some(cause.rise_picked), interval }
}

/// What the last days, as many as a period has, miss of the groups.
fn missing(post: &Post<'_>, whom: Whom, sums: &mut CellSums) -> MissingSide {
    let assessed = |counts: &Counts| side(Indicator::SelectionRate, counts, None).exposed;
    let nothing = LeftOut::default();
    let all = assessed(&post.counts(sums, &post.cell(post.channel, Whom::EVERYONE, None), &nothing));
    post.missing_of_groups(post.channel, (whom.dimension, Maturity::Over), all, (sums, &nothing), assessed)
}
