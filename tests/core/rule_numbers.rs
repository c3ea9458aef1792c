//! The descriptive numbers of the rule kinds beyond disparity, compared with reference values of 50-digit arithmetic
//! (`tests/vectors/rules.json`, and constants that say so) and with independent slow sums.

use paritywatch::statistics::*;
use serde_json::Value;
use statrs::distribution::{ContinuousCDF, Discrete, Normal, Poisson};
use statrs::function::gamma::gamma_lr;

const TOLERANCE: f64 = 1e-10;

fn cases(name: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/rules.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = vectors[name].as_array().unwrap().clone();
    assert!(cases.len() >= 3, "{name}");
    cases
}

/// A number, which may be written as a string.
fn real(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

fn counts(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

fn table(value: &Value) -> Vec<Vec<u64>> {
    value.as_array().unwrap().iter().map(counts).collect()
}

fn close(found: f64, expected: f64, what: &str) {
    let near = (found - expected).abs() <= TOLERANCE * expected.abs();
    assert!(near, "{what}: expected {expected:e}, found {found:e}");
}

/// Compares with a number or null.
fn close_or_none(found: Option<f64>, expected: &Value, what: &str) {
    match (found, expected) {
        (None, Value::Null) => {}
        (Some(found), expected) => close(found, real(expected), what),
        (None, expected) => panic!("{what}: expected {expected}, found none"),
    }
}

fn confidence() -> Confidence {
    Confidence::new(0.95).unwrap()
}

/// The information that finds a ratio with 80 % power by sequential evidence at a level: the formula of the rule kinds.
fn information(level: f64, ratio: f64) -> f64 {
    let z = Normal::standard().inverse_cdf(0.8);
    let root = z + (z * z + 2.0 * ((1.0 / level).ln() + 2.0)).sqrt();
    (root / ratio.ln()).powi(2)
}

#[test]
fn a_random_arm_is_as_large_as_the_vectors_say() {
    for case in cases("random_needed") {
        let ratio = real(&case["ratio"]);
        let information = information(real(&case["level"]), ratio);
        let profile = case["n_profile"].as_u64().unwrap();
        let found = random_needed(real(&case["p"]), profile, ratio, information, real(&case["phi"]));
        close_or_none(found, &case["value"], &case.to_string());
    }
}

#[test]
fn an_impossible_question_about_a_random_arm_has_no_answer() {
    assert!(random_needed(0.2, 20_000, 1.25, 339.7, 1.0).is_some());
    for (p, profile, ratio, information, phi) in [
        (0.0, 20_000, 1.25, 339.7, 1.0),
        (1.0, 20_000, 1.25, 339.7, 1.0),
        (f64::NAN, 20_000, 1.25, 339.7, 1.0),
        (0.2, 0, 1.25, 339.7, 1.0),
        (0.2, 20_000, 0.0, 339.7, 1.0),
        (0.2, 20_000, f64::INFINITY, 339.7, 1.0),
        (0.2, 20_000, 1.25, 0.0, 1.0),
        (0.2, 20_000, 1.25, f64::NAN, 1.0),
        (0.2, 20_000, 1.25, 339.7, 0.5),
        (1e-320, u64::MAX, 1.25, 339.7, 1.0),
    ] {
        let found = random_needed(p, profile, ratio, information, phi);
        assert_eq!(found, None, "{p} {profile} {ratio} {information} {phi}");
    }
}

#[test]
fn the_association_in_a_table_is_that_of_the_vectors() {
    for case in cases("cramer_v") {
        let found = cramer_v(&table(&case["table"]), confidence()).unwrap();
        let check = |found: f64, name: &str| close(found, real(&case[name]), &format!("{name} of {case}"));
        assert_eq!(found.df, case["df"].as_u64().unwrap());
        check(found.chi2, "chi2");
        check(found.v, "v");
        check(found.v_plain, "v_plain");
        check(found.lower, "lower");
        check(found.upper, "upper");
        check(found.p_value, "p_value");
    }
}

/// Limits from arithmetic with 40 digits, as roots of the whole Poisson sum.
#[test]
fn the_association_in_large_tables_keeps_its_digits() {
    let pattern = |i: u64, j: u64| (i * 37 + j * 53 + i * j * 11) % 400;
    let square = |count: fn(u64) -> u64| -> Vec<Vec<u64>> {
        (0..21).map(|i| (0..21).map(|j| count(pattern(i, j))).collect()).collect()
    };
    let wide: Vec<Vec<u64>> = (0..2)
        .map(|i| (0..100_u64).map(|j| 100_000 + if i == 0 { 90_000 * (j * 7 % 10) / 9 } else { 0 }).collect())
        .collect();
    for (table, df, chi2, lower, upper) in [
        (
            vec![vec![10_500_000, 19_500_000], vec![40_000_000, 130_000_000]],
            1,
            1_777_620.217_264_693,
            0.094_138_135_729_174_7,
            0.094_415_316_494_044_65,
        ),
        (
            vec![vec![600_000_000, 400_000_000], vec![9_000_000_000, 9_100_000_000]],
            1,
            40_030_023.262_576_33,
            0.045_765_865_558_080_49,
            0.045_794_229_161_410_51,
        ),
        (
            square(|count| 1_000 + count),
            400,
            4_686.341_147_156_974,
            0.019_520_969_013_683_716,
            0.020_754_305_920_198_376,
        ),
        (
            square(|count| 100_000 + 150 * count),
            400,
            974_271.916_993_337,
            0.029_108_702_233_492_646,
            0.029_224_568_697_902_268,
        ),
        (
            square(|count| 10_000_000 + 15_000 * count),
            400,
            97_427_191.699_333_7,
            0.029_166_757_239_707_18,
            0.029_178_342_711_414_263,
        ),
        (
            square(|count| 12_000_000 + 18_000 * count),
            400,
            116_912_630.039_200_44,
            0.029_167_271_912_363_565,
            0.029_177_847_950_881_036,
        ),
        (wide, 99, 238_066.400_078_368_23, 0.098_158_519_319_413_98, 0.098_950_545_893_112_32),
    ] {
        let found = cramer_v(&table, confidence()).unwrap();
        assert_eq!(found.df, df);
        close(found.chi2, chi2, "chi2");
        close(found.lower, lower, "lower");
        close(found.upper, upper, "upper");
    }
}

/// The probability below x of a noncentral chi-squared number, summed over all Poisson numbers that have a probability.
fn slow_noncentral(x: f64, df: f64, lambda: f64) -> f64 {
    let numbers = Poisson::new(lambda / 2.0).unwrap();
    (0..4_000).map(|number| numbers.pmf(number) * gamma_lr(df / 2.0 + number as f64, x / 2.0)).sum()
}

#[test]
fn the_limits_of_an_association_leave_half_of_alpha_outside_by_a_slow_sum() {
    let mut checked = 0;
    for level in [0.8, 0.95, 0.99] {
        let confidence = Confidence::new(level).unwrap();
        let half = confidence.alpha() / 2.0;
        for case in cases("cramer_v") {
            let table = table(&case["table"]);
            let found = cramer_v(&table, confidence).unwrap();
            let n: u64 = table.iter().flatten().sum();
            let scale = n as f64 * (table.len().min(table[0].len()) - 1) as f64;
            let (df, lower, upper) = (found.df as f64, found.lower * found.lower, found.upper * found.upper);
            if lower > 0.0 {
                close(slow_noncentral(found.chi2, df, lower * scale), 1.0 - half, "lower");
                checked += 1;
            }
            if upper < 1.0 {
                close(slow_noncentral(found.chi2.max(df), df, upper * scale) / half, 1.0, "upper");
                checked += 1;
            }
        }
    }
    assert!(checked >= 50, "{checked}");
}

/// Where the sum gives way to a formula, at a statistic of 10^8, the limits go on without a step.
#[test]
fn the_limits_of_a_very_large_statistic_join_those_by_the_sum() {
    let of = |apart: u64| {
        let (most, least) = (10_000_000_000 + apart, 10_000_000_000 - apart);
        cramer_v(&[vec![most, least], vec![least, most]], confidence()).unwrap()
    };
    let (below, above) = (of(499_999_900), of(500_000_100));
    assert!(below.chi2 < 1e8 && above.chi2 > 1e8, "{below:?} {above:?}");
    for (found, name) in [(below, "below"), (above, "above")] {
        // With one degree of freedom the root of the statistic is normal with variance 1.
        let (root, scale) = (found.chi2.sqrt(), 4e10_f64.sqrt());
        close(found.lower, (root - confidence().z()) / scale, name);
        close(found.upper, (root + confidence().z()) / scale, name);
    }
}

#[test]
fn a_table_without_information_has_no_association() {
    let none: [&[Vec<u64>]; 8] = [
        &[],
        &[vec![], vec![]],
        &[vec![3, 4]],
        &[vec![3, 0], vec![4, 0]],
        &[vec![0, 0], vec![4, 9]],
        &[vec![1, 2], vec![3]],
        &[vec![1, 0], vec![0, 1]],
        &[vec![u64::MAX, 1], vec![1, 1]],
    ];
    for table in none {
        assert_eq!(cramer_v(table, confidence()), None, "{table:?}");
    }
    let full = cramer_v(&[vec![60, 40], vec![270, 630]], confidence());
    let padded = cramer_v(&[vec![60, 0, 40], vec![0, 0, 0], vec![270, 0, 630]], confidence());
    assert_eq!(full, padded, "empty rows and columns are left out");
}

#[test]
fn one_sided_limits_are_those_of_the_vectors() {
    for case in cases("one_sided_lower") {
        let [x, n] = ["x", "n"].map(|name| case[name].as_u64().unwrap());
        close(lower_limit(x, n, 0.05).unwrap(), real(&case["value"]), &case.to_string());
    }
}

/// Limits from sums with 40 digits. Complements are compared too: near 1 a limit itself could not be wrong.
#[test]
fn exact_limits_keep_their_digits_at_a_thousand_million() {
    const N: u64 = 1_000_000_000;
    for (x, lower) in [
        (1, 5.129_329_438_623_503_5e-11),
        (7, 3.285_315_696_353_969e-9),
        (12_345, 0.000_012_162_814_891_746_815),
        (300_000_000, 0.299_976_163_733_836_36),
        (500_000_000, 0.499_973_992_080_630_3),
        (999_999_000, 0.999_998_946_396_906_1),
    ] {
        close(lower_limit(x, N, 0.05).unwrap(), lower, &format!("{x}"));
    }
    for (x, n, lower, upper) in [
        (0, N, 0.0, 3.688_879_447_310_02e-9),
        (3, N, 6.186_721_233_228_96e-10, 8.767_273_044_460_696e-9),
        (40, 100, 0.303_294_768_702_877_4, 0.502_790_849_577_665_2),
        (90_000_000, 100_000_000, 0.899_941_184_501_967_2, 0.900_058_792_340_972_9),
    ] {
        let found = exact_interval(x, n, confidence()).unwrap();
        close(found.lower, lower, &format!("{x} of {n} lower"));
        close(found.upper, upper, &format!("{x} of {n} upper"));
    }
    // 1 - the limit of 999,999,000 at 90 % two-sided: the upper limit of the 1,000 without the event.
    let one_tenth = Confidence::new(0.9).unwrap();
    close(exact_interval(1_000, N, one_tenth).unwrap().upper, 1.053_603_093_888_951e-6, "the other 1000");
    close(exact_interval(5, N, one_tenth).unwrap().upper, 1.051_303_487_976_216_8e-8, "the other 5");
}

#[test]
fn impossible_counts_have_no_exact_limit() {
    for (x, n) in [(0, 0), (2, 1), (u64::MAX, 3), (1, u64::MAX)] {
        assert_eq!(lower_limit(x, n, 0.05), None);
        assert_eq!(exact_interval(x, n, confidence()), None);
    }
    for alpha in [0.0, 1e-201, 1.0, -1.0, f64::NAN] {
        assert_eq!(lower_limit(3, 10, alpha), None);
    }
    // From the estimate one Newton step leads to where the probability is no number any more.
    let limits = [1e-200, 1e-15, 1e-6, 0.5].map(|alpha| lower_limit(500_000_000, 1_000_000_000, alpha).unwrap());
    assert!(0.49 < limits[0] && limits.is_sorted() && limits[3] < 0.5, "{limits:?}");
}

#[test]
fn a_ratio_of_shares_is_mapped_from_the_exact_interval() {
    // By the definition: r = s e2 / ((1 - s) e1).
    let share = exact_interval(30, 120, confidence()).unwrap();
    let (lower, upper) = exact_share_ratio(30, 90, 1_000.0, 9_000.0, confidence());
    close(lower.unwrap(), share.lower / (1.0 - share.lower) * 9.0, "lower");
    close(upper.unwrap(), share.upper / (1.0 - share.upper) * 9.0, "upper");
    close(share_to_ratio(0.25, 1_000.0, 9_000.0).unwrap(), 3.0, "estimate");
    assert_eq!(exact_share_ratio(5, 0, 10.0, 10.0, confidence()).1, None, "no event of the other: no upper limit");
    assert_eq!(exact_share_ratio(0, 5, 10.0, 10.0, confidence()).0, Some(0.0));
    for (x1, x2, e1, e2) in [(0, 0, 1.0, 1.0), (u64::MAX, 1, 1.0, 1.0), (1, 1, 0.0, 1.0), (1, 1, 1.0, f64::NAN)] {
        assert_eq!(exact_share_ratio(x1, x2, e1, e2, confidence()), (None, None));
    }
    for (share, e1, e2) in [(1.0, 1.0, 1.0), (-0.1, 1.0, 1.0), (f64::NAN, 1.0, 1.0), (0.5, 0.0, 1.0), (0.5, 1.0, -1.0)]
    {
        assert_eq!(share_to_ratio(share, e1, e2), None);
    }
}

#[test]
fn ranks_of_quantiles_are_those_of_the_vectors() {
    for case in cases("quantile_ranks") {
        let found = quantile_ranks(case["n"].as_u64().unwrap(), real(&case["p"]), confidence());
        assert_eq!((found.lower, found.upper), (case["lower"].as_u64(), case["upper"].as_u64()), "{case}");
    }
}

/// Ranks from sums with 40 digits.
#[test]
fn ranks_are_exact_at_a_thousand_million() {
    for (p, value, lower, upper) in [
        (0.5, 500_000_000, 499_969_010, 500_030_991),
        (0.9, 900_000_000, 899_981_406, 900_018_594),
        (0.99, 990_000_000, 989_993_833, 990_006_167),
    ] {
        let expected = QuantileRanks { value: Some(value), lower: Some(lower), upper: Some(upper) };
        assert_eq!(quantile_ranks(1_000_000_000, p, confidence()), expected);
    }
}

#[test]
fn the_rank_of_a_quantile_is_the_product_rounded_up() {
    let rank = |n, p| quantile_ranks(n, p, confidence()).value;
    // 0.07 * 100 is above 7 in binary.
    assert_eq!([rank(100, 0.07), rank(10, 0.9), rank(11, 0.9), rank(1, 0.01)], [7, 9, 10, 1].map(Some));
    for (n, p) in [(0, 0.5), (5, 0.0), (5, 1.0), (5, f64::NAN), (u64::MAX, 0.5)] {
        assert_eq!(quantile_ranks(n, p, confidence()), QuantileRanks::default());
    }
    // P(Bin(2, 1/2) <= 0) is exactly half of alpha.
    let even = quantile_ranks(2, 0.5, Confidence::new(0.5).unwrap());
    assert_eq!((even.lower, even.upper), (Some(1), Some(2)));
}

fn check_ratio(found: RatioEstimate, case: &Value) {
    close(found.value, real(&case["value"]), &format!("value of {case}"));
    close_or_none(found.lower, &case["lower"], &format!("lower of {case}"));
    close_or_none(found.upper, &case["upper"], &format!("upper of {case}"));
}

fn moments(args: &[f64]) -> Moments {
    Moments { count: args[0] as u64, sum: args[1], squares: args[2] }
}

#[test]
fn ratios_of_means_and_of_quantiles_are_those_of_the_vectors() {
    let args = |case: &Value| case["args"].as_array().unwrap().iter().map(real).collect::<Vec<_>>();
    for case in cases("mean_ratio") {
        let args = args(&case);
        check_ratio(mean_ratio(moments(&args[..3]), moments(&args[3..]), confidence()).unwrap(), &case);
    }
    for case in cases("mover_ratio") {
        let args = args(&case);
        let of = |args: &[f64]| RatioEstimate { value: args[0], lower: Some(args[1]), upper: Some(args[2]) };
        check_ratio(mover_ratio(of(&args[..3]), of(&args[3..])).unwrap(), &case);
    }
}

#[test]
fn a_ratio_lacks_the_limit_that_needs_a_missing_one() {
    let of = |lower, upper| RatioEstimate { value: 90.0, lower, upper };
    let both = of(Some(75.0), Some(110.0));
    let low_only = of(Some(75.0), None);
    let found = mover_ratio(low_only, both).unwrap();
    assert!(found.lower.is_some() && found.upper.is_none(), "{found:?}");
    let found = mover_ratio(both, low_only).unwrap();
    assert!(found.lower.is_none() && found.upper.is_some(), "{found:?}");
    assert_eq!(mover_ratio(RatioEstimate { value: 0.0, ..both }, both), None);
    assert_eq!(mover_ratio(both, RatioEstimate { value: f64::NAN, ..both }), None);
    assert_eq!(mover_ratio(of(Some(0.0), Some(110.0)), both).unwrap().lower, None, "a limit of 0 has no logarithm");
}

#[test]
fn a_mean_of_nothing_has_no_ratio() {
    let some = Moments { count: 50, sum: 250.0, squares: 1_400.0 };
    for none in [
        Moments::default(),
        Moments { count: 50, sum: 0.0, squares: 0.0 },
        Moments { count: 1, sum: 5.0, squares: 25.0 },
        Moments { sum: f64::INFINITY, ..some },
        Moments { squares: f64::NAN, ..some },
    ] {
        assert_eq!(mean_ratio(none, some, confidence()), None, "{none:?}");
        assert_eq!(mean_ratio(some, none, confidence()), None, "{none:?}");
    }
}

#[test]
fn mixes_are_tested_as_in_the_vectors() {
    for case in cases("mix_test") {
        let found = mix_test(&counts(&case["group"]), &counts(&case["rest"]));
        close_or_none(found.chi2, &case["chi2"], &case.to_string());
        close_or_none(found.p_value, &case["p_value"], &case.to_string());
        let expected = (case["df"].as_u64().unwrap(), case["categories"].as_u64().unwrap());
        assert_eq!((found.df, found.categories), expected, "{case}");
    }
}

#[test]
fn a_mix_of_a_group_without_anybody_is_not_tested() {
    for (group, rest) in [(vec![], vec![]), (vec![0, 0], vec![50, 60]), (vec![0], vec![0]), (vec![9], vec![9])] {
        let found = mix_test(&group, &rest);
        assert_eq!((found.chi2, found.p_value, found.df), (None, None, 0), "{group:?} {rest:?}");
    }
    assert_eq!(mix_test(&[30, 40], &[200, 100, 90]), mix_test(&[30, 40, 0], &[200, 100, 90]));
}
