//! The section `[kafka]`.

use std::collections::BTreeMap;

use super::access::{OAuthKeys, check_reason, needs_sasl};
use super::bounds::{MAX_PROPERTIES, MAX_TEXT_BYTES, MAX_TOPICS};
use super::given::{Given, check_unique, values};
use super::key::{key_path, shown};
use super::problem::Problems;
use super::schema::{Kafka, SecurityProtocol};
use super::suggestion::suggestion;
use super::table::Table;
use super::terms::Span;
use super::tree::Value;

/// Longest value of a Kafka property, in bytes: certificates in PEM are among them.
const MAX_PROPERTY_BYTES: usize = 65_536;
/// Longest name of a topic that Kafka allows, in bytes.
const MAX_TOPIC_BYTES: usize = 249;

/// Kafka properties that the daemon sets itself, each with the reason that a problem gives.
const RESERVED_PROPERTIES: [(&str, &str); 16] = [
    ("bootstrap.servers", "written as kafka.brokers"),
    ("metadata.broker.list", "written as kafka.brokers"),
    ("security.protocol", "written as kafka.security_protocol"),
    ("group.id", "written as kafka.group"),
    ("group.instance.id", "partitions are assigned by the checkpoint, not by the group"),
    ("group.protocol", "partitions are assigned by the checkpoint, not by the group"),
    ("group.remote.assignor", "partitions are assigned by the checkpoint, not by the group"),
    ("partition.assignment.strategy", "partitions are assigned by the checkpoint, not by the group"),
    ("auto.offset.reset", "lost offsets raise an alert and are never reset silently"),
    ("enable.auto.commit", "offsets are part of the checkpoint"),
    ("auto.commit.enable", "offsets are part of the checkpoint"),
    ("auto.commit.interval.ms", "offsets are part of the checkpoint"),
    ("enable.auto.offset.store", "offsets are part of the checkpoint"),
    ("offset.store.method", "offsets are part of the checkpoint"),
    ("enable.partition.eof", "the daemon finds the end of a partition itself"),
    ("transactional.id", "the daemon uses no Kafka transactions"),
];

pub(super) fn kafka(mut table: Table<'_>) -> Kafka {
    let protocols = SecurityProtocol::ALL.map(|protocol| (protocol.name(), protocol));
    let brokers = table.required_text("brokers");
    let topics = table.required_texts("topics", 1..=MAX_TOPICS);
    let measure_topics = table.optional_texts("measure_topics", 0..=MAX_TOPICS);
    let group = table.line("group", "paritywatch", MAX_TOPIC_BYTES);
    let security_protocol = table.choice("security_protocol", SecurityProtocol::Ssl, &protocols);
    let dead_letter_topic = table.text("dead_letter_topic", "paritywatch.dead-letter");
    let alert_topic = table.text("alert_topic", "paritywatch.alerts");
    let dead_letter_payload = table.boolean("dead_letter_payload", false);
    let sasl_password_file = table.optional_path("sasl_password_file");
    let ssl_key_password_file = table.optional_path("ssl_key_password_file");
    let oauth = OAuthKeys::read(&mut table);
    let insecure_reason = table.line("insecure_reason", "", MAX_TEXT_BYTES);
    let min_retention = table.positive_duration("min_retention", Span::DAY.times(7));
    let properties = properties(&mut table, sasl_password_file.is_some(), ssl_key_password_file.is_some());

    let problems = &mut *table.problems;
    if let Some(brokers) = &brokers {
        check_brokers(brokers, problems);
    }
    check_topics(&topics, measure_topics.as_ref(), problems);
    if group.is_empty() {
        group.refuse(problems, "the name of a consumer group", shown(""));
    }
    check_topic(&dead_letter_topic, problems);
    check_not_read(&dead_letter_topic, &topics, problems);
    if !alert_topic.is_empty() {
        check_topic(&alert_topic, problems);
        check_not_read(&alert_topic, &topics, problems);
    }
    if let Some(file) = &sasl_password_file {
        needs_sasl(file, *security_protocol, problems);
    }
    check_reason(&insecure_reason, &properties, oauth.token_url(), problems);
    let oauth = oauth.checked(*security_protocol, !insecure_reason.is_empty(), problems);
    table.finish();
    Kafka {
        // Where they are missing, that is among the problems.
        brokers: brokers.map(|brokers| brokers.value).unwrap_or_default(),
        topics: values(topics),
        measure_topics: measure_topics.map(|topics| values(topics.value)),
        group: group.value,
        security_protocol: security_protocol.value,
        dead_letter_topic: dead_letter_topic.value,
        alert_topic: Some(alert_topic.value).filter(|topic| !topic.is_empty()),
        dead_letter_payload,
        sasl_password_file: sasl_password_file.map(|file| file.value),
        ssl_key_password_file: ssl_key_password_file.map(|file| file.value),
        oauth,
        insecure_reason: insecure_reason.value,
        min_retention,
        properties,
        // From sections of their own.
        formats: BTreeMap::new(),
        registry: None,
    }
}

