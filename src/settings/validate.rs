//! From tables to settings: defaults, ranges, and what must hold between keys.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::plan::{
    Dimension, EvidencePlan, Exposure, LedgerPlan, Limits, Plan, Profile, Span, WindowLength, WindowPlan,
};

use super::address;
use super::duration::{MAX_DURATION_DAYS, SHAPE, format_duration, parse_duration};
use super::parse::{Given, Table, check_unique};
use super::problem::{Problems, shown};
use super::raw::Value;
use super::redact::{EXPOSURES, config_hash, exposure_name, key_path, reference_name};
use super::rules::{self, Surroundings};
use super::{Address, Alerting, Criteria, Kafka, Privacy, SecurityProtocol, Server, Settings, State};

/// Most topics.
pub const MAX_TOPICS: usize = 100;
/// Most Alertmanagers, and most webhooks.
pub const MAX_RECEIVERS: usize = 16;
/// Most entries of `kafka.properties`.
pub const MAX_PROPERTIES: usize = 200;
/// Most rolling windows.
pub const MAX_ROLLING: usize = 16;
/// Longest history, in days.
pub const MAX_HISTORY_DAYS: i64 = 800;
/// Most profiles.
pub const MAX_PROFILES: usize = 1_000;
/// Most dimensions.
pub const MAX_DIMENSIONS: usize = 32;
/// Most groups of a dimension.
pub const MAX_GROUPS: usize = Dimension::MAX_GROUPS as usize;
/// Most criteria of one list.
pub const MAX_CRITERIA: usize = 1_000;
/// Longest text for people (title, owner, action, runbook, reason) and longest path, in bytes.
pub const MAX_TEXT_BYTES: usize = 4_096;

/// Longest value of a Kafka property, in bytes: certificates in PEM are among them.
const MAX_PROPERTY_BYTES: usize = 65_536;
/// Longest name of a topic, as Kafka has it, in bytes.
const MAX_TOPIC_BYTES: usize = 249;
const DEFAULT_PORT: u16 = 9464;

/// Kafka properties that the daemon sets itself, and why nobody else may.
const RESERVED_PROPERTIES: [(&str, &str); 16] = [
    ("bootstrap.servers", "written as kafka.brokers"),
    ("metadata.broker.list", "written as kafka.brokers"),
    ("security.protocol", "written as kafka.security_protocol"),
    ("group.id", "written as kafka.group"),
    ("group.instance.id", "partitions are assigned by the checkpoint, not by the group"),
    ("group.protocol", "partitions are assigned by the checkpoint, not by the group"),
    ("group.remote.assignor", "partitions are assigned by the checkpoint, not by the group"),
    ("partition.assignment.strategy", "partitions are assigned by the checkpoint, not by the group"),
    ("auto.offset.reset", "lost offsets are an alert, never a silent reset"),
    ("enable.auto.commit", "offsets are part of the checkpoint"),
    ("auto.commit.enable", "offsets are part of the checkpoint"),
    ("auto.commit.interval.ms", "offsets are part of the checkpoint"),
    ("enable.auto.offset.store", "offsets are part of the checkpoint"),
    ("offset.store.method", "offsets are part of the checkpoint"),
    ("enable.partition.eof", "the daemon tells the end of a partition itself"),
    ("transactional.id", "nothing is written in Kafka transactions"),
];

