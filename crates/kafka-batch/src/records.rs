//! A batch of records, with the clients that they are from.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka::error::KafkaError;
use rdkafka_sys::bindings as native;

use crate::record::{OwnedRecord, Record};

/// Records, in the order in which they came. They are given back to the client all at once, when this is dropped.
#[derive(Default)]
pub struct Records {
    records: Vec<OwnedRecord>,
    /// Dropped after the records, because fields are dropped in their order.
    clients: Vec<Arc<dyn Any + Send + Sync>>,
    /// It may be sent, and not shared: to ask a record for its headers changes it.
    _not_shared: PhantomData<std::cell::Cell<()>>,
}

/// An error that came instead of a record.
#[derive(Debug)]
pub struct Failure {
    /// The error.
    pub error: KafkaError,
    /// The client's words for it.
    pub reason: String,
    /// The topic that it is about; empty where it is about none.
    pub topic: String,
    /// How many records there are before it. Those behind it were not looked at.
    pub before: usize,
}

impl Records {
    /// Adds records of a client, and returns their number.
    ///
    /// # Safety
    /// librdkafka must have given them to the caller, and nobody else may destroy them. They must be records of this client.
    pub(crate) unsafe fn add(
        &mut self,
        records: impl Iterator<Item = NonNull<native::rd_kafka_message_t>>,
        client: Arc<dyn Any + Send + Sync>,
    ) -> usize {
        let before = self.records.len();
        // SAFETY: as the caller promises; the client is held below, and dropped after the records.
        self.records.extend(records.map(|record| unsafe { OwnedRecord::new(record) }));
        let added = self.records.len() - before;
        if added > 0 && !self.clients.last().is_some_and(|last| Arc::ptr_eq(last, &client)) {
            self.clients.push(client);
        }
        added
    }

    /// Shows the records from the one at `first`, one after another, and gives back to the client those that are not to be
    /// kept. Ends at the first error that came instead of a record, which is given back as well.
    pub fn sift(&mut self, first: usize, mut keep: impl FnMut(Record<'_>) -> bool) -> Option<Failure> {
        let mut kept = first;
        let mut seen = first;
        let mut failure = None;
        while let Some(record) = self.records.get(seen) {
            seen += 1;
            if let Some((error, reason)) = record.failure() {
                failure = Some((error, reason, record.get().topic().to_owned()));
                break;
            }
            if keep(record.get()) {
                self.records.swap(kept, seen - 1);
                kept += 1;
            }
        }
        if kept < seen {
            self.records.drain(kept..seen);
        }
        if self.records.is_empty() {
            // Without a record nothing holds a client.
            self.clients.clear();
        }
        failure.map(|(error, reason, topic)| Failure { error, reason, topic, before: kept })
    }

    /// The records at these places, as far as there are any.
    #[must_use]
    pub fn part(&self, places: Range<usize>) -> impl ExactSizeIterator<Item = Record<'_>> + DoubleEndedIterator {
        let end = places.end.min(self.len());
        self.records.get(places.start..end).unwrap_or_default().iter().map(OwnedRecord::get)
    }

    /// The number of records.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Records").field("records", &self.len()).field("clients", &self.clients.len()).finish()
    }
}
