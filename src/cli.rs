//! The command line: words in, exit code out.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::{self, Failure, Finished};
use crate::event::EventTime;
use crate::scenario::Scenario;

/// Runs the command that the arguments name and gives its exit code: 0 ok, 1 findings at or above the level asked for, 64 usage,
/// 65 bad data, 70 internal, 74 I/O, 78 configuration.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command,
        Err(error) => {
            // Nothing can be done where even the terminal is gone.
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
    Demo(app::demo::DemoOptions),
    /// The same core over JSON-lines files: back-fill, evaluate history, test a configuration
    Replay(ReplayArguments),
    /// A stream with known truth
    Generate(GenerateArguments),
    /// How much data a disparity takes to be found: at one look, and by the sequential alarm
    Power(app::power::PowerOptions),
    /// Give up records that can no longer be read, so that a stopped partition goes on; written down with its reason
    AcceptGap {
        #[command(flatten)]
        config: ConfigArgument,
        #[command(flatten)]
        options: app::accept_gap::GapOptions,
    },
    /// Check a configuration file
    CheckConfig {
        /// The configuration file
        file: PathBuf,
    },
    /// Print the effective configuration, secrets redacted
    PrintConfig(ConfigArgument),
}

#[derive(Args)]
struct ConfigArgument {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Args)]
struct ReplayArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Evaluate at this time, inclusive; later events are not read [default: the newest event]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<EventTime>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "table", value_delimiter = ',')]
    format: Vec<Format>,
    /// End with exit code 1 when a finding is at or above this level
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
    /// JSON-lines files of events, one partition each; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Args)]
struct GenerateArguments {
    /// fair, skewed-selection, skewed-hit-rate, simpson or late-outcomes
    #[arg(long, value_name = "NAME")]
    scenario: Scenario,
    /// How many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    events: u64,
    /// The same seed gives the same stream
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many times as often the monitored group is picked [default: the scenario's]
    #[arg(long, value_name = "R")]
    ratio: Option<f64>,
    /// The profile's name
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The time of the first event [default: the scenario's]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    start: Option<EventTime>,
    /// A file, - for standard output, or kafka://BROKER/TOPIC (plaintext, for tests)
    #[arg(long, value_name = "FILE", default_value = "-")]
    to: String,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// `paritywatch.evaluation.v1`.
    Json,
}

/// A level of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Warning or critical.
    Warning,
    /// Critical.
    Critical,
}

impl Command {
    fn run(self) -> Result<Finished, Failure> {
        match self {
            Self::Run(ConfigArgument { config }) => {
                crate::telemetry::start();
                app::run::run(&config)
            }
            Self::Demo(options) => app::demo::run(&options),
            Self::AcceptGap { config, options } => app::accept_gap::run(&config.config, &options),
            Self::Replay(arguments) => app::replay::run(&app::replay::Options {
                settings: app::load(&arguments.config.config)?,
                as_of: arguments.as_of,
                formats: arguments.format,
                fail_on: arguments.fail_on,
                files: arguments.files,
            }),
            Self::Generate(arguments) => app::generate::run(&app::generate::Options {
                scenario: arguments.scenario,
                events: arguments.events,
                seed: arguments.seed,
                ratio: arguments.ratio,
                profile: arguments.profile,
                start: arguments.start,
                to: arguments.to,
            }),
            Self::Power(options) => app::power::power(&options),
            Self::CheckConfig { file } => app::check_config(&file),
            Self::PrintConfig(ConfigArgument { config }) => app::print_config(&config),
        }
    }
}

/// An RFC 3339 date-time, or a date for its first moment (UTC).
fn parse_time(text: &str) -> Result<EventTime, String> {
    let date_time = if text.contains(['T', 't', ' ']) { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let timestamp: jiff::Timestamp =
        date_time.parse().map_err(|_| format!("expected a time such as 2026-09-30T23:59:59Z, found {text:?}"))?;
    Ok(EventTime(timestamp.as_millisecond()))
}
