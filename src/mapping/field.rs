//! Writing the value of one field of the contract.

use std::borrow::Cow;

use super::read::Slot;
use super::scan::Type;
use super::spec::{TimeFormat, TimeRule};
use super::target::Shape;
use super::text::quoted;
use super::time;
use super::view::{PathRef, View};
use crate::event::Reason;

/// Why a document gives no event: the field, what was expected, and what was found. No value of the document is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub reason: Reason,
    pub field: String,
    pub expected: Cow<'static, str>,
    pub found: Cow<'static, str>,
}

impl Fault {
    #[cold]
    pub fn new(
        reason: Reason,
        field: &str,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { reason, field: field.to_owned(), expected: expected.into(), found: found.into() }
    }
}

/// A field, with the places of its values.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    /// Its name and where it comes from, for people.
    pub told: String,
    pub shape: Shape,
    pub taken: Taken,
    /// By text: the JSON that is written.
    pub values: Vec<(String, Vec<u8>)>,
    pub other: Option<Vec<u8>>,
    pub default: Option<Vec<u8>>,
    /// What stands before a text, as JSON without quotation marks.
    pub prefix: Vec<u8>,
    pub time: Option<TimeRule>,
    /// Whether an event without it is refused.
    pub required: bool,
    /// Whether it says which event, case or control it is, so that nearly every document has another value.
    pub is_identity: bool,
    /// Its number among the fields of its mapping that are written anew each time.
    pub number: Option<usize>,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(super) enum Taken {
    Constant(Vec<u8>),
    Path(PathRef),
    Joined(Vec<PathRef>, String),
}

impl Writer {
    /// Writes the value. Returns whether there is one.
    pub fn write(&self, view: &View<'_>, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let start = out.len();
        let written = match &self.taken {
            Taken::Constant(json) => {
                out.extend_from_slice(json);
                true
            }
            Taken::Path(path) => match view.get(*path) {
                Some(slot) if view.is_untold(slot) => return Err(self.untold()),
                Some(slot) => self.write_value(view, slot, out)?,
                None => false,
            },
            Taken::Joined(paths, join) => self.write_joined(view, (paths, join), out)?,
        };
        if written && !self.prefix.is_empty() {
            // Behind the quotation mark.
            out.splice(start + 1..start + 1, self.prefix.iter().copied());
        }
        match &self.default {
            _ if written => Ok(true),
            Some(json) => {
                out.extend_from_slice(json);
                Ok(true)
            }
            None if self.required => Err(self.fault(Reason::MissingField, "a value", "nothing")),
            None => Ok(false),
        }
    }

    fn write_value(&self, view: &View<'_>, slot: Slot, out: &mut Vec<u8>) -> Result<bool, Fault> {
        if !self.values.is_empty() {
            return self.write_chosen(view, slot, out);
        }
        let json = view.written(slot).as_bytes();
        match (self.shape, slot.found) {
            (Shape::Text | Shape::Word(_) | Shape::Membership, Type::Plain | Type::Escaped)
            | (Shape::Flag, Type::True | Type::False)
            | (Shape::Number, Type::Integer | Type::Number)
            | (Shape::Membership, Type::Object)
            | (Shape::Whole, Type::Object | Type::Array) => out.extend_from_slice(json),
            (Shape::Text | Shape::Membership, Type::Integer) => {
                out.push(b'"');
                out.extend_from_slice(json);
                out.push(b'"');
            }
            (Shape::Flag, Type::Plain) if matches!(json, b"\"true\"" | b"\"false\"") => {
                out.extend_from_slice(view.between_quotes(slot).as_bytes());
            }
            (Shape::Number, Type::Plain) if is_number(view.between_quotes(slot)) => {
                out.extend_from_slice(view.between_quotes(slot).as_bytes());
            }
            (Shape::Time, _) => self.write_time(view, slot, out)?,
            (shape, found) => return Err(self.fault(Reason::WrongType, expected(shape), found.found())),
        }
        Ok(true)
    }

