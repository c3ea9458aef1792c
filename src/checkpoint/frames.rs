//! Files that grow at their end, frame by frame. A frame is a section of [`super::container`]. One that a crash cut off at the end is passed over;
//! damage before that is an error.

use std::io;
use std::path::Path;

use super::checksum::{Checksum, LENGTH_BYTES};
use super::container::{read_section, write_section};

/// Bytes of which checksums are taken in the search for a whole frame behind a damaged one, at most.
const SEARCHED_BYTES: u64 = 256 << 20;

/// What is wrong with the content of a file.
#[derive(Debug)]
pub(super) struct Damage(pub String);

/// Appends a frame to others. `what` names it in messages; `limit` is its longest length in bytes, the same that [`read_frames`] gets.
///
/// # Errors
/// If the frame is longer than that: it would not be read again.
pub(super) fn write_frame(bytes: &[u8], (what, limit): (&str, u64), to: &mut Vec<u8>) -> io::Result<()> {
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("expected at most {limit} bytes in one {what}, found {}", bytes.len())));
    }
    write_section(bytes, Checksum::PRESENT, to).map(|_| ())
}

/// Passes each frame from the byte `start` on to `take`. `checksum` is the one that the file has, `what` names a frame in messages, and `limit`
/// is its longest length in bytes. A frame at the end that was not wholly written is left out: nobody was told what it says.
///
/// # Errors
/// If whole frames follow a damaged one, if a frame is longer than `limit` and all its bytes are there, or if `take` refuses one.
pub(super) fn read_frames(
    path: &Path,
    (bytes, start, checksum): (&[u8], usize, Checksum),
    (what, limit): (&str, u64),
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), Damage> {
    let mut rest = bytes.get(start..).unwrap_or_default();
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let damage = |problem: String| Damage(format!("the {what} at byte {at}: {problem}"));
        let (whole, behind) = (rest, bytes.get(at + 1..).unwrap_or_default());
        match read_section(&mut rest, limit, checksum) {
            Ok(section) => take(&section).map_err(damage)?,
            Err(problem) if is_too_long(whole, limit, checksum) => {
                return Err(damage(format!(
                    "{problem}; this is not an end that a crash cut off: the bytes it claims are all present"
                )));
            }
            Err(problem) => match next_frame(behind, limit, checksum) {
                Next::At(skipped) => {
                    let follows = at + 1 + skipped;
                    return Err(damage(format!(
                        "{problem}; it is no end cut off by a crash: another one follows at byte {follows}"
                    )));
                }
                Next::Unknown => {
                    return Err(damage(format!(
                        "{problem}; it may be an end cut off by a crash: what follows looks like a {what} in too many places to try them all"
                    )));
                }
                Next::None => {
                    tracing::debug!(path = %path.display(), at, problem, "the end was not wholly written");
                    return Ok(());
                }
            },
        }
    }
    Ok(())
}

/// Whether a section is longer than may be, and there: a crash cuts off, and makes nothing longer.
fn is_too_long(bytes: &[u8], limit: u64, checksum: Checksum) -> bool {
    let length = length_of(bytes);
    let left = bytes.len().saturating_sub(checksum.head_bytes()) as u64;
    length.is_some_and(|length| length > limit && length <= left)
}

/// What follows a damaged frame.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// A whole frame, this many bytes on.
    At(usize),
    /// No whole frame.
    None,
    /// The search has reached its limit.
    Unknown,
}

/// The length of what is damaged may be the damage, so every byte is tried. A checksum is taken only where the length is that of a section and
/// fits into the file, which it does by chance nearly nowhere but in zeros, as a crash leaves them; and a checksum is not all zeros.
fn next_frame(bytes: &[u8], limit: u64, checksum: Checksum) -> Next {
    let head_bytes = checksum.head_bytes();
    let mut searched = 0;
    for (at, head) in bytes.windows(head_bytes).enumerate() {
        let left = (bytes.len() - at - head_bytes) as u64;
        let Some(length) = length_of(head).filter(|length| (1..=limit.min(left)).contains(length)) else { continue };
        let Some(expected) = head.get(LENGTH_BYTES..).filter(|expected| expected.iter().any(|byte| *byte != 0)) else {
            continue;
        };
        searched += length;
        if searched > SEARCHED_BYTES {
            return Next::Unknown;
        }
        let begin = at + head_bytes;
        // It fits into memory, as it fits into the file that was read.
        if bytes.get(begin..begin + length as usize).is_some_and(|section| checksum.matches(section, expected)) {
            return Next::At(at);
        }
    }
    Next::None
}

/// The length that a frame gives for itself.
fn length_of(section: &[u8]) -> Option<u64> {
    section.first_chunk().map(|length| u64::from_le_bytes(*length))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ENTRY: (&str, u64) = ("entry", 1_000);

    fn read(bytes: &[u8]) -> Result<usize, String> {
        let mut found = 0;
        let read = read_frames(Path::new("file"), (bytes, 0, Checksum::PRESENT), ENTRY, |_| {
            found += 1;
            Ok(())
        });
        read.map(|()| found).map_err(|Damage(problem)| problem)
    }

    #[test]
    fn what_is_too_long_is_not_written_and_where_it_is_there_it_is_no_torn_end() {
        let mut bytes = Vec::new();
        write_frame(&[b'a'; 1_000], ENTRY, &mut bytes).unwrap();
        let problem = write_frame(&[b'a'; 1_001], ENTRY, &mut bytes).unwrap_err().to_string();
        assert_eq!(problem, "expected at most 1000 bytes in one entry, found 1001");
        assert_eq!(read(&bytes), Ok(1));
        write_section(&[b'a'; 1_001], Checksum::PRESENT, &mut bytes).unwrap();
        let problem = read(&bytes).unwrap_err();
        assert!(problem.starts_with("the entry at byte 1016: expected at most 1000 bytes, found 1001;"), "{problem}");
        // Cut off, its length is as good as any that a crash has left.
        bytes.pop();
        assert_eq!(read(&bytes), Ok(1));
    }

    #[test]
    fn a_search_among_too_many_lengths_that_could_be_ends_and_is_told() {
        let half = vec![b'a'; 32 << 20];
        let looks_like_one = [&1_000_000_u64.to_le_bytes()[..], &[1; 8]].concat();
        let bytes = [looks_like_one.repeat(300), half].concat();
        assert_eq!(next_frame(&bytes, 64 << 20, Checksum::PRESENT), Next::Unknown);
        assert_eq!(next_frame(&vec![0; 32 << 20], 64 << 20, Checksum::PRESENT), Next::None);
        let mut whole = vec![0; 32 << 20];
        write_section(b"one", Checksum::PRESENT, &mut whole).unwrap();
        assert_eq!(next_frame(&whole, 64 << 20, Checksum::PRESENT), Next::At(32 << 20));
    }
}
