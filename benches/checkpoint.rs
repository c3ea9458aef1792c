//! Measures a checkpoint of many open cases: how long the stream stands still for it, what copying costs while the snapshot is held, and how
//! long writing, a restart and a reload take.
//!
//! `cargo bench --bench checkpoint -- [OPEN_CASES]`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use std::time::{Duration, Instant};

use paritywatch::checkpoint::{Header, Owner, Store};
use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, FORMAT, Handled, Monitor, Received};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::settings::Settings;

const KEY: PseudonymKey = PseudonymKey([1; 16]);
const NOW: EventTime = EventTime(1_790_000_000_000);
const BATCH: u64 = 4_096;
/// The number of batches while the snapshot is held, and of those before it, to compare with.
const BATCHES: u64 = 8;

fn main() {
    let cases: u64 = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1_000_000);
    let text = include_str!("support/two-profiles.toml");
    let plan = Settings::parse(text, "two-profiles.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan.clone(), KEY, Clock::Wall);
    let mut next = 0;
    batch(&mut monitor, &mut next, cases);
    let (bytes, _) = monitor.allocated_bytes();
    println!("{} open cases, {} MiB", monitor.health().open_cases, bytes >> 20);
    for number in 1..=BATCHES {
        row(&format!("batch {number} of {BATCH} events"), batch(&mut monitor, &mut next, BATCH));
    }

    let began = Instant::now();
    let snapshot = monitor.snapshot();
    row("snapshot: the stream stands still", began.elapsed());
    for number in 1..=BATCHES {
        row(&format!("batch {number} while the snapshot is held"), batch(&mut monitor, &mut next, BATCH));
    }

    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(Owner::claim(folder.path()).unwrap());
    let began = Instant::now();
    let written = store.write(&header(&plan.config_hash), &snapshot).unwrap();
    row("write to disk", began.elapsed());
    println!("{:<40}{:>12.1} MiB", "size", written as f64 / f64::from(1 << 20));
    drop((snapshot, monitor));

    let began = Instant::now();
    let mut restored = store.read(plan.clone(), KEY, Clock::Wall).unwrap().unwrap().monitor;
    batch(&mut restored, &mut next, 1);
    row("restart, to the first new event", began.elapsed());

    for (what, days) in [("reload", 0), ("reload with other horizons", 3)] {
        let mut other = plan.clone();
        other.ledger.not_selected_horizon.0 += Span::DAY.times(days).0;
        let began = Instant::now();
        restored.change_plan(other).unwrap();
        row(what, began.elapsed());
    }
}

/// Counts the selections of new cases in batches, and returns the time spent, without that of making the events.
fn batch(monitor: &mut Monitor, next: &mut u64, events: u64) -> Duration {
    let (mut spent, mut left, mut handled) = (Duration::ZERO, events, Vec::new());
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        let lines: Vec<String> = (0..count).map(|_| selection(next)).collect();
        let record = |line| RawRecord { payload: str::as_bytes(line), headers: &[], timestamp: None };
        let received: Vec<Received<'_>> =
            lines.iter().map(|line| Received { partition: PartitionIndex(0), record: record(line) }).collect();
        let began = Instant::now();
        monitor.handle_batch(&received, NOW, &mut handled);
        spent += began.elapsed();
        assert!(handled.iter().all(|handled| *handled == Handled::Accepted));
    }
    spent
}

/// The selection of a new case.
fn selection(next: &mut u64) -> String {
    *next += 1;
    // In order of time, and all within a quarter of an hour up to 14 million cases, so that none is late and no case closes.
    let milliseconds = *next / 16 % 900_000;
    let (minute, second, rest) = (milliseconds / 60_000, milliseconds / 1_000 % 60, milliseconds % 1_000);
    let group = ["dutch", "european", "non_european"][(*next % 3) as usize];
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/b","id":"{next}","time":"2026-03-01T08:{minute:02}:{second:02}.{rest:03}Z","data":{{"case_id":"c{next}","profile":"skewed","selected":{},"groups":{{"origin":"{group}"}}}}}}"#,
        next.is_multiple_of(5)
    )
}

fn header(config_hash: &str) -> Header {
    Header {
        format: FORMAT,
        written_by: "bench".to_owned(),
        sequence: 1,
        config_hash: config_hash.to_owned(),
        journal: 1,
        inputs: Vec::new(),
        accepted_gaps: Vec::new(),
    }
}

fn row(what: &str, took: Duration) {
    println!("{what:<40}{:>12.3} ms", took.as_secs_f64() * 1e3);
}
