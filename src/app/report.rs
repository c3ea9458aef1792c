//! `report`: the evaluation report of a period, from the daemon's history or from files of events. It reads beside a running daemon.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::arguments::{ConfigArgument, load, parse_time};
use super::daemon::is_held;
use super::export::parse_period;
use super::failure::{Failure, Finished};
use super::files::{ByDay, Input, check_losses, cut_off, parse_share};
use super::report_files::{ReportFiles, ReportFormat, WrittenFile};
use super::unfinished::lock_folder;
use crate::checkpoint::audit::{Checkpoint, Ground, ground};
use crate::checkpoint::reports::{
    Handing, MAX_FILES, MadeFile, MadeReport, MadeWith, RestsOn, give_to_owner, hand_over,
};
use crate::checkpoint::{HistoryReader, PassedOver, Unwritten, day_text};
use crate::disclosure::Kept;
use crate::monitor::Output;
use crate::plan::{EventTime, Period, PeriodKind};
use crate::render::rfc3339;
use crate::render::words::Language;
use crate::report::{Asked, AuditPosition, Builder, Report, Source};
use crate::settings::Settings;

/// How long a running daemon may take to enter the report into its audit log.
const LOGGED_WITHIN: Duration = Duration::from_secs(15);

/// What is reported, and how.
#[derive(Args, Clone, Debug)]
pub struct ReportArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// A year (2026), a quarter (2026-Q3), a month (2026-09), a day (2026-09-30), or two days (2026-07-01..2026-09-30), both inclusive; days are UTC.
    /// Or last-month, last-quarter, last-year: the last one that has ended
    #[arg(long, value_parser = parse_report_period)]
    period: Period,
    /// Languages, separated by commas: nl, en
    #[arg(long, value_delimiter = ',', default_value = "nl,en", value_parser = parse_language)]
    lang: Vec<Language>,
    /// Formats, separated by commas: html, json, csv, register
    #[arg(long, value_delimiter = ',', default_value = "html,json,csv", value_parser = parse_format)]
    format: Vec<ReportFormat>,
    /// The folder of the files, which is made where it is not there [default: report.dir]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Report on a period that has not ended yet, up to now or to --as-of
    #[arg(long)]
    to_date: bool,
    /// The end of what is read, inclusive, of a period that is over, too: with the beginning of a day the report can be made again later. With FILE:
    /// evaluate then [default: the newest event that the others support]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<EventTime>,
    /// With FILE: end with exit code 65 when a larger share of the lines, 0 to 1, was not counted
    #[arg(long, value_name = "SHARE", default_value = "0.01", value_parser = parse_share)]
    max_lost: f64,
    /// Files of events in any order: JSON lines or CSV, plain or compressed by gzip or Zstandard, or Parquet; - for JSON lines on standard input [default: the history in state.dir]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A report, and what is said beside it.
struct Made {
    report: Report,
    is_empty: bool,
    /// Of files, if too many lines were not counted.
    lost: Option<Failure>,
}

/// Writes the files of a report, prints each with its SHA-256, and hands the hashes over to the audit log. The same history gives the same bytes.
///
/// # Errors
/// [`Failure::Usage`] for a period that has not begun, or has not ended, without `--to-date`; [`Failure::Data`] if there is no history, and once
/// the files are written if nothing of the period was there, or too many lines of files were not counted; [`Failure::Io`] if a file cannot be read or written.
pub fn run(arguments: &ReportArguments) -> Result<Finished, Failure> {
    let settings = load(&arguments.config.config)?;
    let asked = asked(arguments, &settings, now())?;
    // Before the work: it may take minutes.
    let folder = folder(arguments, &settings)?;
    let _lock = lock_folder(&folder)?;
    let state = is_folder_of_reports(&folder, &settings).then_some(settings.state.dir.as_path());
    let made =
        if arguments.files.is_empty() { of_history(&settings, asked)? } else { of_files(arguments, &settings, asked)? };
    let formats: BTreeSet<ReportFormat> = arguments.format.iter().copied().collect();
    let written = ReportFiles {
        report: &made.report,
        languages: &languages(arguments),
        formats: &formats,
        folder: &folder,
        state,
    }
    .write()?;
    for WrittenFile { path, bytes, sha256, .. } in &written {
        println!("{}: {bytes} bytes, SHA-256 {sha256}", path.display());
    }
    if arguments.files.is_empty() {
        hand(&settings, (&made, state.is_some()), (&languages(arguments), &formats), &written)?;
    }
    println!("{}", told(&made.report));
    if made.is_empty {
        let period = &made.report.period.label;
        return Err(Failure::Data(format!(
            "{period}: expected a release in the period, found none: the report says that nothing was heard"
        )));
    }
    made.lost.map_or(Ok(Finished::Ok), Err)
}

