//! The files of the history: their names, and how one is read.

use std::io;
use std::path::{Path, PathBuf};

use super::early::EndedEarly;
use super::format_1::{Entry, FORMAT, Numbers, unpack};
use crate::checkpoint::checksum::Checksum;
use crate::checkpoint::error::{CheckpointError, failed};
use crate::checkpoint::frames::{Damage, read_frames};
use crate::plan::{EventTime, Span};

/// The folder of the history, in the state folder.
pub const HISTORY_FOLDER: &str = "history";
/// The first line of a segment.
pub(super) const TITLE: &str = "paritywatch history 1\n";
/// What a segment holds, and the longest of it in bytes.
pub(super) const ENTRY: (&str, u64) = ("entry", 64 << 20);
/// The name of a file that is not whole yet ends with this.
pub(super) const UNFINISHED: &str = ".new";
/// The part of a day's one file after it was thinned.
const THINNED: &str = "day";

/// A file of the history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    /// The day of its entries, counted from 1970.
    pub day: i64,
    /// Which of the day's; `None` where the day was thinned, and this one stands for all.
    pub number: Option<u32>,
    /// The number of its format.
    pub format: u32,
    /// Where it is.
    pub path: PathBuf,
}

/// Returns the day that contains a time, counted from 1970.
#[must_use]
pub fn day_of(time: EventTime) -> i64 {
    time.0.div_euclid(Span::DAY.0)
}

/// Returns a day as `2026-09-30`; empty outside the years that the calendar knows.
#[must_use]
pub fn day_text(day: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(day.saturating_mul(Span::DAY.0));
    time.map(|time| time.strftime("%F").to_string()).unwrap_or_default()
}

/// Returns the name of a segment.
pub(super) fn name(day: i64, number: Option<u32>) -> String {
    format!("{}.{}.f{FORMAT}", day_text(day), part_text(number))
}

fn part_text(number: Option<u32>) -> String {
    number.map_or_else(|| THINNED.to_owned(), |number| format!("{number:06}"))
}

/// Lists the files of the history, oldest first; of a thinned day its one file and whatever a crash has left beside it.
///
/// # Errors
/// [`CheckpointError::Io`] if the folder cannot be read. None is no error.
pub(super) fn list(folder: &Path) -> Result<Vec<Segment>, CheckpointError> {
    let listing = match std::fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(folder, "list", error)),
    };
    let mut found = Vec::new();
    for entry in listing {
        let path = entry.map_err(|error| failed(folder, "list", error))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some((day, number, format)) = name.and_then(parts) {
            found.push(Segment { day, number, format, path });
        }
    }
    found.sort();
    Ok(found)
}

/// Splits the files of the history into those that count, and those that a thinned day has made needless.
pub(super) fn split(segments: Vec<Segment>) -> (Vec<Segment>, Vec<Segment>) {
    let thinned: Vec<i64> =
        segments.iter().filter(|segment| segment.number.is_none()).map(|segment| segment.day).collect();
    segments.into_iter().partition(|segment| segment.number.is_none() || thinned.binary_search(&segment.day).is_err())
}

/// Returns the day of a file of the history.
pub(super) fn day_of_file(path: &Path) -> Option<i64> {
    path.file_name().and_then(|name| name.to_str()).and_then(parts).map(|(day, ..)| day)
}

/// Whether a file is one of the history's own that is not whole.
pub(super) fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(UNFINISHED));
    name.and_then(parts).is_some()
}

/// Reads a name as [`name`] spells it: another spelling would make two files of one number.
fn parts(name: &str) -> Option<(i64, Option<u32>, u32)> {
    let mut parts = name.split('.');
    let (date, part, format) = (parts.next()?, parts.next()?, parts.next()?.strip_prefix('f')?);
    let start: jiff::Timestamp = format!("{date}T00:00:00Z").parse().ok()?;
    let number = if part == THINNED { None } else { Some(part.parse().ok()?) };
    let day = day_of(EventTime(start.as_millisecond()));
    let is_spelled = format!("{}.{}.f", day_text(day), part_text(number));
    (parts.next().is_none() && name.starts_with(&is_spelled)).then_some((day, number, format.parse().ok()?))
}

