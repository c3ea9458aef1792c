//! Measures one evaluation: of 10,000 series in 4 windows where all counts changed, one in a hundred did, or none; what the parts of a finding
//! cost; how the cost grows with groups, profiles and rules; and the documents that show an evaluation.
//!
//! `cargo bench --bench evaluation -- [--rounds R] [--profiles P]` prints the least processor time of R rounds (default 5), with P profiles of
//! 100 series each (default 100). `--only all|hundredth|none` evaluates in that way alone and reads no clock, for
//! `valgrind --tool=callgrind --toggle-collect='*Evaluator::evaluate*'`.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use paritywatch::disclosure::Published;
use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Output};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::sink::metrics;
use paritywatch::statistics::{Confidence, Proportion, difference_interval, p_value, ratio_interval};
use paritywatch::status::View;

/// 2026-06-01T00:00:00Z.
const START: EventTime = EventTime(1_780_272_000_000);
const DAYS: i64 = 91;
const WINDOWS: usize = 4;
/// No limit on what the metrics show.
const SERIES_LIMIT: usize = 10_000_000;

/// Whether no clock is read: valgrind does not bear it.
static UNTIMED: AtomicBool = AtomicBool::new(false);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value =
        |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    let rounds: usize = value("--rounds").and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let profiles: usize = value("--profiles").and_then(|profiles| profiles.parse().ok()).unwrap_or(100);
    let large = Size { profiles, dimensions: 5, groups: 10, rules: 2 };
    UNTIMED.store(value("--only").is_some(), Ordering::Relaxed);
    match value("--only").map(String::as_str) {
        Some("all") => drop(Bench::new(large).all_changed(rounds)),
        Some("hundredth") => drop(Bench::new(large).hundredth_changed(rounds)),
        Some("none") => drop(Bench::new(large).nothing_changed(rounds)),
        _ => {
            let mut bench = Bench::new(large);
            bench.report(rounds);
            parts(&bench.monitor.published());
            documents(&bench.monitor, rounds);
            growth(rounds);
        }
    }
}

/// The processor time of this thread so far. Others who share the machine do not lengthen it, but by the caches that they empty.
fn cpu() -> Duration {
    if UNTIMED.load(Ordering::Relaxed) {
        return Duration::ZERO;
    }
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

/// How much is watched.
#[derive(Clone, Copy)]
struct Size {
    profiles: usize,
    dimensions: usize,
    groups: usize,
    rules: usize,
}

impl Size {
    const fn series(self) -> usize {
        self.profiles * self.dimensions * self.groups * self.rules
    }

    fn settings(self) -> Settings {
        let mut text = "[privacy]\nmin_cell = 0\nreason = \"a benchmark\"\n[window]\nhistory = \"400d\"\n".to_owned();
        (0..self.profiles).for_each(|profile| writeln!(text, "[profiles.p{profile}]").unwrap());
        let groups: Vec<String> = (0..self.groups).map(|group| format!("g{group}")).collect();
        for dimension in 0..self.dimensions {
            writeln!(text, "[dimensions.d{dimension}]\nground = \"race\"\ngroups = {groups:?}").unwrap();
        }
        for rule in 0..self.rules {
            let (indicator, warning, critical) =
                if rule % 2 == 0 { ("selection_rate", 1.1, 1.25) } else { ("hit_rate", 0.9, 0.8) };
            writeln!(
                text,
                "[[rules]]\nname = \"r{rule}\"\nindicator = \"{indicator}\"\nwarning = {warning}\ncritical = {critical}"
            )
            .unwrap();
        }
        Settings::parse(&text, "benches/evaluation.rs", std::iter::empty()).unwrap()
    }
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// The next one, from 0 to below 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly spread in its logarithm.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.next())
    }
}

/// The events of one cell.
struct Flow {
    place: String,
    /// Cases assessed in an hour.
    per_hour: f64,
    selected: f64,
    hit: f64,
}

/// A monitor with 91 days of tallies: by the hour in the last eight, by the day before.
struct Bench {
    size: Size,
    monitor: Monitor,
    flows: Vec<Flow>,
    numbers: Numbers,
    events: u64,
    now: EventTime,
}

