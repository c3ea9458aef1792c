//! The numbers, compared with reference values of 50-digit arithmetic (`tests/vectors/vectors.json`), with independent formulas on the
//! distributions of `statrs`, and checked over the whole input space.
//!
//! The test reads these fields of the vectors: wilson, mn_ratio, mn_diff, fisher two-sided, chi2 (for the score test), the stratified
//! Mantel-Haenszel fields, Holm, BH and e-BH. The others belong to methods that the product does not show.
//!
//! How exact `statrs` is, and so how wide a tolerance must be, is in `docs/decisions/0082-distributions-with-statrs.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use crate::support::effort::attempts;
use paritywatch::statistics::*;
use proptest::prelude::*;
use serde_json::Value;
use statrs::distribution::{ChiSquared, ContinuousCDF, Discrete, Hypergeometric, Normal};
use statrs::statistics::{Distribution, Max, Min};

const TOLERANCE: f64 = 1e-10;

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) if text == "Infinity" => Some(f64::INFINITY),
        Value::String(text) if text == "-Infinity" => Some(f64::NEG_INFINITY),
        Value::Number(number) => number.as_f64(),
        _ => None,
    }
}

/// Allows a relative error of [`TOLERANCE`]; an absolute one of 1e-16 near 0, where the limit of a difference may lie.
fn close(found: f64, expected: f64, what: &str) {
    let near =
        found == expected || (found - expected).abs() <= TOLERANCE * expected.abs() || (found - expected).abs() < 1e-16;
    assert!(near, "{what}: expected {expected:e}, found {found:e}");
}

fn interval_close(found: Option<Interval>, expected: &Value, what: &str) -> usize {
    let (Some(lower), Some(upper)) = (number(&expected[0]), number(&expected[1])) else {
        return 0;
    };
    let found = found.unwrap_or_else(|| panic!("{what}: expected {expected}, found none"));
    close(found.lower, lower, &format!("{what} lower"));
    close(found.upper, upper, &format!("{what} upper"));
    1
}

#[test]
fn two_by_two_tables() {
    let confidence = Confidence::new(0.95).unwrap();
    close(confidence.z(), 1.959_963_984_540_054_2, "z");
    let mut checked = [0; 6];
    for case in vectors()["two_by_two"].as_array().unwrap() {
        let count = |name: &str| case[name].as_u64().unwrap();
        let group = Proportion::new(count("x1"), count("n1")).unwrap();
        let reference = Proportion::new(count("x2"), count("n2")).unwrap();
        let expected = &case["ref"];
        let name = case["name"].as_str().unwrap();
        let what = |field: &str| format!("{name} {field}");
        checked[0] += interval_close(wilson(group, confidence), &expected["wilson1"], &what("wilson1"));
        checked[1] += interval_close(wilson(reference, confidence), &expected["wilson2"], &what("wilson2"));
        if group.events() + reference.events() > 0 {
            checked[2] +=
                interval_close(ratio_interval(group, reference, confidence), &expected["mn_ratio"], &what("mn_ratio"));
        }
        checked[3] +=
            interval_close(difference_interval(group, reference, confidence), &expected["mn_diff"], &what("mn_diff"));
        if let Some(p) = number(&expected["fisher"]["two_sided"])
            && count("n1") > 0
            && count("n2") > 0
            && count("n1") + count("n2") <= 100_000
        {
            close(fisher_p_value(group, reference).unwrap(), p, &what("fisher"));
            checked[4] += 1;
        }
        if let (Some(statistic), Some(found)) = (number(&expected["chi2"][0]), score_p_value(group, reference)) {
            let exposed = (count("n1") + count("n2")) as f64;
            let expected = chi_squared_tail(statistic * (exposed - 1.0) / exposed);
            // chi2 is rounded to a double, which costs digits far out in the tail.
            assert!(
                (found - expected).abs() <= 1e-9 * expected.max(1e-300) || expected < 1e-280,
                "{name} score: {expected:e} {found:e}"
            );
            checked[5] += 1;
        }
    }
    assert!(checked.iter().all(|count| *count >= 30), "too few values were compared: {checked:?}");
}

/// The probability that a chi-squared number with one degree of freedom exceeds `x`: an incomplete gamma function, not an error function.
fn chi_squared_tail(x: f64) -> f64 {
    ChiSquared::new(1.0).unwrap().sf(x)
}

