//! What a note says of a report that was made.

use serde::{Deserialize, Serialize};

use crate::plan::{EventTime, Period};
use crate::render::MadeWith;

/// Files of one report, at most.
pub const MAX_FILES: usize = 200;
/// Languages, or formats, of one report, at most.
const MAX_WORDS: usize = 20;
/// Longest name or word, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// What the first field of a note says that does not tell what the report was made with, and of one that does.
const SCHEMA_1: &str = "paritywatch.report_made.v1";
const SCHEMA_2: &str = "paritywatch.report_made.v2";
/// Where the files were written to: to the folder of reports, or to another.
const IN_FOLDER: &str = "reports";
const ELSEWHERE: &str = "elsewhere";

/// A report that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeReport {
    /// What it is about.
    pub period: Period,
    /// Whether it is a document about the whole period, and has something to tell. Else it is one to date, an empty one, or tables alone.
    pub is_whole: bool,
    /// Its languages.
    pub languages: Vec<String>,
    /// Its formats: `html`, `json`, `csv` ...
    pub formats: Vec<String>,
    /// Its files: 1 to [`MAX_FILES`].
    pub files: Vec<MadeFile>,
    /// When, by the wall clock. The report itself has no such time: the same history gives the same bytes.
    pub made_at: EventTime,
    /// The place in the audit log that it rests on; `None` without a log.
    pub rests_on: Option<RestsOn>,
    /// What it was made with; `None` in a note of a version that did not say.
    pub made_with: Option<MadeWith>,
}

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeFile {
    /// Its name in its folder: letters, digits, `.`, `_` and `-`, and no dot first.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256, as hex digits.
    pub sha256: String,
}

/// A place in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestsOn {
    /// The log.
    pub origin: String,
    /// Entries of it.
    pub size: u64,
    /// The root over them, in Base64.
    pub root: String,
}

/// The fields of a note, in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    schema: String,
    period: String,
    whole: bool,
    languages: Vec<String>,
    formats: Vec<String>,
    made_at: String,
    audit: Option<RestsOn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to_date: Option<bool>,
    files: Vec<MadeFile>,
}

impl MadeReport {
    /// Returns whether it is the evaluation of its period: whole, and made once that was over. A report to date is none.
    #[must_use]
    pub fn evaluates(&self) -> bool {
        self.is_whole && self.made_at >= self.period.end()
    }

    /// Returns it as one line of JSON.
    ///
    /// # Errors
    /// Says what was expected and found where it could not be read again.
    pub fn to_json(&self) -> Result<String, String> {
        let made_at = jiff::Timestamp::from_millisecond(self.made_at.0).map_err(|error| error.to_string())?;
        let with = self.made_with.as_ref();
        let note = Note {
            schema: if with.is_some() { SCHEMA_2 } else { SCHEMA_1 }.to_owned(),
            config_hash: with.map(|with| with.config_hash.clone()),
            place: with.map(|with| if with.in_folder { IN_FOLDER } else { ELSEWHERE }.to_owned()),
            to_date: with.map(|with| with.is_to_date),
            period: self.period.label.clone(),
            whole: self.is_whole,
            languages: self.languages.clone(),
            formats: self.formats.clone(),
            made_at: made_at.to_string(),
            audit: self.rests_on.clone(),
            files: self.files.clone(),
        };
        note.check()?;
        serde_json::to_string(&note).map_err(|error| error.to_string())
    }

    /// Reads what [`Self::to_json`] has written.
    ///
    /// # Errors
    /// Says what was expected and found.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let note: Note = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let period = note.check()?;
        let made_at: jiff::Timestamp =
            note.made_at.parse().map_err(|_| format!("made_at: expected a time, found {:?}", note.made_at))?;
        let made_with = note.made_with();
        Ok(Self {
            period,
            made_with,
            is_whole: note.whole,
            languages: note.languages,
            formats: note.formats,
            files: note.files,
            made_at: EventTime(made_at.as_millisecond()),
            rests_on: note.audit,
        })
    }
}

impl Note {
    fn made_with(&self) -> Option<MadeWith> {
        let (config_hash, place) = (self.config_hash.clone()?, self.place.as_ref()?);
        Some(MadeWith { config_hash, in_folder: place == IN_FOLDER, is_to_date: self.to_date? })
    }

    fn check_made_with(&self) -> Result<(), String> {
        let is_first = self.schema == SCHEMA_1;
        if !is_first && self.schema != SCHEMA_2 {
            return Err(format!("schema: expected {SCHEMA_1} or {SCHEMA_2}, found {:?}", self.schema));
        }
        let fields = [self.config_hash.is_some(), self.place.is_some(), self.to_date.is_some()];
        if fields.contains(&is_first) {
            return Err(
                "config_hash, place, to_date: expected all of them in version 2 and none in version 1".to_owned()
            );
        }
        if let Some(hash) = self.config_hash.as_ref().filter(|hash| !is_name(hash)) {
            return Err(format!("config_hash: expected letters and digits, found {hash:?}"));
        }
        match self.place.as_deref() {
            None | Some(IN_FOLDER | ELSEWHERE) => Ok(()),
            Some(place) => Err(format!("place: expected {IN_FOLDER} or {ELSEWHERE}, found {place:?}")),
        }
    }

    /// Checks everything that may come to a page or an answer. Returns the period.
    fn check(&self) -> Result<Period, String> {
        let expected =
            |what: &str, expected: &str, found: &str| Err(format!("{what}: expected {expected}, found {found:?}"));
        self.check_made_with()?;
        let Some(period) = Period::parse(&self.period) else {
            return expected("period", "a period such as 2026-Q3", &self.period);
        };
        let words = self.languages.iter().chain(&self.formats);
        if let Some(word) = words.clone().find(|word| !is_name(word)) {
            return expected("languages and formats", "letters and digits", word);
        }
        if self.languages.len().max(self.formats.len()) > MAX_WORDS {
            return Err(format!("languages and formats: expected at most {MAX_WORDS} of each, found more"));
        }
        if !(1..=MAX_FILES).contains(&self.files.len()) {
            return Err(format!("files: expected 1 to {MAX_FILES}, found {}", self.files.len()));
        }
        for MadeFile { name, sha256, .. } in &self.files {
            if !is_name(name) {
                return expected("files", "a name of letters, digits, `.`, `_` and `-`", name);
            }
            if sha256.len() != 64 || !sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                return expected("files", "a SHA-256 of 64 hex digits", sha256);
            }
        }
        Ok(period)
    }
}

/// Whether it can stand in a path, in a URL and on a page as it is.
pub(super) fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_NAME_BYTES).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(is_plain)
}
