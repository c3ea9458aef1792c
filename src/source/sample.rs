//! A sample of a topic or a file: copies of some records, bounded in number, bytes and time.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::SourceError;
use super::files::{Lines, Merge, Refusals};
use super::format::{Formats, Registered, unframe, without_frame};
use crate::event::{Rejection, without_mark};
use crate::mapping::Format;
use crate::plan::{EventTime, Limits};
use crate::status::TopicConfig;

/// Bytes of values, keys and headers that one sample keeps, at most.
pub const SAMPLE_BYTES: usize = 64 << 20;
/// Longest time that reading one sample takes.
pub const SAMPLE_TIME: Duration = Duration::from_secs(30);
/// Most records of a sample.
pub const MAX_SAMPLE: usize = 1_000_000;

/// Some records of a topic or a file.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The topic, or the file as it was given.
    pub name: String,
    /// Whether it is a file: then an offset is the number of a line, from 1, and there is one partition.
    pub is_file: bool,
    /// How a file is written, or a topic as the configuration says; `None` where nobody says.
    pub format: Option<Format>,
    /// The records, by partition and offset.
    pub records: Vec<SampleRecord>,
    /// What the partitions held when the sample was taken, ascending. Of a file that was not read to its end, nothing is known of `next`.
    pub partitions: Vec<SampledPartition>,
    /// How the topic is configured, or why that is not known; `None` for a file.
    pub config: Option<Result<TopicConfig, String>>,
    /// Why there are fewer records than were asked for although there are more; `None` where that is not so.
    pub cut_short: Option<CutShort>,
    /// The schemas that its records name, as far as they were asked for, by their ids.
    pub schemas: Vec<SampledSchema>,
    /// Rows of a file that could not be turned into a record; they are not among the records.
    pub refusals: Refusals,
    /// Why there are records whose schema is not known; `None` where there are none.
    pub unread: Option<Unread>,
}

/// A schema that records name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampledSchema {
    /// Its id.
    pub id: u32,
    /// The format of its records; `None` where there is no schema of use.
    pub format: Option<Format>,
    /// The names of the records' types, ascending.
    pub types: BTreeSet<String>,
    /// Where it is registered; empty where the registry does not tell.
    pub registered: Vec<Registered>,
    /// Records that name it.
    pub records: u64,
    /// Why it is of no use.
    pub problem: Option<String>,
}

/// Why the schemas of records are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is no section `[registry]`.
    NoRegistry,
    /// The registry gives no answer; why.
    Away(String),
    /// More schemas are named than are asked for.
    TooMany,
}

/// A record of a sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleRecord {
    /// The partition; 0 for a file.
    pub partition: i32,
    /// The offset; of a file the line, from 1.
    pub offset: i64,
    /// The record's timestamp, where it has one.
    pub timestamp: Option<EventTime>,
    /// The key, where it has one.
    pub key: Option<Vec<u8>>,
    /// The headers that have a value.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The value, cut off one byte after the largest size of an event; empty for a tombstone.
    pub payload: Vec<u8>,
    /// What it says as JSON, where it was read by a schema.
    pub document: Option<SampleDocument>,
}

/// A record that was read by its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleDocument {
    /// Its format, as the schema says; `None` where the schema is of no use.
    pub format: Option<Format>,
    /// JSON, or why there is none.
    pub text: Result<Vec<u8>, Rejection>,
}

/// How records are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadAs {
    /// Lines of a file: as they are.
    #[default]
    Lines,
    /// Records of a topic of JSON, which may stand in a frame.
    Plain,
    /// Records of a topic by the schemas that they name.
    Framed,
}

/// What the daemon would read in a record.
#[derive(Debug)]
pub enum Text<'r> {
    /// A document.
    Json(&'r [u8]),
    /// Nothing: it is bad input.
    Refused(Rejection),
    /// What nobody knows without its schema.
    Unknown,
}

/// What a partition held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampledPartition {
    /// Its number.
    pub partition: i32,
    /// The first offset that it still has.
    pub begin: i64,
    /// The offset behind its last record; `None` where that is not known.
    pub next: Option<i64>,
}

/// Why a sample is smaller than it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutShort {
    /// It has [`SAMPLE_BYTES`].
    Bytes,
    /// It took [`SAMPLE_TIME`].
    Time,
    /// A batch of records cannot be read: it is damaged, or inflates beyond the client's limit.
    Unreadable,
}

