//! Reads events from files, plain or compressed, one after the other or merged by time. Rows of CSV and Parquet become lines of JSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::stdin;
use std::path::{Path, PathBuf};

use super::error::SourceError;
use super::format::Formats;
use super::rows::{Next, Rows};
use crate::event::{Reason, Rejection, moment_of};
use crate::plan::{EventTime, Limits, PartitionIndex};

/// Lines that are handled together, at most.
const BATCH_LINES: usize = 4_096;
/// Lines are handled when they have this many bytes. The last one may exceed it.
const BATCH_BYTES: usize = 1 << 20;
/// Refused rows that are kept one by one. All are counted.
const NAMED_REFUSALS: usize = 10;

/// The lines of several files: one file after the other, or merged by event time where each file is in that order. A
/// line that is no event comes as soon as it is met.
pub struct Merge {
    inputs: Vec<Input>,
    limits: Limits,
    total_bytes: u64,
    needs_time: bool,
    refusals: Refusals,
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

/// Rows that could not be turned into lines.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    /// How many lines, by the reason.
    pub counts: BTreeMap<Reason, u64>,
    /// The first of them: file, number and why.
    pub first: Vec<(PartitionIndex, u64, Rejection)>,
}

struct Input {
    rows: Rows,
    name: String,
    line: Vec<u8>,
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
    pub fn open(files: &[PathBuf], formats: &Formats, limits: &Limits, merged: bool) -> Result<Self, SourceError> {
        let (inputs, refusals) = (Vec::new(), Refusals::default());
        let mut merge = Self { inputs, limits: *limits, total_bytes: 0, needs_time: false, refusals, given: None };
        for path in files {
            merge.total_bytes += std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            merge.inputs.push(Input::open(path, formats, limits)?);
        }
        // Only the order among files needs the time of a line; a single file has its own order.
        merge.needs_time = merged && merge.inputs.len() > 1;
        Ok(merge)
    }

    /// Reads the first lines: of all files where they are merged, else of the first that has any. So the files that come
    /// one after the other take the memory of one decoder.
    fn begin(&mut self) -> Result<(), SourceError> {
        for (index, input) in (0..).map(PartitionIndex).zip(&mut self.inputs) {
            if !input.has_begun {
                input.has_begun = true;
                input.read_on(&self.limits, self.needs_time, (index, &mut self.refusals))?;
            }
            if !self.needs_time && input.time.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the next line with its file and number; `None` at the end of all files.
    fn next_line(&mut self) -> Result<Option<Line<'_>>, SourceError> {
        if let Some((given, input)) = self.given.take().and_then(|given| Some((given, self.inputs.get_mut(given)?))) {
            let index = PartitionIndex(u32::try_from(given).map_err(|_| SourceError::TooManyFiles)?);
            input.read_on(&self.limits, self.needs_time, (index, &mut self.refusals))?;
        }
        self.begin()?;
        let open = self.inputs.iter().enumerate().filter_map(|(index, input)| Some((input.time?, index, input)));
        let Some((_, index, input)) = open.min_by_key(|(time, index, _)| (*time, *index)) else { return Ok(None) };
        let partition = PartitionIndex(u32::try_from(index).map_err(|_| SourceError::TooManyFiles)?);
        self.given = Some(index);
        Ok(Some((partition, input.rows.number(), &input.line)))
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

    /// The rows so far that could not be turned into lines, and which were not taken before.
    pub fn take_refusals(&mut self) -> Refusals {
        std::mem::take(&mut self.refusals)
    }

    /// The bytes of all files whose size is known.
    #[must_use]
    pub const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The bytes of the files that were read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.inputs.iter().map(|input| input.rows.bytes_read()).sum()
    }
}

impl Refusals {
    /// Adds others to these.
    pub fn add(&mut self, others: Self) {
        for (reason, count) in others.counts {
            *self.counts.entry(reason).or_default() += count;
        }
        self.first.extend(others.first);
        self.first.truncate(NAMED_REFUSALS);
    }

    fn note(&mut self, (file, number): (PartitionIndex, u64), lines: u64, rejection: Rejection) {
        *self.counts.entry(rejection.reason).or_default() += lines;
        if self.first.len() < NAMED_REFUSALS {
            self.first.push((file, number, rejection));
        }
    }
}

impl Input {
    fn open(path: &Path, formats: &Formats, limits: &Limits) -> Result<Self, SourceError> {
        let rows = if path == Path::new("-") {
            Rows::lines(stdin())
        } else {
            File::open(path).and_then(|file| Rows::open(path, file, formats, limits.message_bytes))
        };
        let rows = rows.map_err(|error| SourceError::file(path, "open", error))?;
        Ok(Self { rows, name: path.display().to_string(), line: Vec::new(), has_begun: false, time: None })
    }

    /// Goes on to the next line. Rows before it that cannot be one are refused.
    fn read_on(
        &mut self,
        limits: &Limits,
        needs_time: bool,
        (index, refusals): (PartitionIndex, &mut Refusals),
    ) -> Result<(), SourceError> {
        loop {
            self.line.clear();
            let read = self.rows.read(&mut self.line, limits.message_bytes);
            let number = self.rows.number();
            match read.map_err(|source| SourceError::Line { file: self.name.clone(), line: number, source })? {
                Next::Refused(lines, rejection) => refusals.note((index, number), lines, rejection),
                Next::Line => {
                    self.time = Some(if needs_time { moment_of(&self.line, limits).time } else { EventTime::MIN });
                    return Ok(());
                }
                Next::End => {
                    self.time = None;
                    self.rows.close();
                    return Ok(());
                }
            }
        }
    }
}
