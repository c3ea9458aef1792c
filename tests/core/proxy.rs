//! Rates of groups known only as probabilities: against simulated and exact truths, and over the whole input space.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use paritywatch::statistics::{Bracket, Memberships, Rates};
use proptest::prelude::*;

const HUNDREDTHS: u64 = 100;

/// Sums as the windows keep them. Cases with the same probabilities are added together.
struct Sums {
    weights: Vec<u64>,
    events: Vec<u64>,
    products: Vec<u64>,
}

impl Sums {
    fn new(groups: usize) -> Self {
        Self { weights: vec![0; groups], events: vec![0; groups], products: vec![0; groups * (groups + 1) / 2] }
    }

    fn add(&mut self, vector: &[u64], cases: u64, events: u64) {
        assert_eq!(vector.iter().sum::<u64>(), HUNDREDTHS);
        let mut pair = 0;
        for (index, weight) in vector.iter().enumerate() {
            self.weights[index] += weight * cases;
            self.events[index] += weight * events;
            for other in &vector[index..] {
                self.products[pair] += weight * other * cases;
                pair += 1;
            }
        }
    }

    fn bracket(&self, group: usize, reference: Option<usize>) -> Bracket {
        let sums =
            Memberships::new(HUNDREDTHS, self.weights.clone(), self.events.clone(), self.products.clone()).unwrap();
        sums.bracket(group, reference).unwrap()
    }
}

struct Random(u64);

impl Random {
    fn chance(&mut self, probability: f64) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1_u64 << 53) as f64) < probability
    }
}

/// A fifth are members. The probabilities, in hundredths, are calibrated and take two values, whose difference is their
/// correlation with membership.
const PROXIES: [(f64, u64, u64); 3] = [(0.88, 2, 90), (0.71, 6, 77), (0.50, 10, 60)];
const MEMBERS: f64 = 0.2;
const BASE_RATE: f64 = 0.05;
const RATIO: f64 = 1.5;

/// 3,000,000 cases whose event depends on membership alone or on the probability alone, and the ratio by true
/// membership.
fn simulate((_, low, high): (f64, u64, u64), by_membership: bool, seed: u64) -> (Bracket, f64) {
    let mut random = Random(seed);
    let mut sums = Sums::new(2);
    // Cases and events, for others and for members.
    let mut truth = [[0_u64; 2]; 2];
    for _ in 0..3_000_000 {
        let weight = if random.chance(MEMBERS) { high } else { low };
        let share = weight as f64 / 100.0;
        let member = random.chance(share);
        let excess = if by_membership { f64::from(u8::from(member)) } else { share };
        let event = random.chance(BASE_RATE * (1.0 + (RATIO - 1.0) * excess));
        sums.add(&[weight, 100 - weight], 1, event.into());
        truth[usize::from(member)][0] += 1;
        truth[usize::from(member)][1] += u64::from(event);
    }
    let rate = |[cases, events]: [u64; 2]| events as f64 / cases as f64;
    (sums.bracket(0, None), rate(truth[1]) / rate(truth[0]))
}

fn ratio(rates: Option<Rates>) -> f64 {
    rates.unwrap().ratio.unwrap()
}

#[test]
fn where_membership_drives_the_event_regression_is_right_and_weighting_understates() {
    for (proxy, published) in PROXIES.into_iter().zip([1.38, 1.23, 1.12]) {
        let (bracket, truth) = simulate(proxy, true, 20_261_126);
        let (weighted, regression) = (ratio(bracket.weighted), ratio(bracket.regression));
        println!("correlation {}: truth {truth:.3}, weighted {weighted:.3}, regression {regression:.3}", proxy.0);
        assert!((truth - RATIO).abs() < 0.02, "{truth}");
        assert!((weighted - published).abs() < 0.02, "{proxy:?}: weighted {weighted}");
        assert!((regression - RATIO).abs() < 0.05, "{proxy:?}: regression {regression}");
    }
}

#[test]
fn where_the_probability_drives_the_event_weighting_is_right_and_regression_overstates() {
    for proxy in PROXIES {
        let (bracket, truth) = simulate(proxy, false, 20_261_127);
        let (weighted, regression) = (ratio(bracket.weighted), ratio(bracket.regression));
        println!("correlation {}: truth {truth:.3}, weighted {weighted:.3}, regression {regression:.3}", proxy.0);
        assert!((weighted - truth).abs() < 0.02, "{proxy:?}: truth {truth}, weighted {weighted}");
        assert!(regression > truth + 0.03, "{proxy:?}: truth {truth}, regression {regression}");
    }
}

