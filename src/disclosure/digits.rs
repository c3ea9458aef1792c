//! Numbers with few digits: those that follow from no published count.

use crate::plan::DisclosurePlan;

/// Rounds to so many significant digits. What is not finite, and 0, stay as they are.
pub(super) fn significant(value: f64, digits: i32) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let magnitude = value.abs().log10().floor();
    let places = f64::from(digits) - 1.0 - magnitude;
    // A power with a positive exponent is exact, so that the digits are those that a person would write.
    if places >= 0.0 {
        let scale = 10_f64.powf(places);
        if scale.is_finite() { (value * scale).round() / scale } else { value }
    } else {
        let scale = 10_f64.powf(-places);
        (value / scale).round() * scale
    }
}

/// How many digits numbers have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    is_cut: bool,
}

impl Digits {
    pub const fn of(plan: &DisclosurePlan) -> Self {
        Self { is_cut: plan.defences.digits && !plan.is_open() }
    }

    /// Cuts a logarithm of evidence to tenths: several with more digits could be solved for the counts of a block.
    pub fn tenths(self, value: f64) -> f64 {
        if self.is_cut { (value * 10.0).round() / 10.0 } else { value }
    }

    /// Cuts a number that rests on counts which are not published to two digits.
    pub fn two(self, value: f64) -> f64 {
        if self.is_cut { significant(value, 2) } else { value }
    }

    /// Lowers a number of cases to the next with one digit.
    pub fn one_down(self, value: f64) -> f64 {
        let scale = if value > 0.0 { 10_f64.powf(value.log10().floor()) } else { 1.0 };
        if self.is_cut && scale.is_finite() { (value / scale).floor() * scale } else { value }
    }

    /// Raises a whole number to the next with two digits.
    pub fn two_up(self, count: u64) -> u64 {
        if !self.is_cut {
            return count;
        }
        let mut step = 1_u64;
        while count / step >= 100 {
            step = step.saturating_mul(10);
        }
        count.div_ceil(step).saturating_mul(step)
    }
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    clippy::many_single_char_names,
    reason = "a panic is how a test fails"
)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_that_count() {
        let cut = [6.2249, 0.036_67, 123.4, -2.555, 99_950.0].map(|value| significant(value, 3));
        assert_eq!(
            cut.map(|value| value.to_string()),
            [6.22, 0.0367, 123.0, -2.56, 100_000.0].map(|value: f64| value.to_string())
        );
        assert_eq!(significant(0.0, 3).to_bits(), 0);
        assert!(significant(f64::INFINITY, 3).is_infinite() && significant(f64::NAN, 2).is_nan());
        let digits = Digits::of(&DisclosurePlan::default());
        assert_eq!([0, 7, 99, 101, 1_234].map(|count| digits.two_up(count)), [0, 7, 99, 110, 1_300]);
        assert_eq!(Digits::of(&DisclosurePlan::open()).two_up(101), 101);
        let down = [10.0, 19.9, 99.0, 123.0, 0.0].map(|value| digits.one_down(value).to_string());
        assert_eq!(down, ["10", "10", "90", "100", "0"]);
    }
}
