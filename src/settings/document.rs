//! TOML texts to trees of values with their places.

use toml::de::{DeTable, DeValue};

use super::place::{Place, SourceFile};
use super::problem::Problems;
use super::tree::{Entries, Entry, Value};

/// Reads a TOML document. Where the text is none, the problems say so and the tree is of no use.
pub(super) fn document(text: &str, file: &SourceFile, problems: &mut Problems) -> Entries {
    let ends = line_ends(text);
    let place = |offset: usize| Place::Line(file.clone(), ends.partition_point(|end| *end < offset) + 1);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = error.span().map_or_else(|| Place::File(file.clone()), |span| place(span.start));
        problems.add(&place, "", "valid TOML", error.message());
    }
    entries(table.into_inner(), &place)
}

/// Reads one TOML value, all of it at `place`; `None` where the text is none.
pub(super) fn toml_value(text: &str, place: &Place) -> Option<Value> {
    let parsed = DeValue::parse(text.trim()).ok()?;
    Some(value(parsed.into_inner(), &|_| place.clone()))
}

fn line_ends(text: &str) -> Vec<usize> {
    text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(end, _)| end).collect()
}

fn entries(table: DeTable<'_>, place: &dyn Fn(usize) -> Place) -> Entries {
    table
        .into_iter()
        .map(|(key, item)| {
            let entry = Entry { place: place(key.span().start), value: value(item.into_inner(), place) };
            (key.into_inner().into_owned(), entry)
        })
        .collect()
}

/// Recurses as deep as the TOML parser lets a text nest.
fn value(value: DeValue<'_>, place: &dyn Fn(usize) -> Place) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::Other(integer.to_string()), Value::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::Other(number.to_string()), Value::Float)
        }
        DeValue::Boolean(boolean) => Value::Boolean(boolean),
        DeValue::Datetime(time) => Value::Other(time.to_string()),
        DeValue::Array(items) => {
            let items = items.into_iter();
            Value::List(
                items
                    .map(|item| Entry { place: place(item.span().start), value: self::value(item.into_inner(), place) })
                    .collect(),
            )
        }
        DeValue::Table(table) => Value::Table(entries(table, place)),
    }
}
