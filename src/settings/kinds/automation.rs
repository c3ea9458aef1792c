//! The keys of a rule of kind `automation`.

use super::read::{OPEN_SHARE, ReadKind, is_open_share};
use crate::settings::scope::{Surroundings, channels, windows};
use crate::settings::table::Table;
use crate::settings::terms::{Automation, RuleKind};

/// Reads them.
pub(in crate::settings) fn automation(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> ReadKind {
    let max_automated = table.integer("max_automated", 0, 0..=1_000_000_000).value;
    let max_follow_through = table.number("max_follow_through", 0.98, OPEN_SHARE, is_open_share);
    let block_selected = table.integer("block_selected", 200, 1..=1_000_000_000).value;
    ReadKind {
        kind: RuleKind::Automation(Automation { max_automated, max_follow_through, block_selected }),
        channels: channels(table),
        dimensions: Vec::new(),
        windows: windows(table, false, surroundings),
        min_events: 0,
        names: None,
    }
}
