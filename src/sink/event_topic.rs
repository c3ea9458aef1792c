//! Writes events that came by HTTP to the input topic, and tells when Kafka has confirmed them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use tokio::sync::oneshot;

use super::error::SinkError;
use crate::plan::EventTime;
use crate::source::kafka::{Brokers, Session};
use crate::source::refusal;
use crate::status::lock;

/// Longest time until Kafka confirms an event. It is shorter than the limit on answers, so that the sender is told.
const CONFIRM_LIMIT_MS: u32 = 15_000;
/// Most events that wait for Kafka's word, of all requests together.
const QUEUE_EVENTS: u32 = 100_000;
/// Most bytes of them, in KiB.
const QUEUE_KIB: u32 = 64 << 10;
/// How long events wait for others to go with them, in milliseconds. Their sender waits, too.
const LINGER_MS: u32 = 2;
/// Longest single wait for reports of delivery.
const POLL: Duration = Duration::from_millis(100);
/// Longest wait at the end for what is under way.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// The producer and its thread.
pub struct EventTopic {
    producer: Arc<BaseProducer<Context>>,
    topic: String,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// An event as it is written.
pub struct Outgoing<'a> {
    /// The key: the id of its case, where it has one.
    pub key: Option<&'a str>,
    /// The value.
    pub value: &'a [u8],
    /// The headers in their order.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// How many of a request's events Kafka has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// Those that are stored.
    pub stored: usize,
    /// All of the request.
    pub all: usize,
}

/// The events of one request that are under way.
struct Request {
    left: AtomicUsize,
    stored: AtomicUsize,
    done: Mutex<Option<oneshot::Sender<usize>>>,
}

/// What the client reports.
struct Context {
    session: Session,
    under_way: AtomicUsize,
    told: Mutex<Option<String>>,
}

impl EventTopic {
    /// Prepares the producer, which connects with the first event.
    ///
    /// # Errors
    /// [`SinkError::Client`] if librdkafka refuses the configuration, or there is no thread for it.
    pub fn connect(brokers: &Brokers, topic: &str) -> Result<Self, SinkError> {
        let failed = |problem| SinkError::Client { what: format!("http_source.topic {topic}"), problem };
        let mut config = brokers.config();
        // Twice is well: the events bear ids. So nothing that goes wrong is for good, as it would be of an idempotent producer.
        config
            .set("acks", "all")
            .set("enable.idempotence", "false")
            .set("message.timeout.ms", CONFIRM_LIMIT_MS.to_string())
            .set("queue.buffering.max.messages", QUEUE_EVENTS.to_string())
            .set("queue.buffering.max.kbytes", QUEUE_KIB.to_string())
            .set("linger.ms", LINGER_MS.to_string());
        let context =
            Context { session: brokers.session("http_source"), under_way: AtomicUsize::new(0), told: Mutex::default() };
        let producer: Result<BaseProducer<Context>, _> = config.create_with_context(context);
        let producer = Arc::new(producer.map_err(|error| failed(refusal(&error)))?);
        let stopping = Arc::new(AtomicBool::new(false));
        let (polled, stop) = (Arc::clone(&producer), Arc::clone(&stopping));
        let thread = std::thread::Builder::new().name("event-topic".to_owned()).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                polled.context().session.renew(polled.client());
                polled.poll(POLL);
            }
            let _ = polled.flush(FLUSH_LIMIT);
        });
        let thread = Some(thread.map_err(|error| failed(error.to_string()))?);
        Ok(Self { producer, topic: topic.to_owned(), stopping, thread })
    }

    /// Writes the events of a request, and waits until Kafka has said of each what became of it. The clock is that of the record.
    pub async fn store(&self, events: &[Outgoing<'_>], clock: EventTime) -> Confirmed {
        let all = events.len();
        let (done, told) = oneshot::channel();
        // One more than the events, so that none is the last before all were handed over.
        let request = Arc::new(Request {
            left: AtomicUsize::new(all.saturating_add(1)),
            stored: AtomicUsize::new(0),
            done: Mutex::new(Some(done)),
        });
        for event in events {
            self.send(event, &request, clock);
        }
        request.told(false);
        // The sender of this lives until each event has been told of, whatever becomes of the client.
        Confirmed { stored: told.await.unwrap_or(0), all }
    }

    fn send(&self, event: &Outgoing<'_>, request: &Arc<Request>, clock: EventTime) {
        let headers =
            event.headers.iter().fold(OwnedHeaders::new_with_capacity(event.headers.len()), |known, header| {
                known.insert(Header { key: header.0, value: Some(header.1) })
            });
        let mut record: BaseRecord<'_, str, [u8], Arc<Request>> =
            BaseRecord::with_opaque_to(&self.topic, Arc::clone(request))
                .payload(event.value)
                .headers(headers)
                .timestamp(clock.0);
        if let Some(key) = event.key {
            record = record.key(key);
        }
        let context = self.producer.context();
        context.under_way.fetch_add(1, Ordering::Relaxed);
        if let Err((error, _)) = self.producer.send(record) {
            // The queue is full, most often. The sender is told to come again.
            context.under_way.fetch_sub(1, Ordering::Relaxed);
            context.tell(&error);
            request.told(false);
        }
    }
}

impl Drop for EventTopic {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It cannot panic: it only polls.
            let _ = thread.join();
        }
    }
}

impl Request {
    /// Notes what became of one event, or that all were handed over.
    fn told(&self, stored: bool) {
        if stored {
            self.stored.fetch_add(1, Ordering::AcqRel);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(done) = lock(&self.done).take()
        {
            // The sender of the request may have gone.
            let _ = done.send(self.stored.load(Ordering::Acquire));
        }
    }
}

impl Context {
    /// What happened to an idle client, such as a token that expired, is no trouble: the next event logs in anew.
    fn sends(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// Tells why an event was not confirmed, unless that was told of the one before.
    fn tell(&self, error: &KafkaError) {
        let (mut told, text) = (lock(&self.told), error.to_string());
        if told.as_ref() != Some(&text) {
            tracing::warn!(%error, "an event that came by HTTP could not be stored; its sender is told to send it again");
            *told = Some(text);
        }
    }
}

impl ClientContext for Context {
    fn error(&self, _error: KafkaError, reason: &str) {
        if self.sends() {
            self.session.error(reason);
        }
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        if self.sends() {
            self.session.log(level, facility, line);
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Arc<Request>;

    fn delivery(&self, result: &DeliveryResult<'_>, request: Arc<Request>) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        match result {
            Ok(_) => {
                self.session.works();
                *lock(&self.told) = None;
            }
            Err((error, message)) => {
                self.session.not_written(message.topic(), error);
                self.tell(error);
            }
        }
        request.told(result.is_ok());
    }
}
