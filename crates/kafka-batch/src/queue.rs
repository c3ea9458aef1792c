//! The queue from which records are taken.

use std::any::Any;
use std::ffi::CString;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka_sys::bindings as native;

use crate::records::Records;

/// Records of one call, at most. A call costs little; a batch that is limited by its bytes can exceed its limit by as many.
const MOST: usize = 64;

/// A queue that gets the records of some partitions, and their errors. Everything else that the client has to tell stays in
/// the client's own queue: it must be polled as well.
pub struct RecordQueue<C: ConsumerContext + 'static> {
    records: NonNull<native::rd_kafka_queue_t>,
    events: NonNull<native::rd_kafka_queue_t>,
    /// Dropped last.
    client: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka locks a queue wherever it uses it, and ties none to a thread. The client may be sent and shared.
unsafe impl<C: ConsumerContext + 'static> Send for RecordQueue<C> {}

impl<C: ConsumerContext + 'static> RecordQueue<C> {
    /// Makes a queue for the records of a client. `None` if the client belongs to no group, and therefore has no queue of
    /// its own.
    #[must_use]
    pub fn new(client: Arc<BaseConsumer<C>>) -> Option<Self> {
        // SAFETY: the client is alive. The result is null, or a reference that `Drop` gives back.
        let events = unsafe { native::rd_kafka_queue_get_consumer(client.client().native_ptr()) };
        let events = NonNull::new(events)?;
        // SAFETY: the client is alive. The result is a new queue, which `Drop` destroys.
        let records = unsafe { native::rd_kafka_queue_new(client.client().native_ptr()) };
        let Some(records) = NonNull::new(records) else {
            // SAFETY: the reference is used nowhere else.
            unsafe { native::rd_kafka_queue_destroy(events.as_ptr()) };
            return None;
        };
        Some(Self { records, events, client })
    }

    /// Leads the records of a partition here. It must be called before the partition is assigned: until then the records
    /// would go to the client's own queue. `false` if the name is no name of a topic.
    #[must_use]
    pub fn lead_here(&self, topic: &str, partition: i32) -> bool {
        let Ok(topic) = CString::new(topic) else { return false };
        let client = self.client.client().native_ptr();
        // SAFETY: the client is alive, and the name ends with a zero. The result is null, or a reference that is given back
        // below.
        let queue = unsafe { native::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition) };
        let Some(queue) = NonNull::new(queue) else { return false };
        // SAFETY: both queues are alive. librdkafka keeps a reference to this one for as long as it forwards to it.
        unsafe { native::rd_kafka_queue_forward(queue.as_ptr(), self.records.as_ptr()) };
        // SAFETY: the reference was given above and is used nowhere else.
        unsafe { native::rd_kafka_queue_destroy(queue.as_ptr()) };
        true
    }

    /// The number of events, such as errors and statistics, that wait in the client's own queue.
    #[must_use]
    pub fn waiting_events(&self) -> usize {
        // SAFETY: the queue is alive until `Drop`.
        unsafe { native::rd_kafka_queue_length(self.events.as_ptr()) }
    }

    /// Takes up to `most` records, or fewer: no more than a few dozen come in one call. It returns as soon as it has them, or
    /// after `wait` with what it has. Returns their number.
    pub fn take(&self, records: &mut Records, most: usize, wait: Duration) -> usize {
        let mut taken = [null_mut(); MOST];
        let most = most.min(MOST);
        // Never negative, which would be without end. A wait of less than a millisecond must not become none.
        let wait = i32::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive until `Drop`, and the array has room for as many pointers. The queue is used by one
        // thread at a time, which this function of librdkafka demands: it belongs to this value, which cannot be shared.
        let got =
            unsafe { native::rd_kafka_consume_batch_queue(self.records.as_ptr(), wait, taken.as_mut_ptr(), most) };
        let taken = taken.iter().take(usize::try_from(got).unwrap_or_default());
        let client: Arc<dyn Any + Send + Sync> = Arc::<BaseConsumer<C>>::clone(&self.client);
        // SAFETY: librdkafka has given each of these records to us, and all of them are records of this client.
        unsafe { records.add(taken.filter_map(|record| NonNull::new(*record)), client) }
    }
}

impl<C: ConsumerContext + 'static> Drop for RecordQueue<C> {
    fn drop(&mut self) {
        // SAFETY: nothing else holds this reference, and the client is still alive. Records that wait in the queue are
        // destroyed; what librdkafka still forwards to it is, too.
        unsafe { native::rd_kafka_queue_destroy(self.records.as_ptr()) };
        // SAFETY: as above; the client keeps a reference of its own to its queue.
        unsafe { native::rd_kafka_queue_destroy(self.events.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rdkafka::ClientConfig;
    use rdkafka::consumer::DefaultConsumerContext;

    fn client(group: Option<&str>) -> Arc<BaseConsumer<DefaultConsumerContext>> {
        let mut config = ClientConfig::new();
        // Nobody answers there.
        config.set("bootstrap.servers", "127.0.0.1:9");
        if let Some(group) = group {
            config.set("group.id", group);
        }
        Arc::new(config.create_with_context(DefaultConsumerContext).unwrap())
    }

    #[test]
    fn a_queue_waits_as_long_as_it_is_told_and_no_longer() {
        let queue = RecordQueue::new(client(Some("test"))).unwrap();
        assert!(queue.lead_here("events", 0));
        assert!(!queue.lead_here("ev\0ents", 0), "a name that no topic can have");
        let mut records = Records::default();
        let began = std::time::Instant::now();
        assert_eq!(queue.take(&mut records, 10, Duration::from_millis(50)), 0);
        assert!(began.elapsed() >= Duration::from_millis(49), "{:?}", began.elapsed());
        assert_eq!(queue.take(&mut records, usize::MAX, Duration::ZERO), 0);
        assert!(records.is_empty());
    }

    #[test]
    fn a_client_without_a_group_has_no_queue() {
        assert!(RecordQueue::new(client(None)).is_none());
    }

    #[test]
    fn errors_of_the_client_stay_in_its_own_queue() {
        let client = client(Some("test"));
        let queue = RecordQueue::new(Arc::clone(&client)).unwrap();
        let began = std::time::Instant::now();
        // Nobody listens at the port, which the client notices within a moment.
        while queue.waiting_events() == 0 && began.elapsed() < Duration::from_secs(10) {
            let mut records = Records::default();
            assert_eq!(queue.take(&mut records, 1, Duration::from_millis(10)), 0);
        }
        assert!(queue.waiting_events() > 0);
        let _ = client.poll(Duration::ZERO);
    }

    #[test]
    fn a_queue_keeps_its_client_alive() {
        let client = client(Some("test"));
        let queue = RecordQueue::new(Arc::clone(&client)).unwrap();
        assert_eq!(Arc::strong_count(&client), 2);
        drop(client);
        assert_eq!(queue.take(&mut Records::default(), 1, Duration::ZERO), 0);
    }
}
