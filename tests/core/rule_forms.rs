//! The evidence of the rule kinds: against traces of 50-digit arithmetic (`tests/vectors/rules.json`), against what it promises, and over the
//! whole input space. The trace `allowance_v2` of the same file is followed in `evidence.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use crate::support::effort::attempts;
use paritywatch::statistics::*;
use proptest::prelude::*;
use serde_json::Value;

const TRACE: f64 = 1e-12;
const TOLERANCE: f64 = 1e-10;

/// Never alarms, and without a cap, as the traces.
const fn judging(variation: f64) -> Judging {
    Judging { variation, cap: 0.0, log_level: 1e9 }
}

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/rules.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn rows(name: &str) -> Vec<Vec<Value>> {
    let rows: Vec<Vec<Value>> = serde_json::from_value(vectors()[name]["rows"].clone()).unwrap();
    assert_eq!(rows.len(), 40, "{name}");
    rows
}

fn count(row: &[Value], place: usize) -> u64 {
    row[place].as_u64().unwrap()
}

fn counts(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

/// Events and exposed of the group at two places of a row, and of the reference at two others.
fn pair(row: &[Value], [events, exposed, reference_events, reference_exposed]: [usize; 4]) -> Pair {
    Pair {
        events: count(row, events),
        exposed: count(row, exposed),
        reference_events: count(row, reference_events),
        reference_exposed: count(row, reference_exposed),
    }
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    // A logarithm near 0 is that of a number near 1, whose digits bound its absolute error.
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs().max(1.0), "{what}: expected {expected:e}, found {found:e}");
}

/// Compares numbers with the cells of a row from `first` on.
#[track_caller]
fn follows(found: &[f64], row: &[Value], first: usize, what: &str) {
    for (place, found) in found.iter().enumerate() {
        close(*found, row[first + place].as_f64().unwrap(), TRACE, &format!("{what} number {place}"));
    }
}

#[track_caller]
fn one_sample_follows(name: &str, null_rate: f64, direction: Direction) {
    let mut sample = OneSample::new(null_rate, direction);
    for (index, row) in rows(name).iter().enumerate() {
        sample.take(count(row, 0), count(row, 1), &judging(0.3));
        let detector = sample.detector();
        follows(&[sample.phi(), detector.log_e(), detector.log_sr()], row, 2, &format!("{name} row {index}"));
    }
    assert_eq!(sample.blocks(), 40);
}

#[test]
fn the_trace_of_a_rate_above_a_fixed_one() {
    one_sample_follows("coverage_trace", 0.05, Direction::Above);
}

#[test]
fn the_trace_of_a_rate_below_a_fixed_one() {
    one_sample_follows("follow_through_trace", 0.02, Direction::Below);
}

#[test]
fn the_trace_of_shares() {
    let mut series = ShareSeries::new(1.0);
    for (index, row) in rows("complaints_skew_trace").iter().enumerate() {
        let [x1, e1, x2, e2] = [0, 1, 2, 3].map(|place| count(row, place));
        series.take(x1, x2, e1 as f64, e2 as f64, &judging(0.4));
        let detector = series.detector();
        follows(&[series.phi(), detector.log_e(), detector.log_sr()], row, 4, &format!("row {index}"));
    }
}

#[test]
fn the_trace_of_shares_by_period() {
    let family = log_level_of_weight(0.05, 1.0 / 300.0);
    let mut series = ShareSeries::new(1.0);
    let mut period = 1;
    for (index, row) in rows("complaints_rise_trace").iter().enumerate() {
        if count(row, 0) != period {
            (series, period) = (ShareSeries::new(1.0), count(row, 0));
        }
        let [x1, e1, x2, e2] = [1, 2, 3, 4].map(|place| count(row, place));
        series.take(x1, x2, e1 as f64, e2 as f64, &judging(0.15));
        let (detector, alarm_at) = (series.detector(), log_level_of_part(family, u32::try_from(period).unwrap()));
        follows(&[series.phi(), detector.log_e(), detector.log_sr(), alarm_at], row, 5, &format!("row {index}"));
    }
    assert_eq!(period, 4);
}

#[test]
fn the_trace_of_pairs() {
    let mut series = PairSeries::new(1.0);
    for (index, row) in rows("version_trace").iter().enumerate() {
        let block = PairBlock { new: pair(row, [0, 1, 2, 3]), old: pair(row, [4, 5, 6, 7]) };
        series.take(&block, &judging(0.3));
        let detector = series.detector();
        follows(&[series.phi(), detector.log_e(), detector.log_sr()], row, 8, &format!("row {index}"));
    }
}

