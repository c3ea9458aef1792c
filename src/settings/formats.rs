//! How records are written, as `[[mappings]]` say, and the section `[registry]`.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{self, Address};
use super::bounds::{MAX_RECEIVERS, MAX_TEXT_BYTES};
use super::given::{Given, values};
use super::key::shown;
use super::problem::Problems;
use super::schema::{FormatRule, Kafka, RegistrySettings};
use super::table::Table;
use super::terms::{Format, Span};
use super::tree::Entry;

/// Shortest and longest time that a request may take.
const TIMEOUTS: std::ops::RangeInclusive<Span> = Span::SECOND..=Span::MINUTE;

/// Ids of schemas that are given up, at most.
const MAX_GIVEN_UP: usize = 1_000;

/// How a mapping says that its topics and files are written.
pub(super) struct Written {
    pub name: String,
    pub topics: Vec<Given<String>>,
    pub files: Vec<Given<String>>,
    pub format: Format,
}

/// Gives the topics their formats, and returns what the mappings say of them.
pub(super) fn apply(
    written: Vec<Written>,
    kafka: Option<&mut Kafka>,
    registry: Option<RegistrySettings>,
    problems: &mut Problems,
) -> Vec<FormatRule> {
    let mut topics: BTreeMap<String, Format> = BTreeMap::new();
    for Written { topics: of_mapping, files, format, .. } in &written {
        for topic in of_mapping {
            check_topic(topic, *format, registry.is_some(), problems);
            if topics.insert(topic.value.clone(), *format).is_some_and(|before| before != *format) {
                topic.refuse(problems, "one format for all mappings of a topic", "another one before");
            }
        }
        if let Some(file) = files.first().filter(|_| format.is_framed()) {
            let expected = "no files: records of this format are found by a schema registry, in topics";
            file.refuse(problems, expected, shown(file));
        }
    }
    if let Some(kafka) = kafka {
        (kafka.registry, kafka.formats) = (registry, topics);
    }
    let rule = |Written { name, topics, files, format }| FormatRule {
        name,
        topics: values(topics),
        files: values(files),
        format,
    };
    written.into_iter().map(rule).collect()
}

fn check_topic(topic: &Given<String>, format: Format, has_registry: bool, problems: &mut Problems) {
    if format.is_of_files() {
        let expected = format!("no topics: {} is a format of files", format.name());
        topic.refuse(problems, expected, shown(topic));
    } else if format.is_framed() && !has_registry {
        let expected = format!("a section [registry]: records of the format {} name their schema", format.name());
        topic.refuse(problems, expected, "none");
    }
}

/// Reads the section `[registry]`.
pub(super) fn registry(mut table: Table<'_>) -> RegistrySettings {
    let mut urls: Vec<Address> = Vec::new();
    let user = table.line("user", "", MAX_TEXT_BYTES);
    for given in table.required_texts("urls", 1..=MAX_RECEIVERS) {
        match Address::parse(&given).filter(|_| given.len() <= MAX_TEXT_BYTES && !given.contains('?')) {
            None => given.refuse(table.problems, format!("{}, and no query", address::SHAPE), "another text"),
            Some(address) if urls.contains(&address) => {
                given.refuse(table.problems, "each address only once", "one that is listed before");
            }
            Some(address) if !user.is_empty() && !is_protected(&address) => {
                given.refuse(table.problems, "https, as a password is sent there", "http");
            }
            Some(address) => urls.push(address),
        }
    }
    let password_file = table.optional_path("password_file");
    if let Some(file) = password_file.as_ref().filter(|_| user.is_empty()) {
        file.refuse(table.problems, "registry.user beside it", "none");
    } else if !user.is_empty() && password_file.is_none() {
        user.refuse(table.problems, "registry.password_file beside it", "none");
    }
    if user.contains(':') {
        user.refuse(table.problems, "a user without a colon, as HTTP has it", "one with a colon");
    }
    let ca_file = table.optional_path("ca_file");
    let timeout = table.duration("timeout", Span::SECOND.times(10), TIMEOUTS);
    let given_up_schemas = given_up(&mut table);
    table.finish();
    RegistrySettings {
        urls,
        user: user.value,
        password_file: password_file.map(|file| file.value),
        ca_file: ca_file.map(|file| file.value),
        timeout: timeout.value,
        given_up_schemas,
    }
}

/// Reads the ids of schemas for which nobody is to wait.
fn given_up(table: &mut Table<'_>) -> BTreeSet<u32> {
    let mut ids = BTreeSet::new();
    for (key, Entry { place, value }) in table.take_list("given_up_schemas", 0..=MAX_GIVEN_UP).unwrap_or_default() {
        let id = value.integer().and_then(|id| i32::try_from(id).ok()).and_then(|id| u32::try_from(id).ok());
        match id {
            None => table.problems.add(&place, &key, "the id of a schema, 0 to 2,147,483,647", value.describe()),
            Some(id) if !ids.insert(id) => {
                table.problems.add(&place, &key, "each id only once", "one that is listed before");
            }
            Some(_) => {}
        }
    }
    ids
}

/// Whether nobody else can read what is sent there.
fn is_protected(address: &Address) -> bool {
    let host = address.host_and_port();
    address.url().starts_with("https://")
        || ["127.0.0.1:", "[::1]:", "localhost:"].iter().any(|own| host.starts_with(own))
}
