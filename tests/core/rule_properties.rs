//! What the descriptive numbers of the rule kinds must satisfy for any counts.

use crate::support::effort::attempts;
use paritywatch::statistics::*;
use proptest::prelude::*;
use statrs::distribution::{Binomial, DiscreteCDF};

const LARGEST: u64 = 1_000_000_000;

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..=20_u64, 0..=10_000_u64, 0..=LARGEST, Just(LARGEST)]
}

/// (exposed, events), with nobody, everybody or any number between.
fn exposed_and_events() -> impl Strategy<Value = (u64, u64)> {
    (count(), 0.0..=1.0_f64, 0..4_u8).prop_map(|(exposed, share, shape)| {
        let events = match shape {
            0 => 0,
            1 => exposed,
            2 => exposed.min(12),
            _ => (exposed as f64 * share) as u64,
        };
        (exposed, events.min(exposed))
    })
}

fn level() -> impl Strategy<Value = (Confidence, Confidence)> {
    (0.5..0.99_f64, 0.001..0.009_f64)
        .prop_map(|(narrow, more)| (Confidence::new(narrow).unwrap(), Confidence::new(narrow + more).unwrap()))
}

fn class() -> impl Strategy<Value = ClassCounts> {
    (exposed_and_events(), exposed_and_events()).prop_map(|(group, reference)| ClassCounts { group, reference })
}

fn swapped(classes: &[ClassCounts]) -> Vec<ClassCounts> {
    classes.iter().map(|class| ClassCounts { group: class.reference, reference: class.group }).collect()
}

fn near(one: f64, other: f64, tolerance: f64) -> bool {
    (one - other).abs() <= tolerance * other.abs()
}

/// Whether the limits are finite, in order and around the value, and wider ones around them.
fn holds(narrow: [f64; 3], wide: [f64; 3]) -> bool {
    let finite = narrow.iter().chain(&wide).all(|number| number.is_finite());
    finite && wide[0] <= narrow[0] && narrow[0] <= narrow[1] && narrow[1] <= narrow[2] && narrow[2] <= wide[2]
}

fn pair() -> impl Strategy<Value = Pair> {
    (exposed_and_events(), exposed_and_events()).prop_map(
        |((exposed, events), (reference_exposed, reference_events))| Pair {
            events,
            exposed,
            reference_events,
            reference_exposed,
        },
    )
}

fn outcomes() -> impl Strategy<Value = Outcomes> {
    (exposed_and_events(), count()).prop_map(|((concluded, events), missing)| Outcomes { events, concluded, missing })
}

