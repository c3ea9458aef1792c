//! Counts the funnel, which shows at which stage a disparity arises.
//!
//! Windows count a fact when it arrives, so the later stages of recent cohorts are still filling up.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::indicator::{GroupCounts, Stamp, Subject, population};
use crate::judge::scene::Scene;
use crate::judge::stages::{ByClass, Funnel, FunnelTable, MAX_FUNNEL_ROWS, Stage, StageCounts};
use crate::judge::sums::CellSums;
use crate::ledger::RISK_CLASS;
use crate::plan::invariant::{self, Room};
use crate::plan::{
    Channel, Dimension, DimensionId, DisparityRule, GroupId, Indicator, ProfileId, Reference, Rule, Slot, StratumId,
    WindowLength,
};
use crate::statistics::{ClassCounts, Confidence, decompose};
use crate::window::{LeftOut, Rolling};

/// Counts the funnel, and keeps the tables whose counts did not change.
#[derive(Clone, Debug, Default)]
pub(super) struct FunnelMemory {
    known: HashMap<Topic, (Stamp, Vec<FunnelTable>), FxBuildHasher>,
}

/// What the tables of all windows have in common.
type Topic = (ProfileId, Channel, DimensionId);

impl FunnelMemory {
    /// Counts the funnel of every place that a rule names, in the windows that end at the scene's time.
    pub fn count(&mut self, scene: &Scene<'_>, sums: &mut CellSums) -> Funnel {
        let mut funnel = Funnel::default();
        let mut rows = 0;
        let mut shown: Vec<(Place<'_>, Asked)> = Vec::new();
        for (place, asked) in places(scene) {
            let groups = dimension(scene, place.dimension).map_or(0, |dimension| dimension.groups.len());
            if rows + groups > MAX_FUNNEL_ROWS {
                funnel.left_out += groups;
            } else {
                rows += groups;
                shown.push((place, asked));
            }
        }
        for windows in shown.chunk_by(|(one, _), (other, _)| one.without_window() == other.without_window()) {
            funnel.tables.extend(self.tables(scene, windows, sums));
        }
        funnel
    }

    /// The tables of places that differ by their windows alone.
    fn tables(&mut self, scene: &Scene<'_>, windows: &[(Place<'_>, Asked)], sums: &mut CellSums) -> Vec<FunnelTable> {
        let Some((place, _)) = windows.first() else { return Vec::new() };
        let topic = place.without_window();
        let (profile, channel, dimension) = topic;
        let subject = Subject { profile, channel, dimension, indicator: Indicator::SelectionRate };
        let classes = classes(scene, windows);
        let rolling = Rolling::new(scene.as_of, windows.iter().map(|(place, _)| place.window.length));
        let population = population(scene, &subject);
        // A population has no stamp.
        let stamp = population.is_none().then(|| {
            let strata: Vec<Option<(StratumId, Slot)>> =
                std::iter::once(None).chain(classes.iter().copied().map(Some)).collect();
            Stamp::of(scene, &[subject], &strata, &rolling)
        });
        if let (Some(stamp), Some((known, tables))) = (&stamp, self.known.get(&topic))
            && stamp == known
        {
            return tables.clone();
        }
        let mut count = |stratum| GroupCounts::of(scene, &subject, stratum, (&mut *sums, &LeftOut::default()));
        let all = count(None);
        let by_class: Vec<GroupCounts> = classes.iter().map(|class| count(Some(*class))).collect();
        let table = |(place, asked): &(Place<'_>, Asked)| {
            let window = sums.place(place.window.length);
            let window = invariant::present(Room::Judge, "a window of a rule is one of the plan's", window)?;
            Some(table(*place, asked, population, (&all, &by_class, window)))
        };
        let tables: Vec<FunnelTable> = windows.iter().filter_map(table).collect();
        if let Some(stamp) = stamp {
            self.known.insert(topic, (stamp, tables.clone()));
        }
        tables
    }
}