#[test]
fn the_trace_of_both_directions_with_information() {
    let (mut shown, mut not_suitable) = (TwoSample::new(1.0), TwoSample::new(1.0));
    for (index, row) in rows("suitability_trace").iter().enumerate() {
        let pair = pair(row, [0, 1, 2, 3]);
        shown.take(pair, &judging(0.3));
        not_suitable.take(pair.swapped(), &judging(0.3));
        let evidence = |sample: &TwoSample| [sample.detector().log_e(), sample.detector().log_sr()];
        let ([e, sr], [other_e, other_sr]) = (evidence(&shown), evidence(&not_suitable));
        let found = [e, sr, other_e, other_sr, shown.phi(), not_suitable.phi(), shown.information()];
        follows(&found, row, 4, &format!("row {index}"));
    }
}

#[test]
fn the_trace_of_values_above_a_threshold() {
    let mut exceedance = Exceedance::new();
    for (index, row) in rows("stricter_trace").iter().enumerate() {
        exceedance.take(&counts(&row[0]), &counts(&row[1]), &judging(0.15));
        let expected = [2, 3].map(|place| row[place].as_u64().map(|bucket| usize::try_from(bucket).unwrap()));
        assert_eq!(exceedance.thresholds(), expected, "row {index}");
        let [median, tenth] = exceedance.phi();
        follows(&[median, tenth, exceedance.log_e(), exceedance.log_sr()], row, 4, &format!("row {index}"));
    }
}

#[test]
fn the_trace_of_independence() {
    let mut independence = Independence::new(2, 3);
    for (index, row) in rows("criterion_trace").iter().enumerate() {
        independence.take(&[counts(&row[0]), counts(&row[1])], &judging(0.1));
        follows(&[independence.phi(), independence.detector().log_e()], row, 2, &format!("row {index}"));
    }
}

#[test]
fn the_information_that_a_ratio_needs() {
    let vectors = vectors();
    let cases = vectors["information_needed"].as_array().unwrap();
    for case in cases {
        let number = |name: &str| case[name].as_str().unwrap().parse::<f64>().unwrap();
        let (level, ratio, power) = (number("level"), number("ratio"), number("power"));
        let near = |found: f64, name: &str| {
            let expected = case[name].as_f64().unwrap();
            assert!((found / expected - 1.0).abs() < TOLERANCE, "{case} {name}: {found}");
        };
        near(information_needed(level, ratio, power), "sequential");
        near(information_needed_fixed(level, ratio, power), "fixed");
    }
    assert_eq!(cases.len(), 36);
    assert_eq!(information_needed(0.05, 1.0, 0.8), f64::MAX);
}

#[test]
fn the_exposed_that_are_still_needed() {
    assert_eq!(exposed_still_needed(300.0, 100.0, 1_000), Some(2_000));
    // A part of a person is a person.
    assert_eq!(exposed_still_needed(300.0, 299.0, 1_000), Some(4));
    assert_eq!(exposed_still_needed(100.0, 300.0, 1_000), Some(0));
    for unknown in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(exposed_still_needed(300.0, unknown, 1_000), None);
    }
    assert_eq!(exposed_still_needed(f64::MAX, 1.0, 1_000), None);
}

#[test]
fn parts_of_a_level_sum_up_to_it() {
    let level = log_level_of_weight(0.05, 0.25);
    close((-level).exp(), 0.0125, TRACE, "weight");
    close((-log_level_of_half(level)).exp(), 0.00625, TRACE, "half");
    let parts: f64 = (1..100_000).map(|part| (-log_level_of_part(level, part)).exp()).sum();
    // The shares beyond part j sum up to about 6 / (pi^2 j).
    assert!(parts < 0.0125 && parts > 0.0125 * (1.0 - 1e-5), "{parts}");
    close(log_level_of_part(level, 3), log_level_of_part(level, 1) + 2.0 * 3_f64.ln(), TRACE, "third part");
}

/// The places of the names in a case, in the order of the vectors: main series by number, and intersections by number.
struct Family {
    main: Vec<String>,
    crossed: Vec<String>,
    children: Vec<Vec<usize>>,
}

impl Family {
    fn of(case: &Value) -> Self {
        let parents = case["parents"].as_object().unwrap();
        let crossed: Vec<String> = case["alarm_at"].as_object().unwrap().keys().cloned().collect();
        let place = |name: &Value| crossed.iter().position(|other| other == name.as_str().unwrap()).unwrap();
        let children = parents.values().map(|names| names.as_array().unwrap().iter().map(place).collect()).collect();
        Self { main: parents.keys().cloned().collect(), crossed, children }
    }
}

