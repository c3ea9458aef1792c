//! The list `[[mappings]]`, as far as it says how records are written, and the section `[registry]`.

use std::collections::BTreeMap;

use super::address::{self, Address};
use super::bounds::{MAX_MAPPINGS, MAX_RECEIVERS, MAX_TEXT_BYTES, MAX_TOPICS};
use super::given::{Given, check_unique, values};
use super::key::shown;
use super::schema::{Format, FormatRule, Kafka, RegistrySettings};
use super::suggestion::suggestion;
use super::table::Table;
use super::terms::Span;

/// Longest name of a mapping, and longest pattern of file names, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// Shortest and longest time that a request may take.
const TIMEOUTS: std::ops::RangeInclusive<Span> = Span::SECOND..=Span::MINUTE;

/// Reads how topics and files are written. Gives the topics their formats.
pub(super) fn formats(root: &mut Table<'_>, kafka: Option<&mut Kafka>) -> Vec<FormatRule> {
    let registry = root.optional_table("registry").map(registry);
    let mut rules: Vec<FormatRule> = Vec::new();
    let mut topics: BTreeMap<String, Format> = BTreeMap::new();
    let read = kafka.as_ref().map(|kafka| kafka.topics.clone());
    for (path, place, entries) in root.take_list_of_tables("mappings", MAX_MAPPINGS) {
        let mut table = Table::new(&path, place, entries, root.problems);
        let name = table.line("name", "", MAX_NAME_BYTES);
        let formats = Format::ALL.map(|format| (format.name(), format));
        let format = table.choice("format", Format::Json, &formats).value;
        let of_topics = table.texts("topics", &[], 0..=MAX_TOPICS);
        let of_files = table.texts("files", &[], 0..=MAX_TOPICS);
        if name.is_empty() || rules.iter().any(|rule| rule.name == *name) {
            name.refuse(table.problems, "a name that no other mapping has", shown(&name));
        }
        check_unique(&of_topics, table.problems);
        check_unique(&of_files, table.problems);
        for topic in &of_topics {
            check_topic(topic, format, (read.as_deref(), registry.is_some()), &mut table);
            if topics.insert(topic.value.clone(), format).is_some_and(|before| before != format) {
                topic.refuse(table.problems, "one format for all mappings of a topic", "another one before");
            }
        }
        if let Some(file) = of_files.first().filter(|_| format.is_framed()) {
            let expected = "no files: records of this format are found by a schema registry, in topics";
            file.refuse(table.problems, expected, shown(file));
        }
        table.finish();
        rules.push(FormatRule { name: name.value, topics: values(of_topics), files: values(of_files), format });
    }
    if let Some(kafka) = kafka {
        (kafka.registry, kafka.formats) = (registry, topics);
    }
    rules
}

fn check_topic(
    topic: &Given<String>,
    format: Format,
    (read, has_registry): (Option<&[String]>, bool),
    table: &mut Table<'_>,
) {
    if let Some(read) = read
        && !read.contains(&topic.value)
    {
        let near = suggestion(topic, read.iter().map(String::as_str));
        topic.refuse(table.problems, format!("one of kafka.topics{near}"), shown(topic));
    }
    if format.is_of_files() {
        let expected = format!("no topics: {} is a format of files", format.name());
        topic.refuse(table.problems, expected, shown(topic));
    } else if format.is_framed() && !has_registry {
        let expected = format!("a section [registry]: records of the format {} name their schema", format.name());
        topic.refuse(table.problems, expected, "none");
    }
}

fn registry(mut table: Table<'_>) -> RegistrySettings {
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
    table.finish();
    RegistrySettings {
        urls,
        user: user.value,
        password_file: password_file.map(|file| file.value),
        ca_file: ca_file.map(|file| file.value),
        timeout: timeout.value,
    }
}

/// Whether nobody else can read what is sent there.
fn is_protected(address: &Address) -> bool {
    let host = address.host_and_port();
    address.url().starts_with("https://")
        || ["127.0.0.1:", "[::1]:", "localhost:"].iter().any(|own| host.starts_with(own))
}