    /// Writes what stands for a value.
    fn write_chosen(&self, view: &View<'_>, slot: Slot, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let text = view.as_text(slot);
        let known = text.as_ref().and_then(|text| self.values.iter().find(|(known, _)| known == text));
        let known = known.map(|(_, json)| json);
        match known.or(self.other.as_ref()) {
            // A list is no value that has another meaning: the shape of the documents has changed.
            None | Some(_) if text.is_none() => {
                return Err(self.fault(Reason::WrongType, "a string, a number or a boolean", slot.found.found()));
            }
            Some(json) => out.extend_from_slice(json),
            None => {
                let count = self.values.len();
                let found = format!("{} that is none of them", slot.found.found());
                return Err(self.fault(Reason::InvalidValue, format!("one of its {count} values"), found));
            }
        }
        Ok(true)
    }

    /// The database has not told the value, and nobody knows what it was.
    #[cold]
    fn untold(&self) -> Fault {
        let expected = "a value, or the one before the change (PostgreSQL tells it with REPLICA IDENTITY FULL)";
        self.fault(Reason::InvalidValue, expected, "Debezium's word for a value that was not told")
    }

    fn write_time(&self, view: &View<'_>, slot: Slot, out: &mut Vec<u8>) -> Result<(), Fault> {
        let is_text = matches!(slot.found, Type::Plain | Type::Escaped);
        let rule = self.time.as_ref().filter(|rule| rule.format != TimeFormat::Rfc3339);
        let Some(rule) = rule else {
            // The decoder checks it.
            if !is_text {
                return Err(self.fault(Reason::WrongType, "a time by RFC 3339", slot.found.found()));
            }
            out.extend_from_slice(view.written(slot).as_bytes());
            return Ok(());
        };
        let text = view.as_text(slot).unwrap_or_default();
        let told = |(reason, expected, found): time::TimeFault| self.fault(reason, expected, found);
        time::milliseconds(&text, rule).and_then(|time| time::write(time, out)).map_err(told)
    }

    /// Writes several values, as texts with another text between them. Where one is missing, all are.
    fn write_joined(
        &self,
        view: &View<'_>,
        (paths, join): (&[PathRef], &str),
        out: &mut Vec<u8>,
    ) -> Result<bool, Fault> {
        let start = out.len();
        out.push(b'"');
        for (number, path) in paths.iter().enumerate() {
            let Some(slot) = view.get(*path) else {
                out.truncate(start);
                return Ok(false);
            };
            let part = match slot.found {
                Type::Plain if view.is_untold(slot) => return Err(self.untold()),
                Type::Plain => Cow::Borrowed(view.between_quotes(slot)),
                Type::Escaped => view.as_text(slot).unwrap_or_default(),
                Type::Integer => Cow::Borrowed(view.written(slot)),
                found => return Err(self.fault(Reason::WrongType, "strings or integers", found.found())),
            };
            // Otherwise two cases might have one name.
            if number + 1 < paths.len() && part.contains(join) {
                let expected = "parts of which only the last has the text that joins them";
                return Err(self.fault(Reason::InvalidValue, expected, "another one that has it"));
            }
            if number > 0 {
                out.extend_from_slice(join.as_bytes());
            }
            let json = quoted(&part);
            out.extend_from_slice(json.get(1..json.len() - 1).unwrap_or_default());
        }
        out.push(b'"');
        Ok(true)
    }

    #[cold]
    fn fault(
        &self,
        reason: Reason,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Fault {
        Fault::new(reason, &self.told, expected, found)
    }
}

fn expected(shape: Shape) -> Cow<'static, str> {
    match shape {
        Shape::Text => "a string or an integer".into(),
        Shape::Word(words) => format!("one of {}", words.join(", ")).into(),
        Shape::Flag => "true or false".into(),
        Shape::Number => "a number".into(),
        Shape::Time => "a time".into(),
        Shape::Membership => "a group, or an object with a probability for each".into(),
        Shape::Whole => "an object or a list".into(),
    }
}

/// Whether a text is a number as JSON has them.
fn is_number(text: &str) -> bool {
    let mut scanner = super::scan::Scanner::new(text.as_bytes(), 0);
    let first = text.as_bytes().first().copied().filter(|first| matches!(first, b'-' | b'0'..=b'9'));
    first.is_some_and(|first| scanner.scalar(first).is_ok() && scanner.at == text.len())
}