#[test]
fn intersections_inherit_the_level_of_what_has_alarmed() {
    let vectors = vectors();
    for case in vectors["intersections"].as_array().unwrap() {
        let number = |name: &str| case[name].as_str().unwrap().parse::<f64>().unwrap();
        let Family { main, crossed, children } = Family::of(case);
        let (of_main, of_crossed) = family_weights(main.len() as u64, crossed.len() as u64, number("eta"));
        let [main_level, own_level] = [of_main, of_crossed].map(|weight| log_level_of_weight(number("alpha"), weight));
        let alarms = |name: &str, alarm_at: f64| case["log_e"][name].as_f64().unwrap() >= alarm_at;
        let alarm_at_main = log_level_of_part(main_level, 1);
        close(alarm_at_main, case["alarm_at_main"].as_f64().unwrap(), TOLERANCE, "main");
        let mut inheritance = Inheritance::new(children, crossed.len());
        let mut alarmed = Vec::new();
        for (place, name) in main.iter().enumerate().filter(|(_, name)| alarms(name, alarm_at_main)) {
            // It alarms once in an epoch, however often one looks.
            (0..3).for_each(|_| inheritance.main_alarmed(place, 1, main_level));
            alarmed.push(name.clone());
        }
        for (place, name) in crossed.iter().enumerate() {
            let alarm_at = log_level_of_part(inheritance.log_level(place, own_level, 1), 1);
            close(alarm_at, case["alarm_at"][name].as_f64().unwrap(), TOLERANCE, name);
            alarmed.extend(alarms(name, alarm_at).then(|| name.clone()));
        }
        alarmed.sort_unstable();
        let mut expected: Vec<String> = serde_json::from_value(case["alarmed"].clone()).unwrap();
        expected.sort_unstable();
        assert_eq!(alarmed, expected);
    }
}

#[test]
fn what_is_inherited_lasts_for_one_epoch_of_the_intersection() {
    let level = log_level_of_weight(0.05, 0.25);
    let mut inheritance = Inheritance::new(vec![vec![0, 1, 99]], 2);
    let given = |inheritance: &Inheritance, epoch| {
        let at = |log_level| (-log_level_of_part(log_level, epoch)).exp();
        at(inheritance.log_level(0, level, epoch)) - at(level)
    };
    assert_eq!(given(&inheritance, 1), 0.0);
    let of_epoch = |epoch| (-log_level_of_part(level, epoch)).exp() / 2.0;
    inheritance.main_alarmed(0, 1, level);
    close(given(&inheritance, 1) / of_epoch(1), 1.0, TRACE, "first epoch");
    inheritance.main_alarmed(0, 2, level);
    close(given(&inheritance, 1) / (of_epoch(1) + of_epoch(2)), 1.0, TRACE, "second epoch of the main series");
    inheritance.intersection_cleared(0);
    assert_eq!(given(&inheritance, 2), 0.0);
    assert_ne!(inheritance.log_level(1, level, 1), level, "the other intersection keeps its part");
    inheritance.main_alarmed(7, 1, level);
    assert_eq!(family_weights(4, 0, 0.1), (0.25, 0.0));
}

fn pair_block(new: [u64; 4], old: [u64; 4]) -> PairBlock {
    let of = |[events, exposed, reference_events, reference_exposed]: [u64; 4]| Pair {
        events,
        exposed,
        reference_events,
        reference_exposed,
    };
    PairBlock { new: of(new), old: of(old) }
}

/// Counts up to 1e9, a skewed table, and one with more events than exposed. From arithmetic with 40 digits: ln L at the alternatives 0, 3 and 7,
/// and the information without an allowance.
#[test]
fn pairs_are_exact_at_any_count() {
    let cases = [
        (
            [10, 109, 73, 808],
            [7, 111, 31, 752],
            1.0,
            -0.153_314_677_107_493_08,
            -1.703_879_305_426_849_5,
            -5.145_076_683_502_657,
            3.248_395_745_690_013,
        ),
        (
            [50_000_000, 1_000_000_000, 450_123_456, 9_000_000_000],
            [49_990_000, 1_000_000_000, 450_000_000, 9_000_000_000],
            1.0,
            -112_623.948_656_870_17,
            -5_432_570.582_355_461,
            -23_726_397.698_914_737,
            22_498_283.147_985_134,
        ),
        (
            [80_000_000, 1_000_000_000, 400_000_000, 8_000_000_000],
            [30_000, 1_000_000, 200_000, 10_000_000],
            1.25,
            -502.649_333_701_117_77,
            -7_469.156_549_796_545,
            -23_770.211_480_587_54,
            23_130.687_435_782_736,
        ),
        (
            [3, 10, 999_999_997, 1_000_000_000],
            [1_000_000_000, 1_000_000_000, 5, 1_000_000_000],
            1.0,
            -10_252.742_705_119_206,
            -83_800.398_684_036_76,
            -223_358.817_764_410_17,
            49_990.001_647_426_26,
        ),
        (
            [40_000, 1_000_000, 300_000, 9_000_000],
            [36_000, 1_000_000, 310_000, 9_000_000],
            1.0,
            148.772_892_955_332_94,
            -2_454.306_176_933_336_7,
            -14_410.365_863_101_306,
            16_893.775_908_753_854,
        ),
        (
            [0, 1_000_000, 30, 1000],
            [17, 5, 0, 1],
            2.0,
            -1.695_130_263_275_573_6,
            -11.874_192_364_481_889,
            -25.460_125_318_736_893,
            0.050_701_141_902_661_895,
        ),
    ];
    for (new, old, null, first, fourth, last, information) in cases {
        let block = pair_block(new, old);
        let ratios = log_pair_ratios(&block, null);
        let mut series = PairSeries::new(null);
        series.take(&block, &judging(0.0));
        let found = [ratios[0], ratios[3], ratios[7], series.information()];
        for (found, expected) in found.into_iter().zip([first, fourth, last, information]) {
            assert!((found / expected - 1.0).abs() < TRACE, "{new:?}: expected {expected:e}, found {found:e}");
        }
    }
}