#[test]
fn exact_shares_give_exact_estimates() {
    for (_, low, high) in PROXIES {
        // A fifth of 400,000 cases are at the higher probability. Events are as many as membership gives: 5 % and 7.5
        // %.
        let mut sums = Sums::new(2);
        for (weight, cases) in [(high, 80_000), (low, 320_000)] {
            sums.add(&[weight, 100 - weight], cases, cases / 100 * (weight * 75 + (100 - weight) * 50) / 1_000);
        }
        let bracket = sums.bracket(0, None);
        assert!((ratio(bracket.regression) - 1.5).abs() < 1e-12);
        let (low, high) = (low as f64 / 100.0, high as f64 / 100.0);
        let mean = 0.2 * high + 0.8 * low;
        let square = 0.2 * high * high + 0.8 * low * low;
        // In base rates, the group's rate is 1 + 0.5 E w^2 / E w and the rest's is 1 + 0.5 E w (1 - w) / E (1 - w).
        let expected = (1.0 + 0.5 * square / mean) / (1.0 + 0.5 * (mean - square) / (1.0 - mean));
        assert!((ratio(bracket.weighted) - expected).abs() < 1e-12);
        assert!((bracket.group.effective_n - 400_000.0 * mean * mean / square).abs() < 1e-6);
        let rest = 1.0 - 2.0 * mean + square;
        assert!((bracket.reference.effective_n - 400_000.0 * (1.0 - mean).powi(2) / rest).abs() < 1e-6);
        assert!((bracket.group.exposed - 400_000.0 * mean).abs() < 1e-6 && bracket.cases == 400_000);
    }
}

#[test]
fn certain_members_give_the_plain_rates() {
    let mut sums = Sums::new(3);
    sums.add(&[100, 0, 0], 400, 60);
    sums.add(&[0, 100, 0], 1_000, 100);
    sums.add(&[0, 0, 100], 500, 20);
    for (reference, rate, size) in [(None, 120.0 / 1_500.0, 1_500.0), (Some(1), 0.1, 1_000.0), (Some(2), 0.04, 500.0)] {
        let bracket = sums.bracket(0, reference);
        for rates in [bracket.weighted.unwrap(), bracket.regression.unwrap()] {
            assert!((rates.group - 0.15).abs() < 1e-12 && (rates.reference - rate).abs() < 1e-12, "{rates:?}");
            assert!((rates.ratio.unwrap() - 0.15 / rate).abs() < 1e-9);
        }
        assert_eq!((bracket.group.effective_n, bracket.reference.effective_n), (400.0, size));
    }
}

#[test]
fn the_whole_vector_gives_back_the_rate_of_every_group() {
    // Rates of 10, 20 and 40 %. Nobody belongs to the third group.
    let mut sums = Sums::new(4);
    for vector in [[70, 20, 0, 10], [10, 80, 0, 10], [20, 20, 0, 60], [50, 50, 0, 0]] {
        let [a, b, _, d] = vector;
        sums.add(&vector, 10_000, 10 * a + 20 * b + 40 * d);
        sums.add(&vector, 20_000, 20 * a + 40 * b + 80 * d);
    }
    let bracket = sums.bracket(1, Some(0));
    let rates = bracket.regression.unwrap();
    assert!((rates.group - 0.2).abs() < 1e-9 && (rates.reference - 0.1).abs() < 1e-9, "{rates:?}");
    assert!((sums.bracket(3, Some(0)).regression.unwrap().group - 0.4).abs() < 1e-9);
    // The rate of a group without members is unknown to both estimates.
    let nobody = sums.bracket(2, Some(0));
    assert_eq!((nobody.weighted, nobody.regression, nobody.group.effective_n), (None, None, 0.0));
    let nobody = sums.bracket(0, Some(2));
    assert_eq!((nobody.weighted, nobody.regression, nobody.reference.effective_n), (None, None, 0.0));
}

#[test]
fn probabilities_that_do_not_tell_the_groups_apart_give_no_regression() {
    // Everybody has the same probabilities.
    let mut sums = Sums::new(2);
    sums.add(&[30, 70], 10_000, 600);
    assert!(sums.bracket(0, None).regression.is_none() && sums.bracket(0, Some(1)).regression.is_none());
    assert!((ratio(sums.bracket(0, None).weighted) - 1.0).abs() < 1e-12);
    // Nearly everybody does.
    sums.add(&[31, 69], 100, 6);
    assert!(sums.bracket(0, None).regression.is_none() && sums.bracket(0, Some(1)).regression.is_none());
    // Two groups are always in the same proportion. They cannot be told from each other, but the third can be told from
    // both.
    let mut sums = Sums::new(3);
    sums.add(&[20, 40, 40], 10_000, 600);
    sums.add(&[10, 20, 70], 10_000, 500);
    assert!(sums.bracket(0, Some(1)).regression.is_none());
    assert!(sums.bracket(2, None).regression.is_some());
}

