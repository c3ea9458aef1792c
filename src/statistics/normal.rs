//! The standard normal distribution.
//!
//! These two functions are our own because published numbers depend on their last bits. What `statrs` would change is in
//! `docs/decisions/0082-distributions-with-statrs.md`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Returns the probability above `z`, for any `z`; 0 above 38.6.
///
/// The relative error is below 2e-13: z / sqrt(2) is rounded once, which costs z * z times the rounding error.
pub(super) fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// Returns the z that leaves `tail` above it, for `tail` above 0 and at most 0.5, with a relative error below 6e-16 for tails up to 0.45.
/// Nearer to 0.5, where z vanishes, the absolute error stays below 1e-16.
///
/// Newton steps on the logarithm of the tail, which is concave, so they converge from any start.
pub(super) fn upper_quantile(tail: f64) -> f64 {
    /// Each step doubles the digits: seven steps suffice for any tail above 1e-300. Further ones move between neighbouring numbers.
    const STEPS: usize = 40;
    debug_assert!(tail > 0.0 && tail <= 0.5, "no upper quantile of {tail}");
    let mut z = (-2.0 * tail.ln()).sqrt().max(0.0) * 0.8;
    for _ in 0..STEPS {
        let above = upper_tail(z);
        let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
        let step = (above.ln() - tail.ln()) * above / density;
        z += step;
        if step.abs() <= 1e-16 * z.abs() {
            break;
        }
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_undoes_the_tail() {
        for tail in [0.5, 0.4, 0.1, 0.025, 0.005, 1e-6, 1e-12] {
            assert!((upper_tail(upper_quantile(tail)) / tail - 1.0).abs() < 1e-12, "{tail}");
        }
        assert!((upper_quantile(0.025) - 1.959_963_984_540_054).abs() < 1e-14);
    }
}