/// Reads everything. Where something is wrong the problems say so, and the settings are of no use.
pub(super) fn settings(mut root: Table<'_>) -> Settings {
    let kafka = root.optional_table("kafka").map(kafka);
    let window = window(root.table("window"));
    let privacy = privacy(root.table("privacy"));
    let state = state(root.table("state"));
    let (ledger, series_limit, outbox_limit, event) = limits(root.table("limits"));
    let server = server(root.table("server"));
    let alerting = alerting(root.table("alerting"));
    let profiles = profiles(&mut root, event.string_bytes);
    let dimensions = dimensions(&mut root, event.string_bytes);
    let criteria = criteria(root.table("criteria"), event.string_bytes);
    let surroundings = Surroundings {
        profiles: &profiles,
        dimensions: &dimensions,
        rolling: &window.rolling,
        cohort_max_age: window.cohort_max_age,
        string_bytes: event.string_bytes,
    };
    let rules = rules::rules(&mut root, &surroundings);
    root.finish();
    let plan = Plan {
        config_hash: String::new(),
        profiles,
        dimensions,
        rules,
        window,
        ledger,
        event,
        evidence: EvidencePlan {
            family_alpha: alerting.family_alpha,
            block_exposed: alerting.block_exposed,
            block_concluded: alerting.block_concluded,
            block_variation: alerting.block_variation,
        },
        min_cell: privacy.min_cell,
    };
    let mut settings = Settings { kafka, plan, privacy, state, series_limit, outbox_limit, server, alerting, criteria };
    settings.plan.config_hash = config_hash(&settings);
    settings
}

fn kafka(mut table: Table<'_>) -> Kafka {
    let protocols = SecurityProtocol::ALL.map(|protocol| (protocol.name(), protocol));
    let brokers = table.required_text("brokers");
    let topics = table.required_texts("topics", 1..=MAX_TOPICS);
    let group = table.line("group", "paritywatch", MAX_TOPIC_BYTES);
    let security_protocol = table.choice("security_protocol", SecurityProtocol::Ssl, &protocols, &[]);
    let dead_letter_topic = table.text("dead_letter_topic", "paritywatch.dead-letter");
    let alert_topic = table.text("alert_topic", "paritywatch.alerts");
    let dead_letter_payload = table.boolean("dead_letter_payload", false);
    let sasl_password_file = optional_path(&mut table, "sasl_password_file");
    let min_retention = positive(&mut table, "min_retention", Span::DAY.times(7));
    let properties = properties(&mut table, sasl_password_file.is_some());

    let problems = &mut *table.problems;
    check_brokers(brokers.as_ref(), problems);
    check_unique(&topics, problems);
    for topic in &topics {
        check_topic(topic, problems);
    }
    if group.is_empty() {
        group.refuse(problems, "the name of a consumer group", shown(""));
    }
    check_topic(&dead_letter_topic, problems);
    check_not_read(&dead_letter_topic, &topics, problems);
    if !alert_topic.is_empty() {
        check_topic(&alert_topic, problems);
        check_not_read(&alert_topic, &topics, problems);
    }
    if let Some(file) = sasl_password_file.as_ref().filter(|_| !security_protocol.is_sasl()) {
        let expected = "nothing, or security_protocol \"sasl_ssl\" or \"sasl_plaintext\"";
        file.refuse(problems, expected, format!("a file with {}", shown(security_protocol.name())));
    }
    table.finish();
    Kafka {
        brokers: brokers.map(|brokers| brokers.value).unwrap_or_default(),
        topics: values(topics),
        group: group.value,
        security_protocol: security_protocol.value,
        dead_letter_topic: dead_letter_topic.value,
        alert_topic: Some(alert_topic.value).filter(|topic| !topic.is_empty()),
        dead_letter_payload,
        sasl_password_file: sasl_password_file.map(|file| file.value),
        min_retention,
        properties,
    }
}

fn check_brokers(brokers: Option<&Given<String>>, problems: &mut Problems) {
    let Some(brokers) = brokers else { return };
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

/// What the daemon writes must not come back as input.
fn check_not_read(topic: &Given<String>, topics: &[Given<String>], problems: &mut Problems) {
    if topics.iter().any(|read| read.value == topic.value) {
        let expected = "a topic that is not among kafka.topics";
        topic.refuse(problems, expected, shown(topic));
    }
}

/// Values may be secrets: no problem repeats one.
fn properties(table: &mut Table<'_>, has_password_file: bool) -> BTreeMap<String, String> {
    let section = "kafka.properties";
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
        if let Some(reason) = reserved(&name, has_password_file) {
            let expected = format!("no value ({reason})");
            problems.add(&entry.key_place, &path, expected, "one");
            continue;
        }
        let text = property_text(&entry.value).filter(|text| text.len() <= MAX_PROPERTY_BYTES);
        let Some(text) = text else {
            let expected = format!("a string of at most {MAX_PROPERTY_BYTES} bytes, an integer or a boolean");
            problems.add(&entry.place, &path, expected, entry.value.describe_type());
            continue;
        };
        properties.insert(name, text);
    }
    properties
}

