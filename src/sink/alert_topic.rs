//! Sends every message to a Kafka topic, in order, as a structured CloudEvent. Its key is the alert's id, so all about one alert is in one
//! partition.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::error::SinkError;
use super::http::Trouble;
use crate::outbox::{Message, Refusal, SCHEMA};
use crate::plan::EventTime;

/// How long one message is tried by the client library before the attempt counts as failed.
const MESSAGE_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for its report, which comes at that limit at the latest.
const REPORT_LIMIT: Duration = Duration::from_secs(20);
/// How long one wait for reports takes.
const POLL: Duration = Duration::from_millis(50);

/// The topic.
pub struct AlertTopic {
    producer: RefCell<BaseProducer<Reports>>,
    topic: String,
    /// To make the producer anew.
    config: ClientConfig,
}

/// What became of the record on its way: one at a time is.
#[derive(Default)]
struct Reports(Mutex<Option<Result<(), String>>>);

impl AlertTopic {
    /// Prepares the producer.
    ///
    /// # Errors
    /// What librdkafka refuses of the configuration.
    pub fn connect(mut config: ClientConfig, topic: &str) -> Result<Self, SinkError> {
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", MESSAGE_LIMIT.as_millis().to_string())
            .set("linger.ms", "0");
        let producer = config.create_with_context(Reports::default());
        let producer =
            producer.map_err(|source| SinkError::Client { what: format!("kafka.alert_topic {topic}"), source })?;
        Ok(Self { producer: RefCell::new(producer), topic: topic.to_owned(), config })
    }

    /// Sends one message and waits until it is acknowledged.
    ///
    /// # Errors
    /// [`Trouble`]; it was perhaps taken all the same.
    pub fn send(&self, message: &Message) -> Result<(), Trouble> {
        self.recover();
        let producer = self.producer.borrow();
        let passing = |text: String| Trouble { refusal: Refusal::Passing, text };
        let payload = cloud_event(message);
        let header = Header { key: "content-type", value: Some("application/cloudevents+json; charset=UTF-8") };
        let record = BaseRecord::to(&self.topic)
            .key(message.alert.as_str())
            .payload(payload.as_str())
            .timestamp(message.at.0)
            .headers(OwnedHeaders::new().insert(header));
        report(&producer).take();
        producer.send(record).map_err(|(error, _)| passing(error.to_string()))?;
        let until = Instant::now() + REPORT_LIMIT;
        while Instant::now() < until {
            producer.poll(POLL);
            if let Some(report) = report(&producer).take() {
                return report.map_err(passing);
            }
        }
        // Not on its way any more when another is sent.
        producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        Err(passing("no report in time".to_owned()))
    }

    /// A client that may write nowhere, or is told so of its number in idempotent writing, never writes again, not even when it may: a new
    /// one takes its place. The pauses between attempts keep this from being done too often.
    fn recover(&self) {
        let Some((_, reason)) = self.producer.borrow().client().fatal_error() else { return };
        tracing::error!(
            reason,
            topic = self.topic,
            "alerts cannot be delivered to the topic; trying with a new client"
        );
        match self.config.create_with_context(Reports::default()) {
            Ok(producer) => {
                self.producer.replace(producer);
            }
            Err(error) => tracing::warn!(%error, "no new client could be made"),
        }
    }
}

fn report(producer: &BaseProducer<Reports>) -> std::sync::MutexGuard<'_, Option<Result<(), String>>> {
    producer.context().0.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let report = result.as_ref().map(|_| ()).map_err(|(error, _)| error.to_string());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }
}

/// The document goes in as it is: nothing of it is written anew.
fn cloud_event(message: &Message) -> String {
    let time = rfc3339(message.at).map(|time| format!(r#","time":"{time}""#)).unwrap_or_default();
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/paritywatch","type":"{SCHEMA}","subject":"{alert}"{time},"datacontenttype":"application/json","data":{data}}}"#,
        id = message.id(),
        alert = message.alert,
        data = message.document,
    )
}

fn rfc3339(time: EventTime) -> Option<String> {
    jiff::Timestamp::from_millisecond(time.0).ok().map(|timestamp| timestamp.to_string())
}
