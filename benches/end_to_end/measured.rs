//! What a way of reading took, and how it gets from a role's process to the one that compares.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::processor::{ByThread, by_thread, memory, seconds};

/// What reading a stream took.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Time from the first event to the last.
    pub wall: Duration,
    /// Processor time from the start of the process to the last event, in nanoseconds.
    pub threads: ByThread,
    /// The most memory, in bytes.
    pub memory: u64,
}

/// When the first event was there, and when the last was done.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub first: Instant,
    pub last: Instant,
}

impl Measured {
    /// What a process that still runs has taken so far.
    pub fn of(process: u32, wall: Duration) -> Self {
        let mut threads = by_thread(process);
        // The first thread of a role has the name of this bench.
        let main = fs::read_to_string(format!("/proc/{process}/comm")).expect("read the name");
        if let Some(time) = threads.remove(main.trim()) {
            threads.insert("main".to_owned(), time);
        }
        // Threads that have ended have left only their sum, in hundredths of a second.
        let all = (seconds(process).expect("the process runs") * 1e9) as u64;
        let ended = all.saturating_sub(threads.values().sum());
        if ended > 20_000_000 {
            threads.insert("(ended)".to_owned(), ended);
        }
        Self { wall, threads, memory: memory(process, "VmHWM") }
    }

    /// All processor time in seconds.
    pub fn seconds(&self) -> f64 {
        self.threads.values().sum::<u64>() as f64 / 1e9
    }

    /// Reads what [`report`] has printed.
    pub fn parse(output: &str) -> Self {
        let mut measured = Self::default();
        for line in output.lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["wall", nanoseconds] => measured.wall = Duration::from_nanos(nanoseconds.parse().unwrap()),
                ["memory", bytes] => measured.memory = bytes.parse().unwrap(),
                ["thread", name, nanoseconds] => {
                    measured.threads.insert(name.to_owned(), nanoseconds.parse().unwrap());
                }
                _ => {}
            }
        }
        assert!(!measured.threads.is_empty(), "the role reported nothing: {output}");
        measured
    }
}

/// Prints what this process has taken, for [`Measured::parse`].
pub fn report(events: u64, read: Read) {
    let measured = Measured::of(std::process::id(), read.last - read.first);
    println!("events\t{events}");
    println!("wall\t{}", measured.wall.as_nanos());
    println!("memory\t{}", measured.memory);
    for (name, nanoseconds) in measured.threads {
        println!("thread\t{name}\t{nanoseconds}");
    }
}
