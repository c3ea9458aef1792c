//! What is wrong with a log.

use std::fmt;
use std::path::Path;

/// Findings that are told, at most; all are counted.
const MAX_TOLD: usize = 100;
/// Characters of a text that are shown.
const MAX_SHOWN: usize = 4_096;

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line, from 1; `None` where it is about the file.
    pub line: Option<u64>,
    /// The number of the entry, from 0.
    pub entry: Option<u64>,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", shown(&self.file))?;
        if let Some(line) = self.line {
            write!(formatter, ", line {line}")?;
        }
        if let Some(entry) = self.entry {
            write!(formatter, ", entry {entry}")?;
        }
        write!(formatter, ": expected {}, found {}", shown(&self.expected), shown(&self.found))
    }
}

/// Returns a text of a log for a terminal: a character that would steer it is escaped, and what is too long is cut off.
#[must_use]
pub fn shown(text: &str) -> String {
    let steers = |char: char| {
        char.is_control() || matches!(char, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let escaped = |char: char| if steers(char) { char.escape_default().to_string() } else { char.to_string() };
    text.chars().take(MAX_SHOWN).map(escaped).collect()
}

/// The findings of a log, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The first ones.
    pub told: Vec<Finding>,
    /// How many there are.
    pub count: u64,
}

impl Findings {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.count = self.count.saturating_add(1);
        if self.told.len() < MAX_TOLD {
            self.told.push(finding);
        }
    }

    /// Adds one about a whole file.
    pub(super) fn of_file(&mut self, path: &Path, expected: impl Into<String>, found: impl Into<String>) {
        let file = path.display().to_string();
        self.add(Finding { file, line: None, entry: None, expected: expected.into(), found: found.into() });
    }
}
