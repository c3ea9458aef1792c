//! What is kept of a daemon that is killed again and again on real Apache Kafka: the history and the audit log are whole, say the same, and have every
//! report once. Run by `tests/run`; `PARITYWATCH_KILLS=100 PARITYWATCH_KILL_SEED=N` repeats a run or makes a longer one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use paritywatch::checkpoint::reports::{MadeFile, MadeReport, hand_over};
use paritywatch::checkpoint::{CheckpointError, HistoryReader};
use paritywatch::plan::{EventTime, Period};
use serde_json::Value;

use crate::support;
use support::effort::number;
use support::kafka::{Broker, Record};
use support::process::{http_get, random_u64};
use support::setup::{DEAD_LETTERS, START_MS, Setup, accepted, binary, replay, sample};

const LIMIT: Duration = Duration::from_secs(300);
const KILLS: u64 = 15;
const EVENTS: u64 = 150_000;

/// A change of an alert: which one, what, and when.
type Change = (String, String, i64);

fn state(setup: &Setup) -> PathBuf {
    setup.folder.path().join("state")
}

/// The releases of the history, and the changes of alerts. What was cut off by a kill is no damage.
fn history(state: &Path) -> (Vec<EventTime>, Vec<Change>) {
    let (mut releases, mut changes) = (Vec::new(), Vec::new());
    let walked = HistoryReader::new(state).walk(i64::MIN..=i64::MAX, |step| {
        releases.extend(step.entry.is_release.then_some(step.entry.as_of));
        let rows = step.entry.transitions.iter();
        changes.extend(rows.map(|row| (row.alert.clone(), row.transition.clone(), row.at.0)));
        Ok::<(), CheckpointError>(())
    });
    let passed_over = walked.expect("a history that can be read");
    assert!(passed_over.unreadable.is_empty() && passed_over.entries == 0, "{passed_over:?}");
    (releases, changes)
}

/// The entries of the audit log of one kind: their contents.
fn entered(state: &Path, kind: &str) -> Vec<Value> {
    let mut files: Vec<_> =
        std::fs::read_dir(state.join("audit/log.1")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    let text: String = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.filter(|entry| entry["kind"] == kind).map(|entry| entry["content"].clone()).collect()
}

fn report(state: &Path, kill: u64) {
    let files = vec![MadeFile { name: format!("report-{kill}.json"), bytes: 2, sha256: "0".repeat(64) }];
    let (languages, formats) = (vec!["en".to_owned()], vec!["json".to_owned()]);
    let made_at = EventTime(START_MS + i64::try_from(kill).unwrap());
    let period = Period::parse("2025-Q4").unwrap();
    hand_over(
        state,
        &MadeReport { period, is_whole: true, languages, formats, files, made_at, rests_on: None, made_with: None },
    )
    .unwrap();
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn killed_again_and_again_the_history_and_the_audit_log_are_whole_and_say_the_same() {
    let kills = number("PARITYWATCH_KILLS").unwrap_or(KILLS);
    let seed = number("PARITYWATCH_KILL_SEED").unwrap_or_else(random_u64);
    println!("{kills} kills, seed {seed}");
    let broker = Broker::start();
    broker.create_topic("events", 3);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "10s");
    // No release is thinned: what was told can be compared.
    let text = std::fs::read_to_string(&setup.config).unwrap();
    let kept = "[history]\nfull_resolution = \"10000d\"\n[[rules]]";
    std::fs::write(&setup.config, text.replacen("[[rules]]", kept, 1)).unwrap();
    let file = setup.folder.path().join("events.jsonl");
    let events = EVENTS.to_string();
    let generate = ["generate", "--scenario", "skewed-selection", "--events", &events, "--seed", "3", "--to"];
    assert!(Command::new(binary()).args(generate).arg(&file).status().unwrap().success());
    let all = replay(&setup, &file)["events"]["accepted"].as_f64().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let parts: Vec<&[String]> = lines.chunks(lines.len() / usize::try_from(kills).unwrap() + 1).collect();
    let produce = |part: &[String]| {
        let records = part
            .iter()
            .enumerate()
            .map(|(number, line)| Record::new(format!("k{}", number % 50).as_str(), line.as_str()));
        broker.produce("events", &records.collect::<Vec<Record>>());
    };

    let mut random = seed;
    let mut random = |limit: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    let (mut counted, mut known, mut reports) = (0.0, (Vec::new(), BTreeSet::new()), 0);
    for kill in 0..kills {
        if let Some(part) = parts.get(usize::try_from(kill).unwrap()) {
            produce(part);
        }
        let mut daemon = setup.start();
        // Some are killed before they have judged, some once they have.
        let evaluations = f64::from(u32::try_from(random(4)).unwrap());
        daemon.wait_until(LIMIT, "progress", || {
            let page = http_get(&setup.url("/metrics")).ok()?.text();
            let has_judged = sample(&page, "paritywatch_evaluations_total") >= Some(evaluations);
            (has_judged && accepted(&page) >= counted).then_some(())
        });
        counted = parts.iter().take(usize::try_from(kill).unwrap()).map(|part| part.len() as f64).sum::<f64>() * 0.9;
        if kill % 3 == 0 {
            report(&state(&setup), kill);
            reports += 1;
        }
        daemon.kill();
        // What was told stays.
        let (releases, changes) = history(&state(&setup));
        let changes: BTreeSet<Change> = changes.into_iter().collect();
        assert!(releases.starts_with(&known.0) && changes.is_superset(&known.1), "kill {kill}, seed {seed}");
        known = (releases, changes);
    }
    let mut daemon = setup.start();
    daemon.wait_until(LIMIT, "all events, and all reports in the audit log", || {
        let page = http_get(&setup.url("/metrics")).ok()?.text();
        let list: Value = serde_json::from_str(&http_get(&setup.url("/api/v1/reports")).ok()?.text()).ok()?;
        let rows = list["reports"].as_array()?;
        let are_logged = rows.len() == reports && rows.iter().all(|row| row["in_audit_log"] == true);
        (accepted(&page) >= all && are_logged).then_some(())
    });
    assert!(daemon.terminate().success());

    let state = state(&setup);
    let (releases, changes) = history(&state);
    assert!(releases.windows(2).all(|pair| pair[0] < pair[1]) && releases.len() > 3, "{releases:?}");
    let distinct: BTreeSet<&Change> = changes.iter().collect();
    assert!(distinct.len() == changes.len() && !changes.is_empty(), "nothing is told twice, seed {seed}");
    let fired = |changes: &[Change]| -> BTreeSet<String> {
        changes.iter().filter(|(_, what, _)| what == "firing").map(|(alert, ..)| alert.clone()).collect()
    };
    let alerts = entered(&state, "alert");
    let ids: BTreeSet<&str> = alerts.iter().map(|alert| alert["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), alerts.len(), "each transition once, seed {seed}");
    let in_log = ids.iter().map(|id| id.rsplit_once('-').unwrap().0.to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(in_log, fired(&changes), "seed {seed}");
    assert_eq!(entered(&state, "report").len(), reports, "each report once, seed {seed}");
    let mut verify = Command::new(binary());
    let verified = verify.arg("verify-audit").arg(state.join("audit")).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success() && said.contains("report-0.json"), "{said}");
}
