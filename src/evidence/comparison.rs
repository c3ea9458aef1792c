//! The two sides of a comparison: a group and its reference.

use serde::{Deserialize, Serialize};

use crate::plan::{Dimension, Harm, Indicator, Reference, Rule, Slot};

/// One side of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Cases in which the event happened. They may exceed the exposed where tallies say so.
    pub events: u64,
    /// Cases in which it could have happened.
    pub exposed: u64,
}

/// What a group is compared with, once the counts are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Against {
    /// Everyone else.
    Rest,
    /// One group, by its index in the table of sides.
    Group(usize),
    /// The random channel: the group's share of the picked, or the group's rate there.
    Random,
    /// Everyone.
    Overall,
    /// Nothing: the dimension has no such group, or no group has enough cases.
    Nothing,
}

/// Resolves a rule's reference for a table of sides, which is in the order of [`slots`].
#[must_use]
pub fn against(rule: &Rule, dimension: &Dimension, table: &[Side]) -> Against {
    match &rule.reference {
        Reference::Rest => Against::Rest,
        Reference::Random => Against::Random,
        Reference::Overall => Against::Overall,
        Reference::Group(name) => {
            dimension.group_id(name).map_or(Against::Nothing, |group| Against::Group(usize::from(group.0)))
        }
        Reference::Lowest => most_favourable(rule, dimension, table).map_or(Against::Nothing, Against::Group),
    }
}

/// Returns the sides of the group at `index` and of its reference. `random` is the table of the random channel, empty
/// where the rule does not compare with it. A side that its table does not have is empty: a population may not be known
/// yet.
#[must_use]
pub fn compare(against: Against, indicator: Indicator, index: usize, table: &[Side], random: &[Side]) -> (Side, Side) {
    let at = |table: &[Side], index: usize| table.get(index).copied().unwrap_or_default();
    let group = at(table, index);
    match against {
        Against::Rest => {
            (group, total(table.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, side)| side)))
        }
        Against::Group(other) => (group, at(table, other)),
        Against::Overall => (group, total(table)),
        Against::Nothing => (group, Side::default()),
        Against::Random if by_shares(indicator) => (share(table, index), share(random, index)),
        Against::Random => (group, at(random, index)),
    }
}

/// With the random channel, picking is compared by the group's share of the picked. Those picked at random are a sample
/// of everyone, so their share is what it would be if the profile treated everyone alike.
const fn by_shares(indicator: Indicator) -> bool {
    matches!(indicator, Indicator::SelectionRate | Indicator::ControlFrequency)
}

/// Returns the slots of a dimension's groups in the order of every table of sides; everyone outside the allow-list
/// comes last.
pub fn slots(dimension: &Dimension) -> impl Iterator<Item = Slot> + use<> {
    (0..).map(Slot).take(dimension.groups.len()).chain(std::iter::once(Slot::OTHER))
}

fn share(table: &[Side], index: usize) -> Side {
    let picked = table.get(index).map_or(0, |side| side.events);
    Side { events: picked, exposed: total(table).events }
}

fn total<'s>(sides: impl IntoIterator<Item = &'s Side>) -> Side {
    sides.into_iter().fold(Side::default(), |sum, side| Side {
        events: sum.events.saturating_add(side.events),
        exposed: sum.exposed.saturating_add(side.exposed),
    })
}

/// The listed group whose rate harms least, among those that have `min_events` events expected at the overall rate. Of
/// equal ones it is the first.
fn most_favourable(rule: &Rule, dimension: &Dimension, table: &[Side]) -> Option<usize> {
    let all = total(table);
    let enough = |side: &Side| {
        side.exposed > 0
            && u128::from(side.exposed) * u128::from(all.events)
                >= u128::from(rule.min_events) * u128::from(all.exposed)
    };
    let listed = table.iter().take(dimension.groups.len()).enumerate().filter(|(_, side)| enough(side));
    // Cross-multiplied, so that no rounding makes equal rates differ.
    let compare_rates = |one: &Side, other: &Side| {
        (u128::from(one.events) * u128::from(other.exposed)).cmp(&(u128::from(other.events) * u128::from(one.exposed)))
    };
    listed
        .reduce(|best, next| {
            let order = compare_rates(next.1, best.1);
            let better = if rule.indicator.harm() == Harm::High { order.is_lt() } else { order.is_gt() };
            if better { next } else { best }
        })
        .map(|(index, _)| index)
}
