//! Sends messages about alerts to a Kafka topic, in order, as structured CloudEvents. The key is the alert's id, so one partition has everything
//! about an alert.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::error::SinkError;
use super::http::Trouble;
use crate::outbox::{Message, Refusal, SCHEMA};
use crate::plan::EventTime;
use crate::source::kafka::{Brokers, Session};
use crate::source::refusal;
use crate::status::lock;

/// How long the client tries to deliver one message before the attempt counts as failed.
const MESSAGE_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for the delivery report, which comes after [`MESSAGE_LIMIT`] at the latest.
const REPORT_LIMIT: Duration = Duration::from_secs(20);
/// Reports of an idle client that are taken before it sends, at most.
const OLD_EVENTS: usize = 100;
/// Longest single wait for reports.
const POLL: Duration = Duration::from_millis(50);

/// The topic that alerts go to.
pub struct AlertTopic {
    producer: RefCell<BaseProducer<Reports>>,
    topic: String,
    /// To replace the producer.
    config: ClientConfig,
}

/// What the client reports.
struct Reports {
    /// What became of the record that was sent last. One is sent at a time.
    last: Mutex<Option<Result<(), String>>>,
    session: Session,
    /// Whether a message is being sent. What happened to an idle client, such as a token that expired, is no trouble.
    sends: AtomicBool,
}

impl AlertTopic {
    /// Prepares the producer.
    ///
    /// # Errors
    /// [`SinkError::Client`] if librdkafka refuses the configuration.
    pub fn connect(brokers: &Brokers, topic: &str) -> Result<Self, SinkError> {
        let mut config = brokers.config();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", MESSAGE_LIMIT.as_millis().to_string())
            .set("linger.ms", "0");
        let reports = Reports::new(brokers.session("alerts"));
        let producer = config.create_with_context(reports);
        let producer = producer.map_err(|error| SinkError::Client {
            what: format!("kafka.alert_topic {topic}"),
            problem: refusal(&error),
        })?;
        Ok(Self { producer: RefCell::new(producer), topic: topic.to_owned(), config })
    }

    /// Sends one message and waits until it is acknowledged.
    ///
    /// # Errors
    /// [`Trouble`]; the topic may have taken the message all the same.
    pub fn send(&self, message: &Message) -> Result<(), Trouble> {
        self.send_record(&message.alert, &cloud_event(message), message.at)
    }

    /// Sends one structured CloudEvent with this key, and waits until it is acknowledged.
    ///
    /// # Errors
    /// [`Trouble`]; the topic may have taken it all the same.
    pub fn send_record(&self, key: &str, event: &str, at: EventTime) -> Result<(), Trouble> {
        self.recover();
        let producer = self.producer.borrow();
        producer.context().session.renew(producer.client());
        for _ in 0..OLD_EVENTS {
            producer.poll(Duration::ZERO);
        }
        producer.context().sends.store(true, Ordering::Relaxed);
        let outcome = self.send_by(&producer, (key, event, at));
        producer.context().sends.store(false, Ordering::Relaxed);
        outcome
    }

    fn send_by(
        &self,
        producer: &BaseProducer<Reports>,
        (key, payload, at): (&str, &str, EventTime),
    ) -> Result<(), Trouble> {
        let passing = |text: String| Trouble { refusal: Refusal::Passing, text };
        let header = Header { key: "content-type", value: Some("application/cloudevents+json; charset=UTF-8") };
        let record = BaseRecord::to(&self.topic)
            .key(key)
            .payload(payload)
            .timestamp(at.0)
            .headers(OwnedHeaders::new().insert(header));
        report(producer).take();
        producer.send(record).map_err(|(error, _)| passing(error.to_string()))?;
        let until = Instant::now() + REPORT_LIMIT;
        while Instant::now() < until {
            producer.poll(POLL);
            producer.context().session.renew(producer.client());
            if let Some(report) = report(producer).take() {
                return report.map_err(passing);
            }
        }
        // It must not be under way when the next one is sent.
        producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        Err(passing("no report in time".to_owned()))
    }

    /// Replaces a client that has failed for good. librdkafka's idempotent producer never writes again after it was refused as a whole, even once
    /// it may. The pauses between attempts keep this from happening too often.
    fn recover(&self) {
        let Some((_, reason)) = self.producer.borrow().client().fatal_error() else { return };
        tracing::error!(
            reason,
            topic = self.topic,
            "alerts cannot be delivered to the topic; trying with a new client"
        );
        let session = self.producer.borrow().context().session.anew();
        match self.config.create_with_context(Reports::new(session)) {
            Ok(producer) => {
                self.producer.replace(producer);
            }
            Err(error) => tracing::warn!(%error, "no new client could be made"),
        }
    }
}

impl Reports {
    fn new(session: Session) -> Self {
        Self { last: Mutex::default(), session, sends: AtomicBool::new(false) }
    }
}

fn report(producer: &BaseProducer<Reports>) -> MutexGuard<'_, Option<Result<(), String>>> {
    lock(&producer.context().last)
}

impl ClientContext for Reports {
    fn error(&self, _error: KafkaError, reason: &str) {
        if self.sends.load(Ordering::Relaxed) {
            self.session.error(reason);
        }
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        if self.sends.load(Ordering::Relaxed) {
            self.session.log(level, facility, line);
        }
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.session.works(),
            Err((error, record)) => self.session.not_written(record.topic(), error),
        }
        let report = result.as_ref().map(|_| ()).map_err(|(error, _)| error.to_string());
        *lock(&self.last) = Some(report);
    }
}

/// The message as a CloudEvent. Its document goes in as it is.
fn cloud_event(message: &Message) -> String {
    let time = rfc3339(message.at).map(|time| format!(r#","time":"{time}""#)).unwrap_or_default();
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/paritywatch","type":"{SCHEMA}","subject":"{alert}"{time},"datacontenttype":"application/json","data":{data}}}"#,
        id = message.id(),
        alert = message.alert,
        data = message.document,
    )
}

/// `None` outside the years that the calendar knows; the attribute `time` is optional.
fn rfc3339(time: EventTime) -> Option<String> {
    jiff::Timestamp::from_millisecond(time.0).ok().map(|timestamp| timestamp.to_string())
}
