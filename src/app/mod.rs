//! What the commands do: the I/O around the core.

pub mod accept_gap;
mod clock;
mod delivery;
pub mod demo;
pub mod generate;
mod keeper;
mod key;
mod lock;
pub mod power;
mod receivers;
pub mod replay;
pub mod run;
mod shared;
mod supervisor;

use std::path::Path;

use thiserror::Error;

pub use delivery::{Changes, Delivery, DeliveryHealth};
pub use keeper::{CheckpointHealth, Keeper};
pub use key::load_or_make_key;
pub use shared::{Operation, Shared, Snapshot};

use crate::settings::{Settings, SettingsError};

/// How a command ended that did not fail.
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
    /// The input holds nothing that can be used.
    #[error("{0}")]
    Data(String),
    /// A promise of the program to itself was broken.
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
    /// The exit code of wrong usage.
    pub const USAGE: u8 = 64;

    /// The exit code, after sysexits.h.
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

    /// An I/O failure on a file.
    #[must_use]
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io(format!("{}: {doing}: {error}", path.display()))
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Configuration(error.to_string())
    }
}

/// Loads the configuration, with overrides from the environment.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found.
pub fn load(path: &Path) -> Result<Settings, Failure> {
    Ok(Settings::load(path, std::env::vars())?)
}

/// `check-config`.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found.
pub fn check_config(file: &Path) -> Result<Finished, Failure> {
    let settings = load(file)?;
    let plan = &settings.plan;
    println!(
        "{}: ok: {} rules, {} profiles, {} dimensions, configuration {}",
        file.display(),
        plan.rules.len(),
        plan.profiles.len(),
        plan.dimensions.len(),
        plan.config_hash
    );
    Ok(Finished::Ok)
}

/// `print-config`.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found.
pub fn print_config(file: &Path) -> Result<Finished, Failure> {
    print!("{}", load(file)?.redacted_toml());
    Ok(Finished::Ok)
}
