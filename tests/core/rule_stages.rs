//! The decomposition of a ratio by stages, the cause of a feedback loop, and what missing outcomes could make of a ratio, compared with
//! reference values of 50-digit arithmetic (`tests/vectors/rules.json`) and with published figures.

use paritywatch::statistics::*;
use serde_json::Value;

fn cases(name: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/rules.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = vectors[name].as_array().unwrap().clone();
    assert!(cases.len() >= 3, "{name}");
    cases
}

fn close(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-10 * expected.abs(), "{what}: expected {expected:e}, found {found:e}");
}

fn counts(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

fn confidence() -> Confidence {
    Confidence::new(0.95).unwrap()
}

fn class(group: (u64, u64), reference: (u64, u64)) -> ClassCounts {
    ClassCounts { group, reference }
}

fn check_factor(found: Option<Factor>, expected: &Value, what: &str) {
    let found = found.unwrap_or_else(|| panic!("{what}: none"));
    close(found.value, &expected["value"], &format!("{what} value"));
    close(found.lower, &expected["lower"], &format!("{what} lower"));
    close(found.upper, &expected["upper"], &format!("{what} upper"));
}

#[test]
fn a_ratio_is_split_by_stages_as_in_the_vectors() {
    for case in cases("stages") {
        let classes: Vec<ClassCounts> = case["strata"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let row = counts(row);
                class((row[0], row[1]), (row[2], row[3]))
            })
            .collect();
        let high: Vec<usize> = counts(&case["top"]).into_iter().map(|place| place as usize).collect();
        let found = decompose(&classes, Some(&high), confidence());
        let name = case["name"].as_str().unwrap();
        close(found.total.unwrap(), &case["total"], name);
        check_factor(found.class, &case["class_standardised"], &format!("{name} class"));
        check_factor(found.within, &case["within_standardised"], &format!("{name} within"));
        check_factor(found.share, &case["class_share"], &format!("{name} share"));
        check_factor(found.rest, &case["rest_after_share"], &format!("{name} rest"));
    }
}

/// The published case: a factor of 2.0 by the risk score, and 3.1 by the manual selection after it.
#[test]
fn the_published_stages_of_2014_come_out_again() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/published/duo-2014-risk-class.toml");
    let table: toml::Table = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rows = table["rows"].as_array().unwrap();
    let of = |group: &str, stratum: &str| {
        let row = rows
            .iter()
            .find(|row| row["group"].as_str() == Some(group) && row["stratum"].as_str() == Some(stratum))
            .unwrap();
        ["assessed", "selected"].map(|name| u64::try_from(row[name].as_integer().unwrap()).unwrap()).into()
    };
    let classes: Vec<ClassCounts> =
        ["1", "2", "3", "4", "5", "6"].map(|stratum| class(of("non_european", stratum), of("dutch", stratum))).into();
    let found = decompose(&classes, Some(&[0, 1]), confidence());
    let printed = |factor: Option<Factor>| {
        let Factor { value, lower, upper } = factor.unwrap();
        [value, lower, upper].map(|number| format!("{number:.3}")).join(" ")
    };
    assert_eq!(printed(found.share), "1.980 1.945 2.015");
    assert_eq!(printed(found.rest), "3.127 2.906 3.365");
    assert_eq!(printed(found.class), "1.632 1.571 1.696");
    assert_eq!(printed(found.within), "3.792 3.500 4.109");
}

