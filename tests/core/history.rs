//! The history on disk: a crash at any moment loses nothing and repeats nothing, what is damaged is left alone, and what is old makes room.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use paritywatch::checkpoint::{CheckpointError, HISTORY_FOLDER, History, HistoryReader, Owner, day_of};
use paritywatch::disclosure::{
    Kept, KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey, KeptPeriods, KeptQuality, KeptTransition,
};
use paritywatch::monitor::{Clock, Monitor, Output};
use paritywatch::plan::{EventTime, Plan, Span};
use paritywatch::settings::HistoryLimits;

use crate::support::state::{KEY, NOW, events, feed, fresh, plan, usual};

const LIMITS: HistoryLimits =
    HistoryLimits { keep: Span(2_557 * 86_400_000), full_resolution: Span(35 * 86_400_000), max_bytes: 4 << 30 };
/// Thinned after two days: the stream takes eight.
const THINNING: HistoryLimits = HistoryLimits { full_resolution: Span(2 * 86_400_000), ..LIMITS };
const EVERY: Span = Span::HOUR;
const CASES: u64 = 700;

/// What the history tells: of each entry its time, whether it is a release, and its rows.
type Told =
    (EventTime, EventTime, bool, Vec<(KeptKey, KeptFinding)>, Vec<(KeptFunnelKey, KeptFunnel)>, Vec<KeptTransition>);

/// Evaluations of a stream, so many events apart.
fn evaluations(plan: &Plan, step: usize) -> Vec<Kept> {
    let mut monitor = fresh(plan);
    let lines = events(CASES);
    lines.chunks(step).map(|chunk| next(&mut monitor, chunk)).collect()
}

fn next(monitor: &mut Monitor, lines: &[String]) -> Kept {
    feed(monitor, lines);
    monitor.handle_tick(NOW);
    let mut published = None;
    while let Some(output) = monitor.poll_output() {
        if let Output::Published(latest) = output {
            published = Some(latest);
        }
    }
    Kept::of(&published.unwrap_or_else(|| monitor.published()), &[])
}

/// The wall-clock time at which an evaluation is told.
fn told_at(index: usize) -> EventTime {
    NOW.plus(Span(i64::try_from(index).unwrap() * 1_000))
}

fn history(folder: &Path, limits: HistoryLimits) -> History {
    History::open(&Owner::claim(folder).unwrap(), limits).unwrap()
}

fn add(history: &mut History, evaluations: &[Kept], from: usize) {
    for (index, kept) in evaluations.iter().enumerate().skip(from) {
        history.add(kept, told_at(index), EVERY).unwrap();
    }
}

fn told(folder: &Path) -> Vec<Told> {
    let mut told = Vec::new();
    let walked = HistoryReader::new(folder).walk(i64::MIN..=i64::MAX, |step| {
        let findings = step.findings.iter().map(|(key, row)| ((*key).clone(), (*row).clone())).collect();
        let funnel = step.funnel.iter().map(|(key, row)| ((*key).clone(), (*row).clone())).collect();
        let entry = step.entry;
        told.push((entry.as_of, entry.told_at, entry.is_release, findings, funnel, entry.transitions.clone()));
        Ok::<(), CheckpointError>(())
    });
    walked.unwrap();
    told
}

/// The files of the history, by name.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let listing = std::fs::read_dir(folder.join(HISTORY_FOLDER)).unwrap();
    listing
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().into(), std::fs::read(path).unwrap()))
        .collect()
}

fn with_files(files: &BTreeMap<PathBuf, Vec<u8>>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(HISTORY_FOLDER)).unwrap();
    files
        .iter()
        .for_each(|(name, bytes)| std::fs::write(folder.path().join(HISTORY_FOLDER).join(name), bytes).unwrap());
    folder
}

#[test]
fn every_release_is_told_once_with_every_row_and_what_happens_between_is_told_too() {
    let evaluations = evaluations(&plan(&usual()), 31);
    let folder = tempfile::tempdir().unwrap();
    add(&mut history(folder.path(), LIMITS), &evaluations, 0);
    let told = told(folder.path());
    let mut tick = None;
    for (as_of, _, is_release, findings, funnel, _) in &told {
        let kept = evaluations.iter().find(|kept| kept.as_of == *as_of).unwrap();
        if *is_release {
            let (mut expected, mut rows) = (kept.findings.clone(), kept.funnel.clone());
            let periods = KeptPeriods::of(kept.periods.as_ref().unwrap());
            assert!(!periods.findings.is_empty() && !periods.funnel.is_empty());
            expected.extend(periods.findings);
            rows.extend(periods.funnel);
            expected.sort_by(|one, other| one.0.cmp(&other.0));
            rows.sort_by(|one, other| one.0.cmp(&other.0));
            assert!((findings, funnel) == (&expected, &rows));
            assert!(tick < Some(as_of.0 / EVERY.0), "a release for each tick");
            tick = Some(as_of.0 / EVERY.0);
        } else {
            assert!(funnel.is_empty());
        }
        for (key, row) in findings.iter().filter(|(key, _)| !key.is_of_period()) {
            let (_, now) = kept.findings.iter().find(|(known, _)| known == key).unwrap();
            assert_eq!((&row.verdict, &row.reason), (&now.verdict, &now.reason), "verdicts are those of the moment");
        }
    }
    let transitions: Vec<_> =
        told.iter().flat_map(|told| &told.5).map(|row| (&row.alert, &row.transition, row.at)).collect();
    let mut distinct = transitions.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), transitions.len(), "nothing is told twice");
    let last = &evaluations.last().unwrap().transitions;
    assert!(!last.is_empty());
    last.iter().for_each(|row| {
        assert!(transitions.iter().any(|(alert, what, _)| (*alert, *what) == (&row.alert, &row.transition)))
    });
    assert!(told.iter().filter(|told| told.2).count() > 20 && files(folder.path()).len() > 5);
}

