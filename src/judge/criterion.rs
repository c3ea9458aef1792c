//! Rule kind `criterion`: what a profile selects by.

use std::sync::Arc;

use super::association;
use super::duty::{Post, Saying, Whom, each_post};
use super::finding::{Finding, Verdict};
use super::reason::Reason;
use super::scene::Scene;
use super::sums::CellSums;
use super::versions::versions;
use crate::evidence::{Maturity, Side};
use crate::plan::{Criterion, CriterionStanding, Derived, Rule, Slot, StratumId, WatchedCriterion, stratum};
use crate::window::{Counts, LeftOut};

/// Appends the findings of a rule: each listed criterion by name, then those on no list.
pub(super) fn judge<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    terms: &Criterion,
    sums: &mut CellSums,
    findings: &mut Vec<Finding>,
) {
    each_post(scene, (index, rule), |post| {
        let is_own = terms.is_own(post.channel);
        if !is_own && !sees_criteria(&post, sums) {
            return;
        }
        for criterion in &terms.watched {
            findings.push(listed(&post, terms, criterion, sums));
        }
        findings.push(unlisted(&post, sums));
        findings.extend(unmeasured(&post, sums));
        for dimension in rule.dimensions.iter().filter(|_| is_own) {
            findings.extend(association::findings(&post, terms, *dimension, sums));
        }
    });
}

/// Whether the criteria of any case of the window are known, be it that none applied.
fn sees_criteria(post: &Post<'_>, sums: &mut CellSums) -> bool {
    let found = used(post, stratum::UNLISTED_CRITERION, Derived::NO_CRITERION, sums);
    found.unknown < found.assessed
}

/// How many cases of a window a criterion applied to.
#[derive(Clone, Copy, Default)]
struct Use {
    assessed: u64,
    used: u64,
    /// Cases of which the criteria are not known.
    unknown: u64,
}

/// A count, not a test: one selection by a banned criterion is a violation.
fn listed(post: &Post<'_>, terms: &Criterion, criterion: &WatchedCriterion, sums: &mut CellSums) -> Finding {
    let found = used(post, &criterion.stratum, Derived::ABSENT, sums);
    let (verdict, reason) = match criterion.standing {
        _ if found.used == 0 => unused(post, found),
        CriterionStanding::Banned => (Verdict::Critical, Reason::BannedCriterion),
        CriterionStanding::Restricted if terms.restricted_is_critical => {
            (Verdict::Critical, Reason::RestrictedCriterion)
        }
        CriterionStanding::Restricted => (Verdict::Warning, Reason::RestrictedCriterion),
        CriterionStanding::Proxy => (Verdict::Warning, Reason::ProxyCriterion),
        CriterionStanding::Accepted => (Verdict::Within, Reason::Nothing),
    };
    let all = (found.used, (|counts: &Counts| counts.assessed) as fn(&Counts) -> u64);
    let versions = versions(post, &criterion.version_stratum, all, sums);
    Finding { versions, ..finding(post, &criterion.name, found, (verdict, reason)) }
}

/// Criteria on no list are no violation, but nobody has judged them: they are shown, and never read as within.
fn unlisted(post: &Post<'_>, sums: &mut CellSums) -> Finding {
    let found = used(post, stratum::UNLISTED_CRITERION, Derived::NO_CRITERION, sums);
    let said = if found.used > 0 { (Verdict::Incomplete, Reason::UnlistedCriterion) } else { unused(post, found) };
    finding(post, stratum::UNLISTED_CRITERION, found, said)
}

/// Beyond the limit on criteria on no list, none is measured: that there are such cases is said.
fn unmeasured(post: &Post<'_>, sums: &mut CellSums) -> Option<Finding> {
    let attributes = post.scene.attributes;
    let unlisted = attributes.stratum_id(stratum::UNLISTED_CRITERION)?;
    let is_it = |value: &Slot| attributes.stratum_text(unlisted, *value) == Some(Derived::UNMEASURED);
    let value = attributes.stratum_values(unlisted).into_iter().find(is_it)?;
    let mut assessed = |stratum: Option<(StratumId, Slot)>| {
        post.counts(sums, &post.cell(post.channel, Whom::EVERYONE, stratum), &LeftOut::default()).assessed
    };
    let (used, assessed) = (assessed(Some((unlisted, value))), assessed(None));
    let found = Use { assessed, used, unknown: 0 };
    (used > 0)
        .then(|| finding(post, stratum::UNMEASURED_CRITERION, found, (Verdict::Incomplete, Reason::UnlistedCriterion)))
}

/// What is said where no case is known to have the criterion.
fn unused(post: &Post<'_>, found: Use) -> (Verdict, Reason) {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let too_many_unknown = found.unknown as f64 > post.rule.max_missing * found.assessed as f64;
    if found.assessed == 0 {
        (Verdict::InsufficientData, Reason::TooFew)
    } else if too_many_unknown {
        (Verdict::Incomplete, Reason::CriteriaUnknown)
    } else {
        (Verdict::Within, Reason::Nothing)
    }
}

fn finding(post: &Post<'_>, subject: &str, found: Use, (verdict, reason): (Verdict, Reason)) -> Finding {
    post.finding(Saying {
        subject: Some(Arc::from(subject)),
        group: Side { events: found.used, exposed: found.assessed },
        missing: post.missing(post.channel, Maturity::Over, found.assessed),
        ..Saying::new(Whom::EVERYONE, verdict, reason)
    })
}

/// Counts the cases of the window with any value in the stratum but `absent`.
fn used(post: &Post<'_>, name: &str, absent: &str, sums: &mut CellSums) -> Use {
    let attributes = post.scene.attributes;
    let mut assessed = |stratum: Option<(StratumId, Slot)>| {
        post.counts(sums, &post.cell(post.channel, Whom::EVERYONE, stratum), &LeftOut::default()).assessed
    };
    let mut found = Use { assessed: assessed(None), ..Use::default() };
    let Some(stratum) = attributes.stratum_id(name) else { return found };
    found.unknown = found.assessed;
    for value in attributes.stratum_values(stratum).into_iter().filter(|value| *value != Slot::NONE) {
        let cases = assessed(Some((stratum, value)));
        found.unknown = found.unknown.saturating_sub(cases);
        if attributes.stratum_value(stratum, value) != absent {
            found.used = found.used.saturating_add(cases);
        }
    }
    found
}
