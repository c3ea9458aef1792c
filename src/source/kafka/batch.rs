//! Records on their way from the consumer's thread to the monitor's. They stay where the client has put them.

use std::cmp::Reverse;

use kafka_batch::{Failure, Record, Records};

use super::message::Bounded;
use super::schemas::Schemas;
use crate::plan::PartitionIndex;

/// Records that are to be counted.
#[derive(Debug)]
pub struct Batch {
    records: Records,
    /// Which partition they are of: nearly all records have the same one as the record before.
    runs: Vec<Run>,
    /// The places of the records with headers. Few streams have any.
    with_headers: Vec<usize>,
    payload_bytes: usize,
    /// The largest size of an event, in bytes.
    message_bytes: usize,
    /// How records are read, once that was looked at; `None`: as they are.
    schemas: Option<Schemas>,
}

/// Records of one partition that follow each other.
#[derive(Clone, Copy, Debug)]
struct Run {
    partition: PartitionIndex,
    /// The place behind its last record.
    end: usize,
}

/// One record of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchRecord<'b> {
    /// Its partition.
    pub partition: PartitionIndex,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// Its value, of which no more is shown than an event may have, and one byte; empty for a tombstone.
    pub payload: &'b [u8],
    bounded: Bounded<Record<'b>>,
}

impl Batch {
    /// A batch without records. `message_bytes` is the largest size of an event.
    pub(super) fn new(message_bytes: usize) -> Self {
        let (records, runs, with_headers) = (Records::default(), Vec::new(), Vec::new());
        Self { records, runs, with_headers, payload_bytes: 0, message_bytes, schemas: None }
    }

    /// Where records are added. They are part of the batch once they have gone through [`Batch::sift`].
    pub(super) const fn records_mut(&mut self) -> &mut Records {
        &mut self.records
    }

    /// Looks at the records that were added, in their order. Those of which `partition_of` knows no partition are left out.
    /// Ends at an error that came instead of a record: what is behind it is looked at by the next call.
    pub(super) fn sift(
        &mut self,
        mut partition_of: impl FnMut(Bounded<Record<'_>>) -> Option<PartitionIndex>,
    ) -> Option<Failure> {
        let Self { records, runs, with_headers, payload_bytes, message_bytes, .. } = self;
        let first = runs.last().map_or(0, |run| run.end);
        let mut end = first;
        records.sift(first, |message| {
            let bounded = Bounded { message, limit: *message_bytes };
            let Some(partition) = partition_of(bounded) else { return false };
            if message.headers().is_some() {
                with_headers.push(end);
            }
            *payload_bytes += message.payload().map_or(0, <[u8]>::len);
            end += 1;
            match runs.last_mut() {
                Some(run) if run.partition == partition => run.end = end,
                _ => runs.push(Run { partition, end }),
            }
            true
        })
    }

    /// The records, in the order in which they came.
    pub fn records(&self) -> impl Iterator<Item = BatchRecord<'_>> {
        let mut begin = 0;
        self.runs.iter().flat_map(move |run| {
            let places = std::mem::replace(&mut begin, run.end)..run.end;
            self.records.part(places).map(|record| self.record(run.partition, record))
        })
    }

    /// The last record of each partition.
    pub fn newest(&self) -> impl Iterator<Item = BatchRecord<'_>> {
        let mut runs = self.runs.clone();
        runs.sort_unstable_by_key(|run| (run.partition, Reverse(run.end)));
        runs.dedup_by_key(|run| run.partition);
        runs.into_iter().filter_map(|run| {
            let last = self.records.part(0..run.end).next_back()?;
            Some(self.record(run.partition, last))
        })
    }

    /// The headers of the records that have any, with the places of these records, in their order.
    pub fn headers(&self) -> impl Iterator<Item = (usize, Vec<(&str, &[u8])>)> {
        self.with_headers.iter().filter_map(|place| {
            let record = self.records.part(*place..place + 1).next()?;
            Some((*place, Bounded { message: record, limit: self.message_bytes }.headers().collect()))
        })
    }

    /// The number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.last().map_or(0, |run| run.end)
    }

    /// Whether there are no records.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The bytes of all values. What the client holds for them is a little more: a whole answer of a broker is kept until the last record of it
    /// is given back.
    #[must_use]
    pub const fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Whether a record is not read as it is.
    #[must_use]
    pub fn has_schemas(&self) -> bool {
        self.schemas.as_ref().is_some_and(Schemas::any)
    }

    /// The largest size of an event, in bytes.
    pub(super) const fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    pub(super) const fn schemas(&self) -> Option<&Schemas> {
        self.schemas.as_ref()
    }

    pub(super) const fn schemas_mut(&mut self) -> Option<&mut Schemas> {
        self.schemas.as_mut()
    }

    pub(super) fn set_schemas(&mut self, schemas: Schemas) {
        self.schemas = Some(schemas);
    }

    fn record<'b>(&self, partition: PartitionIndex, message: Record<'b>) -> BatchRecord<'b> {
        let bounded = Bounded { message, limit: self.message_bytes };
        let (timestamp, payload) = (bounded.timestamp(), bounded.payload());
        BatchRecord { partition, offset: message.offset(), timestamp, payload, bounded }
    }
}

impl<'b> BatchRecord<'b> {
    /// Its headers.
    pub fn headers(&self) -> impl Iterator<Item = (&'b str, &'b [u8])> + use<'b> {
        self.bounded.headers()
    }
}