#[test]
fn a_coefficient_that_is_no_rate_gives_no_regression() {
    // The event is common where the group is likely and never happens where it is only somewhat likely. No rate of the
    // group gives that.
    let mut sums = Sums::new(2);
    sums.add(&[60, 40], 1_000, 900);
    sums.add(&[40, 60], 1_000, 0);
    let bracket = sums.bracket(0, None);
    assert!(bracket.regression.is_none() && bracket.weighted.is_some());
    // A rate of exactly 0 is a rate, but gives no ratio.
    let mut sums = Sums::new(2);
    sums.add(&[60, 40], 1_000, 300);
    sums.add(&[20, 80], 1_000, 100);
    let rates = sums.bracket(0, None).regression.unwrap();
    assert!((rates.group - 0.5).abs() < 1e-12 && rates.reference == 0.0 && rates.ratio.is_none(), "{rates:?}");
}

#[test]
fn no_case_no_group_or_no_fit_gives_nothing() {
    assert!(Memberships::new(100, vec![0; 2], vec![0; 2], vec![0; 3]).unwrap().bracket(0, None).is_none());
    assert!(Memberships::new(100, Vec::new(), Vec::new(), Vec::new()).unwrap().bracket(0, None).is_none());
    let one = Memberships::new(100, vec![100], vec![100], vec![10_000]).unwrap();
    assert!(one.bracket(1, None).is_none() && one.bracket(0, Some(1)).is_none());
    assert!(one.bracket(0, None).unwrap().weighted.is_none(), "everyone is in the group: there is no rest");
    assert!(Memberships::new(100, vec![0; 2], vec![0; 2], vec![0; 4]).is_none());
    assert!(Memberships::new(0, vec![0; 2], vec![0; 2], vec![0; 3]).is_none());
}

fn check(bracket: &Bracket) {
    for rates in [bracket.weighted, bracket.regression].into_iter().flatten() {
        assert!((0.0..=1.0).contains(&rates.group) && (0.0..=1.0).contains(&rates.reference), "{bracket:?}");
        assert!(rates.ratio.is_none_or(|ratio| ratio.is_finite() && ratio >= 0.0), "{bracket:?}");
        assert!(rates.ratio.is_some() || !(rates.group / rates.reference).is_finite(), "{bracket:?}");
    }
    for side in [bracket.group, bracket.reference] {
        assert!(
            [side.exposed, side.events, side.effective_n].iter().all(|number| number.is_finite() && *number >= 0.0)
        );
    }
    assert!(bracket.cases > 0);
}

proptest! {
    #[test]
    fn any_sums_give_numbers_or_nothing(
        groups in 1_usize..6,
        numbers in prop::collection::vec(prop_oneof![Just(0_u64), Just(u64::MAX), any::<u64>(), 0..1_000_u64], 40),
        unit in prop_oneof![Just(1_u64), Just(100), any::<u64>()],
        group in 0_usize..6,
        reference in prop::option::of(0_usize..6),
    ) {
        let (weights, rest) = numbers.split_at(groups);
        let (events, rest) = rest.split_at(groups);
        let products = &rest[..groups * (groups + 1) / 2];
        if let Some(sums) = Memberships::new(unit, weights.to_vec(), events.to_vec(), products.to_vec())
            && let Some(bracket) = sums.bracket(group, reference)
        {
            check(&bracket);
        }
    }

    /// The effective numbers are at most the number of cases. Where the cases are real, the two sides together weigh as
    /// much as all of them.
    #[test]
    fn any_cases_give_a_bracket(
        cases in prop::collection::vec((0_u64..=100, 0_u64..=100, 0_u64..1_000, any::<u64>()), 1..20),
        group in 0_usize..3,
        reference in prop::option::of(0_usize..3),
    ) {
        let mut sums = Sums::new(3);
        let mut all = 0;
        for (first, second, cases, events) in cases {
            let second = second.min(100 - first);
            sums.add(&[first, second, 100 - first - second], cases, events % (cases + 1));
            all += cases;
        }
        if all == 0 {
            return Ok(());
        }
        let bracket = sums.bracket(group, reference);
        check(&bracket);
        prop_assert_eq!(bracket.cases, all);
        for side in [bracket.group, bracket.reference] {
            prop_assert!(side.events <= side.exposed && side.exposed <= side.effective_n * (1.0 + 1e-12));
            prop_assert!(side.effective_n <= all as f64 * (1.0 + 1e-12));
        }
        if reference.is_none() {
            prop_assert!((bracket.group.exposed + bracket.reference.exposed - all as f64).abs() < 1e-6);
        }
    }
}
