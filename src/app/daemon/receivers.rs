//! The receivers of alerts that the configuration names.

use std::path::Path;
use std::sync::Arc;

use crate::app::failure::Failure;
use crate::outbox::{Message, Receiver};
use crate::plan::{EventTime, Span};
use crate::settings::{Address, SecretProblem, Settings, read_secret};
use crate::sink::alert_topic::AlertTopic;
use crate::sink::alertmanager::{Alertmanager, MAX_ALERTS_PER_REQUEST};
use crate::sink::http::{Client, Trouble, Trust};
use crate::sink::webhook::Webhook;
use crate::source::kafka::Brokers;

/// A receiver, and what sends to it.
pub struct Spec {
    /// Its id and name.
    pub receiver: Receiver,
    /// What sends to it.
    pub sink: Sink,
}

/// What sends to a receiver.
pub enum Sink {
    /// Alerts as states, sent again and again.
    Alertmanager(Alertmanager),
    /// Messages, each once.
    Webhook(Webhook),
    /// Messages, each once.
    Topic(AlertTopic),
}

impl Sink {
    /// Messages that are sent at once, at most.
    pub const fn most(&self) -> usize {
        match self {
            Self::Alertmanager(_) => MAX_ALERTS_PER_REQUEST,
            Self::Webhook(_) | Self::Topic(_) => 1,
        }
    }

    /// Sends messages, oldest first. Returns how many were taken: the first ones.
    ///
    /// # Errors
    /// [`Trouble`] if none was taken, or it is not known.
    pub fn send(&self, messages: &[Arc<Message>], now: EventTime) -> Result<usize, Trouble> {
        debug_assert!(!messages.is_empty(), "the outbox asks to send messages");
        let Some(first) = messages.first() else { return Ok(0) };
        match self {
            Self::Alertmanager(alertmanager) => alertmanager.send(messages, now),
            Self::Webhook(webhook) => webhook.send(first, now).map(|()| 1),
            Self::Topic(topic) => topic.send(first).map(|()| 1),
        }
    }

    /// Sends again what stands. Returns how many requests that took.
    ///
    /// # Errors
    /// [`Trouble`] of the first request that failed.
    pub fn resend(&self, standing: &[Arc<Message>], now: EventTime) -> Result<u64, Trouble> {
        match self {
            Self::Alertmanager(alertmanager) => alertmanager.resend(standing, now),
            Self::Webhook(_) | Self::Topic(_) => Ok(0),
        }
    }
}

/// All receivers in the order of the configuration: Alertmanagers, webhooks, the topic, if there are brokers.
///
/// # Errors
/// [`Failure::Io`] if a file cannot be read; [`Failure::Configuration`] if a file does not hold what it should, or librdkafka refuses its
/// configuration.
pub fn specs(settings: &Settings, brokers: Option<&Brokers>) -> Result<Vec<Spec>, Failure> {
    let alerting = &settings.alerting;
    let mut specs: Vec<Spec> = Vec::new();
    let trust = Trust::load(alerting.ca_file.as_deref()).map_err(Failure::configuration)?;
    let authorization = secret("alerting.authorization_file", alerting.authorization_file.as_deref())?;
    let authorization = authorization.map(header_value).transpose()?;
    let secret = secret("alerting.webhook_secret_file", alerting.webhook_secret_file.as_deref())?;
    for address in &alerting.alertmanagers {
        let resend_every = alerting.resend_every;
        let sink = Alertmanager::new(Client::new(&trust), address, authorization.clone(), resend_every);
        let spec = spec("alertmanager", address, Some(resend_every), Sink::Alertmanager(sink), &specs);
        specs.push(spec);
    }
    for address in &alerting.webhooks {
        let sink = Webhook::new(Client::new(&trust), address, secret.as_deref());
        let spec = spec("webhook", address, None, Sink::Webhook(sink), &specs);
        specs.push(spec);
    }
    if let Some(brokers) = brokers
        && let Some(kafka) = &settings.kafka
        && let Some(topic) = &kafka.alert_topic
    {
        let sink = AlertTopic::connect(brokers, topic).map_err(Failure::configuration)?;
        // The dot sets it apart from the ids of addresses.
        let id = format!("kafka.{topic}");
        let receiver = Receiver { id, name: "kafka".to_owned(), resend_every: None };
        specs.push(Spec { receiver, sink: Sink::Topic(sink) });
    }
    Ok(specs)
}

/// A receiver at an address. A number tells receivers at the same host and port apart.
fn spec(kind: &str, address: &Address, resend_every: Option<Span>, sink: Sink, others: &[Spec]) -> Spec {
    let name = format!("{kind}:{}", address.host_and_port());
    let alike = others.iter().filter(|other| other.receiver.name.split('#').next() == Some(name.as_str())).count();
    let name = if alike == 0 { name } else { format!("{name}#{}", alike + 1) };
    Spec { receiver: Receiver { id: address.id(kind), name, resend_every }, sink }
}

/// The content of a file that the configuration names, without the end of its line.
fn secret(key: &'static str, file: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    let read = file.map(|path| read_secret(key, path)).transpose();
    read.map_err(|problem| match problem {
        SecretProblem::Unreadable { .. } => Failure::io(problem),
        SecretProblem::Unfit { .. } => Failure::configuration(problem),
    })
}

fn header_value(bytes: Vec<u8>) -> Result<String, Failure> {
    let text = String::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| (0x20..0x7F).contains(&byte)));
    let problem = "alerting.authorization_file: expected one line of printable ASCII, found other bytes";
    text.ok_or_else(|| Failure::Configuration(problem.to_owned()))
}