/// A daemon that was killed reads its checkpoint, which is older than the history, and counts again.
#[test]
fn killed_at_any_byte_of_any_write_it_tells_what_it_would_have_told() {
    let evaluations = evaluations(&plan(&usual()), 67);
    let (folder, mut before) = (tempfile::tempdir().unwrap(), BTreeMap::new());
    let mut written = history(folder.path(), LIMITS);
    let mut crashes = Vec::new();
    for (index, kept) in evaluations.iter().enumerate() {
        written.add(kept, told_at(index), EVERY).unwrap();
        let after = files(folder.path());
        for (name, bytes) in &after {
            let begin = before.get(name).map_or(0, Vec::len);
            let length = bytes.len() - begin;
            for cut in [0, 1, 10, 22, 30, length / 2, length.saturating_sub(1), length]
                .into_iter()
                .filter(|cut| *cut <= length && length > 0)
            {
                let mut cut_off = after.clone();
                cut_off.insert(name.clone(), bytes[..begin + cut].to_vec());
                crashes.push((index, cut_off));
            }
        }
        before = after;
    }
    let expected = told(folder.path());
    assert!(crashes.len() > 150, "{}", crashes.len());
    for (index, files_left) in crashes.iter().step_by(3) {
        let folder = with_files(files_left);
        // What was torn is told again, and what was told is not.
        add(&mut history(folder.path(), LIMITS), &evaluations, index.saturating_sub(7));
        assert!(told(folder.path()) == expected, "killed in evaluation {index}");
        let after = files(folder.path());
        files_left
            .iter()
            .for_each(|(name, bytes)| assert_eq!(&after[name], bytes, "nothing is written behind a torn end"));
    }
}

#[test]
fn a_restored_daemon_that_ticks_at_other_moments_adds_no_release_twice() {
    let plan = plan(&usual().replace("min_cell = 0", "min_cell = 3"));
    let lines = events(CASES);
    let folder = tempfile::tempdir().unwrap();
    let mut monitor = fresh(&plan);
    let mut checkpoint = None;
    let mut first = history(folder.path(), LIMITS);
    for (index, chunk) in lines[..lines.len() / 2].chunks(23).enumerate() {
        first.add(&next(&mut monitor, chunk), told_at(index), EVERY).unwrap();
        if index == 10 {
            checkpoint = Some((monitor.snapshot(), 11 * 23));
        }
    }
    drop(first);
    let before = told(folder.path());
    let (snapshot, read) = checkpoint.unwrap();
    let mut bytes = Vec::new();
    paritywatch::checkpoint::write(&crate::support::state::header(&plan), &snapshot, &mut bytes).unwrap();
    let mut restored = crate::support::state::fresh(&plan);
    restored = restore(&plan, &bytes).unwrap_or(restored);
    let mut second = history(folder.path(), LIMITS);
    for (index, chunk) in lines[read..].chunks(17).enumerate() {
        second.add(&next(&mut restored, chunk), told_at(1_000 + index), EVERY).unwrap();
    }
    assert!(second.health().earlier > 0, "it came past what was told");
    let after = told(folder.path());
    assert!(after[..before.len()] == before, "what was told first stays");
    assert!(after.len() > before.len());
    let ticks: Vec<i64> = after.iter().filter(|told| told.2).map(|told| told.0.0 / EVERY.0).collect();
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
}

fn restore(plan: &Plan, bytes: &[u8]) -> Option<Monitor> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("checkpoint"), bytes).unwrap();
    let store = paritywatch::checkpoint::Store::new(Owner::claim(folder.path()).unwrap());
    store.read(plan.clone(), KEY, Clock::Wall).unwrap().map(|stored| stored.monitor)
}