fn reserved(name: &str, has_password_file: bool) -> Option<&'static str> {
    if name == "sasl.password" && has_password_file {
        return Some("it is read from kafka.sasl_password_file");
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

fn window(mut table: Table<'_>) -> WindowPlan {
    let longest_history = Span::DAY.times(MAX_HISTORY_DAYS);
    let bucket = table.text("bucket", "1h");
    if parse_duration(&bucket) != Some(Span::HOUR) {
        let expected = "\"1h\", the finest resolution (another is not in this version)";
        bucket.refuse(table.problems, expected, shown(&bucket));
    }
    let rolling = table.texts("rolling", &["24h", "7d", "30d", "90d"], 1..=MAX_ROLLING);
    let history = table.duration("history", Span::DAY.times(400), Span::HOUR..=longest_history);
    let rolling = rolling_windows(&rolling, *history, table.problems);
    let plan = WindowPlan {
        rolling,
        history: history.value,
        allowed_lateness: positive(&mut table, "allowed_lateness", Span::MINUTE.times(10)),
        idle_after: positive(&mut table, "idle_after", Span::MINUTE.times(5)),
        max_ahead: Some(positive(&mut table, "max_ahead", Span::DAY)),
        cohort_max_age: positive(&mut table, "cohort_max_age", Span::DAY.times(45)),
        stale_after: Some(positive(&mut table, "stale_after", Span::HOUR)),
        evaluate_every: positive(&mut table, "evaluate_every", Span::SECOND.times(10)),
    };
    table.finish();
    plan
}

/// Shortest first.
fn rolling_windows(written: &[Given<String>], history: Span, problems: &mut Problems) -> Vec<WindowLength> {
    let mut windows: Vec<WindowLength> = Vec::with_capacity(written.len());
    for label in written {
        let allowed = |span: &Span| (Span::HOUR..=history).contains(span);
        let Some(length) = parse_duration(label).filter(allowed) else {
            let history = format_duration(history);
            let expected = format!("{SHAPE}, from 1h to the history of {history}");
            label.refuse(problems, expected, shown(label));
            continue;
        };
        if let Some(earlier) = windows.iter().find(|window| window.length == length) {
            let found = format!("{} beside {}", shown(label), shown(&earlier.label));
            label.refuse(problems, "each length once", found);
            continue;
        }
        windows.push(WindowLength { length, label: label.value.clone() });
    }
    windows.sort();
    windows
}

fn privacy(mut table: Table<'_>) -> Privacy {
    let min_cell = table.integer("min_cell", 10, 0..=1_000);
    let reason = table.line("reason", "", MAX_TEXT_BYTES);
    let pseudonym_key_file = optional_path(&mut table, "pseudonym_key_file");
    if *min_cell == 0 && reason.trim().is_empty() {
        let expected = "a number above 0, or privacy.reason to say why everything may be published";
        min_cell.refuse(table.problems, expected, "0 without a reason");
    }
    table.finish();
    Privacy {
        min_cell: min_cell.value,
        reason: reason.value,
        pseudonym_key_file: pseudonym_key_file.map(|file| file.value),
    }
}

fn state(mut table: Table<'_>) -> State {
    let dir = table.line("dir", "./state", MAX_TEXT_BYTES);
    if dir.is_empty() {
        dir.refuse(table.problems, "the path of a folder", shown(""));
    }
    let checkpoint_every = positive(&mut table, "checkpoint_every", Span::SECOND.times(10));
    table.finish();
    State { dir: PathBuf::from(dir.value), checkpoint_every }
}

fn limits(mut table: Table<'_>) -> (LedgerPlan, usize, u64, Limits) {
    let ledger = LedgerPlan {
        open_cases: table.count("open_cases", 20_000_000, 1..=1_000_000_000).value,
        waiting_events: table.count("waiting_events", 1_000_000, 1..=1_000_000_000).value,
        dedupe_horizon: positive(&mut table, "dedupe_horizon", Span::DAY.times(7)),
        remembered_ids: table.count("remembered_ids", 50_000_000, 1..=1_000_000_000).value,
        not_selected_horizon: positive(&mut table, "not_selected_horizon", Span::DAY.times(7)),
    };
    let series = table.count("series", 20_000, 1..=10_000_000).value;
    let outbox_messages = table.integer("outbox_messages", 100_000, 1..=1_000_000).value;
    let string_bytes = table.count("string_bytes", 256, 16..=65_536);
    let message_bytes = table.count("message_bytes", 65_536, 256..=16_777_216);
    if *message_bytes < *string_bytes {
        let expected = format!("at least limits.string_bytes ({})", *string_bytes);
        message_bytes.refuse(table.problems, expected, message_bytes.to_string());
    }
    table.finish();
    let event = Limits { string_bytes: string_bytes.value, message_bytes: message_bytes.value };
    (ledger, series, outbox_messages, event)
}

fn server(mut table: Table<'_>) -> Server {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
    let listen = table.text("listen", &default.to_string());
    let address = listen.parse::<SocketAddr>();
    if address.is_err() {
        let expected = "an IP address and a port such as \"127.0.0.1:9464\" or \"[::1]:9464\"";
        listen.refuse(table.problems, expected, shown(&listen));
    }
    let web_config = optional_path(&mut table, "web_config");
    if let Some(file) = &web_config {
        file.refuse(table.problems, "nothing (not in this version)", "a file");
    }
    let external_url = table.line("external_url", "", MAX_TEXT_BYTES);
    if !external_url.is_empty() && Address::parse(&external_url).is_none() {
        // Not repeated: a login may be in it.
        external_url.refuse(table.problems, address::SHAPE, "another text");
    }
    table.finish();
    Server {
        listen: address.unwrap_or(default),
        web_config: web_config.map(|file| file.value),
        external_url: Some(external_url.value).filter(|url| !url.is_empty()),
    }
}

fn alerting(mut table: Table<'_>) -> Alerting {
    let alertmanagers = addresses(&mut table, "alertmanagers");
    let webhooks = addresses(&mut table, "webhooks");
    let path = |file: Option<Given<PathBuf>>| file.map(|file| file.value);
    let blocks: RangeInclusive<u64> = 1..=1_000_000_000;
    let alerting = Alerting {
        alertmanagers,
        webhooks,
        webhook_secret_file: path(optional_path(&mut table, "webhook_secret_file")),
        ca_file: path(optional_path(&mut table, "ca_file")),
        authorization_file: path(optional_path(&mut table, "authorization_file")),
        resend_every: positive(&mut table, "resend_every", Span::MINUTE),
        family_alpha: table
            .number("family_alpha", 0.05, "a number above 0 and below 1", |alpha| alpha > 0.0 && alpha < 1.0),
        block_exposed: table.integer("block_exposed", 1_000, blocks.clone()).value,
        block_concluded: table.integer("block_concluded", 50, blocks).value,
        block_variation: table
            .number("block_variation", 0.3, "a number from 0 to 10", |variation| (0.0..=10.0).contains(&variation)),
    };
    table.finish();
    alerting
}

/// Each once. None is repeated in a problem: a secret may be in it.
fn addresses(table: &mut Table<'_>, key: &'static str) -> Vec<Address> {
    let mut addresses: Vec<Address> = Vec::new();
    for given in table.texts(key, &[], 0..=MAX_RECEIVERS) {
        match Address::parse(&given).filter(|_| given.len() <= MAX_TEXT_BYTES) {
            None => given.refuse(table.problems, address::SHAPE, "another text"),
            Some(address) if addresses.contains(&address) => {
                given.refuse(table.problems, "each receiver once", "one that is there already");
            }
            Some(address) => addresses.push(address),
        }
    }
    addresses
}

/// Sorted by name, as the tree is.
fn profiles(root: &mut Table<'_>, string_bytes: usize) -> Vec<Profile> {
    root.each_table("profiles", MAX_PROFILES, |name, mut table| {
        if !is_name(name, string_bytes) || name == rules::ALL {
            let expected = format!("{} other than \"*\"", name_shape(string_bytes));
            table.refuse(expected, shown(name));
        }
        let exposures = EXPOSURES.map(|exposure| (exposure_name(exposure), exposure));
        let title = table.line("title", name, MAX_TEXT_BYTES).value;
        let exposure = table.choice("exposure", Exposure::Assessed, &exposures, &[]).value;
        let owner = table.line("owner", "", MAX_TEXT_BYTES).value;
        table.finish();
        Profile { name: name.to_owned(), title, exposure, owner }
    })
}

/// Sorted by name, as the tree is.
fn dimensions(root: &mut Table<'_>, string_bytes: usize) -> Vec<Dimension> {
    root.each_table("dimensions", MAX_DIMENSIONS, |name, mut table| {
        if !is_name(name, string_bytes) || name == rules::ALL {
            let expected = format!("{} other than \"*\"", name_shape(string_bytes));
            table.refuse(expected, shown(name));
        }
        let ground = table.required_text("ground");
        let groups = table.required_texts("groups", 1..=MAX_GROUPS);
        if let Some(ground) = &ground {
            check_name(ground, string_bytes, table.problems);
        }
        check_unique(&groups, table.problems);
        for group in &groups {
            check_group(group, string_bytes, table.problems);
        }
        table.finish();
        Dimension {
            name: name.to_owned(),
            ground: ground.map(|ground| ground.value).unwrap_or_default(),
            groups: values(groups),
        }
    })
}

/// A rule's `reference` could not tell such a group from the word.
fn check_group(group: &Given<String>, string_bytes: usize, problems: &mut Problems) {
    check_name(group, string_bytes, problems);
    if rules::REFERENCES.iter().any(|word| reference_name(word) == group.value) {
        let expected = "a name other than the words of a rule's reference (rest, lowest, random, overall)";
        group.refuse(problems, expected, shown(group));
    }
}

fn criteria(mut table: Table<'_>, string_bytes: usize) -> Criteria {
    let mut list = |key| {
        let names = table.texts(key, &[], 0..=MAX_CRITERIA);
        check_unique(&names, table.problems);
        for name in &names {
            check_name(name, string_bytes, table.problems);
        }
        values(names)
    };
    let criteria = Criteria { banned: list("banned"), restricted: list("restricted"), proxies: list("proxies") };
    table.finish();
    criteria
}

/// A name that events can carry.
pub(super) fn check_name(name: &Given<String>, string_bytes: usize, problems: &mut Problems) {
    if !is_name(name, string_bytes) {
        name.refuse(problems, name_shape(string_bytes), shown(name));
    }
}

fn is_name(name: &str, string_bytes: usize) -> bool {
    (1..=string_bytes).contains(&name.len()) && !name.chars().any(char::is_control)
}

fn name_shape(string_bytes: usize) -> String {
    format!("a name of 1 to {string_bytes} bytes (limits.string_bytes) without control characters")
}

/// A duration above 0.
fn positive(table: &mut Table<'_>, key: &'static str, default: Span) -> Span {
    let longest = Span::DAY.times(MAX_DURATION_DAYS);
    table.duration(key, default, Span::SECOND..=longest).value
}

/// The path of a file; `None` where it is missing or empty.
fn optional_path(table: &mut Table<'_>, key: &'static str) -> Option<Given<PathBuf>> {
    let Given { value, key, place } = table.line(key, "", MAX_TEXT_BYTES);
    let value = PathBuf::from(Some(value).filter(|path| !path.is_empty())?);
    Some(Given { value, key, place })
}

fn values(list: Vec<Given<String>>) -> Vec<String> {
    list.into_iter().map(|item| item.value).collect()
}
