//! What the alarms of the rule kinds promise, in simulated streams: rarely a false one over a lifetime, and what is wrong is found. The rows are
//! those of `cargo bench --bench duties`; benches/RESULTS.md has the figures of many streams.

#[path = "../../benches/duties/rows/mod.rs"]
mod rows;

use crate::support::effort::attempts;

use rows::{Promise, Row};

/// A promise that holds is broken by chance in one of so many rows.
const BY_CHANCE: f64 = 1e-5;

#[test]
fn every_row_of_the_simulation_keeps_its_promise() {
    let streams = u64::from(attempts(40));
    let broken: Vec<String> = rows::all().iter().filter_map(|row| breach(row, row.promise, streams)).collect();
    assert!(broken.is_empty(), "of {streams} streams each:\n{}", broken.join("\n"));
}

/// Says in how many streams a row alarmed, where that is no accident.
fn breach(row: &Row, promise: Promise, streams: u64) -> Option<String> {
    let alarmed = row.delays(20_261_201, streams, row.families[0]).len() as u64;
    let chance = match promise {
        Promise::AtMost(share) => at_least(alarmed, streams, share),
        Promise::AtLeast(share) => at_least(streams - alarmed, streams, 1.0 - share),
    };
    (chance < BY_CHANCE).then(|| format!("{}: {alarmed} alarmed, promised {promise:?}", row.what))
}

/// The probability of at least so many events among `trials`, each with the chance `share`.
fn at_least(events: u64, trials: u64, share: f64) -> f64 {
    let mut term = (1.0 - share).powf(trials as f64);
    let mut below = 0.0;
    for count in 0..events {
        below += term;
        term *= (trials - count) as f64 / (count + 1) as f64 * share / (1.0 - share);
    }
    (1.0 - below).max(0.0)
}

#[test]
fn a_promise_that_is_broken_is_seen() {
    let rows = rows::all();
    let named = |what: &str| rows.iter().find(|row| row.what == what).unwrap();
    assert!(breach(named("not suitable, equal rates, CV 0"), Promise::AtLeast(0.95), 40).is_some());
    assert!(breach(named("not suitable, ratio 2/3"), Promise::AtMost(0.05), 40).is_some());
}
