//! How large a random arm has to be.

/// Returns how many exposed the random arm needs beside a profile arm that has `n_profile`: not rounded, so take the next whole number. `p` is
/// the rate in the random arm, above 0 and below 1; `ratio` the ratio of the profile's rate to it that is to be found, above 0; `information` what
/// that takes (the inverse variance of the ratio's logarithm), above 0; `phi` the dispersion, from 1.
///
/// Returns `None` where the profile arm alone is too small, so that no random arm suffices, and where an argument is outside its range. The
/// profile's rate is taken as at most 0.995.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts up to 2^53 are exact, larger ones near enough")]
pub fn random_needed(p: f64, n_profile: u64, ratio: f64, information: f64, phi: f64) -> Option<f64> {
    /// Above it the variance of a rate says little.
    const MOST: f64 = 0.995;
    let above_0 = |number: f64| number > 0.0 && number.is_finite();
    if !(p > 0.0 && p < 1.0 && n_profile > 0 && above_0(ratio) && above_0(information) && phi >= 1.0) {
        return None;
    }
    let profile = (ratio * p).min(MOST);
    // What the profile arm leaves of the variance.
    let left = 1.0 / (information * phi) - (1.0 - profile) / (profile * n_profile as f64);
    let needed = (1.0 - p) / p / left;
    (left > 0.0 && needed.is_finite()).then_some(needed)
}