#[test]
fn stratified_tables() {
    let confidence = Confidence::new(0.95).unwrap();
    let mut checked = 0;
    for case in vectors()["stratified"].as_array().unwrap() {
        let strata: Vec<Stratum> = case["strata"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let count = |index: usize| row[index].as_u64().unwrap();
                Stratum {
                    group: Proportion::new(count(0), count(1)).unwrap(),
                    reference: Proportion::new(count(2), count(3)).unwrap(),
                }
            })
            .collect();
        let name = case["name"].as_str().unwrap();
        let expected = &case["ref"];
        let Some(ratio) = number(&expected["rr_mh"]).filter(|ratio| ratio.is_finite()) else { continue };
        let found = mantel_haenszel(&strata, confidence).unwrap_or_else(|| panic!("{name}: no estimate"));
        close(found.ratio, ratio, name);
        if let (Some(variance), Some(found)) = (number(&expected["log_rr_var_greenland_robins"]), found.ln_variance) {
            close(found, variance, &format!("{name} variance"));
        }
        if ratio > 0.0 {
            interval_close(Some(found.interval), &expected["rr_mh_ci95"], name);
        }
        if let (Some(p), Some(found)) = (number(&expected["cmh_nocorr"][1]), found.cmh_p_value) {
            assert!((found - p).abs() <= 1e-9 * p, "{name} cmh: expected {p:e}, found {found:e}");
        }
        assert_eq!(found.used_strata as u64, case["used_strata"].as_u64().unwrap(), "{name}");
        checked += 1;
    }
    assert!(checked >= 8, "too few tables were compared: {checked}");
}

#[test]
fn a_reversal_is_strict() {
    let confidence = Confidence::new(0.95).unwrap();
    let stratum = |x1, n1, x2, n2| Stratum {
        group: Proportion::new(x1, n1).unwrap(),
        reference: Proportion::new(x2, n2).unwrap(),
    };
    let level = [stratum(50, 2500, 950, 47_500), stratum(1000, 10_000, 4000, 40_000)];
    assert!(!mantel_haenszel(&level, confidence).unwrap().reversal);
    let reversed = [stratum(49, 2500, 950, 47_500), stratum(990, 10_000, 4000, 40_000)];
    assert!(mantel_haenszel(&reversed, confidence).unwrap().reversal);
}

/// The first step of the search for this limit starts where Newton steps are as small as rounding errors. The value is from arithmetic with 40
/// digits.
#[test]
fn a_limit_is_right_where_newton_steps_start_next_to_an_end() {
    let (group, reference) = (Proportion::new(1, 4).unwrap(), Proportion::new(13, 20).unwrap());
    let found = difference_interval(group, reference, Confidence::new(0.95).unwrap()).unwrap();
    close(found.lower, -0.705_773_274_811_677_3, "lower limit");
}

#[test]
fn many_comparisons() {
    let vectors = vectors();
    let list = |value: &Value| value.as_array().unwrap().iter().map(|value| number(value).unwrap()).collect::<Vec<_>>();
    for case in vectors["multiplicity"].as_array().unwrap() {
        let p_values = list(&case["p"]);
        for (found, expected) in
            [(holm(&p_values), list(&case["holm"])), (benjamini_hochberg(&p_values), list(&case["bh"]))]
        {
            found
                .iter()
                .zip(expected)
                .for_each(|(found, expected)| close(*found, expected, case["name"].as_str().unwrap()));
        }
    }
    for case in vectors["e_bh"].as_array().unwrap() {
        let log_e: Vec<f64> = list(&case["e"]).iter().map(|e| e.ln()).collect();
        let expected: Vec<usize> = list(&case["rejected"]).iter().map(|index| *index as usize).collect();
        assert_eq!(e_benjamini_hochberg(&log_e, number(&case["alpha"]).unwrap()), expected, "{case}");
    }
}

#[test]
fn the_sample_size_gives_its_power() {
    // Fleiss, Levin and Paik: two equal groups, 60 % against 40 %, 5 % two-sided, 80 %: 97 each.
    let question = PowerQuestion { base_rate: 0.4, ratio: 1.5, share: 0.5, alpha: 0.05, power: 0.8 };
    assert!((exposed_needed(&question).unwrap() / 2.0 - 96.9).abs() < 0.2);
    assert_eq!(exposed_needed(&PowerQuestion { ratio: 1.0, ..question }), None);
}

#[test]
fn fishers_test_ends_where_the_score_test_begins() {
    let half = Proportion::new(400, FISHER_EXPOSED / 2).unwrap();
    let other_half = Proportion::new(450, FISHER_EXPOSED / 2).unwrap();
    assert_eq!(p_value(half, other_half), fisher_p_value(half, other_half));
    let one_more = Proportion::new(450, FISHER_EXPOSED / 2 + 1).unwrap();
    assert_eq!(fisher_p_value(half, one_more), None);
    assert_eq!(p_value(half, one_more), score_p_value(half, one_more));
    let (fisher, score) = (p_value(half, other_half).unwrap(), p_value(half, one_more).unwrap());
    assert!((fisher / score - 1.0).abs() < 0.1, "near the limit the tests agree: {fisher} {score}");
}