/// The probabilities of the outcomes of some trials.
fn binomial(n: u64, p: f64) -> Vec<f64> {
    let mut of = vec![1.0];
    for _ in 0..n {
        let (stay, rise) = (of.iter().map(|part| part * (1.0 - p)), of.iter().map(|part| part * p));
        of = stay.chain([0.0]).zip([0.0].into_iter().chain(rise)).map(|(one, other)| one + other).collect();
    }
    of
}

/// The mean of each L_k over outcomes with their probabilities.
fn means(outcomes: impl Iterator<Item = (f64, Logs)>) -> Logs {
    let mut means = [0.0; GRID];
    for (probability, ratios) in outcomes {
        means.iter_mut().zip(ratios).for_each(|(mean, log)| *mean += probability * log.exp());
    }
    means
}

fn above_one(means: &Logs) -> bool {
    means.iter().any(|mean| *mean > 1.0 + 1e-9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(500), ..ProptestConfig::default() })]

    /// At the fixed rate the mean is 1, inside the hypothesis it is less, and outside it is more.
    #[test]
    fn a_likelihood_ratio_of_one_rate_is_an_e_value(n in 1..40_u64, null_rate in 0.001..0.999_f64, inside in 0.0..0.99_f64) {
        for direction in [Direction::Above, Direction::Below] {
            let mean_at = |rate: f64| {
                let ratios = |x: u64| log_one_sample_ratios(x, n, null_rate, direction);
                means((0..).zip(binomial(n, rate)).map(|(x, probability)| (probability, ratios(x))))
            };
            let towards = |end: f64| null_rate + (end - null_rate) * (1.0 - inside);
            let (within, beyond) = match direction {
                Direction::Above => (towards(0.0), towards(1.0)),
                Direction::Below => (towards(1.0), towards(0.0)),
            };
            prop_assert!(mean_at(null_rate).iter().all(|mean| (mean - 1.0).abs() < 1e-9));
            prop_assert!(mean_at(within).iter().all(|mean| *mean < 1.0));
            prop_assert!(mean_at(beyond).iter().all(|mean| *mean > 1.0));
        }
    }

    /// Counts are Poisson, so given their total they are binomial.
    #[test]
    fn a_likelihood_ratio_of_shares_is_an_e_value(
        total in 1..40_u64, e1 in 0.1..1000.0_f64, e2 in 0.1..1000.0_f64, null in 0.2..4.0_f64, below in 0.1..1.0_f64,
    ) {
        for ratio in [null, null * below] {
            let shares = binomial(total, ratio * e1 / (ratio * e1 + e2));
            let ratios = |x: u64| log_exposure_ratios(x, total - x, e1, e2, null);
            let means = means((0..).zip(shares).map(|(x, probability)| (probability, ratios(x))));
            prop_assert!(!above_one(&means), "{means:?}");
            prop_assert!(ratio < null || means.iter().all(|mean| *mean > 1.0 - 1e-9), "{means:?}");
        }
    }

    /// Given the margins the mean is exactly 1 at the edge, and less inside. The weights are summed up by their definition.
    #[test]
    fn a_likelihood_ratio_of_pairs_is_an_e_value(
        m_new in 0..14_u64, m_old in 0..14_u64, of_group in 0.0..1.0_f64, sizes in prop::array::uniform4(1..50_u64),
        null in 0.3..3.0_f64, below in 0.1..1.0_f64,
    ) {
        let group = ((m_new + m_old) as f64 * of_group).round() as u64;
        let [n1n, n2n, n1o, n2o] = sizes;
        let choose = |n: u64, k: u64| (1..=k).fold(1.0, |product, i| product * (n - k + i) as f64 / i as f64);
        for ratio in [null, null * below] {
            let psi = ratio * (n1n * n2o) as f64 / (n2n * n1o) as f64;
            let support: Vec<u64> = (group.saturating_sub(m_old)..=m_new.min(group)).collect();
            let weights: Vec<f64> = support.iter()
                .map(|u| choose(m_new, *u) * choose(m_old, group - u) * psi.powi(i32::try_from(*u).unwrap()))
                .collect();
            let total: f64 = weights.iter().sum();
            let ratios = |u: u64| log_pair_ratios(
                &pair_block([u, n1n, m_new - u, n2n], [group - u, n1o, m_old + u - group, n2o]), null,
            );
            let means = means(support.iter().zip(&weights).map(|(u, weight)| (weight / total, ratios(*u))));
            prop_assert!(!above_one(&means), "{means:?}");
            prop_assert!(ratio < null || means.iter().all(|mean| *mean > 1.0 - 1e-9), "{means:?}");
        }
    }

    /// After any past block, over all outcomes of a block of two groups and three values with one common distribution.
    #[test]
    fn a_likelihood_ratio_of_independence_is_an_e_value(
        past in prop::collection::vec(prop::collection::vec(0..60_u64, 3), 2), n1 in 0..5_u64, n2 in 0..5_u64,
        first in 0.01..1.0_f64, second in 0.01..1.0_f64, variation in prop_oneof![Just(0.0), 0.01..0.5_f64],
    ) {
        let whole = first + second + 0.5;
        let rates = [first / whole, second / whole, 0.5 / whole];
        let mut learned = Independence::new(2, 3);
        learned.take(&past, &judging(variation));
        let mut mean = 0.0;
        let (one, other) = (multinomial(n1, rates), multinomial(n2, rates));
        for ((x1, p1), (x2, p2)) in one.iter().flat_map(|one| other.iter().map(move |other| (one, other))) {
            let mut evidence = learned.clone();
            evidence.take(&[x1.to_vec(), x2.to_vec()], &judging(variation));
            // M becomes L (M + 1), and was 1 after a first block, which says nothing.
            mean += p1 * p2 * evidence.detector().log_sr().exp() / 2.0;
        }
        prop_assert!(mean <= 1.0 + 1e-9, "{mean}");
    }
}

