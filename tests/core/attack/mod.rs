//! An attacker who reads everything that leaves, and looks for what is withheld.
//!
//! It knows the program and its configuration. Of random streams with known truth it turns every published number into equations (sums over
//! groups, dimensions, windows, stages, releases, counters of events), and solves them for each hidden cell. `tests/PRIVACY.md` has the numbers.

#![allow(dead_code, reason = "parts of the attack are for runs by hand")]
#![allow(clippy::type_complexity, clippy::needless_range_loop, reason = "equations by index")]

mod belief;
mod constructed;
mod defences;
mod links;
mod planned;
mod price;
mod random;
mod reading;
mod rectangles;
mod samples;
mod score;
mod seen;
mod singles;
mod solver;
mod strata;
mod stream;
mod switches;
mod table;
mod texts;
mod verdicts;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::effort;
use belief::{Belief, OfAtoms};
use planned::Defences;
use score::{Score, attack};
use seen::run;

/// Streams that are tried unless PARITYWATCH_ATTACK_STREAMS says otherwise.
const STREAMS: u64 = 10;
/// Cells of fewer cases than `min_cell` in a stream, at least on average: with fewer nothing would be proved.
const HIDDEN: u64 = 100;
/// What the program withholds unless it is told otherwise.
const MIN_CELL: u64 = 10;

/// Attacks the streams of all seeds, on as many threads as there are cores.
fn attack_all(attack: impl Fn(&stream::Stream) -> Score + Sync) -> Score {
    let streams = effort::number("PARITYWATCH_ATTACK_STREAMS").unwrap_or(STREAMS);
    let first = effort::number("PARITYWATCH_ATTACK_FIRST").unwrap_or(0);
    let (next, total) = (AtomicU64::new(0), Mutex::new(Score::default()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= streams {
                        break;
                    }
                    let score = attack(&random::random(first + number));
                    if std::env::var_os("PARITYWATCH_ATTACK_EACH").is_some() && score.recovered() + score.nearly() > 0 {
                        println!("seed {}: {} recovered, {} nearly", first + number, score.recovered(), score.nearly());
                    }
                    total.lock().unwrap().add(&score);
                }
            });
        }
    });
    total.into_inner().unwrap()
}

/// What an attacker may believe of a published count.
const BELIEFS: [(&str, Belief); 8] = [
    ("exact", Belief::exact(MIN_CELL)),
    ("rounded", Belief::rounded(MIN_CELL, 2)),
    ("rounded twice", Belief::rounded(MIN_CELL, 4)),
    ("rounded, in the dead band", Belief::rounded(MIN_CELL, 11)),
    ("rounded, in the dead band, with what is taken up", Belief::rounded(MIN_CELL, 20)),
    ("atoms", Defences::ALL.belief()),
    ("rectangles", Belief::PROGRAM),
    (
        "rectangles without a dead band",
        Belief { atoms: Some(OfAtoms { dead_band: false, ..OfAtoms::PROGRAM }), ..Belief::PROGRAM },
    ),
];

/// By who knows how the program puts numbers together. What others believe is printed where one of them is named.
#[test]
fn nothing_is_recovered_from_many_streams() {
    let only = std::env::var("PARITYWATCH_ATTACK_BELIEF").unwrap_or_else(|_| "rectangles".to_owned());
    for (name, belief) in BELIEFS.iter().filter(|(name, _)| *name == only) {
        let score = attack_all(|stream| attack(&run(stream, &|_| {}), *belief));
        println!("{name}: {score}");
        let hidden = score.found.get("atom").map_or(0, |found| found.cells);
        assert!(hidden > HIDDEN * score.streams, "{score}");
        assert!(only != "rectangles" || score.recovered() == 0, "{score}");
    }
}

/// Without any defence but `min_cell`, by who takes each number for what it is.
#[test]
fn min_cell_alone_is_recovered() {
    let score = attack_all(|stream| attack(&run(stream, &switches::only_min_cell), Belief::exact(MIN_CELL)));
    println!("min_cell alone: {score}");
    assert!(score.recovered() > 0, "{score}");
}

/// What the defences cost, against the same streams with every number as it is.
#[test]
fn most_of_what_is_large_enough_is_published() {
    let price = Mutex::new(price::Price::default());
    attack_all(|stream| {
        let open = run(stream, &|plan| plan.disclosure.min_cell = 0);
        price.lock().unwrap().add(price::Price::of(&run(stream, &|_| {}), &open));
        Score::default()
    });
    let price = price.into_inner().unwrap();
    println!("{price}");
    assert!(price.withheld <= price.findings / 2, "{price}");
}

/// The model of the defences, attacked by random streams: by who knows them, and by who takes each count for the exact one, rounded.
#[test]
fn the_model_of_all_defences_hides_cells_of_random_streams() {
    let by_model = |belief| attack_all(|stream| attack(&defences::seen_by(stream, Defences::ALL), belief));
    let informed = by_model(Defences::ALL.belief());
    println!("who knows the defences: {informed}");
    for error in [2, 4] {
        println!("each count within {error} of the exact one: {}", by_model(Belief::rounded(MIN_CELL, error)));
    }
    assert_eq!(informed.recovered(), 0, "{informed}");
}