#[test]
fn days_that_are_not_new_are_thinned_to_their_last_release_and_no_transition_is_lost() {
    let evaluations = evaluations(&plan(&usual()), 31);
    let (whole, thin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    add(&mut history(whole.path(), LIMITS), &evaluations, 0);
    let mut thinning = history(thin.path(), THINNING);
    add(&mut thinning, &evaluations, 0);
    let (whole, thin_told) = (told(whole.path()), told(thin.path()));
    let newest = day_of(whole.last().unwrap().0);
    for day in day_of(whole[0].0)..=newest {
        let releases = |told: &[Told]| {
            let of_day = told.iter().filter(|told| told.2 && day_of(told.0) == day);
            of_day.map(|told| (told.0, told.3.clone(), told.4.clone())).collect::<Vec<_>>()
        };
        let (all, kept) = (releases(&whole), releases(&thin_told));
        let expected = if day < newest - 2 { all.last().cloned().into_iter().collect() } else { all };
        assert!(kept == expected, "day {}", day - newest);
    }
    let transitions = |told: &[Told]| told.iter().flat_map(|told| told.5.clone()).collect::<Vec<_>>();
    assert!(transitions(&thin_told) == transitions(&whole));
    // Each change of a verdict is there, at its time.
    let verdicts = |told: &[Told]| {
        let mut last: BTreeMap<KeptKey, Option<String>> = BTreeMap::new();
        let mut changes = Vec::new();
        for (as_of, _, _, findings, _, _) in told {
            for (key, row) in findings {
                if last.insert(key.clone(), row.verdict.clone()).is_some_and(|before| before != row.verdict) {
                    changes.push((*as_of, key.clone(), row.verdict.clone()));
                }
            }
        }
        changes
    };
    assert!(verdicts(&thin_told) == verdicts(&whole));
    let health = thinning.health();
    assert_eq!(health.releases, thin_told.iter().filter(|told| told.2).count() as u64);
    assert_eq!(health.bytes, files(thin.path()).values().map(|bytes| bytes.len() as u64).sum::<u64>());
    assert!(health.releases < whole.iter().filter(|told| told.2).count() as u64);
}

#[test]
fn killed_while_it_thins_a_day_is_as_it_was_or_thinned() {
    let evaluations = evaluations(&plan(&usual()), 31);
    let half = evaluations.len() / 2;
    let (whole, thin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    add(&mut history(whole.path(), LIMITS), &evaluations[..half], 0);
    add(&mut history(thin.path(), THINNING), &evaluations[..half], 0);
    let (before, after) = (files(whole.path()), files(thin.path()));
    let thinned: Vec<&PathBuf> = after.keys().filter(|name| name.to_string_lossy().contains(".day.")).collect();
    assert!(thinned.len() > 1, "{thinned:?}");
    let uninterrupted = tempfile::tempdir().unwrap();
    add(&mut history(uninterrupted.path(), THINNING), &evaluations, 0);
    let expected = told(uninterrupted.path());
    let new = |name: &Path| PathBuf::from(format!("{}.new", name.display()));
    let mut crashes = vec![before.clone(), before.clone().into_iter().chain(after.clone()).collect()];
    for name in &thinned {
        let mut torn = before.clone();
        torn.insert(new(name), after[*name][..after[*name].len() / 2].to_vec());
        crashes.push(torn);
        let mut renamed = before.clone();
        renamed.insert((*name).clone(), after[*name].clone());
        crashes.push(renamed);
    }
    for left in crashes {
        let folder = with_files(&left);
        add(&mut history(folder.path(), THINNING), &evaluations, half - 3);
        assert!(told(folder.path()) == expected, "{:?}", left.keys());
        assert!(files(folder.path()).keys().all(|name| !name.to_string_lossy().ends_with(".new")));
    }
}

#[test]
fn damage_is_told_with_its_place_and_left_as_it_is_and_the_history_goes_on() {
    let evaluations = evaluations(&plan(&usual()), 31);
    let half = evaluations.len() / 2;
    let folder = tempfile::tempdir().unwrap();
    add(&mut history(folder.path(), LIMITS), &evaluations[..half], 0);
    // Of a day with more than one entry: the end of a file may be torn.
    let name = files(folder.path()).keys().nth_back(1).unwrap().clone();
    let path = folder.path().join(HISTORY_FOLDER).join(&name);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let mut history = history(folder.path(), LIMITS);
    add(&mut history, &evaluations, half);
    let health = history.health();
    assert_eq!((health.damaged, health.failed), (1, 0));
    let trouble = health.trouble.unwrap();
    assert!(trouble.contains(&name.display().to_string()) && trouble.contains("the entry at byte 22"), "{trouble}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "it was left as it was");
    let reader = HistoryReader::new(folder.path());
    let problem = reader.walk(i64::MIN..=i64::MAX, |_| Ok::<(), CheckpointError>(())).unwrap_err();
    assert!(matches!(problem, CheckpointError::DamagedHistory { .. }), "{problem}");
    // Moved away, the rest can be read, and the trouble is over.
    std::fs::remove_file(&path).unwrap();
    assert!(told(folder.path()).len() > 10 && history.health().trouble.is_none());
    let last = evaluations.last().unwrap();
    assert_eq!(told(folder.path()).last().unwrap().0, last.as_of);
}

/// A file that stands for a whole day was on disk before it got its name: there is no end that a crash may have cut off.
#[test]
fn of_a_thinned_day_a_torn_end_is_damage() {
    let evaluations = evaluations(&plan(&usual()), 67);
    let folder = tempfile::tempdir().unwrap();
    add(&mut history(folder.path(), THINNING), &evaluations, 0);
    let thinned = files(folder.path()).into_iter().find(|(name, _)| name.to_string_lossy().contains(".day.")).unwrap();
    for length in [0, 10, 22, 40, thinned.1.len() - 1] {
        std::fs::write(folder.path().join(HISTORY_FOLDER).join(&thinned.0), &thinned.1[..length]).unwrap();
        let walked = HistoryReader::new(folder.path()).walk(i64::MIN..=i64::MAX, |_| Ok::<(), CheckpointError>(()));
        assert!(matches!(walked, Err(CheckpointError::DamagedHistory { .. })), "{length} bytes");
    }
}

#[test]
fn what_is_old_and_what_is_too_much_is_removed_and_a_day_that_does_not_fit_is_refused() {
    let evaluations = evaluations(&plan(&usual()), 31);
    let whole = tempfile::tempdir().unwrap();
    let mut all = history(whole.path(), LIMITS);
    add(&mut all, &evaluations, 0);
    let days = |folder: &Path| HistoryReader::new(folder).days().unwrap();
    let newest = *days(whole.path()).last().unwrap();
    let short = tempfile::tempdir().unwrap();
    add(&mut history(short.path(), HistoryLimits { keep: Span::DAY.times(3), ..LIMITS }), &evaluations, 0);
    assert_eq!(days(short.path()), (newest - 3..=newest).collect::<Vec<_>>());
    let small = tempfile::tempdir().unwrap();
    let max_bytes = all.health().bytes / 2;
    let mut bounded = history(small.path(), HistoryLimits { max_bytes, ..LIMITS });
    add(&mut bounded, &evaluations, 0);
    let health = bounded.health();
    assert!(health.removed > 0 && health.bytes <= max_bytes, "{health:?}");
    assert_eq!(days(small.path()).last(), Some(&newest));
    let tiny = tempfile::tempdir().unwrap();
    let mut refused = history(tiny.path(), HistoryLimits { max_bytes: 100, ..LIMITS });
    let problem = refused.add(&evaluations[20], told_at(20), EVERY).unwrap_err().to_string();
    assert!(problem.contains("history.max_bytes (100) does not hold a single day"), "{problem}");
    assert_eq!((refused.health().failed, files(tiny.path()).len()), (1, 0));
}

#[test]
fn nothing_is_written_in_anothers_folder() {
    let evaluations = evaluations(&plan(&usual()), 211);
    let folder = tempfile::tempdir().unwrap();
    let mut first = history(folder.path(), LIMITS);
    add(&mut first, &evaluations[..2], 0);
    let before = files(folder.path());
    let _other = Owner::claim(folder.path()).unwrap();
    assert!(matches!(first.add(&evaluations[3], told_at(3), EVERY), Err(CheckpointError::Lost(_))));
    assert_eq!(files(folder.path()), before);
}

#[test]
fn files_and_folder_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let evaluations = evaluations(&plan(&usual()), 211);
    let folder = tempfile::tempdir().unwrap();
    add(&mut history(folder.path(), THINNING), &evaluations, 0);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let inner = folder.path().join(HISTORY_FOLDER);
    assert_eq!(mode(&inner), 0o700);
    files(folder.path()).keys().for_each(|name| assert_eq!(mode(&inner.join(name)), 0o600, "{}", name.display()));
}

/// A configuration whose state is in this folder, of one profile and one rule.
fn small(state: &Path) -> String {
    let profile = "[profiles.d]\nowner = \"o\"\n";
    let config = crate::support::state::config(profile, &[crate::support::state::POINT]);
    format!("{config}[state]\ndir = {state:?}\n")
}

/// A history of four releases over two days.
fn small_history(state: &Path) -> Plan {
    let plan = plan(&small(state));
    let mut monitor = fresh(&plan);
    let mut history = history(state, LIMITS);
    for (index, chunk) in events(150).chunks(61).enumerate() {
        history.add(&next(&mut monitor, chunk), told_at(index), EVERY).unwrap();
    }
    plan
}

fn export(state: &Path, to: &Path, period: &str, formats: &str) -> std::process::Output {
    let config = state.join("config.toml");
    std::fs::write(&config, small(state)).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    command.args(["export", "--period", period, "--format", formats, "--config"]).arg(config).arg("--to").arg(to);
    command.output().unwrap()
}

#[test]
fn an_export_is_the_golden_one_and_the_same_each_time_and_in_each_format() {
    let (state, first, second) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    small_history(state.path());
    let told = export(state.path(), first.path(), "2026-03", "csv,json,parquet");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let said = String::from_utf8(told.stdout).unwrap();
    assert!(said.contains("2026-03: the history has 2 of 31 days, and "), "{said}");
    assert!(export(state.path(), second.path(), "2026-03", "parquet,json,csv").status.success());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/export");
    for table in ["findings", "funnel", "transitions", "quality"] {
        let name = |format: &str| format!("paritywatch-{table}-2026-03.{format}");
        let bytes = |folder: &Path, format: &str| std::fs::read(folder.join(name(format))).unwrap();
        ["csv", "json", "parquet"]
            .iter()
            .for_each(|format| assert_eq!(bytes(first.path(), format), bytes(second.path(), format), "{format}"));
        let csv = bytes(first.path(), "csv");
        if std::env::var_os("PARITYWATCH_UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&golden).unwrap();
            std::fs::write(golden.join(name("csv")), &csv).unwrap();
        }
        assert!(std::fs::read(golden.join(name("csv"))).unwrap() == csv, "{table} differs from the golden one");
        let json: Vec<serde_json::Value> = serde_json::from_slice(&bytes(first.path(), "json")).unwrap();
        assert!(
            of_csv(std::str::from_utf8(&csv).unwrap()) == json.iter().map(of_json).collect::<Vec<_>>(),
            "{table}: CSV and JSON differ"
        );
        let parquet = of_parquet(&first.path().join(name("parquet")));
        assert!(parquet == json.iter().map(of_json).collect::<Vec<_>>(), "{table}: Parquet and JSON differ");
        assert!(!json.is_empty(), "{table}");
    }
    assert_eq!(std::fs::read_dir(first.path()).unwrap().count(), 12, "nothing unfinished is left");
}

/// Numbers to twelve digits: not every reader of JSON reads the last one.
fn normal(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), |number| format!("{number:.12e}"))
}

