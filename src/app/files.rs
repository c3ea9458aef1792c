//! Runs the core over files of events: `replay`, and `report` of files.

use std::io::{IsTerminal, stderr};
use std::path::PathBuf;

use super::failure::Failure;
use super::mapped_files::MappedFiles;
use super::threads;
use crate::disclosure::EventCounts;
use crate::event::{RawRecord, Rejection, moment_of};
use crate::ledger::PseudonymKey;
use crate::monitor::{Clock, Handled, Monitor, Received, Workers};
use crate::plan::invariant::violations;
use crate::plan::{EventTime, Limits, PartitionIndex, Span};
use crate::settings::Settings;
use crate::source::SourceError;
use crate::source::files::{Lines, Merge, Refusals};
use crate::source::format::Formats;
use crate::source::sort::{Sorted, Sorter};
use crate::window::Ends;

/// Refused lines that are named one by one, at most. All are counted.
const NAMED_REJECTIONS: u64 = 10;

/// Events beyond the end of the input that are no loss.
const FEW_AHEAD: u64 = 3;

/// Files of events, and how they are read.
#[derive(Clone, Copy, Debug)]
pub struct Input<'f> {
    /// The files.
    pub files: &'f [PathBuf],
    /// The end, inclusive; `None`: the newest event that the others support.
    pub as_of: Option<EventTime>,
    /// Whether lines are not sorted.
    pub in_order: bool,
}

/// What is done with the monitor after each batch of lines.
pub type Each<'e> = &'e mut dyn FnMut(&mut Monitor);

/// Counts all lines of the files, and evaluates at their end.
///
/// # Errors
/// [`Failure::Io`] if a file cannot be read; [`Failure::Data`] if `in_order` is not true of them.
pub fn count(input: Input<'_>, settings: &Settings) -> Result<(Monitor, Losses), Failure> {
    run(Opened::new(input, settings)?, input, settings, None)
}

/// Files that were read and sorted, before they are counted.
pub struct ByDay<'f> {
    input: Input<'f>,
    opened: Opened,
}

/// Files that were opened, and what was refused of them.
struct Opened {
    lines: Reading,
    losses: Losses,
}

impl Opened {
    fn new(input: Input<'_>, settings: &Settings) -> Result<Self, Failure> {
        let mut losses = Losses::default();
        Ok(Self { lines: Reading::open(input, settings, &mut losses)?, losses })
    }
}

impl<'f> ByDay<'f> {
    /// Reads and sorts the lines.
    ///
    /// # Errors
    /// [`Failure::Io`] if a file cannot be read.
    pub fn open(input: Input<'f>, settings: &Settings) -> Result<Self, Failure> {
        Ok(Self { input, opened: Opened::new(input, settings)? })
    }

    /// Returns the newest time that the events support; `None` where there is none.
    pub fn supported(&self, settings: &Settings) -> Option<EventTime> {
        let (Reading::InOrder(_, ends, ..) | Reading::Sorted(_, ends, ..)) = &self.opened.lines;
        ends.supported(longest_window(settings))
    }

    /// Ends there.
    pub const fn end_at(&mut self, end: EventTime) {
        self.input.as_of = Some(end);
    }

    /// Counts all lines, and publishes each day that the watermark passes: `each` takes what was published. Lines of any age count.
    ///
    /// # Errors
    /// As [`count`].
    pub fn count(self, settings: &Settings, each: Each<'_>) -> Result<(Monitor, Losses), Failure> {
        run(self.opened, self.input, settings, Some(each))
    }
}

fn run(
    Opened { mut lines, losses }: Opened,
    input: Input<'_>,
    settings: &Settings,
    mut each: Option<Each<'_>>,
) -> Result<(Monitor, Losses), Failure> {
    // No id is kept after the replay, so the key need not be secret. A fixed key makes replays repeatable.
    let key = PseudonymKey(*b"paritywatch.repl");
    let mut monitor = Monitor::new(settings.plan.clone(), key, Clock::Event { as_of: input.as_of });
    if let Reading::Sorted(_, ends, ..) = &mut lines {
        // Days are published from the first one on: nothing is too old for that.
        if each.is_none() {
            let beginning = ends.beginning(settings.plan.window.history, input.as_of);
            beginning.into_iter().for_each(|beginning| ends.forget_before(beginning));
            monitor.begin_at(beginning);
        }
        monitor.end_at(ends.supported(longest_window(settings)));
    } else {
        monitor.expect_disorder();
    }
    if each.is_some() {
        monitor.publish_days();
    }
    // Lines are merged by their time. So a file that begins later, or has measures alone, need not be waited for.
    for index in (0..).take(lines.partitions(input.files.len())) {
        monitor.add_partition_without_hold(PartitionIndex(index), EventTime(0));
    }
    let progress = progress_bar("replay", lines.total_bytes());
    let workers = threads::start(settings.threads)?;
    let losses = handle_all(&mut lines, &mut monitor, (&*workers, &progress), &mut each, losses)?;
    progress.finish_and_clear();
    let refused = losses.refused;
    if refused > NAMED_REJECTIONS {
        eprintln!("paritywatch: {refused} lines were refused in all; events.rejected and events.mismatched count them");
    }
    if let Reading::InOrder(_, ends, _) = &lines {
        check_order(&monitor)?;
        monitor.end_at(ends.supported(longest_window(settings)));
    }
    monitor.finish();
    if let Some(each) = &mut each {
        each(&mut monitor);
    }
    check_invariants()?;
    let ahead = monitor.health().ahead;
    if ahead > 0 && input.as_of.is_none() {
        eprintln!(
            "paritywatch: {ahead} events are further ahead than the others support, and moved no time; where they are right, \
             give --as-of"
        );
    }
    Ok((monitor, losses))
}

