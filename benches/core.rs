//! Measures the core alone: time to decode and count an event, time of an evaluation, memory of an open case and of a cell.
//!
//! `cargo bench --bench core -- [EVENTS]`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use std::time::Instant;

use paritywatch::event::{Decoded, RawRecord, decode};
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, Limits, PartitionIndex};
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;

fn main() {
    let events: u64 = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(2_000_000);
    let mut shape = Shape::new(Scenario::SkewedSelection, events, 1);
    // All events lie within some days, so cases stay open.
    shape.cases_per_hour = 100_000;
    shape.profile = "skewed".to_owned();
    let lines: Vec<String> = Stream::new(&shape).map(|event| event.json).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    println!("{events} events, {} bytes each", bytes / lines.len());

    let limits = Limits { string_bytes: 256, message_bytes: 65_536 };
    let began = Instant::now();
    let decoded =
        lines.iter().filter(|line| matches!(decode(&record(line), &limits, None), Ok(Decoded::Event(_)))).count();
    report("decode", began, decoded);

    let text = include_str!("support/two-profiles.toml");
    let settings = Settings::parse(text, "two-profiles.toml", std::iter::empty()).unwrap();
    let mut monitor = Monitor::new(settings.plan, PseudonymKey([1; 16]), Clock::Wall);
    let now = EventTime(shape.start.0);
    let began = Instant::now();
    for line in &lines {
        monitor.handle_record(PartitionIndex(0), &record(line), now);
    }
    report("decode + ledger + windows", began, lines.len());

    let began = Instant::now();
    const TICKS: usize = 100;
    (0..TICKS).for_each(|_| monitor.handle_tick(now));
    println!("evaluation, nothing changed: {:.1} us", began.elapsed().as_secs_f64() * 1e6 / TICKS as f64);

    let (cases, cells) = monitor.allocated_bytes();
    let health = monitor.health();
    println!("{:.1} bytes per open case ({} open)", cases as f64 / health.open_cases as f64, health.open_cases);
    println!("{} bytes per cell ({} cells)", cells / health.cells, health.cells);
}

fn record(line: &str) -> RawRecord<'_> {
    RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None }
}

fn report(what: &str, began: Instant, count: usize) {
    println!("{what}: {:.0} ns per event", began.elapsed().as_nanos() as f64 / count as f64);
}