/// Rows as texts by column; what is absent is left out.
type Rows = Vec<BTreeMap<String, String>>;

fn of_csv(text: &str) -> Rows {
    let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let cells = names.iter().zip(cells(line)).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(name, cell)| ((*name).to_owned(), normal(&cell))).collect()
    };
    lines.map(row).collect()
}

/// The cells of a line, without their quotes. No text of this history has a line break.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    for character in line.chars() {
        match character {
            '"' => {
                // A quote within a text is written twice.
                is_quoted = !is_quoted;
                if is_quoted && cells.last().is_some_and(|cell| !cell.is_empty()) {
                    cells.last_mut().unwrap().push('"');
                }
            }
            ',' if !is_quoted => cells.push(String::new()),
            character => cells.last_mut().unwrap().push(character),
        }
    }
    cells
}

fn of_json(row: &serde_json::Value) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) if number.is_f64() => number.as_f64().unwrap().to_string(),
        other => other.to_string(),
    };
    let cells = row.as_object().unwrap().iter().filter(|(_, value)| !value.is_null() && value.as_str() != Some(""));
    cells.map(|(name, value)| (name.clone(), normal(&text(value)))).collect()
}

fn of_parquet(path: &Path) -> Rows {
    use parquet::file::reader::FileReader;
    use parquet::record::Field;
    let reader = parquet::file::reader::SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    assert!((1..=2).contains(&reader.num_row_groups()), "a row group for each day");
    let text = |field: &Field| match field {
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Bool(flag) => flag.to_string(),
        Field::TimestampMillis(millis) => jiff::Timestamp::from_millisecond(*millis).unwrap().to_string(),
        other => panic!("{other:?}"),
    };
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let row = |row: parquet::record::Row| {
        let cells = row
            .get_column_iter()
            .filter(|(_, field)| !matches!(field, Field::Null))
            .map(|(name, field)| (name.clone(), text(field)));
        cells.filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name, normal(&text))).collect()
    };
    rows.map(row).collect()
}

#[test]
fn an_export_says_what_is_wrong_by_its_exit_code() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let code =
        |output: &std::process::Output| (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
    let (none, problem) = code(&export(state.path(), to.path(), "2026", "csv"));
    assert!(none == Some(65) && problem.contains("expected a history, found no such folder (state.dir)"), "{problem}");
    small_history(state.path());
    for (period, format, found) in [("2026-Q5", "csv", "2026-Q5"), ("2026", "xlsx", "xlsx")] {
        let (usage, problem) = code(&export(state.path(), to.path(), period, format));
        assert!(usage == Some(64) && problem.contains(found), "{problem}");
    }
    let (data, problem) = code(&export(state.path(), to.path(), "2019", "csv"));
    assert!(
        data == Some(65) && problem.contains("2019: expected a day of the history in the period, found none"),
        "{problem}"
    );
    std::fs::read_dir(to.path()).unwrap().for_each(|table| std::fs::remove_file(table.unwrap().path()).unwrap());
    let (io, problem) = code(&export(state.path(), &to.path().join("missing"), "2026", "csv"));
    assert!(io == Some(74) && problem.contains("missing"), "{problem}");
    let path = state.path().join(HISTORY_FOLDER).join(files(state.path()).keys().next().unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (data, problem) = code(&export(state.path(), to.path(), "2026", "csv"));
    assert!(data == Some(65) && problem.contains("the entry at byte 22"), "{problem}");
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 0, "nothing unfinished is left");
}

