//! Records as they come from the client, cut off at the largest size of an event.

use kafka_batch::Record;
use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::checkpoint::LastRecord;
use crate::source::position::RecordHashes;

/// A record, however the client gives it.
pub(super) trait Parts<'m>: Copy {
    /// Milliseconds since 1970, if it has a timestamp.
    fn timestamp(self) -> Option<i64>;
    /// The whole value; `None` for a tombstone.
    fn payload(self) -> Option<&'m [u8]>;
    /// The headers that have a value.
    fn headers(self) -> impl Iterator<Item = (&'m str, &'m [u8])>;
}

impl<'m> Parts<'m> for &'m BorrowedMessage<'_> {
    fn timestamp(self) -> Option<i64> {
        Message::timestamp(self).to_millis()
    }

    fn payload(self) -> Option<&'m [u8]> {
        Message::payload(self)
    }

    fn headers(self) -> impl Iterator<Item = (&'m str, &'m [u8])> {
        let headers = Message::headers(self).into_iter().flat_map(|headers| headers.iter());
        headers.filter_map(|header| header.value.map(|value| (header.key, value)))
    }
}

impl<'m> Parts<'m> for Record<'m> {
    fn timestamp(self) -> Option<i64> {
        Record::timestamp(self).to_millis()
    }

    fn payload(self) -> Option<&'m [u8]> {
        Record::payload(self)
    }

    fn headers(self) -> impl Iterator<Item = (&'m str, &'m [u8])> {
        Record::headers(self).into_iter().flatten().filter_map(|(name, value)| Some((name, value?)))
    }
}

/// A record of which no more is read than an event may have, and one byte: anything longer is refused, whatever it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounded<M> {
    /// The record.
    pub message: M,
    /// The largest size of an event, in bytes.
    pub limit: usize,
}

impl<'m, M: Parts<'m>> Bounded<M> {
    /// Milliseconds since 1970, if the record has a timestamp.
    pub fn timestamp(&self) -> Option<i64> {
        self.message.timestamp()
    }

    /// The value; empty for a tombstone. One byte more than the limit tells that it was longer.
    pub fn payload(&self) -> &'m [u8] {
        let payload = self.message.payload().unwrap_or_default();
        payload.get(..=self.limit).unwrap_or(payload)
    }

    /// The headers with a value, up to the first that does not fit into the limit with those before it.
    pub fn headers(&self) -> impl Iterator<Item = (&'m str, &'m [u8])> + use<'m, M> {
        let mut left = self.limit;
        self.message.headers().take_while(move |(name, value)| {
            let fits = name.len().checked_add(value.len()).and_then(|length| left.checked_sub(length));
            left = fits.unwrap_or_default();
            fits.is_some()
        })
    }

    /// Returns what is known of this record by the present key, if it is the one that was counted last. It is compared under the limit of that
    /// time, which may differ from the present one.
    pub fn recognised(&self, last: LastRecord, hashes: &RecordHashes) -> Option<LastRecord> {
        let then = Self { message: self.message, limit: last.message_bytes.unwrap_or(self.limit) };
        let hash = hashes.recognise(last.hash, |hash| hash.of(then.timestamp(), then.payload(), then.headers()))?;
        Some(LastRecord { hash, ..last })
    }
}
