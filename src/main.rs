//! Parses the arguments, runs, and ends with the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    paritywatch::app::cli::run(std::env::args_os())
}
