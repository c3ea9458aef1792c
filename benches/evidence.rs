//! Simulates what sequential evidence promises and what it costs: one figure for each target of the design.
//!
//! `cargo bench --bench evidence -- [--seed S] [--runs R] [--families F]` simulates R streams per figure (default 1,000) and F families of 300
//! series (default 20). Each seed is another simulation; the figures in RESULTS.md name theirs. `--only fair` prints the rows of fair series
//! whose rates vary between blocks, by base rate and kind of variation, and nothing else; `--only complaints` those of complaints, `--only
//! intersections` those of intersections.

#![allow(clippy::indexing_slicing, reason = "families of fixed size")]

#[path = "support/complaints.rs"]
mod complaints;

use std::time::Instant;

use paritywatch::scenario::{BlockShape, Blocks, Drift, Noise, Watching};
use paritywatch::statistics::{Block, Inheritance, Judging, Pair, Series, family_weights};

const ALPHA: f64 = 0.05;
const FAMILY: u64 = 300;
const CRITICAL: f64 = 1.25;
/// The cap of a block with the allowance: `alerting.block_cap`.
const CAP: f64 = 5.0;
/// The number of blocks of a fair series in `Simulation::fair`.
const FAIR_BLOCKS: u64 = 150;
/// The number of blocks of 1,000 in the life of a series of 10 million persons.
const LIFE: u64 = 10_000;

/// Nothing is wrong: a tenth of the exposed are monitored, and 5 % of everybody are picked.
const FAIR: BlockShape = BlockShape {
    exposed: 1_000,
    share: 0.1,
    base_rate: 0.05,
    ratio: 1.0,
    change: None,
    drift: Drift::None,
    variation: 0.0,
    noise: Noise::LogNormal,
};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str, default: u64| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|place| arguments.get(place + 1)?.parse().ok()).unwrap_or(default)
    };
    let simulation = Simulation { seed: option("--seed", 1), runs: option("--runs", 1_000) };
    println!("seed {}, {} streams per figure", simulation.seed, simulation.runs);
    let families = option("--families", 20);
    if arguments.windows(2).any(|pair| pair == ["--only", "fair"]) {
        return simulation.fair(families);
    }
    if arguments.windows(2).any(|pair| pair == ["--only", "complaints"]) {
        return simulation.complaints();
    }
    if arguments.windows(2).any(|pair| pair == ["--only", "intersections"]) {
        return simulation.intersections();
    }
    steps();
    simulation.delays();
    simulation.variation();
    simulation.clearing();
    simulation.families(families);
    simulation.fair(families);
    simulation.complaints();
    simulation.intersections();
}

/// A run of this program.
#[derive(Clone, Copy)]
struct Simulation {
    seed: u64,
    runs: u64,
}

/// Without an allowance there is no cap either.
fn judging(variation: f64, series: u64) -> Judging {
    Judging { variation, cap: if variation > 0.0 { CAP } else { 0.0 }, log_level: (series as f64 / ALPHA).ln() }
}

/// Measures the nanoseconds that one block takes in one series, for one hypothesis and for two.
fn steps() {
    for (what, material) in [("one hypothesis", None), ("two hypotheses", Some(1.25))] {
        let mut blocks = Blocks::new(FAIR, 7);
        let blocks: Vec<Block> = (0..1_000).map(|_| blocks.next_block()).collect();
        let mut series = Series::new(material);
        let judging = judging(0.3, 300);
        let start = Instant::now();
        for _ in 0..300 {
            blocks.iter().for_each(|block| series.take(std::hint::black_box(block), &judging));
        }
        let nanoseconds = start.elapsed().as_nanos() as f64 / 300_000.0;
        println!("step, both detectors, {what}: {nanoseconds:.0} ns; {} bytes", size_of::<Series>());
        std::hint::black_box(series.disparity().log_e());
    }
}

impl Simulation {
    /// Simulates the streams of a figure on two threads. Each figure has seeds of its own.
    fn map<T: Send>(self, figure: u64, runs: u64, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
        let seed = |index: u64| self.seed.wrapping_mul(1 << 40).wrapping_add(figure << 32).wrapping_add(index);
        let half = runs / 2;
        std::thread::scope(|scope| {
            let second = scope.spawn(|| (half..runs).map(|index| run(seed(index))).collect::<Vec<T>>());
            let mut results: Vec<T> = (0..half).map(|index| run(seed(index))).collect();
            results.extend(second.join().unwrap_or_default());
            results
        })
    }

