//! The keys of a rule of kind `coverage`.

use super::read::{OPEN_SHARE, ReadKind, is_open_share, refuse_order};
use crate::settings::scope::{Surroundings, channels, dimensions, share, windows};
use crate::settings::table::Table;
use crate::settings::terms::{Coverage, RuleKind};

/// Reads them.
pub(in crate::settings) fn coverage(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> ReadKind {
    let warning = table.given_number("warning", 0.9, OPEN_SHARE, is_open_share);
    let critical = table.given_number("critical", 0.8, OPEN_SHARE, is_open_share);
    if critical.value > warning.value {
        refuse_order(format!("a number of at most {} (the rule's warning)", *warning), &critical, table.problems);
    }
    let at_least_1 = |ratio: f64| (1.0..=1_000.0).contains(&ratio);
    let expected = "a number from 1 to 1000";
    let unequal_warning = table.given_number("unequal_warning", 1.5, expected, at_least_1);
    let unequal_critical = table.given_number("unequal_critical", 2.0, expected, at_least_1);
    if unequal_critical.value < unequal_warning.value {
        let expected = format!("a number of at least {} (the rule's unequal_warning)", *unequal_warning);
        refuse_order(expected, &unequal_critical, table.problems);
    }
    let min_difference = share(table, "min_difference", 0.02);
    let kind = RuleKind::Coverage(Coverage {
        warning: warning.value,
        critical: critical.value,
        unequal_warning: unequal_warning.value,
        unequal_critical: unequal_critical.value,
        min_difference,
    });
    ReadKind {
        kind,
        channels: channels(table),
        dimensions: dimensions(table, surroundings),
        windows: windows(table, true, surroundings),
        min_events: 0,
        names: None,
    }
}
