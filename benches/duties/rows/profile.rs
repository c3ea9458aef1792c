//! What rules say of a profile as a whole: its worth, its outcomes, and whether a human decides.

use paritywatch::statistics::{
    Block, Direction, Judging, OneSample, Pair, TwoSample, information_needed, log_level_of_part,
};

use super::random::Random;
use super::{CAP, FAIR, FOUND, Promise, Row, Step, VARIATION, alone, judging, row};

/// Blocks of 50 concluded, 15 of them of the random channel.
pub fn suitability() -> Vec<Row> {
    let process = |base: f64, ratio: f64, variation: f64, is_shown: bool| {
        move |series: f64| -> Step {
            let (mut process, judging) = (TwoSample::new(1.0), judging(VARIATION, series));
            Box::new(move |random| {
                let pair = controls(random, (base * ratio, base), variation);
                process.take(if is_shown { pair } else { pair.swapped() }, &judging);
                process.detector().alarmed()
            })
        }
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        let (against, claim) = (process(0.2, 1.0, variation, false), process(0.2, 1.0, variation, true));
        rows.push(row((1, 800, FAIR), format!("not suitable, equal rates, CV {variation}"), against));
        rows.push(row((2, 800, FAIR), format!("shown, equal rates, CV {variation}"), claim));
    }
    rows.push(row((3, 800, FOUND), "not suitable, ratio 2/3", process(0.2, 2.0 / 3.0, 0.0, false)));
    rows.push(row((4, 800, FOUND), "shown, ratio 1.25", process(0.2, 1.25, 0.0, true)));
    rows.push(row((5, 800, FOUND), "shown, ratio 1.5", process(0.2, 1.5, 0.0, true)));
    rows
}

/// 35 controls of the profile, and 15 of the random channel.
fn controls(random: &mut Random, (own, chance): (f64, f64), variation: f64) -> Pair {
    let rate = |random: &mut Random, rate: f64| (rate * random.factor(variation)).min(0.95);
    let (own, chance) = (rate(random, own), rate(random, chance));
    let events = random.binomial(35, own);
    let reference_events = random.binomial(15, chance);
    Pair { events, exposed: 35, reference_events, reference_exposed: 15 }
}

/// The same blocks, up to the first of the two: the advantage is shown, or there was enough to show a ratio of 1.25 with a power of 80 %.
pub fn not_shown() -> Vec<Row> {
    let process = |ratio: f64| {
        move |_: f64| -> Step {
            let (mut process, judging) = (TwoSample::new(1.0), judging(VARIATION, 1.0));
            let enough = information_needed(0.05, 1.25, 0.8);
            let mut is_shown = false;
            Box::new(move |random| {
                process.take(controls(random, (0.2 * ratio, 0.2), 0.0), &judging);
                is_shown |= process.detector().alarmed();
                !is_shown && process.information() >= enough && could_alarm(process.blocks(), &judging)
            })
        }
    };
    let row = |promise, ratio: f64, what: &str| alone((6, 800, promise), format!("not shown, {what}"), process(ratio));
    vec![
        row(Promise::AtLeast(0.9), 1.0, "equal rates"),
        row(Promise::AtMost(0.2), 1.25, "ratio 1.25"),
        row(Promise::AtMost(0.02), 1.5, "ratio 1.5"),
    ]
}

/// Whether so many blocks could have alarmed at all, each of which multiplies the evidence by at most the cap.
fn could_alarm(blocks: u64, judging: &Judging) -> bool {
    blocks as f64 * CAP.ln() >= log_level_of_part(judging.log_level, 1)
}