    /// Returns the median number of persons from the change (or from the start) to the alarm.
    fn median_persons(
        self,
        figure: u64,
        shape: BlockShape,
        judging: Judging,
        watching: Watching,
        limit: u64,
    ) -> String {
        let change = shape.change.map_or(0, |(from, _)| from);
        let delays =
            self.map(figure, self.runs, |seed| Blocks::new(shape, seed).until(watching, &judging, change + limit));
        // An alarm before the change is a false alarm, not a short delay.
        let mut delays: Vec<u64> = delays
            .into_iter()
            .map(|delay| delay.unwrap_or(change + limit))
            .filter(|delay| *delay > change)
            .map(|delay| delay - change)
            .collect();
        delays.sort_unstable();
        let median = delays.get(delays.len() / 2).copied().unwrap_or(0);
        format!("{} (median of {})", median * shape.exposed, delays.len())
    }

    /// How long a disparity takes to be found at a main group and at its intersection, in blocks: 5 main series and 6 of intersections.
    fn intersections(self) {
        /// Blocks of a family's life.
        const BLOCKS: usize = 120;
        for (figure, what, ratios) in [
            (60, "nothing", [1.0; 6]),
            (61, "origin 1 at 1.5", [1.0, 1.0, 1.5, 1.5, 1.0, 1.0]),
            (62, "origin 1 x gender 1 at 1.5", [1.0, 1.0, 1.5, 1.0, 1.0, 1.0]),
            (63, "origin 1 x gender 1 at 2", [1.0, 1.0, 2.0, 1.0, 1.0, 1.0]),
        ] {
            for (how, of_level) in [("share 0.1", Some(0.1)), ("all alike", None), ("no intersections", Some(0.0))] {
                let alarms =
                    self.map(figure, self.runs, |seed| CrossedFamily::new(of_level).alarms(seed, &ratios, BLOCKS));
                let median = |series: usize| {
                    let mut at: Vec<usize> = alarms
                        .iter()
                        .map(|alarms| alarms.get(series).copied().flatten().unwrap_or(BLOCKS + 1))
                        .collect();
                    at.sort_unstable();
                    at.get(at.len() / 2).copied().unwrap_or(0)
                };
                let any: Vec<bool> = alarms.iter().map(|alarms| alarms.iter().any(Option::is_some)).collect();
                // The place of origin 1, and of origin 1 x gender 1.
                let (main, crossed) = (median(1), median(5 + 2));
                println!(
                    "{what}, {how}: median block of origin 1 {main}, of its intersection {crossed}; any {}",
                    share(&any)
                );
            }
        }
    }

    /// How long a disparity takes to be found.
    fn delays(self) {
        for (ratio, figure) in [(1.5, 10), (2.0, 20)] {
            let from_start = BlockShape { ratio, ..FAIR };
            let later = BlockShape { change: Some((200, ratio)), ..FAIR };
            let line = |what: &str, offset: u64, shape: BlockShape, judging: Judging, watching: Watching| {
                let persons = self.median_persons(figure + offset, shape, judging, watching, 5_000);
                println!("persons to alarm, ratio {ratio}, {what}: {persons}");
            };
            line("from the start, without allowance", 0, from_start, judging(0.0, 1), Watching::Alarm);
            line("from the start, with allowance", 1, from_start, judging(0.3, 1), Watching::Alarm);
            line("after block 200, with allowance", 2, later, judging(0.3, 1), Watching::Alarm);
            line("after block 200, with allowance, watch list", 3, later, judging(0.3, 1), Watching::WatchList);
            line("after block 200, with allowance, level / 300", 4, later, judging(0.3, FAMILY), Watching::Alarm);
        }
        // For a hit rate lower is worse, so the groups change places: the reference (70 %) has 1.5 times the rate of the group.
        let hits = BlockShape { exposed: 50, share: 0.7, base_rate: 0.2, ratio: 1.5, ..FAIR };
        let before = BlockShape { base_rate: 0.3, ratio: 1.0, ..hits };
        let from_start = self.median_persons(30, hits, judging(0.3, 1), Watching::Alarm, 5_000);
        println!("controls to alarm, hit rate 30 -> 20 %, from the start: {from_start}");
        let mut delays = self.map(31, self.runs, |seed| {
            let mut series = Series::new(None);
            let fair = Blocks::new(before, seed).continue_until(&mut series, Watching::Alarm, &judging(0.3, 1), 100);
            let later = Blocks::new(hits, seed ^ 0x5555);
            fair.is_none().then(|| later.clone().continue_until(&mut series, Watching::Alarm, &judging(0.3, 1), 5_000))
        });
        delays.retain(Option::is_some);
        let mut delays: Vec<u64> = delays.into_iter().map(|delay| delay.flatten().unwrap_or(5_000)).collect();
        delays.sort_unstable();
        println!(
            "controls to alarm, hit rate 30 -> 20 %, after block 100: {}",
            delays.get(delays.len() / 2).unwrap_or(&0) * 50
        );
    }