fn of_factor(factor: Factor) -> [f64; 3] {
    [factor.lower, factor.value, factor.upper]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(400), ..ProptestConfig::default() })]

    #[test]
    fn exact_limits_hold_the_rate_and_mirror((exposed, events) in exposed_and_events(), (narrow, wide) in level()) {
        let Some(found) = exact_interval(events, exposed, narrow) else {
            prop_assert_eq!(exposed, 0);
            return Ok(());
        };
        let wider = exact_interval(events, exposed, wide).unwrap();
        let rate = events as f64 / exposed as f64;
        prop_assert!(holds([found.lower, rate, found.upper], [wider.lower, rate, wider.upper]), "{found:?} {wider:?}");
        prop_assert!(0.0 <= wider.lower && wider.upper <= 1.0);
        let mirrored = exact_interval(exposed - events, exposed, narrow).unwrap();
        prop_assert!((mirrored.lower - (1.0 - found.upper)).abs() < 1e-12, "{found:?} {mirrored:?}");
        let one_sided = lower_limit(events, exposed, narrow.alpha() / 2.0).unwrap();
        prop_assert_eq!(one_sided, found.lower);
    }

    #[test]
    fn exact_ratios_of_shares_invert(x1 in 0..=LARGEST, x2 in 0..=LARGEST, e1 in 1..=LARGEST, e2 in 1..=LARGEST, (narrow, _) in level()) {
        let (e1, e2) = (e1 as f64, e2 as f64);
        let (lower, upper) = exact_share_ratio(x1, x2, e1, e2, narrow);
        let (other_lower, other_upper) = exact_share_ratio(x2, x1, e2, e1, narrow);
        for (limit, other) in [(lower, other_upper), (upper, other_lower)] {
            if let (Some(limit), Some(other)) = (limit, other) {
                prop_assert!(near(limit * other, 1.0, 1e-9), "{limit} {other}");
            }
        }
        if let (Some(lower), Some(value)) = (lower, share_to_ratio(x1 as f64 / (x1 + x2) as f64, e1, e2)) {
            prop_assert!(lower <= value && upper.is_none_or(|upper| value <= upper));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(5_000), ..ProptestConfig::default() })]

    #[test]
    fn ranks_are_those_of_the_definition(n in 1..=400_u64, p in 0.001..0.999_f64, (narrow, _) in level()) {
        let found = quantile_ranks(n, p, narrow);
        let binomial = Binomial::new(p, n).unwrap();
        let tail = narrow.alpha() / 2.0;
        let lower = (0..n).take_while(|most| binomial.cdf(*most) <= tail).last().map(|most| most + 1);
        let upper = (0..n).find(|most| binomial.cdf(*most) >= 1.0 - tail).map(|most| most + 1);
        prop_assert_eq!((found.lower, found.upper), (lower, upper));
    }

    #[test]
    fn factors_multiply_to_the_total(classes in prop::collection::vec(class(), 0..7), high in prop::collection::vec(0..7_usize, 0..4), (narrow, wide) in level()) {
        let (found, wider) = (decompose(&classes, Some(&high), narrow), decompose(&classes, Some(&high), wide));
        let other = decompose(&swapped(&classes), Some(&high), narrow);
        if let (Some(total), Some(inverse)) = (found.total, other.total) && total > 0.0 {
            prop_assert!(near(total * inverse, 1.0, 1e-12));
        }
        for (one, two) in [(found.class, found.within), (found.share, found.rest)] {
            prop_assert_eq!(one.is_some(), two.is_some());
            if let (Some(one), Some(two)) = (one, two) {
                prop_assert!(near(one.value * two.value, found.total.unwrap(), 1e-12), "{one:?} {two:?}");
            }
        }
        for (one, two) in [(found.class, wider.class), (found.within, wider.within), (found.share, wider.share), (found.rest, wider.rest)] {
            if let (Some(one), Some(two)) = (one, two) {
                prop_assert!(holds(of_factor(one), of_factor(two)), "{one:?} {two:?}");
            }
        }
        for (one, two) in [(found.share, other.share), (found.rest, other.rest)] {
            if let (Some(one), Some(two)) = (one, two) {
                prop_assert!(near(one.value * two.value, 1.0, 1e-12) && near(one.lower * two.upper, 1.0, 1e-9));
            }
        }
    }

    #[test]
    fn ratios_of_means_and_quantiles_invert(
        (n1, n2) in (2..=LARGEST, 2..=LARGEST),
        (mean1, mean2) in (1e-9..1e9_f64, 1e-9..1e9_f64),
        (spread1, spread2) in (0.0..10.0_f64, 0.0..10.0_f64),
        (narrow, wide) in level(),
    ) {
        let of = |n: u64, mean: f64, spread: f64| Moments {
            count: n,
            sum: mean * n as f64,
            squares: mean * mean * n as f64 * (1.0 + spread),
        };
        let (group, reference) = (of(n1, mean1, spread1), of(n2, mean2, spread2));
        if let Some(found) = mean_ratio(group, reference, narrow) {
            let limits = |found: RatioEstimate| [found.lower.unwrap(), found.value, found.upper.unwrap()];
            let wider = mean_ratio(group, reference, wide).unwrap();
            prop_assert!(holds(limits(found), limits(wider)), "{found:?} {wider:?}");
            let inverse = mean_ratio(reference, group, narrow).unwrap();
            prop_assert!(near(found.value * inverse.value, 1.0, 1e-12));
            prop_assert!(near(limits(found)[0] * limits(inverse)[2], 1.0, 1e-9), "{found:?} {inverse:?}");
            let (one, two) = (mover_ratio(found, inverse).unwrap(), mover_ratio(inverse, found).unwrap());
            prop_assert!(near(one.value * two.value, 1.0, 1e-12));
            prop_assert!(one.lower.is_none_or(|limit| limit <= one.value && limit >= 0.0));
            prop_assert!(one.upper.is_none_or(|limit| limit >= one.value && limit.is_finite()));
            if let (Some(lower), Some(upper)) = (one.lower, two.upper) && lower > 1e-300 {
                prop_assert!(near(lower * upper, 1.0, 1e-9), "{one:?} {two:?}");
            }
        }
    }

    #[test]
    fn mixes_do_not_depend_on_which_group_is_which(counts in prop::collection::vec((count(), count()), 0..9)) {
        let (group, rest): (Vec<u64>, Vec<u64>) = counts.iter().copied().unzip();
        let (found, other) = (mix_test(&group, &rest), mix_test(&rest, &group));
        prop_assert_eq!((found.df, found.categories), (other.df, other.categories));
        prop_assert!(found.categories as usize <= counts.len());
        prop_assert_eq!(found.chi2.is_some(), found.p_value.is_some());
        if let (Some(chi2), Some(p)) = (found.chi2, found.p_value) {
            prop_assert!(chi2.is_finite() && chi2 >= 0.0 && (0.0..=1.0).contains(&p), "{found:?}");
            prop_assert!(near(chi2, other.chi2.unwrap(), 1e-12) && near(p, other.p_value.unwrap(), 1e-6));
        }
    }

    #[test]
    fn the_cause_of_a_rise_inverts(new in (pair(), pair()), old in (pair(), pair())) {
        let period = |(picked, random)| LoopPeriod { picked, random };
        let (new, old) = (period(new), period(old));
        if let Some(found) = loop_cause(&new, &old) {
            let numbers = [found.rise_picked, found.rise_hits, found.var_picked, found.var_hits, found.z, found.upper_hits];
            prop_assert!(numbers.iter().all(|number| number.is_finite()), "{found:?}");
            prop_assert!(found.upper_hits >= found.rise_hits);
            let other = loop_cause(&old, &new).unwrap();
            prop_assert!(near(found.rise_picked * other.rise_picked, 1.0, 1e-12));
            prop_assert!(near(found.rise_hits * other.rise_hits, 1.0, 1e-12));
            prop_assert!((found.z + other.z).abs() <= 1e-9 * found.z.abs().max(1.0));
            prop_assert!(found.needed.is_none() || other.needed.is_none(), "both cannot rise");
        }
    }

    #[test]
    fn what_missing_outcomes_could_do_inverts(group in outcomes(), reference in outcomes()) {
        if let Some(found) = missing_range(group, reference) {
            prop_assert!(holds([found.low, found.ratio, found.high], [found.low, found.ratio, found.high]), "{found:?}");
            if let Some(other) = missing_range(reference, group) {
                prop_assert!(near(found.ratio * other.ratio, 1.0, 1e-12) && near(found.low * other.high, 1.0, 1e-12));
            }
        }
    }

    #[test]
    fn a_random_arm_grows_with_the_information(p in 1e-9..1.0_f64, profile in count(), ratio in 0.01..100.0_f64, information in 1.0..1e6_f64, phi in 1.0..5.0_f64) {
        let needed = random_needed(p, profile, ratio, information, phi);
        let more = random_needed(p, profile, ratio, information * 1.1, phi);
        prop_assert!(needed.is_some() || more.is_none());
        if let Some(needed) = needed {
            prop_assert!(needed.is_finite() && needed >= 0.0);
            prop_assert!(more.is_none_or(|more| more > needed));
        }
    }
}

