//! What the defences cost: findings without numbers, and how far off the numbers of the others are.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::seen::Seen;

/// A side below this is withheld by itself.
const MIN_CELL: u64 = 10;
/// Errors are in hundredths of what is true.
const PERCENT: f64 = 100.0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Price {
    /// Findings that have cases on both sides.
    pub findings: u64,
    /// Those with any number below `min_cell`: events, exposed, or their difference.
    pub small: u64,
    /// Those of which no number is told.
    pub withheld: u64,
    /// By kind of dimension, channel and window: findings that are not small, and those of them of which no number is told.
    pub avoidable: BTreeMap<String, [u64; 2]>,
    /// How far off published rates are, in percent of the true ones.
    pub rates: Vec<f64>,
    /// The same of ratios.
    pub ratios: Vec<f64>,
}

impl Price {
    /// Compares what is published with what is so where nothing is withheld.
    pub fn of(published: &[Seen], open: &[Seen]) -> Self {
        let mut price = Self::default();
        for (published, open) in published.iter().zip(open) {
            assert_eq!(published.as_of_ms, open.as_of_ms);
            let told: BTreeMap<String, &Value> =
                disparities(published).map(|finding| (name_of(finding), finding)).collect();
            for exact in disparities(open) {
                if let Some(told) = told.get(&name_of(exact)) {
                    price.compare(exact, told);
                }
            }
        }
        price
    }

    fn compare(&mut self, exact: &Value, told: &Value) {
        let sides = ["group_counts", "reference_counts"]
            .map(|side| ["exposed", "events"].map(|name| exact[side][name].as_u64()));
        let [[Some(exposed), Some(events)], [Some(others_exposed), Some(others)]] = sides else { return };
        if exposed == 0 || others_exposed == 0 {
            return;
        }
        self.findings += 1;
        let is_few = |exposed: u64, events: u64| events < MIN_CELL || exposed.saturating_sub(events) < MIN_CELL;
        let is_small = is_few(exposed, events) || is_few(others_exposed, others);
        let is_withheld = told["suppressed"] == true;
        self.small += u64::from(is_small);
        self.withheld += u64::from(is_withheld);
        if !is_small {
            let kind =
                if exact["dimension"].as_str().unwrap_or("").contains('*') { "intersections" } else { "dimensions" };
            let name =
                [kind, exact["channel"].as_str().unwrap_or(""), exact["window"].as_str().unwrap_or("")].join(" ");
            let [all, withheld] = self.avoidable.entry(name).or_default();
            *all += 1;
            *withheld += u64::from(is_withheld);
        }
        let off = |pick: fn(&Value) -> Option<f64>| Some(PERCENT * (pick(told)? / pick(exact)? - 1.0).abs());
        self.rates.extend(
            [off(|of| of["group_rate"].as_f64()), off(|of| of["reference_rate"].as_f64())].into_iter().flatten(),
        );
        self.ratios.extend(off(|of| of["ratio"]["value"].as_f64()));
    }

    pub fn add(&mut self, other: Self) {
        self.findings += other.findings;
        self.small += other.small;
        self.withheld += other.withheld;
        for (name, [all, withheld]) in other.avoidable {
            let sums = self.avoidable.entry(name).or_default();
            (sums[0], sums[1]) = (sums[0] + all, sums[1] + withheld);
        }
        self.rates.extend(other.rates);
        self.ratios.extend(other.ratios);
    }
}

/// Findings about rates of cases.
fn disparities(seen: &Seen) -> impl Iterator<Item = &Value> {
    let findings = seen.document["findings"].as_array().into_iter().flatten();
    findings.filter(|finding| finding["kind"] == "disparity" && finding["values"].is_null())
}

fn name_of(finding: &Value) -> String {
    let names = ["rule", "profile", "channel", "dimension", "group", "window"];
    names.map(|name| finding[name].as_str().unwrap_or("")).join(" ")
}

/// The number below which this share of all lie.
fn quantile(numbers: &[f64], share: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

impl fmt::Display for Price {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { findings, small, withheld, avoidable, rates, ratios } = self;
        writeln!(out, "findings with cases: {findings}, too small by themselves: {small}, withheld: {withheld}")?;
        for (what, off) in [("rates", rates), ("ratios", ratios)] {
            let [median, high] = [0.5, 0.95].map(|share| quantile(off, share));
            writeln!(out, "{what}: {} published, off by {median:.2} % (median), {high:.2} % (95 of 100)", off.len())?;
        }
        avoidable
            .iter()
            .try_for_each(|(name, [all, withheld])| writeln!(out, "large enough, {name}: {all}, withheld: {withheld}"))
    }
}
