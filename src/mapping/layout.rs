//! How the data of an event is written: members in a fixed order, those without a value left out.

use super::field::{Fault, Taken, Writer};
use super::text::quoted;
use super::view::View;

/// A member of an object.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// It is always the same: name and value.
    Constant(Vec<u8>),
    /// Its name, and what writes its value.
    Field(Vec<u8>, Box<Writer>),
    /// Its name, and the members of the object that is its value.
    Object(Vec<u8>, Vec<Member>),
}

impl Member {
    pub fn field(name: &str, writer: Writer) -> Self {
        match writer.taken {
            Taken::Constant(json) => Self::Constant([label(name), json].concat()),
            _ => Self::Field(label(name), Box::new(writer)),
        }
    }

    pub fn object(name: &str, members: Vec<Self>) -> Self {
        Self::Object(label(name), members)
    }
}

fn label(name: &str) -> Vec<u8> {
    let mut label = quoted(name);
    label.push(b':');
    label
}

/// Writes an object. Returns whether it has a member; without one nothing is written.
pub(super) fn write_object(members: &[Member], view: &View<'_>, out: &mut Vec<u8>) -> Result<bool, Fault> {
    let start = out.len();
    out.push(b'{');
    let empty = out.len();
    for member in members {
        let before = out.len();
        if before > empty {
            out.push(b',');
        }
        let written = match member {
            Member::Constant(json) => {
                out.extend_from_slice(json);
                true
            }
            Member::Field(label, writer) => {
                out.extend_from_slice(label);
                writer.write(view, out)?
            }
            Member::Object(label, members) => {
                out.extend_from_slice(label);
                write_object(members, view, out)?
            }
        };
        if !written {
            out.truncate(before);
        }
    }
    if out.len() == empty {
        out.truncate(start);
        return Ok(false);
    }
    out.push(b'}');
    Ok(true)
}
