//! The e-processes: against traces of 50-digit arithmetic, over the whole input space, and against what they promise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use crate::support::effort::attempts;
use paritywatch::statistics::*;
use proptest::prelude::*;
use serde_json::Value;
use statrs::distribution::{Binomial, Discrete};

const TOLERANCE: f64 = 1e-12;

fn trace(name: &str) -> Vec<Vec<f64>> {
    rows_of("vectors.json", name)
}

fn rows_of(file: &str, name: &str) -> Vec<Vec<f64>> {
    let path = format!("{}/tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rows = vectors[name]["rows"].as_array().unwrap();
    rows.iter().map(|row| row.as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap()).collect()).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the trace's counts are small whole numbers"
)]
fn pair(row: &[f64]) -> Pair {
    let count = |index: usize| row[index] as u64;
    Pair { events: count(0), exposed: count(1), reference_events: count(2), reference_exposed: count(3) }
}

fn close(found: f64, expected: f64, what: &str) {
    // A logarithm near 0 is that of a number near 1, whose digits bound its absolute error.
    let error = (found - expected).abs();
    assert!(error <= TOLERANCE * expected.abs().max(1.0), "{what}: expected {expected:e}, found {found:e}");
}

/// Follows a trace as evidence does: expected rate and allowance first, then the block, then what is learned from it.
fn follow(name: &str, null: f64, variation: f64) {
    let rows = trace(name);
    let (mut rate, mut dispersion) = (ReferenceRate::default(), Dispersion::new());
    let (mut lifetime, mut change) = (Lifetime::new(), ChangeDetector::new());
    for (index, row) in rows.iter().enumerate() {
        let pair = pair(row);
        let q = rate.expected();
        let phi = dispersion.allowance(pair, q, variation);
        let ratios = log_likelihood_ratios(pair, null, q).map(|ratio| ratio / phi);
        lifetime.step(&ratios);
        change.step(&ratios);
        dispersion.learn(pair, q);
        rate.learn(pair.reference_events, pair.reference_exposed);
        let what = |field: &str| format!("{name} row {index} {field}");
        let [.., log_e, log_sr] = row[..] else { panic!("{name}: short row") };
        close(lifetime.log_e(), log_e, &what("log_e"));
        close(change.log_m(), log_sr, &what("log_sr"));
        if variation > 0.0 {
            close(phi, row[4], &what("phi"));
        }
    }
    assert!(rows.len() >= 40);
}

#[test]
fn the_plain_trace() {
    follow("eprocess_trace", 1.0, 0.0);
}

#[test]
fn the_trace_with_the_allowance() {
    follow("eprocess_trace_allowance", 1.0, 0.3);
}

#[test]
fn the_trace_of_the_material_null() {
    follow("eprocess_trace_material", 1.25, 0.3);
}

fn crude_block(row: &[f64]) -> Block {
    Block { crude: pair(row), ..Block::default() }
}

/// Both hypotheses of a series, whose evidence of one block is capped, and which counts no block before one with somebody of the reference.
#[test]
fn the_trace_with_the_cap() {
    let rows = rows_of("rules.json", "allowance_v2");
    let mut series = Series::new(Some(1.25));
    let judging = Judging { variation: 0.3, cap: 5.0, log_level: 1e9 };
    for (index, row) in rows.iter().enumerate() {
        series.take(&crude_block(row), &judging);
        let (disparity, material) = (series.disparity(), series.material().unwrap());
        let found = [series.phi(), disparity.log_e(), disparity.log_sr(), material.log_e(), material.log_sr()];
        let expected = [row[4], row[6], row[7], row[8], row[9]];
        for (place, (found, expected)) in found.into_iter().zip(expected).enumerate() {
            close(found, expected, &format!("row {index} number {place}"));
        }
    }
    assert_eq!(rows.len(), 40);
}

