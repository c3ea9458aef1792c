//! A model of the defences, a few lines for each, by which the attacker itself is tested: with all of them on it finds nothing, and without any
//! one it does. It publishes the funnel alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::belief::{Belief, OfAtoms};
use super::seen::Seen;
use super::table::{ATOMS, Atoms, Place, STAGES, Table};

/// The largest of a column takes the hidden ones in if it has so many times `min_cell` for each of them.
const SHARE_OF_ABSORBER: u64 = 4;

/// The defences that are on.
#[derive(Clone, Copy, Debug)]
pub struct Defences {
    pub min_cell: u64,
    pub round_to: u64,
    pub absorbs: bool,
    pub stands_in: bool,
    pub dead_band: bool,
    pub sticky: bool,
    pub one_table_for_crossed: bool,
}

impl Defences {
    pub const ALL: Self = Self {
        min_cell: 10,
        round_to: 5,
        absorbs: true,
        stands_in: true,
        dead_band: true,
        sticky: true,
        one_table_for_crossed: true,
    };

    /// What an attacker who knows them believes.
    pub const fn belief(self) -> Belief {
        let Self { min_cell, round_to, absorbs, stands_in, dead_band, sticky, .. } = self;
        let error = if round_to > 1 { round_to / 2 } else { 0 };
        Belief {
            min_cell: 10,
            error,
            atoms: Some(OfAtoms { hides: min_cell > 0, rectangles: false, absorbs, stands_in, dead_band, sticky }),
        }
    }
}

/// What was published of an atom before.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    shown: Option<u64>,
    was_seen: bool,
}

pub struct Publisher {
    defences: Defences,
    memory: BTreeMap<(Place, usize), Memory>,
}

impl Publisher {
    pub fn new(defences: Defences) -> Self {
        Self { defences, memory: BTreeMap::new() }
    }

    /// Publishes what is seen in its place: the truth by these defences.
    pub fn publish(&mut self, seen: &mut Seen) {
        let mut columns: BTreeMap<Place, Vec<(Place, Atoms)>> = BTreeMap::new();
        for (place, atoms) in &seen.truth {
            columns.entry(place.column()).or_default().push((place.clone(), *atoms));
        }
        let mut published: BTreeMap<Place, [Option<f64>; ATOMS]> = BTreeMap::new();
        let mut hidden: BTreeMap<Place, [bool; ATOMS]> = BTreeMap::new();
        for (column, rows) in &columns {
            for atom in 0..ATOMS {
                let (told, any_hidden) = self.column(rows, atom);
                hidden.entry(column.clone()).or_default()[atom] = any_hidden;
                for ((place, _), told) in rows.iter().zip(told) {
                    published.entry(place.clone()).or_insert([None; ATOMS])[atom] = told;
                }
            }
        }
        if self.defences.one_table_for_crossed {
            withhold_crossed(&mut published, &hidden);
        }
        seen.document = json!({ "as_of": seen.document["as_of"], "funnel": funnel(&seen.truth, &published) });
        seen.metrics = stepped(&seen.metrics);
        (seen.page, seen.table) = (String::new(), String::new());
        seen.messages.clear();
    }

    /// The published atoms of one kind, and whether any is hidden.
    fn column(&mut self, rows: &[(Place, Atoms)], atom: usize) -> (Vec<Option<f64>>, bool) {
        let Defences { min_cell, round_to, absorbs, stands_in, dead_band, sticky, .. } = self.defences;
        let exact: Vec<u64> = rows.iter().map(|(_, atoms)| atoms[atom]).collect();
        let is_hidden = |place: &Place, count: u64| {
            let memory = self.memory.get(&(place.clone(), atom)).copied().unwrap_or_default();
            let was_hidden = memory.was_seen && memory.shown.is_none();
            count < if sticky && was_hidden { 2 * min_cell } else { min_cell }
        };
        let hidden: Vec<bool> = rows.iter().zip(&exact).map(|((place, _), count)| is_hidden(place, *count)).collect();
        let count = hidden.iter().filter(|hidden| **hidden).count() as u64;
        let shown = || {
            exact
                .iter()
                .zip(&hidden)
                .zip(0..)
                .filter(|((_, hidden), _)| !**hidden)
                .map(|((count, _), place)| (*count, place))
        };
        let absorber =
            shown().max_by_key(|(count, place)| (*count, usize::MAX - place)).filter(|_| absorbs && count > 0);
        let is_enough = absorber.is_some_and(|(largest, _)| largest >= SHARE_OF_ABSORBER * min_cell * count);
        if absorbs && count > 0 && !is_enough {
            return (vec![None; rows.len()], true);
        }
        let sum_hidden: u64 = exact.iter().zip(&hidden).filter(|(_, hidden)| **hidden).map(|(count, _)| count).sum();
        let mut told = Vec::new();
        for (index, (place, _)) in rows.iter().enumerate() {
            let memory = self.memory.entry((place.clone(), atom)).or_default();
            memory.was_seen = true;
            if hidden[index] {
                memory.shown = None;
                told.push(Some(if stands_in { (min_cell / 2) as f64 } else { exact[index] as f64 }));
                continue;
            }
            let absorbed = if absorber.is_some_and(|(_, largest)| largest == index) { sum_hidden } else { 0 };
            let less = if absorbed > 0 || absorber.is_some_and(|(_, largest)| largest == index) {
                min_cell / 2 * count
            } else {
                0
            };
            let value = rounded((exact[index] + absorbed).saturating_sub(less), round_to);
            let stands = memory.shown.filter(|shown| dead_band && shown.abs_diff(value) < min_cell);
            let value = stands.unwrap_or(value);
            memory.shown = Some(value);
            told.push(Some(value as f64));
        }
        (told, count > 0)
    }
}

fn rounded(count: u64, base: u64) -> u64 {
    if base > 1 { (count + base / 2) / base * base } else { count }
}

/// Of an intersection a kind of atoms is told only where none of it is hidden, and none of its parts.
fn withhold_crossed(published: &mut BTreeMap<Place, [Option<f64>; ATOMS]>, hidden: &BTreeMap<Place, [bool; ATOMS]>) {
    for (place, told) in published.iter_mut() {
        let Some((one, other)) = place.dimension.split_once('*') else { continue };
        let of = |dimension: &str| Place { dimension: dimension.to_owned(), ..place.column() };
        for atom in 0..ATOMS {
            if [one, other, &place.dimension].iter().any(|dimension| hidden[&of(dimension)][atom]) {
                told[atom] = None;
            }
        }
    }
}

fn funnel(truth: &Table, published: &BTreeMap<Place, [Option<f64>; ATOMS]>) -> Value {
    let row = |place: &Place| {
        let mut stages = Map::new();
        for (stage, name) in STAGES.iter().enumerate() {
            let sum: Option<f64> = published[place][stage..].iter().copied().sum();
            stages.insert((*name).to_owned(), json!(sum));
        }
        let Place { profile, channel, window, dimension, group } = place;
        json!({ "profile": profile, "channel": channel, "window": window, "dimension": dimension, "group": group, "stages": stages })
    };
    truth.keys().map(row).collect()
}

/// Counters of events move in steps.
fn stepped(metrics: &str) -> String {
    let line = |line: &str| match line.rsplit_once(' ') {
        Some((name, value)) if name.starts_with("paritywatch_events_total") => {
            let count: f64 = value.parse().unwrap();
            format!("{name} {}\n", (count / 10.0).floor() * 10.0)
        }
        _ => format!("{line}\n"),
    };
    metrics.lines().map(line).collect()
}
