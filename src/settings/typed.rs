//! Reads a value as the type that a key asks for.
//!
//! The text of an environment variable is read as TOML only where the key asks for something other than a string, so
//! that "007" stays a string for a key that takes one.

use super::document::toml_value;
use super::place::Place;
use super::tree::{Entry, Value};

impl Value {
    /// Returns the string, for a key that takes one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Untyped(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the integer, for a key that takes one.
    pub fn integer(&self) -> Option<i64> {
        match self.scalar()? {
            Self::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// Returns the number, for a key that takes one, whole or not.
    #[allow(clippy::cast_precision_loss, reason = "every bound of a number is far below 2^53")]
    pub fn number(&self) -> Option<f64> {
        match self.scalar()? {
            Self::Integer(integer) => Some(integer as f64),
            Self::Float(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the boolean, for a key that takes one.
    pub fn boolean(&self) -> Option<bool> {
        match self.scalar()? {
            Self::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    /// Returns the list, for a key that takes one. The items of an untyped text are all at `place`.
    pub fn list(self, place: &Place) -> Option<Vec<Entry>> {
        let list = match self {
            Self::Untyped(text) => toml_value(&text, place)?,
            value => value,
        };
        match list {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    fn scalar(&self) -> Option<Self> {
        match self {
            // A scalar has no items, so their place is of no interest.
            Self::Untyped(text) => toml_value(text, &Place::Variable(String::new())),
            Self::List(_) | Self::Table(_) => None,
            value => Some(value.clone()),
        }
    }
}
