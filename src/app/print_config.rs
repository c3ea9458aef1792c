//! `print-config`: prints the configuration in force, without its secrets.

use super::arguments::{ConfigArgument, load_to_print};
use super::failure::{Failure, Finished};

/// Prints the configuration as TOML, defaults included.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found.
pub fn run(arguments: &ConfigArgument) -> Result<Finished, Failure> {
    print!("{}", load_to_print(&arguments.config)?.redacted_toml());
    Ok(Finished::Ok)
}
