//! Fisher's exact test: sums over the tables with the same margins.
//!
//! The probability of one table follows from its distance to the expected counts, by Stirling's formula with its remainder; those of its
//! neighbours from quotients. So only the tables that count are summed up, outwards until they vanish, and nothing over- or underflows.
//!
//! Sources: Fisher, Journal of the Royal Statistical Society 98 (1935); Loader, Fast and accurate computation of binomial probabilities (2000).

use std::f64::consts::TAU;

/// Tables up to this much likelier than the observed one count as equally extreme, since rounding alone can make the difference. R's
/// `fisher.test` uses the same number.
const RELATIVE_ERROR: f64 = 1e-7;

/// A table: those with and without the event, of the one column and of the other. The counts are whole numbers up to 2^53.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub with: f64,
    pub without: f64,
    pub other_with: f64,
    pub other_without: f64,
}

impl Table {
    /// Returns the probability, given the margins, of all tables that are at most as likely as this one. No margin is 0.
    pub fn two_sided(self) -> f64 {
        let Self { with, without, other_with, other_without } = self;
        // Whether the next table in either direction is likelier tells on which side of the likeliest one this is.
        let up = without * other_with > (with + 1.0) * (other_without + 1.0);
        let down = with * other_without > (without + 1.0) * (other_with + 1.0);
        match (up, down) {
            (false, false) => 1.0,
            (false, true) => self.two_sided_above(),
            (true, _) => self.exchanged().two_sided_above(),
        }
    }

    /// The same, for a table in which the first column has more events than in the likeliest one.
    fn two_sided_above(self) -> f64 {
        let log = self.log_probability();
        let own = self.tail();
        let opposite = self.opposite(log).map_or(0.0, |(table, weight)| weight * table.tail());
        (libm::exp(log) * (own + opposite)).min(1.0)
    }

    const fn exchanged(self) -> Self {
        let Self { with, without, other_with, other_without } = self;
        Self { with: other_with, without: other_without, other_with: with, other_without: without }
    }

    const fn moved(self, by: f64) -> Self {
        let Self { with, without, other_with, other_without } = self;
        Self { with: with + by, without: without - by, other_with: other_with - by, other_without: other_without + by }
    }

    /// How many events more the first column can have.
    const fn room(self) -> f64 {
        self.without.min(self.other_with)
    }

    /// The probability of the table with one event more in the first column, over that of this one.
    fn step(self) -> f64 {
        self.without * self.other_with / ((self.with + 1.0) * (self.other_without + 1.0))
    }

    /// Returns the probabilities of this table and of those with more events in the first column, over that of this one.
    ///
    /// Four tables take one division: their quotients are added up as fractions with a common denominator.
    fn tail(self) -> f64 {
        /// Smaller parts do not change a sum of at least 1.
        const NEGLIGIBLE: f64 = 1e-18;
        let (mut up, mut other_up) = (self.without, self.other_with);
        let (mut down, mut other_down) = (self.with + 1.0, self.other_without + 1.0);
        let (mut sum, mut weight) = (1.0, 1.0);
        while weight > NEGLIGIBLE && up > 0.0 && other_up > 0.0 {
            let over = |by: f64| (up - by) * (other_up - by);
            let under = |by: f64| (down + by) * (other_down + by);
            let (over0, over1, over2, over3) = (over(0.0), over(1.0), over(2.0), over(3.0));
            let (under1, under2, under3) = (under(1.0), under(2.0), under(3.0));
            let (last2, last3) = (under2 * under3, under1 * under2 * under3);
            let share = (under(0.0) * last3).recip();
            // Behind the last table there is a factor of 0.
            sum += weight * (share * over0 * (last3 + over1 * (last2 + over2 * (under3 + over3))));
            weight *= share * over0 * over1 * over2 * over3;
            (up, other_up, down, other_down) = (up - 4.0, other_up - 4.0, down + 4.0, other_down + 4.0);
        }
        sum
    }

    /// Returns the first table on the other side of the likeliest one that is at most as likely as this one, and its probability over that
    /// of this one; `None` where all on that side are likelier. `log` is this table's [`Self::log_probability`].
    fn opposite(self, log: f64) -> Option<(Self, f64)> {
        let limit = 1.0 + RELATIVE_ERROR;
        let exchanged = self.exchanged();
        let most = exchanged.room();
        // The number of events that the first column has less.
        let (mut by, distance) = self.guess(log);
        let mut table = exchanged.moved(by);
        let mut weight = libm::exp(distance);
        while weight > limit {
            if by >= most {
                return None;
            }
            weight *= table.step();
            by += 1.0;
            table = exchanged.moved(by);
        }
        // The tables between this one and the likeliest one are likelier by more than the limit, so this ends.
        while by > 1.0 {
            let nearer = exchanged.moved(by - 1.0);
            let nearer_weight = weight / nearer.step();
            if nearer_weight > limit {
                break;
            }
            (by, table, weight) = (by - 1.0, nearer, nearer_weight);
        }
        Some((table, weight))
    }

