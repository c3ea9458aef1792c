//! The command line: words in, exit code out.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::accept_gap::{self, AcceptGapArguments};
use super::arguments::ConfigArgument;
use super::check_config::{self, CheckConfigArguments};
use super::demo::{self, DemoArguments};
use super::export::{self, ExportArguments};
use super::failure::{Failure, Finished};
use super::generate::{self, GenerateArguments};
use super::init::{self, InitArguments};
use super::inspect::{self, InspectArguments};
use super::power::{self, PowerArguments};
use super::print_config;
use super::replay::{self, ReplayArguments};
use super::report::{self, ReportArguments};
use super::rotate_key;
use super::run;
use super::verify_audit::{self, VerifyAuditArguments};

/// Runs the command that the arguments name; returns its exit code: 0 ok, 1 findings at or above the level asked for, 64 usage, 65 bad data,
/// 70 internal, 74 I/O, 78 configuration.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command,
        Err(error) => {
            // Nothing can be done if even the terminal is gone.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Failure::USAGE } else { 0 });
        }
    };
    match command.run() {
        Ok(Finished::Ok) => ExitCode::SUCCESS,
        Ok(Finished::Findings) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("paritywatch: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Watches production risk profiling for disparate impact.
#[derive(Parser)]
#[command(name = "paritywatch", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The daemon: consume Kafka, evaluate, export metrics
    Run(ConfigArgument),
    /// Everything in one process, with a generated stream that has a known skew; needs no set-up
    Demo(DemoArguments),
    /// The same core over files: back-fill, evaluate history, test a configuration
    Replay(ReplayArguments),
    /// A stream with known truth
    Generate(GenerateArguments),
    /// A first look at topics or files: what maps, what does not and why, and what rules still need; commits nothing
    Inspect(InspectArguments),
    /// Write a first configuration from such a look: thresholds are left open
    Init(InitArguments),
    /// The history of what was published, as tables: findings, funnel, and what happened to alerts
    Export(ExportArguments),
    /// The evaluation report of a period: what was watched, what was found, and what could not be judged
    Report(ReportArguments),
    /// How much data a disparity takes to be found: at one look, and by the sequential alarm
    Power(PowerArguments),
    /// Give up records that can no longer be read, so that a stopped partition can continue; the reason is recorded
    AcceptGap(AcceptGapArguments),
    /// Put a new pseudonym key beside the present one; the daemon uses both for a while, then destroys the old one
    RotateKey(ConfigArgument),
    /// Whether an audit log is as it was written; needs the public key alone
    VerifyAudit(VerifyAuditArguments),
    /// Check a configuration file
    CheckConfig(CheckConfigArguments),
    /// Print the effective configuration, secrets redacted
    PrintConfig(ConfigArgument),
}

impl Command {
    fn run(self) -> Result<Finished, Failure> {
        match self {
            Self::Run(arguments) => run::run(&arguments),
            Self::Demo(arguments) => demo::run(&arguments),
            Self::Replay(arguments) => replay::run(&arguments),
            Self::Generate(arguments) => generate::run(&arguments),
            Self::Init(arguments) => init::run(&arguments),
            Self::Inspect(arguments) => inspect::run(&arguments),
            Self::Export(arguments) => export::run(&arguments),
            Self::Report(arguments) => report::run(&arguments),
            Self::Power(arguments) => power::run(&arguments),
            Self::AcceptGap(arguments) => accept_gap::run(&arguments),
            Self::RotateKey(arguments) => rotate_key::run(&arguments),
            Self::VerifyAudit(arguments) => verify_audit::run(&arguments),
            Self::CheckConfig(arguments) => check_config::run(&arguments),
            Self::PrintConfig(arguments) => print_config::run(&arguments),
        }
    }
}
