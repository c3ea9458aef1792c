//! How a command ends.

use std::fmt::Display;
use std::path::Path;

use thiserror::Error;

use crate::settings::SettingsError;

/// How a command ended if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// Nothing to report.
    Ok,
    /// There are findings at or above the level asked for.
    Findings,
}

/// Why a command failed, with what was expected and what was found.
#[derive(Debug, Error)]
pub enum Failure {
    /// The arguments do not fit together.
    #[error("{0}")]
    Usage(String),
    /// The input holds nothing usable.
    #[error("{0}")]
    Data(String),
    /// The program has broken one of its own rules.
    #[error("internal error: {0}")]
    Internal(String),
    /// A file, socket or broker failed.
    #[error("{0}")]
    Io(String),
    /// The configuration is wrong.
    #[error("{0}")]
    Configuration(String),
}

impl Failure {
    /// The exit code for wrong usage.
    pub const USAGE: u8 = 64;

    /// The exit code, as in `sysexits.h`.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => Self::USAGE,
            Self::Data(_) => 65,
            Self::Internal(_) => 70,
            Self::Io(_) => 74,
            Self::Configuration(_) => 78,
        }
    }

    /// A file, socket or broker failed with this error.
    #[must_use]
    pub fn io(error: impl Display) -> Self {
        Self::Io(error.to_string())
    }

    /// An operation on a file failed.
    #[must_use]
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io(format!("{}: {doing}: {error}", path.display()))
    }

    /// The configuration is wrong, as this error says.
    #[must_use]
    pub fn configuration(error: impl Display) -> Self {
        Self::Configuration(error.to_string())
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Configuration(error.to_string())
    }
}
