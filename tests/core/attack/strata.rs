//! Solves what is published of strata, and of probabilities, for the counts behind it: by trying every small table.

use paritywatch::statistics::{Confidence, Proportion, Stratum, mantel_haenszel};
use serde_json::Value;

/// Cases and events of the group, then of the reference, in one of two strata. The other has the rest.
pub type Part = [u64; 4];

/// Numbers of the document are compared up to half of their last digit; so many digits tell 1 from 1.0000000001.
const FULL_DIGITS: i32 = 10;

/// The parts of two strata that give all published numbers, the smaller of each pair; `None` where not all counts beside them are told.
pub fn strata(finding: &Value, digits: Option<i32>) -> Option<Vec<Part>> {
    let count = |side: &str, name: &str| finding[side][name].as_u64();
    let all = [
        count("group_counts", "exposed")?,
        count("group_counts", "events")?,
        count("reference_counts", "exposed")?,
        count("reference_counts", "events")?,
    ];
    let ratio = &finding["stratified"]["ratio"];
    let told = [ratio["value"].as_f64()?, ratio["lower"].as_f64()?, ratio["upper"].as_f64()?];
    let digits = digits.unwrap_or(FULL_DIGITS);
    let [n1, x1, n2, x2] = all;
    let mut found = Vec::new();
    // Of two halves the smaller stands for both.
    for group in 0..=n1 / 2 {
        for reference in 0..=n2 {
            for (events, others) in
                (0..=x1.min(group)).flat_map(|events| (0..=x2.min(reference)).map(move |others| (events, others)))
            {
                let part = [group, events, reference, others];
                if x1 - events <= n1 - group && x2 - others <= n2 - reference && is_told(part, all, told, digits) {
                    found.push(part);
                }
            }
        }
    }
    Some(found)
}

fn is_told(part: Part, all: Part, told: [f64; 3], digits: i32) -> bool {
    let rest: Part = std::array::from_fn(|place| all[place] - part[place]);
    let sum = |of: fn(Part) -> f64| of(part) + of(rest);
    let ratio = sum(|[n1, x1, n2, _]| weight(x1, n2, n1 + n2)) / sum(|[n1, _, n2, x2]| weight(x2, n1, n1 + n2));
    if !is_same(ratio, told[0], digits) {
        return false;
    }
    let stratum = |[n1, x1, n2, x2]: Part| Stratum {
        group: Proportion::new(x1, n1).unwrap(),
        reference: Proportion::new(x2, n2).unwrap(),
    };
    let level = Confidence::new(0.95).unwrap();
    let found = mantel_haenszel(&[stratum(part), stratum(rest)], level);
    found.is_some_and(|found| {
        is_same(found.interval.lower, told[1], digits) && is_same(found.interval.upper, told[2], digits)
    })
}

fn weight(events: u64, others: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { (events * others) as f64 / all as f64 }
}

/// Whether a number is another one to so many digits.
fn is_same(number: f64, told: f64, digits: i32) -> bool {
    let step = 10_f64.powi(told.abs().log10().floor() as i32 + 1 - digits);
    (number - told).abs() <= 0.5000001 * step
}

/// Cases with the probability `likely` of being in the group, and the others with 1 - `likely`, that give the published effective numbers.
pub fn bracket(bracket: &Value, likely: f64, digits: Option<i32>) -> Option<Vec<[u64; 2]>> {
    let told = [bracket["group_effective_n"].as_f64()?, bracket["reference_effective_n"].as_f64()?];
    let cases = bracket["cases"].as_u64()?;
    let digits = digits.unwrap_or(FULL_DIGITS);
    let effective = |weights: [(f64, u64); 2]| {
        let sum: f64 = weights.iter().map(|(weight, count)| weight * *count as f64).sum();
        let squares: f64 = weights.iter().map(|(weight, count)| weight * weight * *count as f64).sum();
        sum * sum / squares
    };
    // The number of cases may be rounded.
    let all = cases.saturating_sub(2)..=cases + 2;
    let pairs = all.flat_map(|cases| (0..=cases).map(move |one| [one, cases - one]));
    let fits = |[one, other]: &[u64; 2]| {
        let of = [(likely, *one), (1.0 - likely, *other)];
        let beside = of.map(|(weight, count)| (1.0 - weight, count));
        let is_it = |number: f64, told: f64| {
            // One digit is the one below.
            if digits == 1 { (told..told + magnitude(told)).contains(&number) } else { is_same(number, told, digits) }
        };
        is_it(effective(of), told[0]) && is_it(effective(beside), told[1])
    };
    Some(pairs.filter(fits).collect())
}

fn magnitude(number: f64) -> f64 {
    10_f64.powf(number.log10().floor())
}
