//! Overrides from the environment: `PARITYWATCH__SECTION__KEY`, typed by the key they are for.

use std::collections::BTreeMap;

use super::key::shown;
use super::place::Place;
use super::problem::Problems;
use super::suggestion::suggestion;
use super::tree::{Entries, Entry, Value};

/// What the name of an override starts with, in upper or lower case.
pub const PREFIX: &str = "PARITYWATCH__";

/// Sections whose keys can be overridden.
const SECTIONS: [&str; 16] = [
    "kafka",
    "registry",
    "window",
    "privacy",
    "state",
    "audit",
    "history",
    "report",
    "limits",
    "server",
    "http_source",
    "alerting",
    "coverage",
    "profiles",
    "dimensions",
    "criteria",
];

/// Sections of named tables.
const NAMED: [&str; 2] = ["profiles", "dimensions"];

/// Returns one layer for each override, in the order of their names. `files` is what the files say together.
pub(super) fn layers(
    files: &Entries,
    environment: impl Iterator<Item = (String, String)>,
    problems: &mut Problems,
) -> Vec<Entries> {
    let mut layers = Vec::new();
    let mut seen = BTreeMap::new();
    for (name, text) in sorted_overrides(environment) {
        let place = Place::Variable(name.clone());
        let segments = segments(&name);
        let path = check_seen(&seen, &segments).and_then(|()| path(files, &segments));
        // Of names that differ in case alone, a problem names the first.
        seen.entry(segments).or_insert_with(|| (name, path.is_ok().then(|| text.clone())));
        match path {
            Ok(path) => layers.push(layer(path, &place, text)),
            Err((expected, found)) => problems.add(&place, "", expected, found),
        }
    }
    layers
}

/// What was expected of the variable's name, and what was found.
type Refusal = (String, String);

/// The names of the variables so far, by their segments, with the texts of those that were not refused.
type Seen = BTreeMap<Vec<String>, (String, Option<String>)>;

/// Refuses a variable that another one contradicts: one for the same value, or one that has put a text where this one needs
/// a table.
fn check_seen(seen: &Seen, segments: &[String]) -> Result<(), Refusal> {
    if let Some((earlier, _)) = seen.get(segments) {
        let expected = "names of variables that differ in more than upper and lower case";
        return Err((expected.to_owned(), format!("also {}", shown(earlier))));
    }
    let mut outer = segments;
    while let [before @ .., _] = outer {
        if let (Some((_, Some(_))), Some(table)) = (seen.get(before), before.last()) {
            // Its text may be a secret.
            return Err((format!("{} to be a table", shown(table)), "a string".to_owned()));
        }
        outer = before;
    }
    Ok(())
}

fn sorted_overrides(environment: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let starts = |name: &str| name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    environment.filter(|(name, _)| starts(name)).collect()
}

/// Returns the parts after the prefix, in lower case.
fn segments(name: &str) -> Vec<String> {
    // Every name here starts with the prefix.
    let path = name.get(PREFIX.len()..).unwrap_or_default();
    path.split("__").map(str::to_lowercase).collect()
}

/// Returns a tree with nothing but this value at this path.
fn layer(path: Vec<String>, place: &Place, text: String) -> Entries {
    let nest =
        |inner: Value, key: String| Value::Table(Entries::from([(key, Entry { place: place.clone(), value: inner })]));
    match path.into_iter().rev().fold(Value::Untyped(text), nest) {
        Value::Table(tree) => tree,
        // A path has a section and a key at least, so that this is always a table.
        _ => Entries::new(),
    }
}

/// Returns the keys from the section to the value.
fn path(files: &Entries, segments: &[String]) -> Result<Vec<String>, Refusal> {
    let [section, rest @ ..] = segments else {
        return Err(shape("no section".to_owned()));
    };
    check_section(section)?;
    let entries = table(files, section)?;
    let named = NAMED.contains(&section.as_str());
    let rest = match rest {
        [name, key] if named => vec![existing_table(entries, section, name)?, key.clone()],
        [key] if !named => vec![key.clone()],
        [properties, name] if section == "kafka" && properties == "properties" => {
            let known = entries.map(|entries| table(entries, properties)).transpose()?.flatten();
            vec![properties.clone(), property_name(known, name)]
        }
        _ if named => {
            let expected = format!("{PREFIX}{}__NAME__KEY", section.to_uppercase());
            return Err((expected, format!("{} parts", segments.len())));
        }
        _ => return Err(shape(format!("{} parts", segments.len()))),
    };
    Ok([vec![section.clone()], rest].concat())
}

fn shape(found: String) -> Refusal {
    (format!("{PREFIX}SECTION__KEY"), found)
}

fn check_section(section: &str) -> Result<(), Refusal> {
    if section == "rules" {
        let expected = "a section other than rules, which only files can change";
        return Err((expected.to_owned(), shown(section)));
    }
    if SECTIONS.contains(&section) {
        return Ok(());
    }
    let near = suggestion(section, SECTIONS);
    let known = format!("a section of the configuration: {}", SECTIONS.join(", "));
    Err((format!("{known}{near}"), shown(section)))
}

/// Returns the table of this name, where the files have one.
fn table<'t>(entries: &'t Entries, name: &str) -> Result<Option<&'t Entries>, Refusal> {
    match entries.get(name).map(|entry| &entry.value) {
        None => Ok(None),
        Some(Value::Table(table)) => Ok(Some(table)),
        // It may be a secret: what a table of secrets should hold.
        Some(other) => Err((format!("{} to be a table", shown(name)), other.describe_no_table())),
    }
}

/// Returns the name of the table as the files have it: a misspelt name must not add one to an allow-list.
fn existing_table(section_entries: Option<&Entries>, section: &str, name: &str) -> Result<String, Refusal> {
    let names = || section_entries.into_iter().flat_map(Entries::keys);
    let mut alike = names().filter(|known| known.to_lowercase() == name);
    let (Some(known), None) = (alike.next(), alike.next()) else {
        let near = suggestion(name, names().map(String::as_str));
        let expected = format!("the name of exactly one table of [{section}] in the files{near}");
        return Err((expected, shown(name)));
    };
    match section_entries.and_then(|entries| entries.get(known)).map(|entry| &entry.value) {
        Some(Value::Table(_)) => Ok(known.clone()),
        _ => Err((format!("{section}.{known} to be a table"), "another value".to_owned())),
    }
}

/// Kafka's names hold dots, which names of variables cannot: `SSL_CA_LOCATION` is `ssl.ca.location`.
fn property_name(properties: Option<&Entries>, name: &str) -> String {
    let dotted = |name: &str| name.to_lowercase().replace('_', ".");
    let wanted = dotted(name);
    let known = properties.into_iter().flat_map(Entries::keys).find(|known| dotted(known) == wanted);
    known.cloned().unwrap_or(wanted)
}
