//! The memory of a monitor that reads for a long time. Cases close as fast as they open, so it must not grow.

use paritywatch::scenario::{Scenario, Shape, Stream};

use crate::support::feed::{BATCH_RECORDS, NOW, batches, count, demo_plan, new_monitor};
use crate::support::figures::grouped;
use crate::support::processor::memory;
use crate::support::streams::PROFILE;

/// Hours that all events together take, more or less: five years. Cases that were picked stay open for the history, which is 400 days; until then
/// there are ever more of them.
const HOURS: u64 = 50_000;
/// Rows of the table.
const ROWS: u64 = 50;

/// Prints the memory now and then, and how much it grew per event in the second half.
pub fn measure(events: u64) {
    let mut shape = Shape::new(Scenario::SkewedSelection, events, 1);
    PROFILE.clone_into(&mut shape.profile);
    shape.cases_per_hour = u32::try_from(events / HOURS).unwrap();
    let row_events = (events / ROWS).max(1);
    let mut stream = Stream::new(&shape);
    let mut monitor = new_monitor(demo_plan(), 1);
    let mut handled = Vec::with_capacity(BATCH_RECORDS);
    let (mut read, mut rows) = (0, Vec::new());
    println!("| events | open cases | RSS, MiB |");
    println!("| --- | --- | --- |");
    loop {
        let lines: Vec<String> = stream.by_ref().take(BATCH_RECORDS).map(|event| event.json).collect();
        if lines.is_empty() {
            break;
        }
        count(&mut monitor, &batches(lines.iter().map(String::as_bytes), 1), &mut handled);
        // As the daemon does: an evaluation now and then, and somebody takes what comes out.
        monitor.handle_tick(NOW);
        while let Some(output) = monitor.poll_output() {
            drop(output);
        }
        let before = read;
        read += lines.len() as u64;
        if read / row_events > before / row_events {
            let bytes = memory(std::process::id(), "VmRSS");
            println!(
                "| {} | {} | {:.1} |",
                grouped(read as f64, 0),
                grouped(monitor.health().open_cases as f64, 0),
                bytes as f64 / 1_048_576.0
            );
            rows.push((read as f64, bytes as f64));
        }
    }
    if rows.len() >= 4 {
        let slope = slope(&rows[rows.len() / 2..]);
        println!(
            "second half: {slope:.2} bytes per event, which is {:.1} MiB per 100 million",
            slope * 1e8 / 1_048_576.0
        );
    }
}

/// The slope of the straight line with the least squares of distances.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let products: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let squares: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    products / squares
}