/// Blocks of 50 concluded in two offices, whose base rates are 10 and 40 %: the profile controls in the second one, the random channel in the first.
pub fn within_strata() -> Vec<Row> {
    let process = |ratio: f64, by_stratum: bool, is_shown: bool| {
        move |series: f64| -> Step {
            let (mut process, judging) = (TwoSample::new(1.0), judging(VARIATION, series));
            Box::new(move |random| {
                let mut block = Block::default();
                for (office, base, own, chance) in [("north", 0.1, 10, 10), ("south", 0.4, 25, 5)] {
                    let events = random.binomial(own, base * ratio);
                    let reference_events = random.binomial(chance, base);
                    let pair = Pair { events, exposed: own, reference_events, reference_exposed: chance };
                    let pair = if is_shown { pair } else { pair.swapped() };
                    block.crude = block.crude.plus(pair);
                    if by_stratum {
                        block.strata.insert(office.into(), pair);
                    }
                }
                process.take_block(&block, &judging);
                process.detector().alarmed()
            })
        }
    };
    vec![
        row((7, 800, FOUND), "shown, equal within offices, judged crude (wrongly)", process(1.0, false, true)),
        row((8, 800, FAIR), "shown, equal within offices, judged within them", process(1.0, true, true)),
        row((9, 800, FAIR), "not suitable, equal within offices, judged within them", process(1.0, true, false)),
        row((8, 800, FOUND), "shown, ratio 1.5 within offices", process(1.5, true, true)),
        row((9, 800, FOUND), "not suitable, ratio 2/3 within offices", process(2.0 / 3.0, true, false)),
    ]
}

/// Blocks of 200 controls, 60 of them of the group.
pub fn coverage() -> Vec<Row> {
    let overall = |missing: f64, variation: f64| {
        move |series: f64| -> Step {
            let (mut process, judging) = (OneSample::new(0.05, Direction::Above), judging(VARIATION, series));
            Box::new(move |random| {
                let rate = missing * random.factor(variation);
                process.take(random.binomial(200, rate), 200, &judging);
                process.detector().alarmed()
            })
        }
    };
    let unequal = |ratio: f64, variation: f64| {
        move |series: f64| -> Step {
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
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        let what = format!("coverage 95 % asked, 5 % missing, CV {variation}");
        rows.push(row((10, 400, FAIR), what, overall(0.05, variation)));
        rows.push(row(
            (11, 400, FAIR),
            format!("coverage unequal, equal rates, CV {variation}"),
            unequal(1.0, variation),
        ));
    }
    rows.push(row((12, 400, FOUND), "coverage 95 % asked, 10 % missing", overall(0.10, 0.0)));
    rows.push(row((13, 400, FOUND), "coverage unequal, ratio 2", unequal(2.0, 0.0)));
    for before in [0.0, 0.01] {
        let what = format!("coverage 95 % asked, {} % missing in 60 blocks, then half", before * 100.0);
        rows.push(row((14, 30, FOUND), what, outage(before)));
    }
    rows
}

/// Half of the outcomes go missing after 60 blocks of 200 with hardly any; the blocks before it are no part of the delay.
fn outage(before: f64) -> impl Fn(f64) -> Step {
    move |series: f64| -> Step {
        let (mut process, judging) = (OneSample::new(0.05, Direction::Above), judging(VARIATION, series));
        let mut is_begun = false;
        Box::new(move |random| {
            if !is_begun {
                (0..60).for_each(|_| process.take(random.binomial(200, before), 200, &judging));
                is_begun = true;
            }
            process.take(random.binomial(200, 0.5), 200, &judging);
            process.detector().alarmed()
        })
    }
}

/// Blocks of 200 selected; 2 % not followed are asked for.
pub fn automation() -> Vec<Row> {
    let process = |not_followed: f64, variation: f64| {
        move |series: f64| -> Step {
            let (mut process, judging) = (OneSample::new(0.02, Direction::Below), judging(VARIATION, series));
            Box::new(move |random| {
                let rate = not_followed * random.factor(variation);
                process.take(random.binomial(200, rate), 200, &judging);
                process.detector().alarmed()
            })
        }
    };
    let mut rows = Vec::new();
    for variation in [0.0, 0.2, 0.4] {
        let what = format!("follow-through, 2 % not followed, CV {variation}");
        rows.push(row((20, 400, FAIR), what, process(0.02, variation)));
    }
    for not_followed in [0.0, 0.005, 0.01] {
        let what = format!("follow-through, {} % not followed", not_followed * 100.0);
        rows.push(row((21, 400, FOUND), what, process(not_followed, 0.0)));
    }
    rows
}
