//! `replay`: runs the core over files.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::{ConfigArgument, load, parse_time};
use super::failure::{Failure, Finished};
use super::threads;
use crate::disclosure::Published;
use crate::event::{RawRecord, moment_of};
use crate::judge::Verdict;
use crate::ledger::PseudonymKey;
use crate::monitor::{Clock, Handled, Monitor, Received, Workers};
use crate::plan::invariant::violations;
use crate::plan::{EventTime, Limits, PartitionIndex, Span};
use crate::render::Render;
use crate::settings::Settings;
use crate::source::SourceError;
use crate::source::files::{Lines, Merge};
use crate::source::sort::{Sorted, Sorter};
use crate::window::Ends;

/// Rejected lines that are named one by one, at most. All are counted.
const NAMED_REJECTIONS: u64 = 10;

/// Longest line of the table, in characters.
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
    /// End with exit code 1 when a finding is at or above this level
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
    /// Do not sort the lines by time: stream them as they come, each file as a partition of its own. Ends with exit code 65
    /// where an event is behind its file's by more than window.allowed_lateness
    #[arg(long)]
    in_order: bool,
    /// JSON-lines files of events, in any order; - for standard input
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
/// [`Failure::Io`] if a file cannot be read; [`Failure::Data`] if no line was an event of the contract.
pub fn run(arguments: &ReplayArguments) -> Result<Finished, Failure> {
    let settings = load(&arguments.config.config)?;
    let monitor = replay(arguments, &settings)?;
    let published = monitor.published();
    let events = monitor.health().events;
    if events.read > 0 && events.rejected == events.read {
        return Err(Failure::Data(format!("expected events of the contract, found none in {} lines", events.read)));
    }
    print(&published, &arguments.format).map_err(|error| Failure::Io(format!("standard output: {error}")))?;
    Ok(if reaches(&published, arguments.fail_on) { Finished::Findings } else { Finished::Ok })
}

fn replay(arguments: &ReplayArguments, settings: &Settings) -> Result<Monitor, Failure> {
    // No id is kept after the replay, so the key need not be secret. A fixed key makes replays repeatable.
    let key = PseudonymKey(*b"paritywatch.repl");
    let mut monitor = Monitor::new(settings.plan.clone(), key, Clock::Event { as_of: arguments.as_of });
    let mut lines = Input::open(arguments, settings)?;
    if let Input::Sorted(_, end) = &lines {
        monitor.end_at(end.supported(longest_window(settings)));
    } else {
        monitor.expect_disorder();
    }
    for index in (0..).take(lines.partitions(arguments.files.len())) {
        monitor.add_partition(PartitionIndex(index), EventTime(0));
    }
    let progress = progress_bar("replay", lines.total_bytes());
    let workers = threads::start(settings.threads)?;
    let rejected = handle_all(&mut lines, &mut monitor, &*workers, &progress)?;
    progress.finish_and_clear();
    if rejected > NAMED_REJECTIONS {
        eprintln!("paritywatch: {rejected} lines were rejected in all; events.rejected counts them");
    }
    if let Input::InOrder(_, ends) = &lines {
        check_order(&monitor)?;
        monitor.end_at(ends.supported(longest_window(settings)));
    }
    monitor.finish();
    let ahead = monitor.health().ahead;
    if ahead > 0 && arguments.as_of.is_none() {
        eprintln!(
            "paritywatch: {ahead} events are further ahead than the others support, and moved no time; where they are right, \
             give --as-of"
        );
    }
    let broken: Vec<String> =
        violations().filter_map(|of| Some(format!("{} (first at {})", of.place, of.first?))).collect();
    if !broken.is_empty() {
        // A count may be wrong: nothing is printed that could be taken for a result.
        return Err(Failure::Internal(format!("an invariant does not hold in {}", broken.join(", "))));
    }
    Ok(monitor)
}

/// Hands all lines to the monitor, names the first that are rejected, and returns how many are.
fn handle_all(
    files: &mut Input,
    monitor: &mut Monitor,
    workers: &dyn Workers,
    progress: &indicatif::ProgressBar,
) -> Result<u64, Failure> {
    let (mut lines, mut handled, mut rejected) = (Lines::default(), Vec::new(), 0);
    let sorted = matches!(files, Input::Sorted(..));
    loop {
        let read = files.next_lines(&mut lines, &monitor.plan().event);
        let received = lines.iter().map(|(partition, _, payload)| Received {
            partition: if sorted { PartitionIndex(0) } else { partition },
            record: RawRecord { payload, headers: &[], timestamp: None },
        });
        monitor.handle_batch_by(workers, &received.collect::<Vec<_>>(), EventTime(0), &mut handled);
        for ((partition, number, _), handled) in lines.iter().zip(&handled) {
            if let Handled::Rejected(rejection) = handled {
                rejected += 1;
                if rejected <= NAMED_REJECTIONS {
                    eprintln!("paritywatch: {}:{number}: {rejection}", files.name(partition));
                }
            }
        }
        progress.set_position(files.bytes_read());
        // Only now: the lines before one that cannot be read are handled all the same.
        read.map_err(failure)?;
        if lines.is_empty() {
            return Ok(rejected);
        }
    }
}