/// Where nobody or everybody has the event no other table has the same margins, whatever the test.
#[test]
fn equal_rates_at_the_ends_have_the_p_value_1() {
    for (n1, n2) in [(1, 1), (41, 17), (50_000, 50_000), (41, 5_452_359), (1_000_000_000, 1_000_000_000_000)] {
        for everybody in [false, true] {
            let of = |n: u64| Proportion::new(if everybody { n } else { 0 }, n).unwrap();
            assert_eq!(p_value(of(n1), of(n2)), Some(1.0), "{n1} {n2} {everybody}");
            assert_eq!(score_p_value(of(n1), of(n2)), Some(1.0));
            assert_eq!(fisher_p_value(of(n1), of(n2)), (n1 + n2 <= FISHER_EXPOSED).then_some(1.0));
            assert_eq!(p_value(of(n1), of(0)), None, "an empty group");
        }
    }
}

/// Expected values from arithmetic with 50 digits.
#[test]
fn strata_in_which_nearly_everybody_has_the_event_keep_their_digits() {
    let stratum = |y1, n1, y2, n2| Stratum {
        group: Proportion::new(n1 - y1, n1).unwrap(),
        reference: Proportion::new(n2 - y2, n2).unwrap(),
    };
    let strata = [stratum(3, 936_343_332, 8, 440_040_410), stratum(0, 41, 2, 5_452_359)];
    let found = mantel_haenszel(&strata, Confidence::new(0.95).unwrap()).unwrap();
    close(found.ln_variance.unwrap() / 4.473_648_499_226_162_7e-17, 1.0, "variance");
    close(found.cmh_p_value.unwrap(), 0.003_749_859_132_994_028, "p-value");
}

/// The p-value of a share and its interval rest on one test: the one is below alpha where the other excludes 1.
#[test]
fn the_p_value_of_a_share_is_that_of_its_interval() {
    // By hand: 30 of 120, expected 12, variance 10.8.
    let expected = libm::erfc(18.0 / 10.8_f64.sqrt() / std::f64::consts::SQRT_2);
    close(share_p_value(30, 90, 10_000, 90_000).unwrap(), expected, "p");
    assert_eq!(share_p_value(12, 108, 10_000, 90_000), Some(1.0));
    for none in [(0, 0, 5, 5), (1, 1, 0, 5), (1, 1, 5, 0), (u64::MAX, 1, 5, 5)] {
        assert_eq!(share_p_value(none.0, none.1, none.2, none.3), None, "{none:?}");
    }
    // More events than persons: what is counted of a population is no part of it.
    assert!(share_p_value(100, 10, 5, 5).unwrap() < 1e-9);
}