impl Bench {
    fn new(size: Size) -> Self {
        let mut numbers = Numbers(1);
        let mut flows = Vec::new();
        for profile in 0..size.profiles {
            // The assessed of a profile in 90 days.
            let assessed = numbers.between(5e3, 3e6);
            for dimension in 0..size.dimensions {
                let weights: Vec<f64> = (0..size.groups).map(|_| numbers.between(0.01, 1.0)).collect();
                let all: f64 = weights.iter().sum();
                let rate = numbers.between(0.005, 0.2);
                for (group, weight) in weights.iter().enumerate() {
                    flows.push(Flow {
                        place: format!("\"profile\":\"p{profile}\",\"groups\":{{\"d{dimension}\":\"g{group}\"}}"),
                        per_hour: (assessed * weight / all).max(50.0) / (90.0 * 24.0),
                        selected: rate * numbers.between(0.8, 1.5),
                        hit: numbers.between(0.05, 0.3),
                    });
                }
            }
        }
        let monitor = Monitor::new(size.settings().plan, PseudonymKey([1; 16]), Clock::Wall);
        let mut bench = Self { size, monitor, flows, numbers, events: 0, now: START };
        for day in 0..DAYS {
            let (steps, length) = if day < DAYS - 8 { (1, Span::DAY) } else { (24, Span::HOUR) };
            for _ in 0..steps {
                bench.tally(0..bench.flows.len(), length);
                bench.now = bench.now.plus(length);
            }
        }
        bench.evaluate();
        bench
    }

    /// Sends what happens in these cells in such a time.
    fn tally(&mut self, flows: std::ops::Range<usize>, length: Span) {
        let hours = (length.0 / Span::HOUR.0) as f64;
        let time = jiff::Timestamp::from_millisecond(self.now.0).unwrap();
        for index in flows {
            let Some(flow) = self.flows.get(index) else { continue };
            // Rounded up or down by chance, so that the sums are right.
            let mut count = |mean: f64| (mean + self.numbers.next()) as u64;
            let assessed = count(flow.per_hour * hours);
            let selected = count(assessed as f64 * flow.selected).min(assessed);
            let hits = count(selected as f64 * flow.hit).min(selected);
            self.events += 1;
            let event = format!(
                "{{\"specversion\":\"1.0\",\"type\":\"paritywatch.tally.v1\",\"source\":\"/b\",\"id\":\"{}\",\"time\":\"{time}\",\"data\":{{{},\
                 \"channel\":\"profile\",\"counts\":{{\"assessed\":{assessed},\"selected\":{selected},\"controlled\":{selected},\"concluded\":{selected},\"hits\":{hits}}}}}}}",
                self.events, flow.place
            );
            let record = RawRecord { payload: event.as_bytes(), headers: &[], timestamp: Some(self.now) };
            let handled = self.monitor.handle_record(PartitionIndex(0), &record, self.now);
            assert_eq!(handled, Handled::Accepted, "{event}");
        }
    }

    /// Evaluates without what follows it, as nobody polls meanwhile.
    fn evaluate(&mut self) -> Duration {
        let began = cpu();
        self.monitor.handle_tick(self.now);
        cpu().saturating_sub(began)
    }

    fn poll(&mut self) -> Duration {
        let began = cpu();
        while let Some(output) = self.monitor.poll_output() {
            if let Output::Published(published) = output {
                black_box(published);
            }
        }
        cpu().saturating_sub(began)
    }

    /// An hour passes, and every cell gets new counts.
    fn all_changed(&mut self, rounds: usize) -> (Duration, Duration) {
        self.rounds(rounds, |bench| {
            bench.now = bench.now.plus(Span::HOUR);
            bench.tally(0..bench.flows.len(), Span::HOUR);
        })
    }

    /// One dimension in a hundred of the profiles gets new counts.
    fn hundredth_changed(&mut self, rounds: usize) -> (Duration, Duration) {
        self.rounds(rounds, |bench| {
            let tables = bench.size.profiles * bench.size.dimensions;
            for table in (0..tables).step_by(100) {
                bench.tally(table * bench.size.groups..(table + 1) * bench.size.groups, Span::HOUR);
            }
        })
    }

    fn nothing_changed(&mut self, rounds: usize) -> (Duration, Duration) {
        self.rounds(rounds, |_| ())
    }

