//! The bytes of a checkpoint: a line that names the format, a line of JSON for people and tools, then the sections, each with its checksum.

use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};

use super::checksum::{Checksum, LENGTH_BYTES};
use crate::monitor::{FORMAT, SECTIONS, Snapshot};
use crate::plan::InputOffset;

/// The first line, by the checksum of what follows: so the header of a later format can be read.
const TITLES: [(&[u8], Checksum); 2] =
    [(b"paritywatch checkpoint xxh3\n", Checksum::Xxh3), (b"paritywatch checkpoint\n", Checksum::SipHash)];
/// Longest first line, in bytes.
const MAX_TITLE_BYTES: u64 = 64;

/// Longest header, in bytes: room for the offsets of some hundred thousand partitions.
pub const MAX_HEADER_BYTES: u64 = 64 << 20;

/// Longest section, in bytes.
const MAX_SECTION_BYTES: u64 = 64 << 30;

/// What a checkpoint says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the sections: [`crate::monitor::FORMAT`].
    pub format: u32,
    /// The program that wrote it.
    pub written_by: String,
    /// The number of the checkpoint, one more each time.
    pub sequence: u64,
    /// The hash of the configuration in force.
    pub config_hash: String,
    /// The first alert journal whose entries are not in the snapshot.
    pub journal: u64,
    /// Where to read on in each partition, in the order of the monitor's partition indices.
    pub inputs: Vec<Input>,
    /// The data gaps that an operator accepted, oldest first.
    #[serde(default)]
    pub accepted_gaps: Vec<String>,
}

impl Header {
    /// The header before the first checkpoint, in the present format.
    #[must_use]
    pub fn first() -> Self {
        Self {
            format: FORMAT,
            written_by: concat!("paritywatch ", env!("CARGO_PKG_VERSION")).to_owned(),
            sequence: 0,
            config_hash: String::new(),
            journal: 0,
            inputs: Vec::new(),
            accepted_gaps: Vec::new(),
        }
    }
}

/// One partition's position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// The first offset that is not in the counts.
    pub next_offset: i64,
    /// The last record in the counts. It tells a topic that was deleted and made again from the one that was read.
    pub last: Option<LastRecord>,
}

impl From<&Input> for InputOffset {
    fn from(input: &Input) -> Self {
        Self { topic: input.topic.clone(), partition: input.partition, next_offset: input.next_offset }
    }
}

/// Identifies a record, without any of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRecord {
    /// Its offset.
    pub offset: i64,
    /// Keyed hash of its timestamp, value and headers: under the pseudonym key.
    pub hash: u64,
    /// How many bytes of its value, and of its headers, were hashed at most: `limits.message_bytes` at the time, and one more of a longer
    /// value. `None` in checkpoints from before this was kept.
    #[serde(default)]
    pub message_bytes: Option<usize>,
}

/// Writes a checkpoint; returns its length in bytes.
///
/// # Errors
/// The error of the writer.
pub fn write(header: &Header, snapshot: &Snapshot, to: &mut impl Write) -> io::Result<u64> {
    write_with(header, |index| snapshot.section(index), to)
}

/// Does what [`write`] does, and gives up each section of the snapshot once it is written.
///
/// # Errors
/// The error of the writer.
pub fn write_out(header: &Header, mut snapshot: Snapshot, to: &mut impl Write) -> io::Result<u64> {
    write_with(header, |index| snapshot.take_section(index), to)
}

/// Writes a checkpoint with the sections of another, of which none has been read yet; returns its length in bytes.
///
/// # Errors
/// The error of the writer, or what is wrong with a section.
pub fn copy<R: BufRead>(header: &Header, sections: &mut Sections<R>, to: &mut impl Write) -> io::Result<u64> {
    write_with(header, |_| sections.read(), to)
}

fn write_with(
    header: &Header,
    mut section: impl FnMut(usize) -> Result<Vec<u8>, String>,
    to: &mut impl Write,
) -> io::Result<u64> {
    let line = serde_json::to_vec(header)?;
    let checksum = Checksum::of_format(header.format);
    let title = TITLES.iter().find(|(_, of_title)| *of_title == checksum).map(|(title, _)| *title);
    let title = title.ok_or_else(|| io::Error::other("no first line is known for this format"))?;
    to.write_all(title)?;
    let mut written = title.len() as u64 + write_section(&line, checksum, to)?;
    for index in 0..SECTIONS {
        let section = section(index).map_err(io::Error::other)?;
        written += write_section(&section, checksum, to)?;
    }
    Ok(written)
}

/// The sections of a checkpoint that is being read.
pub struct Sections<R> {
    from: R,
    checksum: Checksum,
}

/// Reads a checkpoint up to its sections.
///
/// # Errors
/// Says what was expected and what was found.
pub fn read<R: BufRead>(mut from: R) -> Result<(Header, Sections<R>), String> {
    let mut title = Vec::new();
    (&mut from).take(MAX_TITLE_BYTES).read_until(b'\n', &mut title).map_err(|error| error.to_string())?;
    let Some((_, checksum)) = TITLES.iter().find(|(known, _)| *known == title) else {
        return Err("expected a paritywatch checkpoint, found something else".to_owned());
    };
    let line = read_section(&mut from, MAX_HEADER_BYTES, *checksum).map_err(|problem| format!("header: {problem}"))?;
    let header: Header = serde_json::from_slice(&line).map_err(|error| format!("header: {error}"))?;
    Ok((header, Sections { from, checksum: *checksum }))
}

impl<R: BufRead> Sections<R> {
    /// Reads the next section.
    ///
    /// # Errors
    /// Says what was expected and what was found.
    pub fn read(&mut self) -> Result<Vec<u8>, String> {
        read_section(&mut self.from, MAX_SECTION_BYTES, self.checksum)
    }

    /// Makes sure that nothing comes after the last section.
    ///
    /// # Errors
    /// Says what was found.
    pub fn end(mut self) -> Result<(), String> {
        match self.from.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err("end: expected the end of the file, found more".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Writes length, checksum and bytes.
pub(super) fn write_section(bytes: &[u8], checksum: Checksum, to: &mut impl Write) -> io::Result<u64> {
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    checksum.write(bytes, to)?;
    to.write_all(bytes)?;
    Ok((checksum.head_bytes() + bytes.len()) as u64)
}

pub(super) fn read_section(from: &mut impl Read, limit: u64, checksum: Checksum) -> Result<Vec<u8>, String> {
    let mut length = [0; LENGTH_BYTES];
    let mut expected = vec![0; checksum.head_bytes() - LENGTH_BYTES];
    let end = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => "expected more, found the end: it was cut off".to_owned(),
        _ => error.to_string(),
    };
    from.read_exact(&mut length).map_err(end)?;
    from.read_exact(&mut expected).map_err(end)?;
    let length = u64::from_le_bytes(length);
    if length > limit {
        return Err(format!("expected at most {limit} bytes, found {length}"));
    }
    // Grows as bytes come: a wrong length takes no memory.
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 != length {
        return Err(format!("expected {length} bytes, found {}: it was cut off", bytes.len()));
    }
    if !checksum.matches(&bytes, &expected) {
        return Err("the checksum does not match: the bytes were changed after they were written".to_owned());
    }
    Ok(bytes)
}