#[test]
fn a_class_without_reference_joins_the_next_one_and_the_last_the_one_before() {
    let factors = |classes: &[ClassCounts]| {
        let found = decompose(classes, None, confidence());
        (found.class, found.within, found.total)
    };
    let (one, other) = (class((100, 30), (500, 60)), class((200, 20), (900, 45)));
    let empty = class((50, 9), (0, 0));
    let plus = |to: ClassCounts| class((to.group.0 + 50, to.group.1 + 9), to.reference);
    assert!(factors(&[one, other]).0.is_some());
    assert_eq!(factors(&[empty, one, other]), factors(&[plus(one), other]), "the first joins the second");
    assert_eq!(factors(&[one, empty, other]), factors(&[one, plus(other)]), "the middle one joins the last");
    assert_eq!(factors(&[one, other, empty]), factors(&[one, plus(other)]), "the last joins the one before");
    assert_eq!(factors(&[empty, empty, one, other]), factors(&[plus(plus(one)), other]), "two join together");
    let nobody = class((0, 0), (0, 0));
    assert_eq!(factors(&[nobody, one, nobody, other, nobody]), factors(&[one, other]));
}

#[test]
fn factors_are_none_where_the_counts_do_not_give_them() {
    let known = [class((100, 30), (500, 60)), class((200, 20), (900, 45))];
    let factors = |classes: &[ClassCounts], high: Option<&[usize]>| {
        let found = decompose(classes, high, confidence());
        [found.class, found.within, found.share, found.rest].map(|factor| factor.is_some())
    };
    assert_eq!(factors(&known, Some(&[0])), [true; 4]);
    assert_eq!(factors(&known, None), [true, true, false, false], "no high classes");
    assert_eq!(factors(&known, Some(&[])), [true, true, false, false], "an empty list");
    assert_eq!(factors(&known, Some(&[2])), [true, true, false, false], "a place that is not there");
    let few = |group, reference| [class((100, group), (500, reference)), class((200, 0), (900, 0))];
    assert_eq!(factors(&few(10, 10), Some(&[0])), [true; 4], "ten selected are enough");
    assert_eq!(factors(&few(9, 10), Some(&[0])), [false; 4], "nine of the group");
    assert_eq!(factors(&few(10, 9), Some(&[0])), [false; 4], "nine of the reference");
    assert_eq!(factors(&[], Some(&[0])), [false; 4]);
    assert_eq!(factors(&[class((10, 11), (500, 60))], None), [false; 4], "more selected than exposed");
    let apart = [class((100, 20), (500, 0)), class((0, 0), (900, 45))];
    assert_eq!(factors(&apart, Some(&[0])), [false; 4], "nobody of the reference is selected where the group is");
    assert_eq!(decompose(&apart, None, confidence()).total, Some(0.2 / (45.0 / 1_400.0)));
    let low = [class((0, 0), (500, 60)), class((200, 20), (900, 45))];
    assert_eq!(factors(&low, Some(&[0])), [true, true, false, false], "nobody of the group is in a high class");
}

fn periods(case: &Value) -> (LoopPeriod, LoopPeriod) {
    let (picked, exposed) = (counts(&case["picked"]), counts(&case["exposed"]));
    let random: Vec<Vec<u64>> = case["random"].as_array().unwrap().iter().map(counts).collect();
    let period = |at: usize| LoopPeriod {
        picked: Pair {
            events: picked[at],
            exposed: exposed[at],
            reference_events: picked[at + 1],
            reference_exposed: exposed[at + 1],
        },
        random: Pair {
            events: random[at][0],
            exposed: random[at][1],
            reference_events: random[at + 1][0],
            reference_exposed: random[at + 1][1],
        },
    };
    (period(0), period(2))
}

#[test]
fn the_cause_of_a_rise_is_that_of_the_vectors() {
    for case in cases("loop_cause") {
        let (new, old) = periods(&case);
        let found = loop_cause(&new, &old).unwrap();
        for (found, name) in [
            (found.rise_picked, "rise_picked"),
            (found.rise_hits, "rise_hits"),
            (found.z, "z"),
            (found.upper_hits, "upper_hits"),
            (found.var_picked, "var_picked"),
            (found.var_hits, "var_hits"),
        ] {
            close(found, &case[name], &format!("{name} of {case}"));
        }
    }
}