impl CutShort {
    /// Returns the word for it in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Time => "time",
            Self::Unreadable => "unreadable",
        }
    }
}

impl SampleRecord {
    /// Returns what would be read. `limit` is the largest size of an event, in bytes.
    #[must_use]
    pub fn text(&self, read_as: ReadAs, limit: usize) -> Text<'_> {
        if read_as == ReadAs::Lines {
            return Text::Json(&self.payload);
        }
        if read_as == ReadAs::Plain || self.payload.is_empty() || self.payload.len() > limit {
            return Text::Json(without_mark(without_frame(&self.payload)));
        }
        match &self.document {
            Some(SampleDocument { text: Ok(text), .. }) => Text::Json(text),
            Some(SampleDocument { text: Err(rejection), .. }) => Text::Refused(rejection.clone()),
            None => unframe(&self.payload).map_or_else(Text::Refused, |_| Text::Unknown),
        }
    }

    /// Returns whether it has the frame of a schema registry, with something else than JSON in it.
    #[must_use]
    pub fn is_framed(&self) -> bool {
        unframe(&self.payload).is_ok() && without_frame(&self.payload).len() == self.payload.len()
    }

    /// Bytes that it takes of [`SAMPLE_BYTES`].
    pub(super) fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.payload.len() + self.key.as_ref().map_or(0, Vec::len) + headers
    }
}

impl Sample {
    /// Whether its records are framed, as the configuration says.
    #[must_use]
    pub fn is_framed(&self) -> bool {
        !self.is_file && self.format.is_some_and(Format::is_framed)
    }

    /// How many records and rows were read, those that were refused too.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.records.len() as u64 + self.refusals.counts.values().sum::<u64>()
    }

    /// How its records are read.
    #[must_use]
    pub fn read_as(&self) -> ReadAs {
        match self.is_file {
            true => ReadAs::Lines,
            false if self.is_framed() => ReadAs::Framed,
            false => ReadAs::Plain,
        }
    }

    /// Returns the format that most of its framed records have, as their schemas say; `None` where there are none.
    #[must_use]
    pub fn framed_format(&self) -> Option<Format> {
        let framed = self.schemas.iter().filter_map(|schema| Some((schema.records, schema.format?)));
        framed.filter(|(_, format)| format.is_framed()).max_by_key(|(records, _)| *records).map(|(_, format)| format)
    }
}

/// Reads the first lines of a file, `most` at most: what follows may be far away, or come by standard input.
///
/// # Errors
/// [`SourceError`] with the name of the file.
pub fn sample_file(path: &Path, formats: &Formats, limits: &Limits, most: usize) -> Result<Sample, SourceError> {
    let began = Instant::now();
    let (mut merge, mut lines) = (Merge::open(&[PathBuf::from(path)], formats, limits, false)?, Lines::default());
    let name = path.display().to_string();
    let format = File::open(path).and_then(|file| formats.of_file(path, &file)).ok();
    let (mut sample, mut bytes, mut more) = (Sample { name, is_file: true, format, ..Sample::default() }, 0, true);
    while more && sample.cut_short.is_none() {
        merge.next_lines(&mut lines)?;
        more = !lines.is_empty();
        sample.refusals.add(merge.take_refusals());
        for (_, number, line) in lines.iter() {
            if sample.records.len() == most {
                more = false;
                sample.partitions = vec![SampledPartition { partition: 0, begin: 1, next: None }];
                break;
            }
            let offset = i64::try_from(number).unwrap_or(i64::MAX);
            sample.records.push(SampleRecord { offset, payload: line.to_vec(), ..SampleRecord::default() });
            bytes += line.len();
        }
        if bytes > SAMPLE_BYTES {
            sample.cut_short = Some(CutShort::Bytes);
        } else if more && began.elapsed() > SAMPLE_TIME {
            sample.cut_short = Some(CutShort::Time);
        }
    }
    if sample.partitions.is_empty() {
        // Rows, of which some have several lines.
        let end = i64::try_from(sample.read()).map_or(i64::MAX, |read| read.saturating_add(1));
        let next = Some(end).filter(|_| sample.cut_short.is_none());
        sample.partitions.push(SampledPartition { partition: 0, begin: 1, next });
    }
    Ok(sample)
}
