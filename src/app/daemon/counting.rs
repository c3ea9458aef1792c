//! Hands batches of records to the monitor. The memory for it is used again.

use super::mapping::MappingStage;
use crate::checkpoint::Input;
use crate::event::{RawRecord, Rejection, without_mark};
use crate::mapping::Mapping;
use crate::monitor::{Handled, Monitor, Received, Workers};
use crate::plan::{EventTime, PartitionIndex};
use crate::source::kafka::{Batch, BatchRecord};

/// The threads that recognise records, and the memory that is used again.
pub struct Counting {
    workers: Box<dyn Workers>,
    /// Empty between two batches: it borrows from none.
    received: Vec<Received<'static>>,
    handled: Vec<Handled>,
    mapping: MappingStage,
}

impl Counting {
    /// Counts by these threads, topics of these mappings by their events. `inputs` are the partitions that are known.
    pub fn new(workers: Box<dyn Workers>, mappings: &[Mapping], inputs: &[Input]) -> Self {
        let mapping = MappingStage::new(mappings);
        let mut counting = Self { workers, received: Vec::new(), handled: Vec::new(), mapping };
        for (index, input) in (0..).map(PartitionIndex).zip(inputs) {
            counting.add_partition(index, &input.topic, input.partition);
        }
        counting
    }

    /// Takes note of a partition.
    pub fn add_partition(&mut self, index: PartitionIndex, topic: &str, partition: i32) {
        self.mapping.add_partition(index, topic, partition);
    }

    /// What mappings have done.
    pub const fn mapping(&mut self) -> &mut MappingStage {
        &mut self.mapping
    }

    /// Hands the records of a batch to the monitor where they are.
    pub fn count(&mut self, batch: &Batch, monitor: &mut Monitor, now: EventTime) {
        let headers: Vec<_> = batch.headers().collect();
        let mut headers = headers.iter().peekable();
        let mut received = of_any_lifetime(std::mem::take(&mut self.received));
        received.extend(batch.records().enumerate().map(|(place, record)| {
            let headers = headers.next_if(|(with, _)| *with == place).map_or(&[][..], |(_, headers)| headers);
            let timestamp = record.timestamp.map(EventTime);
            let payload = without_mark(record.payload);
            Received { partition: record.partition, record: RawRecord { payload, headers, timestamp } }
        }));
        if self.mapping.is_needed() {
            let offsets = batch.records().map(|record| record.offset.unsigned_abs());
            let records: Vec<_> = received.iter().copied().zip(offsets).collect();
            self.mapping.count(&*self.workers, &records, monitor, now);
            self.handled.clear();
        } else {
            monitor.handle_batch_by(&*self.workers, &received, now, &mut self.handled);
        }
        self.received = of_any_lifetime(received);
    }

    /// The records that were refused: those rejected, and those that are not what came first by their identity. `batch` is the one that was counted last.
    pub fn rejected<'c>(&'c self, batch: &'c Batch) -> impl Iterator<Item = (BatchRecord<'c>, &'c Rejection)> {
        let of_events = self.handled.iter().zip(batch.records()).filter_map(|(handled, record)| match handled {
            Handled::Mismatched(rejection) | Handled::Rejected(rejection) => Some((record, rejection)),
            _ => None,
        });
        let refused = if self.mapping.is_needed() { self.mapping.refused() } else { &[] };
        let mut refused = refused.iter().peekable();
        let of_records = batch.records().enumerate().filter_map(move |(place, record)| {
            refused.next_if(|(of, _)| *of == place).map(|(_, rejection)| (record, rejection))
        });
        of_events.chain(of_records)
    }
}

/// Empties the list. As it then borrows nothing, its memory can serve for records of another batch: `collect` goes on using it where it is.
fn of_any_lifetime<'to>(mut received: Vec<Received<'_>>) -> Vec<Received<'to>> {
    received.clear();
    received.into_iter().map_while(|_| None).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PartitionIndex;

    #[test]
    fn the_memory_of_a_list_serves_another_batch() {
        let payload = b"payload".to_vec();
        let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
        let mut received = vec![Received { partition: PartitionIndex(0), record }; 100];
        received.reserve_exact(900);
        let (memory, room) = (received.as_ptr().addr(), received.capacity());
        let emptied: Vec<Received<'static>> = of_any_lifetime(received);
        assert!(emptied.is_empty());
        assert_eq!((emptied.as_ptr().addr(), emptied.capacity()), (memory, room));
    }
}