/// All outcomes of some draws among three values, with their probabilities.
fn multinomial(n: u64, rates: [f64; 3]) -> Vec<([u64; 3], f64)> {
    let factorial = |n: u64| (1..=n).map(|i| i as f64).product::<f64>();
    let mut outcomes = Vec::new();
    for a in 0..=n {
        for b in 0..=n - a {
            let cells = [a, b, n - a - b];
            let probability = cells.iter().zip(rates).fold(factorial(n), |product, (cell, rate)| {
                product * rate.powi(i32::try_from(*cell).unwrap()) / factorial(*cell)
            });
            outcomes.push((cells, probability));
        }
    }
    outcomes
}

/// One series of each form, fed with the same counts as far as its form goes.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Forms {
    two: TwoSample,
    above: OneSample,
    below: OneSample,
    share: ShareSeries,
    pairs: PairSeries,
    exceedance: Exceedance,
    independence: Independence,
}

impl Forms {
    fn new(null: f64, null_rate: f64) -> Self {
        Self {
            two: TwoSample::new(null),
            above: OneSample::new(null_rate, Direction::Above),
            below: OneSample::new(null_rate, Direction::Below),
            share: ShareSeries::new(null),
            pairs: PairSeries::new(null),
            exceedance: Exceedance::new(),
            independence: Independence::new(2, 2),
        }
    }

    fn take(&mut self, block: &PairBlock, judging: &Judging) {
        let Pair { events, exposed, reference_events, reference_exposed } = block.new;
        self.two.take(block.new, judging);
        self.above.take(events, exposed, judging);
        self.below.take(events, exposed, judging);
        self.share.take(events, reference_events, exposed as f64, reference_exposed as f64, judging);
        self.pairs.take(block, judging);
        let rows = [
            [exposed.saturating_sub(events), events],
            [reference_exposed.saturating_sub(reference_events), reference_events],
        ];
        self.exceedance.take(&rows[0], &rows[1], judging);
        self.independence.take(&rows.map(Vec::from), judging);
    }

    fn detectors(&self) -> [&Detector; 6] {
        let (two, above, below) = (self.two.detector(), self.above.detector(), self.below.detector());
        [two, above, below, self.share.detector(), self.pairs.detector(), self.independence.detector()]
    }

    fn phis(&self) -> [f64; 8] {
        let [median, tenth] = self.exceedance.phi();
        let (two, above, below) = (self.two.phi(), self.above.phi(), self.below.phi());
        [two, above, below, self.share.phi(), self.pairs.phi(), self.independence.phi(), median, tenth]
    }

