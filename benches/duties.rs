//! Simulates what the alarms of the rule kinds beside `disparity` promise: false alarms over a lifetime, and delays.
//!
//! `cargo bench --bench duties -- [--seed S] [--runs R]` simulates R streams per figure (default 1,000); each seed is another simulation. A line
//! holds the share of streams that alarmed at level 1/20 and at 1/6,000, and the median number of blocks until they did ("-" where fewer than
//! half did). The noise multiplies the rates of each block, and of each group for itself, by a log-normal factor of mean 1.

#![allow(clippy::indexing_slicing, reason = "months, buckets and days of fixed number")]

use paritywatch::statistics::{
    Direction, Exceedance, Independence, Judging, OneSample, Pair, PairBlock, PairSeries, ShareSeries, TwoSample,
};

/// The cap of a block: `alerting.block_cap`.
const CAP: f64 = 5.0;
/// `block_variation` of every kind that has none of its own.
const VARIATION: f64 = 0.3;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str, default: u64| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|place| arguments.get(place + 1)?.parse().ok()).unwrap_or(default)
    };
    let simulation = Simulation { seed: option("--seed", 1), runs: option("--runs", 1_000) };
    println!(
        "seed {}, {} streams per figure; alarms at 1/20, at 1/6,000 (median blocks)",
        simulation.seed, simulation.runs
    );
    simulation.suitability();
    simulation.coverage();
    simulation.automation();
    simulation.versions();
    simulation.criteria();
    simulation.complaints();
    simulation.stricter();
    simulation.periods();
}

#[derive(Clone, Copy)]
struct Simulation {
    seed: u64,
    runs: u64,
}

/// One stream of random numbers.
struct Random(u64);

