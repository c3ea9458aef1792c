//! Processor time and memory of a process, as Linux counts them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Processor time by the names of threads, in nanoseconds. Threads of one name are added up.
pub type ByThread = BTreeMap<String, u64>;

/// The processor time of every thread that the process has now. A thread that has ended is not among them.
pub fn by_thread(process: u32) -> ByThread {
    let mut threads = ByThread::new();
    for entry in fs::read_dir(format!("/proc/{process}/task")).expect("list the threads") {
        let folder = entry.expect("a thread").path();
        // A thread may end meanwhile.
        let (Ok(name), Ok(times)) =
            (fs::read_to_string(folder.join("comm")), fs::read_to_string(folder.join("schedstat")))
        else {
            continue;
        };
        // Time on a processor, time waiting for one, and how often it got one.
        let on_processor: u64 = times.split_whitespace().next().unwrap().parse().unwrap();
        *threads.entry(name.trim().to_owned()).or_default() += on_processor;
    }
    threads
}

/// The processor time of a process in seconds, of threads that have ended too, and of children that were waited for. The system counts in
/// hundredths.
pub fn seconds(process: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may hold anything; user and system time are the fields 14 and 15, those of children 16 and 17.
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u64 = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Some(ticks as f64 / 100.0)
}

/// The processor time of a process and of all its descendants, in seconds.
pub fn seconds_of_tree(root: u32) -> f64 {
    let parents: Vec<(u32, u32)> =
        fs::read_dir("/proc").expect("list /proc").filter_map(|entry| parent(&entry.ok()?.path())).collect();
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(process) = tree.get(next).copied() {
        tree.extend(parents.iter().filter(|(_, parent)| *parent == process).map(|(child, _)| child));
        next += 1;
    }
    tree.into_iter().filter_map(seconds).sum()
}

/// The ids of a process and of its parent.
fn parent(folder: &Path) -> Option<(u32, u32)> {
    let process = folder.file_name()?.to_str()?.parse().ok()?;
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    Some((process, stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?))
}

/// A line of `/proc/<pid>/status` that gives kilobytes, in bytes: `VmRSS` is the memory now, `VmHWM` the most so far.
pub fn memory(process: u32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("read the status");
    let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
    let kilobytes: u64 =
        value.and_then(|value| value.split_whitespace().next()).expect("a line of the status").parse().unwrap();
    kilobytes << 10
}
