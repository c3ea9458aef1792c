//! Simulated streams of what each rule kind watches: one row for each promise, with the processes of the product.
//!
//! The noise (CV) multiplies the rates of each block, and of each group for itself, by a log-normal factor of mean 1.

#![allow(clippy::indexing_slicing, reason = "months, buckets and days of fixed number")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small counts"
)]

mod crossings;
mod drift;
mod handling;
mod people;
mod profile;
mod random;

use paritywatch::statistics::Judging;

use random::Random;

/// The cap of a block: `alerting.block_cap`.
const CAP: f64 = 5.0;
/// `block_variation` of every kind that has none of its own.
const VARIATION: f64 = 0.3;

/// Every row, in the order in which they are printed.
pub fn all() -> Vec<Row> {
    let mut rows = profile::suitability();
    rows.extend(profile::coverage());
    rows.extend(profile::automation());
    rows.extend(drift::versions());
    rows.extend(people::criteria());
    rows.extend(people::complaints());
    rows.extend(handling::durations());
    rows.extend(drift::periods());
    rows.extend(profile::not_shown());
    rows.extend(profile::within_strata());
    rows.extend(handling::intensities());
    rows.extend(handling::rates());
    rows.extend(handling::amounts());
    rows.extend(people::overturned());
    rows.extend(drift::hit_rates());
    rows.extend(drift::changes());
    rows.extend(drift::causes());
    rows.extend(crossings::families());
    rows
}

/// One kind of stream.
pub struct Row {
    /// What is simulated, in words.
    pub what: String,
    /// What is promised of the streams that alarm.
    pub promise: Promise,
    /// The number of series that share the level 1/20.
    pub families: &'static [f64],
    /// Sets its random numbers apart from those of other figures.
    figure: u64,
    /// The life of a stream, in blocks.
    blocks: u64,
    process: Box<dyn Fn(f64) -> Step + Sync>,
}

/// What is promised of the share of streams that alarm over their life, at level 1/20.
#[derive(Clone, Copy, Debug)]
pub enum Promise {
    /// At most this share: nothing is wrong.
    AtMost(f64),
    /// At least this share: something is.
    AtLeast(f64),
}

/// Nothing is wrong.
const FAIR: Promise = Promise::AtMost(0.05);
/// It is found within the life of the stream, nearly always.
const FOUND: Promise = Promise::AtLeast(0.95);

/// Returns whether the process has alarmed, after one more block.
type Step = Box<dyn FnMut(&mut Random) -> bool>;

/// Judged at level 1/20, and at 1/6,000 as one of 300 series.
const BOTH: &[f64] = &[1.0, 300.0];

fn row(
    (figure, blocks, promise): (u64, u64, Promise),
    what: impl Into<String>,
    process: impl Fn(f64) -> Step + Sync + 'static,
) -> Row {
    Row { what: what.into(), promise, families: BOTH, figure, blocks, process: Box::new(process) }
}

/// The same where the level is none of the family.
fn alone(place: (u64, u64, Promise), what: impl Into<String>, process: impl Fn(f64) -> Step + Sync + 'static) -> Row {
    Row { families: &[1.0], ..row(place, what, process) }
}

impl Row {
    /// Returns the number of blocks until each stream that alarms has alarmed, ascending.
    pub fn delays(&self, seed: u64, runs: u64, series: f64) -> Vec<u64> {
        let run = |index: u64| {
            let mut random = Random(seed.wrapping_mul(1 << 40).wrapping_add(self.figure << 32).wrapping_add(index));
            let mut step = (self.process)(series);
            (1..=self.blocks).find(|_| step(&mut random))
        };
        let half = runs / 2;
        let mut delays: Vec<u64> = std::thread::scope(|scope| {
            let second = scope.spawn(|| (half..runs).filter_map(run).collect::<Vec<u64>>());
            let mut first: Vec<u64> = (0..half).filter_map(run).collect();
            first.extend(second.join().unwrap_or_default());
            first
        });
        delays.sort_unstable();
        delays
    }
}

fn judging(variation: f64, series: f64) -> Judging {
    Judging { variation, cap: CAP, log_level: (series / 0.05).ln() }
}