    fn information(&self) -> [f64; 7] {
        let [median, tenth] = self.exceedance.information();
        let (two, above, below) = (self.two.information(), self.above.information(), self.below.information());
        [two, above, below, self.share.information(), self.pairs.information(), median, tenth]
    }
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..=3_u64, 0..=1_000_u64, 0..=1_000_000_000_u64, Just(1_000_000_000)]
}

/// Sometimes more events than exposed.
fn any_pair() -> impl Strategy<Value = Pair> {
    let side = || {
        any_count()
            .prop_flat_map(|exposed| (prop_oneof![Just(0), 0..=exposed, Just(exposed), any_count()], Just(exposed)))
    };
    (side(), side()).prop_map(|((events, exposed), (reference_events, reference_exposed))| Pair {
        events,
        exposed,
        reference_events,
        reference_exposed,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(1_000), ..ProptestConfig::default() })]

    /// With levels so low that alarms come and go. What was stored goes on as what was not.
    #[test]
    fn no_counts_give_a_number_that_is_none(
        blocks in prop::collection::vec((any_pair(), any_pair()), 1..12), null in prop_oneof![Just(1.0), 0.01..100.0_f64],
        null_rate in prop_oneof![1e-6..0.999_f64, Just(0.02)], variation in prop_oneof![Just(0.0), 0.0..1.0_f64],
        cap in prop_oneof![Just(0.0), Just(5.0)],
    ) {
        let judging = Judging { variation, cap, log_level: 0.1 };
        let mut forms = Forms::new(null, null_rate);
        let mut stored = forms.clone();
        for (new, old) in &blocks {
            let block = PairBlock { new: *new, old: *old };
            forms.take(&block, &judging);
            stored.take(&block, &judging);
            let allowances = stored.two.series().allowances();
            stored = postcard::from_bytes(&postcard::to_allocvec(&stored).unwrap()).unwrap();
            // A checkpoint has them in a section of their own.
            stored.two.series_mut().set_allowances(allowances);
            for detector in forms.detectors() {
                prop_assert!(detector.log_e().is_finite(), "{detector:?}");
                prop_assert!(detector.log_sr() < f64::INFINITY, "{detector:?}");
            }
            prop_assert!(forms.exceedance.log_e().is_finite() && forms.exceedance.log_sr() < f64::INFINITY);
            prop_assert!(forms.phis().iter().all(|phi| *phi >= 1.0 && phi.is_finite()), "{:?}", forms.phis());
            let information = forms.information();
            prop_assert!(information.iter().all(|sum| *sum >= 0.0 && sum.is_finite()), "{information:?}");
        }
        prop_assert_eq!(stored, forms);
    }

    #[test]
    fn likelihood_ratios_are_finite_at_any_count(
        new in any_pair(), old in any_pair(), null in 1e-3..1e3_f64, null_rate in 1e-9..1.0_f64,
        exposures in prop::array::uniform2(prop_oneof![Just(0.0), Just(f64::NAN), Just(f64::INFINITY), Just(1e-300), Just(1e300), 0.0..1e9_f64]),
    ) {
        let finite = |ratios: Logs| ratios.iter().all(|log| log.is_finite());
        let block = PairBlock { new, old };
        prop_assert!(finite(log_pair_ratios(&block, null)));
        prop_assert!(finite(log_exposure_ratios(new.events, new.reference_events, exposures[0], exposures[1], null)));
        for direction in [Direction::Above, Direction::Below] {
            prop_assert!(finite(log_one_sample_ratios(new.events, new.exposed, null_rate, direction)));
        }
    }
}

const FAIR: PairBlock = PairBlock {
    new: Pair { events: 50, exposed: 1_000, reference_events: 450, reference_exposed: 9_000 },
    old: Pair { events: 50, exposed: 1_000, reference_events: 450, reference_exposed: 9_000 },
};

/// `FAIR` with other events of the group in the new version.
const fn with_events(events: u64) -> PairBlock {
    PairBlock { new: Pair { events, ..FAIR.new }, ..FAIR }
}

