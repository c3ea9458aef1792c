//! The counts of the groups of a dimension by how their cases were handled, over rolling windows.

use std::collections::BTreeMap;

use super::indicator::{GroupCounts, Subject};
use crate::evidence::{Against, Side, ValueCounts, handled_side, histogram};
use crate::judge::scene::Scene;
use crate::judge::sums::CellSums;
use crate::plan::{Disparity, DisparityRule, Feature, Indicator, Slot, StratumId};
use crate::window::{Counts, LeftOut};

/// The counts of each group by how cases were handled, for one indicator.
pub(super) struct Handled {
    /// By what decides the indicator.
    decided: ByValue,
    /// By what is shown beside it, where that is something else.
    shown: Option<ByValue>,
}

/// The counts of each group by each value of one feature.
struct ByValue {
    values: Vec<(Slot, String)>,
    /// By value.
    counts: Vec<GroupCounts>,
}

/// How the cases of one group were handled, in one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HandledGroup {
    /// What a rate counts; of values as many events as exposed.
    pub side: Side,
    /// By bucket, ascending: how many cases have a value in it. Empty where the indicator is a rate.
    pub buckets: Vec<(u64, u64)>,
    /// How many cases were handled in each way, by its text. Empty where the indicator compares values.
    pub kinds: Vec<(String, u64)>,
    /// Cases of which the indicator's value is not known.
    pub unknown: u64,
}

/// How the cases of each group were handled, in one window; without groups for an indicator of the funnel.
#[derive(Clone, Debug, Default)]
pub(super) struct HandledGroups {
    groups: Vec<HandledGroup>,
    /// Those of all groups together.
    total: HandledGroup,
}

impl Handled {
    /// Counts without the `left_out` cohorts; `None` for an indicator of the funnel.
    pub fn of(
        scene: &Scene<'_>,
        (terms, subject): (&Disparity, &Subject),
        (sums, left_out): (&mut CellSums, &LeftOut),
    ) -> Option<Self> {
        let decides = terms.feature()?;
        let mut by_value = |feature| ByValue::of(scene, subject, feature, (&mut *sums, left_out));
        let shown = terms.indicator.feature().filter(|shown| *shown != decides);
        Some(Self { decided: by_value(decides), shown: shown.map(by_value) })
    }

    /// Returns each group in the window at this place; `all` are the counts of all its cases.
    pub fn in_window<'c>(
        &self,
        rule: DisparityRule<'_>,
        place: usize,
        all: impl Iterator<Item = &'c Counts>,
    ) -> HandledGroups {
        let decided = self.decided.in_window(place);
        let shown = self.shown.as_ref().map(|shown| (shown, shown.in_window(place)));
        let group = |(index, all): (usize, &Counts)| {
            let by_value = self.decided.of_group(&decided, index);
            let by_way = shown.as_ref().map(|(shown, counts)| shown.of_group(counts, index));
            group(rule, all, &by_value, by_way.as_ref().unwrap_or(&by_value))
        };
        HandledGroups::new(all.enumerate().map(group).collect())
    }
}

impl ByValue {
    fn of(scene: &Scene<'_>, subject: &Subject, feature: Feature, (sums, left_out): (&mut CellSums, &LeftOut)) -> Self {
        let (mut values, mut counts) = (Vec::new(), Vec::new());
        for (stratum, slot, text) in scene.attributes.feature_values(feature) {
            values.push((slot, text.to_owned()));
            counts.push(GroupCounts::of(scene, subject, Some((stratum, slot)), (&mut *sums, left_out)));
        }
        Self { values, counts }
    }

    /// By value, and in it by group.
    fn in_window(&self, place: usize) -> Vec<Vec<Counts>> {
        self.counts.iter().map(|counts| counts.in_window(place).copied().collect()).collect()
    }

    fn of_group(&self, counts: &[Vec<Counts>], group: usize) -> Vec<ValueCounts<'_>> {
        let at = |counts: &Vec<Counts>| counts.get(group).copied().unwrap_or_default();
        let values = self.values.iter().zip(counts);
        values.map(|((slot, text), counts)| ValueCounts { slot: *slot, text, counts: at(counts) }).collect()
    }
}

/// Returns the strata whose cells an indicator reads, beside that of all cases; none for an indicator of the funnel.
pub(super) fn strata_read(scene: &Scene<'_>, terms: &Disparity) -> Vec<(StratumId, Slot)> {
    let (decides, shown) = (terms.feature(), terms.indicator.feature());
    let features = decides.into_iter().chain(shown.filter(|_| shown != decides));
    let values = features.flat_map(|feature| scene.attributes.feature_values(feature));
    values.map(|(stratum, slot, _)| (stratum, slot)).collect()
}