/// A block that multiplies the evidence a thousandfold without the cap does so fivefold with it, in strata as well as crude.
#[test]
fn no_block_multiplies_evidence_by_more_than_the_cap() {
    let of = |events, reference_events| Pair { events, exposed: 1_000, reference_events, reference_exposed: 9_000 };
    let plain = |pair: Pair| Block { crude: pair, ..Block::default() };
    let stratified = |pair: Pair| Block {
        crude: pair.plus(pair),
        strata: [("one".into(), pair), ("other".into(), pair)].into(),
        by_population: false,
    };
    for shape in [plain, stratified] {
        let growth = |cap: f64| {
            let mut series = Series::new(None);
            let judging = Judging { variation: 0.3, cap, log_level: 1e9 };
            (0..50).for_each(|_| series.take(&shape(of(50, 450)), &judging));
            let before = series.disparity().log_sr();
            series.take(&shape(of(300, 450)), &judging);
            (series.disparity().log_sr() - before).exp()
        };
        assert!(growth(0.0) > 1_000.0, "{}", growth(0.0));
        // M_k becomes L_k (M_k + 1), where M before the block is between 0 and 1.
        assert!(growth(5.0) > 5.0 && growth(5.0) < 100.0, "{}", growth(5.0));
    }
}

/// The reverse detector is capped as well: it needs as many blocks to reach 365 as fivefold growth takes.
#[test]
fn an_alarm_does_not_clear_by_two_blocks() {
    let block = |events, reference_events| Block {
        crude: Pair { events, exposed: 100_000, reference_events, reference_exposed: 900_000 },
        ..Block::default()
    };
    let cleared_after = |cap: f64| {
        let mut series = Series::new(Some(1.25));
        let judging = Judging { variation: 0.0, cap, log_level: 3.0 };
        while !series.disparity().alarmed() {
            series.take(&block(10_000, 45_000), &judging);
        }
        (1..100).find(|_| {
            series.take(&block(2_000, 45_000), &judging);
            !series.disparity().alarmed()
        })
    };
    assert_eq!(cleared_after(0.0), Some(1));
    // 5 (5 (5 (5 + 1) + 1) + 1) = 780 is the first above 365; with three it is 155.
    assert_eq!(cleared_after(5.0), Some(4));
}

/// A family of 300 fair series at a base rate of 20 %, in which each group's rate has a shock in one block of 25.
#[test]
fn a_fair_family_with_shocks_raises_no_alarm_with_the_cap() {
    use paritywatch::scenario::{BlockShape, Blocks, Drift, Noise, Watching};
    let shape = BlockShape {
        exposed: 1_000,
        share: 0.1,
        base_rate: 0.2,
        ratio: 1.0,
        change: None,
        drift: Drift::None,
        variation: 0.4,
        noise: Noise::Shocks,
    };
    let alarms = |cap: f64| {
        let judging = Judging { variation: 0.3, cap, log_level: 6_000_f64.ln() };
        (0..300).filter(|seed| Blocks::new(shape, *seed).until(Watching::Alarm, &judging, 150).is_some()).count()
    };
    assert!(alarms(0.0) > 10, "{}", alarms(0.0));
    assert_eq!(alarms(5.0), 0);
}