    /// How often a fair series alarms where each group's own rate varies.
    fn variation(self) {
        for (index, variation) in [0.0, 0.1, 0.2, 0.4].into_iter().enumerate() {
            for exposed in [1_000, 10_000] {
                let shape = BlockShape { exposed, variation, ..FAIR };
                let alarms = self.alarms(40 + index as u64 * 4 + exposed / 5_000, shape, judging(0.3, 1), 1_000);
                println!("lifetime false alarms, variation {variation}, 1,000 blocks of {exposed}: {alarms}");
            }
        }
    }

    /// How often fair series, and fair families of 300, alarm where each group's own rate varies: without a cap and with it. Streams of the
    /// level 1 / 6,000 are those of the families.
    fn fair(self, families: u64) {
        println!("fair series, {FAIR_BLOCKS} blocks of 1,000, without a cap -> with it");
        let noises = [(Noise::LogNormal, "log-normal"), (Noise::Gamma, "gamma"), (Noise::Shocks, "shocks")];
        for (row, base_rate) in (100..).step_by(10).zip([0.01, 0.05, 0.2, 0.5]) {
            for (column, variation) in (0..).step_by(3).zip([0.2, 0.4]) {
                for (noise, (kind, name)) in (0..).zip(noises) {
                    let shape = BlockShape { base_rate, variation, noise: kind, ..FAIR };
                    let figure = |cap: f64| self.fair_figure(row + column + noise, shape, cap, families);
                    let (without, with) = (figure(0.0), figure(CAP));
                    println!("base rate {base_rate}, variation {variation}, {name}: {without} -> {with}");
                }
            }
        }
    }

    fn fair_figure(self, figure: u64, shape: BlockShape, cap: f64, families: u64) -> String {
        let alarmed = |judging: Judging| {
            move |seed| Blocks::new(shape, seed).until(Watching::Alarm, &judging, FAIR_BLOCKS).is_some()
        };
        let single = self.map(figure, self.runs, alarmed(Judging { cap, ..judging(0.3, 1) }));
        let members = self.map(figure, families * FAMILY, alarmed(Judging { cap, ..judging(0.3, FAMILY) }));
        let hit = members.chunks(FAMILY as usize).filter(|family| family.contains(&true)).count();
        format!("1/20: {}, 1/6000: {}, families: {hit} of {families}", share(&single), share(&members))
    }

    fn alarms(self, figure: u64, shape: BlockShape, judging: Judging, life: u64) -> String {
        let alarms = self
            .map(figure, self.runs, |seed| Blocks::new(shape, seed).until(Watching::Alarm, &judging, life).is_some());
        share(&alarms)
    }

    /// How fast an alarm clears after the disparity has ended, and how often it clears falsely. It clears on evidence that the ratio is below the
    /// critical threshold.
    fn clearing(self) {
        for (figure, variation) in [(60, 0.0), (61, 0.3)] {
            let judging = judging(variation, 1);
            let mut delays = self.map(figure, self.runs, |seed| {
                let mut series = Series::new(Some(CRITICAL));
                let skewed = BlockShape { change: Some((200, 2.0)), ..FAIR };
                Blocks::new(skewed, seed).continue_until(&mut series, Watching::Alarm, &judging, 1_000);
                blocks_to_clear(&mut series, &mut Blocks::new(FAIR, seed ^ 0x5555), &judging, 5_000).unwrap_or(5_000)
            });
            delays.sort_unstable();
            let median = delays.get(delays.len() / 2).unwrap_or(&0);
            println!(
                "blocks to clear, ratio 1 -> 2 (block 200) -> 1, variation allowed {variation}: {median} (median of {})",
                delays.len()
            );
        }
        for (figure, ratio, variation) in
            [(62, 1.25, 0.3), (63, 1.5, 0.3), (64, 2.0, 0.3), (65, 1.25, 0.0), (66, 1.5, 0.0), (67, 2.0, 0.0)]
        {
            let judging = judging(variation, 1);
            let cleared = self.map(figure, self.runs, |seed| {
                let mut series = Series::new(Some(CRITICAL));
                let mut skewed = Blocks::new(BlockShape { ratio, ..FAIR }, seed);
                skewed.continue_until(&mut series, Watching::Alarm, &judging, 5_000);
                blocks_to_clear(&mut series, &mut skewed, &judging, 600).is_some()
            });
            println!(
                "false clears in 600 blocks, ratio stays {ratio}, variation allowed {variation}: {}",
                share(&cleared)
            );
        }
    }

