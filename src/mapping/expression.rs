//! Events by an expression: each output is an event of the contract, a list of them, or `null`, which is none.

use jaq_json::{Map, Val};

use super::field::Fault;
use super::jq::{Failed, Jq, MAX_STEPS, member, text};
use super::known::Left;
use super::mapped::Mapped;
use super::run::Run;
use super::spec::Kind;
use super::text::quoted;
use super::view::View;
use crate::event::Reason;

/// The attributes of an event that have a default.
const WITH_DEFAULT: [&str; 4] = ["specversion", "type", "source", "id"];

impl Run<'_> {
    /// Adds the events that an expression gives for a document.
    pub fn map_by(&self, jq: &Jq, view: &View<'_>, into: &mut Mapped) -> Result<Option<Left>, Fault> {
        if !self.holds(view) {
            return Ok(Some(Left::Unmapped));
        }
        let (before, mut index) = (into.events.len(), 0);
        let (steps, done) = jq.run(view.text.as_bytes(), |output| match output {
            Val::Null => Ok(()),
            Val::Arr(list) => list.iter().try_for_each(|event| self.output(event, &mut index, into)),
            event => self.output(event, &mut index, into),
        });
        into.count(self.number, |counts| {
            counts.jq_records += 1;
            counts.jq_steps += u64::from(steps);
        });
        done?;
        Ok((into.events.len() == before).then_some(Left::Unmapped))
    }

    fn output(&self, output: &Val, index: &mut u64, into: &mut Mapped) -> Result<(), Fault> {
        let found = match output {
            Val::Obj(event) => {
                self.write_event(event, *index, &mut into.bytes);
                *index += 1;
                return self.end(into);
            }
            Val::Null => "null",
            Val::Bool(_) => "a boolean",
            Val::Num(_) => "a number",
            Val::TStr(_) | Val::BStr(_) => "a string",
            Val::Arr(_) => "an array in an array",
        };
        Err(Fault::new(Reason::WrongType, "jq", "an object that is an event, an array of them, or null", found))
    }

    /// Writes an event. What it does not say of itself is that of the mapping and of the record's place.
    fn write_event(&self, event: &Map, index: u64, out: &mut Vec<u8>) {
        out.push(b'{');
        for name in WITH_DEFAULT {
            out.extend_from_slice(if name == "specversion" { b"\"" } else { b",\"" });
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            match (member(event, name), name) {
                (Some(value), "type") => write_type(value, out),
                (Some(value), _) => write_value(value, out),
                (None, "specversion") => out.extend_from_slice(b"\"1.0\""),
                (None, "type") => write_kind(self.mapping.kind, out),
                (None, "source") => out.extend_from_slice(&quoted(&format!("mapping:{}", self.mapping.name))),
                (None, _) => self.write_place(Some(index), out),
            }
        }
        for (name, value) in event {
            if !text(name).is_some_and(|name| WITH_DEFAULT.contains(&name)) {
                out.push(b',');
                write_value(name, out);
                out.push(b':');
                write_value(value, out);
            }
        }
        out.push(b'}');
    }
}

/// Writes a type. One word is short for that of the contract.
fn write_type(value: &Val, out: &mut Vec<u8>) {
    match Kind::ALL.iter().find(|kind| text(value) == Some(kind.name())) {
        Some(kind) => write_kind(*kind, out),
        None => write_value(value, out),
    }
}

fn write_kind(kind: Kind, out: &mut Vec<u8>) {
    out.extend_from_slice(&quoted(&format!("paritywatch.{}.v1", kind.name())));
}

fn write_value(value: &Val, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}

impl From<Failed> for Fault {
    fn from(failed: Failed) -> Self {
        let (reason, expected, found) = match failed {
            Failed::Error => {
                (Reason::InvalidValue, "a document for which the expression gives events".into(), "an error of it")
            }
            Failed::TooLong => {
                (Reason::TooMany, format!("at most {MAX_STEPS} steps, and values of at most 1 MiB"), "more")
            }
            Failed::Twice => (Reason::DuplicateField, "each name of an object once".into(), "one twice"),
            Failed::Document => (Reason::NotJson, "JSON".into(), "another text"),
        };
        Self::new(reason, "jq", expected, found)
    }
}
