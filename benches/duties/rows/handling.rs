//! What rules say of how cases were handled: duration, intensity, kinds of control, sanctions.

use paritywatch::statistics::{Exceedance, Pair, TwoSample};

use super::random::Random;
use super::{FAIR, FOUND, Row, Step, VARIATION, judging, row};

/// `block_variation` of rules that compare values.
const OF_VALUES: f64 = 0.15;

/// Blocks of 10 + 40 log-normal durations (sd of the log 0.8), in buckets of 3 %.
pub fn durations() -> Vec<Row> {
    let mut rows = Vec::new();
    for variation in [0.0, 0.15] {
        let what = format!("duration, equal, scale CV {variation}");
        rows.push(row(
            (60, 150, FAIR),
            what,
            exceeding((10, 40), move |random, of_group| lognormal(random, of_group, 1.0, variation)),
        ));
    }
    for ratio in [1.25, 1.5] {
        rows.push(row(
            (61, 400, FOUND),
            format!("duration, {ratio} times as long"),
            exceeding((10, 40), move |random, of_group| lognormal(random, of_group, ratio, 0.0)),
        ));
    }
    rows
}

/// Blocks of 10 + 40 intensities (mean 4, sd 2), in buckets of a half.
pub fn intensities() -> Vec<Row> {
    let intensity = |shift: f64, variation: f64| {
        exceeding((10, 40), move |random: &mut Random, of_group: bool| {
            let mean = (4.0 + if of_group { shift } else { 0.0 }) * random.factor(variation);
            Box::new(move |random: &mut Random| ((mean + 2.0 * random.normal()) * 2.0).round().clamp(0.0, 20.0))
        })
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.15] {
        rows.push(row((62, 150, FAIR), format!("intensity, equal, CV {variation}"), intensity(0.0, variation)));
    }
    for shift in [0.5, 1.0] {
        rows.push(row((63, 400, FOUND), format!("intensity, higher by {shift}"), intensity(shift, 0.0)));
    }
    rows
}

/// Blocks of 10 + 40 amounts of sanctioned hits (log-normal, sd of the log 0.8), in buckets of 3 %.
pub fn amounts() -> Vec<Row> {
    let amount = |ratio: f64, variation: f64| {
        exceeding((10, 40), move |random, of_group| lognormal(random, of_group, ratio, variation))
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.15] {
        rows.push(row(
            (66, 150, FAIR),
            format!("sanction amount, equal, scale CV {variation}"),
            amount(1.0, variation),
        ));
    }
    for ratio in [1.25, 1.5] {
        rows.push(row((67, 400, FOUND), format!("sanction amount, {ratio} times as high"), amount(ratio, 0.0)));
    }
    rows
}

/// Rates of controls and of hits in blocks of 15 + 35: a fifth are strict controls, and 60 % of the hits are sanctioned.
pub fn rates() -> Vec<Row> {
    let process = |base: f64, ratio: f64, variation: f64| {
        move |series: f64| -> Step {
            let (mut process, judging) = (TwoSample::new(1.0), judging(VARIATION, series));
            Box::new(move |random| {
                let rate = |random: &mut Random, rate: f64| (rate * random.factor(variation)).min(0.98);
                let (own, rest) = (rate(random, base * ratio), rate(random, base));
                let (events, reference_events) = (random.binomial(15, own), random.binomial(35, rest));
                process.take(Pair { events, exposed: 15, reference_events, reference_exposed: 35 }, &judging);
                process.detector().alarmed()
            })
        }
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        rows.push(row((64, 400, FAIR), format!("strict rate, equal, CV {variation}"), process(0.2, 1.0, variation)));
        rows.push(row((65, 400, FAIR), format!("sanction rate, equal, CV {variation}"), process(0.6, 1.0, variation)));
    }
    for ratio in [1.5, 2.0] {
        rows.push(row((64, 400, FOUND), format!("strict rate, ratio {ratio}"), process(0.2, ratio, 0.0)));
    }
    for ratio in [1.25, 1.5] {
        rows.push(row((65, 400, FOUND), format!("sanction rate, ratio {ratio}"), process(0.6, ratio, 0.0)));
    }
    rows
}

/// Draws the bucket of a value.
type Value = Box<dyn Fn(&mut Random) -> f64>;

/// Blocks of so many values of the group and of the rest. `of_block` has, of each side of a block, how its values are drawn.
fn exceeding(
    (own, rest): (usize, usize),
    of_block: impl Fn(&mut Random, bool) -> Value + Copy + Sync + 'static,
) -> impl Fn(f64) -> Step + Sync {
    move |series: f64| -> Step {
        let (mut process, judging) = (Exceedance::new(), judging(OF_VALUES, series));
        Box::new(move |random| {
            let mut values = |count: usize, of_group: bool| {
                let value = of_block(random, of_group);
                let mut buckets = vec![0_u64; 400];
                (0..count).for_each(|_| buckets[value(random) as usize] += 1);
                buckets
            };
            let (own, rest) = (values(own, true), values(rest, false));
            process.take(&own, &rest, &judging);
            process.alarmed()
        })
    }
}

fn lognormal(random: &mut Random, of_group: bool, ratio: f64, variation: f64) -> Value {
    let scale = if of_group { ratio } else { 1.0 } * random.factor(variation);
    Box::new(move |random| ((scale * (0.8 * random.normal()).exp()).ln() / 0.03 + 200.0).clamp(0.0, 399.0))
}