#[test]
fn a_block_multiplies_the_evidence_of_every_form_by_no_more_than_the_cap() {
    let growth = |cap: f64, form: fn(&Forms) -> f64| {
        let mut forms = Forms::new(1.0, 0.05);
        let judging = Judging { variation: 0.1, cap, log_level: 1e9 };
        (0..40).for_each(|_| forms.take(&FAIR, &judging));
        let before = form(&forms).exp();
        forms.take(&with_events(600), &judging);
        // M becomes L (M + 1).
        form(&forms).exp() / (before + 1.0)
    };
    let forms: [fn(&Forms) -> f64; 5] = [
        |forms| forms.two.detector().log_sr(),
        |forms| forms.above.detector().log_sr(),
        |forms| forms.share.detector().log_sr(),
        |forms| forms.pairs.detector().log_sr(),
        |forms| forms.exceedance.log_sr(),
    ];
    for (place, form) in forms.into_iter().enumerate() {
        let (plain, capped) = (growth(0.0, form), growth(5.0, form));
        assert!(plain > 100.0, "form {place}: {plain}");
        assert!(capped > 4.0 && capped < 5.0 + 1e-9, "form {place}: {capped}");
    }
}

/// Only form A starts with a rate that nobody has measured.
#[test]
fn the_first_block_is_left_out_of_the_ratio_of_two_rates_alone() {
    let mut forms = Forms::new(1.0, 0.05);
    let capped = Judging { cap: 5.0, ..judging(0.3) };
    forms.take(&with_events(80), &capped);
    let [two, others @ ..] = forms.information();
    assert_eq!((two, forms.two.detector().log_e(), forms.two.exposed_seen()), (0.0, 0.0, 0));
    assert!(others[..4].iter().all(|information| *information > 0.0), "{others:?}");
    assert!(forms.detectors()[1..5].iter().all(|detector| detector.log_e() != 0.0));
    forms.take(&with_events(80), &capped);
    assert!(forms.two.information() > 0.0);
    assert_eq!(forms.two.exposed_seen(), 10_000);
    assert_eq!(
        (forms.above.exposed_seen(), forms.pairs.exposed_seen(), forms.share.events_seen()),
        (2_000, 40_000, 1_060)
    );
}

#[test]
fn an_alarm_clears_by_reverse_evidence_and_takes_the_information_with_it() {
    let judging = Judging { variation: 0.1, cap: 5.0, log_level: 3.0 };
    let mut forms = Forms::new(1.0, 0.05);
    (0..10).for_each(|_| forms.take(&FAIR, &judging));
    let tuned = |forms: &Forms| {
        let [two, above, _, share, pairs, _] = forms.detectors();
        [two, above, share, pairs].map(|detector| (detector.alarmed(), detector.epoch()))
    };
    (0..30).for_each(|_| forms.take(&with_events(150), &judging));
    assert_eq!(tuned(&forms), [(true, 1); 4]);
    assert!(forms.exceedance.alarmed());
    assert!(forms.independence.detector().alarmed());
    let before = forms.information();
    for blocks in 1..200 {
        forms.take(&with_events(15), &judging);
        if tuned(&forms) == [(false, 2); 4] && forms.exceedance.epoch() == 2 {
            break;
        }
        assert!(blocks < 100, "{:?} {}", tuned(&forms), forms.exceedance.epoch());
    }
    assert!(!forms.exceedance.alarmed());
    assert!(forms.exceedance.alarm_at(3.0) > log_level_of_part(3.0, 1) + 1.0);
    let after = forms.information();
    for place in [0, 1, 3, 4, 6] {
        assert!(after[place] < before[place], "{place}: {before:?} {after:?}");
    }
    // Where harm is a low rate, the alarm comes with the low rates.
    (0..10).for_each(|_| forms.take(&with_events(15), &judging));
    assert_eq!((forms.below.detector().alarmed(), forms.below.detector().epoch()), (true, 1));
    assert!(forms.independence.detector().alarmed(), "nothing clears it");
}

/// It knows no direction, so nothing speaks for the opposite.
#[test]
fn an_alarm_of_independence_stands() {
    let judging = Judging { variation: 0.1, cap: 5.0, log_level: 3.0 };
    let mut evidence = Independence::new(2, 2);
    (0..500).for_each(|_| evidence.take(&[vec![50, 150], vec![900, 300]], &judging));
    assert!(evidence.detector().alarmed());
    (0..2_000).for_each(|_| evidence.take(&[vec![100, 100], vec![600, 600]], &judging));
    assert_eq!((evidence.detector().alarmed(), evidence.detector().epoch(), evidence.blocks()), (true, 1, 2_500));
}

/// Rows and cells that are missing are 0, further ones are ignored; one group or one value tells nothing.
#[test]
fn independence_takes_tables_of_any_shape() {
    let judging = judging(0.1);
    let (mut full, mut ragged) = (Independence::new(3, 2), Independence::new(3, 2));
    for _ in 0..5 {
        full.take(&[vec![50, 150], vec![900, 0], vec![0, 0]], &judging);
        ragged.take(&[vec![50, 150, 7], vec![900]], &judging);
    }
    assert_eq!(full, ragged);
    assert!(full.detector().log_e() > 1.0);
    for (groups, values) in [(0, 0), (1, 2), (2, 1), (2, 0)] {
        let mut none = Independence::new(groups, values);
        (0..5).for_each(|_| none.take(&[vec![50, 150], vec![900, 300]], &judging));
        assert!(none.detector().log_e().abs() < 1e-12 && none.phi() == 1.0, "{groups} {values}");
    }
}

