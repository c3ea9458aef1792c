//! What is known of a comparison from cases whose group is known only as probabilities.
//!
//! It stands beside the finding and never in it: neither verdict nor alert nor evidence reads it.

use std::collections::BTreeSet;

use super::indicator::{Subject, by_population, is_sealed};
use crate::evidence::side;
use crate::judge::Scene;
use crate::ledger::CERTAIN;
use crate::plan::{Dimension, Indicator, Reference, Rule};
use crate::statistics::{Bracket, Memberships};
use crate::window::{Bucket, Counts, MembershipKey, Moments, Sums};

/// The sums over the window for a rule that compares with the rest or with a named group; `None` where there are no such cases, or where a
/// population stands in the denominators: it says nothing of the probabilities of those who were not picked.
pub(super) fn memberships(
    scene: &Scene<'_>,
    rule: &Rule,
    subject: &Subject,
    unsealed: &BTreeSet<Bucket>,
) -> Option<Memberships> {
    let compared = matches!(rule.reference, Reference::Rest | Reference::Group(_));
    if !compared || by_population(scene, subject) {
        return None;
    }
    let Subject { profile, channel, dimension, .. } = *subject;
    let cell = scene.windows.membership_cell(&MembershipKey { profile, channel, dimension })?;
    let mut sums = Moments::default();
    cell.buckets(subject.range)
        .filter(|(bucket, moments)| !unsealed.contains(bucket) && is_complete(scene, subject, *bucket, moments))
        .for_each(|(_, moments)| sums.merge(moments));
    let exposed = |sums: &[Counts]| sums.iter().map(|counts| side(subject.indicator, counts, None).exposed).collect();
    let events = sums.weighted().iter().map(|counts| side(subject.indicator, counts, None).events).collect();
    Memberships::new(CERTAIN.into(), exposed(sums.weighted()), events, exposed(sums.products()))
}

/// The bracket of one group of the dimension.
pub(super) fn bracket(memberships: &Memberships, rule: &Rule, dimension: &Dimension, group: usize) -> Option<Bracket> {
    let reference = match &rule.reference {
        Reference::Rest => None,
        Reference::Group(name) => Some(usize::from(dimension.group_id(name)?.0)),
        _ => return None,
    };
    memberships.bracket(group, reference)
}

/// A hit rate leaves out the cohorts that it leaves out for known groups, and those whose cases with probabilities are not resolved:
/// nobody knows whose outcomes are missing, so the pace of every group is that of the cases weighted by their probability of it.
fn is_complete(scene: &Scene<'_>, subject: &Subject, bucket: Bucket, moments: &Moments) -> bool {
    subject.indicator != Indicator::HitRate || moments.weighted().iter().all(|counts| is_sealed(scene, bucket, counts))
}
