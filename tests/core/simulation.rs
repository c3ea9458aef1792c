//! The core under faults, from seeds: crashes, lost and torn writes, duplicates, reordering, delay. Whatever happens, the counts, the
//! evidence and the alerts are those of a monitor that saw each event once and never stopped.
//!
//! `PARITYWATCH_SIMULATION_SEEDS=100000 cargo test --release --test core simulation::` runs more seeds; `PARITYWATCH_SIMULATION_FIRST_SEED=N`
//! begins elsewhere. A failure names its seed and its faults.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::effort::number;
use crate::support::received::{By, hand_over, received};

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::Mutex;

use paritywatch::alert::AlertState;
use paritywatch::checkpoint::{Header, Input, read, write};
use paritywatch::ledger::{Keys, PseudonymKey};
use paritywatch::monitor::{AlertEntries, Clock, FORMAT, Monitor, Output, RestoreError};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::Value;

const SEEDS: u64 = 1_000;
const THREADS: usize = 2;
const PARTITIONS: usize = 3;
/// Events that end each partition.
const CLOSING: usize = 80;
/// The day after the first on which they are.
const CLOSING_DAY: i64 = 9;
const KEY: PseudonymKey = PseudonymKey([9; 16]);
/// Wall-clock time hardly moves, a millisecond a tick: nothing is idle or stale by chance.
const NOW: EventTime = EventTime(1_790_000_000_000);

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "simulated"
[window]
rolling = ["24h", "7d"]
cohort_max_age = "2d"
[limits]
not_selected_horizon = "1d"
dedupe_horizon = "30d"
[alerting]
block_exposed = 12
block_concluded = 4
[profiles.a]
owner = "o"
[profiles.b]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["x", "y", "other"]
[[rules]]
name = "point"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
min_events = 1
evidence = "point"
[[rules]]
name = "sequential"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
stratify_by = "office"
[[rules]]
name = "hits"
indicator = "hit_rate"
reference = "lowest"
warning = 0.9
critical = 0.8
[[rules]]
name = "random"
indicator = "control_frequency"
reference = "random"
warning = 1.1
critical = 1.25
[[rules]]
name = "complaints"
kind = "complaints"
grounds = ["race"]
exposure_window = "3d"
block_complaints = 2
min_events = 1
[[rules]]
name = "overturned"
kind = "complaints"
measure = "overturned"
exposure_window = "5d"
block_complaints = 2
min_events = 1
"#;

