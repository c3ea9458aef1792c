//! `replay`: runs the core over files.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::{ConfigArgument, load, parse_time};
use super::failure::{Failure, Finished};
use super::threads;
use crate::disclosure::{EventCounts, Published};
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

/// Refused lines that are named one by one, at most. All are counted.
const NAMED_REJECTIONS: u64 = 10;

/// Events beyond the end of the input that are no loss.
const FEW_AHEAD: u64 = 3;

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
    /// JSON-lines files of events, in any order, plain or compressed by gzip or Zstandard; - for standard input
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
    let (monitor, losses) = replay(arguments, &settings)?;
    let published = monitor.published();
    let events = monitor.health().events;
    if events.read > 0 && events.rejected == events.read {
        return Err(Failure::Data(format!("expected events of the contract, found none in {} lines", events.read)));
    }
    print(&published, arguments).map_err(|error| Failure::Io(format!("standard output: {error}")))?;
    // Nobody asked for this end. A clock or two that are ahead are no loss.
    let is_lost = arguments.as_of.is_none() && events.beyond_as_of > FEW_AHEAD;
    let cut_off = if is_lost { events.beyond_as_of } else { 0 };
    check_losses((&events, cut_off), &losses, arguments.max_lost)?;
    if arguments.fail_on.is_some() {
        check_judged(&published)?;
    }
    Ok(if reaches(&published, arguments.fail_on) { Finished::Findings } else { Finished::Ok })
}

fn replay(arguments: &ReplayArguments, settings: &Settings) -> Result<(Monitor, Losses), Failure> {
    // No id is kept after the replay, so the key need not be secret. A fixed key makes replays repeatable.
    let key = PseudonymKey(*b"paritywatch.repl");
    let mut monitor = Monitor::new(settings.plan.clone(), key, Clock::Event { as_of: arguments.as_of });
    let mut lines = Input::open(arguments, settings)?;
    if let Input::Sorted(_, ends) = &mut lines {
        let beginning = ends.beginning(settings.plan.window.history, arguments.as_of);
        beginning.into_iter().for_each(|beginning| ends.forget_before(beginning));
        monitor.begin_at(beginning);
        monitor.end_at(ends.supported(longest_window(settings)));
    } else {
        monitor.expect_disorder();
    }
    // Lines are merged by their time. So a file that begins later, or has measures alone, need not be waited for.
    for index in (0..).take(lines.partitions(arguments.files.len())) {
        monitor.add_partition_without_hold(PartitionIndex(index), EventTime(0));
    }
    let progress = progress_bar("replay", lines.total_bytes());
    let workers = threads::start(settings.threads)?;
    let losses = handle_all(&mut lines, &mut monitor, &*workers, &progress)?;
    progress.finish_and_clear();
    let refused = losses.refused;
    if refused > NAMED_REJECTIONS {
        eprintln!("paritywatch: {refused} lines were refused in all; events.rejected and events.mismatched count them");
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
    Ok((monitor, losses))
}

/// Lines that were not counted.
#[derive(Debug, Default)]
struct Losses {
    /// How many were refused, which `run` would make dead letters.
    refused: u64,
    /// The first that was not counted: file, line and why.
    first: Option<String>,
}

/// Returns why an event was not counted; `None` if it was, or was not to be counted.
fn loss(handled: &Handled) -> Option<String> {
    match handled {
        Handled::Accepted | Handled::Duplicate | Handled::BeyondAsOf => None,
        Handled::Conflict => Some(
            "conflict: its case has another selection, or its control another outcome that it does not revise"
                .to_owned(),
        ),
        Handled::TooLate => Some("too late: it is older than window.history".to_owned()),
        Handled::UnknownType => Some("unknown type: its type is not one of the contract".to_owned()),
        // Its name is not told: anything may stand there.
        Handled::UnknownProfile => Some("unknown profile: no table [profiles.NAME] has its profile".to_owned()),
        Handled::Mismatched(rejection) | Handled::Rejected(rejection) => Some(rejection.to_string()),
    }
}

/// Refuses an input of which too many lines were not counted.
fn check_losses((events, cut_off): (&EventCounts, u64), losses: &Losses, max_lost: f64) -> Result<(), Failure> {
    let lost = events.lost().saturating_add(cut_off);
    // Counts of lines are far below 2^53, from which f64 skips integers.
    #[allow(clippy::cast_precision_loss)]
    let share = if events.read == 0 { 0.0 } else { lost as f64 / events.read as f64 };
    if share <= max_lost {
        return Ok(());
    }
    let counted = ["accepted", "duplicate", if cut_off > 0 { "" } else { "beyond the end" }];
    let parts = events.parts().into_iter().filter(|(word, count)| *count > 0 && !counted.contains(word));
    let parts: Vec<String> = parts.map(|(word, count)| format!("{count} {word}")).collect();
    let first = losses.first.as_ref().map_or_else(String::new, |first| format!("; the first is {first}"));
    Err(Failure::Data(format!(
        "expected at most {max_lost} of the lines not counted (--max-lost), found {share:.4}: {lost} of {} ({}){first}",
        events.read,
        parts.join(" + ")
    )))
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

/// Hands all lines to the monitor, names the first that are refused, and returns those that were not counted.
fn handle_all(
    files: &mut Input,
    monitor: &mut Monitor,
    workers: &dyn Workers,
    progress: &indicatif::ProgressBar,
) -> Result<Losses, Failure> {
    let (mut lines, mut handled, mut losses) = (Lines::default(), Vec::new(), Losses::default());
    let sorted = matches!(files, Input::Sorted(..));
    loop {
        let read = files.next_lines(&mut lines, &monitor.plan().event);
        let received = lines.iter().map(|(partition, _, payload)| Received {
            partition: if sorted { PartitionIndex(0) } else { partition },
            record: RawRecord { payload, headers: &[], timestamp: None },
        });
        monitor.handle_batch_by(workers, &received.collect::<Vec<_>>(), EventTime(0), &mut handled);
        for ((partition, number, _), handled) in lines.iter().zip(&handled) {
            if losses.first.is_none() {
                losses.first = loss(handled).map(|why| format!("{}:{number}: {why}", files.name(partition)));
            }
            if let Handled::Mismatched(rejection) | Handled::Rejected(rejection) = handled {
                losses.refused += 1;
                if losses.refused <= NAMED_REJECTIONS {
                    eprintln!("paritywatch: {}:{number}: {rejection}", files.name(partition));
                }
            }
        }
        progress.set_position(files.bytes_read());
        // Only now: the lines before one that cannot be read are handled all the same.
        read.map_err(failure)?;
        if lines.is_empty() {
            return Ok(losses);
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
                moments.filter(|moment| moment.moves_time).for_each(|moment| ends.observe(moment.time));
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

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("expected a number from 0 to 1, found {text:?}"))
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
