//! What comes from outside is changed at random, from a seed: events, configurations, and checkpoints whose checksums are made to fit.
//!
//! Nothing panics, and nothing takes more memory than its bytes account for. Both readers of events give the same answer. A configuration
//! that is accepted is printed as one that means the same. A checkpoint that is accepted is written as one that reads as the same.
//!
//! `PARITYWATCH_FUZZ_EVENTS=N`, `_SETTINGS=N`, `_CHECKPOINTS=N`, `_FILES=N` and `_ENTRIES=N` run more, `PARITYWATCH_FUZZ_SEED=N` other ones.
//! A failure prints its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::effort::number;
use crate::support::state;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use paritywatch::checkpoint::read;
use paritywatch::event::{RawRecord, decode, decode_generally};
use paritywatch::monitor::{AlertEntries, Clock, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, Limits, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::Value;
use state::{KEY, NOW, checkpoint, events, feed, fresh, mixed, parts, plan, transitions, usual};

/// Most memory that this process may come to use, in KiB: some times what the tests take.
const MOST_MEMORY_KIB: u64 = 2 << 20;

const THREADS: usize = 2;

/// One in so many of the changed checkpoints that are read is gone on with.
const GONE_ON_WITH: usize = 16;

#[test]
fn changed_events_are_decoded_or_refused() {
    let mut texts = Vec::new();
    for folder in ["config/contract/examples", "config/contract/invalid"] {
        texts.extend(files(folder, "json"));
    }
    texts.extend(events(60).into_iter().map(String::into_bytes));
    // What an event is without its envelope, whose attributes then come as headers.
    let bodies: Vec<(String, Vec<u8>)> = texts.iter().filter_map(|text| body(text)).collect();
    let limits = Limits { string_bytes: 256, message_bytes: 65_536 };
    let (read, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let compare = |payload: &[u8], headers: &[(&str, &[u8])]| {
        let record = RawRecord { payload, headers, timestamp: Some(EventTime(1_772_000_000_000)) };
        let decoded = decode(&record, &limits, Some(Span::DAY));
        assert_eq!(decoded, decode_generally(&record, &limits, Some(Span::DAY)), "the readers differ");
        if decoded.is_ok() { &read } else { &refused }.fetch_add(1, Ordering::Relaxed);
    };
    fuzz("EVENTS", 200_000, |random| {
        compare(&random.changed_event(&texts), &[]);
        let (event_type, body) = &bodies[random.below(bodies.len())];
        let headers: &[(&str, &[u8])] = &[
            ("ce_specversion", b"1.0"),
            ("ce_id", b"e-1"),
            ("ce_source", b"/s"),
            ("ce_type", event_type.as_bytes()),
            ("ce_time", b"2026-03-01T08:15:30Z"),
        ];
        compare(&random.changed_event(std::slice::from_ref(body)), headers);
    });
    assert_both(read, refused);
}

/// The type and the data of an event, where it has both.
fn body(event: &[u8]) -> Option<(String, Vec<u8>)> {
    let event: Value = serde_json::from_slice(event).ok()?;
    Some((event.get("type")?.as_str()?.to_owned(), event.get("data")?.to_string().into_bytes()))
}

#[test]
fn changed_configurations_are_read_or_refused() {
    let mut texts = files("config", "toml");
    texts.push(usual().into_bytes());
    let (read, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    fuzz("SETTINGS", 25_000, |random| {
        let text = random.changed_text(&texts);
        let Ok(settings) = Settings::parse(&String::from_utf8_lossy(&text), "c.toml", std::iter::empty()) else {
            refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        read.fetch_add(1, Ordering::Relaxed);
        let printed = settings.redacted_toml();
        let again = Settings::parse(&printed, "printed.toml", std::iter::empty());
        let again = again.unwrap_or_else(|error| panic!("what was printed is refused: {error}\n{printed}"));
        let mut plan = again.plan.clone();
        if plan.dimensions.iter().all(|dimension| dimension.crosses.is_empty()) {
            // It decides nothing there, and is not printed.
            plan.evidence.intersection_share = settings.plan.evidence.intersection_share;
        }
        assert_eq!(plan, settings.plan);
        assert_eq!(again.redacted_toml(), printed);
    });
    assert_both(read, refused);
}

#[test]
fn changed_checkpoints_are_gone_on_with_or_refused() {
    let plan = plan(&usual());
    let lines = events(400);
    let (first, rest) = lines.split_at(300);
    let mut monitor = fresh(&plan);
    feed(&mut monitor, first);
    monitor.handle_tick(NOW);
    let whole = checkpoint(&plan, &monitor);
    let parts = parts(&whole);
    let sections: Vec<&[u8]> = parts.windows(2).skip(2).map(|part| &whole[part[0].1 + 16..part[1].1]).collect();
    let whole: Vec<Vec<u8>> = sections.iter().map(|section| section.to_vec()).collect();
    assert!(written(&restored(&plan, &whole)) == whole, "what was written is written otherwise");
    let cases: Vec<usize> = (1..sections.len()).filter(|section| sections[*section].len() > 3).collect();
    let (read, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    fuzz("CHECKPOINTS", 10_000, |random| {
        // Half of the time everything but the cases, else those of a shard.
        let target = if random.below(2) == 0 { 0 } else { cases[random.below(cases.len())] };
        let bytes = random.changed(sections[target]);
        let section = |index: usize| Some(if index == target { bytes.clone() } else { sections[index].to_vec() });
        match Monitor::restore(plan.clone(), KEY, Clock::Wall, section) {
            Ok(mut monitor) => {
                read.fetch_add(1, Ordering::Relaxed);
                // A number may have been longer than it had to be, or evidence of a rule that is gone. Once written, nothing changes.
                let sections = written(&monitor);
                let mut again = restored(&plan, &sections);
                assert_same(&written(&again), &sections);
                // To go on takes a hundred times as long as to read.
                if random.below(GONE_ON_WITH) > 0 {
                    return;
                }
                assert_eq!(gone_on_with(&mut again, rest), gone_on_with(&mut monitor, rest));
            }
            Err(_) => {
                refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    assert_both(read, refused);
}

/// Every section of a monitor's snapshot.
fn written(monitor: &Monitor) -> Vec<Vec<u8>> {
    let snapshot = monitor.snapshot();
    (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect()
}

fn restored(plan: &Plan, sections: &[Vec<u8>]) -> Monitor {
    let restored = Monitor::restore(plan.clone(), KEY, Clock::Wall, |index| sections.get(index).cloned());
    restored.unwrap_or_else(|error| panic!("what was written is refused: {error}"))
}

/// The core to the byte. The cases of a shard are written in any order, so theirs are only as long.
fn assert_same(again: &[Vec<u8>], written: &[Vec<u8>]) {
    assert!(again[0] == written[0], "the core is written otherwise");
    for (index, (again, written)) in again.iter().zip(written).enumerate() {
        assert_eq!(again.len(), written.len(), "section {index}");
    }
}

/// What a monitor publishes, and knows of itself, after more events.
fn gone_on_with(monitor: &mut Monitor, rest: &[String]) -> (String, String) {
    monitor.resume(NOW);
    monitor.handle_tick(NOW);
    feed(monitor, rest);
    monitor.handle_tick(NOW);
    let _ = monitor.allocated_bytes();
    (0..4).for_each(|index| drop(monitor.snapshot().section(index).unwrap()));
    (monitor.published().to_json(), format!("{:?}", monitor.health()))
}

#[test]
fn any_bytes_are_no_checkpoint() {
    let plan = plan(&usual());
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(40));
    let whole = checkpoint(&plan, &monitor);
    fuzz("FILES", 20_000, |random| {
        let bytes = random.changed(&whole);
        let Ok((_, mut sections)) = read(bytes.as_slice()) else { return };
        let _ = Monitor::restore(plan.clone(), KEY, Clock::Wall, |_| sections.read().ok());
    });
}

#[test]
fn changed_journal_entries_are_recalled_or_refused() {
    let plan = plan(&usual());
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(300));
    monitor.handle_tick(NOW);
    let bytes = transitions(&mut monitor).expect("there are alerts").entries.to_bytes().unwrap();
    fuzz("ENTRIES", 50_000, |random| {
        let Ok(entries) = AlertEntries::from_bytes(&random.changed(&bytes)) else { return };
        let mut monitor = monitor.clone();
        if monitor.recall_alerts(entries).is_ok() {
            monitor.handle_tick(NOW);
            let _ = monitor.published().to_json();
        }
    });
}

/// Runs one attempt after another, each from a seed of its own; a panic names it.
fn fuzz(what: &str, attempts: u64, attempt: impl Fn(&mut Random) + Sync) {
    let attempts = number(&format!("PARITYWATCH_FUZZ_{what}")).unwrap_or(attempts);
    let first = number("PARITYWATCH_FUZZ_SEED").unwrap_or(1);
    println!("{what}: {attempts} attempts, PARITYWATCH_FUZZ_SEED={first}");
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let attempt = &attempt;
            scope.spawn(move || {
                for seed in (first..first + attempts).skip(thread).step_by(THREADS) {
                    let mut random = Random(mixed(seed) | 1);
                    if catch_unwind(AssertUnwindSafe(|| attempt(&mut random))).is_err() {
                        panic!("PARITYWATCH_FUZZ_SEED={seed} PARITYWATCH_FUZZ_{what}=1 shows the panic above");
                    }
                }
            });
        }
    });
    let used = most_memory_kib();
    assert!(used < MOST_MEMORY_KIB, "{used} KiB were used");
}

/// An attempt that is always refused, or never, would show nothing.
fn assert_both(read: AtomicU64, refused: AtomicU64) {
    let (read, refused) = (read.into_inner(), refused.into_inner());
    println!("{read} were read, {refused} refused");
    assert!(read > 0 && refused > 0);
}

/// The most memory that this process has had resident.
fn most_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn files(folder: &str, extension: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|known| known == extension));
    assert!(!paths.is_empty(), "{}: no files", folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit.max(1)
    }

    /// One of the texts: changed anyhow, which is refused nearly always, or only in its words and numbers.
    fn changed_event(&mut self, texts: &[Vec<u8>]) -> Vec<u8> {
        if self.below(2) == 0 {
            return self.changed_text(texts);
        }
        let mut text = texts[self.below(texts.len())].clone();
        for _ in 0..=self.below(3) {
            let from = self.below(text.len());
            if let Some(letter) = text.iter_mut().skip(from).find(|byte| byte.is_ascii_alphanumeric()) {
                let others: &[u8] = if letter.is_ascii_digit() { b"0123456789.-e" } else { b"abcdefghijklmnoZT _" };
                *letter = others[self.below(others.len())];
            }
        }
        text
    }

    /// One of the texts, changed; now and then with a part of another one, or with a word that means something.
    fn changed_text(&mut self, texts: &[Vec<u8>]) -> Vec<u8> {
        const WORDS: [&str; 16] = [
            "null",
            "true",
            "-0.0",
            "1e999",
            "18446744073709551615",
            "\"\\u0000\"",
            "\\ud800",
            "{}",
            "[]",
            "\"\"",
            "9999-12-31T23:59:60Z",
            "0d",
            "-1",
            "[[",
            "\u{2028}",
            "1.0e-999",
        ];
        let at = self.below(texts.len());
        let mut text = self.changed(&texts[at]);
        for _ in 0..self.below(3) {
            let place = self.below(text.len() + 1);
            let other = &texts[self.below(texts.len())];
            let from = self.below(other.len());
            let part = &other[from..(from + self.below(40)).min(other.len())];
            let word = WORDS[self.below(WORDS.len())].as_bytes();
            let put = if self.below(2) == 0 { part } else { word };
            text.splice(place..place, put.iter().copied());
        }
        text
    }

    /// Some bytes changed, left out, put in, doubled, or made a large number.
    fn changed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let place = self.below(bytes.len());
            let end = (place + 1 + self.below(16)).min(bytes.len());
            match self.below(8) {
                _ if bytes.is_empty() => bytes.push(0),
                0 => bytes[place] ^= 1 << self.below(8),
                1 => bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][self.below(5)],
                2 => drop(bytes.drain(place..end)),
                3 => bytes.truncate(place),
                4 => bytes.insert(place, self.next().to_le_bytes()[0]),
                5 => {
                    let part = bytes[place..end].to_vec();
                    bytes.splice(place..place, part);
                }
                // The largest number that fits, as postcard writes it, in place of a small one.
                6 => drop(bytes.splice(place..=place, large(self.below(4)))),
                _ => bytes[place] = bytes[place].wrapping_add(1),
            }
        }
        bytes
    }
}

/// 2^16, 2^32, 2^63 and 2^64, each less 1, with seven bits to a byte.
fn large(which: usize) -> Vec<u8> {
    let mut number = [u64::from(u16::MAX), u64::from(u32::MAX), i64::MAX as u64, u64::MAX][which];
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}
