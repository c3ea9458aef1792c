//! `export`: the history of a period as tables. It reads beside a running daemon, and writes nothing but the files of the export.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::arguments::{ConfigArgument, load_to_print};
use super::failure::{Failure, Finished};
use super::unfinished::{FOR_ALL, lock_folder, make};
use crate::checkpoint::{CheckpointError, HistoryReader, PassedOver, Step, day_of, day_text};
use crate::plan::{EventTime, Period};
use crate::render::{ExportFile, ExportFormat, TABLES, Table, export_rows};

/// Runs of missing days that are named, at most.
const MAX_MISSING: usize = 20;

/// What is exported, and how.
#[derive(Args, Clone, Debug)]
pub struct ExportArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// A year (2026), a quarter (2026-Q3), a month (2026-09), a day (2026-09-30), or two days (2026-07-01..2026-09-30), both inclusive; days are UTC
    #[arg(long, value_parser = parse_period)]
    period: Period,
    /// Formats, separated by commas: parquet, csv, json
    #[arg(long, value_delimiter = ',', required = true, value_parser = parse_format)]
    format: Vec<ExportFormat>,
    /// The folder of the files; it must be there
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    to: PathBuf,
}

/// One file of the export.
struct Target {
    table: Table,
    path: PathBuf,
    /// Its name until it is whole.
    unfinished: PathBuf,
    file: ExportFile,
    rows: u64,
}

/// What was exported.
#[derive(Default)]
struct Exported {
    day: Option<i64>,
    days: BTreeSet<i64>,
    releases: u64,
    first: Option<EventTime>,
    last: Option<EventTime>,
    passed_over: PassedOver,
}

/// Writes one file for each table and format. The same history gives the same bytes.
///
/// # Errors
/// [`Failure::Data`] if there is no history, a file of it is damaged, or once the tables are written if nothing of the period was there; [`Failure::Io`] if a file cannot be read or written.
pub fn run(options: &ExportArguments) -> Result<Finished, Failure> {
    let settings = load_to_print(&options.config.config)?;
    let reader = HistoryReader::new(&settings.state.dir);
    if !reader.folder().is_dir() {
        return Err(Failure::Data(format!(
            "{}: expected a history, found no such folder (state.dir)",
            reader.folder().display()
        )));
    }
    let formats: BTreeSet<ExportFormat> = options.format.iter().copied().collect();
    let _lock = lock_folder(&options.to)?;
    let mut targets = Vec::new();
    let exported = begin_all(&formats, options, &mut targets)
        .and_then(|()| export(&reader, &options.period, &mut targets))
        .and_then(|exported| end_all(&mut targets).map(|()| exported));
    if exported.is_err() {
        targets.iter().for_each(Target::give_up);
    }
    let exported = exported?;
    for problem in &exported.passed_over.unreadable {
        eprintln!("paritywatch: warning: before the period: {problem}");
    }
    for file in &exported.passed_over.early {
        eprintln!("paritywatch: warning: {file}");
    }
    println!("{}", exported.told(&options.period));
    if exported.days.is_empty() {
        let period = &options.period.label;
        return Err(Failure::Data(format!(
            "{period}: expected a day of the history in the period, found none: the tables are empty"
        )));
    }
    Ok(Finished::Ok)
}

fn begin_all(
    formats: &BTreeSet<ExportFormat>,
    options: &ExportArguments,
    targets: &mut Vec<Target>,
) -> Result<(), Failure> {
    for table in TABLES {
        for format in formats {
            targets.push(Target::begin(table, *format, options)?);
        }
    }
    Ok(())
}

/// Gives every file its name. Those that are left behind an error have none.
fn end_all(targets: &mut Vec<Target>) -> Result<(), Failure> {
    while !targets.is_empty() {
        let target = targets.remove(0);
        let unfinished = target.unfinished.clone();
        // Whoever reads the error sees the name; the file does no harm.
        let told = target.end().inspect_err(|_| std::fs::remove_file(&unfinished).unwrap_or_default())?;
        println!("{told}");
    }
    Ok(())
}

fn export(reader: &HistoryReader, period: &Period, targets: &mut [Target]) -> Result<Exported, Failure> {
    let mut exported = Exported::default();
    let passed_over = reader.walk(period.days(), |step| {
        if exported.day.is_some_and(|day| day != step.day) {
            targets.iter_mut().try_for_each(Target::end_day)?;
        }
        exported.note(step);
        targets.iter_mut().try_for_each(|target| target.write(step))
    })?;
    targets.iter_mut().try_for_each(Target::end_day)?;
    exported.passed_over = passed_over;
    Ok(exported)
}

