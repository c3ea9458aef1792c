//! Events by an expression: the key `jq`.

use super::super::key::shown;
use super::super::table::Table;
use super::super::terms::check_jq;

/// The keys that have no meaning beside an expression: it reads the whole document and gives whole events.
const BESIDE: [&str; 4] = ["fields", "each", "envelope", "deletes"];

/// Reads the expression; `None` where there is none, and `Some(None)` where it is wrong.
pub(super) fn expression(table: &mut Table<'_>) -> Option<Option<String>> {
    if !table.has("jq") {
        return None;
    }
    let Some(given) = table.optional_text("jq") else { return Some(None) };
    table.refuse_keys(&BESIDE, "no such key beside jq, which reads the whole document and gives whole events", "one");
    let Err(error) = check_jq(&given) else { return Some(Some(given.value)) };
    let before = given.get(..error.at).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count()) + 1;
    let found = format!("{}, in line {line} of the expression, at character {column}", shown(&error.found));
    given.refuse(table.problems, format!("an expression of jq: {}", error.expected), found);
    Some(None)
}