    /// The least time of an evaluation, and of making what it publishes.
    fn rounds(&mut self, rounds: usize, mut change: impl FnMut(&mut Self)) -> (Duration, Duration) {
        let mut least = (Duration::MAX, Duration::MAX);
        for _ in 0..rounds {
            change(self);
            let evaluated = self.evaluate();
            least = (least.0.min(evaluated), least.1.min(self.poll()));
        }
        least
    }

    fn report(&mut self, rounds: usize) {
        let findings = self.size.series() * WINDOWS;
        println!("{} series, {findings} findings", self.size.series());
        let all = self.all_changed(rounds);
        let hundredth = self.hundredth_changed(rounds);
        let none = self.nothing_changed(rounds);
        for (what, (evaluated, published)) in
            [("all changed", all), ("1 in 100 changed", hundredth), ("none changed", none)]
        {
            println!(
                "evaluation, {what}: {:.2} ms ({:.0} ns per finding); publishing {:.2} ms",
                evaluated.as_secs_f64() * 1e3,
                evaluated.as_secs_f64() * 1e9 / findings as f64,
                published.as_secs_f64() * 1e3
            );
        }
    }
}

/// What the numbers of a finding cost, over the counts of all findings.
fn parts(published: &Published) {
    let confidence = Confidence::new(0.95).unwrap();
    let tables: Vec<(Proportion, Proportion)> = published
        .findings()
        .iter()
        .filter_map(|finding| {
            let (group, reference) = (finding.group_counts?, finding.reference_counts?);
            let tables =
                (Proportion::new(group.events, group.exposed)?, Proportion::new(reference.events, reference.exposed)?);
            (group.exposed > 0 && reference.exposed > 0).then_some(tables)
        })
        .collect();
    let exact = tables.iter().filter(|(group, reference)| group.exposed() + reference.exposed() <= 100_000).count();
    println!("{} tables, {exact} with Fisher's test", tables.len());
    let time = |what: &str, part: &dyn Fn(Proportion, Proportion)| {
        let began = cpu();
        tables.iter().for_each(|(group, reference)| part(*group, *reference));
        println!("{what}: {:.0} ns", cpu().saturating_sub(began).as_nanos() as f64 / tables.len() as f64);
    };
    time("interval of the ratio", &|group, reference| {
        black_box(ratio_interval(group, reference, confidence));
    });
    time("interval of the difference", &|group, reference| {
        black_box(difference_interval(group, reference, confidence));
    });
    time("p-value", &|group, reference| {
        black_box(p_value(group, reference));
    });
}

/// The documents over an evaluation.
fn documents(monitor: &Monitor, rounds: usize) {
    let view = Arc::new(View::of(monitor));
    let least = |what: &str, render: &dyn Fn() -> String| {
        let mut least = (Duration::MAX, 0);
        for _ in 0..rounds {
            let began = cpu();
            let text = render();
            least = (least.0.min(cpu().saturating_sub(began)), text.len());
        }
        println!("{what}: {:.2} ms, {} KiB", least.0.as_secs_f64() * 1e3, least.1 / 1024);
    };
    least("metrics of 5,000 series (165,000 time series at most)", &|| metrics::render(&view, 5_000 * 33));
    least("metrics of all findings", &|| metrics::render(&view, SERIES_LIMIT));
    least("evaluation as JSON", &|| view.published.to_json());
}

/// The cost of an evaluation in which all changed, as one thing grows tenfold.
fn growth(rounds: usize) {
    let base = Size { profiles: 10, dimensions: 2, groups: 10, rules: 2 };
    println!("| what | series | evaluation, all changed | 1 in 100 | none |");
    for (what, size) in [
        ("base", base),
        ("groups x 10", Size { groups: 100, ..base }),
        ("profiles x 10", Size { profiles: 100, ..base }),
        ("rules x 10", Size { rules: 20, ..base }),
    ] {
        let mut bench = Bench::new(size);
        let ms = |(evaluated, _): (Duration, Duration)| evaluated.as_secs_f64() * 1e3;
        let (all, hundredth) = (ms(bench.all_changed(rounds)), ms(bench.hundredth_changed(rounds)));
        let none = ms(bench.nothing_changed(rounds));
        println!("| {what} | {} | {all:.2} ms | {hundredth:.2} ms | {none:.2} ms |", size.series());
    }
}
