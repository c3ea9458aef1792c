//! A run: lines in their order, in memory or in a temporary file.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, Write};

use super::error::SourceError;
use crate::plan::{EventTime, PartitionIndex};

/// Bytes that are read from a temporary file at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// Bytes of what a temporary file has before each line: its time, file, number and length.
const HEADER_BYTES: usize = 8 + 4 + 8 + 8;

/// What is known of a line: when it was, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub time: EventTime,
    pub file: PartitionIndex,
    pub number: u64,
}

/// A line in memory, by the range of its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub place: Place,
    pub start: usize,
    pub end: usize,
}

impl Entry {
    pub fn line<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// Returns the order of two lines: by time, then by their bytes. Lines that are the same stay as they stand in the files.
pub(super) fn order((a, a_line): (&Place, &[u8]), (b, b_line): (&Place, &[u8])) -> Ordering {
    let by_time = a.time.cmp(&b.time);
    by_time.then_with(|| a_line.cmp(b_line)).then_with(|| (a.file, a.number).cmp(&(b.file, b.number)))
}

/// Lines in their order.
pub(super) enum Run {
    Memory { bytes: Vec<u8>, entries: std::vec::IntoIter<Entry> },
    File(BufReader<File>),
}

impl Run {
    /// Sorts lines.
    pub fn of(bytes: Vec<u8>, mut entries: Vec<Entry>) -> Self {
        sort(&mut entries, &bytes);
        Self::Memory { bytes, entries: entries.into_iter() }
    }

    /// Replaces `line` by the next one. Returns its place, or `None` at the end.
    pub fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<Place>, SourceError> {
        line.clear();
        match self {
            Self::Memory { bytes, entries } => {
                let Some(entry) = entries.next() else { return Ok(None) };
                line.extend_from_slice(entry.line(bytes));
                Ok(Some(entry.place))
            }
            Self::File(reader) => read(reader, line).map_err(|error| failed("read", error)),
        }
    }
}

/// Sorts lines. Most inputs are nearly in order, which takes little more than one look at each line.
pub(super) fn sort(entries: &mut [Entry], bytes: &[u8]) {
    entries.sort_by(|a, b| order((&a.place, a.line(bytes)), (&b.place, b.line(bytes))));
}

/// Writes a run to a temporary file.
pub(super) struct RunWriter(BufWriter<File>);

impl RunWriter {
    pub fn create() -> Result<Self, SourceError> {
        let file = tempfile::tempfile().map_err(|error| failed("create", error))?;
        Ok(Self(BufWriter::with_capacity(BUFFER_BYTES, file)))
    }

    pub fn write(&mut self, place: &Place, line: &[u8]) -> Result<(), SourceError> {
        let header = [
            &place.time.0.to_le_bytes()[..],
            &place.file.0.to_le_bytes()[..],
            &place.number.to_le_bytes()[..],
            &(line.len() as u64).to_le_bytes()[..],
            line,
        ];
        header.iter().try_for_each(|part| self.0.write_all(part)).map_err(|error| failed("write", error))
    }

    /// Returns the run, from its first line.
    pub fn finish(self) -> Result<Run, SourceError> {
        let rewound = self.0.into_inner().map_err(io::IntoInnerError::into_error).and_then(|mut file| {
            file.rewind()?;
            Ok(file)
        });
        let file = rewound.map_err(|error| failed("write", error))?;
        Ok(Run::File(BufReader::with_capacity(BUFFER_BYTES, file)))
    }
}

fn read(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> io::Result<Option<Place>> {
    let mut header = [0; HEADER_BYTES];
    match reader.read_exact(&mut header) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut rest = &header[..];
    let time = i64::from_le_bytes(take(&mut rest)?);
    let file = u32::from_le_bytes(take(&mut rest)?);
    let number = u64::from_le_bytes(take(&mut rest)?);
    let length = u64::from_le_bytes(take(&mut rest)?);
    if reader.take(length).read_to_end(line)? as u64 != length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(Place { time: EventTime(time), file: PartitionIndex(file), number }))
}

fn take<const N: usize>(rest: &mut &[u8]) -> io::Result<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>().ok_or(ErrorKind::UnexpectedEof)?;
    *rest = after;
    Ok(*first)
}

fn failed(doing: &'static str, error: io::Error) -> SourceError {
    let file = format!("a temporary file in {}", std::env::temp_dir().display());
    SourceError::File { file, doing, source: error }
}