#[test]
fn the_past_of_a_comparison_is_drawn_and_told_with_every_number_in_both_languages() {
    use paritywatch::render::page::{Past, Request, render_past};
    let evaluations = evaluations(&plan(&usual()), 31);
    let folder = tempfile::tempdir().unwrap();
    add(&mut history(folder.path(), THINNING), &evaluations, 0);
    let key = &evaluations.last().unwrap().transitions.last().unwrap().key;
    let anchor = key.anchor();
    let reader = HistoryReader::new(folder.path());
    let series = reader.series(&anchor, 90, 400, EVERY).unwrap();
    assert_eq!(series.key.as_ref(), Some(key));
    let expected: Vec<_> = told(folder.path())
        .into_iter()
        .flat_map(|told| {
            told.3
                .into_iter()
                .filter(|(known, _)| known == key)
                .map(|(_, row)| (told.0, told.2, row))
                .collect::<Vec<_>>()
        })
        .collect();
    let points: Vec<_> =
        series.points.iter().map(|point| (point.as_of, point.is_release, point.finding.clone())).collect();
    assert!(points == expected, "{} against {}", points.len(), expected.len());
    assert!(!series.transitions.is_empty() && series.left_out == 0);
    let thinned = reader.series(&anchor, 90, 5, EVERY).unwrap();
    assert_eq!((thinned.points.len(), thinned.left_out), (5, series.points.len() - 5));
    assert_eq!(thinned.points.last(), series.points.last());
    assert!(reader.series(&anchor, 1, 400, EVERY).unwrap().points.len() < series.points.len());
    assert_eq!(reader.series("finding.none", 90, 400, EVERY).unwrap().key, None);
    let json: serde_json::Value = serde_json::from_str(&series.to_json()).unwrap();
    assert_eq!(json["points"].as_array().unwrap().len(), series.points.len());
    let past = Past::of(Some(&format!("finding={anchor}"))).unwrap();
    for (language, words) in
        [("en", ["Over time", "Alert fires", "The numbers"]), ("nl", ["Door de tijd", "Alarm actief", "De getallen"])]
    {
        let page = render_past(&series, &past, &Request::of(Some(&format!("lang={language}")), None));
        words.iter().for_each(|word| assert!(page.contains(word), "{word}"));
        assert!(page.contains("<path class=\"band\"") && page.matches("<desc").count() >= 2, "there is a drawing");
        assert_eq!(page.matches("<tr>").count(), series.points.len() + series.transitions.len() + 2);
        assert!(
            !page.contains("<script") && !page.contains("style=\"") && !page.contains("NaN") && !page.contains("inf"),
            "nothing that cannot be shown"
        );
        let empty = render_past(&paritywatch::render::Series::default(), &past, &Request::of(None, None));
        assert!(empty.contains("nothing of this comparison"));
    }
}

