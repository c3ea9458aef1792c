//! `replay`: runs the core over files.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::{ConfigArgument, load, parse_time};
use super::failure::{Failure, Finished};
use super::files::{Input, check_losses, count, cut_off, parse_share};
use crate::disclosure::Published;
use crate::judge::Verdict;
use crate::plan::EventTime;
use crate::render::Render;

/// Longest line of the table on a terminal, in characters. In a file or a pipe nothing is shortened.
const TABLE_WIDTH: usize = 160;

/// What to replay, and how to show it.
#[derive(Args, Clone, Debug)]
pub struct ReplayArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Evaluate at this time, inclusive; later events are not read [default: the newest event that the others support]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<EventTime>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "table", value_delimiter = ',')]
    format: Vec<Format>,
    /// Leave findings out of the table that say nothing yet (insufficient_data, not judged); their number is shown
    #[arg(long)]
    only_judged: bool,
    /// End with exit code 1 when a finding is at or above this level
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
    /// End with exit code 65 when a larger share of the lines, 0 to 1, was not counted
    #[arg(long, value_name = "SHARE", default_value = "0.01", value_parser = parse_share)]
    max_lost: f64,
    /// Do not sort the lines by time: stream them as they come, each file as a partition of its own. Ends with exit code 65
    /// where an event is behind its file's by more than window.allowed_lateness
    #[arg(long)]
    in_order: bool,
    /// Files of events in any order: JSON lines or CSV, plain or compressed by gzip or Zstandard, or Parquet; - for JSON lines on standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// `paritywatch.evaluation.v1`.
    Json,
}

/// A level of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Warning or critical.
    Warning,
    /// Critical.
    Critical,
}

/// Replays the files and prints the evaluation.
///
/// # Errors
/// [`Failure::Io`] if a file cannot be read. [`Failure::Data`] if no line was an event of the contract and, after the evaluation was
/// printed, if too many lines were not counted, or nothing was judged where a level is asked for. That comes before findings: what is
/// based on unusable data says nothing, one way or the other.
pub fn run(arguments: &ReplayArguments) -> Result<Finished, Failure> {
    let settings = load(&arguments.config.config)?;
    let ReplayArguments { files, as_of, in_order, .. } = arguments;
    let (monitor, losses) = count(Input { files, as_of: *as_of, in_order: *in_order }, &settings)?;
    let published = monitor.published();
    let events = monitor.health().events;
    if events.read > 0 && events.rejected == events.read {
        return Err(Failure::Data(format!("expected events of the contract, found none in {} lines", events.read)));
    }
    print(&published, arguments).map_err(|error| Failure::Io(format!("standard output: {error}")))?;
    check_losses((&events, cut_off(&events, *as_of)), &losses, arguments.max_lost)?;
    if arguments.fail_on.is_some() {
        check_judged(&published)?;
    }
    Ok(if reaches(&published, arguments.fail_on) { Finished::Findings } else { Finished::Ok })
}

/// Refuses an evaluation that says nothing, where an answer is asked for.
fn check_judged(published: &Published) -> Result<(), Failure> {
    let judged = |verdict| matches!(verdict, Verdict::Within | Verdict::Warning | Verdict::Critical);
    let findings = published.findings();
    if findings.iter().filter_map(|finding| finding.verdict).any(judged) {
        return Ok(());
    }
    let mut verdicts = BTreeMap::new();
    for finding in findings {
        *verdicts.entry(finding.verdict.map_or("not judged", Verdict::name)).or_insert(0_u64) += 1;
    }
    let verdicts: Vec<String> = verdicts.into_iter().map(|(name, count)| format!("{count} {name}")).collect();
    let found = if verdicts.is_empty() { "no finding".to_owned() } else { verdicts.join(", ") };
    Err(Failure::Data(format!("--fail-on: expected a finding that was judged, found {found}")))
}

fn print(published: &Published, arguments: &ReplayArguments) -> std::io::Result<()> {
    let asks_for = |format: Format| arguments.format.contains(&format);
    let mut out = stdout().lock();
    if asks_for(Format::Table) {
        // If JSON is asked for, standard output is that one document.
        let is_terminal = if asks_for(Format::Json) { stderr().is_terminal() } else { out.is_terminal() };
        let width = if is_terminal { TABLE_WIDTH } else { usize::MAX };
        let table = if arguments.only_judged {
            published.to_table_of_judged(width, is_terminal)
        } else {
            published.to_table(width, is_terminal)
        };
        if asks_for(Format::Json) { write!(stderr(), "{table}")? } else { write!(out, "{table}")? }
    }
    if asks_for(Format::Json) {
        writeln!(out, "{}", published.to_json())?;
    }
    out.flush()
}

fn reaches(published: &Published, level: Option<Level>) -> bool {
    match (level, published.worst()) {
        (Some(Level::Critical), Some(Verdict::Critical)) => true,
        (Some(Level::Warning), Some(verdict)) => verdict >= Verdict::Warning,
        _ => false,
    }
}
