//! The configuration as it was written: a tree of values, each with the place it comes from.

use std::collections::BTreeMap;

use super::key::shown;
use super::place::Place;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A TOML string.
    Text(String),
    /// The text of an environment variable. The key that reads it decides on its type.
    Untyped(String),
    /// A TOML integer of 64 bits.
    Integer(i64),
    /// A TOML float, which may be infinite or not a number.
    Float(f64),
    /// A TOML boolean.
    Boolean(bool),
    /// A TOML value that no key takes (a date, an integer beyond 64 bits), as it was written.
    Other(String),
    /// A TOML array.
    List(Vec<Entry>),
    /// A TOML table.
    Table(Entries),
}

/// The entries of a table by key.
pub(super) type Entries = BTreeMap<String, Entry>;

/// A value with the place of its key. TOML has a value begin on the line of its key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub place: Place,
    pub value: Value,
}

impl Value {
    /// Returns what a problem says was found.
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

    /// Returns what was found in the place of a table. A text there may be a secret, so only its type is told.
    pub fn describe_no_table(&self) -> String {
        match self {
            Self::Text(_) | Self::Untyped(_) | Self::Other(_) => self.describe_type().to_owned(),
            _ => self.describe(),
        }
    }

    /// Returns the type alone, for a value that may be a secret.
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
}
