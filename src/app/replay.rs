//! `replay`: the core over files.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;

use crate::app::{Failure, Finished};
use crate::cli::{Format, Level};
use crate::disclosure::Published;
use crate::disparity::Verdict;
use crate::event::{EventTime, RawRecord};
use crate::monitor::{Clock, Handled, Monitor, PartitionIndex, PseudonymKey};
use crate::settings::Settings;
use crate::source::replay::{Line, Merge};

/// Most rejected lines that are named one by one; all are counted.
const NAMED_REJECTIONS: u64 = 10;

/// Width of the table where standard output is no terminal, in characters.
const TABLE_WIDTH: usize = 160;

/// What to replay and how to show it.
#[derive(Debug)]
pub struct Options {
    /// The configuration.
    pub settings: Settings,
    /// Where the windows end.
    pub as_of: Option<EventTime>,
    /// What to print.
    pub formats: Vec<Format>,
    /// From which level on the exit code is 1.
    pub fail_on: Option<Level>,
    /// The files.
    pub files: Vec<PathBuf>,
}

/// Replays the files and prints the evaluation.
///
/// # Errors
/// [`Failure::Io`] where a file cannot be read; [`Failure::Data`] where not one line of all was an event of the contract.
pub fn run(options: &Options) -> Result<Finished, Failure> {
    let monitor = replay(options)?;
    let published = monitor.published();
    let events = monitor.health().events;
    if events.read > 0 && events.rejected == events.read {
        return Err(Failure::Data(format!("expected events of the contract, found none in {} lines", events.read)));
    }
    print(&published, &options.formats).map_err(|error| Failure::Io(format!("standard output: {error}")))?;
    Ok(if reaches(&published, options.fail_on) { Finished::Findings } else { Finished::Ok })
}

fn replay(options: &Options) -> Result<Monitor, Failure> {
    // Nothing of the ids is kept after the replay, so the key needs to be no secret; a fixed one makes replays repeatable.
    let key = PseudonymKey(*b"paritywatch.repl");
    let mut monitor = Monitor::new(options.settings.plan.clone(), key, Clock::Event { as_of: options.as_of });
    let mut lines = Merge::open(&options.files, &options.settings.plan.event)?;
    for index in (0..).zip(&options.files).map(|(index, _)| index) {
        monitor.add_partition(PartitionIndex(index), EventTime(0));
    }
    let progress = progress_bar(lines.total_bytes());
    let mut rejected = 0;
    while let Some(line) = lines.next_line()? {
        let record = RawRecord { payload: line.bytes, headers: &[], timestamp: None };
        if let Handled::Rejected(rejection) = monitor.handle_record(line.partition, &record, EventTime(0)) {
            rejected += 1;
            name_rejection(&line, &rejection.to_string(), rejected);
        }
        progress.set_position(lines.bytes_read());
    }
    progress.finish_and_clear();
    if rejected > NAMED_REJECTIONS {
        eprintln!("paritywatch: {rejected} lines were rejected in all; events.rejected counts them");
    }
    monitor.finish();
    Ok(monitor)
}

fn name_rejection(line: &Line<'_>, why: &str, rejected: u64) {
    if rejected <= NAMED_REJECTIONS {
        eprintln!("paritywatch: {}:{}: {why}", line.file, line.number);
    }
}

fn progress_bar(total_bytes: u64) -> indicatif::ProgressBar {
    if !stderr().is_terminal() || total_bytes == 0 {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::new(total_bytes);
    let style = indicatif::ProgressStyle::with_template(
        "replay {bar:40} {percent}% of {total_bytes}, {bytes_per_sec}, {eta} left",
    );
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn print(published: &Published, formats: &[Format]) -> std::io::Result<()> {
    let mut out = stdout().lock();
    if formats.contains(&Format::Table) {
        let table = published.to_table(TABLE_WIDTH, out.is_terminal());
        // With JSON asked for, standard output is that one document.
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
