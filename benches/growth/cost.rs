//! The same measurement with one quantity ten times as large.

use std::fmt::Write;
use std::time::{Duration, Instant};

use paritywatch::monitor::Monitor;
use paritywatch::plan::Plan;
use paritywatch::settings::Settings;

use crate::support::feed::{BATCH_RECORDS, NOW, batches, count, new_monitor};
use crate::support::figures::{Rounds, grouped};
use crate::support::machine::Moment;

/// Each measurement is repeated so often.
const ROUNDS: usize = 3;
/// Evaluations of a round.
const TICKS: u64 = 20;
/// Events between two evaluations: each changes something.
const EVENTS_BETWEEN: u64 = 1_024;
/// How much more than ten times ten times as much may cost. More of anything leaves less in the processor's caches, which is not what is asked:
/// anything quadratic takes a hundred times as long.
const MOST: f64 = 1.5;
/// How much longer an evaluation may take after ten times the events: their cases fill the caches, too.
const MOST_OF_EVENTS: f64 = 2.0;

/// How much work there is.
#[derive(Clone, Copy)]
struct Work {
    events: u64,
    groups: u64,
    open_cases: u64,
    profiles: u64,
    rules: u64,
}

/// What it took.
struct Cost {
    event_ns: Rounds,
    evaluation_us: Rounds,
}

/// Prints the table.
pub fn measure() {
    let base = Work { events: 100_000, groups: 3, open_cases: 100_000, profiles: 1, rules: 2 };
    let rows = [
        ("events", Work { events: base.events * 10, ..base }),
        ("groups", Work { groups: base.groups * 10, ..base }),
        ("open cases", Work { open_cases: base.open_cases * 10, ..base }),
        ("profiles", Work { profiles: base.profiles * 10, ..base }),
        ("rules", Work { rules: base.rules * 10, ..base }),
    ];
    let before = Moment::now();
    println!(
        "| ten times the | ns per event, median (range) | of the base | us per evaluation, median (range) | of the base | linear or better |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let least = base.cost();
    println!("| (base) | {} | 1.0 | {:.1} | 1.0 | |", least.event_ns, least.evaluation_us);
    for (what, work) in rows {
        let cost = work.cost();
        let event = cost.event_ns.median() / least.event_ns.median();
        let evaluation = cost.evaluation_us.median() / least.evaluation_us.median();
        // Ten times the events take ten times as long if each takes as long; and they must not make an evaluation longer.
        let (of_event, of_evaluation) =
            if what == "events" { (MOST, MOST_OF_EVENTS) } else { (10.0 * MOST, 10.0 * MOST) };
        let verdict = if event <= of_event && evaluation <= of_evaluation { "yes" } else { "**no**" };
        println!(
            "| {what} | {} | {event:.1} | {:.1} | {evaluation:.1} | {verdict} |",
            cost.event_ns, cost.evaluation_us
        );
    }
    let size = |work: Work| grouped(work.events as f64, 0);
    println!(
        "base: {} events, {} groups, {} open cases, {} profile, {} rules; {}",
        size(base),
        base.groups,
        grouped(base.open_cases as f64, 0),
        base.profiles,
        base.rules,
        before.others()
    );
}

impl Work {
    fn cost(self) -> Cost {
        let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| self.round()).collect();
        Cost {
            event_ns: Rounds::of(rounds.iter().map(|(event, _)| *event)),
            evaluation_us: Rounds::of(rounds.iter().map(|(_, evaluation)| *evaluation)),
        }
    }

    /// Nanoseconds per event and microseconds per evaluation.
    fn round(self) -> (f64, f64) {
        let mut monitor = new_monitor(self.plan(), 1);
        let mut next = 0;
        self.feed(&mut monitor, &mut next, self.open_cases);
        let spent = self.feed(&mut monitor, &mut next, self.events);
        let before = monitor.health().evaluations;
        let evaluations = (0..TICKS).map(|_| {
            self.feed(&mut monitor, &mut next, EVENTS_BETWEEN);
            let began = Instant::now();
            monitor.handle_tick(NOW);
            while let Some(output) = monitor.poll_output() {
                std::hint::black_box(output);
            }
            began.elapsed().as_secs_f64() * 1e6
        });
        let evaluation = Rounds::of(evaluations).median();
        assert_eq!(monitor.health().evaluations - before, TICKS, "a tick evaluated nothing");
        (spent.as_nanos() as f64 / self.events as f64, evaluation)
    }

    /// Counts the selections of new cases. Returns the time that took, without that of making them.
    fn feed(self, monitor: &mut Monitor, next: &mut u64, events: u64) -> Duration {
        let mut spent = Duration::ZERO;
        let mut handled = Vec::with_capacity(BATCH_RECORDS);
        let end = *next + events;
        while *next < end {
            let size = (end - *next).min(BATCH_RECORDS as u64);
            let lines: Vec<String> = (*next..*next + size).map(|number| self.selection(number)).collect();
            *next += size;
            let batches = batches(lines.iter().map(String::as_bytes), 1);
            let began = Instant::now();
            count(monitor, &batches, &mut handled);
            spent += began.elapsed();
        }
        spent
    }

    /// All events lie within two hours, so no case closes.
    fn selection(self, number: u64) -> String {
        let milliseconds = number * 2;
        let (hour, minute, second) = (milliseconds / 3_600_000, milliseconds / 60_000 % 60, milliseconds / 1_000 % 60);
        // Spread over groups and profiles independently of each other.
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let (profile, group, selected) = (number % self.profiles, mixed % self.groups, (mixed >> 8).is_multiple_of(10));
        format!(
            r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/b","id":"s{number}","time":"2026-03-01T{hour:02}:{minute:02}:{second:02}.{:03}Z","data":{{"case_id":"c{number}","profile":"p{profile}","selected":{selected},"groups":{{"origin":"g{group}"}}}}}}"#,
            milliseconds % 1_000
        )
    }

    fn plan(self) -> Plan {
        let mut text = String::from("[window]\nrolling = [\"24h\", \"7d\"]\n");
        for profile in 0..self.profiles {
            let _ = writeln!(text, "[profiles.p{profile}]\nowner = \"owner@example.org\"");
        }
        let groups: Vec<String> = (0..self.groups).map(|group| format!("g{group}")).collect();
        let _ = writeln!(text, "[dimensions.origin]\nground = \"race\"\ngroups = {groups:?}");
        for rule in 0..self.rules {
            let _ = writeln!(
                text,
                "[[rules]]\nname = \"rule-{rule}\"\nindicator = \"selection_rate\"\nwindows = [\"7d\"]\nwarning = 1.1\ncritical = 1.{}",
                25 + rule
            );
        }
        Settings::parse(&text, "growth.toml", std::iter::empty()).unwrap().plan
    }
}