    /// How often complaints that are fair alarm in a lifetime, and how long others take.
    fn complaints(self) {
        type Alarm = fn(u64, (f64, f64), f64) -> Option<u64>;
        let alarms: [(&str, Alarm); 2] = [("skew, blocks", complaints::skew), ("rise, months", complaints::rise)];
        for (figure, (what, alarm)) in (200..).step_by(50).zip(alarms) {
            let shapes =
                [0.0, 0.2, 0.4].into_iter().flat_map(|variation| [1.0, 1.25, 1.5, 2.0].map(|ratio| (ratio, variation)));
            for (row, shape) in (0..).step_by(2).zip(shapes) {
                for (column, level) in (0..).zip(complaints::LEVELS) {
                    let alarms = self.map(figure + row + column, self.runs, |seed| alarm(seed, shape, level));
                    let alarmed: Vec<bool> = alarms.iter().map(Option::is_some).collect();
                    let mut delays: Vec<u64> = alarms.iter().map(|alarm| alarm.unwrap_or(u64::MAX)).collect();
                    delays.sort_unstable();
                    let median = delays.get(delays.len() / 2).filter(|delay| **delay < u64::MAX);
                    let median = median.map_or_else(|| "none".to_owned(), u64::to_string);
                    let ((ratio, variation), one_in) = (shape, (1.0 / level).round());
                    println!(
                        "{what}, ratio {ratio}, variation {variation}, 1/{one_in}: {} alarmed, median {median}",
                        share(&alarmed)
                    );
                }
            }
        }
    }

    /// How often fair families of 300 series of 10 million persons alarm. A third of the series each has a steady base rate, a wave and jumps.
    /// Simpson streams are judged within strata and, to compare with, crude.
    fn families(self, families: u64) {
        for (figure, what, variation) in [(70, "without allowance", 0.0), (71, "with allowance", 0.3)] {
            let judging = judging(variation, FAMILY);
            let worst = self.map(figure, families * FAMILY, |seed| {
                let drift = match seed % 3 {
                    0 => Drift::None,
                    1 => Drift::Wave,
                    _ => Drift::Jumps,
                };
                Blocks::new(BlockShape { drift, ..FAIR }, seed).until(Watching::Alarm, &judging, LIFE).is_some()
            });
            report(&format!("drifting base rates, {what}"), &worst, families);
        }
        let judging = judging(0.0, FAMILY);
        let simpson = self.map(72, families * FAMILY / 10, |seed| {
            Blocks::new(BlockShape { drift: Drift::Simpson, ..FAIR }, seed)
                .until(Watching::Alarm, &judging, LIFE)
                .is_some()
        });
        let count = simpson.iter().filter(|alarm| **alarm).count();
        println!("Simpson streams, stratified, level / 300, 10 M persons: {count} of {} series alarmed", simpson.len());
        let crude = self.map(73, 100, |seed| {
            let mut blocks = Blocks::new(BlockShape { drift: Drift::Simpson, ..FAIR }, seed);
            let mut series = Series::new(None);
            (0..LIFE).any(|_| {
                let crude: Pair = blocks.next_block().crude;
                series.take(&Block { crude, ..Block::default() }, &judging);
                series.disparity().alarmed()
            })
        });
        println!("the same, crude: {} of {} alarmed", crude.iter().filter(|alarm| **alarm).count(), crude.len());
    }
}

fn share(results: &[bool]) -> String {
    if results.is_empty() {
        return "not simulated".to_owned();
    }
    let count = results.iter().filter(|result| **result).count();
    format!("{:.2} % ({count} of {})", 100.0 * count as f64 / results.len() as f64, results.len())
}

