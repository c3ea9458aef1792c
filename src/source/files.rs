//! Reads events from JSON-lines files, plain or compressed, one after the other or merged by time.

use std::fs::File;
use std::io::{BufRead, Read, empty, stdin};
use std::path::{Path, PathBuf};

use super::compressed::{BytesRead, open};
use super::error::SourceError;
use crate::event::{moment_of, without_mark};
use crate::plan::{EventTime, Limits, PartitionIndex};

/// Lines that are handled together, at most.
const BATCH_LINES: usize = 4_096;
/// Lines are handled when they have this many bytes. The last one may exceed it.
const BATCH_BYTES: usize = 1 << 20;
/// Bytes of a byte order mark.
const MARK_BYTES: u64 = 3;

/// The lines of several files: one file after the other, or merged by event time where each file is in that order. A
/// line that is no event comes as soon as it is met.
pub struct Merge {
    inputs: Vec<Input>,
    limits: Limits,
    total_bytes: u64,
    needs_time: bool,
    /// The file whose line was returned last: its next line must be read.
    given: Option<usize>,
}

/// The file's place among the files, from 0; the line's number, from 1; and the line, cut off one byte after the largest size of an event.
type Line<'a> = (PartitionIndex, u64, &'a [u8]);

/// Lines that are handled together. They are copied out of the files' buffers, each of which holds one line at a time.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// The file, the line's number, and where the line ends.
    lines: Vec<(PartitionIndex, u64, usize)>,
}

impl Lines {
    /// The lines, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        let mut begin = 0;
        self.lines.iter().map(move |(partition, number, end)| {
            let bytes = self.bytes.get(std::mem::replace(&mut begin, *end)..*end).unwrap_or_default();
            (*partition, *number, bytes)
        })
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Removes all of them.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.lines.clear();
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= BATCH_LINES || self.bytes.len() >= BATCH_BYTES
    }

    /// Adds a line: its file, its number in it, and its bytes.
    pub fn push(&mut self, partition: PartitionIndex, number: u64, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.lines.push((partition, number, self.bytes.len()));
    }
}

struct Input {
    reader: Box<dyn BufRead>,
    name: String,
    number: u64,
    line: Vec<u8>,
    bytes_read: BytesRead,
    /// Whether the first line was read, or there is none.
    has_begun: bool,
    /// The event time of the current line; the least time if the line is no event; `None` at the end of the file.
    time: Option<EventTime>,
}

impl Merge {
    /// Opens the files, to be merged or one after the other; `-` is standard input.
    ///
    /// # Errors
    /// [`SourceError`] with the name of the file.
    pub fn open(files: &[PathBuf], limits: &Limits, merged: bool) -> Result<Self, SourceError> {
        let mut merge = Self { inputs: Vec::new(), limits: *limits, total_bytes: 0, needs_time: false, given: None };
        for path in files {
            merge.total_bytes += std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            merge.inputs.push(Input::open(path)?);
        }
        // Only the order among files needs the time of a line; a single file has its own order.
        merge.needs_time = merged && merge.inputs.len() > 1;
        Ok(merge)
    }

    /// Reads the first lines: of all files where they are merged, else of the first that has any. So the files that come
    /// one after the other take the memory of one decoder.
    fn begin(&mut self) -> Result<(), SourceError> {
        for input in &mut self.inputs {
            if !input.has_begun {
                input.has_begun = true;
                input.read_on(&self.limits, self.needs_time)?;
            }
            if !self.needs_time && input.time.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the next line with its file and number; `None` at the end of all files.
    fn next_line(&mut self) -> Result<Option<Line<'_>>, SourceError> {
        if let Some(input) = self.given.take().and_then(|given| self.inputs.get_mut(given)) {
            input.read_on(&self.limits, self.needs_time)?;
        }
        self.begin()?;
        let open = self.inputs.iter().enumerate().filter_map(|(index, input)| Some((input.time?, index, input)));
        let Some((_, index, input)) = open.min_by_key(|(time, index, _)| (*time, *index)) else { return Ok(None) };
        let partition = PartitionIndex(u32::try_from(index).map_err(|_| SourceError::TooManyFiles)?);
        self.given = Some(index);
        Ok(Some((partition, input.number, &input.line)))
    }

    /// Replaces `lines` by the next ones; none at the end of all files.
    ///
    /// # Errors
    /// [`SourceError`] with the name and the line of the file. `lines` then has those before it.
    pub fn next_lines(&mut self, lines: &mut Lines) -> Result<(), SourceError> {
        lines.clear();
        while !lines.is_full()
            && let Some((partition, number, line)) = self.next_line()?
        {
            lines.push(partition, number, line);
        }
        Ok(())
    }

    /// The name of the file at this place.
    #[must_use]
    pub fn name(&self, partition: PartitionIndex) -> &str {
        self.inputs.get(partition.0 as usize).map_or("", |input| &input.name)
    }

    /// The names of all files.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.inputs.iter().map(|input| input.name.clone()).collect()
    }

    /// The bytes of all files whose size is known.
    #[must_use]
    pub const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The bytes of the files that were read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.inputs.iter().map(|input| input.bytes_read.get()).sum()
    }
}

impl Input {
    fn open(path: &Path) -> Result<Self, SourceError> {
        let opened = if path == Path::new("-") { open(stdin()) } else { File::open(path).and_then(open) };
        let (reader, bytes_read) = opened.map_err(|error| SourceError::file(path, "open", error))?;
        let name = path.display().to_string();
        Ok(Self { reader, name, number: 0, line: Vec::new(), bytes_read, has_begun: false, time: None })
    }

    /// Goes on to the next line.
    fn read_on(&mut self, limits: &Limits, needs_time: bool) -> Result<(), SourceError> {
        let found = self.read_line(limits.message_bytes)?;
        self.time = found.then(|| if needs_time { moment_of(&self.line, limits).time } else { EventTime::MIN });
        if !found {
            // What it took to read the file is given back.
            self.reader = Box::new(empty());
        }
        Ok(())
    }

    /// Reads the next line that is not blank; false at the end of the file.
    fn read_line(&mut self, message_bytes: usize) -> Result<bool, SourceError> {
        loop {
            self.line.clear();
            self.number += 1;
            let read = self.read_bounded(message_bytes as u64 + 1 + MARK_BYTES);
            let read =
                read.map_err(|source| SourceError::Line { file: self.name.clone(), line: self.number, source })?;
            if read == 0 {
                return Ok(false);
            }
            while self.line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                self.line.pop();
            }
            self.take_mark_off();
            self.line.truncate(message_bytes.saturating_add(1));
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// Takes a byte order mark off the line: of each line, since files that were joined have one in their middle.
    fn take_mark_off(&mut self) {
        let mark = self.line.len() - without_mark(&self.line).len();
        self.line.drain(..mark);
    }

    /// Reads a line and keeps at most `kept` bytes of it, so that a file without line ends cannot fill the memory. Returns the length of the line.
    fn read_bounded(&mut self, kept: u64) -> std::io::Result<u64> {
        let mut read = self.reader.by_ref().take(kept + 1).read_until(b'\n', &mut self.line)? as u64;
        if read == kept + 1 && self.line.last() != Some(&b'\n') {
            read += self.reader.skip_until(b'\n')? as u64;
        }
        Ok(read)
    }
}
