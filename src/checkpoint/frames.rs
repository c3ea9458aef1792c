//! Files that are written on at their end, section by section: what a crash cuts off at the end is passed over, what is damaged before that is not.

use std::path::Path;

use super::container::read_section;

/// What is wrong within a file.
#[derive(Debug)]
pub(super) struct Damage(pub String);

/// The sections of a file from the byte `start` on, each taken by `take`; `what` is one of them in words, and `limit` its longest length in
/// bytes. A section at the end that was not wholly written is left out: nobody was told what it says.
///
/// # Errors
/// Where a section is damaged and whole ones follow, or `take` refuses one.
pub(super) fn read_frames(
    path: &Path,
    (bytes, start): (&[u8], usize),
    (what, limit): (&str, u64),
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), Damage> {
    let mut rest = bytes.get(start..).unwrap_or_default();
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let damage = |problem: String| Damage(format!("the {what} at byte {at}: {problem}"));
        match read_section(&mut rest, limit) {
            Ok(section) => take(&section).map_err(damage)?,
            Err(problem) => match next_frame(bytes.get(at + 1..).unwrap_or_default(), limit) {
                Some(skipped) => {
                    let follows = at + 1 + skipped;
                    return Err(damage(format!(
                        "{problem}; it is no end cut off by a crash: another one follows at byte {follows}"
                    )));
                }
                None => {
                    tracing::debug!(path = %path.display(), at, problem, "the end was not wholly written");
                    return Ok(());
                }
            },
        }
    }
    Ok(())
}

/// Where a whole section begins in what follows a damaged one: its length may be what is damaged, so every byte is tried.
fn next_frame(bytes: &[u8], limit: u64) -> Option<usize> {
    // A checksum is taken only where the length fits into the file, which it does by chance nearly nowhere.
    (0..bytes.len()).find(|at| bytes.get(*at..).is_some_and(|mut rest| read_section(&mut rest, limit).is_ok()))
}