/// Refuses an input that `--in-order` cannot be true of.
fn check_order(monitor: &Monitor) -> Result<(), Failure> {
    let health = monitor.health();
    let behind = health.late.saturating_add(health.events.too_late);
    if behind == 0 {
        return Ok(());
    }
    Err(Failure::Data(format!(
        "--in-order: expected events at most window.allowed_lateness behind those before them in their file, found \
         {behind} that are further behind; replay without --in-order sorts them"
    )))
}

/// Returns the longest window.
fn longest_window(settings: &Settings) -> Span {
    settings.plan.window.rolling.last().map_or(Span(0), |window| window.length)
}

/// Where the lines come from.
enum Input {
    /// As they are in the files. The times are those read so far.
    InOrder(Merge, Ends),
    /// All together, by time. The times are those of all lines.
    Sorted(Sorted, Ends),
}

impl Input {
    fn open(arguments: &ReplayArguments, settings: &Settings) -> Result<Self, Failure> {
        let limits = &settings.plan.event;
        let mut files = Merge::open(&arguments.files, limits, arguments.in_order).map_err(failure)?;
        if arguments.in_order {
            return Ok(Self::InOrder(files, Ends::default()));
        }
        let progress = progress_bar("sort", files.total_bytes());
        let (mut sorter, mut lines) = (Sorter::new(limits), Lines::default());
        loop {
            files.next_lines(&mut lines).map_err(failure)?;
            if lines.is_empty() {
                break;
            }
            lines.iter().try_for_each(|line| sorter.push(line)).map_err(failure)?;
            progress.set_position(files.bytes_read());
        }
        progress.finish_and_clear();
        let ends = sorter.ends().clone();
        Ok(Self::Sorted(sorter.finish(files.names()).map_err(failure)?, ends))
    }

    /// Sorted, all lines are one stream: the files that they stand in decide nothing.
    const fn partitions(&self, files: usize) -> usize {
        match self {
            Self::InOrder(..) => files,
            Self::Sorted(..) => 1,
        }
    }

    fn next_lines(&mut self, lines: &mut Lines, limits: &Limits) -> Result<(), SourceError> {
        match self {
            Self::InOrder(files, ends) => {
                let read = files.next_lines(lines);
                let moments = lines.iter().map(|(_, _, line)| moment_of(line, limits));
                moments.filter(|moment| moment.is_ours).for_each(|moment| ends.observe(moment.time));
                read
            }
            Self::Sorted(sorted, _) => sorted.next_lines(lines),
        }
    }

    fn name(&self, file: PartitionIndex) -> &str {
        match self {
            Self::InOrder(files, _) => files.name(file),
            Self::Sorted(sorted, _) => sorted.name(file),
        }
    }

    const fn total_bytes(&self) -> u64 {
        match self {
            Self::InOrder(files, _) => files.total_bytes(),
            Self::Sorted(sorted, _) => sorted.total_bytes(),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::InOrder(files, _) => files.bytes_read(),
            Self::Sorted(sorted, _) => sorted.bytes_read(),
        }
    }
}

fn progress_bar(doing: &str, total_bytes: u64) -> indicatif::ProgressBar {
    if !stderr().is_terminal() || total_bytes == 0 {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::new(total_bytes);
    let style = indicatif::ProgressStyle::with_template(&format!(
        "{doing} {{bar:40}} {{percent}}% of {{total_bytes}}, {{bytes_per_sec}}, {{eta}} left"
    ));
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn print(published: &Published, formats: &[Format]) -> std::io::Result<()> {
    let mut out = stdout().lock();
    if formats.contains(&Format::Table) {
        let table = published.to_table(TABLE_WIDTH, out.is_terminal());
        // If JSON is asked for, standard output is that one document.
        if formats.contains(&Format::Json) { write!(stderr(), "{table}")? } else { write!(out, "{table}")? }
    }
    if formats.contains(&Format::Json) {
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

fn failure(error: SourceError) -> Failure {
    match error {
        SourceError::TooManyFiles => Failure::Usage(error.to_string()),
        _ => Failure::io(error),
    }
}
