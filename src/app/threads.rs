//! Threads that the monitor recognises events by.

use std::num::NonZero;
use std::thread::available_parallelism;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::failure::Failure;
use crate::monitor::{Alone, Task, Workers};

/// On a machine with no more cores the thread that reads and the one that counts leave none free, and more threads would only take turns with
/// them.
const CORES_WITHOUT_THREADS: usize = 2;

/// Starts as many threads as were asked for; without a number, as many as pay on this machine.
///
/// # Errors
/// [`Failure::Io`] if the system starts no thread.
pub fn start(threads: Option<usize>) -> Result<Box<dyn Workers>, Failure> {
    let threads = threads.unwrap_or_else(|| {
        let cores = available_parallelism().map_or(1, NonZero::get);
        if cores > CORES_WITHOUT_THREADS { cores } else { 1 }
    });
    if threads == 1 {
        return Ok(Box::new(Alone));
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|number| format!("recognition-{number}"));
    let pool = pool.build().map_err(|error| Failure::Io(format!("start threads: {error}")))?;
    Ok(Box::new(Pool(pool)))
}

struct Pool(ThreadPool);

impl Workers for Pool {
    fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    fn run<'t>(&self, tasks: Vec<Task<'t>>) {
        self.0.scope(|scope| tasks.into_iter().for_each(|task| scope.spawn(|_| task())));
    }
}
