//! The two sides of a comparison: a group and its reference.

use serde::{Deserialize, Serialize};

use crate::plan::{Dimension, DisparityRule, Harm, Indicator, Reference, Slot};
use crate::statistics::Pair;

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
pub fn against(rule: DisparityRule<'_>, dimension: &Dimension, table: &[Side]) -> Against {
    match &rule.terms.reference {
        Reference::Rest => Against::Rest,
        Reference::Random => Against::Random,
        Reference::Overall => Against::Overall,
        Reference::Group(name) => {
            dimension.group_id(name).map_or(Against::Nothing, |group| Against::Group(usize::from(group.0)))
        }
        Reference::Lowest => most_favourable(rule, dimension, table).map_or(Against::Nothing, Against::Group),
    }
}

/// The sides of all groups of a dimension, in the compared channel and in the random one, with their sums. A group is
/// compared with the rest in the same time however many others there are.
#[derive(Clone, Debug, Default)]
pub struct Sides {
    own: Vec<Side>,
    random: Vec<Side>,
    total: Total,
    random_total: Total,
}

/// Events and exposed of many sides. It does not overflow.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    events: u128,
    exposed: u128,
}

impl Sides {
    /// Takes the sides in the order of [`slots`]. `random` is the table of the random channel, empty where nobody
    /// compares with it.
    #[must_use]
    pub fn new(own: Vec<Side>, random: Vec<Side>) -> Self {
        let (total, random_total) = (Total::of(&own), Total::of(&random));
        Self { own, random, total, random_total }
    }

    /// Returns the sides in the compared channel.
    #[must_use]
    pub fn own(&self) -> &[Side] {
        &self.own
    }

    /// Returns the sides of the group at `index` and of its reference. A side that is not there is empty: a population
    /// may not be known yet.
    #[must_use]
    pub fn compare(&self, against: Against, indicator: Indicator, index: usize) -> (Side, Side) {
        let at = |table: &[Side], index: usize| table.get(index).copied().unwrap_or_default();
        let group = at(&self.own, index);
        match against {
            Against::Rest => (group, self.total.without(group)),
            Against::Group(other) => (group, at(&self.own, other)),
            Against::Overall => (group, self.total.side()),
            Against::Nothing => (group, Side::default()),
            Against::Random if by_shares(indicator) => {
                (self.total.share(group), self.random_total.share(at(&self.random, index)))
            }
            Against::Random => (group, at(&self.random, index)),
        }
    }
}

impl Total {
    fn of(sides: &[Side]) -> Self {
        sides.iter().fold(Self::default(), |sum, side| Self {
            events: sum.events.saturating_add(side.events.into()),
            exposed: sum.exposed.saturating_add(side.exposed.into()),
        })
    }

    /// The sums, saturating.
    fn side(self) -> Side {
        let count = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        Side { events: count(self.events), exposed: count(self.exposed) }
    }

    /// The sums without one of the sides.
    fn without(self, side: Side) -> Side {
        let less = |sum: u128, count: u64| sum.saturating_sub(count.into());
        Self { events: less(self.events, side.events), exposed: less(self.exposed, side.exposed) }.side()
    }

    /// A group's share of the picked.
    fn share(self, group: Side) -> Side {
        Side { events: group.events, exposed: self.side().events }
    }
}

/// Returns whether a rule compares shares of the picked. Their exposed are the picked, whatever the exposed of the rate.
#[must_use]
pub fn compares_shares(rule: DisparityRule<'_>) -> bool {
    rule.terms.reference == Reference::Random && by_shares(rule.terms.indicator)
}

/// With the random channel, picking is compared by the group's share of the picked. Those picked at random are a sample
/// of everyone, so their share is what it would be if the profile treated everyone alike.
#[must_use]
pub const fn by_shares(indicator: Indicator) -> bool {
    matches!(indicator, Indicator::SelectionRate | Indicator::ControlFrequency)
}

/// Returns the slots of a dimension's groups in the order of every table of sides. Values outside the allow-list are in no
/// comparison.
pub fn slots(dimension: &Dimension) -> impl Iterator<Item = Slot> + use<> {
    (0..).map(Slot).take(dimension.groups.len())
}

/// The listed group whose rate harms least, among those that have `min_events` events expected at the overall rate. Of
/// equal ones it is the first.
fn most_favourable(rule: DisparityRule<'_>, dimension: &Dimension, table: &[Side]) -> Option<usize> {
    let all = Total::of(table).side();
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
            let better = if rule.terms.indicator.harm() == Harm::High { order.is_lt() } else { order.is_gt() };
            if better { next } else { best }
        })
        .map(|(index, _)| index)
}

/// Returns a group against all others.
#[must_use]
pub fn against_rest(sides: &[Side], group: usize) -> Pair {
    let own = sides.get(group).copied().unwrap_or_default();
    let others = sides.iter().enumerate().filter(|(other, _)| *other != group);
    others.fold(Pair { events: own.events, exposed: own.exposed, ..Pair::default() }, |pair, (_, side)| Pair {
        reference_events: pair.reference_events.saturating_add(side.events),
        reference_exposed: pair.reference_exposed.saturating_add(side.exposed),
        ..pair
    })
}