/// Whether any earlier block held somebody of the reference decides, each stratum for itself; their number and rate do not.
#[test]
fn blocks_count_once_somebody_of_the_reference_was_seen() {
    let high = Pair { events: 400, exposed: 1_000, reference_events: 450, reference_exposed: 9_000 };
    let judging = Judging { variation: 0.3, cap: 5.0, log_level: 1e9 };
    let says_something = |before: &[Pair]| {
        let mut series = Series::new(None);
        before.iter().for_each(|pair| series.take(&Block { crude: *pair, ..Block::default() }, &judging));
        let quiet = series.disparity().log_e();
        series.take(&Block { crude: high, ..Block::default() }, &judging);
        series.disparity().log_e() > quiet
    };
    let group_alone = Pair { events: 5, exposed: 1_000, ..Pair::default() };
    let one_person = Pair { reference_exposed: 1, ..Pair::default() };
    // At the start value's own rate, which the rate then still has.
    let twenty = Pair { reference_events: 1, reference_exposed: 20, ..Pair::default() };
    assert!(!says_something(&[]));
    assert!(!says_something(&[group_alone; 500]));
    for first in [one_person, twenty] {
        assert!(says_something(&[first]));
        let mut later = vec![group_alone; 300];
        later.push(first);
        later.extend([group_alone; 700]);
        assert!(says_something(&later), "{first:?}");
    }
    let in_stratum = |name: &str| Block { crude: high, strata: [(name.into(), high)].into(), by_population: false };
    let mut series = Series::new(None);
    for (name, rises) in [("a", false), ("a", true), ("b", false), ("b", true)] {
        let before = series.disparity().log_sr();
        series.take(&in_stratum(name), &judging);
        // With L = 1 the mean of M_k grows by 1.
        let grown = (before.exp() + 1.0).ln();
        assert_eq!(series.disparity().log_sr() > grown + 1e-9, rises, "{name}");
    }
}

/// The expectation of L_k at the rates p1 and p2, summed over all outcomes of a small block.
fn expected_likelihood_ratio(n1: u64, n2: u64, p1: f64, p2: f64, ratios: impl Fn(Pair) -> Logs) -> Logs {
    let (group, reference) = (Binomial::new(p1, n1).unwrap(), Binomial::new(p2, n2).unwrap());
    let mut expected = [0.0; GRID];
    for x1 in 0..=n1 {
        for x2 in 0..=n2 {
            let pair = Pair { events: x1, exposed: n1, reference_events: x2, reference_exposed: n2 };
            let ratios = ratios(pair);
            let probability = group.pmf(x1) * reference.pmf(x2);
            expected.iter_mut().zip(ratios).for_each(|(sum, ratio)| *sum += probability * ratio.exp());
        }
    }
    expected
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..=3_u64, 0..=1_000_u64, 0..=1_000_000_000_u64, Just(1_000_000_000_000)]
}

fn any_side() -> impl Strategy<Value = (u64, u64)> {
    any_count().prop_flat_map(|exposed| (prop_oneof![Just(0), 0..=exposed, Just(exposed)], Just(exposed)))
}

fn any_pair() -> impl Strategy<Value = Pair> {
    (any_side(), any_side()).prop_map(|((events, exposed), (reference_events, reference_exposed))| Pair {
        events,
        exposed,
        reference_events,
        reference_exposed,
    })
}

/// Events and exposed of a group that is not empty.
fn inner_side() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![1..=20_u64, 1..=10_000_u64].prop_flat_map(|exposed| (0..=exposed, Just(exposed)))
}

