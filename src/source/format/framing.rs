//! Confluent's framing: a byte 0 and the id of a schema stand before the record.

use crate::event::{Reason, Rejection};

/// Bytes of the mark and of the schema's id.
const FRAME_BYTES: usize = 5;

/// A record that was taken out of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'p> {
    /// The id of its schema.
    pub schema: u32,
    /// What follows the id.
    pub body: &'p [u8],
}

/// Takes a record out of its frame.
///
/// # Errors
/// A [`Rejection`] if it has none.
pub fn unframe(payload: &[u8]) -> Result<Framed<'_>, Rejection> {
    let refused = |found: String| {
        let detail = format!("payload: expected the frame of a schema registry (byte 0, then 4 bytes), found {found}");
        Err(Rejection::of_format(Reason::UnsupportedFormat, detail))
    };
    match payload {
        [] => Err(Rejection::of_format(Reason::EmptyPayload, "payload: expected a record, found no bytes")),
        [0, a, b, c, d, body @ ..] => Ok(Framed { schema: u32::from_be_bytes([*a, *b, *c, *d]), body }),
        [0, ..] => refused(format!("{} bytes", payload.len())),
        [b'{' | b'[', ..] => refused("what begins as JSON does".to_owned()),
        [byte, ..] => refused(format!("a first byte {byte:#04x}")),
    }
}

/// Returns the JSON text in a frame, as serializers of JSON Schema write it. Anything else is returned as it is: no JSON text begins with a byte 0.
#[inline]
#[must_use]
pub fn without_frame(payload: &[u8]) -> &[u8] {
    match payload {
        [0, ..] => payload.get(FRAME_BYTES..).filter(|body| begins_json(body)).unwrap_or(payload),
        _ => payload,
    }
}

/// Whether a text may be an object or a list in JSON. What follows the id of another format is no such text, or only by chance.
fn begins_json(body: &[u8]) -> bool {
    crate::event::without_mark(body)
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| b"{[".contains(byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_record_is_taken_out_of_its_frame() {
        assert_eq!(unframe(b"\0\0\0\x01\x02rest").unwrap(), Framed { schema: 258, body: b"rest" });
        assert_eq!(unframe(b"\0\0\0\0\x01").unwrap().body, b"");
        for (payload, reason) in [
            (&b""[..], Reason::EmptyPayload),
            (b"\0\0\0\0", Reason::UnsupportedFormat),
            (b"{\"a\":1}", Reason::UnsupportedFormat),
            (b"\x01\0\0\0\0\0", Reason::UnsupportedFormat),
        ] {
            assert_eq!(unframe(payload).unwrap_err().reason, reason);
        }
    }

    #[test]
    fn json_is_taken_out_of_a_frame_and_nothing_else_is() {
        assert_eq!(without_frame(b"\0\0\0\0\x07 {\"a\":1}"), b" {\"a\":1}");
        assert_eq!(without_frame("\0\0\0\0\u{7}\u{feff}{}".as_bytes()), "\u{feff}{}".as_bytes());
        for other in [&b""[..], b"\0", b"\0\0\0\0\x07", b"\0\0\0\0\x07\x02ab", b"{\"a\":1}"] {
            assert_eq!(without_frame(other), other);
        }
    }
}