fn proportion(largest: u64) -> impl Strategy<Value = Proportion> {
    let exposed = prop_oneof![0..=20_u64, 0..=10_000_u64, 0..=largest];
    (exposed, 0.0..=1.0_f64, 0..4_u8).prop_map(|(exposed, share, shape)| {
        let events = match shape {
            0 => 0,
            1 => exposed,
            2 => exposed.min(3),
            _ => (exposed as f64 * share) as u64,
        };
        Proportion::new(events.min(exposed), exposed).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(20_000), ..ProptestConfig::default() })]

    #[test]
    fn intervals_hold_their_estimates(group in proportion(1_000_000_000_000), reference in proportion(1_000_000_000_000), level in 0.5..0.9999_f64) {
        let confidence = Confidence::new(level).unwrap();
        if let (Some(interval), Some(rate)) = (wilson(group, confidence), group.rate()) {
            prop_assert!(0.0 <= interval.lower && interval.lower <= rate * (1.0 + 1e-12) && rate <= interval.upper * (1.0 + 1e-12) && interval.upper <= 1.0);
        }
        let ratio = group.rate().zip(reference.rate()).map(|(one, other)| one / other);
        if let Some(interval) = ratio_interval(group, reference, confidence) {
            let ratio = ratio.unwrap();
            prop_assert!(!interval.lower.is_nan() && !interval.upper.is_nan() && interval.lower >= 0.0);
            prop_assert!(interval.lower <= ratio * (1.0 + 1e-9) && ratio <= interval.upper * (1.0 + 1e-9), "{:?} {}", interval, ratio);
            let mirrored = ratio_interval(reference, group, confidence).unwrap();
            prop_assert!(interval.lower == 0.0 || (interval.lower * mirrored.upper - 1.0).abs() < 1e-14, "{:?} {:?}", interval, mirrored);
        }
        if let Some(interval) = difference_interval(group, reference, confidence) {
            let difference = group.rate().unwrap() - reference.rate().unwrap();
            prop_assert!(-1.0 <= interval.lower && interval.upper <= 1.0);
            prop_assert!(interval.lower <= difference + 1e-12 && difference <= interval.upper + 1e-12, "{:?} {}", interval, difference);
        }
        if let Some(interval) = share_ratio_interval(group.events(), reference.events(), group.exposed(), reference.exposed(), confidence) {
            prop_assert!(!interval.lower.is_nan() && interval.lower <= interval.upper);
        }
        if let Some(p) = score_p_value(group, reference) {
            prop_assert!((0.0..=1.0).contains(&p));
        }
    }

    #[test]
    fn exact_tests_are_probabilities_and_symmetric(group in proportion(5_000), reference in proportion(5_000)) {
        if let Some(p) = fisher_p_value(group, reference) {
            let mirrored = fisher_p_value(reference, group).unwrap();
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!((p - mirrored).abs() <= 1e-9 * p.max(1e-300));
        }
    }

    #[test]
    fn strata_never_give_nonsense(rows in prop::collection::vec((proportion(1_000_000), proportion(1_000_000)), 0..10)) {
        let strata: Vec<Stratum> = rows.iter().map(|(group, reference)| Stratum { group: *group, reference: *reference }).collect();
        if let Some(found) = mantel_haenszel(&strata, Confidence::new(0.95).unwrap()) {
            prop_assert!(found.ratio >= 0.0 && found.ratio.is_finite());
            prop_assert!(found.interval.lower <= found.ratio && found.ratio <= found.interval.upper);
        }
    }

    #[test]
    fn adjusted_p_values_are_not_smaller(p_values in prop::collection::vec(0.0..=1.0_f64, 0..40)) {
        for adjusted in [holm(&p_values), benjamini_hochberg(&p_values)] {
            prop_assert!(adjusted.iter().zip(&p_values).all(|(adjusted, p)| *adjusted >= *p * (1.0 - 1e-12) && *adjusted <= 1.0));
        }
    }
}

/// The p2 of largest likelihood where p1 = slope p2 + shift, by bisection of the likelihood's slope.
fn restricted_rate(group: Proportion, reference: Proportion, slope: f64, shift: f64) -> f64 {
    let [x1, n1, x2, n2] = [group.events(), group.exposed(), reference.events(), reference.exposed()].map(|n| n as f64);
    let term = |count: f64, rate: f64| if count == 0.0 { 0.0 } else { count / rate };
    let (mut low, mut high) = ((-shift / slope).max(0.0), ((1.0 - shift) / slope).min(1.0));
    for _ in 0..200 {
        let p2 = 0.5 * (low + high);
        let p1 = slope * p2 + shift;
        let rises = slope * (term(x1, p1) - term(n1 - x1, 1.0 - p1)) + term(x2, p2) - term(n2 - x2, 1.0 - p2) > 0.0;
        (low, high) = if rises { (p2, high) } else { (low, p2) };
    }
    0.5 * (low + high)
}

/// The two-sided p-value of the hypothesis p1 = slope p2 + shift, by the score statistic and the chi-squared distribution.
fn hypothesis_p_value(group: Proportion, reference: Proportion, slope: f64, shift: f64) -> f64 {
    let [n1, n2] = [group.exposed(), reference.exposed()].map(|n| n as f64);
    let p2 = restricted_rate(group, reference, slope, shift);
    let p1 = slope * p2 + shift;
    let variance = p1 * (1.0 - p1) / n1 + slope * slope * p2 * (1.0 - p2) / n2;
    let distance = group.rate().unwrap() - slope * reference.rate().unwrap() - shift;
    chi_squared_tail(distance * distance / (variance * (n1 + n2) / (n1 + n2 - 1.0)))
}

