//! A plaintext producer for generated streams.

use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::error::SinkError;
use crate::plan::EventTime;
use crate::source::refusal;

/// Longest wait at the end for all records to be delivered.
const FLUSH_LIMIT: Duration = Duration::from_secs(300);

/// Longest wait for room in the queue while the broker takes no records.
const QUEUE_LIMIT: Duration = Duration::from_secs(300);

/// Longest single wait for delivery reports while the queue is full.
const QUEUE_POLL: Duration = Duration::from_millis(10);

/// Sends generated events over a plaintext connection, for demonstrations and tests.
pub struct PlainProducer {
    producer: BaseProducer<Deliveries>,
    topic: String,
}

impl PlainProducer {
    /// Prepares a producer. It connects with the first record.
    ///
    /// # Errors
    /// [`SinkError::Client`] if librdkafka refuses the address.
    pub fn connect(brokers: &str, topic: &str) -> Result<Self, SinkError> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("security.protocol", "plaintext")
            .set("acks", "all")
            // Each event once and in order, whatever happens to the broker.
            .set("enable.idempotence", "true")
            .set("linger.ms", "20")
            .set("compression.type", "lz4")
            .set("message.timeout.ms", QUEUE_LIMIT.as_millis().to_string())
            .create_with_context(Deliveries::default())
            .map_err(|error| SinkError::Client {
                what: format!("kafka://{brokers}/{topic}"),
                problem: refusal(&error),
            })?;
        Ok(Self { producer, topic: topic.to_owned() })
    }

    /// Sends an event. Its case is the key, and its time is the record's.
    ///
    /// # Errors
    /// [`SinkError::Refused`] if the broker takes no records for 300 seconds.
    pub fn send(&mut self, case_id: &str, payload: &[u8], time: EventTime) -> Result<(), SinkError> {
        let mut record = BaseRecord::to(&self.topic).key(case_id).payload(payload).timestamp(time.0);
        let mut waited = Duration::ZERO;
        loop {
            match self.producer.send(record) {
                Ok(()) => {
                    self.producer.poll(Duration::ZERO);
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if waited < QUEUE_LIMIT => {
                    self.producer.poll(QUEUE_POLL);
                    waited += QUEUE_POLL;
                    record = back;
                }
                Err((source, _)) => return Err(SinkError::Refused { topic: self.topic.clone(), source }),
            }
        }
    }

    /// Waits until everything is delivered.
    ///
    /// # Errors
    /// [`SinkError`] if that takes longer than 300 seconds, or something was not delivered.
    pub fn finish(self) -> Result<(), SinkError> {
        let Self { producer, topic } = self;
        if let Err(source) = producer.flush(FLUSH_LIMIT) {
            return Err(SinkError::Refused { topic, source });
        }
        match producer.context().0.get() {
            Some(source) => Err(SinkError::Undelivered { topic, source: source.clone() }),
            None => Ok(()),
        }
    }
}

/// Why the first of the lost events was lost.
#[derive(Default)]
struct Deliveries(OnceLock<KafkaError>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            // Only the first counts.
            let _ = self.0.set(error.clone());
        }
    }
}
