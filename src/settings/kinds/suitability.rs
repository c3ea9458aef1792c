//! The keys of a rule of kind `suitability`.

use super::disparity::stratify_by;
use super::read::{OPEN_SHARE, ReadKind, is_open_share};
use crate::settings::duration::MAX_DURATION_DAYS;
use crate::settings::scope::{Surroundings, named_dimensions, windows};
use crate::settings::table::Table;
use crate::settings::terms::{Channel, Indicator, RuleKind, Span, Suitability};

/// Reads them. Groups are judged only where the rule names dimensions.
pub(in crate::settings) fn suitability(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> ReadKind {
    let above_1 = |ratio: f64| 1.0 < ratio && ratio <= 1_000.0;
    let ratio = table.number("ratio", 1.25, "a number above 1 and at most 1000", above_1);
    let power = table.number("power", 0.8, OPEN_SHARE, is_open_share);
    let margin = table.number("margin", 1.0, "a number from 0.1 to 10", |margin| (0.1..=10.0).contains(&margin));
    let show_level = table.number("show_level", 0.05, OPEN_SHARE, is_open_share);
    let longest = Span::DAY.times(MAX_DURATION_DAYS);
    let shown_for = table.duration("shown_for", Span::DAY.times(365), Span::DAY..=longest).value;
    let block_random = table.integer("block_random", 10, 1..=1_000_000).value;
    let block_max = table.duration("block_max", Span::DAY.times(28), Span::DAY..=longest).value;
    let stratify_by = stratify_by(table, Some(Indicator::HitRate), surroundings.string_bytes);
    ReadKind {
        kind: RuleKind::Suitability(Suitability {
            ratio,
            power,
            margin,
            show_level,
            shown_for,
            block_random,
            block_max,
            stratify_by,
        }),
        channels: vec![Channel::Profile],
        dimensions: named_dimensions(table, surroundings),
        windows: windows(table, true, surroundings),
        min_events: 0,
        names: None,
    }
}
