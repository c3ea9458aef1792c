//! Records on their way from the consumer's thread to the monitor's. A batch holds many of them in one buffer, which is used again.

use std::ops::Range;

use crate::plan::PartitionIndex;

/// Records copied out of the client, in one buffer.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    records: Vec<Meta>,
    headers: Vec<(Range<usize>, Range<usize>)>,
}

#[derive(Clone, Debug)]
struct Meta {
    partition: PartitionIndex,
    offset: i64,
    timestamp: Option<i64>,
    payload: Range<usize>,
    headers: Range<usize>,
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
    /// Its value; empty for a tombstone.
    pub payload: &'b [u8],
    headers: &'b [(Range<usize>, Range<usize>)],
    bytes: &'b [u8],
}

impl Batch {
    /// Copies a record into the batch.
    pub fn push<'h>(
        &mut self,
        (partition, offset, timestamp): (PartitionIndex, i64, Option<i64>),
        payload: &[u8],
        headers: impl Iterator<Item = (&'h str, &'h [u8])>,
    ) {
        let payload = self.copy(payload);
        let first = self.headers.len();
        for (name, value) in headers {
            let header = (self.copy(name.as_bytes()), self.copy(value));
            self.headers.push(header);
        }
        let headers = first..self.headers.len();
        self.records.push(Meta { partition, offset, timestamp, payload, headers });
    }

    /// The records, in the order in which they came.
    pub fn records(&self) -> impl Iterator<Item = BatchRecord<'_>> {
        self.records.iter().map(|meta| BatchRecord {
            partition: meta.partition,
            offset: meta.offset,
            timestamp: meta.timestamp,
            payload: part(&self.bytes, &meta.payload),
            headers: part(&self.headers, &meta.headers),
            bytes: &self.bytes,
        })
    }

    /// The number of records.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no records.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The bytes of all records, headers included.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Empties the batch for another use.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
        self.headers.clear();
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}

impl<'b> BatchRecord<'b> {
    /// Its headers.
    pub fn headers(&self) -> impl Iterator<Item = (&'b str, &'b [u8])> {
        let bytes = self.bytes;
        self.headers.iter().map(move |(name, value)| {
            let name = std::str::from_utf8(part(bytes, name)).unwrap_or_else(|error| {
                // It was copied from a string.
                tracing::error!(%error, "a batch holds the name of a header that is no text");
                ""
            });
            (name, part(bytes, value))
        })
    }
}

/// The part that a record has of what its batch holds.
fn part<'b, T>(all: &'b [T], range: &Range<usize>) -> &'b [T] {
    all.get(range.clone()).unwrap_or_else(|| {
        tracing::error!(?range, length = all.len(), "a batch does not hold all of a record");
        &[]
    })
}
