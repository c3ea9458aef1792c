//! Simulated complaints: what the alarms of rule kind `complaints` promise, and what they cost.

use paritywatch::statistics::{Judging, ShareSeries, log_level_of_part};

const ALPHA: f64 = 0.05;
const CAP: f64 = 5.0;
/// Blocks in the life of a series.
const LIFE: u64 = 400;
/// Months of the reference, and of each later period.
const YEAR: usize = 12;
/// Years after the reference.
const YEARS: u32 = 4;

/// Numbers from a seed (Steele, Lea and Flood's SplitMix64).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A log-normal factor with mean 1 and this coefficient of variation.
    fn factor(&mut self, variation: f64) -> f64 {
        let spread = variation.mul_add(variation, 1.0).ln();
        let normal = (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (self.uniform() * std::f64::consts::TAU).cos();
        (spread.sqrt() * normal - spread / 2.0).exp()
    }

    /// A Poisson number, by the times between events.
    fn poisson(&mut self, mean: f64) -> u64 {
        let mut left = mean;
        let mut count = 0;
        loop {
            left += (1.0 - self.uniform()).ln();
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    }
}

/// The block, from 1, in which complaints that fall on a group of 30 % of the controls alarm: 20 in each block on average.
pub fn skew(seed: u64, (ratio, variation): (f64, f64), level: f64) -> Option<u64> {
    let judging = Judging { variation: 0.4, cap: CAP, log_level: (1.0 / level).ln() };
    let (mut random, mut series) = (Random(seed), ShareSeries::new(1.0));
    (1..=LIFE).find(|_| {
        let rates = [0.3 * ratio, 0.7].map(|rate| rate * random.factor(variation));
        let scale = 20.0 / (0.3 * ratio + 0.7);
        let [x1, x2] = rates.map(|rate| random.poisson(scale * rate));
        series.take(x1, x2, 0.3, 0.7, &judging);
        series.detector().alarmed()
    })
}

/// The month after the reference, from 1, in which thirty complaints a month alarm: seasons move them by 30 %, and each later year has a
/// process and a level of its own.
pub fn rise(seed: u64, (ratio, variation): (f64, f64), level: f64) -> Option<u64> {
    let mut random = Random(seed);
    let mut month = |month: usize, ratio: f64| {
        let season = 0.3_f64.mul_add((month as f64 * std::f64::consts::TAU / YEAR as f64).sin(), 1.0);
        let mean = 30.0 * ratio * season * random.factor(variation);
        random.poisson(mean)
    };
    let reference: Vec<u64> = (0..YEAR).map(|index| month(index, 1.0)).collect();
    for year in 1..=YEARS {
        let log_level = log_level_of_part((1.0 / level).ln(), year);
        let judging = Judging { variation: 0.15, cap: CAP, log_level };
        let mut series = ShareSeries::new(1.0);
        for (index, known) in reference.iter().enumerate() {
            series.take(month(index, ratio), *known, 1.0, 1.0, &judging);
            if series.detector().alarmed() {
                return Some(u64::from(year - 1) * YEAR as u64 + index as u64 + 1);
            }
        }
    }
    None
}

/// The levels of a series alone, and of one of three hundred.
pub const LEVELS: [f64; 2] = [ALPHA, ALPHA / 300.0];