fn table(largest: u64) -> impl Strategy<Value = Vec<Vec<u64>>> {
    (1..6_usize, 1..8_usize).prop_flat_map(move |(rows, columns)| {
        let cell = prop_oneof![Just(0), 0..=30_u64, 0..=largest];
        prop::collection::vec(prop::collection::vec(cell, columns), rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(1_000), ..ProptestConfig::default() })]

    #[test]
    fn an_association_lies_within_its_limits(table in table(2_000), (narrow, wide) in level()) {
        if let Some(found) = cramer_v(&table, narrow) {
            let wider = cramer_v(&table, wide).unwrap();
            prop_assert!(wider.lower <= found.lower && found.upper <= wider.upper, "{found:?} {wider:?}");
            prop_assert!(found.lower <= found.upper && found.upper <= 1.0 && found.upper > 0.0, "{found:?}");
            // The correction counts less than the limits from about this many on.
            if table.iter().flatten().sum::<u64>() >= 200 {
                prop_assert!(found.lower <= found.v && found.v <= found.upper, "{found:?}");
            }
            let turned: Vec<Vec<u64>> = (0..table[0].len()).map(|column| table.iter().map(|row| row[column]).collect()).collect();
            let turned = cramer_v(&turned, narrow).unwrap();
            prop_assert!(near(found.v, turned.v, 1e-9) && near(found.upper, turned.upper, 1e-9), "{found:?} {turned:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(60), ..ProptestConfig::default() })]

    #[test]
    fn an_association_in_extreme_tables_is_a_number(table in table(LARGEST), (narrow, _) in level()) {
        if let Some(found) = cramer_v(&table, narrow) {
            let shares = [found.v, found.v_plain, found.lower, found.upper, found.p_value];
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{found:?}");
            prop_assert!(found.chi2.is_finite() && found.lower <= found.upper);
        }
    }
}
