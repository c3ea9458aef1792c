//! The keys of a rule of kind `complaints`.

use super::read::{ReadKind, refuse_order};
use crate::settings::allow_lists::check_name;
use crate::settings::bounds::MAX_GROUNDS;
use crate::settings::duration::format_duration;
use crate::settings::key::shown;
use crate::settings::scope::{Surroundings, channels, dimensions, windows};
use crate::settings::table::Table;
use crate::settings::terms::{ComplaintMeasure, Complaints, RuleKind, Span, WindowLength, normalise, skeleton};

/// The longest exposure, and the longest reference: a year.
const YEAR: Span = Span::DAY.times(365);

/// Reads them; `None` where the measure is wrong, which is among the problems.
pub(in crate::settings) fn complaints(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> Option<ReadKind> {
    let measures = ComplaintMeasure::ALL.map(|measure| (measure.name(), measure));
    // The keys of another measure are not known.
    let measure = table.valid_choice("measure", ComplaintMeasure::Skew, &measures, &[])?;
    let (warning, critical) = thresholds(table, measure);
    let is_rise = measure == ComplaintMeasure::Rise;
    let variation = if is_rise { 0.15 } else { 0.4 };
    let is_variation = |number: f64| (0.0..=10.0).contains(&number);
    let block_variation = table.number("block_variation", variation, "a number from 0 to 10", is_variation);
    let mut terms = Complaints {
        measure,
        grounds: Vec::new(),
        warning,
        critical,
        exposure_window: Span::DAY,
        block_complaints: 1,
        block_variation,
        reference_days: 0,
    };
    refuse_others(table, measure);
    let windows = if is_rise { vec![reference(table, &mut terms)] } else { exposure(table, &mut terms, surroundings) };
    if measure == ComplaintMeasure::Skew {
        terms.grounds = grounds(table, surroundings.string_bytes);
    }
    let min_events = table.integer("min_events", 10, 0..=1_000_000_000).value;
    Some(ReadKind {
        kind: RuleKind::Complaints(terms),
        channels: channels(table),
        dimensions: dimensions(table, surroundings),
        windows,
        min_events,
        names: None,
    })
}

/// Refuses the keys that only other measures read.
fn refuse_others(table: &mut Table<'_>, measure: ComplaintMeasure) {
    let found = format!("it with measure {}", shown(measure.name()));
    let mut refuse = |keys: &[&str], expected: &str| table.refuse_keys(keys, expected, &found);
    match measure {
        ComplaintMeasure::Rise => {
            refuse(&["critical"], "no critical with measure \"rise\", which only warns");
            refuse(
                &["exposure_window", "block_complaints", "windows"],
                "it with measure \"skew\" or \"overturned\" alone",
            );
            refuse(&["grounds"], "it with measure \"skew\" alone");
        }
        ComplaintMeasure::Skew => refuse(&["reference_days"], "it with measure \"rise\" alone"),
        ComplaintMeasure::Overturned => {
            refuse(&["reference_days"], "it with measure \"rise\" alone");
            refuse(&["grounds"], "it with measure \"skew\" alone");
        }
    }
}

fn thresholds(table: &mut Table<'_>, measure: ComplaintMeasure) -> (f64, Option<f64>) {
    let at_least_1 = |ratio: f64| (1.0..=1_000.0).contains(&ratio);
    let warning = table.given_number("warning", 1.25, "a number from 1 to 1000", at_least_1);
    if measure == ComplaintMeasure::Rise {
        return (warning.value, None);
    }
    let above_1 = |ratio: f64| 1.0 < ratio && ratio <= 1_000.0;
    let critical = table.given_number("critical", 2.0, "a number above 1 and at most 1000", above_1);
    if critical.value < warning.value {
        let expected = format!("a number of at least {} (the rule's warning)", *warning);
        refuse_order(expected, &critical, table.problems);
    }
    (warning.value, Some(critical.value))
}

/// Reads what the months of a rise are compared with.
fn reference(table: &mut Table<'_>, terms: &mut Complaints) -> WindowLength {
    let days = table.integer("reference_days", 365, 30..=365).value;
    terms.reference_days = u32::try_from(days).unwrap_or(365);
    let length = Span::DAY.times(terms.reference_days.into());
    WindowLength { length, label: format_duration(length) }
}

/// Reads blocks and exposures. Returns the windows.
fn exposure(table: &mut Table<'_>, terms: &mut Complaints, surroundings: &Surroundings<'_>) -> Vec<WindowLength> {
    let usual = if terms.measure == ComplaintMeasure::Overturned { YEAR } else { Span::DAY.times(90) };
    let exposure = table.duration("exposure_window", usual, Span::DAY..=YEAR);
    if exposure.value.0 % Span::DAY.0 != 0 {
        exposure.refuse(table.problems, "whole days", shown(&format_duration(exposure.value)));
    }
    terms.exposure_window = exposure.value;
    terms.block_complaints = table.integer("block_complaints", 20, 1..=1_000_000).value;
    windows(table, false, surroundings)
}

/// Reads the grounds that are compared by themselves, sorted.
fn grounds(table: &mut Table<'_>, string_bytes: usize) -> Vec<String> {
    let mut written = table.texts("grounds", &[], 0..=MAX_GROUNDS);
    for ground in &mut written {
        ground.value = normalise(&ground.value).into_owned();
    }
    for (index, ground) in written.iter().enumerate() {
        check_name(ground, string_bytes, table.problems);
        let mut earlier = written.iter().take(index);
        if let Some(earlier) = earlier.find(|earlier| skeleton(earlier) == skeleton(ground)) {
            let found = format!("{}, which {} names", shown(ground), earlier.key);
            ground.refuse(table.problems, "each ground only once, by whatever spelling", found);
        }
    }
    let mut grounds: Vec<String> = written.into_iter().map(|ground| ground.value).collect();
    grounds.sort_unstable();
    grounds
}