    /// About how many events less the first column has in the table of [`Self::opposite`], and the logarithm of that table's probability over
    /// that of this one: as far from the expected number on the other side, and then by Newton steps on the logarithm, which is concave. A
    /// bracket keeps them in bounds.
    fn guess(self, log: f64) -> (f64, f64) {
        /// Bisection alone needs 17.
        const STEPS: usize = 40;
        /// So few tables are passed one by one.
        const NEAR: f64 = 8.0;
        let exchanged = self.exchanged();
        let most = exchanged.room();
        // Both are outside the numbers that are left.
        let (mut low, mut high) = (0.0, most + 1.0);
        let mut by = (2.0 * self.excess()).round().clamp(1.0, most);
        let mut distance = 0.0;
        for _ in 0..STEPS {
            distance = exchanged.moved(by).log_probability() - log;
            if distance > 0.0 {
                low = by;
            } else {
                high = by;
            }
            let slope = libm::log(exchanged.moved(by - 1.0).step());
            let newton = by - distance / slope;
            if low + 1.0 >= high || slope < 0.0 && (newton - by).abs() <= NEAR {
                break;
            }
            let usable = slope < 0.0 && newton.is_finite();
            by = if usable { newton.round().clamp(low + 1.0, high - 1.0) } else { (0.5 * (low + high)).floor() };
        }
        (by, distance)
    }

    /// The events of the first column beyond those that are expected.
    fn excess(self) -> f64 {
        let Self { with, without, other_with, other_without } = self;
        (with * other_without - without * other_with) / (with + without + other_with + other_without)
    }

    /// The logarithm of the probability given the margins. Its absolute error is below 1e-13 where the probability is above 1e-100.
    fn log_probability(self) -> f64 {
        let Self { with, without, other_with, other_without } = self;
        let (column, other) = (with + without, other_with + other_without);
        let (events, others) = (with + other_with, without + other_without);
        let total = column + other;
        let excess = self.excess();
        let distance = deviance(with, column * events / total, excess)
            + deviance(without, column * others / total, -excess)
            + deviance(other_with, other * events / total, -excess)
            + deviance(other_without, other * others / total, excess);
        let cells = [with, without, other_with, other_without];
        // Stirling's formula has sqrt(2 pi n) for n!, and 1 stands for 0! without it.
        let below: f64 = cells.iter().map(|cell| if *cell > 0.0 { TAU * cell } else { 1.0 }).product();
        let root = TAU * TAU * TAU * (column * other) * (events * others) / total / below;
        let remainders = remainder(column) + remainder(other) + remainder(events) + remainder(others)
            - remainder(total)
            - cells.into_iter().map(remainder).sum::<f64>();
        0.5 * libm::log(root) + remainders - distance
    }
}

/// Returns count ln(count / expected) - excess, where excess = count - expected. The series keeps all digits where the two are near.
pub(super) fn deviance(count: f64, expected: f64, excess: f64) -> f64 {
    if count == 0.0 {
        return expected;
    }
    let share = excess / (count + expected);
    if share.abs() > 0.1 {
        return count * libm::log(count / expected) - excess;
    }
    // ln(count / expected) = 2 artanh(share).
    let square = share * share;
    let series = (0..8).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 3));
    excess * share + 2.0 * count * share * square * series
}

/// Returns ln n! without Stirling's formula n ln n - n + ln sqrt(2 pi n); 0 for 0.
pub(super) fn remainder(count: f64) -> f64 {
    /// By n, up to 15.
    const EXACT: [f64; 16] = [
        0.0,
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_29,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_093,
        0.016_644_691_189_821_193,
        0.013_876_128_823_070_748,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_096,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
        0.007_573_675_487_951_841,
        0.006_942_840_107_209_53,
        0.006_408_994_188_004_207,
        0.005_951_370_112_758_848,
        0.005_554_733_551_962_801,
    ];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number; saturating")]
    let known = EXACT.get(count as usize);
    known.copied().unwrap_or_else(|| {
        let square = (count * count).recip();
        let series = [-1.0 / 1_680.0, 1.0 / 1_260.0, -1.0 / 360.0, 1.0 / 12.0]
            .iter()
            .fold(1.0 / 1_188.0, |sum, term| sum * square + term);
        series / count
    })
}
