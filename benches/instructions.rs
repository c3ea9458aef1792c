//! What `benches/check-instructions` runs under callgrind: reads the events of a file and counts them. Only [`counted`] is measured.
//!
//! `instructions generate STREAM EVENTS FILE`, then `instructions count FILE WARM_UP`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod support;

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use paritywatch::monitor::{Handled, Monitor, Received};
use support::feed::{BATCH_RECORDS, PARTITIONS, batches, count, demo_plan, new_monitor};
use support::streams::Kind;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["generate", kind, events, file] => generate(kind.parse().unwrap(), events.parse().unwrap(), file),
        ["count", file, warm_up] => count_file(file, warm_up.parse().unwrap()),
        // `cargo bench` and `cargo test --benches` run every bench.
        _ => println!("benches/check-instructions runs this"),
    }
}

fn generate(kind: Kind, events: u64, file: &str) {
    let mut out = BufWriter::new(File::create(file).unwrap());
    for event in kind.events(events, 1) {
        writeln!(out, "{}", event.json).unwrap();
    }
    out.flush().unwrap();
}

/// Counts all events of the file, the first `warm_up` of them unmeasured: tables are small then, and grow all the time.
fn count_file(file: &str, warm_up: usize) {
    let text = fs::read(file).unwrap();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let batches = batches(lines, PARTITIONS);
    let (first, rest) = batches.split_at(warm_up.div_ceil(BATCH_RECORDS));
    let mut monitor = new_monitor(demo_plan(), PARTITIONS);
    let mut handled = Vec::with_capacity(BATCH_RECORDS);
    count(&mut monitor, first, &mut handled);
    counted(&mut monitor, rest, &mut handled);
    println!("{}", rest.iter().map(Vec::len).sum::<usize>());
}

/// The part that is measured; callgrind finds it by its name.
#[inline(never)]
fn counted(monitor: &mut Monitor, batches: &[Vec<Received<'_>>], handled: &mut Vec<Handled>) {
    count(monitor, batches, handled);
}
