//! Where a value of the configuration comes from.

use std::rc::Rc;

use super::key::escaped;

/// A line of a file, a variable, or a file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A line, counted from 1.
    Line(SourceFile, usize),
    /// The name of an environment variable.
    Variable(String),
    /// A file as a whole. Defaults stand in the main file.
    File(SourceFile),
}

/// A configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceFile {
    /// 0 for the main file; those of `conf.d` follow in the order in which they are applied.
    rank: usize,
    name: Rc<str>,
}

impl SourceFile {
    pub fn new(rank: usize, name: &str) -> Self {
        Self { rank, name: name.into() }
    }
}

impl Place {
    /// Returns the file, or `environment variable NAME`.
    pub fn source(&self) -> String {
        match self {
            Self::Line(file, _) | Self::File(file) => file.name.to_string(),
            Self::Variable(name) => format!("environment variable {}", escaped(name)),
        }
    }

    /// Returns the line, where there is one.
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::Line(_, line) => Some(*line),
            Self::Variable(_) | Self::File(_) => None,
        }
    }

    /// Returns what problems are sorted by.
    pub const fn order(&self) -> Option<(usize, usize)> {
        match self {
            Self::Line(file, line) => Some((file.rank, *line)),
            Self::Variable(_) | Self::File(_) => None,
        }
    }

    /// Returns `FILE:LINE`, or the source alone where there is no line.
    pub fn text(&self) -> String {
        match self.line() {
            Some(line) => format!("{}:{line}", self.source()),
            None => self.source(),
        }
    }
}
