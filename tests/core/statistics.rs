//! The numbers against reference values of 50-digit arithmetic (`tests/vectors/vectors.json`), and over the whole input space.
//!
//! Of the vectors these fields are used: wilson, mn_ratio, mn_diff, fisher two-sided, chi2 (for the score test), the stratified
//! Mantel-Haenszel fields, Holm, BH and e-BH. The others are of methods the product does not show.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use crate::support::effort::attempts;
use paritywatch::statistics::*;
use proptest::prelude::*;
use serde_json::Value;

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

/// Relative error, absolute below 1e-12 (a difference whose limit is 0).
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
        if let (Some(p), Some(found)) = (number(&expected["fisher"]["two_sided"]), fisher_p_value(group, reference))
            && count("n1") + count("n2") <= 100_000
        {
            close(found, p, &what("fisher"));
            checked[4] += 1;
        }
        if let (Some(statistic), Some(found)) = (number(&expected["chi2"][0]), score_p_value(group, reference)) {
            let exposed = (count("n1") + count("n2")) as f64;
            let expected = libm_erfc((statistic * (exposed - 1.0) / exposed / 2.0).sqrt());
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

fn libm_erfc(x: f64) -> f64 {
    libm::erfc(x)
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
            // Where everybody of a group has the event, a variance near 0 leaves only part of the digits.
            let full = group.events() == group.exposed() || reference.events() == reference.exposed();
            let tolerance = if full { 1e-4 } else { 1e-8 };
            prop_assert!(interval.lower == 0.0 || (interval.lower * mirrored.upper - 1.0).abs() < tolerance, "{:?} {:?}", interval, mirrored);
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
