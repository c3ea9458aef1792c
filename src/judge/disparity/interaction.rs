//! What a group of an intersection has beyond the groups that it combines.

use std::collections::BTreeMap;

use crate::evidence::Side;
use crate::judge::finding::{Finding, FindingKey, Interaction};
use crate::plan::{DimensionId, DisparityRule, GroupId, Plan, Reference};

/// The ratio of a group, and the smallest count that it rests on.
type Known = (f64, u64);

/// Sets what the ratios of intersections have beyond those of their parts, where the rule watches these too. `findings` are all of one rule.
pub(in crate::judge) fn set_interactions(plan: &Plan, rule: DisparityRule<'_>, findings: &mut [Finding]) {
    // Against a named group or the lowest, an intersection and its parts have other references.
    let comparable = matches!(rule.terms.reference, Reference::Rest | Reference::Overall | Reference::Random);
    if !comparable || !rule.dimensions.iter().any(|dimension| plan.is_crossed(*dimension)) {
        return;
    }
    let mut known: BTreeMap<(Place, DimensionId, GroupId), Known> = BTreeMap::new();
    for finding in findings.iter() {
        let ratio = finding.ratio.and_then(|ratio| ratio.value).filter(|ratio| *ratio > 0.0);
        if let (Some(ratio), Some(dimension), Some(group)) = (ratio, finding.key.dimension, finding.key.group) {
            let smallest = smallest(finding.group).min(smallest(finding.reference));
            known.insert((place(&finding.key), dimension, group), (ratio, smallest));
        }
    }
    for finding in findings {
        finding.interaction = interaction(plan, finding, &known);
    }
}

/// Profile, channel and window.
type Place = (u16, usize, String);

fn place(key: &FindingKey) -> Place {
    (key.profile.0, key.channel as usize, key.window.to_string())
}

fn interaction(
    plan: &Plan,
    finding: &Finding,
    known: &BTreeMap<(Place, DimensionId, GroupId), Known>,
) -> Option<Interaction> {
    let parts = plan.parts_of(finding.key.dimension?, finding.key.group?);
    if parts.is_empty() {
        return None;
    }
    let own = finding.ratio?.value?;
    let (mut product, mut least) = (1.0, u64::MAX);
    for (dimension, group) in parts {
        let (ratio, smallest) = known.get(&(place(&finding.key), dimension, group))?;
        product *= ratio;
        least = least.min(*smallest);
    }
    let ratio = own / product;
    ratio.is_finite().then_some(Interaction { ratio, smallest: least })
}

/// The smaller of the events and the others.
fn smallest(side: Side) -> u64 {
    side.events.min(side.exposed.saturating_sub(side.events))
}
