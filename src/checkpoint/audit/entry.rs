//! An entry: one line of JSON, which is what is hashed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::tree::{Hash, hash, hex};
use crate::plan::EventTime;

/// Longest content of an entry, in bytes. Of more, the length and the hash are entered.
pub const MAX_CONTENT_BYTES: usize = 16 << 20;
/// Longest line, in bytes: its content, and what is around it.
pub(super) const MAX_LINE_BYTES: usize = MAX_CONTENT_BYTES + (4 << 10);

/// What an entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The log begins: its origin, its key, and the damaged log before it.
    LogBegun,
    /// A file begins that is not the first: the size and root before it.
    FileBegun,
    /// The end was not signed yet when the daemon began: entries that it found, and bytes of no whole entry that it cut off.
    UncleanEnd,
    /// Entries were lost because the disk took none for too long.
    NotWritten,
    /// The daemon has started.
    Start,
    /// The daemon stops.
    Stop,
    /// A configuration was taken.
    Configuration,
    /// A data gap was accepted.
    GapAccepted,
    /// A transition of an alert, as receivers are told of it.
    Alert,
    /// A measure that somebody reported, as it is published.
    Measure,
    /// There are two pseudonym keys from now on.
    KeyRotationBegun,
    /// The previous pseudonym key is gone.
    KeyRotationEnded,
    /// The state was refused, so the daemon did not start.
    StateRefused,
    /// A report was made.
    Report,
}

impl Kind {
    /// Returns its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogBegun => "log_begun",
            Self::FileBegun => "file_begun",
            Self::UncleanEnd => "unclean_end",
            Self::NotWritten => "not_written",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Configuration => "configuration",
            Self::GapAccepted => "gap_accepted",
            Self::Alert => "alert",
            Self::Measure => "measure",
            Self::KeyRotationBegun => "key_rotation_begun",
            Self::KeyRotationEnded => "key_rotation_ended",
            Self::StateRefused => "state_refused",
            Self::Report => "report",
        }
    }
}

/// What is to be entered.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it tells.
    pub kind: Kind,
    /// When it is entered, by the wall clock.
    pub time: EventTime,
    /// JSON on one line.
    content: Box<RawValue>,
}

impl Draft {
    /// An entry with this content.
    #[must_use]
    pub fn new(kind: Kind, time: EventTime, content: &Value) -> Self {
        let content = to_raw_value(content).unwrap_or_default();
        let left_out = || json!({ "left_out_bytes": content.get().len(), "sha256": sha256(content.get().as_bytes()) });
        if content.get().len() > MAX_CONTENT_BYTES {
            return Self::new(kind, time, &left_out());
        }
        Self { kind, time, content }
    }

    /// An entry whose content is a JSON document that was published, as it is. `id` stands for it where it is too long.
    #[must_use]
    pub fn document(kind: Kind, time: EventTime, id: &str, document: &str) -> Self {
        let is_fit = document.len() <= MAX_CONTENT_BYTES && !document.contains('\n');
        let content = Some(document.to_owned()).filter(|_| is_fit).and_then(|text| RawValue::from_string(text).ok());
        let left_out = || {
            let content = json!({ "id": id, "left_out_bytes": document.len(), "sha256": sha256(document.as_bytes()) });
            Self::new(kind, time, &content)
        };
        content.map_or_else(left_out, |content| Self { kind, time, content })
    }

    /// An entry about a report: its note, an object of JSON on one line, with what it is known by before its fields.
    #[must_use]
    pub fn report(time: EventTime, id: &str, note: &str) -> Self {
        let fields = note.strip_prefix('{').unwrap_or("}");
        Self::document(Kind::Report, time, id, &format!("{{\"id\":{},{fields}", json!(id)))
    }

    /// Returns the bytes that are hashed: the line without its end.
    pub(super) fn line(&self, number: u64, previous: Option<&Hash>) -> Vec<u8> {
        let line = Line {
            number,
            time: Cow::Owned(shown_time(self.time)),
            previous: previous.map(|hash| Cow::Owned(hex(hash))),
            kind: Cow::Borrowed(self.kind.name()),
            content: &self.content,
        };
        let bytes = serde_json::to_vec(&line).unwrap_or_default();
        debug_assert!(!bytes.is_empty(), "numbers and strings are JSON");
        bytes
    }
}

/// The fields of a line, in their order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    number: u64,
    #[serde(borrow)]
    time: Cow<'l, str>,
    #[serde(borrow)]
    previous: Option<Cow<'l, str>>,
    #[serde(borrow)]
    kind: Cow<'l, str>,
    #[serde(borrow)]
    content: &'l RawValue,
}

/// An entry that was read.
#[derive(Debug)]
pub struct Entry<'l>(Line<'l>);

impl<'l> Entry<'l> {
    /// Reads a line without its end.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn parse(line: &'l [u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map(Self).map_err(|error| error.to_string())
    }

    /// Returns its number, from 0.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.0.number
    }

    /// Returns the word of its kind, which may be one of a later version.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Returns when it was entered, as it is written.
    #[must_use]
    pub fn time(&self) -> &str {
        &self.0.time
    }

    /// Returns its content as JSON.
    #[must_use]
    pub fn content(&self) -> &str {
        self.0.content.get()
    }

    /// Returns the hash of the entry before it, as hex digits.
    pub(super) fn previous(&self) -> Option<&str> {
        self.0.previous.as_deref()
    }
}

/// Returns the SHA-256 of bytes as hex digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&hash(&[bytes]))
}

/// RFC 3339 in UTC with milliseconds.
fn shown_time(time: EventTime) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    timestamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
