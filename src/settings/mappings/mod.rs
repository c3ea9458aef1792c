//! The list `[[mappings]]`: events made from documents of another shape.

mod condition;
mod expression;
mod field;
mod print;
mod shared;

use super::bounds::{MAX_MAPPINGS, MAX_TOPICS};
use super::formats::Written;
use super::given::{Given, check_unique, values};
use super::key::shown;
use super::place::Place;
use super::problem::Problems;
use super::suggestion::suggestion;
use super::table::Table;
use super::terms::{Deletes, Envelope, Format, Kind, Mapping};
use super::tree::Entries;
use condition::conditions;
use expression::expression;
use field::fields;
pub(super) use shared::Known;
use shared::{MAX_PATH_BYTES, path_of};

const MAX_NAME_BYTES: usize = 64;
/// The keys that say which events a mapping gives. One without any of them says only how topics and files are written: they hold events of the contract.
const OF_EVENTS: [&str; 7] = ["envelope", "deletes", "each", "type", "when", "fields", "jq"];

/// Reads the mappings in the order of the files, and how each says that its topics and files are written. One with a problem may be left out.
pub(super) fn mappings(root: &mut Table<'_>, known: &Known<'_>) -> (Vec<Mapping>, Vec<Written>) {
    let tables = root.take_list_of_tables("mappings", MAX_MAPPINGS);
    let (mut names, mut mappings, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for (path, place, entries) in tables {
        mappings.extend(mapping((&path, place, entries), (&mut names, &mut written), known, root.problems));
    }
    check_unique(&names, root.problems);
    (mappings, written)
}

fn mapping(
    (path, place, entries): (&str, Place, Entries),
    (names, written): (&mut Vec<Given<String>>, &mut Vec<Written>),
    known: &Known<'_>,
    problems: &mut Problems,
) -> Option<Mapping> {
    let mut table = Table::new(path, place, entries, problems);
    let name = name(&mut table);
    names.extend(name.clone());
    let topics = topics(&mut table, known);
    let files = files(&mut table);
    if topics.is_empty() && files.is_empty() && !table.problems.has(&table.path_of("topics")) {
        table.refuse("topics, or files: what it reads", "neither");
    }
    let formats: Vec<_> = Format::ALL.iter().map(|format| (format.name(), *format)).collect();
    let format = table.choice("format", Format::Json, &formats).value;
    let name = name.map(|name| name.value).unwrap_or_default();
    written.push(Written { name: name.clone(), topics: topics.clone(), files: files.clone(), format });
    if !OF_EVENTS.iter().any(|key| table.has(key)) {
        table.finish();
        return None;
    }
    // First, as it refuses keys that are read below.
    let jq = expression(&mut table);
    let envelopes: Vec<_> = Envelope::ALL.iter().map(|envelope| (envelope.name(), *envelope)).collect();
    let envelope = table.choice("envelope", Envelope::None, &envelopes).value;
    let deletes: Vec<_> = Deletes::ALL.iter().map(|deletes| (deletes.name(), *deletes)).collect();
    let deletes = table.choice("deletes", Deletes::Ignore, &deletes);
    let each = table.optional_text("each").and_then(|text| path_of(&text, table.problems));
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| (kind.name(), *kind)).collect();
    let kind = table.required_choice("type", &kinds, &[]).map(|kind| kind.value);
    let when = conditions(&mut table);
    let (fields, is_complete) = match kind {
        Some(_) if jq.is_some() => (Vec::new(), false),
        Some(kind) => fields(&mut table, kind, known),
        // Without a type nobody knows which fields there are.
        None => {
            table.take_entries("fields");
            (Vec::new(), true)
        }
    };
    let mapping = Mapping {
        name,
        topics: values(topics),
        files: values(files),
        format,
        envelope,
        deletes: deletes.value,
        each,
        when,
        kind: kind?,
        jq: jq.flatten(),
        fields,
    };
    if is_complete {
        check(&mapping, &deletes, &mut table);
    }
    table.finish();
    Some(mapping)
}

fn name(table: &mut Table<'_>) -> Option<Given<String>> {
    let name = table.required_text("name")?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !(1..=MAX_NAME_BYTES).contains(&name.len()) || !name.bytes().all(allowed) {
        let expected = format!("1 to {MAX_NAME_BYTES} letters, digits, dots, underscores or hyphens");
        name.refuse(table.problems, expected, shown(&name));
    }
    Some(name)
}

fn topics(table: &mut Table<'_>, known: &Known<'_>) -> Vec<Given<String>> {
    let topics = table.texts("topics", &[], 0..=MAX_TOPICS);
    check_unique(&topics, table.problems);
    let Some(read) = known.topics else { return topics };
    for topic in &topics {
        if !read.contains(topic) {
            let near = suggestion(topic, read.iter().map(String::as_str));
            topic.refuse(table.problems, format!("one of kafka.topics{near}"), shown(topic));
        }
    }
    topics
}

fn files(table: &mut Table<'_>) -> Vec<Given<String>> {
    let files = table.texts("files", &[], 0..=MAX_TOPICS);
    for file in &files {
        if file.is_empty() || file.len() > MAX_PATH_BYTES || file.contains('/') {
            let expected = "a pattern of names of files, such as \"*.json\", without their folder";
            file.refuse(table.problems, expected, shown(file));
        }
    }
    files
}

/// Checks what must hold between keys.
fn check(mapping: &Mapping, deletes: &Given<Deletes>, table: &mut Table<'_>) {
    let follows = mapping.follows_rows();
    if follows && !matches!(mapping.kind, Kind::Selection | Kind::Control | Kind::Outcome | Kind::Attributes) {
        let expected =
            "a field id: events of this type are about no case, so nothing else says which of them are the same";
        table.refuse(expected, "changes of rows (envelope = \"debezium\") without one");
    }
    if follows && mapping.each.is_some() {
        table.refuse("a field id where each element of a row is an event", "changes of rows without one");
    }
    let expected = match (deletes.value, mapping.envelope) {
        (Deletes::Ignore, _) => return,
        (_, Envelope::None | Envelope::Connect) => {
            "\"ignore\": only envelope = \"debezium\" tells of rows that were deleted"
        }
        (Deletes::Correct, _) if mapping.kind != Kind::Outcome || !follows => {
            "\"ignore\" or \"refuse\": only an outcome can be taken back, by a mapping without a field id"
        }
        _ => return,
    };
    deletes.refuse(table.problems, expected, shown(deletes.value.name()));
}