fn blocks_to_clear(series: &mut Series, blocks: &mut Blocks, judging: &Judging, limit: u64) -> Option<u64> {
    (1..=limit).find(|_| {
        series.take(&blocks.next_block(), judging);
        !series.disparity().alarmed()
    })
}

/// Prints the false alarms of families. A family has alarmed when any of its series has.
fn report(what: &str, alarms: &[bool], families: u64) {
    let families_alarmed = alarms.chunks(FAMILY as usize).filter(|family| family.contains(&true)).count();
    let series = alarms.iter().filter(|alarm| **alarm).count();
    println!(
        "lifetime false alarms, families of 300 x 10 M persons, {what}: {families_alarmed} of {families} families ({series} series)"
    );
}

/// Series of three origins, two genders and their six intersections, each against the rest.
struct CrossedFamily {
    series: Vec<Series>,
    log_levels: Vec<f64>,
    inheritance: Inheritance,
}

impl CrossedFamily {
    /// The share of each origin among the exposed; genders are halves.
    const ORIGINS: [f64; 3] = [0.7, 0.2, 0.1];
    const EXPOSED: u64 = 4_000;

    /// With the intersections' share of the level; `None` for a level that all share alike, without inheritance. With a share of 0 there are
    /// no intersections.
    fn new(share: Option<f64>) -> Self {
        let (main, crossed) = match share {
            Some(share) => family_weights(5, if share > 0.0 { 6 } else { 0 }, share),
            None => (1.0 / 11.0, 1.0 / 11.0),
        };
        let log_level = |series: usize| (1.0 / (ALPHA * if series < 5 { main } else { crossed })).ln();
        // An origin has two heirs, a gender three.
        let children = vec![vec![0, 1], vec![2, 3], vec![4, 5], vec![0, 2, 4], vec![1, 3, 5]];
        let children = if share.is_some_and(|share| share > 0.0) { children } else { vec![Vec::new(); 5] };
        Self {
            series: (0..11).map(|_| Series::new(Some(CRITICAL))).collect(),
            log_levels: (0..11).map(log_level).collect(),
            inheritance: Inheritance::new(children, 6),
        }
    }

    /// Returns the block at which each series alarms first: the origins, the genders, and the intersections.
    fn alarms(mut self, seed: u64, ratios: &[f64; 6], blocks: usize) -> Vec<Option<usize>> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut first = vec![None; 11];
        for block in 1..=blocks {
            let cells: Vec<(u64, u64)> = (0..6)
                .map(|cell| {
                    let exposed = (Self::EXPOSED as f64 * Self::ORIGINS[cell / 2] / 2.0) as u64;
                    let picked = (0..exposed).filter(|_| uniform() < 0.05 * ratios[cell]).count();
                    (picked as u64, exposed)
                })
                .collect();
            #[expect(clippy::needless_range_loop, reason = "the place names a series")]
            for place in 0..11 {
                let is_own = |cell: usize| match place {
                    0..3 => cell / 2 == place,
                    3..5 => cell % 2 == place - 3,
                    _ => cell == place - 5,
                };
                self.take(place, pair(&cells, is_own));
                if self.series[place].disparity().alarmed() {
                    first[place].get_or_insert(block);
                }
            }
        }
        first
    }

    fn take(&mut self, place: usize, crude: Pair) {
        let (own, epoch) = (self.log_levels[place], self.series[place].disparity().epoch());
        let log_level = if place < 5 { own } else { self.inheritance.log_level(place - 5, own, epoch) };
        // Without intersections nothing is asked of them.
        if !own.is_finite() {
            return;
        }
        let judging = Judging { variation: 0.3, cap: CAP, log_level: own };
        let block = Block { crude, ..Block::default() };
        self.series[place].take_at(&block, &judging, log_level);
        let detector = self.series[place].disparity();
        if place < 5 && detector.alarmed() {
            self.inheritance.main_alarmed(place, detector.epoch(), own);
        } else if place >= 5 && detector.epoch() != epoch {
            self.inheritance.intersection_cleared(place - 5);
        }
    }
}

/// The cells of a group against all others.
fn pair(cells: &[(u64, u64)], is_own: impl Fn(usize) -> bool) -> Pair {
    cells.iter().enumerate().fold(Pair::default(), |mut pair, (cell, (picked, exposed))| {
        if is_own(cell) {
            (pair.events, pair.exposed) = (pair.events + picked, pair.exposed + exposed);
        } else {
            pair.reference_events += picked;
            pair.reference_exposed += exposed;
        }
        pair
    })
}
