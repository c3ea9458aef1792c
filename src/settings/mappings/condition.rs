//! What must hold of a document: the key `when`.

use super::super::bounds::MAX_ALIASES;
use super::super::place::Place;
use super::super::table::Table;
use super::super::terms::Condition;
use super::super::tree::{Entries, Value};
use super::shared::{MAX_PATH_BYTES, constant, path_of};

/// Most conditions of one mapping.
const MAX_CONDITIONS: usize = 32;

pub(super) fn conditions(table: &mut Table<'_>) -> Vec<Condition> {
    let tables = table.take_list_of_tables("when", MAX_CONDITIONS);
    tables.into_iter().filter_map(|written| condition(written, table)).collect()
}

fn condition((key, place, entries): (String, Place, Entries), table: &mut Table<'_>) -> Option<Condition> {
    let mut table = Table::new(&key, place, entries, table.problems);
    let path = table.required_text("path").and_then(|text| path_of(&text, table.problems));
    let exists = table.has("exists").then(|| table.boolean("exists", true));
    let (within, without) = (texts(&mut table, "in"), texts(&mut table, "not_in"));
    if exists.is_none() && within.is_none() && without.is_none() {
        table.refuse("in, not_in or exists", "none of them");
    }
    table.finish();
    Some(Condition { path: path?, exists, within, without })
}

/// Reads a list of texts, numbers or booleans, which are compared as they are written.
fn texts(table: &mut Table<'_>, key: &'static str) -> Option<Vec<String>> {
    let items = table.take_list(key, 1..=MAX_ALIASES)?;
    let mut texts = Vec::with_capacity(items.len());
    for (key, entry) in items {
        let text = match constant(&entry.value) {
            Some(constant) => constant.text(),
            None => String::new(),
        };
        if constant(&entry.value).is_none() || text.len() > MAX_PATH_BYTES || matches!(entry.value, Value::Float(_)) {
            let expected = "a string of at most 1024 bytes, an integer or a boolean";
            table.problems.add(&entry.place, &key, expected, entry.value.describe());
            continue;
        }
        if text.is_empty() {
            let expected = "a text with a character: whether there is one is said by exists";
            table.problems.add(&entry.place, &key, expected, "an empty text");
            continue;
        }
        texts.push(text);
    }
    Some(texts)
}