/// The risk classes, where any of the places is shown by them.
fn classes(scene: &Scene<'_>, windows: &[(Place<'_>, Asked)]) -> Vec<(StratumId, Slot)> {
    let stratum =
        scene.attributes.stratum_id(RISK_CLASS).filter(|_| windows.iter().any(|(_, asked)| asked.by_risk_class));
    let of_stratum = |stratum| scene.attributes.stratum_values(stratum).into_iter().map(move |value| (stratum, value));
    stratum.into_iter().flat_map(of_stratum).collect()
}

/// Returns the places of a profile's high risk classes among [`classes`].
fn high_classes(scene: &Scene<'_>, profile: ProfileId) -> Vec<usize> {
    let profile = scene.plan.profiles.get(usize::from(profile.0));
    let names = profile.map_or(&[][..], |profile| profile.high_classes.as_slice());
    let Some(stratum) = scene.attributes.stratum_id(RISK_CLASS).filter(|_| !names.is_empty()) else {
        return Vec::new();
    };
    let values = scene.attributes.stratum_values(stratum).into_iter().zip(0..);
    let is_high = |value| names.iter().any(|name| *name == scene.attributes.stratum_value(stratum, value));
    values.filter(|(value, _)| is_high(*value)).map(|(_, place)| place).collect()
}

/// What one table of the funnel is about. In this order the tables come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'s> {
    profile: ProfileId,
    channel: Channel,
    dimension: DimensionId,
    window: &'s WindowLength,
}

impl Place<'_> {
    const fn without_window(&self) -> Topic {
        (self.profile, self.channel, self.dimension)
    }
}

/// What the rules of a place ask of its table.
#[derive(Clone, Debug, Default)]
struct Asked {
    /// `None` until a rule decides it.
    reference: Option<Comparison>,
    by_risk_class: bool,
    /// The places of the profile's high risk classes among [`classes`].
    high: Vec<usize>,
    /// That of the first rule.
    confidence: Option<Confidence>,
}

/// What the groups of a table are compared with.
#[derive(Clone, Copy, Debug)]
enum Comparison {
    Rest,
    Group(GroupId),
}

/// The places that rules name. The first rule that compares with the rest, or with a group of the dimension, decides
/// the reference.
fn places<'s>(scene: &Scene<'s>) -> BTreeMap<Place<'s>, Asked> {
    let mut places: BTreeMap<Place<'s>, Asked> = BTreeMap::new();
    for rule in scene.plan.rules.iter().filter_map(Rule::disparity) {
        for profile in &rule.profiles {
            let high = high_classes(scene, *profile);
            for channel in &rule.channels {
                for dimension in &rule.dimensions {
                    let comparison = comparison(scene, rule, *dimension);
                    for window in &rule.rule().windows {
                        let place = Place { profile: *profile, channel: *channel, dimension: *dimension, window };
                        let asked = places.entry(place).or_default();
                        asked.by_risk_class |= rule.terms.stratify_by.as_deref() == Some(RISK_CLASS);
                        asked.reference = asked.reference.or(comparison);
                        asked.confidence = asked.confidence.or(Some(rule.confidence));
                        if !high.is_empty() {
                            asked.by_risk_class = true;
                            asked.high.clone_from(&high);
                        }
                    }
                }
            }
        }
    }
    places
}

/// `None` where the rule compares with something that a table of the funnel does not hold.
fn comparison(scene: &Scene<'_>, rule: DisparityRule<'_>, id: DimensionId) -> Option<Comparison> {
    match &rule.terms.reference {
        Reference::Rest => Some(Comparison::Rest),
        Reference::Group(name) => dimension(scene, id)?.group_id(name).map(Comparison::Group),
        Reference::Lowest | Reference::Random | Reference::Overall => None,
    }
}

fn dimension<'s>(scene: &Scene<'s>, id: DimensionId) -> Option<&'s Dimension> {
    let dimension = scene.plan.dimensions.get(usize::from(id.0));
    invariant::present(Room::Judge, "a rule names dimensions of its plan", dimension)
}

