//! Evidence about values over whole lives: how often it alarms where nothing is wrong, and how soon where controls take longer.
//!
//! `PARITYWATCH_EXCEEDANCE_LIVES=20000 cargo test --release --test core exceedance:: -- --nocapture` measures the rows of `benches/RESULTS.md`.

use paritywatch::statistics::{Exceedance, Judging, bucket_of};

use crate::support::effort::number;

const LIVES: u64 = 150;
const BLOCKS: u64 = 150;
/// Values of the group and of the rest in each block.
const BLOCK: [u64; 2] = [10, 40];
/// The standard deviation of the logarithm of a value.
const DEVIATION: f64 = 0.8;
const MEDIAN_MINUTES: f64 = 45.0;

/// SplitMix64.
struct Random(u64);

impl Random {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// How many of so many values lie in each bucket.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands of minutes")]
    fn values(&mut self, count: u64, scale: f64) -> Vec<u64> {
        let mut buckets = Vec::new();
        for _ in 0..count {
            let minutes = MEDIAN_MINUTES * scale * (DEVIATION * self.normal()).exp();
            let bucket = usize::try_from(bucket_of(minutes.round() as u64)).unwrap();
            buckets.resize(buckets.len().max(bucket + 1), 0);
            buckets[bucket] += 1;
        }
        buckets
    }
}

/// The blocks after which E first reaches 20, and 6,000, in one life. Values of the group are `factor` times as large; the scale of a block of
/// either group varies by `jitter`.
fn life(seed: u64, factor: f64, jitter: f64) -> [Option<u64>; 2] {
    // No epoch ends.
    let judging = Judging { variation: 0.15, cap: 5.0, log_level: f64::INFINITY };
    let (mut series, mut random) = (Exceedance::new(), Random(seed.wrapping_mul(0xD134_2543_DE82_EF95)));
    let mut reached = [None; 2];
    for block in 1..=BLOCKS {
        let [group, rest] = BLOCK.map(|count| {
            let scale = (jitter * random.normal()).exp();
            (count, scale)
        });
        let (own, others) = (random.values(group.0, factor * group.1), random.values(rest.0, rest.1));
        series.take(&own, &others, &judging);
        for (first, level) in reached.iter_mut().zip([20.0_f64, 6_000.0]) {
            if first.is_none() && series.log_e() >= level.ln() {
                *first = Some(block);
            }
        }
    }
    reached
}

/// The share of lives in which E reaches 20, in per cent; and the median number of blocks to 20 and to 6,000.
#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn figure(what: &str, factor: f64, jitter: f64) -> (f64, [Option<u64>; 2]) {
    let lives = number("PARITYWATCH_EXCEEDANCE_LIVES").unwrap_or(LIVES);
    let reached: Vec<[Option<u64>; 2]> = (1..=lives).map(|seed| life(seed, factor, jitter)).collect();
    let share = 100.0 * reached.iter().filter(|life| life[0].is_some()).count() as f64 / lives as f64;
    let median = [0, 1].map(|level: usize| {
        let mut blocks: Vec<u64> = reached.iter().map(|life| life[level].unwrap_or(u64::MAX)).collect();
        blocks.sort_unstable();
        blocks.get(blocks.len() / 2).copied().filter(|blocks| *blocks < u64::MAX)
    });
    println!("{what}: {share:.2} % of {lives} lives reach 20; blocks {median:?}");
    (share, median)
}

#[test]
fn fair_values_hardly_ever_alarm() {
    let nominal = 5.0;
    for (what, jitter, most) in [("fair", 0.0, nominal), ("fair, blocks vary by 15 %", 0.15, nominal)] {
        let (share, _) = figure(what, 1.0, jitter);
        assert!(share <= most, "{what}: {share} %");
    }
}

#[test]
fn longer_controls_are_found_in_the_published_number_of_blocks() {
    for (what, factor, [first, last]) in [("1.25 times", 1.25, [27, 67]), ("1.5 times", 1.5, [11, 22])] {
        let (_, [soon, late]) = figure(what, factor, 0.0);
        let near = |found: Option<u64>, published: u64| {
            found.is_some_and(|found| found.abs_diff(published) <= published / 3 + 2)
        };
        assert!(near(soon, first) && near(late, last), "{what}: {soon:?} {late:?}");
    }
}
