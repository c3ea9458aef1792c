//! What else the machine does while something is measured.

use std::fmt;
use std::fs;
use std::time::Instant;

use super::processor::seconds_of_tree;

/// Most of the processors that others may take during a round, as a share.
const MOST_FOR_OTHERS: f64 = 0.05;
/// Highest load average at the start, for each processor.
const HIGHEST_LOAD: f64 = 0.25;

/// The exit code where the machine is too busy: a failure that passes.
pub const REFUSED: i32 = 75;

/// The processors' counters at a moment.
pub struct Moment {
    at: Instant,
    busy: f64,
    stolen: f64,
    own: f64,
}

/// What others did while something was measured, as shares of all processors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Others {
    /// Other processes of this machine.
    pub processes: f64,
    /// Other machines on the same hardware.
    pub stolen: f64,
}

impl Moment {
    /// The present one.
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").expect("read /proc/stat");
        // user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second.
        let fields: Vec<f64> =
            stat.lines().next().unwrap().split_whitespace().skip(1).map(|field| field.parse().unwrap()).collect();
        let busy = [0, 1, 2, 5, 6].into_iter().map(|index| fields[index]).sum::<f64>() / 100.0;
        Self { at: Instant::now(), busy, stolen: fields[7] / 100.0, own: seconds_of_tree(std::process::id()) }
    }

    /// What others did since then. This process, its children and theirs are no others.
    pub fn others(&self) -> Others {
        let now = Self::now();
        let capacity = (now.at - self.at).as_secs_f64() * processors();
        let processes = (now.busy - self.busy) - (now.own - self.own);
        Others { processes: (processes / capacity).max(0.0), stolen: (now.stolen - self.stolen) / capacity }
    }
}

impl Others {
    /// Whether the round is worth nothing.
    pub fn are_too_many(self) -> bool {
        self.processes + self.stolen > MOST_FOR_OTHERS
    }

    /// The worse of the two.
    pub fn max(self, other: Self) -> Self {
        Self { processes: self.processes.max(other.processes), stolen: self.stolen.max(other.stolen) }
    }
}

impl fmt::Display for Others {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "others {:.1} %, stolen {:.1} % of the processors",
            self.processes * 100.0,
            self.stolen * 100.0
        )
    }
}

/// Shows how busy the machine is. Ends the bench where it is too busy, unless that is `forced`.
pub fn check_load(forced: bool) {
    let text = fs::read_to_string("/proc/loadavg").expect("read /proc/loadavg");
    let load: f64 = text.split_whitespace().next().unwrap().parse().unwrap();
    let processors = processors();
    println!("load average {load:.2} on {processors} processors at the start");
    if load > HIGHEST_LOAD * processors {
        let limit = HIGHEST_LOAD * processors;
        if !forced {
            println!("refused: the load average is above {limit:.2}; wait, or measure all the same with --force");
            std::process::exit(REFUSED);
        }
        println!("FORCED: above the limit of {limit:.2}; the figures are worth little");
    }
}

fn processors() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64)
}