/// Some have the event and some do not. Rates stay below 0.95 (but for the smallest counts): near 1 restricted rates lose digits, and a test
/// would have to forgive more than a mistake may change.
fn inner_proportion(largest: u64) -> impl Strategy<Value = Proportion> {
    (prop_oneof![0..=50_u64, 0..=2_000_u64, 0..=largest], 0.0..=0.95_f64).prop_map(|(more, share)| {
        let events = (more as f64 * share) as u64;
        Proportion::new(1 + events, 2 + more).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// The product's quantile comes from Newton steps on libm's error function, that of `statrs` from rational approximations of the inverse.
    #[test]
    fn the_quantile_of_a_level_is_that_of_statrs(level in 0.5..0.9999_f64) {
        let expected = -Normal::standard().inverse_cdf((1.0 - level) / 2.0);
        let found = Confidence::new(level).unwrap().z();
        // Both have a relative error below 1e-15.
        prop_assert!((found / expected - 1.0).abs() < 2e-15, "{found:e} {expected:e}");
    }

    /// A score interval holds the hypotheses that the score test does not reject, so at a limit the p-value is alpha.
    #[test]
    fn at_the_limits_of_an_interval_the_p_value_is_alpha(
        group in inner_proportion(1_000_000), reference in inner_proportion(1_000_000), level in 0.5..0.9999_f64,
    ) {
        let confidence = Confidence::new(level).unwrap();
        // The limits have 12 digits; where a group has a million persons, p-values change a thousand times as fast.
        let is_alpha = |p: f64| (p / confidence.alpha() - 1.0).abs() < 1e-7;
        let ratio = ratio_interval(group, reference, confidence).unwrap();
        for limit in [ratio.lower, ratio.upper] {
            let p = hypothesis_p_value(group, reference, limit, 0.0);
            prop_assert!(is_alpha(p), "ratio {ratio:?}: {p}");
        }
        let difference = difference_interval(group, reference, confidence).unwrap();
        for limit in [difference.lower, difference.upper] {
            let p = hypothesis_p_value(group, reference, 1.0, limit);
            prop_assert!(is_alpha(p), "difference {difference:?}: {p}");
        }
        let rate = wilson(group, confidence).unwrap();
        for limit in [rate.lower, rate.upper] {
            let distance = group.rate().unwrap() - limit;
            let p = chi_squared_tail(distance * distance / (limit * (1.0 - limit)) * group.exposed() as f64);
            prop_assert!(is_alpha(p), "rate {rate:?}: {p}");
        }
    }

    /// The limits of a ratio of population rates are those of the share, mapped back.
    #[test]
    fn at_the_limits_of_a_share_the_p_value_is_alpha(
        x1 in 1..100_000_u64, x2 in 1..100_000_u64, n1 in 1..1_000_000_u64, n2 in 1..1_000_000_u64, level in 0.5..0.9999_f64,
    ) {
        let confidence = Confidence::new(level).unwrap();
        let ratio = share_ratio_interval(x1, x2, n1, n2, confidence).unwrap();
        let events = (x1 + x2) as f64;
        for limit in [ratio.lower, ratio.upper] {
            let share = limit * n1 as f64 / (limit * n1 as f64 + n2 as f64);
            let distance = x1 as f64 / events - share;
            let p = chi_squared_tail(distance * distance / (share * (1.0 - share)) * events);
            prop_assert!((p / confidence.alpha() - 1.0).abs() < 1e-7, "{ratio:?}: {p}");
        }
    }

    #[test]
    fn a_share_that_differs_at_alpha_has_an_interval_without_1(
        x1 in 0..1_000_u64, x2 in 0..1_000_u64, n1 in 1..1_000_000_u64, n2 in 1..1_000_000_u64, level in 0.5..0.9999_f64,
    ) {
        let confidence = Confidence::new(level).unwrap();
        if let Some(interval) = share_ratio_interval(x1, x2, n1, n2, confidence) {
            let p = share_p_value(x1, x2, n1, n2).unwrap();
            let excludes = interval.lower > 1.0 || interval.upper < 1.0;
            prop_assert!(excludes == (p < confidence.alpha()) || (p / confidence.alpha() - 1.0).abs() < 1e-9, "{interval:?} {p}");
        }
    }

    /// The score test of ratio 1 is Pearson's chi-squared test, times (N - 1) / N.
    #[test]
    fn the_score_test_is_pearsons(group in inner_proportion(1_000_000_000), reference in inner_proportion(1_000_000_000)) {
        let [x1, n1, x2, n2] = [group.events(), group.exposed(), reference.events(), reference.exposed()].map(u128::from);
        let excess = (x1 * n2).abs_diff(x2 * n1) as f64;
        let statistic = excess * excess * (n1 + n2 - 1) as f64
            / (n1 as f64 * n2 as f64 * (x1 + x2) as f64 * (n1 + n2 - x1 - x2) as f64);
        let (found, expected) = (score_p_value(group, reference).unwrap(), chi_squared_tail(statistic));
        // The statistic has a relative error of some 1e-15, which counts `statistic` / 2 times in the p-value. Where rates differ in their
        // last digits alone, their difference keeps an absolute error of 1e-16 of the rate.
        let z_error = 1e-15 * ((n1 + n2) as f64).sqrt();
        let tolerance = 1e-12 + 1e-15 * statistic + z_error * statistic.sqrt().max(1.0);
        prop_assert!(statistic > 1_300.0 || (found / expected - 1.0).abs() < tolerance, "{statistic}: {found:e} {expected:e}");
    }

    /// Moments of the hypergeometric distribution and an error function, where the product has a chi-squared tail.
    #[test]
    fn the_stratified_test_has_hypergeometric_moments(
        rows in prop::collection::vec((inner_proportion(10_000), inner_proportion(10_000)), 1..6),
    ) {
        let (mut excess, mut variance) = (0.0, 0.0);
        for (group, reference) in &rows {
            let (events, exposed) = (group.events() + reference.events(), group.exposed() + reference.exposed());
            let table = Hypergeometric::new(exposed, events, group.exposed()).unwrap();
            excess += group.events() as f64 - table.mean().unwrap();
            variance += table.variance().unwrap();
        }
        let strata: Vec<Stratum> = rows.into_iter().map(|(group, reference)| Stratum { group, reference }).collect();
        let found = mantel_haenszel(&strata, Confidence::new(0.95).unwrap()).unwrap().cmh_p_value.unwrap();
        let expected = libm::erfc((excess * excess / variance / 2.0).sqrt());
        // Below 1e-300 both lose digits with the exponent.
        prop_assert!(expected < 1e-300 || (found / expected - 1.0).abs() < 1e-10, "{found:e} {expected:e}");
    }

    /// The power at the number found, with quantile and tail of the product in place of those of `statrs`.
    #[test]
    fn the_exposed_needed_have_the_power_asked_for(
        base_rate in 0.001..0.5_f64, ratio in prop_oneof![0.2..0.95_f64, 1.05..1.9_f64], share in 0.01..0.99_f64,
        alpha in 1e-6..0.4_f64, power in 0.5..0.999_f64,
    ) {
        let exposed = exposed_needed(&PowerQuestion { base_rate, ratio, share, alpha, power }).unwrap();
        let (p1, p2) = (base_rate * ratio, base_rate);
        let (n1, n2) = (exposed * share, exposed * (1.0 - share));
        let pooled = share * p1 + (1.0 - share) * p2;
        let null_error = (pooled * (1.0 - pooled) / n1 + pooled * (1.0 - pooled) / n2).sqrt();
        let error = (p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2).sqrt();
        let beyond = ((p1 - p2).abs() - Confidence::new(1.0 - alpha).unwrap().z() * null_error) / error;
        let found = 0.5 * libm::erfc(-beyond / std::f64::consts::SQRT_2);
        prop_assert!((found - power).abs() < 1e-9, "{found} {power}");
    }

    /// The definitions, without sorting: each adjusted value is a maximum or a minimum over the comparisons.
    #[test]
    fn adjusted_p_values_are_those_of_the_definitions(p_values in prop::collection::vec((0..50_u8).prop_map(|p| f64::from(p) / 49.0), 0..30)) {
        let count = |holds: &dyn Fn(f64) -> bool| p_values.iter().filter(|p| holds(**p)).count() as f64;
        let holm_of = |own: f64| {
            let below = p_values.iter().filter(|p| **p <= own);
            below.map(|p| (p * count(&|other| other >= *p)).min(1.0)).fold(0.0, f64::max)
        };
        let bh_of = |own: f64| {
            let above = p_values.iter().filter(|p| **p >= own);
            above.map(|p| p * p_values.len() as f64 / count(&|other| other <= *p)).fold(1.0, f64::min)
        };
        prop_assert_eq!(holm(&p_values), p_values.iter().map(|p| holm_of(*p)).collect::<Vec<_>>());
        prop_assert_eq!(benjamini_hochberg(&p_values), p_values.iter().map(|p| bh_of(*p)).collect::<Vec<_>>());
    }

    /// e-BH rejects whatever reaches m / (alpha k), for the largest k that as many reach.
    #[test]
    fn e_bh_rejects_by_its_definition(log_e in prop::collection::vec(-2.0..9.0_f64, 0..30), alpha in 0.01..0.2_f64) {
        let reaching = |k: usize| -> Vec<usize> {
            let level = (log_e.len() as f64 / alpha).ln() - (k as f64).ln();
            (0..log_e.len()).filter(|place| log_e[*place] >= level).collect()
        };
        let expected = (1..=log_e.len()).rev().map(|k| (k, reaching(k))).find(|(k, places)| places.len() >= *k);
        prop_assert_eq!(e_benjamini_hochberg(&log_e, alpha), expected.map(|(_, places)| places).unwrap_or_default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// The probabilities of all tables by `statrs`, summed over those that are at most as likely as the observed one.
    #[test]
    fn fishers_test_sums_hypergeometric_probabilities(group in proportion(FISHER_EXPOSED / 4), reference in proportion(FISHER_EXPOSED / 4)) {
        let (events, exposed) = (group.events() + reference.events(), group.exposed() + reference.exposed());
        let Some(found) = fisher_p_value(group, reference) else {
            prop_assert!(group.exposed() == 0 || reference.exposed() == 0 || events == 0 || events == exposed);
            return Ok(());
        };
        let table = Hypergeometric::new(exposed, events, group.exposed()).unwrap();
        let observed = table.ln_pmf(group.events());
        let as_likely = |weight: &f64| *weight <= observed + 1e-7;
        let expected: f64 = (table.min()..=table.max()).map(|x| table.ln_pmf(x)).filter(as_likely).map(f64::exp).sum();
        // A probability is the exponential of nine logarithms of factorials, each of at most N ln N and rounded.
        let count = exposed as f64;
        let tolerance = 1e-12 + 9.0 * f64::EPSILON * count * count.ln();
        prop_assert!(expected < 1e-290 || (found / expected - 1.0).abs() < tolerance, "{found:e} {expected:e} of {tolerance:e}");
    }
}

/// Every table of at most 12 and 12: at each limit the score statistic is that of the level, with rates from bisection of the likelihood. Where a
/// limit stands at an end of its range there is nothing beyond.
#[test]
fn limits_of_all_small_tables_have_the_statistic_of_their_level() {
    let tables = || (1..=12_u64).flat_map(|n| (0..=n).map(move |x| Proportion::new(x, n).unwrap()));
    let mut checked = 0;
    for level in [0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999] {
        let confidence = Confidence::new(level).unwrap();
        for (group, reference) in tables().flat_map(|group| tables().map(move |reference| (group, reference))) {
            let mut check = |limit: f64, expected: f64, slope: f64, shift: f64| {
                let found = searched::statistic(group, reference, slope, shift);
                let what = format!("{group:?} {reference:?} {level}: {limit}: {found} for {expected}");
                assert!((found - expected).abs() <= 1e-5 * expected.abs(), "{what}");
                checked += 1;
            };
            let z = confidence.z();
            let difference = difference_interval(group, reference, confidence).unwrap();
            for (limit, end, z) in [(difference.lower, -1.0, z), (difference.upper, 1.0, -z)] {
                if limit == end {
                    assert_eq!(group.rate().unwrap() - reference.rate().unwrap(), end);
                } else {
                    check(limit, z, 1.0, limit);
                }
            }
            let Some(ratio) = ratio_interval(group, reference, confidence) else { continue };
            for (limit, end, z) in [(ratio.lower, 0.0, z), (ratio.upper, f64::INFINITY, -z)] {
                if limit == end {
                    let without = if end == 0.0 { group } else { reference };
                    assert_eq!(without.events(), 0);
                } else {
                    check(limit, z, limit, 0.0);
                }
            }
        }
    }
    assert!(checked > 150_000, "{checked}");
}

/// The limits of score intervals as they were searched before: a search over hypotheses, and in each a search for the restricted rates. It is
/// kept as an oracle that shares nothing with the product's way but the definition.
mod searched {
    use super::*;

    /// Halves a bracket in which `holds` changes from true, at `low`, to false.
    fn last(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            (low, high) = if holds(middle) { (middle, high) } else { (low, middle) };
        }
        0.5 * (low + high)
    }

    pub fn statistic(group: Proportion, reference: Proportion, slope: f64, shift: f64) -> f64 {
        let [n1, n2] = [group.exposed(), reference.exposed()].map(|n| n as f64);
        let p2 = restricted_rate(group, reference, slope, shift);
        let p1 = slope * p2 + shift;
        let variance = p1 * (1.0 - p1) / n1 + slope * slope * p2 * (1.0 - p2) / n2;
        let distance = group.rate().unwrap() - slope * reference.rate().unwrap() - shift;
        distance / (variance * (n1 + n2) / (n1 + n2 - 1.0)).sqrt()
    }

    pub fn upper_ratio(group: Proportion, reference: Proportion, z: f64) -> f64 {
        let estimate = group.rate().unwrap() / reference.rate().unwrap();
        let low = if estimate > 0.0 { estimate.ln() } else { -60.0 };
        last(low, 60.0, |log| statistic(group, reference, log.exp(), 0.0) > -z).exp()
    }

    pub fn upper_difference(group: Proportion, reference: Proportion, z: f64) -> f64 {
        let estimate = group.rate().unwrap() - reference.rate().unwrap();
        last(estimate, 1.0, |difference| statistic(group, reference, 1.0, difference) > -z)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(400), ..ProptestConfig::default() })]

    /// With counts up to a million, and rates that leave the naive search its digits.
    #[test]
    fn limits_are_those_that_a_search_finds(
        group in inner_proportion(1_000_000), reference in inner_proportion(1_000_000), level in 0.5..0.999_f64,
    ) {
        let confidence = Confidence::new(level).unwrap();
        let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3);
        let ratio = ratio_interval(group, reference, confidence).unwrap();
        let upper = searched::upper_ratio(group, reference, confidence.z());
        prop_assert!(near(ratio.upper, upper), "{ratio:?}, {upper}");
        let lower = searched::upper_ratio(reference, group, confidence.z()).recip();
        prop_assert!(near(ratio.lower, lower), "{ratio:?}, {lower}");
        let difference = difference_interval(group, reference, confidence).unwrap();
        let upper = searched::upper_difference(group, reference, confidence.z());
        prop_assert!(near(difference.upper, upper), "{difference:?}, {upper}");
        let lower = -searched::upper_difference(reference, group, confidence.z());
        prop_assert!(near(difference.lower, lower), "{difference:?}, {lower}");
    }

    /// Fisher's test by its definition: the weights of all tables, from the least to the largest number of events.
    #[test]
    fn fishers_test_sums_up_all_tables(group in proportion(400), reference in proportion(400)) {
        if let Some(found) = fisher_p_value(group, reference) {
            let (events, n1, n2) = (group.events() + reference.events(), group.exposed(), reference.exposed());
            let table = Hypergeometric::new(n1 + n2, events, n1).unwrap();
            let weights: Vec<f64> = (table.min()..=table.max()).map(|x| table.ln_pmf(x)).collect();
            let observed = table.ln_pmf(group.events()) + 1e-7;
            let expected: f64 = weights.iter().filter(|weight| **weight <= observed).map(|weight| weight.exp()).sum();
            // Below that the oracle runs out of numbers.
            prop_assert!(found < 1e-300 || (found / expected - 1.0).abs() < 1e-9, "{found:e} {expected:e}");
        }
    }
}

