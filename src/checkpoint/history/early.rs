//! What of a day's files is not there although the day can be read: an end that was cut off, or a file between others.

use std::fmt;
use std::path::Path;

use crate::plan::EventTime;

/// A file that ends before what was written, or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedEarly {
    /// Where it is, or should be.
    pub path: String,
    /// What was expected, and what was found.
    pub problem: String,
    /// The end of the windows of its last whole entry; `None` where it has none.
    pub after: Option<EventTime>,
}

impl fmt::Display for EndedEarly {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.path, self.problem)
    }
}

impl EndedEarly {
    /// A file whose last entry is not whole: a crash has cut it off, or a copy.
    pub(super) fn cut_off(path: &Path, (at, length): (usize, usize), after: Option<EventTime>) -> Self {
        let found = length.saturating_sub(at);
        let problem =
            format!("the entry at byte {at}: expected a whole one, found {found} bytes and the end of the file");
        Self { path: path.display().to_string(), problem, after }
    }
}
