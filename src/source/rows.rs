//! What a file holds: lines of JSON, or rows of another format, which become such lines.

use std::fs::File;
use std::io::{BufRead, Error, ErrorKind, Read, empty};
use std::path::Path;

use super::compressed::{BytesRead, open};
use super::format::{Columns, Csv, Formats, Parquet};
use crate::event::{Rejection, without_mark};
use crate::mapping::Format;

/// Bytes of a byte order mark.
const MARK_BYTES: u64 = 3;

/// The lines of a file, and how many bytes of it were read.
pub(super) struct Rows {
    kind: Kind,
    /// The number of the line, or of the row where there are no lines.
    number: u64,
    bytes_read: BytesRead,
}

enum Kind {
    Lines(Box<dyn BufRead>),
    Csv(Box<Csv>),
    Parquet(Box<Parquet>),
}

/// What was read.
pub(super) enum Next {
    /// A line.
    Line,
    /// So many lines that cannot be turned into one, and why.
    Refused(u64, Rejection),
    /// The end.
    End,
}

impl Rows {
    /// Opens a file. A Parquet file is told by its first bytes, CSV by its name or by the configuration.
    pub fn open(path: &Path, file: File, formats: &Formats, message_bytes: usize) -> Result<Self, Error> {
        match formats.of_file(path, &file)? {
            Format::Parquet => {
                let read = formats.columns(path);
                let parquet = Parquet::open(file, message_bytes, &read)?;
                tell_missing(path, &read, parquet.columns())?;
                for name in parquet.left_out() {
                    eprintln!(
                        "paritywatch: {}: the column {name:?} is left out: expected a value, or a list or map of values, found another shape",
                        path.display()
                    );
                }
                Ok(Self { kind: Kind::Parquet(Box::new(parquet)), number: 0, bytes_read: BytesRead::default() })
            }
            Format::Csv => {
                let (input, bytes_read) = open(file)?;
                let read = formats.columns(path);
                let csv = Csv::open(input, message_bytes, &read)?;
                // An empty file has no columns, and no rows that could lack them.
                if !csv.columns().is_empty() {
                    tell_missing(path, &read, csv.columns())?;
                }
                Ok(Self { kind: Kind::Csv(Box::new(csv)), number: 1, bytes_read })
            }
            Format::Json => Self::lines(file),
            Format::Avro | Format::Protobuf => {
                let problem = "expected JSON lines, CSV or Parquet, found a format of topics in the configuration";
                Err(Error::new(ErrorKind::InvalidData, problem))
            }
        }
    }

    /// Lines of JSON.
    pub fn lines(input: impl Read + 'static) -> Result<Self, Error> {
        let (reader, bytes_read) = open(input)?;
        Ok(Self { kind: Kind::Lines(reader), number: 0, bytes_read })
    }

    /// The number of the line that was read last.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The bytes that were read of the file.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.get()
    }

    /// Gives back what it took to read the file.
    pub fn close(&mut self) {
        self.kind = Kind::Lines(Box::new(empty()));
    }

    /// Reads the next line, or row, into an empty buffer.
    pub fn read(&mut self, line: &mut Vec<u8>, message_bytes: usize) -> Result<Next, Error> {
        match &mut self.kind {
            Kind::Lines(reader) => read_line(reader, line, &mut self.number, message_bytes),
            Kind::Csv(csv) => Ok(match csv.next(line)? {
                None => Next::End,
                Some(row) => {
                    self.number = row.line;
                    row.refused.map_or(Next::Line, |rejection| Next::Refused(row.lines, rejection))
                }
            }),
            Kind::Parquet(parquet) => Ok(match parquet.next(line)? {
                None => Next::End,
                Some((number, refused)) => {
                    self.number = number;
                    refused.map_or(Next::Line, |rejection| Next::Refused(1, rejection))
                }
            }),
        }
    }
}

/// Tells of columns that mappings name and the file does not have. Without some of them no event can be made of it: that must not read as if there were none.
fn tell_missing(path: &Path, read: &Columns, columns: &[String]) -> Result<(), Error> {
    let missing = read.missing(columns);
    let fatal: Vec<&str> =
        missing.iter().filter(|missing| missing.is_fatal).map(|missing| missing.text.as_str()).collect();
    if !fatal.is_empty() {
        return Err(Error::new(ErrorKind::InvalidData, fatal.join("; ")));
    }
    for missing in &missing {
        eprintln!("paritywatch: {}: {}", path.display(), missing.text);
    }
    Ok(())
}

/// Reads the next line that is not blank.
fn read_line(
    reader: &mut Box<dyn BufRead>,
    line: &mut Vec<u8>,
    number: &mut u64,
    message_bytes: usize,
) -> Result<Next, Error> {
    loop {
        line.clear();
        *number += 1;
        if read_bounded(reader, line, message_bytes as u64 + 1 + MARK_BYTES)? == 0 {
            return Ok(Next::End);
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        // Of each line, since files that were joined have a mark in their middle.
        let mark = line.len() - without_mark(line).len();
        line.drain(..mark);
        line.truncate(message_bytes.saturating_add(1));
        if !line.trim_ascii().is_empty() {
            return Ok(Next::Line);
        }
    }
}

/// Reads a line and keeps at most `kept` bytes of it, so that a file without line ends cannot fill the memory. Returns the length of the line.
fn read_bounded(reader: &mut Box<dyn BufRead>, line: &mut Vec<u8>, kept: u64) -> Result<u64, Error> {
    let mut read = reader.by_ref().take(kept + 1).read_until(b'\n', line)? as u64;
    if read == kept + 1 && line.last() != Some(&b'\n') {
        read += reader.skip_until(b'\n')? as u64;
    }
    Ok(read)
}
