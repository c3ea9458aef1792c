//! Levels of tests, and how much information they need.
//!
//! Information about the logarithm of a ratio is the sum of 1 / (variance phi) over the blocks that tell something. The types of the rule kinds
//! add it up; see [`TwoSample::information`](super::TwoSample::information).

use libm::{ceil, log, sqrt};

use super::normal::upper_quantile;
use super::pair::real;

/// Returns the information at which sequential evidence of level `level` finds the ratio `ratio` with probability `power`.
///
/// `level` and `power` lie above 0 and below 1; `ratio` is above 0 and not 1. Where no number suffices, as at ratio 1, the result is
/// [`f64::MAX`].
///
/// I = (z + sqrt(z^2 + 2 (ln(1 / level) + 2)))^2 / (ln ratio)^2, with z the normal quantile of `power`. The 2 is the price of the mixture over
/// alternatives. It was fitted to simulated streams; for ratios above 1.25 the result is cautious.
#[must_use]
pub fn information_needed(level: f64, ratio: f64, power: f64) -> f64 {
    /// What the mixture costs of ln E.
    const MIXTURE: f64 = 2.0;
    let z = quantile(power);
    information_at(z + sqrt(z * z + 2.0 * (log(1.0 / level) + MIXTURE)), ratio)
}

/// Returns the information at which one test of two-sided level `level` on a fixed sample finds the ratio `ratio` with probability `power`.
/// Ranges and the result where no number suffices are those of [`information_needed`].
///
/// I = (z_(1 - level / 2) + z_power)^2 / (ln ratio)^2.
#[must_use]
pub fn information_needed_fixed(level: f64, ratio: f64, power: f64) -> f64 {
    information_at(upper_quantile(level / 2.0) + quantile(power), ratio)
}

/// Returns how many more exposed are needed, if they tell as much as the `exposed_seen` of whom `information` is known; 0 where enough is
/// known. `None` where nothing is known, or where the number is beyond every count.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 2^53")]
pub fn exposed_still_needed(information_needed: f64, information: f64, exposed_seen: u64) -> Option<u64> {
    /// 2^53: up to here every whole number is a number of this type.
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    if !(information > 0.0 && information.is_finite()) {
        return None;
    }
    let missing = (information_needed - information).max(0.0);
    let needed = ceil(missing / information * real(exposed_seen));
    (0.0..=LARGEST).contains(&needed).then_some(needed as u64)
}

/// Returns ln(1 / level) of a series with the share `weight` of the level `alpha` of its family. Both lie above 0, and the weights of a family
/// sum to 1.
#[must_use]
pub fn log_level_of_weight(alpha: f64, weight: f64) -> f64 {
    log(1.0 / (alpha * weight))
}

/// Returns ln(1 / level) of each direction of a series that is tested in two.
#[must_use]
pub const fn log_level_of_half(log_level: f64) -> f64 {
    log_level + std::f64::consts::LN_2
}

/// Returns ln(1 / level) of part `part` of a series, from 1: an epoch, or a period or version that is tested again. Part j has the share
/// 6 / (pi j)^2 of the level; over all parts the shares sum to 1, however many come.
///
/// [`Detector::alarm_at`](super::Detector::alarm_at) takes this share for its epochs. What is split by periods, too, is split twice.
#[must_use]
pub fn log_level_of_part(log_level: f64, part: u32) -> f64 {
    let part = f64::from(part);
    log_level + log(std::f64::consts::PI * std::f64::consts::PI * part * part / 6.0)
}

/// Returns what gives a normal estimate the distance `sum` of quantiles from ratio 1.
fn information_at(sum: f64, ratio: f64) -> f64 {
    let distance = sum / log(ratio);
    (distance * distance).min(f64::MAX)
}

/// Returns the normal quantile of a power.
fn quantile(power: f64) -> f64 {
    if power >= 0.5 { upper_quantile(1.0 - power) } else { -upper_quantile(power) }
}
