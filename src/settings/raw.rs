//! The configuration as it was written: a tree of values, each with the place it comes from.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problems, shown};
use super::redact::key_path;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A TOML string.
    Text(String),
    /// The text of an environment variable; the key it is for decides on its type.
    Untyped(String),
    /// A TOML integer of 64 bits.
    Integer(i64),
    /// A TOML float, which may be infinite or not a number.
    Float(f64),
    /// A TOML boolean.
    Boolean(bool),
    /// A TOML value that no key takes (a date, an integer beyond 64 bits), as written.
    Other(String),
    /// A TOML array.
    List(Vec<(Place, Value)>),
    /// A TOML table.
    Table(Entries),
}

/// The entries of a table by key.
pub(super) type Entries = BTreeMap<String, Entry>;

/// A value with the places of its key and of itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub key_place: Place,
    pub place: Place,
    pub value: Value,
}

impl Value {
    /// The string, for a key that takes one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Untyped(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, for a key that takes one.
    pub fn integer(&self) -> Option<i64> {
        match self.typed()? {
            Self::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// The number, for a key that takes one, whole or not.
    #[allow(clippy::cast_precision_loss, reason = "every bound of a number is far below 2^53")]
    pub fn number(&self) -> Option<f64> {
        match self.typed()? {
            Self::Integer(integer) => Some(integer as f64),
            Self::Float(number) => Some(number),
            _ => None,
        }
    }

    /// The boolean, for a key that takes one.
    pub fn boolean(&self) -> Option<bool> {
        match self.typed()? {
            Self::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    /// The list, for a key that takes one. An untyped text's items are all at `place`.
    pub fn list(self, place: &Place) -> Option<Vec<(Place, Self)>> {
        let (typed, untyped) = match self {
            Self::Untyped(text) => (value_of(&text)?, true),
            value => (value, false),
        };
        match typed {
            Self::List(items) if untyped => Some(items.into_iter().map(|(_, item)| (place.clone(), item)).collect()),
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// What a problem says was found.
    pub fn describe(&self) -> String {
        match self {
            Self::Text(text) | Self::Untyped(text) => shown(text),
            Self::Integer(integer) => integer.to_string(),
            Self::Float(number) => format!("{number:?}"),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Other(text) => text.clone(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }

    /// The same without the value, for what may be a secret.
    pub fn describe_type(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Untyped(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Other(_) => "another value",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// A scalar, an untyped text read as TOML.
    fn typed(&self) -> Option<Self> {
        match self {
            Self::Untyped(text) => value_of(text),
            Self::List(_) | Self::Table(_) => None,
            value => Some(value.clone()),
        }
    }
}

/// Reads a TOML document. Where it is none, the problems say so and the tree is of no use.
pub(super) fn document(text: &str, problems: &mut Problems) -> Entries {
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = error.span().map_or(Place::File, |span| lines.place(span.start));
        problems.add(&place, "", "valid TOML", error.message());
    }
    entries(table.into_inner(), &lines)
}

/// Joins the nested tables that `a.b.c = 1` makes into one key "a.b.c": the names of Kafka's properties hold dots.
pub(super) fn flatten_properties(tree: &mut Entries, problems: &mut Problems) {
    let Some(Value::Table(kafka)) = tree.get_mut("kafka").map(|entry| &mut entry.value) else {
        return;
    };
    let Some(Value::Table(properties)) = kafka.get_mut("properties").map(|entry| &mut entry.value) else {
        return;
    };
    let mut flat = Entries::new();
    flatten(std::mem::take(properties), "", &mut flat, problems);
    *properties = flat;
}

/// Recurses as deep as the TOML parser allowed the text to nest.
fn flatten(nested: Entries, prefix: &str, flat: &mut Entries, problems: &mut Problems) {
    for (key, entry) in nested {
        let name = format!("{prefix}{key}");
        match entry.value {
            Value::Table(inner) => flatten(inner, &format!("{name}."), flat, problems),
            _ if flat.contains_key(&name) => {
                let path = key_path("kafka.properties", &name);
                problems.add(&entry.key_place, &path, "the property once", "it twice");
            }
            _ => {
                flat.insert(name, entry);
            }
        }
    }
}

/// One TOML value; `None` where the text is none.
fn value_of(text: &str) -> Option<Value> {
    let parsed = DeValue::parse(text.trim()).ok()?;
    Some(value(parsed.into_inner(), &Lines::of(text)))
}

fn entries(table: DeTable<'_>, lines: &Lines) -> Entries {
    table
        .into_iter()
        .map(|(key, item)| {
            let key_place = lines.place(key.span().start);
            let place = lines.place(item.span().start);
            let entry = Entry { key_place, place, value: value(item.into_inner(), lines) };
            (key.into_inner().into_owned(), entry)
        })
        .collect()
}

/// Recurses as deep as the TOML parser allowed the text to nest.
fn value(value: DeValue<'_>, lines: &Lines) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::Other(integer.to_string()), Value::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::Other(number.to_string()), Value::Float)
        }
        DeValue::Boolean(boolean) => Value::Boolean(boolean),
        DeValue::Datetime(time) => Value::Other(time.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .into_iter()
                .map(|item| {
                    let place = lines.place(item.span().start);
                    (place, self::value(item.into_inner(), lines))
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(entries(table, lines)),
    }
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(end, _)| end).collect())
    }

    fn place(&self, offset: usize) -> Place {
        Place::Line(self.0.partition_point(|end| *end < offset) + 1)
    }
}
