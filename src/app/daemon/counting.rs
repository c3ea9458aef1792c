//! Hands batches of records to the monitor. The memory for it is used again.

use crate::event::{RawRecord, Rejection, without_mark};
use crate::monitor::{Handled, Monitor, Received, Workers};
use crate::plan::EventTime;
use crate::source::format::without_frame;
use crate::source::kafka::{Batch, BatchRecord, Documents};

/// The threads that recognise records, and the memory that is used again.
pub struct Counting {
    workers: Box<dyn Workers>,
    /// Empty between two batches: it borrows from none.
    received: Vec<Received<'static>>,
    handled: Vec<Handled>,
    /// What became of a part of a batch that is turned into JSON.
    part: Vec<Handled>,
    documents: Documents,
}

impl Counting {
    /// Counts by these threads.
    pub fn new(workers: Box<dyn Workers>) -> Self {
        Self { workers, received: Vec::new(), handled: Vec::new(), part: Vec::new(), documents: Documents::default() }
    }

    /// Hands the records of a batch to the monitor where they are, or what they are as JSON.
    pub fn count(&mut self, batch: &Batch, monitor: &mut Monitor, now: EventTime) {
        if batch.has_schemas() {
            self.count_converted(batch, monitor, now);
            return;
        }
        let headers: Vec<_> = batch.headers().collect();
        let mut headers = headers.iter().peekable();
        let mut received = of_any_lifetime(std::mem::take(&mut self.received));
        received.extend(batch.records().enumerate().map(|(place, record)| {
            let headers = headers.next_if(|(with, _)| *with == place).map_or(&[][..], |(_, headers)| headers);
            let timestamp = record.timestamp.map(EventTime);
            let payload = without_mark(without_frame(record.payload));
            Received { partition: record.partition, record: RawRecord { payload, headers, timestamp } }
        }));
        monitor.handle_batch_by(&*self.workers, &received, now, &mut self.handled);
        self.received = of_any_lifetime(received);
    }

    /// Turns the records into JSON, part by part, and counts each part.
    fn count_converted(&mut self, batch: &Batch, monitor: &mut Monitor, now: EventTime) {
        let Self { workers, received, handled, part, documents } = self;
        let headers: Vec<_> = batch.headers().collect();
        let mut headers = headers.iter().peekable();
        handled.clear();
        loop {
            let from = handled.len();
            let count = documents.fill(batch, from);
            if count == 0 {
                return;
            }
            let records = || batch.records().enumerate().skip(from).take(count);
            let mut converted = of_any_lifetime(std::mem::take(received));
            converted.extend(records().filter_map(|(place, record)| {
                let headers = headers.next_if(|(with, _)| *with == place).map_or(&[][..], |(_, headers)| headers);
                let payload = documents.of(place - from, &record).ok()?;
                let timestamp = record.timestamp.map(EventTime);
                Some(Received { partition: record.partition, record: RawRecord { payload, headers, timestamp } })
            }));
            monitor.handle_batch_by(&**workers, &converted, now, part);
            *received = of_any_lifetime(converted);
            let mut part = part.drain(..);
            handled.extend(records().filter_map(|(place, record)| match documents.of(place - from, &record) {
                Ok(_) => part.next(),
                Err(rejection) => Some(monitor.refuse_record(rejection.clone())),
            }));
            debug_assert_eq!(handled.len(), from + count, "each record was handled or refused");
        }
    }

    /// The records that were refused: those rejected, and those that are not what came first by their identity. `batch` is the one that was counted last.
    pub fn rejected<'c>(&'c self, batch: &'c Batch) -> impl Iterator<Item = (BatchRecord<'c>, &'c Rejection)> {
        self.handled.iter().zip(batch.records()).filter_map(|(handled, record)| match handled {
            Handled::Mismatched(rejection) | Handled::Rejected(rejection) => Some((record, rejection)),
            _ => None,
        })
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