impl Random {
    /// From 0 (not included) to 1.
    fn uniform(&mut self) -> f64 {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A log-normal factor of mean 1.
    fn factor(&mut self, variation: f64) -> f64 {
        if variation == 0.0 {
            return 1.0;
        }
        let variance = (1.0 + variation * variation).ln();
        (variance.sqrt() * self.normal() - variance / 2.0).exp()
    }

    fn binomial(&mut self, trials: u64, chance: f64) -> u64 {
        (0..trials).filter(|_| self.uniform() < chance).count() as u64
    }

    fn poisson(&mut self, mean: f64) -> u64 {
        let (mut count, mut left) = (0, mean);
        loop {
            left += self.uniform().ln();
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    }
}

/// Returns whether the process has alarmed, after one more block.
type Step<'s> = Box<dyn FnMut(&mut Random) -> bool + 's>;

fn judging(variation: f64, series: f64) -> Judging {
    Judging { variation, cap: CAP, log_level: (series / 0.05).ln() }
}

impl Simulation {
    /// Prints the figures of one kind of stream.
    fn line(self, figure: u64, what: &str, blocks: u64, process: impl Fn(f64) -> Step<'static> + Sync) {
        let figures: Vec<String> =
            [1.0, 300.0].into_iter().map(|series| self.alarms(figure, blocks, series, &process)).collect();
        println!("{what}: {}", figures.join(", "));
    }

    fn alarms(self, figure: u64, blocks: u64, series: f64, process: &(impl Fn(f64) -> Step<'static> + Sync)) -> String {
        let run = |index: u64| {
            let mut random = Random(self.seed.wrapping_mul(1 << 40).wrapping_add(figure << 32).wrapping_add(index));
            let mut step = process(series);
            (1..=blocks).find(|_| step(&mut random))
        };
        let half = self.runs / 2;
        let mut delays: Vec<u64> = std::thread::scope(|scope| {
            let second = scope.spawn(|| (half..self.runs).filter_map(run).collect::<Vec<u64>>());
            let mut first: Vec<u64> = (0..half).filter_map(run).collect();
            first.extend(second.join().unwrap_or_default());
            first
        });
        delays.sort_unstable();
        let median = delays.get(usize::try_from(self.runs / 2).unwrap_or(0)).map_or("-".to_owned(), u64::to_string);
        format!("{:.2} % ({median})", delays.len() as f64 / self.runs as f64 * 100.0)
    }

    /// Blocks of 50 concluded, 15 of them of the random channel.
    fn suitability(self) {
        let process = |base: f64, ratio: f64, variation: f64, is_shown: bool| {
            move |series: f64| -> Step<'static> {
                let (mut process, judging) = (TwoSample::new(1.0), judging(VARIATION, series));
                Box::new(move |random| {
                    let rate = |random: &mut Random, rate: f64| (rate * random.factor(variation)).min(0.95);
                    let (own, chance) = (rate(random, base * ratio), rate(random, base));
                    let own = random.binomial(35, own);
                    let chance = random.binomial(15, chance);
                    let pair = Pair { events: own, exposed: 35, reference_events: chance, reference_exposed: 15 };
                    process.take(if is_shown { pair } else { pair.swapped() }, &judging);
                    process.detector().alarmed()
                })
            }
        };
        for variation in [0.0, 0.2, 0.4] {
            self.line(
                1,
                &format!("not suitable, equal rates, CV {variation}"),
                800,
                process(0.2, 1.0, variation, false),
            );
            self.line(2, &format!("shown, equal rates, CV {variation}"), 800, process(0.2, 1.0, variation, true));
        }
        self.line(3, "not suitable, ratio 2/3", 800, process(0.2, 2.0 / 3.0, 0.0, false));
        self.line(4, "shown, ratio 1.25", 800, process(0.2, 1.25, 0.0, true));
        self.line(5, "shown, ratio 1.5", 800, process(0.2, 1.5, 0.0, true));
    }

    /// Blocks of 200 controls, 60 of them of the group.
    fn coverage(self) {
        let overall = |missing: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                let (mut process, judging) = (OneSample::new(0.05, Direction::Above), judging(VARIATION, series));
                Box::new(move |random| {
                    let rate = missing * random.factor(variation);
                    process.take(random.binomial(200, rate), 200, &judging);
                    process.detector().alarmed()
                })
            }
        };
        let unequal = |ratio: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                // Each direction has half of the level.
                let (mut process, judging) = (TwoSample::new(1.0), judging(VARIATION, 2.0 * series));
                Box::new(move |random| {
                    let (own, rest) = (0.05 * ratio * random.factor(variation), 0.05 * random.factor(variation));
                    let (events, reference_events) = (random.binomial(60, own), random.binomial(140, rest));
                    process.take(Pair { events, exposed: 60, reference_events, reference_exposed: 140 }, &judging);
                    process.detector().alarmed()
                })
            }
        };
        for variation in [0.0, 0.2, 0.4] {
            self.line(10, &format!("coverage 95 % asked, 5 % missing, CV {variation}"), 400, overall(0.05, variation));
            self.line(11, &format!("coverage unequal, equal rates, CV {variation}"), 400, unequal(1.0, variation));
        }
        self.line(12, "coverage 95 % asked, 10 % missing", 400, overall(0.10, 0.0));
        self.line(13, "coverage unequal, ratio 2", 400, unequal(2.0, 0.0));
    }

    /// Blocks of 200 selected; 2 % not followed are asked for.
    fn automation(self) {
        let process = |not_followed: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                let (mut process, judging) = (OneSample::new(0.02, Direction::Below), judging(VARIATION, series));
                Box::new(move |random| {
                    let rate = not_followed * random.factor(variation);
                    process.take(random.binomial(200, rate), 200, &judging);
                    process.detector().alarmed()
                })
            }
        };
        for variation in [0.0, 0.2, 0.4] {
            self.line(20, &format!("follow-through, 2 % not followed, CV {variation}"), 400, process(0.02, variation));
        }
        for not_followed in [0.0, 0.005, 0.01] {
            let what = format!("follow-through, {} % not followed", not_followed * 100.0);
            self.line(21, &what, 400, process(not_followed, 0.0));
        }
    }

    /// Pairs of blocks of 1,000, a tenth of the group, 5 % picked; the base rate differs and moves.
    fn versions(self) {
        let process = |ratio: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                let (mut process, judging) = (PairSeries::new(1.0), judging(VARIATION, series));
                Box::new(move |random| {
                    let mut pair = |base: f64, ratio: f64| {
                        let (own, rest) = (base * ratio * random.factor(variation), base * random.factor(variation));
                        let (events, reference_events) = (random.binomial(100, own), random.binomial(900, rest));
                        Pair { events, exposed: 100, reference_events, reference_exposed: 900 }
                    };
                    process.take(&PairBlock { new: pair(0.08, ratio), old: pair(0.05, 1.0) }, &judging);
                    process.detector().alarmed()
                })
            }
        };
        for variation in [0.0, 0.2, 0.4] {
            self.line(30, &format!("version, no change, CV {variation}"), 120, process(1.0, variation));
        }
        for ratio in [1.25, 1.5, 2.0] {
            self.line(31, &format!("version, ratio of ratios {ratio}"), 400, process(ratio, 0.0));
        }
    }

    /// Blocks of 1,000, a fifth of the group, a criterion that 30 % have.
    fn criteria(self) {
        let process = |difference: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                let (mut process, judging) = (Independence::new(2, 2), judging(0.1, series));
                Box::new(move |random| {
                    let (own, rest) = ((0.3 + difference) * random.factor(variation), 0.3 * random.factor(variation));
                    let (own, rest) = (random.binomial(200, own), random.binomial(800, rest));
                    process.take(&[vec![own, 200 - own], vec![rest, 800 - rest]], &judging);
                    process.detector().alarmed()
                })
            }
        };
        for variation in [0.0, 0.1, 0.2] {
            self.line(40, &format!("criterion, no association, CV {variation}"), 150, process(0.0, variation));
        }
        for difference in [0.06, 0.12] {
            self.line(41, &format!("criterion, difference {difference}"), 150, process(difference, 0.0));
        }
    }

    /// Blocks of 20 complaints, 30 % of the controls are of the group; and months of 30 complaints over four years after the first.
    fn complaints(self) {
        let skew = |ratio: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                let (mut process, judging) = (ShareSeries::new(1.0), judging(0.4, series));
                Box::new(move |random| {
                    let (own, rest) = (0.3 * ratio * random.factor(variation), 0.7 * random.factor(variation));
                    let events = random.binomial(20, own / (own + rest));
                    process.take(events, 20 - events, 300.0, 700.0, &judging);
                    process.detector().alarmed()
                })
            }
        };
        let rise = |ratio: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                let (mut year, mut month) = (1.0, 0);
                let (mut process, mut reference) = (ShareSeries::new(1.0), Vec::new());
                Box::new(move |random| {
                    if reference.is_empty() {
                        reference = (0..12).map(|_| (30.0 * random.factor(variation), 0)).collect();
                        reference.iter_mut().for_each(|(mean, events)| *events = random.poisson(*mean));
                    }
                    // Each year has a process and a level of its own.
                    let judging = judging(0.15, series * std::f64::consts::PI.powi(2) * year * year / 6.0);
                    let mean = 30.0 * ratio * random.factor(variation);
                    let own = random.poisson(mean);
                    process.take(own, reference[month].1, 1.0, 1.0, &judging);
                    let alarmed = process.detector().alarmed();
                    month = (month + 1) % 12;
                    if month == 0 && !alarmed {
                        (year, process) = (year + 1.0, ShareSeries::new(1.0));
                    }
                    alarmed
                })
            }
        };
        for variation in [0.0, 0.2, 0.4] {
            self.line(50, &format!("complaints skewed, equal rates, CV {variation}"), 400, skew(1.0, variation));
            self.line(51, &format!("complaints rising, equal rates, CV {variation}"), 48, rise(1.0, variation));
        }
        for ratio in [1.5, 2.0] {
            self.line(52, &format!("complaints skewed, ratio {ratio}"), 400, skew(ratio, 0.0));
            self.line(53, &format!("complaints rising, ratio {ratio}"), 48, rise(ratio, 0.0));
        }
    }

    /// Blocks of 10 + 40 log-normal durations (sd of the log 0.8), in buckets of 3 %.
    fn stricter(self) {
        let process = |ratio: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                let (mut process, judging) = (Exceedance::new(), judging(0.15, series));
                Box::new(move |random| {
                    let mut values = |count: usize, scale: f64| {
                        let scale = scale * random.factor(variation);
                        let mut buckets = vec![0_u64; 400];
                        for _ in 0..count {
                            let log = (scale * (0.8 * random.normal()).exp()).ln() / 0.03 + 200.0;
                            buckets[log.clamp(0.0, 399.0) as usize] += 1;
                        }
                        buckets
                    };
                    let (own, rest) = (values(10, ratio), values(40, 1.0));
                    process.take(&own, &rest, &judging);
                    process.alarmed()
                })
            }
        };
        for variation in [0.0, 0.15] {
            self.line(60, &format!("duration, equal, scale CV {variation}"), 150, process(1.0, variation));
        }
        for ratio in [1.25, 1.5] {
            self.line(61, &format!("duration, {ratio} times as long"), 400, process(ratio, 0.0));
        }
    }

    /// Days of 300 + 2,700 assessed, 5 % picked; quarters after the first, each against it with a level of its own.
    fn periods(self) {
        let process = |ratio: f64, variation: f64| {
            move |series: f64| -> Step<'static> {
                let (mut day, mut quarter) = (0_u32, 1.0);
                let (mut process, mut reference): (PairSeries, Vec<Pair>) = (PairSeries::new(1.0), Vec::new());
                Box::new(move |random| {
                    let mut of_day = |ratio: f64| {
                        let (own, rest) = (0.05 * ratio * random.factor(variation), 0.05 * random.factor(variation));
                        let (events, reference_events) = (random.poisson(300.0 * own), random.poisson(2_700.0 * rest));
                        Pair { events, exposed: 300, reference_events, reference_exposed: 2_700 }
                    };
                    if reference.is_empty() {
                        reference = (0..90).map(|_| of_day(1.0)).collect();
                    }
                    // It rises over a year.
                    let grown = ratio.powf((f64::from(day) / 365.0).min(1.0));
                    let old = reference[(day % 90) as usize];
                    let judging = judging(VARIATION, series * std::f64::consts::PI.powi(2) * quarter * quarter / 6.0);
                    process.take(&PairBlock { new: of_day(grown), old }, &judging);
                    let alarmed = process.detector().alarmed();
                    day += 1;
                    if day.is_multiple_of(90) && !alarmed {
                        (quarter, process) = (quarter + 1.0, PairSeries::new(1.0));
                    }
                    alarmed
                })
            }
        };
        for variation in [0.0, 0.2, 0.4] {
            self.line(
                70,
                &format!("share against the first quarter, fair, CV {variation}"),
                720,
                process(1.0, variation),
            );
        }
        self.line(71, "share against the first quarter, x1.6 over a year (days)", 720, process(1.6, 0.0));
    }
}