/// Checks the topics that are read. Measures are taken from some of them.
fn check_topics(topics: &[Given<String>], of_measures: Option<&Given<Vec<Given<String>>>>, problems: &mut Problems) {
    check_unique(topics, problems);
    for topic in topics {
        check_topic(topic, problems);
    }
    if let Some(of_measures) = of_measures {
        check_unique(of_measures, problems);
        of_measures.iter().for_each(|topic| check_read(topic, topics, problems));
    }
}

fn check_brokers(brokers: &Given<String>, problems: &mut Problems) {
    let fits = brokers.len() <= MAX_TEXT_BYTES
        && !brokers.chars().any(char::is_control)
        && brokers.split(',').all(|broker| !broker.trim().is_empty());
    if !fits {
        let expected = format!("addresses host:port, separated by commas, in at most {MAX_TEXT_BYTES} bytes");
        brokers.refuse(problems, expected, shown(brokers));
    }
}

fn check_topic(topic: &Given<String>, problems: &mut Problems) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let fits = (1..=MAX_TOPIC_BYTES).contains(&topic.len())
        && topic.bytes().all(allowed)
        && !matches!(topic.as_str(), "." | "..");
    if !fits {
        let expected = format!("a topic of 1 to {MAX_TOPIC_BYTES} letters, digits, dots, underscores or hyphens");
        topic.refuse(problems, expected, shown(topic));
    }
}

/// The daemon must not read what it writes.
fn check_not_read(topic: &Given<String>, topics: &[Given<String>], problems: &mut Problems) {
    if topics.iter().any(|read| read.value == topic.value) {
        let expected = "a topic that is not among kafka.topics";
        topic.refuse(problems, expected, shown(topic));
    }
}

/// Nothing comes from a topic that is not read.
fn check_read(topic: &Given<String>, topics: &[Given<String>], problems: &mut Problems) {
    if !topics.iter().any(|read| read.value == topic.value) {
        let near = suggestion(topic, topics.iter().map(|topic| topic.as_str()));
        topic.refuse(problems, format!("one of kafka.topics{near}"), shown(topic));
    }
}

/// Reads the properties. A value may be a secret, so no problem repeats one.
fn properties(table: &mut Table<'_>, has_password_file: bool, has_key_password_file: bool) -> BTreeMap<String, String> {
    let section = "kafka.properties";
    // The section may be missing.
    let Some((place, entries)) = table.take_entries("properties") else {
        return BTreeMap::new();
    };
    let problems = &mut *table.problems;
    if entries.len() > MAX_PROPERTIES {
        let expected = format!("at most {MAX_PROPERTIES} properties");
        problems.add(&place, section, expected, entries.len().to_string());
        return BTreeMap::new();
    }
    let mut properties = BTreeMap::new();
    for (name, entry) in entries {
        let path = key_path(section, &name);
        if let Some(reason) = reserved(&name, has_password_file, has_key_password_file) {
            let expected = format!("no value ({reason})");
            problems.add(&entry.place, &path, expected, "a value");
            continue;
        }
        let text = property_text(&entry.value).filter(|text| text.len() <= MAX_PROPERTY_BYTES && !text.contains('\0'));
        let Some(text) = text else {
            let expected =
                format!("a string of at most {MAX_PROPERTY_BYTES} bytes without NUL, an integer or a boolean");
            problems.add(&entry.place, &path, expected, entry.value.describe_type());
            continue;
        };
        properties.insert(name, text);
    }
    properties
}

/// Returns why the property must not be set; `None` where it may be.
fn reserved(name: &str, has_password_file: bool, has_key_password_file: bool) -> Option<&'static str> {
    if name == "sasl.password" && has_password_file {
        return Some("it is read from kafka.sasl_password_file");
    }
    if name == "ssl.key.password" && has_key_password_file {
        return Some("it is read from kafka.ssl_key_password_file");
    }
    // The client's own ways to a token are not in this build, or check nothing.
    if name.starts_with("sasl.oauthbearer.") || name == "enable.sasl.oauthbearer.unsecure.jwt" {
        return Some("tokens come from kafka.oauth_token_file or kafka.oauth_token_url");
    }
    let known = RESERVED_PROPERTIES.iter().find(|(known, _)| *known == name);
    known.map(|(_, reason)| *reason)
}

fn property_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Untyped(text) => Some(text.clone()),
        Value::Integer(integer) => Some(integer.to_string()),
        Value::Boolean(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}