impl Target {
    fn begin(table: Table, format: ExportFormat, options: &ExportArguments) -> Result<Self, Failure> {
        let name = format!("paritywatch-{}-{}.{}", table.name(), options.period.label, format.name());
        let (path, unfinished) = (options.to.join(&name), options.to.join(format!("{name}.new")));
        let file = ExportFile::begin(format, table, make(&unfinished, FOR_ALL)?);
        let file = file.map_err(|error| {
            let _ = std::fs::remove_file(&unfinished);
            Failure::file("make", &unfinished, &error)
        })?;
        Ok(Self { table, path, unfinished, file, rows: 0 })
    }

    fn write(&mut self, step: &Step<'_>) -> Result<(), Failure> {
        for cells in export_rows(self.table, step.entry, &step.findings, &step.funnel) {
            self.rows += 1;
            self.file.row(&cells).map_err(|error| Failure::file("write", &self.unfinished, &error))?;
        }
        Ok(())
    }

    fn end_day(&mut self) -> Result<(), Failure> {
        self.file.end_day().map_err(|error| Failure::file("write", &self.unfinished, &error))
    }

    /// Gives the file its name; returns what is told of it.
    fn end(self) -> Result<String, Failure> {
        let Self { path, unfinished, file, rows, .. } = self;
        let ended = file.end().and_then(|file| file.sync_all());
        ended.map_err(|error| Failure::file("write", &unfinished, &error))?;
        std::fs::rename(&unfinished, &path).map_err(|error| Failure::file("replace", &path, &error))?;
        Ok(format!("{}: {rows} rows", path.display()))
    }

    /// Removes what is not whole.
    fn give_up(&self) {
        // Whoever reads the error sees the name; the file does no harm.
        let _ = std::fs::remove_file(&self.unfinished);
    }
}

impl Exported {
    fn note(&mut self, step: &Step<'_>) {
        self.days.insert(step.day);
        self.day = Some(step.day);
        if step.entry.is_release {
            self.releases += 1;
            self.first = self.first.or(Some(step.entry.as_of));
            self.last = Some(step.entry.as_of);
        }
    }

    /// Says how much of the period the history has: silence is not compliance.
    fn told(&self, period: &Period) -> String {
        let whole = period.last - period.first + 1;
        let date = |time: Option<EventTime>| time.map_or_else(|| "none".to_owned(), |time| day_text(day_of(time)));
        let (text, days, releases) = (&period.label, self.days.len(), self.releases);
        let missing = self.missing(period);
        let (first, last) = (date(self.first), date(self.last));
        let PassedOver { entries, transitions, .. } = self.passed_over;
        let twice = if entries + transitions > 0 {
            format!("; {entries} entries and {transitions} transitions were there already and are left out")
        } else {
            String::new()
        };
        format!(
            "{text}: the history has {days} of {whole} days, and {releases} releases, the first of {first}, the last of {last}{missing}{twice}"
        )
    }

    /// Days of which there is nothing, those in a row together.
    fn missing(&self, period: &Period) -> String {
        let mut rows: Vec<(i64, i64)> = Vec::new();
        for day in period.days().filter(|day| !self.days.contains(day)) {
            match rows.last_mut() {
                Some((_, last)) if *last + 1 == day => *last = day,
                _ => rows.push((day, day)),
            }
        }
        let told = |(first, last): &(i64, i64)| {
            if first == last { day_text(*first) } else { format!("{}..{}", day_text(*first), day_text(*last)) }
        };
        let mut shown: Vec<String> = rows.iter().take(MAX_MISSING).map(told).collect();
        if rows.len() > shown.len() {
            shown.push(format!("and {} more", rows.len() - shown.len()));
        }
        if shown.is_empty() { String::new() } else { format!("; without any: {}", shown.join(", ")) }
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::DamagedHistory { .. } => Self::Data(error.to_string()),
            _ => Self::io(error),
        }
    }
}

fn parse_format(text: &str) -> Result<ExportFormat, String> {
    let found = ExportFormat::ALL.into_iter().find(|format| format.name() == text);
    found.ok_or_else(|| format!("expected parquet, csv or json, found {text:?}"))
}

/// Reads a period of the command line.
///
/// # Errors
/// Says what was expected and found.
pub(super) fn parse_period(text: &str) -> Result<Period, String> {
    Period::parse(text).ok_or_else(|| {
        format!(
            "expected a period such as 2026, 2026-Q3, 2026-09, 2026-09-30 or 2026-07-01..2026-09-30, found {text:?}"
        )
    })
}