proptest! {
    /// Where nobody or everybody has the event, only one rate can move, and the limits of the difference have a closed form.
    #[test]
    fn limits_without_an_event_have_a_closed_form(
        n1 in prop_oneof![1..=30_u64, 1..=1_000_000_000_u64], n2 in prop_oneof![1..=30_u64, 1..=1_000_000_000_u64],
        everybody: bool, level in 0.5..0.999_f64,
    ) {
        let confidence = Confidence::new(level).unwrap();
        let of = |n: u64| Proportion::new(if everybody { n } else { 0 }, n).unwrap();
        let total = (n1 + n2) as f64;
        let critical = confidence.z().powi(2) * total / (total - 1.0);
        let (rises, falls) = if everybody { (n2, n1) } else { (n1, n2) };
        let found = difference_interval(of(n1), of(n2), confidence).unwrap();
        let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-13;
        prop_assert!(near(found.upper, critical / (rises as f64 + critical)), "{found:?}");
        prop_assert!(near(found.lower, -critical / (falls as f64 + critical)), "{found:?}");
    }
}

/// Tables at the ends of every range, with limits from arithmetic with 50 digits and bisection of the score equation: all persons of a group
/// or none have the event, groups of one and of a billion, levels from 0.5 to 0.999. The file is made by `limits.py` beside it.
#[test]
fn limits_at_the_ends_of_every_range() {
    // The quantile of a level near 1 loses digits to 1 - level: about 1e-13.
    limits_are_those_of("limits.txt", 2e-13);
}

