//! What rules say of criteria, of complaints, and of what became of them.

use paritywatch::statistics::{Independence, ShareSeries};

use super::{FAIR, FOUND, Promise, Row, Step, judging, row};

/// Blocks of 1,000, a fifth of the group, a criterion that 30 % have.
pub fn criteria() -> Vec<Row> {
    let process = |difference: f64, variation: f64| {
        move |series: f64| -> Step {
            let (mut process, judging) = (Independence::new(2, 2), judging(0.1, series));
            Box::new(move |random| {
                let (own, rest) = ((0.3 + difference) * random.factor(variation), 0.3 * random.factor(variation));
                let (own, rest) = (random.binomial(200, own), random.binomial(800, rest));
                process.take(&[vec![own, 200 - own], vec![rest, 800 - rest]], &judging);
                process.detector().alarmed()
            })
        }
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.1, 0.2] {
        // Beyond a variation of 0.1 it promises nothing; the size of the association guards there.
        let what = format!("criterion, no association, CV {variation}");
        rows.push(row(
            (40, 150, Promise::AtMost(if variation > 0.1 { 0.12 } else { 0.05 })),
            what,
            process(0.0, variation),
        ));
    }
    for difference in [0.06, 0.12] {
        rows.push(row((41, 150, FOUND), format!("criterion, difference {difference}"), process(difference, 0.0)));
    }
    rows
}

/// Blocks of 20 complaints, 30 % of the controls are of the group; and months of 30 complaints over four years after the first.
pub fn complaints() -> Vec<Row> {
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        let what = format!("complaints skewed, equal rates, CV {variation}");
        rows.push(row((50, 400, FAIR), what, skew(1.0, variation)));
        let what = format!("complaints rising, equal rates, CV {variation}");
        rows.push(row((51, 48, FAIR), what, rise(1.0, variation)));
    }
    for ratio in [1.5, 2.0] {
        rows.push(row((52, 400, FOUND), format!("complaints skewed, ratio {ratio}"), skew(ratio, 0.0)));
        rows.push(row((53, 48, Promise::AtLeast(0.85)), format!("complaints rising, ratio {ratio}"), rise(ratio, 0.0)));
    }
    rows
}

fn skew(ratio: f64, variation: f64) -> impl Fn(f64) -> Step {
    move |series: f64| -> Step {
        let (mut process, judging) = (ShareSeries::new(1.0), judging(0.4, series));
        Box::new(move |random| {
            let (own, rest) = (0.3 * ratio * random.factor(variation), 0.7 * random.factor(variation));
            let events = random.binomial(20, own / (own + rest));
            process.take(events, 20 - events, 300.0, 700.0, &judging);
            process.detector().alarmed()
        })
    }
}

fn rise(ratio: f64, variation: f64) -> impl Fn(f64) -> Step {
    move |series: f64| -> Step {
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
}

/// Blocks of 60 + 140 hits, a tenth overturned: about 20 of them. Exposed are the hits of a year, ten times as many as those of a block.
pub fn overturned() -> Vec<Row> {
    let process = |ratio: f64, variation: f64| {
        move |series: f64| -> Step {
            let (mut process, judging) = (ShareSeries::new(1.0), judging(0.4, series));
            Box::new(move |random| {
                let (own, rest) = (0.1 * ratio * random.factor(variation), 0.1 * random.factor(variation));
                let (own, rest) = (random.binomial(60, own), random.binomial(140, rest));
                process.take(own, rest, 600.0, 1_400.0, &judging);
                process.detector().alarmed()
            })
        }
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        rows.push(row((54, 400, FAIR), format!("overturned, equal rates, CV {variation}"), process(1.0, variation)));
    }
    for ratio in [1.5, 2.0] {
        rows.push(row((55, 400, FOUND), format!("overturned, ratio {ratio}"), process(ratio, 0.0)));
    }
    rows
}
