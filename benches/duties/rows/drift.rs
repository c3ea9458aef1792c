//! What rules of kind `drift` say: versions, changes, and the periods of a feedback loop with their cause.

use paritywatch::statistics::{
    Block, LOG_WATCH, LoopPeriod, Pair, PairBlock, PairSeries, Series, TwoSample, loop_cause,
};

use super::random::Random;
use super::{FAIR, FOUND, Promise, Row, Step, VARIATION, alone, judging, row};

/// Days of a quarter.
const QUARTER: u32 = 90;

/// Pairs of blocks of 1,000, a tenth of the group, 5 % picked; the base rate differs and moves.
pub fn versions() -> Vec<Row> {
    let process = |ratio: f64, variation: f64| {
        move |series: f64| -> Step {
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
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        rows.push(row((30, 120, FAIR), format!("version, no change, CV {variation}"), process(1.0, variation)));
    }
    for ratio in [1.25, 1.5, 2.0] {
        rows.push(row((31, 400, FOUND), format!("version, ratio of ratios {ratio}"), process(ratio, 0.0)));
    }
    rows
}

/// Blocks of 50 concluded controls of the group under the old version, and 50 under the new one; 30 % were hits.
pub fn hit_rates() -> Vec<Row> {
    let process = |ratio: f64, variation: f64| {
        move |series: f64| -> Step {
            let (mut process, judging) = (TwoSample::new(1.0), judging(VARIATION, series));
            Box::new(move |random| {
                let rate = |random: &mut Random, rate: f64| (rate * random.factor(variation)).min(0.95);
                let (old, new) = (rate(random, 0.3), rate(random, 0.3 * ratio));
                // Worse is a hit rate that fell: the old version is bet against the new one.
                let (events, reference_events) = (random.binomial(50, old), random.binomial(50, new));
                process.take(Pair { events, exposed: 50, reference_events, reference_exposed: 50 }, &judging);
                process.detector().alarmed()
            })
        }
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        let what = format!("version by hit rate, no change, CV {variation}");
        rows.push(row((32, 400, FAIR), what, process(1.0, variation)));
    }
    for (ratio, name) in [(0.8, "0.8"), (2.0 / 3.0, "2/3")] {
        let what = format!("version by hit rate, falls to {name} of it");
        rows.push(row((33, 400, FOUND), what, process(ratio, 0.0)));
    }
    rows
}

/// The change detector of a disparity: blocks of 1,000, a tenth of the group, 5 % picked.
pub fn changes() -> Vec<Row> {
    /// The block at which the ratio changes.
    const CHANGE: u64 = 200;
    let process = |ratio: f64, (before, variation): (u64, f64)| {
        move |_: f64| -> Step {
            let (mut process, judging) = (Series::new(None), judging(VARIATION, 300.0));
            // The blocks before the change are no part of the delay.
            let mut is_begun = before == 0;
            Box::new(move |random| {
                let mut block = |ratio: f64| {
                    let (own, rest) = (0.05 * ratio * random.factor(variation), 0.05 * random.factor(variation));
                    let (events, reference_events) = (random.seldom(100, own), random.seldom(900, rest));
                    let crude = Pair { events, exposed: 100, reference_events, reference_exposed: 900 };
                    process.take(&Block { crude, ..Block::default() }, &judging);
                };
                if !is_begun {
                    (0..before).for_each(|_| block(1.0));
                    is_begun = true;
                }
                block(ratio);
                process.disparity().log_sr() >= LOG_WATCH
            })
        }
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        // The mean time between two false crossings is 20,000 blocks.
        let what = format!("changing, ratio 1 for 1,000 blocks, CV {variation}");
        rows.push(alone((34, 1_000, FAIR), what, process(1.0, (0, variation))));
    }
    for ratio in [1.25, 1.5, 2.0] {
        let what = format!("changing, ratio {ratio} after {CHANGE} blocks");
        rows.push(alone((35, 400, FOUND), what, process(ratio, (CHANGE, 0.0))));
    }
    rows
}

/// Days of 300 + 2,700 assessed, 5 % picked; quarters after the first, each against it with a level of its own.
pub fn periods() -> Vec<Row> {
    let process = |ratio: f64, variation: f64| {
        move |series: f64| -> Step {
            let (mut day, mut quarter) = (0_u32, 1.0);
            let (mut process, mut reference): (PairSeries, Vec<Pair>) = (PairSeries::new(1.0), Vec::new());
            Box::new(move |random| {
                if reference.is_empty() {
                    reference = (0..QUARTER).map(|_| picks(random, 1.0, variation)).collect();
                }
                let old = reference[(day % QUARTER) as usize];
                let judging = judging(VARIATION, series * std::f64::consts::PI.powi(2) * quarter * quarter / 6.0);
                process.take(&PairBlock { new: picks(random, grown(ratio, day), variation), old }, &judging);
                let alarmed = process.detector().alarmed();
                day += 1;
                if day.is_multiple_of(QUARTER) && !alarmed {
                    (quarter, process) = (quarter + 1.0, PairSeries::new(1.0));
                }
                alarmed
            })
        }
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        let what = format!("share against the first quarter, fair, CV {variation}");
        rows.push(row((70, 720, FAIR), what, process(1.0, variation)));
    }
    rows.push(row((71, 720, FOUND), "share against the first quarter, x1.6 over a year (days)", process(1.6, 0.0)));
    rows
}

/// The picks of a day.
fn picks(random: &mut Random, ratio: f64, variation: f64) -> Pair {
    let (own, rest) = (0.05 * ratio * random.factor(variation), 0.05 * random.factor(variation));
    let (events, reference_events) = (random.poisson(300.0 * own), random.poisson(2_700.0 * rest));
    Pair { events, exposed: 300, reference_events, reference_exposed: 2_700 }
}

/// It rises over a year.
fn grown(ratio: f64, day: u32) -> f64 {
    ratio.powf((f64::from(day) / 365.0).min(1.0))
}

/// The same days with 20 random controls each, a tenth of the group, of which 20 % find a violation; quarters as blocks. Where the last of eight
/// quarters has alarmed, its cause is asked for once, at its end.
pub fn causes() -> Vec<Row> {
    const QUARTERS: u32 = 8;
    let process = |picks_rise: f64, violations_rise: f64, controls: u64| {
        move |series: f64| -> Step {
            let (mut quarter, mut reference) = (0_u32, None);
            Box::new(move |random| {
                let (old_days, old) = reference.get_or_insert_with(|| period(random, |_| (1.0, 1.0), controls));
                quarter += 1;
                let rise = |day: u32| {
                    let day = (quarter - 1) * QUARTER + day;
                    (grown(picks_rise, day), grown(violations_rise, day))
                };
                let (days, new) = period(random, rise, controls);
                if quarter < QUARTERS {
                    return false;
                }
                let part = f64::from(quarter).powi(2) * std::f64::consts::PI.powi(2) / 6.0;
                let (mut process, judging) = (PairSeries::new(1.0), judging(VARIATION, series * part));
                let mut alarmed = false;
                for (new, old) in days.into_iter().zip(old_days.iter()) {
                    process.take(&PairBlock { new, old: *old }, &judging);
                    alarmed |= process.detector().alarmed();
                }
                alarmed && loop_cause(&new, old).is_some_and(|cause| cause.rise_picked > 1.1 && cause.z > 1.645)
            })
        }
    };
    let last = |promise| (72, u64::from(QUARTERS), promise);
    vec![
        row(last(FAIR), "called a loop, picks and violations x1.6, 20 random controls a day", process(1.6, 1.6, 20)),
        row(
            last(Promise::AtLeast(0.5)),
            "called a loop, picks alone x1.6, 20 random controls a day",
            process(1.6, 1.0, 20),
        ),
        row(
            last(Promise::AtLeast(0.9)),
            "called a loop, picks alone x1.6, 80 random controls a day",
            process(1.6, 1.0, 80),
        ),
    ]
}

/// The picks of a quarter by day, and its sums with those of the random controls. `rise` has, of a day, how many times as often the group is
/// picked, and violates.
fn period(random: &mut Random, rise: impl Fn(u32) -> (f64, f64), controls: u64) -> (Vec<Pair>, LoopPeriod) {
    let (mut days, mut sums) = (Vec::new(), LoopPeriod::default());
    for day in 0..QUARTER {
        let (picked, violations) = rise(day);
        let picked = picks(random, picked, 0.0);
        let own = controls / 10;
        let (events, reference_events) = (random.binomial(own, 0.2 * violations), random.binomial(controls - own, 0.2));
        sums.picked = sums.picked.plus(picked);
        sums.random =
            sums.random.plus(Pair { events, exposed: own, reference_events, reference_exposed: controls - own });
        days.push(picked);
    }
    (days, sums)
}