/// The p2 of largest likelihood with p1 = null p2 at the counts that the rates let expect, by bisection of the likelihood's slope.
fn nearest_reference_rate(n1: f64, n2: f64, p1: f64, p2: f64, null: f64) -> f64 {
    let (mut low, mut high) = (0.0, (1.0 / null).min(1.0));
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        let slope = (n1 * p1 + n2 * p2) / middle
            - null * n1 * (1.0 - p1) / (1.0 - null * middle)
            - n2 * (1.0 - p2) / (1.0 - middle);
        (low, high) = if slope > 0.0 { (middle, high) } else { (low, middle) };
    }
    0.5 * (low + high)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(2_000), ..ProptestConfig::default() })]

    /// The promise itself: for all rates under the hypothesis, the expectation of a likelihood ratio is at most 1.
    #[test]
    fn a_blocks_likelihood_ratio_is_an_e_value(
        n1 in 1..12_u64, n2 in 1..12_u64, p2 in 0.0..1.0_f64, below in 0.0..1.0_f64, null in 0.2..4.0_f64, q in 1e-6..0.95_f64,
    ) {
        let p1 = (null * p2).min(1.0) * below;
        for (at, p1) in [("edge", (null * p2).min(1.0)), ("inside", p1)] {
            for expected in expected_likelihood_ratio(n1, n2, p1, p2, |pair| log_likelihood_ratios(pair, null, q)) {
                prop_assert!(expected <= 1.0 + 1e-9, "{at}: {expected}");
            }
        }
    }

    /// The same for the detector that clears an alarm. Its hypothesis is that the group's rate is at least `null` times
    /// the reference's.
    #[test]
    fn a_blocks_reverse_likelihood_ratio_is_an_e_value(
        n1 in 1..12_u64, n2 in 1..12_u64, p1 in 0.0..1.0_f64, below in 0.0..1.0_f64, null in 0.2..4.0_f64,
        group_q in 1e-6..0.95_f64, q in 1e-6..0.95_f64,
    ) {
        let edge = (p1 / null).min(1.0);
        for (at, p2) in [("edge", edge), ("inside", edge * below)] {
            for expected in expected_likelihood_ratio(n1, n2, p1, p2, |pair| log_reverse_ratios(pair, null, group_q, q)) {
                prop_assert!(expected <= 1.0 + 1e-9, "{at}: {expected}");
            }
        }
    }

    #[test]
    fn given_the_total_a_likelihood_ratio_of_shares_is_an_e_value(
        total in 1..30_u64, n1 in 1..1_000_u64, n2 in 1..1_000_u64, null in 0.2..4.0_f64, below in 0.0..1.0_f64,
    ) {
        for ratio in [null, null * below] {
            let share = ratio * n1 as f64 / (ratio * n1 as f64 + n2 as f64);
            let shares = Binomial::new(share, total).unwrap();
            let mut expected = [0.0; GRID];
            for events in 0..=total {
                let pair = Pair { events, exposed: n1, reference_events: total - events, reference_exposed: n2 };
                let ratios = log_share_ratios(pair, null);
                expected.iter_mut().zip(ratios).for_each(|(sum, log)| *sum += shares.pmf(events) * log.exp());
            }
            for sum in expected {
                prop_assert!(sum <= 1.0 + 1e-9, "{sum}");
            }
        }
    }

    #[test]
    fn no_input_gives_nan(
        pairs in proptest::collection::vec(any_pair(), 1..12), null in prop_oneof![Just(1.0), 0.01..100.0_f64], variation in 0.0..1.0_f64,
    ) {
        let (mut rate, mut group_rate) = (ReferenceRate::default(), ReferenceRate::default());
        let mut dispersion = Dispersion::new();
        let mut detector = Detector::new(null, null);
        for pair in pairs {
            let q = rate.expected();
            let phi = dispersion.allowance(pair, q, variation);
            prop_assert!(phi >= 1.0 && phi.is_finite(), "phi {phi}");
            let plain = log_likelihood_ratios(pair, null, q);
            let shares = log_share_ratios(pair, null);
            let reverse = log_reverse_ratios(pair, null, group_rate.expected(), q);
            let all = [plain, shares, reverse];
            prop_assert!(all.iter().flatten().all(|log| log.is_finite()), "{all:?}");
            let backward = || reverse.map(|log| log / phi);
            detector.step(&plain.map(|log| log / phi), backward, 3.0);
            prop_assert!(detector.log_e().is_finite() && !detector.log_sr().is_nan(), "{detector:?}");
            dispersion.learn(pair, q);
            rate.learn(pair.reference_events, pair.reference_exposed);
            group_rate.learn(pair.events, pair.exposed);
        }
    }

    /// The definition, on the binomial distributions of `statrs`: the likelihood of each alternative over that of the nearest hypothesis.
    #[test]
    fn a_likelihood_ratio_is_a_quotient_of_binomial_probabilities(
        (x1, n1) in inner_side(), (x2, n2) in inner_side(), null in 0.2..4.0_f64, group_q in 1e-4..0.9_f64, q in 1e-4..0.9_f64,
    ) {
        let pair = Pair { events: x1, exposed: n1, reference_events: x2, reference_exposed: n2 };
        let log_likelihood = |p1: f64, p2: f64| Binomial::new(p1, n1).unwrap().ln_pmf(x1) + Binomial::new(p2, n2).unwrap().ln_pmf(x2);
        let is_quotient = |found: f64, p1: f64, p2: f64| {
            let nearest = nearest_reference_rate(n1 as f64, n2 as f64, p1, p2, null);
            let expected = log_likelihood(p1, p2) - log_likelihood(null * nearest, nearest);
            // Rates have 16 digits, of which their complements keep fewer near a rate of 1; every case repeats the error.
            let complement = 1.0 - p1.max(p2).max(null * nearest).max(nearest);
            (found - expected).abs() < 1e-9 + 1e-15 * (n1 + n2) as f64 / (complement * complement)
        };
        let (forward, reverse) = (log_likelihood_ratios(pair, null, q), log_reverse_ratios(pair, null, group_q, q));
        for (k, (forward, reverse)) in forward.into_iter().zip(reverse).enumerate() {
            let ratio = (0.1 + 0.2 * k as f64).exp();
            let p1 = (null * ratio * q).min(0.995);
            prop_assert!(if p1 < null * q { forward == 0.0 } else { is_quotient(forward, p1, q) }, "alternative {k}: {forward}");
            let quotient = null / ratio;
            let by_total = (n1 as f64 * group_q + n2 as f64 * q) / (n1 as f64 * quotient + n2 as f64);
            let p2 = (by_total * group_q / quotient).sqrt().min(0.995).min(0.995 / quotient);
            prop_assert!(is_quotient(reverse, quotient * p2, p2), "reverse alternative {k}: {reverse}");
        }
    }

    /// Given the total, likewise: a binomial number of events falls to the group.
    #[test]
    fn a_ratio_of_shares_is_a_quotient_of_binomial_probabilities(
        x1 in 0..5_000_u64, x2 in 0..5_000_u64, n1 in 1..1_000_000_u64, n2 in 1..1_000_000_u64, null in 0.2..4.0_f64,
    ) {
        let pair = Pair { events: x1, exposed: n1, reference_events: x2, reference_exposed: n2 };
        let log_likelihood = |ratio: f64| {
            let share = ratio * n1 as f64 / (ratio * n1 as f64 + n2 as f64);
            Binomial::new(share, x1 + x2).unwrap().ln_pmf(x1)
        };
        for (k, found) in log_share_ratios(pair, null).into_iter().enumerate() {
            let expected = log_likelihood(null * (0.1 + 0.2 * k as f64).exp()) - log_likelihood(null);
            // ln_pmf takes the logarithm of 1 - share, which loses digits where the share is near 1.
            prop_assert!((found - expected).abs() < 1e-9 * (1.0 + n1 as f64 / n2 as f64), "{k}: {found} {expected}");
        }
    }

    /// A block in which a group is empty is no evidence.
    #[test]
    fn an_empty_group_is_no_evidence(side in any_side(), null in 0.1..10.0_f64, q in 1e-6..0.95_f64) {
        let pair = Pair { events: side.0, exposed: side.1, ..Pair::default() };
        prop_assert_eq!(log_likelihood_ratios(pair, null, q), [0.0; GRID]);
        prop_assert_eq!(log_likelihood_ratios(pair.swapped(), null, q), [0.0; GRID]);
        prop_assert_eq!(log_reverse_ratios(pair, null, q, q), [0.0; GRID]);
        prop_assert_eq!(log_share_ratios(pair, null), [0.0; GRID]);
    }
}

