//! The normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Probability above `z`.
pub(super) fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// The z that leaves `tail` (0 < tail <= 0.5) above it, to the last digits: Newton steps on the tail's logarithm, which is concave.
pub(super) fn upper_quantile(tail: f64) -> f64 {
    /// Each step doubles the digits; from the start below, six are more than enough for any tail above 1e-300.
    const STEPS: usize = 40;
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
