//! One record, as it lies in the client's memory.

use std::ffi::{CStr, c_void};
use std::marker::PhantomData;
use std::ptr::{NonNull, null, null_mut};

use rdkafka::error::{IsError, KafkaError};
use rdkafka::message::Timestamp;
use rdkafka_sys::bindings as native;
use rdkafka_sys::bindings::rd_kafka_resp_err_t as Code;

/// A record that belongs to this value.
pub(crate) struct OwnedRecord(NonNull<native::rd_kafka_message_t>);

// SAFETY: librdkafka ties no record to a thread: whichever thread has it may read and destroy it.
unsafe impl Send for OwnedRecord {}

impl OwnedRecord {
    /// Takes over a record.
    ///
    /// # Safety
    /// librdkafka must have given it to the caller, and nobody else may destroy it. Its client must outlive this value.
    pub unsafe fn new(record: NonNull<native::rd_kafka_message_t>) -> Self {
        Self(record)
    }

    /// The record, to be read.
    pub fn get(&self) -> Record<'_> {
        Record { record: self.0, _owned: PhantomData }
    }

    /// The error that came instead of a record.
    pub fn failure(&self) -> Option<(KafkaError, String)> {
        // SAFETY: the record is alive.
        let code = unsafe { (*self.0.as_ptr()).err };
        if !code.is_error() {
            return None;
        }
        // SAFETY: the record is alive. The text ends with a zero; it belongs to the record or is a constant.
        let text = unsafe { native::rd_kafka_message_errstr(self.0.as_ptr()) };
        // SAFETY: as above, where it is not null.
        let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) });
        let error = match code {
            Code::RD_KAFKA_RESP_ERR__PARTITION_EOF => KafkaError::PartitionEOF(self.get().partition()),
            code => KafkaError::MessageConsumption(code.into()),
        };
        Some((error, text.unwrap_or_default().to_string_lossy().into_owned()))
    }
}

impl Drop for OwnedRecord {
    fn drop(&mut self) {
        // SAFETY: it belongs to this value alone, and its client is alive.
        unsafe { native::rd_kafka_message_destroy(self.0.as_ptr()) };
    }
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    record: NonNull<native::rd_kafka_message_t>,
    _owned: PhantomData<&'r OwnedRecord>,
}

/// Tells the topics of one client apart. It holds only while a record of the topic is alive: another topic may get the same
/// one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicHandle(usize);

impl<'r> Record<'r> {
    /// Its topic, for comparisons.
    #[must_use]
    pub fn topic_handle(self) -> TopicHandle {
        TopicHandle(self.native_topic().addr())
    }

    /// The name of its topic. A name that is no text is empty; Kafka allows none.
    #[must_use]
    pub fn topic(self) -> &'r str {
        let topic = self.native_topic();
        if topic.is_null() {
            return "";
        }
        // SAFETY: the record is alive, and holds its topic.
        let name = unsafe { native::rd_kafka_topic_name(topic) };
        // SAFETY: the name ends with a zero and lives as long as the topic.
        unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default()
    }

    /// The number of its partition.
    #[must_use]
    pub fn partition(self) -> i32 {
        // SAFETY: the record is alive.
        unsafe { (*self.record.as_ptr()).partition }
    }

    /// Its offset.
    #[must_use]
    pub fn offset(self) -> i64 {
        // SAFETY: the record is alive.
        unsafe { (*self.record.as_ptr()).offset }
    }

    /// Its value; `None` for a tombstone.
    #[must_use]
    pub fn payload(self) -> Option<&'r [u8]> {
        // SAFETY: the record is alive.
        let native::rd_kafka_message_t { payload, len, .. } = unsafe { *self.record.as_ptr() };
        // SAFETY: librdkafka gives the bytes' start and number; they do not change while the record is alive.
        (!payload.is_null()).then(|| unsafe { bytes(payload, len) })
    }

    /// Its timestamp.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        let mut kind = native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the record is alive, and the kind is ours.
        let millis = unsafe { native::rd_kafka_message_timestamp(self.record.as_ptr(), &raw mut kind) };
        match kind {
            native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME => Timestamp::CreateTime(millis),
            native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => Timestamp::LogAppendTime(millis),
            native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => Timestamp::NotAvailable,
        }
    }

    /// Its headers, in their order; `None` if it has none.
    #[must_use]
    pub fn headers(self) -> Option<Headers<'r>> {
        let mut headers = null_mut();
        // SAFETY: the record is alive, and read by this thread alone: librdkafka may now read its headers for the first time.
        let code = unsafe { native::rd_kafka_message_headers(self.record.as_ptr(), &raw mut headers) };
        let headers = NonNull::new(headers).filter(|_| !code.is_error())?;
        Some(Headers { headers, next: 0, _record: PhantomData })
    }

    fn native_topic(self) -> *const native::rd_kafka_topic_t {
        // SAFETY: the record is alive.
        unsafe { (*self.record.as_ptr()).rkt }
    }
}

/// The headers of a record: names, and values where there are any. A header whose name is no text is left out.
#[derive(Clone, Debug)]
pub struct Headers<'r> {
    headers: NonNull<native::rd_kafka_headers_t>,
    next: usize,
    _record: PhantomData<Record<'r>>,
}

impl<'r> Iterator for Headers<'r> {
    type Item = (&'r str, Option<&'r [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (mut name, mut value, mut length) = (null(), null(), 0);
            // SAFETY: the record holds the headers and is alive; where the results are written is ours.
            let code = unsafe {
                native::rd_kafka_header_get_all(
                    self.headers.as_ptr(),
                    self.next,
                    &raw mut name,
                    &raw mut value,
                    &raw mut length,
                )
            };
            if code.is_error() || name.is_null() {
                return None;
            }
            self.next += 1;
            // SAFETY: the name ends with a zero, and lives as long as the record.
            let Ok(name) = unsafe { CStr::from_ptr(name) }.to_str() else { continue };
            // SAFETY: librdkafka gives the value's start and length; it does not change while the record is alive.
            let value = (!value.is_null()).then(|| unsafe { bytes(value, length) });
            return Some((name, value));
        }
    }
}

/// Bytes in the client's memory.
///
/// # Safety
/// There must be as many, and they must not change, for as long as the result is used.
unsafe fn bytes<'r>(start: *const c_void, length: usize) -> &'r [u8] {
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(start.cast(), length) }
}