/// What is asked, as far as it can be told by `now`.
fn asked(arguments: &ReportArguments, settings: &Settings, now: EventTime) -> Result<Asked, Failure> {
    let ReportArguments { period, to_date, as_of, files, .. } = arguments;
    let until = as_of.map_or(now, |as_of| as_of.min(now));
    if period.start() >= until {
        return Err(Failure::Usage(format!(
            "--period: expected a period that has begun by {}, found {}, which begins on {}",
            rfc3339(until).unwrap_or_default(),
            period.label,
            told_day(period.first)
        )));
    }
    let has_ended = period.end() <= until;
    if !has_ended && !to_date {
        return Err(Failure::Usage(format!(
            "--period: expected a period that has ended by {}, found {}, which ends on {}; --to-date reports what there is",
            rfc3339(until).unwrap_or_default(),
            period.label,
            told_day(period.last)
        )));
    }
    let to_date = (!has_ended && *to_date).then_some(until);
    Ok(Asked {
        period: period.clone(),
        to_date,
        // Without --as-of the clock says it, and the report says what that was.
        as_of: to_date.or(*as_of),
        settle: settings.plan.window.settle(),
        source: if files.is_empty() { Source::History } else { Source::Replay },
        release_every: settings.plan.disclosure.release_every,
    })
}

/// A day, also where the calendar ends.
fn told_day(day: i64) -> String {
    let text = day_text(day);
    if text.is_empty() { "the last day of the calendar".to_owned() } else { text }
}

fn of_history(settings: &Settings, asked: Asked) -> Result<Made, Failure> {
    let reader = HistoryReader::new(&settings.state.dir);
    if !reader.folder().is_dir() {
        return Err(Failure::Data(format!(
            "{}: expected a history, found no such folder (state.dir)",
            reader.folder().display()
        )));
    }
    let days = asked.days();
    // The day before the period says what was so when it began.
    let before = reader.days()?.into_iter().rfind(|day| day < days.start());
    let mut builder = Builder::new(asked);
    let mut unreadable = Vec::new();
    let walked = reader.walk_until(
        before.unwrap_or(*days.start())..=*days.end(),
        |step| {
            builder.take(step);
            Ok::<_, Failure>(if builder.has_settled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        },
        |error| {
            unreadable.push(error.to_string());
            Ok(())
        },
    );
    let PassedOver { unreadable: before, early, .. } = walked?;
    let early = early.iter().filter(|file| builder.concerns(file.after)).map(ToString::to_string);
    for problem in before.into_iter().chain(unreadable).chain(early.collect::<Vec<_>>()) {
        eprintln!("paritywatch: warning: {problem}");
        builder.note_unreadable(in_report(&problem, reader.folder()));
    }
    let audit = rests_on(&settings.state.dir, &mut builder);
    let is_empty = builder.is_empty();
    Ok(Made { report: builder.finish(&settings.plan, audit), is_empty, lost: None })
}

/// The place in the audit log that the history of the report rests on. What is wrong with the log is told.
fn rests_on(state: &Path, builder: &mut Builder) -> Option<AuditPosition> {
    let [first, last] = builder.told()?;
    let Ground { position, problems } = match ground(state, first, last) {
        Ok(ground) => ground,
        Err(error) => {
            // The words of the operating system are not in the report.
            eprintln!("paritywatch: warning: {error}");
            builder.note_audit("audit: it cannot be read".to_owned());
            return None;
        }
    };
    for problem in problems {
        eprintln!("paritywatch: warning: audit log: {problem}");
        builder.note_audit(problem);
    }
    position.map(|Checkpoint { origin, size, root }| AuditPosition {
        origin,
        size,
        root: Checkpoint::shown_root(&root),
    })
}

fn of_files(arguments: &ReportArguments, settings: &Settings, mut asked: Asked) -> Result<Made, Failure> {
    let release_every = asked.release_every;
    let ReportArguments { files, as_of, max_lost, .. } = arguments;
    let mut input = ByDay::open(Input { files, as_of: *as_of, in_order: false }, settings)?;
    if let Some(now) = asked.to_date.filter(|_| as_of.is_none()) {
        // The report says up to when it is, and is made with that time once more.
        let supported = input.supported(settings).filter(|end| *end > asked.period.start());
        let end = supported.map_or(now, |end| end.min(now));
        (asked.to_date, asked.as_of) = (Some(end), Some(end));
        input.end_at(end);
    }
    let (mut builder, mut history) = (Builder::new(asked), Unwritten::default());
    let (monitor, losses) = input.count(settings, &mut |monitor| {
        while let Some(output) = monitor.poll_output() {
            if let Output::Published(published) = output {
                history.add(&Kept::of(&published, &[]), release_every, |step| builder.take(step));
            }
        }
    })?;
    history.finish(|step| builder.take(step));
    let events = monitor.health().events;
    if events.read > 0 && events.rejected == events.read {
        return Err(Failure::Data(format!("expected events of the contract, found none in {} lines", events.read)));
    }
    let lost = check_losses((&events, cut_off(&events, *as_of)), &losses, *max_lost).err();
    let is_empty = builder.is_empty();
    Ok(Made { report: builder.finish(&settings.plan, None), is_empty, lost })
}

/// The folder of the files, which is made where it is not there.
fn folder(arguments: &ReportArguments, settings: &Settings) -> Result<PathBuf, Failure> {
    use std::os::unix::fs::DirBuilderExt;
    if let Some(folder) = &arguments.to {
        return match std::fs::create_dir(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(Failure::file("make", folder, &error))
            }
            _ => Ok(folder.clone()),
        };
    }
    let folder = settings.report_dir();
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        // The daemon serves what is in it.
        Ok(()) => give_to_owner(&settings.state.dir, &folder).map_err(Failure::io)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Failure::file("make", &folder, &error)),
    }
    Ok(folder)
}

