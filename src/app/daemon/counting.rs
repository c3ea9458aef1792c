//! Hands batches of records to the monitor. The memory for it is used again.

use super::mapping::MappingStage;
use crate::checkpoint::Input;
use crate::event::{RawRecord, Rejection, without_mark};
use crate::mapping::Mapping;
use crate::monitor::{Handled, Monitor, Received, Workers};
use crate::plan::{EventTime, PartitionIndex};
use crate::source::format::without_frame;
use crate::source::kafka::{Batch, BatchRecord, Documents};

/// The threads that recognise records, and the memory that is used again.
pub struct Counting {
    workers: Box<dyn Workers>,
    /// Empty between two batches: it borrows from none.
    received: Vec<Received<'static>>,
    handled: Vec<Handled>,
    documents: Documents,
    mapping: MappingStage,
    /// The records of the last batch that were refused: their places in it, in order, and why.
    refused: Vec<(usize, Rejection)>,
}

impl Counting {
    /// Counts by these threads, topics of these mappings by their events. `inputs` are the partitions that are known.
    pub fn new(workers: Box<dyn Workers>, mappings: &[Mapping], inputs: &[Input]) -> Self {
        let mut counting = Self {
            workers,
            received: Vec::new(),
            handled: Vec::new(),
            documents: Documents::default(),
            mapping: MappingStage::new(mappings),
            refused: Vec::new(),
        };
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

    /// Hands the records of a batch to the monitor where they are, or what they are as JSON, or the events that mappings make of them.
    pub fn count(&mut self, batch: &Batch, monitor: &mut Monitor, now: EventTime) {
        self.refused.clear();
        if batch.has_schemas() {
            self.count_converted(batch, monitor, now);
            return;
        }
        let headers: Vec<_> = batch.headers().collect();
        let mut headers = headers.iter().peekable();
        let mut received = of_any_lifetime(std::mem::take(&mut self.received));
        received.extend(batch.records().enumerate().map(|(place, record)| {
            let headers = headers.next_if(|(with, _)| *with == place).map_or(&[][..], |(_, headers)| headers);
            received_of(&record, without_mark(without_frame(record.payload)), headers)
        }));
        self.hand_over(batch, &received, |index| index, monitor, now);
        self.received = of_any_lifetime(received);
    }

    /// Turns the records into JSON, part by part, and counts each part.
    fn count_converted(&mut self, batch: &Batch, monitor: &mut Monitor, now: EventTime) {
        let headers: Vec<_> = batch.headers().collect();
        let mut headers = headers.iter().peekable();
        let mut from = 0;
        loop {
            let mut documents = std::mem::take(&mut self.documents);
            let count = documents.fill(batch, from);
            let (mut converted, mut places) = (of_any_lifetime(std::mem::take(&mut self.received)), Vec::new());
            let refused_before = self.refused.len();
            for (place, record) in batch.records().enumerate().skip(from).take(count) {
                let headers = headers.next_if(|(with, _)| *with == place).map_or(&[][..], |(_, headers)| headers);
                match documents.of(place - from, &record) {
                    Ok(payload) => {
                        converted.push(received_of(&record, payload, headers));
                        places.push(place);
                    }
                    Err(rejection) => {
                        monitor.handle_no_event(&Handled::Rejected(rejection.clone()));
                        self.refused.push((place, rejection.clone()));
                    }
                }
            }
            self.hand_over(batch, &converted, |index| places.get(index).copied().unwrap_or(from), monitor, now);
            // Those that could not be converted came first.
            if let Some(of_part) = self.refused.get_mut(refused_before..) {
                of_part.sort_by_key(|(place, _)| *place);
            }
            self.received = of_any_lifetime(converted);
            self.documents = documents;
            from += count;
            if count == 0 {
                return;
            }
        }
    }

    /// Hands records to the monitor. `place` gives the place of each in the batch.
    fn hand_over(
        &mut self,
        batch: &Batch,
        received: &[Received<'_>],
        place: impl Fn(usize) -> usize,
        monitor: &mut Monitor,
        now: EventTime,
    ) {
        let Self { workers, handled, mapping, refused, .. } = self;
        if mapping.is_needed() {
            let mut records = batch.records().enumerate();
            let mut offset = |wanted: usize| {
                records.find(|(place, _)| *place == wanted).map_or(0, |(_, of)| of.offset.unsigned_abs())
            };
            let records: Vec<_> =
                received.iter().enumerate().map(|(index, received)| (*received, offset(place(index)))).collect();
            mapping.count(&**workers, &records, monitor, now);
            refused.extend(mapping.refused().iter().map(|(index, why)| (place(*index), why.clone())));
            return;
        }
        monitor.handle_batch_by(&**workers, received, now, handled);
        refused.extend(handled.iter().enumerate().filter_map(|(index, handled)| match handled {
            Handled::Mismatched(why) | Handled::Rejected(why) => Some((place(index), why.clone())),
            _ => None,
        }));
    }

    /// The records that were refused: those rejected, and those that are not what came first by their identity. `batch` is the one that was counted last.
    pub fn rejected<'c>(&'c self, batch: &'c Batch) -> impl Iterator<Item = (BatchRecord<'c>, &'c Rejection)> {
        let mut refused = self.refused.iter().peekable();
        let records = if self.refused.is_empty() { None } else { Some(batch.records().enumerate()) };
        records.into_iter().flatten().filter_map(move |(place, record)| {
            refused.next_if(|(of, _)| *of == place).map(|(_, rejection)| (record, rejection))
        })
    }
}

fn received_of<'r>(record: &BatchRecord<'r>, payload: &'r [u8], headers: &'r [(&'r str, &'r [u8])]) -> Received<'r> {
    let timestamp = record.timestamp.map(EventTime);
    Received { partition: record.partition, record: RawRecord { payload, headers, timestamp } }
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