/// Passes each entry of a segment to `take`. One at the end that was not wholly written is left out, and returned. A file of another day, and one that
/// stands for a day and has no release, are damaged.
///
/// # Errors
/// [`CheckpointError::DamagedHistory`] with the place, or if the file cannot be read; [`CheckpointError::Io`] if it is gone.
pub(super) fn read(
    segment: &Segment,
    mut take: impl FnMut(&Entry<'_>, &Numbers) -> Result<(), String>,
) -> Result<Option<EndedEarly>, CheckpointError> {
    let path = &segment.path;
    let damaged = |problem| CheckpointError::DamagedHistory { path: path.display().to_string(), problem };
    if segment.format != FORMAT {
        return Err(damaged(format!("expected format {FORMAT}, found {}: another version wrote it", segment.format)));
    }
    let bytes = read_regular(path).map_err(|error| match error.kind() {
        // It was replaced meanwhile; a link to nothing was not.
        io::ErrorKind::NotFound if !path.is_symlink() => failed(path, "read", error),
        _ => damaged(format!("it cannot be read: {error}")),
    })?;
    // A file that stands for a whole day was on disk before it got its name.
    let may_be_torn = segment.number.is_some();
    if !has_title(&bytes, may_be_torn).map_err(damaged)? {
        return Ok(Some(EndedEarly::cut_off(path, (0, bytes.len()), None)));
    }
    let (mut numbers, mut end, mut last, mut has_release) = (Numbers::default(), TITLE.len(), None, false);
    let read = read_frames(path, (&bytes, TITLE.len(), Checksum::PRESENT), ENTRY, |frame| {
        end += Checksum::PRESENT.head_bytes() + frame.len();
        let unpacked = unpack(frame)?;
        let entry = Entry::read(&unpacked, &mut numbers)?;
        is_of_day(segment.day, entry.as_of())?;
        (last, has_release) = (Some(entry.as_of()), has_release || entry.is_release);
        take(&entry, &numbers)
    });
    read.map_err(|Damage(problem)| damaged(problem))?;
    let is_torn = end < bytes.len() || end == TITLE.len();
    if !may_be_torn && is_torn {
        return Err(damaged(format!("the entry at byte {end}: expected a whole one, found another end of the file")));
    }
    if !may_be_torn && !has_release {
        return Err(damaged(format!("expected a release in it, found none up to byte {end}: its end is missing")));
    }
    Ok(is_torn.then(|| EndedEarly::cut_off(path, (end, bytes.len()), last)))
}

/// Reads a file. What is none, such as a pipe, would be waited for.
fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("expected a file, found something else"));
    }
    std::fs::read(path)
}

/// Whether a segment has its title. A crash may have cut that off, or left nothing or zeros of it.
fn has_title(bytes: &[u8], may_be_torn: bool) -> Result<bool, String> {
    let (begin, title) = (bytes.get(..TITLE.len().min(bytes.len())).unwrap_or_default(), TITLE.as_bytes());
    let is_torn = title.starts_with(begin) || begin.iter().all(|byte| *byte == 0);
    if may_be_torn && bytes.len() <= TITLE.len() && is_torn {
        return Ok(false);
    }
    if begin != title {
        let found = String::from_utf8_lossy(begin);
        return Err(format!("expected it to begin with {TITLE:?}, found {found:?}"));
    }
    Ok(true)
}

/// Refuses an entry of another day: the file has got another one's name.
fn is_of_day(day: i64, as_of: EventTime) -> Result<(), String> {
    let found = day_of(as_of);
    if found == day {
        return Ok(());
    }
    Err(format!("expected one of {}, as the file's name says, found one of {}", day_text(day), day_text(found)))
}
