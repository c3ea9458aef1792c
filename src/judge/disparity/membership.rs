//! What cases say of a comparison whose group is known only as probabilities.
//!
//! The result stands beside the finding's own numbers: neither verdict nor alert nor evidence reads it.

use super::indicator::{Subject, by_population, is_sealed};
use crate::evidence::side;
use crate::judge::scene::Scene;
use crate::ledger::CERTAIN;
use crate::plan::{Dimension, DisparityRule, Indicator, Reference};
use crate::statistics::{Bracket, Memberships};
use crate::window::{Bucket, Cell, Counts, LeftOut, MembershipKey, Moments, Range, Sums};

/// Returns the sums over the window, without the `unsealed` cohorts, for a rule that compares with the rest or with a
/// named group.
///
/// `None` for other rules, where there are no such cases, and where the exposed are a population: that says nothing of
/// the probabilities of those who were not picked.
pub(super) fn memberships(
    scene: &Scene<'_>,
    rule: DisparityRule<'_>,
    subject: &Subject,
    (range, unsealed): (Range, &LeftOut),
) -> Option<Memberships> {
    let compared = matches!(rule.terms.reference, Reference::Rest | Reference::Group(_));
    // How they were handled is not kept of these cases.
    let is_of_handling = subject.indicator.feature().is_some();
    if !compared || is_of_handling || by_population(scene, subject) {
        return None;
    }
    let mut sums = Moments::default();
    cell(scene, subject)?
        .buckets(range)
        .filter(|(bucket, moments)| !unsealed.contains(*bucket) && is_complete(scene, subject, *bucket, moments))
        .for_each(|(_, moments)| sums.merge(moments));
    let exposed = |sums: &[Counts]| sums.iter().map(|counts| side(subject.indicator, counts, None).exposed).collect();
    let events = sums.weighted().iter().map(|counts| side(subject.indicator, counts, None).events).collect();
    Memberships::new(CERTAIN.into(), exposed(sums.weighted()), events, exposed(sums.products()))
}

/// Returns the bracket of one group of the dimension; `None` where the cases do not determine it.
pub(super) fn bracket(
    memberships: &Memberships,
    rule: DisparityRule<'_>,
    dimension: &Dimension,
    group: usize,
) -> Option<Bracket> {
    let reference = match &rule.terms.reference {
        Reference::Rest => None,
        Reference::Group(name) => Some(usize::from(dimension.group_id(name)?.0)),
        _ => return None,
    };
    memberships.bracket(group, reference)
}

/// Returns whether there are such cases.
pub(super) fn has_memberships(scene: &Scene<'_>, subject: &Subject) -> bool {
    cell(scene, subject).is_some()
}

fn cell<'s>(scene: &Scene<'s>, subject: &Subject) -> Option<&'s Cell<Moments>> {
    let Subject { profile, channel, dimension, .. } = *subject;
    scene.windows.membership_cell(&MembershipKey { profile, channel, dimension })
}

/// Whether a hit rate counts this cohort's cases with probabilities. Nobody knows of which group the cases without an
/// outcome are, so each group is taken to resolve at the pace of the cases weighted by their probability of it.
fn is_complete(scene: &Scene<'_>, subject: &Subject, bucket: Bucket, moments: &Moments) -> bool {
    subject.indicator != Indicator::HitRate || moments.weighted().iter().all(|counts| is_sealed(scene, bucket, counts))
}
