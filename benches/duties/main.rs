//! Simulates what the alarms of the rule kinds promise: false alarms over a lifetime, and delays.
//!
//! `cargo bench --bench duties -- [--seed S] [--runs R] [--only TEXT]` simulates R streams per figure (default 1,000); each seed is another
//! simulation. `TEXT` is a part of the words of a row. A line holds the share of streams that alarmed at level 1/20 and at 1/6,000, and the median
//! number of blocks until they did ("-" where fewer than half did). `tests/core/simulated.rs` holds a few streams of each row against what is promised.

mod rows;

use rows::{Promise, Row};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let text = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|place| arguments.get(place + 1))
    };
    let option = |name: &str, default: u64| text(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (seed, runs) = (option("--seed", 1), option("--runs", 1_000));
    println!("seed {seed}, {runs} streams per figure; alarms at 1/20, at 1/6,000 (median blocks)");
    for row in rows::all().iter().filter(|row| text("--only").is_none_or(|part| row.what.contains(part))) {
        let figures: Vec<String> = row.families.iter().map(|series| figure(row, seed, runs, *series)).collect();
        println!("{}: {}; promised {}", row.what, figures.join(", "), promised(row.promise));
    }
}

fn figure(row: &Row, seed: u64, runs: u64, series: f64) -> String {
    let delays = row.delays(seed, runs, series);
    let median = delays.get(usize::try_from(runs / 2).unwrap_or(0)).map_or("-".to_owned(), u64::to_string);
    format!("{:.2} % ({median})", delays.len() as f64 / runs as f64 * 100.0)
}

/// Of level 1/20.
fn promised(promise: Promise) -> String {
    match promise {
        Promise::AtMost(share) => format!("at most {} %", share * 100.0),
        Promise::AtLeast(share) => format!("at least {} %", share * 100.0),
    }
}
