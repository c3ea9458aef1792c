//! Arguments that several commands take.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use crate::plan::EventTime;
use crate::settings::{FileProblem, Settings};

/// The configuration file of a command.
#[derive(Args, Clone, Debug)]
pub struct ConfigArgument {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Loads a configuration to judge by, with its overrides from the environment.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found, and where there is no rule: nothing would be judged, which reads as if all were well.
pub fn load(file: &Path) -> Result<Settings, Failure> {
    let settings = load_to_print(file)?;
    if settings.plan.rules.is_empty() {
        return Err(Failure::configuration(format!(
            "{}: rules: expected at least one table [[rules]], found none: nothing would be judged",
            file.display()
        )));
    }
    Ok(settings)
}

/// Looks at the files that the configuration names, and at the keys for logging in to Kafka.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found; [`Failure::Io`] if all of them are files that cannot be read, which may pass.
pub fn check_files(settings: &Settings) -> Result<(), Failure> {
    let problems = settings.file_problems();
    if problems.is_empty() {
        return Ok(());
    }
    let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    Err(if problems.iter().all(FileProblem::may_pass) { Failure::Io(text) } else { Failure::Configuration(text) })
}

/// Loads a configuration that may have no rule yet.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found.
pub fn load_to_print(file: &Path) -> Result<Settings, Failure> {
    Ok(Settings::load(file, std::env::vars())?)
}

/// Loads a configuration in which thresholds and grounds may still be open. Returns also what is open: such rules are left out.
///
/// # Errors
/// [`Failure::Configuration`] with every other problem.
pub fn load_to_look(file: &Path) -> Result<(Settings, Vec<String>), Failure> {
    Ok(Settings::load_open(file, std::env::vars())?)
}

/// Parses an RFC 3339 date-time, or a date, which stands for its first moment (UTC).
///
/// # Errors
/// Says what was expected and what was found.
pub fn parse_time(text: &str) -> Result<EventTime, String> {
    let date_time = if text.contains(['T', 't', ' ']) { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let timestamp: jiff::Timestamp =
        date_time.parse().map_err(|_| format!("expected a time such as 2026-09-30T23:59:59Z, found {text:?}"))?;
    Ok(EventTime(timestamp.as_millisecond()))
}