/// With as many more controls as are needed, in their present shares, the variance is what it must fall to.
#[test]
fn the_needed_random_controls_lower_the_variance_as_far_as_needed() {
    let (new, old) = periods(&cases("loop_cause")[0]);
    let found = loop_cause(&new, &old).unwrap();
    let step = 1.75_f64.ln() / 2.486;
    let target = step * step - found.var_picked;
    assert!((found.needed_variance.unwrap() / target - 1.0).abs() < 1e-12);
    let concluded = 40.0 + 360.0 + 38.0 + 350.0;
    let times = (concluded + found.needed.unwrap() as f64) / concluded;
    assert!(times > 4.0 && (found.var_hits / times - target).abs() < 0.001 * target, "{found:?}");

    let fewer = loop_cause(&old, &new).unwrap();
    assert!(fewer.rise_picked < 1.0 && fewer.needed.is_none() && fewer.needed_variance.is_none(), "no rise");
    let many = |random: Pair| Pair {
        events: random.events * 1_000,
        exposed: random.exposed * 1_000,
        reference_events: random.reference_events * 1_000,
        reference_exposed: random.reference_exposed * 1_000,
    };
    let enough = |period: LoopPeriod| LoopPeriod { random: many(period.random), ..period };
    assert_eq!(loop_cause(&enough(new), &enough(old)).unwrap().needed, Some(0));
}

#[test]
fn a_rise_without_picks_or_with_impossible_counts_has_no_cause() {
    let (new, old) = periods(&cases("loop_cause")[0]);
    let with = |events, exposed, reference_events, reference_exposed| {
        let picked = Pair { events, exposed, reference_events, reference_exposed };
        loop_cause(&LoopPeriod { picked, ..new }, &old)
    };
    assert!(with(1, 10, 1, 10).is_some());
    for none in [with(0, 10, 1, 10), with(1, 10, 0, 10), with(11, 10, 1, 10), with(0, 0, 0, 0)] {
        assert_eq!(none, None);
    }
    let no_random = LoopPeriod { random: Pair::default(), ..new };
    let found = loop_cause(&no_random, &LoopPeriod { random: Pair::default(), ..old }).unwrap();
    assert!(found.rise_hits == 1.0 && found.needed.is_none() && found.z.is_finite(), "{found:?}");
}

fn outcomes(value: &Value) -> Outcomes {
    let row = counts(value);
    Outcomes { events: row[0], concluded: row[1], missing: row[2] }
}

#[test]
fn missing_outcomes_move_a_ratio_as_far_as_the_vectors_say() {
    for case in cases("missing_range") {
        let found = missing_range(outcomes(&case["group"]), outcomes(&case["rest"])).unwrap();
        for (found, name) in [(found.ratio, "ratio"), (found.low, "low"), (found.high, "high")] {
            close(found, &case[name], &format!("{name} of {case}"));
        }
    }
}

#[test]
fn a_ratio_is_sensitive_where_missing_outcomes_alone_cross_the_threshold() {
    let range = MissingRange { ratio: 0.9, low: 0.7, high: 1.1 };
    assert!(range.sensitive_to_missing(0.8), "may be below 0.8 and is not");
    assert!(!range.sensitive_to_missing(0.6), "cannot be below 0.6");
    assert!(!range.sensitive_to_missing(0.95), "is below 0.95 already");
    assert!(range.sensitive_to_missing(1.05), "may be above 1.05 and is not");
    assert!(!range.sensitive_to_missing(1.25), "cannot be above 1.25");
    let (known, unknown) = (Outcomes { events: 3, concluded: 9, missing: 2 }, Outcomes::default());
    assert_eq!(missing_range(unknown, known), None);
    assert_eq!(missing_range(known, unknown), None);
    assert_eq!(missing_range(known, Outcomes { events: 0, ..known }), None, "no hit to compare with");
    assert_eq!(missing_range(Outcomes { events: 10, ..known }, known), None, "more hits than outcomes");
    assert_eq!(missing_range(Outcomes { events: 0, ..known }, known).unwrap().high, 0.0);
}