#[test]
fn faults_leave_no_trace() {
    let first = number("PARITYWATCH_SIMULATION_FIRST_SEED").unwrap_or(0);
    let seeds = number("PARITYWATCH_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let mut plan = Settings::parse(CONFIG, "simulation.toml", std::iter::empty()).unwrap().plan;
    // Whoever starts again after the clock was set cannot tell the step from silence.
    plan.window.stale_after = None;
    let seen = Mutex::new(BTreeMap::<&str, u64>::new());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (plan, seen) = (&plan, &seen);
            scope.spawn(move || {
                for seed in (first..first + seeds).skip(thread).step_by(THREADS) {
                    let mut simulation = Simulation::new(plan.clone(), seed);
                    simulation.run();
                    let mut seen = seen.lock().unwrap();
                    simulation.faults.iter().for_each(|(fault, _)| *seen.entry(fault).or_default() += 1);
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    println!("{seeds} seeds from {first}; faults: {seen:?}");
    if seeds >= SEEDS {
        for fault in
            ["crash", "lost write", "torn write", "duplicate", "delay", "swap", "reload", "clock set", "key changed"]
        {
            assert!(seen.get(fault).is_some_and(|count| *count > seeds / 4), "{fault} was hardly tried: {seen:?}");
        }
    }
}

/// One log, and one daemon that reads it while things go wrong.
struct Simulation {
    seed: u64,
    random: Random,
    plan: Plan,
    /// Whether all events of a case come by one partition.
    by_case: bool,
    /// Each event once.
    once: Vec<(usize, String)>,
    /// With duplicates.
    all: Vec<(usize, String)>,
    /// What Kafka holds of it.
    log: [Vec<String>; PARTITIONS],
    monitor: Monitor,
    offsets: [usize; PARTITIONS],
    durable: Option<Vec<u8>>,
    /// The keys as they are on the disk, and as the daemon has read them at its start.
    keys: [Keys; 2],
    journal: Vec<Vec<u8>>,
    /// Alerts that somebody was told of: id and beginning.
    told: BTreeMap<String, EventTime>,
    now: EventTime,
    faults: Faults,
}

impl Simulation {
    fn new(plan: Plan, seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut faults = Vec::new();
        let by_case = random.below(2) == 0;
        let (once, all) = logs(by_case, hears_again(seed), &mut random, &mut faults);
        let mut log: [Vec<String>; PARTITIONS] = Default::default();
        all.iter().for_each(|(partition, line)| log[*partition].push(line.clone()));
        let monitor = fresh(&plan, KEY, NOW);
        Self {
            seed,
            random,
            plan,
            by_case,
            once,
            all,
            log,
            monitor,
            offsets: [0; PARTITIONS],
            durable: None,
            keys: [KEY.into(), KEY.into()],
            journal: Vec::new(),
            told: BTreeMap::new(),
            now: NOW,
            faults,
        }
    }

    fn run(&mut self) {
        let mut step = 0;
        while self.offsets.iter().zip(&self.log).any(|(offset, log)| *offset < log.len()) {
            step += 1;
            match self.random.below(12) {
                0 => self.checkpoint(step),
                1 if step < 400 => self.crash(step),
                2 | 3 => self.tick(),
                4 if self.random.below(4) == 0 => self.operate(step),
                _ => self.read_some(),
            }
        }
        self.tick();
        self.compare();
    }

    fn read_some(&mut self) {
        let partition = self.random.below(PARTITIONS);
        let rest = &self.log[partition][self.offsets[partition]..];
        let most = if self.random.below(6) == 0 { 300 } else { 8 };
        let lines = &rest[..(1 + self.random.below(most)).min(rest.len())];
        let index = u32::try_from(partition).unwrap();
        let records: Vec<_> = lines.iter().map(|line| received(index, line)).collect();
        let mut size = 1 + self.random.below(most);
        let mut sizes = || std::mem::replace(&mut size, most);
        let mut by = if self.random.below(4) == 0 { By::Record } else { By::Batches(&mut sizes) };
        hand_over(&mut self.monitor, &records, self.now, &mut by);
        self.offsets[partition] += records.len();
    }

    /// As the daemon does it: what changed is durable before anybody is told.
    fn tick(&mut self) {
        self.now = EventTime(self.now.0 + 1);
        self.monitor.handle_tick(self.now);
        while let Some(output) = self.monitor.poll_output() {
            match output {
                Output::Alerts(transitions) => self.journal.push(transitions.entries.to_bytes().unwrap()),
                Output::Published(published) => {
                    let told = published.alerts().iter().map(|alert| (alert.id.clone(), alert.active_at));
                    self.told.extend(told);
                }
            }
        }
    }

    /// What people do to a running daemon leaves no trace either.
    fn operate(&mut self, step: usize) {
        if self.random.below(2) == 0 {
            self.rotate(step);
        }
        if self.random.below(2) == 0 {
            self.faults.push(("reload", step));
            self.monitor.change_plan(self.plan.clone()).unwrap();
        } else {
            self.faults.push(("clock set", step));
            // A clock that is behind the events refuses them as ahead of it.
            let days = [3_653, -3_653, 1, -1][self.random.below(4)];
            let is_behind = self.now.plus(Span::DAY.times(days)) < NOW;
            let by = Span::DAY.times(if is_behind { -days } else { days });
            self.now = self.now.plus(by);
            self.monitor.shift_clock(by);
        }
    }

    /// A new key takes effect at the next start.
    fn rotate(&mut self, step: usize) {
        let [files, _] = &mut self.keys;
        if files.previous.is_none() {
            self.faults.push(("key changed", step));
            let present = PseudonymKey([u8::try_from(step % 251).unwrap(); 16]);
            files.previous = Some(std::mem::replace(&mut files.present, present));
        }
    }

    /// A checkpoint that no longer needs the previous key is on the disk.
    fn destroy_key(&mut self) {
        let [files, read] = &mut self.keys;
        let key = |keys: &Keys| keys.previous.as_ref().map(|PseudonymKey(key)| *key);
        // Another rotation may have begun meanwhile.
        if key(read).is_some() && key(read) == key(files) && !self.monitor.has_two_keys() {
            files.previous = None;
        }
    }

    fn checkpoint(&mut self, step: usize) {
        let inputs = (0..PARTITIONS).map(|partition| Input {
            topic: "events".to_owned(),
            partition: i32::try_from(partition).unwrap(),
            next_offset: i64::try_from(self.offsets[partition]).unwrap(),
            last: None,
        });
        let header = Header {
            format: FORMAT,
            written_by: "simulation".to_owned(),
            sequence: step as u64,
            config_hash: self.plan.config_hash.clone(),
            journal: 0,
            inputs: inputs.collect(),
            accepted_gaps: Vec::new(),
        };
        let mut bytes = Vec::new();
        write(&header, &self.monitor.snapshot(), &mut bytes).unwrap();
        match self.random.below(5) {
            0 => self.faults.push(("lost write", step)),
            1 => {
                self.faults.push(("torn write", step));
                self.tear(&mut bytes);
                // It never takes the old one's place, and would be told from a whole one if it did.
                assert!(
                    restore(&self.plan, &self.keys[1], &bytes, self.now).is_err(),
                    "{}: a torn checkpoint was read",
                    self.name()
                );
            }
            _ => {
                self.durable = Some(bytes);
                self.journal.clear();
                self.destroy_key();
            }
        }
    }

    fn tear(&mut self, bytes: &mut Vec<u8>) {
        let place = self.random.below(bytes.len());
        if self.random.below(2) == 0 {
            bytes.truncate(place);
        } else {
            bytes[place] ^= 1 << self.random.below(8);
        }
    }

    fn crash(&mut self, step: usize) {
        self.faults.push(("crash", step));
        let before = identities(&self.monitor);
        self.keys[1] = self.keys[0].clone();
        let keys = &self.keys[1];
        (self.monitor, self.offsets) = match &self.durable {
            None => (fresh(&self.plan, keys.present.clone(), self.now), [0; PARTITIONS]),
            Some(bytes) => {
                restore(&self.plan, keys, bytes, self.now).unwrap_or_else(|error| panic!("{}: {error}", self.name()))
            }
        };
        for bytes in &self.journal {
            self.monitor.recall_alerts(AlertEntries::from_bytes(bytes).unwrap()).unwrap();
        }
        let after = identities(&self.monitor);
        for alert in before {
            assert!(after.contains(&alert), "{}: {alert} is forgotten; there are {after:?}", self.name());
        }
    }

    fn compare(&self) {
        let name = self.name();
        let (seen, expected, once) =
            (document(&self.monitor), undisturbed(&self.plan, &self.all), undisturbed(&self.plan, &self.once));
        let both = |document: &Value| {
            Some(document["events"]["accepted"].as_u64()? + document["events"]["conflict"].as_u64()?)
        };
        assert_eq!((&seen["as_of"], both(&seen)), (&once["as_of"], both(&once)), "{name}");
        assert_eq!((&seen["as_of"], self.kept(&seen)), (&expected["as_of"], self.kept(&expected)), "{name}");
        assert_eq!(seen["late_evidence"], expected["late_evidence"], "{name}");
        let findings = |document: &Value| document["findings"].as_array().unwrap().clone();
        for ((seen, expected), once) in findings(&seen).iter().zip(&findings(&expected)).zip(&findings(&once)) {
            assert_eq!(self.judged(seen), self.judged(expected), "{name}");
            // As time moves, what is heard again may come before its case is let go or after.
            assert!(hears_again(self.seed) || counted(seen) == counted(once), "{name}: {seen} {once}");
        }
        self.compare_alerts();
    }

    /// Events that were accepted, and conflicts. Where those of a case come by several partitions, what ties two selections into one run may
    /// come after both: then the second was no conflict when it came, though it counts as one. So they are told apart by case only.
    fn kept(&self, document: &Value) -> (u64, u64) {
        let [accepted, conflict] = ["accepted", "conflict"].map(|result| document["events"][result].as_u64().unwrap());
        if self.by_case { (accepted, conflict) } else { (accepted + conflict, 0) }
    }

    /// A finding without what depends on when it was looked at: a verdict that evidence raised stands. Nor with what depends on when
    /// conflicts came, where that is not told by the log.
    fn judged(&self, finding: &Value) -> Value {
        let mut finding = finding.clone();
        if !finding["evidence"].is_null() {
            finding["verdict"] = Value::Null;
        }
        if !self.by_case {
            finding["missing"] = Value::Null;
            if finding["verdict"] == "incomplete" {
                finding["verdict"] = "within".into();
            }
        }
        finding
    }

    /// Nothing that was told is told otherwise, and nothing is told twice.
    fn compare_alerts(&self) {
        let mut open = BTreeSet::new();
        for alert in self.monitor.published().alerts() {
            let finding = &alert.evidence;
            let about = format!("{} {} {} {}", finding.rule, finding.profile, finding.channel, finding.group());
            assert!(!alert.state.is_open() || open.insert(about), "{}: two open alerts: {alert:?}", self.name());
            if let Some(active_at) = self.told.get(&alert.id) {
                assert_eq!(*active_at, alert.active_at, "{}", self.name());
            }
        }
    }

    fn name(&self) -> String {
        format!("seed {}, faults {:?}", self.seed, self.faults)
    }
}

fn fresh(plan: &Plan, key: PseudonymKey, now: EventTime) -> Monitor {
    let mut monitor = Monitor::new(plan.clone(), key, Clock::Wall);
    (0..PARTITIONS).for_each(|index| monitor.add_partition(PartitionIndex(u32::try_from(index).unwrap()), now));
    monitor
}

fn restore(plan: &Plan, keys: &Keys, bytes: &[u8], now: EventTime) -> Result<(Monitor, [usize; PARTITIONS]), String> {
    let (header, mut sections) = read(Cursor::new(bytes))?;
    let monitor = Monitor::restore(plan.clone(), keys.clone(), Clock::Wall, |_| sections.read().ok());
    let mut monitor = monitor.map_err(|error: RestoreError| error.to_string())?;
    monitor.resume(now);
    let offset = |index: usize| usize::try_from(header.inputs[index].next_offset).unwrap();
    Ok((monitor, std::array::from_fn(offset)))
}

/// What a monitor says of events that nothing disturbs.
fn undisturbed(plan: &Plan, events: &[(usize, String)]) -> Value {
    let mut monitor = fresh(plan, KEY, NOW);
    let records: Vec<_> =
        events.iter().map(|(partition, line)| received(u32::try_from(*partition).unwrap(), line)).collect();
    hand_over(&mut monitor, &records, NOW, &mut By::Record);
    monitor.handle_tick(NOW);
    document(&monitor)
}

fn document(monitor: &Monitor) -> Value {
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

/// Each alert with its state and times.
fn identities(monitor: &Monitor) -> BTreeSet<String> {
    let published = monitor.published();
    let told = published.alerts().iter().filter(|alert| alert.state != AlertState::Inactive);
    told.map(|alert| format!("{} {:?} {:?} {:?}", alert.id, alert.state, alert.active_at, alert.fired_at)).collect()
}

/// What a second delivery leaves no trace in. How fast time moves, it may have a part in: which cohorts are sealed, and what is late.
/// What is late is in no count by the time of events.
fn counted(finding: &Value) -> Option<[&Value; 2]> {
    let names = ["group_counts", "reference_counts"];
    let depends_on_time = finding["indicator"] == "hit_rate" || finding["kind"] == "complaints";
    (!depends_on_time).then(|| names.map(|name| &finding[name]))
}

/// Whether cases are heard of again when they may have been let go.
fn hears_again(seed: u64) -> bool {
    !seed.is_multiple_of(4)
}

/// What goes wrong, and where in the log or at which step.
type Faults = Vec<(&'static str, usize)>;

/// Events with their partitions.
type Events = Vec<(usize, String)>;

/// Cases with all that can happen to them: each event once, and with duplicates.
fn logs(by_case: bool, hears_again: bool, random: &mut Random, faults: &mut Faults) -> (Events, Events) {
    let mut events: Vec<(i64, usize, String)> = Vec::new();
    for case in 0..20 + random.below(40) {
        let mut minute = i64::try_from(random.below(60 * 24 * 4)).unwrap();
        let group = ["x", "y", "z"][random.below(3)];
        let profile = ["a", "b"][random.below(2)];
        let channel = ["profile", "random"][usize::from(random.below(4) == 0)];
        let selected = random.below(if group == "y" { 2 } else { 4 }) == 0;
        let office = random.below(2);
        let mut add = |kind: &str, minute: i64, random: &mut Random, data: String| {
            let id = events.len();
            let line = format!(
                r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"e{id}","time":"{}","data":{{"case_id":"c{case}",{data}}}}}"#,
                time(minute)
            );
            // Some producers partition otherwise.
            let partition =
                if !by_case && random.below(10) == 0 { random.below(PARTITIONS) } else { case % PARTITIONS };
            events.push((minute, partition, line));
            id
        };
        let groups = match random.below(8) {
            0 => String::new(),
            1 => format!(r#","groups":{{"origin":{{"x":0.{},"y":0.3}}}}"#, 1 + random.below(6)),
            _ => format!(r#","groups":{{"origin":"{group}"}}"#),
        };
        let data = format!(
            r#""profile":"{profile}","channel":"{channel}","selected":{selected},"strata":{{"office":"o{office}"}}{groups}"#
        );
        let selection = add("selection", minute, random, data.clone());
        if random.below(6) == 0 {
            add("selection", minute + 1, random, format!(r#"{data},"revises":"e{selection}""#));
        }
        if groups.is_empty() {
            // Some are known only after the control, or the complaint.
            let told = minute + 3 + if random.below(2) == 0 { 0 } else { i64::try_from(random.below(900)).unwrap() };
            add("attributes", told, random, format!(r#""groups":{{"origin":"{group}"}}"#));
        }
        // Heard of again when it may have been let go: that is told by the log, not by how far the slowest partition has come.
        if hears_again && !selected && random.below(3) == 0 {
            let again = minute + 1_200 + i64::try_from(random.below(60 * 24 * 3)).unwrap();
            let named = format!(r#""profile":"{profile}""#);
            match random.below(5) {
                0 => add("control", again, random, r#""performed":true"#.to_owned()),
                1 => add(
                    "control",
                    again,
                    random,
                    format!(r#"{named},"channel":"signal","outcome":"violation"{groups}"#),
                ),
                2 => add("selection", again, random, data.clone()),
                3 => add("selection", again, random, format!(r#"{data},"revises":"e{selection}""#)),
                _ => add("complaint", again, random, format!("{named}{groups}")),
            };
            if random.below(2) == 0 {
                add("outcome", again + 2_000, random, r#""outcome":"no_violation""#.to_owned());
            }
        }
        if selected || random.below(12) == 0 {
            minute += 10 + i64::try_from(random.below(300)).unwrap();
            let performed = random.below(8) > 0;
            add("control", minute, random, format!(r#""performed":{performed}"#));
            minute += i64::try_from(random.below(900)).unwrap();
            let word = ["violation", "no_violation", "unknown"][random.below(3)];
            let outcome = add("outcome", minute, random, format!(r#""outcome":"{word}""#));
            if random.below(3) == 0 {
                let status = ["received", "received", "upheld", "rejected"][random.below(4)];
                let data = format!(r#""profile":"{profile}","ground":"race","status":"{status}""#);
                add("complaint", minute + 30 + i64::try_from(random.below(900)).unwrap(), random, data);
            }
            if random.below(5) == 0 {
                add("outcome", minute + 60, random, format!(r#""outcome":"no_violation","revises":"e{outcome}""#));
            }
        }
    }
    events.sort();
    disturb(&mut events, random, faults);
    let mut once: Vec<(usize, String)> = events.iter().map(|(_, partition, line)| (*partition, line.clone())).collect();
    let mut all = with_duplicates(once.clone(), random, faults);
    all.extend(closing());
    once.extend(closing());
    (once, all)
}

/// Events come late, or change places.
fn disturb(events: &mut Vec<(i64, usize, String)>, random: &mut Random, faults: &mut Faults) {
    for place in 0..events.len() {
        match random.below(25) {
            0 => {
                faults.push(("delay", place));
                let event = events.remove(place);
                let to = place + random.below(events.len() - place + 1);
                events.insert(to, event);
            }
            1 if place > 0 => {
                faults.push(("swap", place));
                events.swap(place - 1, place);
            }
            _ => {}
        }
    }
}

/// A second delivery comes after the first, anywhere.
fn with_duplicates(once: Vec<(usize, String)>, random: &mut Random, faults: &mut Faults) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    let mut later: Vec<(usize, String)> = Vec::new();
    for (place, (partition, line)) in once.into_iter().enumerate() {
        if random.below(8) == 0 {
            faults.push(("duplicate", place));
            later.push((partition, line.clone()));
        }
        all.push((partition, line));
        if !later.is_empty() && random.below(4) == 0 {
            all.push(later.swap_remove(random.below(later.len())));
        }
    }
    all.extend(later);
    all
}

/// What ends each partition, with and without duplicates: so many events at one time that they support it.
fn closing() -> impl Iterator<Item = (usize, String)> {
    let at = time(60 * 24 * CLOSING_DAY);
    (0..PARTITIONS * CLOSING).map(move |id| {
        let line = format!(
            r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/s","id":"z{id}","time":"{at}","data":{{"case_id":"z{id}","profile":"a","selected":false,"groups":{{"origin":"x"}}}}}}"#
        );
        (id % PARTITIONS, line)
    })
}

fn time(minute: i64) -> String {
    let (day, minute) = (minute / 1_440 + 1, minute % 1_440);
    format!("2026-03-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60)
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % limit
    }
}
