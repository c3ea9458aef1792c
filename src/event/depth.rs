//! The nesting depth of a payload.

use super::rejection::{Reason, Rejection};

/// The largest number of nested objects and arrays in a payload, unknown fields included.
pub const MAX_DEPTH: usize = 32;

/// Checks the depth for the general path. The fast path checks it as it reads.
pub(super) fn check_depth(payload: &str) -> Result<(), Rejection> {
    if may_be_too_deep(payload.as_bytes()) { follow_depth(payload.as_bytes()) } else { Ok(()) }
}

/// Returns whether there are enough opening brackets, in strings or not, to nest deeper than allowed. Nearly no event
/// has so many, and counting them is much cheaper than following the nesting.
#[inline]
fn may_be_too_deep(payload: &[u8]) -> bool {
    // At most 255 per chunk, so that the count fits a byte and many bytes are compared at once. `[` and `{` differ in
    // one bit.
    let count = |chunk: &[u8]| chunk.iter().fold(0_u8, |count, byte| count + u8::from(byte | 0x20 == b'{'));
    payload.chunks(255).map(|chunk| usize::from(count(chunk))).sum::<usize>() > MAX_DEPTH
}

/// Follows the nesting outside strings.
fn follow_depth(payload: &[u8]) -> Result<(), Rejection> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (offset, byte) in payload.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            // A bracket too many is for the parser to reject.
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let detail = format!("payload: expected at most {MAX_DEPTH} nested levels, found more at byte {offset}");
            return Err(Rejection::new(Reason::TooDeep, detail));
        }
    }
    Ok(())
}
