//! What `benches/check-instructions` runs under callgrind: reads the events of a file and counts them. Only [`counted`] is measured.
//!
//! `instructions generate STREAM EVENTS FILE`, then `instructions count STREAM FILE WARM_UP`. STREAM is one of the streams, `mapped`, or `mapped-rows`: those
//! are the live stream as a source of another shape writes it, which mappings read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod support;

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use paritywatch::monitor::{Handled, Monitor, Received};
use support::feed::{BATCH_RECORDS, PARTITIONS, batches, count, demo_plan, new_monitor};
use support::mapped::{MappedFeed, Shape, written};
use support::streams::Kind;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["generate", stream, events, file] => generate(stream, events.parse().unwrap(), file),
        ["count", stream, file, warm_up] => count_file(stream, file, warm_up.parse().unwrap()),
        // `cargo bench` and `cargo test --benches` run every bench.
        _ => println!("benches/check-instructions runs this"),
    }
}

fn shape(stream: &str) -> Option<Shape> {
    match stream {
        "mapped" => Some(Shape::Flat),
        "mapped-rows" => Some(Shape::Row),
        _ => None,
    }
}

fn generate(stream: &str, events: u64, file: &str) {
    let mut out = BufWriter::new(File::create(file).unwrap());
    let shape = shape(stream);
    let kind = if shape.is_some() { Kind::Live } else { stream.parse().unwrap() };
    for (event, number) in kind.events(events, 1).zip(0..) {
        let text = shape.map_or(event.json.clone(), |shape| written(&event.json, number, shape));
        writeln!(out, "{text}").unwrap();
    }
    out.flush().unwrap();
}

/// Counts all events of the file, the first `warm_up` of them unmeasured: tables are small then, and grow all the time.
fn count_file(stream: &str, file: &str, warm_up: usize) {
    let text = fs::read(file).unwrap();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let batches = batches(lines, PARTITIONS);
    let (first, rest) = batches.split_at(warm_up.div_ceil(BATCH_RECORDS));
    let mut handled = Vec::with_capacity(BATCH_RECORDS);
    if let Some(shape) = shape(stream) {
        let mut feed = MappedFeed::new(shape, PARTITIONS);
        feed.count(first, &mut handled);
        counted_by_mapping(&mut feed, rest, &mut handled);
    } else {
        let mut monitor = new_monitor(demo_plan(), PARTITIONS);
        count(&mut monitor, first, &mut handled);
        counted(&mut monitor, rest, &mut handled);
    }
    println!("{}", rest.iter().map(Vec::len).sum::<usize>());
}

/// The part that is measured; callgrind finds it by its name.
#[inline(never)]
fn counted(monitor: &mut Monitor, batches: &[Vec<Received<'_>>], handled: &mut Vec<Handled>) {
    count(monitor, batches, handled);
}

/// The same with mappings before it.
#[inline(never)]
fn counted_by_mapping(feed: &mut MappedFeed, batches: &[Vec<Received<'_>>], handled: &mut Vec<Handled>) {
    feed.count(batches, handled);
}