/// Missing cases by cause, as most findings have them.
fn details(seed: u64) -> String {
    let side = |seed: u64| {
        let (late, none) = (seed % 300, seed % 1_700);
        format!(
            r#"{{"cases":{},"events":{},"share":{},"event_share":{},"by_cause":{{"late":{late},"no_group":{none}}},"suppressed":false}}"#,
            late + none,
            seed % 90,
            (seed % 50) as f64 / 1_000.0,
            (seed % 40) as f64 / 1_000.0,
        )
    };
    format!(r#"{{"missing":{{"group":{},"reference":{}}}}}"#, side(seed), side(seed / 7))
}

fn funnel_row(index: u64, seed: u64) -> (KeptFunnelKey, KeptFunnel) {
    let key = KeptFunnelKey {
        profile: format!("profile-{}", index / 20),
        channel: "profile".to_owned(),
        dimension: "origin".to_owned(),
        group: format!("group-{}", index % 5),
        window: format!("{}d", index / 5 % 4),
    };
    let stages = [100_000, 9_000, 8_000, 7_000, 900].map(|most| Some(seed % most / 5 * 5));
    (key, KeptFunnel { reference: "rest".to_owned(), stages, ..KeptFunnel::default() })
}

fn quality_row(index: u64, count: u64) -> KeptQuality {
    let (what, name) = ("events".to_owned(), Some(format!("result-{index}")));
    KeptQuality { what, name, count: Some(count / (index + 1)), ..KeptQuality::default() }
}

/// Prints how large the history of a year is. For docs/operation.md.
#[test]
#[ignore = "needs minutes: run by hand"]
fn size_of_a_year() {
    let rate = |seed: u64| paritywatch::disclosure::Measured {
        value: Some((seed % 97) as f64 / 37.0),
        lower: Some((seed % 89) as f64 / 41.0),
        upper: Some((seed % 83) as f64 / 29.0),
    };
    for profiles in [1_usize, 10] {
        let folder = tempfile::tempdir().unwrap();
        let mut history = history(folder.path(), LIMITS);
        // Four rules, four windows and five groups, of which every release changes a third; a funnel, and what is known of the data.
        let keys: Vec<KeptKey> = (0..profiles * 80)
            .map(|index| KeptKey {
                rule: format!("rule-of-disparity-{}", index % 4),
                kind: "disparity".to_owned(),
                profile: format!("profile-{}", index / 80),
                channel: "profile".to_owned(),
                dimension: Some("origin".to_owned()),
                group: Some(format!("group-{}", index / 4 % 5)),
                subject: None,
                reference: "rest".to_owned(),
                indicator: Some("selection_rate".to_owned()),
                window: format!("{}d", index / 20 % 4),
            })
            .collect();
        let mut rows: Vec<KeptFinding> = keys.iter().map(|_| KeptFinding::default()).collect();
        for hour in 0..365_u64 * 24 {
            for (index, row) in rows.iter_mut().enumerate() {
                let seed = (index as u64 * 7_919 + hour * 104_729).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
                if seed.is_multiple_of(3) {
                    let ratio = rate(seed);
                    *row = KeptFinding {
                        group_counts: Some([seed % 100_000, seed % 5_000]),
                        reference_counts: Some([seed % 300_000, seed % 9_000]),
                        group_rate: ratio.value,
                        reference_rate: ratio.lower,
                        ratio: Some(ratio),
                        difference: Some(rate(seed / 3)),
                        p_value: Some((seed % 1_009) as f64 / 1_013.0),
                        verdict: Some("within".to_owned()),
                        confidence: 0.95,
                        details: Some(details(seed)),
                        ..row.clone()
                    };
                }
            }
            let as_of = EventTime(1_767_225_600_000 + i64::try_from(hour).unwrap() * 3_600_000);
            let kept = Kept {
                as_of,
                released_at: Some(as_of),
                config_hash: "0123456789abcdef".to_owned(),
                findings: keys.iter().cloned().zip(rows.iter().cloned()).collect(),
                funnel: (0..profiles as u64 * 20).map(|index| funnel_row(index, index * 7_919 + hour / 3)).collect(),
                transitions: Vec::new(),
                quality: (0..12).map(|index| quality_row(index, hour * 5_000)).collect(),
                periods: None,
            };
            history.add(&kept, as_of, EVERY).unwrap();
        }
        let health = history.health();
        println!(
            "{profiles} profiles of 80 findings: {} bytes, {} releases, {} days",
            health.bytes, health.releases, health.days
        );
        let began = std::time::Instant::now();
        let series = HistoryReader::new(folder.path()).series(&keys[5].anchor(), 400, 400, EVERY).unwrap();
        println!("{} points read in {:?}", series.points.len(), began.elapsed());
    }
}

/// An evaluation of one finding, and of these changes of one alert, an hour each after the first.
fn kept_at(hour: i64, config_hash: &str, finding: KeptFinding, changes: &[(&str, i64)]) -> Kept {
    let key = KeptKey { rule: "r".to_owned(), profile: "p".to_owned(), window: "7d".to_owned(), ..KeptKey::default() };
    let as_of = NOW.plus(Span::HOUR.times(hour));
    let transition = |(what, at): &(&str, i64)| KeptTransition {
        at: EventTime(*at),
        transition: (*what).to_owned(),
        alert: "alert".to_owned(),
        severity: "warning".to_owned(),
        key: key.clone(),
        owner: "o".to_owned(),
        action: "a".to_owned(),
        measure: None,
        until: None,
        accepted_ratio: None,
        evidence: finding.clone(),
    };
    Kept {
        as_of,
        released_at: Some(NOW),
        config_hash: config_hash.to_owned(),
        transitions: changes.iter().map(transition).collect(),
        findings: vec![(key.clone(), finding)],
        funnel: Vec::new(),
        quality: Vec::new(),
        periods: None,
    }
}

fn open_row(verdict: &str) -> KeptFinding {
    KeptFinding {
        group_counts: Some([40, 4]),
        group_rate: Some(0.1),
        verdict: Some(verdict.to_owned()),
        confidence: 0.95,
        details: Some(r#"{"claim":{"log_e":1.5},"missing":{"group":{"cases":30}}}"#.to_owned()),
        ..KeptFinding::default()
    }
}

fn withheld_row(verdict: &str) -> KeptFinding {
    let details = Some(r#"{"claim":{"log_e":1.5}}"#.to_owned());
    KeptFinding { group_counts: None, group_rate: None, suppressed: true, details, ..open_row(verdict) }
}

fn last_row(folder: &Path) -> (bool, KeptFinding) {
    let told = told(folder);
    let last = told.last().unwrap();
    (last.2, last.3[0].1.clone())
}

#[test]
fn what_a_new_configuration_withholds_does_not_stand_beside_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = history(folder.path(), LIMITS);
    history.add(&kept_at(0, "a", open_row("within"), &[]), NOW, EVERY).unwrap();
    // The tick is the same. A restart changes nothing about that.
    history.add(&kept_at(0, "b", withheld_row("critical"), &[]), NOW, EVERY).unwrap();
    assert_eq!(last_row(folder.path()), (true, withheld_row("critical")));
    drop(history);
    let mut history = self::history(folder.path(), LIMITS);
    history.add(&kept_at(0, "b", withheld_row("warning"), &[]), NOW, EVERY).unwrap();
    assert_eq!(last_row(folder.path()), (false, withheld_row("warning")));
    // Thresholds of a third one, on the same tick: the numbers are those of now.
    let row = KeptFinding { group_counts: Some([41, 5]), ..open_row("within") };
    history.add(&kept_at(0, "c", row.clone(), &[]), NOW, EVERY).unwrap();
    assert_eq!(last_row(folder.path()), (true, row));
}

#[test]
fn between_releases_a_number_that_is_withheld_by_now_is_not_told_and_an_open_one_is_that_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = history(folder.path(), LIMITS);
    history.add(&kept_at(0, "a", open_row("within"), &[]), NOW, EVERY).unwrap();
    history.add(&kept_at(0, "a", withheld_row("critical"), &[]), NOW, EVERY).unwrap();
    assert_eq!(last_row(folder.path()), (false, withheld_row("critical")));
    let open = |row: KeptFinding| Kept { released_at: None, as_of: NOW, ..kept_at(0, "a", row, &[]) };
    let other = tempfile::tempdir().unwrap();
    let mut history = self::history(other.path(), LIMITS);
    history.add(&open(open_row("within")), NOW, EVERY).unwrap();
    let row = KeptFinding { group_counts: Some([50, 9]), ..open_row("critical") };
    history.add(&open(row.clone()), NOW, EVERY).unwrap();
    assert_eq!(last_row(other.path()), (false, row));
}

#[test]
fn what_cannot_be_read_is_named_counted_and_left_and_stops_nothing() {
    let evaluations = evaluations(&plan(&usual()), 67);
    let folder = tempfile::tempdir().unwrap();
    let half = evaluations.len() / 2;
    add(&mut history(folder.path(), THINNING), &evaluations[..half], 0);
    let inner = folder.path().join(HISTORY_FOLDER);
    let newest = files(folder.path()).keys().next_back().unwrap().clone();
    std::fs::remove_file(inner.join(&newest)).unwrap();
    std::fs::create_dir(inner.join(&newest)).unwrap();
    let mut history = history(folder.path(), THINNING);
    // The day gets old: it is not thinned, and the others are.
    add(&mut history, &evaluations, half);
    let health = history.health();
    assert_eq!((health.damaged, health.failed), (1, 0), "{:?}", health.trouble);
    assert!(health.trouble.unwrap().contains(&format!("{}: it cannot be read", newest.display())));
    assert!(inner.join(&newest).is_dir());
    let key = &evaluations.last().unwrap().transitions.last().unwrap().key;
    let series = HistoryReader::new(folder.path()).series(&key.anchor(), 90, 400, EVERY).unwrap();
    assert!(series.unreadable.len() == 1 && !series.breaks.is_empty() && !series.points.is_empty());
    // Neither does it, where days are removed.
    history.set_limits(HistoryLimits { keep: Span::DAY, ..THINNING });
    let last = evaluations.last().unwrap();
    let later = Kept { as_of: last.as_of.plus(Span::HOUR.times(2)), ..last.clone() };
    history.add(&later, told_at(9_999), EVERY).unwrap();
    assert!(inner.join(&newest).is_dir() && history.health().expired > 0);
}

#[test]
fn a_damaged_file_that_is_put_back_makes_nothing_twice() {
    let plan = plan(&small(Path::new("/nowhere")));
    let mut monitor = fresh(&plan);
    let evaluations: Vec<Kept> = events(300).chunks(19).map(|chunk| next(&mut monitor, chunk)).collect();
    let folder = tempfile::tempdir().unwrap();
    let half = evaluations.len() / 2;
    add(&mut history(folder.path(), LIMITS), &evaluations[..half], 0);
    let inner = folder.path().join(HISTORY_FOLDER);
    let (name, whole) = files(folder.path()).into_iter().next_back().unwrap();
    let before = told(folder.path());
    let mut bytes = whole.clone();
    bytes[60] ^= 1;
    std::fs::write(inner.join(&name), bytes).unwrap();
    let mut again = history(folder.path(), LIMITS);
    for (index, kept) in evaluations.iter().enumerate().skip(half / 2) {
        again.add(kept, told_at(1_000 + index), EVERY).unwrap();
    }
    drop(again);
    std::fs::write(inner.join(&name), whole).unwrap();
    let after = told(folder.path());
    assert!(after[..before.len()] == before, "what was told first stays");
    assert!(after.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    let mut releases: Vec<EventTime> = after.iter().filter(|told| told.2).map(|told| told.0).collect();
    let mut transitions: Vec<_> = after
        .iter()
        .flat_map(|told| told.5.iter().map(|row| (row.alert.clone(), row.transition.clone(), row.at)))
        .collect();
    let counts = (releases.len(), transitions.len());
    releases.dedup();
    transitions.sort();
    transitions.dedup();
    assert!((releases.len(), transitions.len()) == counts && counts.1 > 0, "{counts:?}");
    let exported = export(folder.path(), tempfile::tempdir().unwrap().path(), "2026", "csv");
    let said = String::from_utf8(exported.stdout).unwrap();
    assert!(exported.status.success() && said.contains("were there already and are left out"), "{said}");
    let anchor = evaluations.last().unwrap().findings[0].0.anchor();
    let series = HistoryReader::new(folder.path()).series(&anchor, 90, 4_000, EVERY).unwrap();
    assert!(series.passed_over > 0 && series.points.windows(2).all(|pair| pair[0].as_of <= pair[1].as_of));
}

#[test]
fn damage_before_the_period_of_an_export_is_told_and_does_not_stop_it() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    small_history(state.path());
    let names: Vec<PathBuf> = files(state.path()).into_keys().collect();
    let path = state.path().join(HISTORY_FOLDER).join(&names[0]);
    std::fs::write(&path, "something else, and not short at all").unwrap();
    let last = names.last().unwrap().to_string_lossy()[..10].to_owned();
    let exported = export(state.path(), to.path(), &last, "csv");
    let said = String::from_utf8_lossy(&exported.stderr).into_owned();
    assert!(exported.status.success() && said.contains(path.to_str().unwrap()), "{said}");
}

#[test]
fn a_link_is_no_folder_of_the_history_and_files_of_others_stay() {
    let (folder, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(others.path().join("letter.new"), "of somebody else").unwrap();
    std::os::unix::fs::symlink(others.path(), folder.path().join(HISTORY_FOLDER)).unwrap();
    let refused = History::open(&Owner::claim(folder.path()).unwrap(), LIMITS).unwrap_err().to_string();
    assert!(refused.contains("expected a folder of its own, found a link or a file"), "{refused}");
    let folder = with_files(&BTreeMap::from([
        (PathBuf::from("letter.new"), Vec::new()),
        (PathBuf::from("2026-01-01.day.f1.new"), Vec::new()),
    ]));
    let owner = Owner::claim(folder.path()).unwrap();
    let _other = Owner::claim(folder.path()).unwrap();
    assert!(matches!(History::open(&owner, LIMITS), Err(CheckpointError::Lost(_))));
    assert_eq!(files(folder.path()).len(), 2, "nothing is removed in another's folder");
    let _history = history(folder.path(), LIMITS);
    assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), [PathBuf::from("letter.new")]);
}

