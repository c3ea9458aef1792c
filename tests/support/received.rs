//! Records as they come from Kafka, handed to a monitor in batches.

use paritywatch::event::RawRecord;
use paritywatch::monitor::{Handled, Monitor, Received, Task, Workers};
use paritywatch::plan::{EventTime, PartitionIndex};

/// A record without headers and timestamp.
pub fn received(partition: u32, line: &str) -> Received<'_> {
    let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
    Received { partition: PartitionIndex(partition), record }
}

/// So many helping hands: threads, or one hand that takes the tasks from the last to the first.
pub struct Hands(pub usize);

impl Workers for Hands {
    fn count(&self) -> usize {
        self.0
    }

    fn run<'t>(&self, tasks: Vec<Task<'t>>) {
        if tasks.len().is_multiple_of(2) {
            return tasks.into_iter().rev().for_each(|task| task());
        }
        std::thread::scope(|scope| tasks.into_iter().for_each(|task| drop(scope.spawn(task))));
    }
}

/// How records are handed over.
pub enum By<'s> {
    /// One by one.
    Record,
    /// In batches of these sizes, at least 1.
    Batches(&'s mut dyn FnMut() -> usize),
}

/// Hands records over. Returns what became of each.
pub fn hand_over(monitor: &mut Monitor, records: &[Received<'_>], now: EventTime, by: &mut By<'_>) -> Vec<Handled> {
    match by {
        By::Record => records
            .iter()
            .map(|Received { partition, record }| monitor.handle_record(*partition, record, now))
            .collect(),
        By::Batches(size) => {
            // What it held before must be gone.
            let (mut all, mut handled, mut rest) = (Vec::new(), vec![Handled::Conflict; 3], records);
            while !rest.is_empty() {
                let (batch, more) = rest.split_at(size().clamp(1, rest.len()));
                let hands = Hands([1, 2, 3, 7, 64][batch.len() % 5]);
                monitor.handle_batch_by(&hands, batch, now, &mut handled);
                assert_eq!(handled.len(), batch.len(), "each record of a batch has a result");
                all.append(&mut handled);
                rest = more;
            }
            all
        }
    }
}
