//! What all parts of one decoding share: the limits, the present place, and the fault that was found.
//!
//! An error of serde holds only text, and the texts of serde quote the offending value. So a fault is kept here while
//! the error is passed on, and only fixed words of serde's texts are used.

use std::borrow::Cow;
use std::cell::Cell;

use serde::de;
use serde_json::error::Category;

use super::field::Field;
use super::rejection::{Reason, Rejection};
use crate::plan::Limits;
use crate::plan::invariant::{Room, present};

/// What all parts of one decoding share.
pub(super) struct Context {
    string_bytes: usize,
    place: Cell<Place>,
    fault: Cell<Option<Fault>>,
}

/// A field and the object that it is in.
#[derive(Clone, Copy)]
struct Place {
    object: &'static str,
    field: Option<Field>,
}

struct Fault {
    reason: Reason,
    detail: Cow<'static, str>,
}

impl Context {
    /// Returns the context of a decoding that begins at `object`.
    pub(super) fn new(limits: &Limits, object: &'static str) -> Self {
        Self {
            string_bytes: limits.string_bytes,
            place: Cell::new(Place { object, field: None }),
            fault: Cell::new(None),
        }
    }

    /// Forgets the fault of the fast path before the general path starts.
    pub(super) fn forget(&self) {
        self.fault.set(None);
    }

    /// Sets the present place: the object, and the field of it, that is read next.
    #[inline]
    pub(super) fn enter(&self, object: &'static str, field: Option<Field>) {
        self.place.set(Place { object, field });
    }

    /// Checks that a string is neither empty nor too long.
    #[inline]
    pub(super) fn check_text<E: de::Error>(&self, text: &str) -> Result<(), E> {
        if text.is_empty() {
            return Err(self.fail(Reason::EmptyField, "expected a non-empty string"));
        }
        if let Some(detail) = self.too_long(text) {
            return Err(self.fail(Reason::StringTooLong, detail));
        }
        Ok(())
    }

    /// Returns the detail of a rejection where a string is longer than allowed.
    #[inline]
    pub(super) fn too_long(&self, text: &str) -> Option<String> {
        let (found, limit) = (text.len(), self.string_bytes);
        (found > limit).then(|| format!("expected at most {limit} bytes, found {found}"))
    }

    /// Keeps a fault in JSON, and returns the error that ends the decoding.
    #[cold]
    pub(super) fn fail<E: de::Error>(&self, reason: Reason, detail: impl Into<Cow<'static, str>>) -> E {
        let detail = detail.into();
        self.fault.set(Some(Fault { reason, detail }));
        E::custom(reason.name())
    }

    /// Returns the rejection for a fault outside JSON.
    #[cold]
    pub(super) fn reject(&self, reason: Reason, detail: &str) -> Rejection {
        Rejection::new(reason, format!("{}: {detail}", self.path()))
    }

    /// Returns the rejection for an error that ended the parsing of JSON. The JSON starts at byte `start` of the
    /// payload `whole`.
    #[cold]
    pub(super) fn reject_json(&self, error: &serde_json::Error, whole: &str, start: usize) -> Rejection {
        let (line, column) = position(error, whole, start);
        let (reason, detail) = self.explain(error);
        Rejection::new(reason, format!("{detail}, at line {line} column {column}"))
    }

    fn explain(&self, error: &serde_json::Error) -> (Reason, String) {
        let path = self.path();
        if let Some(Fault { reason, detail }) = self.fault.take() {
            return (reason, format!("{path}: {detail}"));
        }
        let message = error.to_string();
        match error.classify() {
            Category::Data => (Reason::WrongType, wrong_type(&path, &message)),
            // A known field has a number that no `f64` can hold. Numbers of unknown fields are not evaluated.
            _ if message.starts_with("number out of range") => {
                let detail = format!("{path}: expected a finite number, found an overflowing one");
                (Reason::OutOfRange, detail)
            }
            Category::Eof => {
                let detail = "expected more JSON, found the end of the payload";
                (Reason::NotJson, detail.to_owned())
            }
            Category::Syntax | Category::Io => (Reason::NotJson, "expected JSON".to_owned()),
        }
    }

    fn path(&self) -> String {
        let Place { object, field } = self.place.get();
        match field {
            Some(field) => format!("{object}.{}", field.name()),
            None => object.to_owned(),
        }
    }
}

/// Returns what was expected and the type of the value that was found, but never the value.
fn wrong_type(path: &str, message: &str) -> String {
    const KINDS: [(&str, &str); 9] = [
        ("null", "null"),
        ("unit", "null"),
        ("boolean", "a boolean"),
        ("integer", "an integer"),
        ("floating point", "a number with a fraction or exponent"),
        ("string", "a string"),
        ("sequence", "an array"),
        ("map", "an object"),
        ("Option", "null"),
    ];
    // Any other message of serde is about a type as well, but does not name it.
    let message = message.strip_prefix("invalid type: ").unwrap_or_default();
    let found = KINDS.iter().find(|(word, _)| message.starts_with(word)).map_or("another type", |(_, kind)| kind);
    // The message ends with the expectation and the position. No expectation of ours contains this separator, so what
    // follows its last occurrence is our own text, not the value.
    let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
    format!("{path}: expected {expected}, found {found}")
}

/// Returns line and column in the whole payload, both from 1.
fn position(error: &serde_json::Error, whole: &str, start: usize) -> (usize, usize) {
    let before =
        present(Room::Event, "data starts at a character of its payload", whole.get(..start)).unwrap_or_default();
    let lines_before = before.bytes().filter(|byte| *byte == b'\n').count();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column_before = if error.line() == 1 { before.len() - line_start } else { 0 };
    (error.line() + lines_before, error.column() + column_before)
}
