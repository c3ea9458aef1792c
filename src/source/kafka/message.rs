//! Records as they come from the client, cut off at the largest size of an event.

use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::checkpoint::LastRecord;
use crate::source::position::RecordHash;

/// A record of which no more is copied than an event may have, and one byte: anything longer is refused, whatever it holds.
pub(super) struct Bounded<'m, 'b> {
    /// The record.
    pub message: &'m BorrowedMessage<'b>,
    /// The largest size of an event, in bytes.
    pub limit: usize,
}

impl<'m> Bounded<'m, '_> {
    /// Milliseconds since 1970, if the record has a timestamp.
    pub fn timestamp(&self) -> Option<i64> {
        self.message.timestamp().to_millis()
    }

    /// The value; empty for a tombstone. One byte more than the limit tells that it was longer.
    pub fn payload(&self) -> &'m [u8] {
        let payload = self.message.payload().unwrap_or_default();
        payload.get(..=self.limit).unwrap_or(payload)
    }

    /// The headers with a value, up to the first that does not fit into the limit with those before it.
    pub fn headers(&self) -> impl Iterator<Item = (&'m str, &'m [u8])> {
        let mut left = self.limit;
        let headers = self.message.headers().into_iter().flat_map(|headers| headers.iter());
        headers.filter_map(|header| header.value.map(|value| (header.key, value))).take_while(move |(name, value)| {
            let fits = name.len().checked_add(value.len()).and_then(|length| left.checked_sub(length));
            left = fits.unwrap_or_default();
            fits.is_some()
        })
    }

    /// Whether this is the record that was counted last. It is compared under the limit of that time, which may differ from the present one.
    pub fn is(&self, last: LastRecord, hash: &RecordHash) -> bool {
        let then = Self { message: self.message, limit: last.message_bytes.unwrap_or(self.limit) };
        last.hash == hash.of(then.timestamp(), then.payload(), then.headers())
    }
}