#[test]
fn an_alarm_latches_until_the_reverse_detector_clears_it_and_costs_the_next_epoch_level() {
    let (skewed, fair, reversed) = (block(20, 40), block(10, 40), block(2, 40));
    let level = 3.0;
    let mut detector = Detector::new(1.0, 1.0);
    let first_level = detector.alarm_at(level);
    let feed = |detector: &mut Detector, pair: Pair| {
        let forward = log_likelihood_ratios(pair, 1.0, 0.1);
        detector.step(&forward, || log_reverse_ratios(pair, 1.0, 0.1, 0.1), level);
    };
    while !detector.alarmed() {
        feed(&mut detector, skewed);
    }
    assert!(detector.log_e() >= first_level);
    feed(&mut detector, fair);
    assert!(detector.alarmed(), "one fair block does not clear an alarm");
    for _ in 0..200 {
        feed(&mut detector, reversed);
    }
    assert!(!detector.alarmed());
    assert_eq!(detector.epoch(), 2);
    close(detector.alarm_at(level) - first_level, 4_f64.ln(), "the second epoch has a quarter of the first's level");
}

fn block(events: u64, reference_events: u64) -> Pair {
    Pair { events, exposed: 100, reference_events, reference_exposed: 400 }
}

/// A pause in which nobody is picked, such as a suspension, neither tempers what comes after it nor leaves it without an allowance.
#[test]
fn a_pause_teaches_nothing_of_variation() {
    let pair =
        |events: u64, reference_events: u64| Pair { events, exposed: 200, reference_events, reference_exposed: 800 };
    let learn = |dispersion: &mut Dispersion, blocks: &[(u64, u64)]| {
        blocks.iter().for_each(|&(events, reference)| dispersion.learn(pair(events, reference), 0.2));
    };
    let varied = [(60, 150), (30, 170), (55, 140), (25, 180)];
    let (mut paused, mut briefly) = (Dispersion::new(), Dispersion::new());
    learn(&mut paused, &varied);
    learn(&mut briefly, &varied);
    learn(&mut paused, &[(0, 0); 60]);
    learn(&mut briefly, &[(0, 0)]);
    assert_eq!(paused, briefly, "the first block of a pause alone counts");
    let judging = Judging { variation: 0.3, cap: 5.0, log_level: (300.0_f64 / 0.05).ln() };
    let blocks_to_alarm = |pause: u64| {
        let mut series = Series::new(Some(1.25));
        let block = |crude| Block { crude, ..Block::default() };
        (0..pause).for_each(|_| series.take(&block(pair(0, 0)), &judging));
        (1..200).find(|_| {
            series.take(&block(pair(60, 150)), &judging);
            series.disparity().alarmed()
        })
    };
    let (at_once, after_a_pause) = (blocks_to_alarm(0).unwrap(), blocks_to_alarm(5).unwrap());
    assert!(after_a_pause <= at_once + 15, "{at_once} blocks, and {after_a_pause} after a pause");
}

