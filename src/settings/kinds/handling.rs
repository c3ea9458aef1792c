//! The keys of indicators of how cases were handled: intensity, duration, sanctions and kinds of control.

use crate::settings::bounds::MAX_TEXT_BYTES;
use crate::settings::given::{Given, check_unique};
use crate::settings::key::shown;
use crate::settings::problem::Problems;
use crate::settings::table::Table;
use crate::settings::terms::{Feature, HandlingTerms, Indicator, Measure, Reference, normalise};

/// The most kinds that a rule names.
const MAX_KINDS: usize = 64;
/// The largest variation between blocks that does not count as evidence.
const MAX_VARIATION: f64 = 10.0;
/// Where the keys of values are read.
const OF_VALUES: &str =
    "it with indicator \"intensity\", \"duration\" or \"sanction_amount\" alone, which compare values";

/// Refuses a difference of values: only rates have one.
pub(super) fn check_measure(indicator: Option<Indicator>, measure: &Given<Measure>, problems: &mut Problems) {
    if let Some(indicator) = indicator.filter(|_| measure.value == Measure::Difference)
        && indicator.compares_values()
    {
        let expected = format!("\"ratio\" with indicator \"{}\", which compares values and no rates", indicator.name());
        measure.refuse(problems, expected, shown(Measure::Difference.name()));
    }
}

/// Refuses a reference that an indicator of how cases were handled cannot be compared with.
pub(super) fn check_reference(
    indicator: Option<Indicator>,
    reference: &Reference,
    written: &Given<String>,
    problems: &mut Problems,
) {
    let Some(indicator) = indicator.filter(|indicator| indicator.feature().is_some()) else { return };
    let is_refused = match reference {
        Reference::Random => true,
        Reference::Lowest => indicator.compares_values(),
        Reference::Rest | Reference::Group(_) | Reference::Overall => false,
    };
    if is_refused {
        let name = indicator.name();
        let expected =
            format!("\"rest\", \"overall\" or a group with indicator \"{name}\", which is no rate of the funnel");
        written.refuse(problems, expected, shown(written));
    }
}

/// Refuses a stratum where how cases were handled is compared, and one that stands for how they were.
pub(super) fn check_stratum(indicator: Option<Indicator>, name: &Given<String>, problems: &mut Problems) {
    if let Some(indicator) = indicator.filter(|indicator| indicator.feature().is_some()) {
        let expected = format!("no stratum with indicator \"{}\", which is not counted by one", indicator.name());
        name.refuse(problems, expected, shown(name));
    } else if name.starts_with(Feature::PREFIX) {
        let expected = format!("a stratum whose name does not begin with {}", shown(Feature::PREFIX));
        name.refuse(problems, expected, shown(name));
    }
}

/// Reads the keys of indicators of how cases were handled. They are refused where the indicator does not read them.
pub(super) fn handling(table: &mut Table<'_>, indicator: Option<Indicator>, is_judged: bool) -> HandlingTerms {
    let mut terms = HandlingTerms::default();
    let compares_values = indicator.is_none_or(Indicator::compares_values);
    if let Some(quantiles) = quantiles(table) {
        refuse_unless(compares_values, &quantiles, OF_VALUES, table.problems);
        terms.quantiles = quantiles.value;
    }
    let variation = variation(table);
    if let Some(variation) = &variation {
        refuse_unless(compares_values, variation, OF_VALUES, table.problems);
    }
    if indicator.is_some_and(Indicator::compares_values) {
        terms.block_variation = Some(variation.map_or(HandlingTerms::BLOCK_VARIATION, |given| given.value));
    }
    terms.strict_kinds = strict_kinds(table, indicator, is_judged);
    terms
}

fn refuse_unless<T>(is_read: bool, given: &Given<T>, expected: &str, problems: &mut Problems) {
    if !is_read {
        given.refuse(problems, expected, "it with another indicator");
    }
}

fn quantiles(table: &mut Table<'_>) -> Option<Given<[f64; 2]>> {
    // Evidence takes no threshold that nearly all values, or nearly none, exceed.
    let expected = "two numbers from 0.02 to 0.98, the second above the first";
    let valid = |[usual, harsh]: [f64; 2]| 0.02 <= usual && usual < harsh && harsh <= 0.98;
    table.optional_two_numbers("quantiles", expected, valid)
}

fn variation(table: &mut Table<'_>) -> Option<Given<f64>> {
    let given = table.optional_number("block_variation")?;
    if (0.0..=MAX_VARIATION).contains(&given.value) {
        return Some(given);
    }
    given.refuse(table.problems, "a number from 0 to 10", given.to_string());
    None
}

/// A rule that is judged must say which kinds are strict: a mix of kinds has no direction of harm.
fn strict_kinds(table: &mut Table<'_>, indicator: Option<Indicator>, is_judged: bool) -> Vec<String> {
    let Some(written) = table.optional_texts("strict_kinds", 1..=MAX_KINDS) else {
        if is_judged && indicator == Some(Indicator::StrictRate) {
            let expected = "strict_kinds with indicator \"strict_rate\", or reference \"overall\", by which kinds are shown and not judged";
            table.refuse(expected, "none");
        }
        return Vec::new();
    };
    let is_read = indicator.is_none_or(|indicator| indicator == Indicator::StrictRate);
    refuse_unless(is_read, &written, "strict_kinds with indicator \"strict_rate\" alone", table.problems);
    check_unique(&written.value, table.problems);
    for kind in written.value.iter().filter(|kind| kind.is_empty() || kind.len() > MAX_TEXT_BYTES) {
        kind.refuse(table.problems, format!("a kind of control of 1 to {MAX_TEXT_BYTES} bytes"), shown(kind));
    }
    let mut kinds: Vec<String> = written.value.iter().map(|kind| normalise(kind).into_owned()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}
