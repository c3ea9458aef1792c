//! Records as they come from Kafka, handed to a monitor in batches.

use paritywatch::event::RawRecord;
use paritywatch::monitor::{Handled, Monitor, Received};
use paritywatch::plan::{EventTime, PartitionIndex};

/// A record without headers and timestamp.
pub fn received(partition: u32, line: &str) -> Received<'_> {
    let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
    Received { partition: PartitionIndex(partition), record }
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
                monitor.handle_batch(batch, now, &mut handled);
                assert_eq!(handled.len(), batch.len(), "each record of a batch has a result");
                all.append(&mut handled);
                rest = more;
            }
            all
        }
    }
}
