//! Keeps bad input: a pointer to each rejected record goes to the dead-letter topic, with the headers of Kafka Connect.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::error::SinkError;
use crate::event::Rejection;
use crate::status::{DeadLetterHealth, lock};

/// Dead letters that may be under way. With more, reading waits.
const OUTSTANDING: u64 = 10_000;
/// Time between two attempts to deliver what was refused.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Least time between two clients if one has failed for good.
const ANEW_EVERY: Duration = Duration::from_secs(10);
/// Longest single wait for delivery reports while too many dead letters are under way.
const POLL: Duration = Duration::from_millis(50);

/// Sends dead letters, and tries again until each is delivered.
pub struct DeadLetters {
    producer: BaseProducer<Context>,
    topic: String,
    with_payload: bool,
    tried: Instant,
    /// To replace the producer.
    config: ClientConfig,
    made: Instant,
}

/// Where a rejected record is.
#[derive(Clone, Copy, Debug)]
pub struct Position<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

/// What is known of the letters. It outlives a client.
#[derive(Clone, Default)]
struct Context(Arc<Letters>);

#[derive(Default)]
struct Letters {
    delivered: AtomicU64,
    refused: AtomicU64,
    pending: AtomicU64,
    again: Mutex<VecDeque<OwnedMessage>>,
}

impl DeadLetters {
    /// Prepares the producer.
    ///
    /// # Errors
    /// [`SinkError::Client`] if librdkafka refuses the configuration.
    pub fn connect(mut config: ClientConfig, topic: &str, with_payload: bool) -> Result<Self, SinkError> {
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "30000")
            .set("linger.ms", "5");
        let producer = config.create_with_context(Context::default());
        let producer =
            producer.map_err(|source| SinkError::Client { what: format!("dead-letter topic {topic}"), source })?;
        let (tried, made) = (Instant::now(), Instant::now());
        Ok(Self { producer, topic: topic.to_owned(), with_payload, tried, config, made })
    }

    /// Sends a dead letter. While too many are under way it waits, for as long as `go_on` says so.
    pub fn send(&mut self, position: Position<'_>, rejection: &Rejection, payload: &[u8], go_on: impl Fn() -> bool) {
        self.letters().pending.fetch_add(1, Ordering::Relaxed);
        let payload = if self.with_payload { payload } else { &[] };
        let message = OwnedMessage::new(
            Some(payload.to_vec()),
            None,
            self.topic.clone(),
            rdkafka::Timestamp::NotAvailable,
            position.partition,
            position.offset,
            Some(headers(position, rejection)),
        );
        self.try_to_send(message);
        while self.health().pending > OUTSTANDING && go_on() {
            self.producer.poll(POLL);
            self.work();
        }
    }

    /// Takes in delivery reports and tries again what was refused. Call it often.
    pub fn work(&mut self) {
        self.producer.poll(Duration::ZERO);
        if self.tried.elapsed() < RETRY_EVERY {
            return;
        }
        self.tried = Instant::now();
        self.recover();
        let again = std::mem::take(&mut *lock(&self.letters().again));
        for message in again {
            self.try_to_send(message);
        }
    }

    /// Waits until all are delivered, at most for `limit`; returns how many are not.
    pub fn flush(&mut self, limit: Duration) -> u64 {
        let until = Instant::now() + limit;
        while self.health().pending > 0 && Instant::now() < until {
            self.producer.poll(POLL);
            self.work();
        }
        self.health().pending
    }

    /// Dead letters by what became of them.
    #[must_use]
    pub fn health(&self) -> DeadLetterHealth {
        let letters = self.letters();
        DeadLetterHealth {
            delivered: letters.delivered.load(Ordering::Relaxed),
            refused: letters.refused.load(Ordering::Relaxed),
            pending: letters.pending.load(Ordering::Relaxed),
        }
    }

    /// Replaces a client that has failed for good. librdkafka's idempotent producer never writes again after it was refused as a whole, even once
    /// it may. What the old client still holds comes back through its delivery reports.
    fn recover(&mut self) {
        let Some((_, reason)) = self.producer.client().fatal_error() else { return };
        if self.made.elapsed() < ANEW_EVERY {
            return;
        }
        self.made = Instant::now();
        tracing::error!(reason, topic = self.topic, "dead letters cannot be delivered; trying with a new client");
        match self.config.create_with_context(self.producer.context().as_ref().clone()) {
            Ok(producer) => self.producer = producer,
            Err(error) => tracing::warn!(%error, "no new client could be made"),
        }
    }

    fn letters(&self) -> &Letters {
        &self.producer.context().0
    }

    fn try_to_send(&self, message: OwnedMessage) {
        let mut record: BaseRecord<'_, (), [u8]> =
            BaseRecord::to(&self.topic).payload(message.payload().unwrap_or_default());
        if let Some(headers) = message.headers() {
            record = record.headers(copy(headers));
        }
        if self.producer.send(record).is_err() {
            // The queue is full, or the client has failed for good. It is tried again later.
            self.letters().keep(message);
        }
    }
}

impl Letters {
    fn keep(&self, message: OwnedMessage) {
        lock(&self.again).push_back(message);
    }
}

impl ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.0.delivered.fetch_add(1, Ordering::Relaxed);
                self.0.pending.fetch_sub(1, Ordering::Relaxed);
            }
            Err((error, message)) => {
                self.0.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, topic = message.topic(), "a dead letter was refused and will be tried again");
                self.0.keep(message.detach());
            }
        }
    }
}

fn headers(position: Position<'_>, rejection: &Rejection) -> OwnedHeaders {
    OwnedHeaders::new()
        .insert(text("__connect.errors.topic", position.topic))
        .insert(text("__connect.errors.partition", &position.partition.to_string()))
        .insert(text("__connect.errors.offset", &position.offset.to_string()))
        .insert(text("__connect.errors.connector.name", "paritywatch"))
        .insert(text("__connect.errors.task.id", "0"))
        .insert(text("__connect.errors.stage", "VALUE_CONVERTER"))
        .insert(text("__connect.errors.class.name", "paritywatch.event.decode"))
        .insert(text("__connect.errors.exception.class.name", rejection.reason.name()))
        .insert(text("__connect.errors.exception.message", &rejection.detail))
}

fn text<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
    Header { key, value: Some(value) }
}

fn copy(headers: &impl Headers) -> OwnedHeaders {
    headers
        .iter()
        .fold(OwnedHeaders::new(), |copied, header| copied.insert(Header { key: header.key, value: header.value }))
}
