//! Random numbers of the simulated streams.

/// One stream of random numbers.
pub struct Random(pub u64);

impl Random {
    /// From 0 (not included) to 1.
    pub fn uniform(&mut self) -> f64 {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A log-normal factor of mean 1.
    pub fn factor(&mut self, variation: f64) -> f64 {
        if variation == 0.0 {
            return 1.0;
        }
        let variance = (1.0 + variation * variation).ln();
        (variance.sqrt() * self.normal() - variance / 2.0).exp()
    }

    pub fn binomial(&mut self, trials: u64, chance: f64) -> u64 {
        (0..trials).filter(|_| self.uniform() < chance).count() as u64
    }

    /// The same by the gaps between events: for large numbers of trials and small chances.
    pub fn seldom(&mut self, trials: u64, chance: f64) -> u64 {
        if chance <= 0.0 {
            return 0;
        }
        let (mut events, mut place) = (0, 0.0);
        loop {
            place += (self.uniform().ln() / (-chance.min(0.999_999)).ln_1p()).floor() + 1.0;
            if place > trials as f64 {
                return events;
            }
            events += 1;
        }
    }

    pub fn poisson(&mut self, mean: f64) -> u64 {
        let (mut count, mut left) = (0, mean);
        loop {
            left += self.uniform().ln();
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    }
}