/// Tables of at most 12 and 12, and tables in which nearly everybody has the event, up to a billion. The file is made by `small.py` beside it.
#[test]
fn limits_of_small_tables_and_near_saturation() {
    limits_are_those_of("small.txt", TOLERANCE);
}

fn limits_are_those_of(file: &str, tolerance: f64) {
    let path = format!("{}/tests/vectors/limits/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut checked = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let count = |index: usize| words[index].parse::<u64>().unwrap();
        let expected = |index: usize| words[index].parse::<f64>().unwrap();
        let group = Proportion::new(count(0), count(1)).unwrap();
        let reference = Proportion::new(count(2), count(3)).unwrap();
        let confidence = Confidence::new(expected(4)).unwrap();
        let check = |found: f64, expected: f64, what: &str| {
            let near = found == expected
                || (found - expected).abs() <= tolerance * expected.abs()
                || (found - expected).abs() < 2e-16;
            assert!(near, "{line}: {what}: expected {expected:e}, found {found:e}");
        };
        if let Some(ratio) = ratio_interval(group, reference, confidence) {
            check(ratio.lower, expected(5), "lower limit of the ratio");
            check(ratio.upper, expected(6), "upper limit of the ratio");
        }
        let difference = difference_interval(group, reference, confidence).unwrap();
        check(difference.lower, expected(7), "lower limit of the difference");
        check(difference.upper, expected(8), "upper limit of the difference");
        checked += 1;
    }
    assert!(checked >= 200, "{checked} tables");
}
