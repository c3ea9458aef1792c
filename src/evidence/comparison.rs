//! A group's side and its reference's side.

use serde::{Deserialize, Serialize};

use crate::plan::{Dimension, Harm, Indicator, Reference, Rule};

/// One side of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Events.
    pub events: u64,
    /// Exposed.
    pub exposed: u64,
}

/// With what a group is compared, once the window's counts are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Against {
    /// Everyone else.
    Rest,
    /// One group, by its index in the table.
    Group(usize),
    /// The random channel: shares of the picked, or the same group's rate.
    Random,
    /// Everyone.
    Overall,
    /// There is none.
    Nothing,
}

/// What a rule's reference comes down to for this table of sides.
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

/// The two sides of the comparison for the group at `index`. `random` is the same table of the random channel.
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

/// Against the random channel, picking is compared by the group's share among the picked: those picked at random are a sample of all,
/// so their share is what it would be if the profile treated everyone alike.
const fn by_shares(indicator: Indicator) -> bool {
    matches!(indicator, Indicator::SelectionRate | Indicator::ControlFrequency)
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

/// The listed group with the rate that harms least, among those with `min_events` events expected at the overall rate;
/// of equals the first listed.
fn most_favourable(rule: &Rule, dimension: &Dimension, table: &[Side]) -> Option<usize> {
    let all = total(table);
    let enough = |side: &Side| {
        side.exposed > 0
            && u128::from(side.exposed) * u128::from(all.events)
                >= u128::from(rule.min_events) * u128::from(all.exposed)
    };
    let listed = table.iter().take(dimension.groups.len()).enumerate().filter(|(_, side)| enough(side));
    // Cross-multiplied, so that equal rates are equal whatever their size.
    let higher = |one: &Side, other: &Side| {
        (u128::from(one.events) * u128::from(other.exposed)).cmp(&(u128::from(other.events) * u128::from(one.exposed)))
    };
    listed
        .reduce(|best, next| {
            let order = higher(next.1, best.1);
            let better = if rule.indicator.harm() == Harm::High { order.is_lt() } else { order.is_gt() };
            if better { next } else { best }
        })
        .map(|(index, _)| index)
}