impl HandledGroups {
    fn new(groups: Vec<HandledGroup>) -> Self {
        let mut total = HandledGroup::default();
        let (mut buckets, mut kinds) = (BTreeMap::<u64, u64>::new(), BTreeMap::<&str, u64>::new());
        for group in &groups {
            total.side.events = total.side.events.saturating_add(group.side.events);
            total.side.exposed = total.side.exposed.saturating_add(group.side.exposed);
            total.unknown = total.unknown.saturating_add(group.unknown);
            add(&mut buckets, group.buckets.iter().copied());
            add(&mut kinds, group.kinds.iter().map(|(kind, cases)| (kind.as_str(), *cases)));
        }
        total.buckets = buckets.into_iter().collect();
        total.kinds = kinds.into_iter().map(|(kind, cases)| (kind.to_owned(), cases)).collect();
        Self { groups, total }
    }

    /// Returns the side of each group.
    pub fn sides(&self) -> Vec<Side> {
        self.groups.iter().map(|group| group.side).collect()
    }

    /// Returns a group and its reference; `None` for an indicator of the funnel.
    pub fn compare(&self, against: Against, group: usize) -> Option<[HandledGroup; 2]> {
        let own = self.groups.get(group)?;
        let reference = match against {
            Against::Rest => self.total.without(own),
            Against::Group(named) => self.groups.get(named).cloned().unwrap_or_default(),
            Against::Overall => self.total.clone(),
            Against::Random | Against::Nothing => HandledGroup::default(),
        };
        Some([own.clone(), reference])
    }
}

fn add<K: Ord>(sum: &mut BTreeMap<K, u64>, more: impl Iterator<Item = (K, u64)>) {
    for (key, cases) in more {
        let sum = sum.entry(key).or_default();
        *sum = sum.saturating_add(cases);
    }
}

/// `by_value` by what decides the indicator, `by_way` by what is shown beside it.
fn group(
    rule: DisparityRule<'_>,
    all: &Counts,
    by_value: &[ValueCounts<'_>],
    by_way: &[ValueCounts<'_>],
) -> HandledGroup {
    let named = |values: &&ValueCounts<'_>| values.slot != Slot::OTHER;
    let buckets = histogram(rule, by_value.iter().copied());
    let valued = buckets.iter().fold(0, |sum: u64, (_, cases)| sum.saturating_add(*cases));
    let side = handled_side(rule.terms, by_value.iter().copied());
    let side = side.unwrap_or(Side { events: valued, exposed: valued });
    let known = match rule.terms.indicator {
        // Not every sanction has an amount: a warning has none, and that is known.
        Indicator::SanctionAmount => {
            by_value.iter().filter(named).fold(0, |sum: u64, value| sum.saturating_add(value.counts.hits))
        }
        _ => side.exposed,
    };
    let is_of_hits = matches!(rule.terms.indicator, Indicator::SanctionAmount | Indicator::SanctionRate);
    let unknown = if is_of_hits { all.hits } else { all.controlled }.saturating_sub(known);
    let cases = |counts: &Counts| match rule.terms.indicator.feature() {
        Some(Feature::Kind) => counts.controlled,
        Some(Feature::Sanction) => counts.hits,
        _ => 0,
    };
    let ways = by_way.iter().filter(named).filter(|value| value.text != Feature::NOTHING);
    let kinds = ways.map(|value| (value.text.to_owned(), cases(&value.counts))).filter(|(_, cases)| *cases > 0);
    HandledGroup { side, kinds: kinds.collect(), buckets, unknown }
}

impl HandledGroup {
    /// Returns the rest of these cases without those of a group among them.
    fn without(&self, part: &Self) -> Self {
        let (mut buckets, mut kinds): (BTreeMap<u64, u64>, BTreeMap<&str, u64>) =
            (part.buckets.iter().copied().collect(), BTreeMap::new());
        add(&mut kinds, part.kinds.iter().map(|(kind, cases)| (kind.as_str(), *cases)));
        let mut left = |bucket: u64, cases: u64| cases.saturating_sub(buckets.remove(&bucket).unwrap_or(0));
        let of_bucket = self.buckets.iter().map(|(bucket, cases)| (*bucket, left(*bucket, *cases)));
        let of_kind = |(kind, cases): &(String, u64)| {
            (kind.clone(), cases.saturating_sub(kinds.get(kind.as_str()).copied().unwrap_or(0)))
        };
        Self {
            side: Side {
                events: self.side.events.saturating_sub(part.side.events),
                exposed: self.side.exposed.saturating_sub(part.side.exposed),
            },
            buckets: of_bucket.filter(|(_, cases)| *cases > 0).collect(),
            kinds: self.kinds.iter().map(of_kind).filter(|(_, cases)| *cases > 0).collect(),
            unknown: self.unknown.saturating_sub(part.unknown),
        }
    }
}