#[test]
fn what_could_not_be_tidied_stays_in_trouble_until_it_can() {
    let evaluations = evaluations(&plan(&usual()), 31);
    let folder = tempfile::tempdir().unwrap();
    let mut history = history(folder.path(), LIMITS);
    let half = evaluations.len() / 2;
    add(&mut history, &evaluations[..half], 0);
    let oldest = files(folder.path()).into_keys().next().unwrap().to_string_lossy()[..10].to_owned();
    let obstacle = folder.path().join(HISTORY_FOLDER).join(format!("{oldest}.day.f1.new"));
    std::fs::create_dir(&obstacle).unwrap();
    history.set_limits(THINNING);
    let is_stuck =
        |history: &History| history.health().trouble.is_some_and(|trouble| trouble.contains("removed or thinned"));
    let failed = evaluations
        .iter()
        .enumerate()
        .skip(half)
        .take(9)
        .filter(|(index, kept)| history.add(kept, told_at(*index), EVERY).is_err());
    assert!(failed.count() > 0 && is_stuck(&history));
    let failures = history.health().failed;
    // An evaluation without anything new clears nothing.
    history.add(&evaluations[half + 8], told_at(half + 8), EVERY).unwrap_or_default();
    assert!(is_stuck(&history) && failures > 0);
    std::fs::remove_dir(&obstacle).unwrap();
    add(&mut history, &evaluations, half + 9);
    assert_eq!(history.health().trouble, None);
}