/// Makes a table of its counts, all together and by risk class.
fn table(
    place: Place<'_>,
    asked: &Asked,
    population: Option<&[u64]>,
    (all, by_class, at): (&GroupCounts, &[GroupCounts], usize),
) -> FunnelTable {
    let Place { profile, channel, dimension, window } = place;
    // No population is known before its first event: then nobody is exposed.
    let exposed = |index: usize| population.map(|groups| groups.get(index).copied().unwrap_or(0));
    let groups = all.in_window(at).enumerate();
    let groups = groups.map(|(index, counts)| StageCounts::of(counts, exposed(index))).collect();
    let reference = match asked.reference {
        Some(Comparison::Group(group)) => Some(group),
        Some(Comparison::Rest) | None => None,
    };
    let mut table = FunnelTable {
        profile,
        channel,
        dimension,
        window: window.label.clone(),
        reference,
        groups,
        by_class: Vec::new(),
        confidence: asked.confidence,
    };
    // A population is not known by risk class.
    if asked.by_risk_class && population.is_none() {
        table.by_class = decomposed(by_class, at, &table, &asked.high);
    }
    table
}

/// The funnel of one risk class: each group, and what it is compared with.
struct Class {
    groups: Vec<StageCounts>,
    references: Vec<Option<StageCounts>>,
}

/// Counts [`FunnelTable::by_class`]. `high` are the places of the high classes.
fn decomposed(by_class: &[GroupCounts], at: usize, table: &FunnelTable, high: &[usize]) -> Vec<Option<ByClass>> {
    let class = |counts: &GroupCounts| {
        let groups = counts.in_window(at).map(|counts| StageCounts::of(counts, None)).collect();
        let class = FunnelTable { groups, ..table.clone() };
        Class { references: class.references(), groups: class.groups }
    };
    let classes: Vec<Class> = by_class.iter().map(class).collect();
    let references = table.references();
    let sides = table.groups.iter().zip(references).enumerate();
    let of_group = |(index, (group, reference)): (usize, (&StageCounts, Option<StageCounts>))| {
        let counts = counts_of(&classes, index, (group, &reference?))?;
        let high = Some(high).filter(|high| !high.is_empty());
        Some(ByClass { factors: decompose(&counts, high, table.confidence?), smallest: smallest(&counts) })
    };
    sides.map(of_group).collect()
}

fn smallest(classes: &[ClassCounts]) -> u64 {
    let sides = classes.iter().flat_map(|class| [class.group, class.reference]).filter(|(exposed, _)| *exposed > 0);
    let counts = sides.flat_map(|(exposed, selected)| [selected, exposed.saturating_sub(selected)]);
    counts.min().unwrap_or(0)
}

/// `None` where the classes do not hold all cases.
fn counts_of(
    classes: &[Class],
    index: usize,
    (whole, whole_reference): (&StageCounts, &StageCounts),
) -> Option<Vec<ClassCounts>> {
    let (mut own, mut other) = (StageCounts::default(), StageCounts::default());
    let mut counts = Vec::with_capacity(classes.len());
    for Class { groups, references } in classes {
        let sides = groups.get(index).zip(references.get(index).and_then(Option::as_ref));
        let (group, reference) = invariant::present(Room::Judge, "a class has the groups of its table", sides)?;
        let selected = |side: &StageCounts| (side.at(Stage::Assessed), side.at(Stage::Selected));
        counts.push(ClassCounts { group: selected(group), reference: selected(reference) });
        (own, other) = (own.plus(group), other.plus(reference));
    }
    // Cases from before a rule first asked for the risk class are in no class. Then the classes say nothing about the
    // whole.
    let complete = |sum: &StageCounts, all: &StageCounts| {
        [Stage::Assessed, Stage::Selected].iter().all(|stage| sum.at(*stage) == all.at(*stage))
    };
    (complete(&own, whole) && complete(&other, whole_reference)).then_some(counts)
}
