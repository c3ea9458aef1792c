//! Keeps bad input: a pointer to each rejected record goes to the dead-letter topic, with the headers of Kafka Connect.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::error::SinkError;
use crate::event::Rejection;
use crate::source::kafka::{Brokers, Session};
use crate::source::refusal;
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

/// What a client reports.
struct Context {
    /// What is known of the letters. It outlives a client.
    letters: Arc<Letters>,
    session: Session,
}

#[derive(Default)]
struct Letters {
    delivered: AtomicU64,
    refused: AtomicU64,
    pending: AtomicU64,
    again: Mutex<VecDeque<OwnedMessage>>,
    /// Why the last one was refused, as it was told.
    told: Mutex<Option<String>>,
}

impl DeadLetters {
    /// Prepares the producer.
    ///
    /// # Errors
    /// [`SinkError::Client`] if librdkafka refuses the configuration.
    pub fn connect(brokers: &Brokers, topic: &str, with_payload: bool) -> Result<Self, SinkError> {
        let mut config = brokers.config();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "30000")
            .set("linger.ms", "5");
        let context = Context { letters: Arc::default(), session: brokers.session("dead_letters") };
        let producer: Result<BaseProducer<Context>, _> = config.create_with_context(context);
        let producer = producer.map_err(|error| SinkError::Client {
            what: format!("dead-letter topic {topic}"),
            problem: refusal(&error),
        })?;
        producer.context().session.renew(producer.client());
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
        self.producer.context().session.renew(self.producer.client());
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
        let before = self.producer.context();
        let context = Context { letters: Arc::clone(&before.letters), session: before.session.anew() };
        match self.config.create_with_context(context) {
            Ok(producer) => {
                self.producer = producer;
                self.producer.context().session.renew(self.producer.client());
            }
            Err(error) => tracing::warn!(%error, "no new client could be made"),
        }
    }

    fn letters(&self) -> &Letters {
        &self.producer.context().letters
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
    /// Tells why a letter was refused, unless that was told of the one before.
    fn tell(&self, error: &KafkaError, topic: &str) {
        let (mut told, text) = (lock(&self.told), error.to_string());
        if told.as_ref() != Some(&text) {
            tracing::warn!(%error, topic, "a dead letter was refused and will be tried again, as will others");
            *told = Some(text);
        }
    }

    fn keep(&self, message: OwnedMessage) {
        lock(&self.again).push_back(message);
    }
}

impl Context {
    /// Whether a letter is under way. What happened to an idle client, such as a token that expired, is no trouble: the next letter logs in anew.
    fn sends(&self) -> bool {
        self.letters.pending.load(Ordering::Relaxed) > 0
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
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.letters.delivered.fetch_add(1, Ordering::Relaxed);
                self.letters.pending.fetch_sub(1, Ordering::Relaxed);
                self.session.works();
            }
            Err((error, message)) => {
                self.letters.refused.fetch_add(1, Ordering::Relaxed);
                self.session.not_written(message.topic(), error);
                self.letters.tell(error, message.topic());
                self.letters.keep(message.detach());
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