#[test]
fn an_alert_that_is_known_no_more_ends_once_and_a_full_disk_loses_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let words = |folder: &Path| -> Vec<(String, i64)> {
        told(folder).into_iter().flat_map(|told| told.5).map(|row| (row.transition, row.at.0)).collect()
    };
    let mut full = history(folder.path(), LIMITS);
    full.add(&kept_at(0, "a", open_row("critical"), &[("firing", 1)]), NOW, EVERY).unwrap();
    // The alert knows its last change alone.
    full.set_limits(HistoryLimits { max_bytes: 1, ..LIMITS });
    for change in [("severity_changed", 2), ("severity_changed", 3)] {
        full.add(&kept_at(1, "a", open_row("critical"), &[("firing", 1), change]), NOW, EVERY).unwrap_err();
    }
    full.set_limits(LIMITS);
    full.add(&kept_at(2, "b", open_row("critical"), &[("firing", 1), ("severity_changed", 3)]), NOW, EVERY).unwrap();
    let of = |words: &[(&str, i64)]| words.iter().map(|(word, at)| ((*word).to_owned(), *at)).collect::<Vec<_>>();
    assert_eq!(words(folder.path()), of(&[("firing", 1), ("severity_changed", 2), ("severity_changed", 3)]));
    drop(full);
    // Its rule is gone after a restart, on another day.
    let mut history = history(folder.path(), LIMITS);
    for hour in [50, 51, 52] {
        history.add(&kept_at(hour, "c", open_row("within"), &[]), EventTime(9), EVERY).unwrap();
    }
    drop(history);
    let mut history = self::history(folder.path(), LIMITS);
    history.add(&kept_at(80, "c", open_row("within"), &[]), EventTime(10), EVERY).unwrap();
    assert_eq!(words(folder.path()).split_off(3), of(&[("ended", 9)]));
    let ended = told(folder.path()).into_iter().flat_map(|told| told.5).find(|row| row.transition == "ended").unwrap();
    assert_eq!((ended.evidence.group_counts, ended.evidence.verdict.as_deref()), (None, Some("critical")));
}

#[test]
fn changes_of_evaluations_that_were_not_passed_on_come_with_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = history(folder.path(), LIMITS);
    history.add(&kept_at(0, "a", open_row("critical"), &[("firing", 1)]), NOW, EVERY).unwrap();
    let of = |config_hash: &str, change: (&str, i64)| {
        let rows = kept_at(1, config_hash, open_row("critical"), &[change]).transitions;
        rows.into_iter().map(|row| (config_hash.to_owned(), row)).collect::<Vec<_>>()
    };
    history.remember(&of("a", ("severity_changed", 2)));
    history.remember(&of("z", ("severity_changed", 3)));
    let changes = [("firing", 1), ("severity_changed", 4)];
    history.add(&kept_at(0, "a", open_row("critical"), &changes), NOW, EVERY).unwrap();
    // They are told once.
    history.remember(&of("a", ("severity_changed", 2)));
    history.add(&kept_at(2, "a", open_row("critical"), &changes), NOW, EVERY).unwrap();
    let rows: Vec<_> = told(folder.path()).into_iter().flat_map(|told| told.5).collect();
    assert_eq!(rows.iter().map(|row| row.at.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(rows.iter().map(|row| row.evidence.details.is_some()).collect::<Vec<_>>(), [true, true, false, true]);
}

#[test]
fn what_is_known_of_the_data_is_kept_with_each_release_and_not_between() {
    let plan = plan(&usual());
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(CASES));
    monitor.handle_tick(NOW);
    let published = std::iter::from_fn(|| monitor.poll_output())
        .filter_map(|output| if let Output::Published(latest) = output { Some(latest) } else { None })
        .last()
        .unwrap();
    let kept = Kept::of(&published, &["topic t partition 0: gone".to_owned()]);
    let read =
        kept.quality.iter().find(|row| (row.what.as_str(), row.name.as_deref()) == ("events", Some("read"))).unwrap();
    assert_eq!(read.count, Some(published.events().read));
    let gap = kept.quality.iter().find(|row| row.what == "accepted_gap").unwrap();
    assert_eq!(gap.name.as_deref(), Some("topic t partition 0: gone"));
    // Details are what the evaluation says, in its words.
    for (finding, (_, row)) in published.findings().iter().zip(&kept.findings) {
        let Some(details) = &row.details else { continue };
        let (said, details): (serde_json::Value, serde_json::Value) =
            (serde_json::to_value(finding).unwrap(), serde_json::from_str(details).unwrap());
        for (name, value) in details.as_object().unwrap() {
            let is_said = |value: &serde_json::Value| value == &said[name];
            let is_side = || value.as_object().unwrap().iter().all(|(side, value)| value == &said[name][side]);
            assert!(is_said(value) || is_side(), "{name}: {value}");
        }
    }
    assert!(kept.findings.iter().any(|(_, row)| row.details.is_some()));
    let folder = tempfile::tempdir().unwrap();
    let mut history = history(folder.path(), LIMITS);
    history.add(&kept, NOW, EVERY).unwrap();
    let findings = kept.findings.iter().map(|(key, row)| (key.clone(), KeptFinding { verdict: None, ..row.clone() }));
    history.add(&Kept { findings: findings.collect(), ..kept.clone() }, NOW, EVERY).unwrap();
    drop(history);
    let mut found = Vec::new();
    let reader = HistoryReader::new(folder.path());
    let walked = reader.walk(i64::MIN..=i64::MAX, |step| {
        found.push((step.entry.is_release, step.entry.quality.clone()));
        Ok::<(), CheckpointError>(())
    });
    walked.unwrap();
    assert_eq!(found, [(true, kept.quality.clone()), (false, Vec::new())]);
}

#[test]
fn a_history_that_is_ahead_for_more_than_an_hour_is_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = history(folder.path(), LIMITS);
    history.add(&kept_at(100, "a", open_row("within"), &[]), NOW, EVERY).unwrap();
    let mut trouble_after = |minutes: i64, hour: i64| {
        history
            .add(&kept_at(hour, "a", open_row("within"), &[]), NOW.plus(Span::MINUTE.times(minutes)), EVERY)
            .unwrap();
        history.health().trouble
    };
    assert_eq!((trouble_after(1, 0), trouble_after(61, 1)), (None, None));
    assert!(trouble_after(62, 2).unwrap().contains("nothing is written until that is as far"));
    assert_eq!(trouble_after(63, 100), None);
}

#[test]
fn a_line_is_broken_where_a_finding_is_gone_and_where_no_release_came() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = history(folder.path(), LIMITS);
    let release = |hour: i64| {
        let kept = kept_at(hour, "a", open_row("within"), &[]);
        Kept { released_at: Some(kept.as_of), ..kept }
    };
    let none = |hour: i64| Kept { findings: Vec::new(), ..release(hour) };
    for kept in [release(0), release(2), release(9), none(10), release(11)] {
        history.add(&kept, NOW, EVERY).unwrap();
    }
    let anchor = release(0).findings[0].0.anchor();
    let series = HistoryReader::new(folder.path()).series(&anchor, 90, 400, EVERY).unwrap();
    let hours: Vec<i64> = series.breaks.iter().map(|at| at.since(NOW).0 / Span::HOUR.0).collect();
    assert_eq!((series.points.len(), hours), (4, vec![3, 10]));
}
