//! The counts that a rule compares in one window: the sides of all groups of a dimension.

use super::indicator::{Subject, by_population, counts, sides, unsealed};
use super::membership::{bracket, memberships};
use super::verdict::{Inputs, pending_bounds};
use crate::evidence::{Against, Side, TableKey, against, compare};
use crate::judge::finding::PendingBounds;
use crate::judge::scene::Scene;
use crate::plan::invariant::{self, Room};
use crate::plan::{Channel, Dimension, Indicator, Reference, Rule, WindowLength};
use crate::statistics::{Bracket, Memberships};
use crate::window::{Counts, Range};

/// The counts of one rule, profile, channel, dimension and window.
pub(super) struct Table<'s> {
    pub window: &'s WindowLength,
    pub against: Against,
    rule: &'s Rule,
    dimension: &'s Dimension,
    indicator: Indicator,
    /// Whether the exposed are a population.
    population: bool,
    all: Sides,
    /// By value of the rule's stratum; empty where it does not stratify.
    strata: Vec<Sides>,
    /// For hit rates: counts of sealed and unsealed cohorts alike. Empty for other indicators.
    pending: Vec<Counts>,
    memberships: Option<Memberships>,
}

/// The sides of all groups, in the compared channel and in the random one, which is empty where the rule does not
/// compare with it.
struct Sides {
    own: Vec<Side>,
    random: Vec<Side>,
}

impl<'s> Table<'s> {
    pub fn new(
        scene: &Scene<'s>,
        rule: &'s Rule,
        dimension: &'s Dimension,
        key: TableKey,
        window: &'s WindowLength,
    ) -> Self {
        let TableKey { profile, channel, dimension: id, .. } = key;
        let range = Range::rolling(scene.as_of, window.length);
        let subject = Subject { profile, channel, dimension: id, indicator: rule.indicator, range };
        let benchmark = Subject { channel: Channel::Random, ..subject };
        let with_random = rule.reference == Reference::Random;
        let left_out = unsealed(scene, &subject);
        let left_out_at_random = if with_random { unsealed(scene, &benchmark) } else { Default::default() };
        let sides_of = |stratum| Sides {
            own: sides(scene, &subject, stratum, &left_out),
            random: if with_random { sides(scene, &benchmark, stratum, &left_out_at_random) } else { Vec::new() },
        };
        let all = sides_of(None);
        let stratum = rule.stratify_by.as_deref().and_then(|name| scene.attributes.stratum_id(name));
        let strata = stratum.map_or_else(Vec::new, |stratum| {
            let values = scene.attributes.stratum_values(stratum);
            values.into_iter().map(|value| sides_of(Some((stratum, value)))).collect()
        });
        let pending = if rule.indicator == Indicator::HitRate { counts(scene, &subject, None) } else { Vec::new() };
        let against = against(rule, dimension, &all.own);
        let population = by_population(scene, &subject) && against != Against::Random;
        let memberships = memberships(scene, rule, &subject, &left_out);
        let indicator = rule.indicator;
        Self { window, against, rule, dimension, indicator, population, all, strata, pending, memberships }
    }

    /// Returns the counts of a group and of its reference.
    pub fn inputs(&self, group: usize) -> Inputs {
        let compared = |sides: &Sides| compare(self.against, self.indicator, group, &sides.own, &sides.random);
        let (own, reference) = compared(&self.all);
        let strata = self.strata.iter().map(compared).collect();
        Inputs { group: own, reference, population: self.population, strata }
    }

    /// Returns the name of the group that is the reference; `None` where the reference is not one group.
    pub fn reference_group(&self) -> Option<String> {
        match self.against {
            Against::Group(index) => {
                let name = self.dimension.groups.get(index).cloned();
                invariant::present(Room::Judge, "the reference is a group of the dimension", name)
            }
            Against::Rest | Against::Random | Against::Overall | Against::Nothing => None,
        }
    }

    /// Returns the bounds of both sides' hit rates while outcomes are pending; `None` for other indicators and without
    /// controls.
    pub fn pending_bounds(&self, group: usize) -> Option<PendingBounds> {
        let bounds = |counts: &Counts| {
            // Not below 0: a tally may give the concluded without the controls they are among.
            pending_bounds(counts.hits, counts.controlled.saturating_sub(counts.concluded), counts.controlled)
        };
        let own = bounds(self.pending.get(group)?)?;
        let others = self.pending.iter().enumerate().filter(|(other, _)| match self.against {
            Against::Rest => *other != group,
            Against::Group(reference) => *other == reference,
            Against::Random | Against::Overall | Against::Nothing => false,
        });
        let mut reference = Counts::default();
        others.for_each(|(_, counts)| reference.merge(counts));
        Some(PendingBounds { group: own, reference: bounds(&reference)? })
    }

    /// Returns what the cases say of a group that is known only as probabilities; `None` where there are none, or too
    /// few.
    pub fn bracket(&self, group: usize) -> Option<Bracket> {
        bracket(self.memberships.as_ref()?, self.rule, self.dimension, group)
    }
}