/// Whether the daemon serves what is in a folder, which is there.
fn is_folder_of_reports(folder: &Path, settings: &Settings) -> bool {
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    whole(folder).is_some_and(|folder| whole(&settings.report_dir()) == Some(folder))
}

/// Each language once, in the order that was asked for.
fn languages(arguments: &ReportArguments) -> Vec<Language> {
    let mut languages = Vec::new();
    for language in &arguments.lang {
        if !languages.contains(language) {
            languages.push(*language);
        }
    }
    languages
}

/// Tells the audit log of the files.
fn hand(
    settings: &Settings,
    (Made { report, is_empty, .. }, in_folder): (&Made, bool),
    (languages, formats): (&[Language], &BTreeSet<ReportFormat>),
    written: &[WrittenFile],
) -> Result<(), Failure> {
    let file =
        |file: &WrittenFile| MadeFile { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.clone() };
    debug_assert!(written.len() <= MAX_FILES, "a report has some dozen files");
    let is_document = [ReportFormat::Html, ReportFormat::Json].iter().any(|format| formats.contains(format));
    let made = MadeReport {
        period: report.period.clone(),
        is_whole: is_document && report.to_date.is_none() && !is_empty,
        languages: languages.iter().map(|language| language.code().to_owned()).collect(),
        formats: formats.iter().map(|format| format.name().to_owned()).collect(),
        files: written.iter().map(file).collect(),
        made_at: now(),
        rests_on: report.audit.clone().map(|AuditPosition { origin, size, root }| RestsOn { origin, size, root }),
        made_with: Some(MadeWith {
            config_hash: report.config_hash.clone(),
            in_folder,
            is_to_date: report.to_date.is_some(),
        }),
    };
    let handed = hand_over(&settings.state.dir, &made).map_err(Failure::io)?;
    println!(
        "{}",
        match handed.wait(if is_held(&settings.state.dir) { LOGGED_WITHIN } else { Duration::ZERO }) {
            Handing::Logged => "audit log: it has the hashes of these files",
            Handing::Waits => "audit log: the daemon enters the hashes of these files when it runs",
        }
    );
    Ok(())
}

/// What the report says of a file of the history that cannot be read: its name, and no words of the operating system. Its bytes depend on neither.
fn in_report(problem: &str, folder: &Path) -> String {
    const OF_SYSTEM: &str = "it cannot be read:";
    let named = problem.replace(&format!("{}/", folder.display()), "");
    named.split_once(OF_SYSTEM).map(|(before, _)| format!("{before}it cannot be read")).unwrap_or(named)
}

/// Says how much of the period was there: silence is not compliance.
fn told(report: &Report) -> String {
    let coverage = &report.coverage;
    let unheard = report.profiles.iter().filter(|profile| !profile.was_heard()).count();
    let (label, days, with) = (&report.period.label, coverage.days, coverage.days_with_release);
    let to_date = report.to_date.and_then(rfc3339).map_or_else(String::new, |until| format!(" to date ({until})"));
    let mut text = format!(
        "{label}{to_date}: {with} of {days} days have a release, {} releases; {} profiles, nothing was heard of {unheard}",
        coverage.releases,
        report.profiles.len()
    );
    if !coverage.days_without.is_empty() {
        let shown: Vec<&str> = coverage.days_without.iter().take(10).map(String::as_str).collect();
        let more = coverage.days_without.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text += &format!("; without a release: {}{more}", shown.join(", "));
    }
    text
}

fn now() -> EventTime {
    EventTime(jiff::Timestamp::now().as_millisecond())
}

/// Reads a period, or the word for the last one of its kind that has ended.
fn parse_report_period(text: &str) -> Result<Period, String> {
    let kind = PeriodKind::ALL.into_iter().find(|kind| text.strip_prefix("last-") == Some(kind.name()));
    let last = kind.map(|kind| Ok(kind.before(&kind.around(now()))));
    last.unwrap_or_else(|| {
        parse_period(text).map_err(|problem| format!("{problem}; or last-month, last-quarter, last-year"))
    })
}

fn parse_language(text: &str) -> Result<Language, String> {
    let known = [Language::Dutch, Language::English].into_iter().find(|language| language.code() == text);
    known.ok_or_else(|| format!("expected nl or en, found {text:?}"))
}

fn parse_format(text: &str) -> Result<ReportFormat, String> {
    let found = ReportFormat::ALL.into_iter().find(|format| format.name() == text);
    found.ok_or_else(|| format!("expected html, json, csv or register, found {text:?}"))
}
