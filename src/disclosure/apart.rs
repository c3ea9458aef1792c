//! Windows of periods beside others, of numbers that no linked table has: where the difference of two windows would be of few cases, one is withheld.
//!
//! Rolling windows end with periods to date and begin anywhere near them; and a period that is over, with the one after it, is the one around both.

use std::collections::BTreeMap;

use super::memory::Memory;
use super::nested::BETWEEN;
use super::tables::{Places, is_of_period};
use crate::evidence::Side;
use crate::judge::Finding;
use crate::plan::{DisclosurePlan, Span};

/// A finding of which the sides are told alone.
struct Told<'f> {
    finding: &'f Finding,
    /// Its place among the findings.
    place: usize,
    /// What its counts are called, but for the window.
    name: String,
}

/// Returns the places of the findings about periods that are withheld. `told` are the findings that are told, with a name that those about other windows share.
pub(super) fn too_near<'f>(
    plan: &DisclosurePlan,
    places: &Places,
    memory: &mut Memory,
    told: impl Iterator<Item = (usize, &'f Finding, String)>,
) -> Vec<usize> {
    let mut by_name: BTreeMap<String, Vec<Told<'f>>> = BTreeMap::new();
    for (place, finding, name) in told {
        by_name.entry(name.clone()).or_default().push(Told { finding, place, name });
    }
    by_name.into_values().flat_map(|told| of_one(plan, places, memory, told)).collect()
}

/// Of one count in all its windows.
fn of_one(plan: &DisclosurePlan, places: &Places, memory: &mut Memory, told: Vec<Told<'_>>) -> Vec<usize> {
    let (over, mut to_now): (Vec<Told<'_>>, Vec<Told<'_>>) =
        told.into_iter().partition(|told| places.between(&told.finding.key.window).is_some());
    if over.is_empty() && !to_now.iter().any(|told| is_of_period(&told.finding.key.window)) {
        return Vec::new();
    }
    let length = |told: &Told<'_>| places.length(&told.finding.key.window).unwrap_or(Span(i64::MAX));
    to_now.sort_by_key(length);
    let mut withheld = Vec::new();
    let mut kept: Vec<Told<'_>> = Vec::new();
    let (rolling, periods): (Vec<Told<'_>>, Vec<Told<'_>>) =
        to_now.into_iter().partition(|told| !is_of_period(&told.finding.key.window));
    for period in periods {
        let shorter = kept.last().into_iter().chain(rolling.iter().rfind(|other| length(other) <= length(&period)));
        let longer = rolling.iter().find(|other| length(other) > length(&period));
        let others: Vec<&Told<'_>> = shorter.chain(longer).collect();
        // Each is asked, as the memory takes note of each.
        let near: Vec<bool> = others.iter().map(|other| is_small(plan, memory, &period, other)).collect();
        let is_near = near.contains(&true);
        if is_near { withheld.push(period.place) } else { kept.push(period) }
    }
    withheld.extend(without_next(places, over, &kept));
    withheld
}

/// The periods that are over of which the next one is not told: the one around both would tell it.
fn without_next(places: &Places, mut over: Vec<Told<'_>>, to_date: &[Told<'_>]) -> Vec<usize> {
    let bounds = |told: &Told<'_>| places.between(&told.finding.key.window).cloned().unwrap_or_default();
    // The latest first: the window since its end is the shortest.
    over.sort_by_key(|told| bounds(told).get(1).and_then(|short| places.length(short)));
    let mut begins: Vec<String> = to_date.iter().map(|told| told.finding.key.window.to_string()).collect();
    let mut withheld = Vec::new();
    for told in over {
        let [long, short] = bounds(&told);
        if begins.contains(&short) { begins.push(long) } else { withheld.push(told.place) }
    }
    withheld
}

/// Whether few cases are between two windows that end together.
fn is_small(plan: &DisclosurePlan, memory: &mut Memory, period: &Told<'_>, other: &Told<'_>) -> bool {
    let mut is_small = false;
    let sides = |finding: &Finding| [finding.group, finding.reference];
    for (which, (one, two)) in
        ["group", "reference"].into_iter().zip(sides(period.finding).into_iter().zip(sides(other.finding)))
    {
        if one == two || one == Side::default() || two == Side::default() {
            continue;
        }
        let others = |side: Side| side.exposed.saturating_sub(side.events);
        // Of values every case is an event.
        let counts = if period.finding.values.is_none() {
            vec![("events", one.events.abs_diff(two.events)), ("others", others(one).abs_diff(others(two)))]
        } else {
            vec![("exposed", one.exposed.abs_diff(two.exposed))]
        };
        for (what, count) in counts {
            let windows = [&period.finding.key.window, &other.finding.key.window].map(ToString::to_string);
            let name = [&period.name, "between", which, what, &windows.join("-")].join(&BETWEEN.to_string());
            is_small |= memory.is_small(plan, &name, count);
        }
    }
    is_small
}
