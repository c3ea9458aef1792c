//! What is wrong with a configuration: every problem at once, each with its place.

use std::fmt;
use std::io;

use thiserror::Error;

/// Most problems that one error carries; the rest is counted.
pub const MAX_PROBLEMS: usize = 1_000;

/// Longest part of a wrong value that is repeated in a problem, in characters.
const MAX_FOUND_CHARS: usize = 80;

/// Longest name for which a similar one is looked for, in characters.
const MAX_SUGGESTION_CHARS: usize = 64;

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file could not be read.
    #[error("{file}: expected a readable file, found: {source}")]
    Unreadable {
        /// The file, as it was asked for.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file was read and does not hold a valid configuration.
    #[error("{}", listed(.problems, *.more))]
    Invalid {
        /// All problems, by place; at most [`MAX_PROBLEMS`].
        problems: Vec<Problem>,
        /// How many more there were.
        more: usize,
    },
}

/// One thing that is wrong, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `environment variable NAME`.
    pub file: String,
    /// The line, counted from 1; `None` where the value is in no file.
    pub line: Option<usize>,
    /// The path of the key: `rules[0].warning`; empty where the text is not TOML.
    pub key: String,
    /// What would be right.
    pub expected: String,
    /// What is there instead.
    pub found: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(formatter, ": {}", self.key)?;
        }
        write!(formatter, ": expected {}, found {}", self.expected, self.found)
    }
}

impl SettingsError {
    /// The problems, where the file could be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Invalid { problems, .. } => problems,
        }
    }
}

fn listed(problems: &[Problem], more: usize) -> String {
    let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if more > 0 {
        lines.push(format!("... and {more} more problems"));
    }
    lines.join("\n")
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A line of the file, counted from 1.
    Line(usize),
    /// An environment variable.
    Variable(String),
    /// The file as a whole: a default.
    File,
}

/// The problems found so far.
#[derive(Debug)]
pub(super) struct Problems {
    file: String,
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new(), more: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn add(&mut self, place: &Place, key: &str, expected: impl Into<String>, found: impl Into<String>) {
        if self.list.len() >= MAX_PROBLEMS {
            self.more = self.more.saturating_add(1);
            return;
        }
        let (file, line) = match place {
            Place::Line(line) => (self.file.clone(), Some(*line)),
            Place::Variable(name) => (format!("environment variable {}", escaped(name)), None),
            Place::File => (self.file.clone(), None),
        };
        self.list.push(Problem { file, line, key: key.to_owned(), expected: expected.into(), found: found.into() });
    }

    /// The error, in the order of the file's lines; what is in no line comes first.
    pub fn into_error(mut self) -> SettingsError {
        self.list.sort_by_key(|problem| problem.line);
        SettingsError::Invalid { problems: self.list, more: self.more }
    }
}

/// A wrong text as a problem repeats it: quoted, escaped and cut short.
pub(super) fn shown(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    match text.char_indices().nth(MAX_FOUND_CHARS) {
        // The index is a character's, so the slice is there.
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default().escape_debug()),
        None => text.escape_debug().to_string(),
    }
}

/// ` (did you mean X?)` where a known name is near to `found`, else nothing.
pub(super) fn suggestion<'n>(found: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    match nearest(found, known) {
        Some(name) => format!(" (did you mean {}?)", shown(name)),
        None => String::new(),
    }
}

fn nearest<'n>(found: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let length = found.chars().count();
    if length > MAX_SUGGESTION_CHARS {
        return None;
    }
    let furthest = (length / 3).max(1);
    known
        .into_iter()
        .filter(|name| name.chars().count().abs_diff(length) <= furthest)
        .map(|name| (edit_distance(found, name), name))
        .filter(|(distance, _)| *distance <= furthest)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance over lower-case characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut next = vec![before];
        for (right, above) in right.iter().zip(row.iter().skip(1)) {
            before = (diagonal + usize::from(left != *right)).min(before + 1).min(above + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