fn check_invariants() -> Result<(), Failure> {
    let broken: Vec<String> =
        violations().filter_map(|of| Some(format!("{} (first at {})", of.place, of.first?))).collect();
    if !broken.is_empty() {
        // A count may be wrong: nothing is printed that could be taken for a result.
        return Err(Failure::Internal(format!("an invariant does not hold in {}", broken.join(", "))));
    }
    Ok(())
}

/// Lines that were not counted.
#[derive(Debug, Default)]
pub struct Losses {
    /// How many were refused, which `run` would make dead letters.
    refused: u64,
    /// The first that was not counted: file, line and why.
    first: Option<String>,
}

impl Losses {
    /// Notes a line that was refused, and names it where it is among the first.
    fn refuse(&mut self, file: &str, number: u64, why: &str) {
        self.refused += 1;
        if self.refused <= NAMED_REJECTIONS {
            eprintln!("paritywatch: {file}:{number}: {why}");
        }
        if self.first.is_none() {
            self.first = Some(format!("{file}:{number}: {why}"));
        }
    }
}

/// Returns why an event was not counted; `None` if it was, or was not to be counted.
fn loss(handled: &Handled) -> Option<String> {
    match handled {
        Handled::Accepted | Handled::Duplicate | Handled::BeyondAsOf | Handled::Unmapped => None,
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

/// Returns the events beyond the end that are a loss. Nobody asked for this end; a clock or two that are ahead are no loss.
pub fn cut_off(events: &EventCounts, as_of: Option<EventTime>) -> u64 {
    if as_of.is_none() && events.beyond_as_of > FEW_AHEAD { events.beyond_as_of } else { 0 }
}

/// Refuses an input of which too many lines were not counted.
pub fn check_losses((events, cut_off): (&EventCounts, u64), losses: &Losses, max_lost: f64) -> Result<(), Failure> {
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

/// Hands all lines to the monitor, names the first that are refused, and returns those that were not counted.
fn handle_all(
    files: &mut Reading,
    monitor: &mut Monitor,
    (workers, progress): (&dyn Workers, &indicatif::ProgressBar),
    each: &mut Option<Each<'_>>,
    mut losses: Losses,
) -> Result<Losses, Failure> {
    let (mut lines, mut handled) = (Lines::default(), Vec::new());
    let sorted = matches!(files, Reading::Sorted(..));
    loop {
        let (read, is_end) = files.next_lines(&mut lines, &monitor.plan().event, &mut losses);
        files.mapped().count(monitor);
        refuse_rows(files, monitor, &mut losses);
        let received = lines.iter().map(|(partition, _, payload)| Received {
            partition: if sorted { PartitionIndex(0) } else { partition },
            record: RawRecord { payload, headers: &[], timestamp: None },
        });
        monitor.handle_batch_by(workers, &received.collect::<Vec<_>>(), EventTime(0), &mut handled);
        for ((partition, number, _), handled) in lines.iter().zip(&handled) {
            if let Handled::Mismatched(rejection) | Handled::Rejected(rejection) = handled {
                let why = files.mapped().told(partition, rejection);
                losses.refuse(files.name(partition), number, &why);
            } else if losses.first.is_none() {
                losses.first = loss(handled).map(|why| format!("{}:{number}: {why}", files.name(partition)));
            }
        }
        if let Some(each) = each {
            each(monitor);
        }
        progress.set_position(files.bytes_read());
        // Only now: the lines before one that cannot be read are handled all the same.
        read.map_err(failure)?;
        if is_end {
            return Ok(losses);
        }
    }
}

/// Counts the rows that could not be turned into lines, and names the first of them.
fn refuse_rows(files: &mut Reading, monitor: &mut Monitor, losses: &mut Losses) {
    let Refusals { counts, first } = files.take_refusals();
    first.iter().for_each(|(file, number, why)| losses.refuse(files.name(*file), *number, &why.to_string()));
    // Those that are named are among the counted ones.
    losses.refused = losses.refused.saturating_sub(first.len() as u64);
    for (reason, count) in counts {
        losses.refused = losses.refused.saturating_add(count);
        for _ in 0..count {
            monitor.handle_no_event(&Handled::Rejected(Rejection::of_format(reason, "")));
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
enum Reading {
    /// As they are in the files. The times are those read so far.
    InOrder(Merge, Ends, MappedFiles),
    /// All together, by time. The times are those of all lines.
    Sorted(Sorted, Ends, MappedFiles, Refusals),
}

impl Reading {
    fn open(input: Input<'_>, settings: &Settings, losses: &mut Losses) -> Result<Self, Failure> {
        let limits = &settings.plan.event;
        let formats = Formats::of_rules(&settings.formats).read_by(&settings.mappings);
        let mut files = Merge::open(input.files, &formats, limits, input.in_order).map_err(failure)?;
        let mut mapped = MappedFiles::new(files.names().iter().map(String::as_str), &settings.mappings);
        if input.in_order {
            return Ok(Self::InOrder(files, Ends::default(), mapped));
        }
        let progress = progress_bar("sort", files.total_bytes());
        let (mut sorter, mut lines, mut read) = (Sorter::new(limits), Lines::default(), Lines::default());
        loop {
            files.next_lines(&mut read).map_err(failure)?;
            if read.is_empty() {
                break;
            }
            mapped.replace((&mut read, &mut lines), limits, |file, number, why| {
                losses.refuse(files.name(file), number, &why.to_string());
            });
            lines.iter().try_for_each(|line| sorter.push(line)).map_err(failure)?;
            progress.set_position(files.bytes_read());
        }
        progress.finish_and_clear();
        let ends = sorter.ends().clone();
        let refusals = files.take_refusals();
        Ok(Self::Sorted(sorter.finish(files.names()).map_err(failure)?, ends, mapped, refusals))
    }

    /// Sorted, all lines are one stream: the files that they stand in decide nothing.
    const fn partitions(&self, files: usize) -> usize {
        match self {
            Self::InOrder(..) => files,
            Self::Sorted(..) => 1,
        }
    }

    const fn mapped(&mut self) -> &mut MappedFiles {
        match self {
            Self::InOrder(_, _, mapped) | Self::Sorted(_, _, mapped, _) => mapped,
        }
    }

    /// Replaces the lines by the next ones. Returns whether there are no more: mappings may leave none of those that were read.
    fn next_lines(
        &mut self,
        lines: &mut Lines,
        limits: &Limits,
        losses: &mut Losses,
    ) -> (Result<(), SourceError>, bool) {
        match self {
            Self::InOrder(files, ends, mapped) => {
                let mut found = Lines::default();
                let read = files.next_lines(&mut found);
                let is_end = found.is_empty();
                mapped.replace((&mut found, lines), limits, |file, number, why| {
                    losses.refuse(files.name(file), number, &why.to_string());
                });
                let moments = lines.iter().map(|(_, _, line)| moment_of(line, limits));
                moments.filter(|moment| moment.moves_time).for_each(|moment| ends.observe(moment.time));
                (read, is_end)
            }
            Self::Sorted(sorted, ..) => {
                let read = sorted.next_lines(lines);
                (read, lines.is_empty())
            }
        }
    }

    /// The rows that could not be turned into lines since the last call.
    fn take_refusals(&mut self) -> Refusals {
        match self {
            Self::InOrder(files, ..) => files.take_refusals(),
            Self::Sorted(.., refusals) => std::mem::take(refusals),
        }
    }

    fn name(&self, file: PartitionIndex) -> &str {
        match self {
            Self::InOrder(files, ..) => files.name(file),
            Self::Sorted(sorted, ..) => sorted.name(file),
        }
    }

    const fn total_bytes(&self) -> u64 {
        match self {
            Self::InOrder(files, ..) => files.total_bytes(),
            Self::Sorted(sorted, ..) => sorted.total_bytes(),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::InOrder(files, ..) => files.bytes_read(),
            Self::Sorted(sorted, ..) => sorted.bytes_read(),
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

/// Reads a share of the command line, 0 to 1.
///
/// # Errors
/// Says what was expected and found.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("expected a number from 0 to 1, found {text:?}"))
}

fn failure(error: SourceError) -> Failure {
    match error {
        SourceError::TooManyFiles => Failure::Usage(error.to_string()),
        _ => Failure::io(error),
    }
}
