//! Overrides from the environment: `PARITYWATCH__SECTION__KEY`, typed by the key they are for.

use std::collections::BTreeMap;

use super::problem::{Place, Problems, shown, suggestion};
use super::raw::{Entries, Entry, Value};

/// What the name of an override starts with, in upper or lower case.
pub const PREFIX: &str = "PARITYWATCH__";

/// Sections whose keys can be overridden.
const SECTIONS: [&str; 10] =
    ["kafka", "window", "privacy", "state", "limits", "server", "alerting", "profiles", "dimensions", "criteria"];

/// Sections of named tables.
const NAMED: [&str; 2] = ["profiles", "dimensions"];

/// Puts the overrides into the tree, in the order of their names.
pub(super) fn apply(tree: &mut Entries, environment: impl Iterator<Item = (String, String)>, problems: &mut Problems) {
    let mut seen: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for (name, value) in sorted_overrides(environment) {
        let place = Place::Variable(name.clone());
        let segments = segments(&name);
        if let Some(earlier) = seen.get(&segments) {
            let expected = "names of variables that differ in more than upper and lower case";
            problems.add(&place, "", expected, format!("also {}", shown(earlier)));
            continue;
        }
        seen.insert(segments.clone(), name);
        if let Err((expected, found)) = override_value(tree, &segments, &place, value) {
            problems.add(&place, "", expected, found);
        }
    }
}

fn sorted_overrides(environment: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let starts = |name: &str| name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    environment.filter(|(name, _)| starts(name)).collect()
}

/// The parts after the prefix, in lower case.
fn segments(name: &str) -> Vec<String> {
    let path = name.get(PREFIX.len()..).unwrap_or_default();
    path.split("__").map(str::to_lowercase).collect()
}

/// What was expected of the variable's name, and what was found.
type Refusal = (String, String);

fn override_value(tree: &mut Entries, segments: &[String], place: &Place, value: String) -> Result<(), Refusal> {
    let [section, rest @ ..] = segments else {
        return Err(shape("no section".to_owned()));
    };
    check_section(section)?;
    let entries = table(tree, section, place)?;
    let named = NAMED.contains(&section.as_str());
    let (entries, key) = match rest {
        [name, key] if named => (existing_table(entries, section, name)?, key.clone()),
        [key] if !named => (entries, key.clone()),
        [properties, name] if section == "kafka" && properties == "properties" => {
            let properties = table(entries, properties, place)?;
            let name = property_name(properties, name);
            (properties, name)
        }
        _ if named => {
            let expected = format!("{PREFIX}{}__NAME__KEY", section.to_uppercase());
            return Err((expected, format!("{} parts", segments.len())));
        }
        _ => return Err(shape(format!("{} parts", segments.len()))),
    };
    entries.insert(key, Entry { key_place: place.clone(), place: place.clone(), value: Value::Untyped(value) });
    Ok(())
}

fn shape(found: String) -> Refusal {
    (format!("{PREFIX}SECTION__KEY"), found)
}

fn check_section(section: &str) -> Result<(), Refusal> {
    if section == "rules" {
        let expected = "a section of the configuration; rules are changed in the file alone";
        return Err((expected.to_owned(), shown(section)));
    }
    if SECTIONS.contains(&section) {
        return Ok(());
    }
    let near = suggestion(section, SECTIONS);
    let known = format!("a section of the configuration: {}", SECTIONS.join(", "));
    Err((format!("{known}{near}"), shown(section)))
}

/// The table of this name, made where there is none.
fn table<'t>(entries: &'t mut Entries, name: &str, place: &Place) -> Result<&'t mut Entries, Refusal> {
    let entry = entries.entry(name.to_owned()).or_insert_with(|| Entry {
        key_place: place.clone(),
        place: place.clone(),
        value: Value::Table(Entries::new()),
    });
    match &mut entry.value {
        Value::Table(table) => Ok(table),
        other => Err((format!("{} to be a table", shown(name)), other.describe())),
    }
}

/// The named table the file has; a misspelt name must not add one to an allow-list.
fn existing_table<'t>(entries: &'t mut Entries, section: &str, name: &str) -> Result<&'t mut Entries, Refusal> {
    let names: Vec<String> = entries.keys().cloned().collect();
    let near = suggestion(name, names.iter().map(String::as_str));
    let mut alike = names.iter().filter(|known| known.to_lowercase() == name);
    let (Some(known), None) = (alike.next(), alike.next()) else {
        let expected = format!("the name of exactly one table of [{section}] in the file{near}");
        return Err((expected, shown(name)));
    };
    match entries.get_mut(known).map(|entry| &mut entry.value) {
        Some(Value::Table(table)) => Ok(table),
        _ => Err((format!("{section}.{known} to be a table"), "none".to_owned())),
    }
}

/// Kafka's names hold dots, which names of variables cannot: `SSL_CA_LOCATION` is `ssl.ca.location`.
fn property_name(properties: &Entries, name: &str) -> String {
    let dotted = |name: &str| name.to_lowercase().replace('_', ".");
    let wanted = dotted(name);
    let known = properties.keys().find(|known| dotted(known) == wanted);
    known.cloned().unwrap_or(wanted)
}