#[test]
fn what_was_shown_must_be_shown_again_with_what_was_learned() {
    let judging = Judging { variation: 0.3, cap: 5.0, log_level: 20_f64.ln() };
    let mut claim = TwoSample::new(1.25);
    let mut blocks = (0..).map(|index| with_events(140 + index % 7 * 5).new);
    while !claim.detector().alarmed() {
        claim.take(blocks.next().unwrap(), &judging);
    }
    let mut going_on = claim.clone();
    claim.restart();
    assert_eq!(claim.detector(), TwoSample::new(1.25).detector());
    assert_eq!((claim.information(), claim.exposed_seen()), (0.0, 0));
    let next = blocks.next().unwrap();
    claim.take(next, &judging);
    going_on.take(next, &judging);
    assert_eq!((claim.phi(), claim.blocks()), (going_on.phi(), going_on.blocks()));
    assert!(claim.phi() > 1.0 && claim.information() > 0.0 && claim.detector().log_sr() > 0.0);
}

/// With a null other than 1 the evidence is that of the material hypothesis of a series.
#[test]
fn a_margin_is_tested_as_a_material_ratio_is() {
    let judging = Judging { variation: 0.3, cap: 5.0, log_level: 1.0 };
    let mut series = Series::new(Some(1.25));
    let (mut margin, mut material) = (TwoSample::new(1.25), TwoSample::with_material(1.25));
    for events in [60, 70, 40, 120, 90, 80] {
        let pair = with_events(events).new;
        series.take(&Block { crude: pair, ..Block::default() }, &judging);
        margin.take(pair, &judging);
        material.take(pair, &judging);
    }
    assert_eq!(Some(margin.detector()), series.material());
    assert_eq!((material.detector(), material.material()), (series.disparity(), series.material()));
    assert_eq!(margin.material(), None);
}

#[test]
fn a_threshold_is_the_lowest_bucket_that_is_nearest_and_divides_the_values() {
    let thresholds = |past: &[u64]| {
        let mut exceedance = Exceedance::new();
        exceedance.take(&[], past, &judging(0.15));
        exceedance.take(&[1], &[1], &judging(0.15));
        exceedance.thresholds()
    };
    assert_eq!(thresholds(&[50, 0, 50]), [Some(0), None], "no bucket leaves a tenth, and none is above the last");
    assert_eq!(thresholds(&[0, 60, 0, 0, 50, 10]), [Some(1), Some(4)]);
    // 60 and 40 % are equally near to a half.
    assert_eq!(thresholds(&[80, 40, 80]), [Some(0), None]);
    assert_eq!(thresholds(&[1_000, 5]), [None, None], "less than 2 % lie above");
    // Decayed by 0.99309 before they are used they would be too few; they are used as they are.
    assert_eq!(thresholds(&[50, 50]), [Some(0), None]);
    assert_eq!(thresholds(&[50, 49]), [None, None]);
}

/// Margins and exposures that leave one outcome as good as certain, and events that nobody was exposed to: they count as time.
#[test]
fn blocks_that_tell_nothing_count_as_time() {
    let judging = judging(0.3);
    let mut share = ShareSeries::new(1.0);
    for (group, reference) in
        [(1e-300, 1e300), (1e300, 1e-300), (1e-8, 1e8), (0.0, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0)]
    {
        share.take(3, 5, group, reference, &judging);
        share.take(5, 3, group, reference, &judging);
    }
    assert_eq!((share.blocks(), share.information(), share.phi(), share.events_seen()), (12, 0.0, 1.0, 0));
    assert!(share.detector().log_e().abs() < 1e-12);
    let far = 1_000_000_000_000_000_000;
    let mut pairs = PairSeries::new(1.0);
    for events in [1, 3] {
        pairs.take(&pair_block([events, far, 4 - events, 1], [4 - events, 1, events, far]), &judging);
    }
    assert_eq!((pairs.blocks(), pairs.information(), pairs.phi(), pairs.exposed_seen()), (2, 0.0, 1.0, 0));
    assert!(pairs.detector().log_e().abs() < 1e-12);
    let mut sample = OneSample::new(0.05, Direction::Above);
    sample.take(5, 3, &judging);
    sample.take(0, 0, &judging);
    assert_eq!((sample.blocks(), sample.information(), sample.phi(), sample.exposed_seen()), (2, 0.0, 1.0, 0));
    assert!(sample.detector().log_e().abs() < 1e-12);
}