/// An outage after weeks in which hardly anything was missing is evidence, not variation.
#[test]
fn an_outage_after_good_blocks_alarms_as_soon_as_one_from_the_start() {
    let judging = Judging { variation: 0.3, cap: 5.0, log_level: 20.0_f64.ln() };
    for (good, missing_before) in [(30, 0), (60, 0), (60, 1), (200, 2)] {
        for missing in [60, 100, 200] {
            let mut series = OneSample::new(0.1, Direction::Above);
            (0..good).for_each(|_| series.take(missing_before, 200, &judging));
            let blocks = (1..100).find(|_| {
                series.take(missing, 200, &judging);
                series.detector().alarmed()
            });
            assert!(
                blocks.is_some_and(|blocks| blocks <= 12),
                "{good} blocks with {missing_before}, then {missing}: {blocks:?}"
            );
        }
    }
}

/// A step that became meaningful again is seen as soon, however long it was none.
#[test]
fn an_alarm_of_follow_through_ends_when_cases_are_sorted_out_again() {
    let judging = Judging { variation: 0.3, cap: 5.0, log_level: 20.0_f64.ln() };
    for followed_blindly in [20, 60, 200] {
        let mut series = OneSample::new(0.02, Direction::Below);
        (0..followed_blindly).for_each(|_| series.take(0, 200, &judging));
        assert!(series.detector().alarmed());
        let blocks = (1..100).find(|_| {
            series.take(40, 200, &judging);
            !series.detector().alarmed()
        });
        assert!(blocks.is_some_and(|blocks| blocks <= 10), "after {followed_blindly}: {blocks:?}");
    }
}
