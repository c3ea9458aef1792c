//! `check-config`: says whether a configuration is valid.

use std::path::PathBuf;

use clap::Args;

use super::arguments::load;
use super::failure::{Failure, Finished};

/// What to check.
#[derive(Args, Clone, Debug)]
pub struct CheckConfigArguments {
    /// The configuration file
    file: PathBuf,
}

/// Prints what the configuration holds.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found.
pub fn run(arguments: &CheckConfigArguments) -> Result<Finished, Failure> {
    let settings = load(&arguments.file)?;
    let plan = &settings.plan;
    println!(
        "{}: ok: {} rules, {} profiles, {} dimensions, configuration {}",
        arguments.file.display(),
        plan.rules.len(),
        plan.profiles.len(),
        plan.dimensions.len(),
        plan.config_hash
    );
    Ok(Finished::Ok)
}
