//! What is wrong with a configuration: every problem at once, each with its place.

use std::fmt;
use std::io;

use thiserror::Error;

use super::place::Place;

/// Most problems that one error carries; the others are counted.
pub const MAX_PROBLEMS: usize = 1_000;

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A file, or the folder `conf.d`, could not be read.
    #[error("{file}: expected a path that can be read, found: {source}")]
    Unreadable {
        /// Its path.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The files were read and do not hold a valid configuration.
    #[error("{}", listed(.problems, *.more))]
    Invalid {
        /// The problems in the order of files and lines; at most [`MAX_PROBLEMS`].
        problems: Vec<Problem>,
        /// How many more there were.
        more: usize,
    },
}

/// One thing that is wrong, its place, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `environment variable NAME`.
    pub file: String,
    /// The line, counted from 1; `None` where the value stands in no file.
    pub line: Option<usize>,
    /// The path of the key: `rules[0].warning`; empty where the text is not TOML.
    pub key: String,
    /// What would be right.
    pub expected: String,
    /// What was found instead.
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
    /// Returns the problems; none where a file could not be read.
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

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<(Option<(usize, usize)>, Problem)>,
    more: usize,
    /// What somebody still has to decide on, where that is no problem.
    open: Option<Vec<String>>,
}

impl Problems {
    /// Problems, of which what is open is none.
    pub fn with_open() -> Self {
        Self { open: Some(Vec::new()), ..Self::default() }
    }

    /// Notes that a key is open. Returns whether that is no problem.
    pub fn note_open(&mut self, key: String) -> bool {
        self.open.as_mut().map(|open| open.push(key)).is_some()
    }

    /// Returns the keys that are open.
    pub fn open(self) -> Vec<String> {
        self.open.unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether something is wrong with the key already.
    pub fn has(&self, key: &str) -> bool {
        self.list.iter().any(|(_, problem)| problem.key == key)
    }

    pub fn add(&mut self, place: &Place, key: &str, expected: impl Into<String>, found: impl Into<String>) {
        if self.list.len() >= MAX_PROBLEMS {
            self.more = self.more.saturating_add(1);
            return;
        }
        let problem = Problem {
            file: place.source(),
            line: place.line(),
            key: key.to_owned(),
            expected: expected.into(),
            found: found.into(),
        };
        self.list.push((place.order(), problem));
    }

    /// Returns the error. Its problems are in the order of files and lines; what stands in no line comes first.
    pub fn into_error(mut self) -> SettingsError {
        self.list.sort_by_key(|(order, _)| *order);
        let problems = self.list.into_iter().map(|(_, problem)| problem).collect();
        SettingsError::Invalid { problems, more: self.more }
    }
}
