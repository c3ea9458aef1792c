//! Where the fields of the contract come from: the table `fields`.

use super::super::bounds::MAX_ALIASES;
use super::super::given::Given;
use super::super::key::{key_path, shown};
use super::super::place::Place;
use super::super::problem::Problems;
use super::super::suggestion::suggestion;
use super::super::table::Table;
use super::super::terms::{
    Constant, Field, Kind, MAX_MAPPED_FIELDS, Origin, Path, Shape, Target, TimeFormat, TimeRule, TimeZone,
    required_fields, target_named, target_names,
};
use super::super::tree::{Entries, Entry, Value};
use super::shared::{Known, MAX_PATH_BYTES, constant, path_of};

/// Objects of the contract whose fields may be written as a table: `groups = { origin = "/origin" }`.
const OBJECTS: [&str; 4] = ["groups", "strata", "counts", "sanction"];

/// Longest text before others, in bytes.
const MAX_PREFIX_BYTES: usize = 64;

/// Reads the fields. Returns whether all of them could be read.
pub(super) fn fields(table: &mut Table<'_>, kind: Kind, known: &Known<'_>) -> (Vec<Field>, bool) {
    let section = table.path_of("fields");
    let Some((place, entries)) = table.take_entries("fields") else {
        if !table.problems.has(&section) {
            table.refuse("a table fields", "none");
        }
        return (Vec::new(), false);
    };
    let mut reader = Reader { kind, known, problems: table.problems, fields: Vec::new(), is_complete: true };
    for (name, entry) in entries {
        reader.read(&section, &name, entry);
    }
    let Reader { fields, mut is_complete, .. } = reader;
    if fields.len() > MAX_MAPPED_FIELDS {
        table.problems.add(&place, &section, format!("at most {MAX_MAPPED_FIELDS} fields"), fields.len().to_string());
    }
    let has = |name: &str| fields.iter().any(|field| field.target.split('.').next() == Some(name));
    for missing in required_fields(kind).iter().filter(|name| is_complete && !has(name)) {
        let expected = format!("a field {missing}: no {} is without one", kind.name());
        table.problems.add(&place, &section, expected, "none");
    }
    for object in OBJECTS.iter().filter(|object| fields.iter().any(|field| field.target == **object)) {
        if let Some(entry) =
            fields.iter().find(|field| field.target.strip_prefix(object).is_some_and(|rest| rest.starts_with('.')))
        {
            let expected = format!("{object} as a whole, or its entries");
            table.problems.add(&place, &section, expected, format!("both {object} and {}", entry.target));
            is_complete = false;
        }
    }
    (fields, is_complete)
}

struct Reader<'r, 'k> {
    kind: Kind,
    known: &'r Known<'k>,
    problems: &'r mut Problems,
    fields: Vec<Field>,
    is_complete: bool,
}

impl Reader<'_, '_> {
    fn read(&mut self, section: &str, name: &str, entry: Entry) {
        let key = key_path(section, name);
        let Some(target) = target_named(self.kind, name) else {
            let near = suggestion(name, target_names(self.kind));
            let expected = format!("a field of a {}{near}", self.kind.name());
            self.problems.add(&entry.place, &key, expected, "an unknown field");
            self.is_complete = false;
            return;
        };
        if let Value::Table(entries) = entry.value {
            let is_source = ["path", "paths", "value"].iter().any(|word| entries.contains_key(*word));
            if OBJECTS.contains(&name) && !is_source {
                for (inner, entry) in entries {
                    self.read(section, &format!("{name}.{inner}"), entry);
                }
                return;
            }
            self.read_field((&key, name), target, (entry.place, entries));
            return;
        }
        let mut entries = Entries::new();
        entries.insert("path".to_owned(), entry.clone());
        self.read_field((&key, name), target, (entry.place, entries));
    }

    fn read_field(&mut self, (key, name): (&str, &str), target: Target, (place, entries): (Place, Entries)) {
        self.check_name(key, name, target, &place);
        let mut table = Table::new(key, place.clone(), entries, self.problems);
        let from = origin(&mut table, target);
        let values = values(&mut table, target);
        let other = table.take_value("other").and_then(|entry| checked(entry, target, table.problems));
        let default = table.take_value("default").and_then(|entry| checked(entry, target, table.problems));
        if other.is_some() && values.is_empty() {
            table.refuse("values beside other: what stands for all others", "none");
        }
        let prefix = prefix(&mut table, target, (from.as_ref(), values.is_empty()));
        let time = if target.shape == Shape::Time { time(&mut table) } else { None };
        table.finish();
        let Some(from) = from else {
            self.is_complete = false;
            return;
        };
        let strip = |(text, given): (String, Given<Constant>)| (text, given.value);
        if name == "profile" {
            self.check_profiles(key, &place, (&from, &values, other.as_ref(), default.as_ref()));
        }
        self.fields.push(Field {
            target: name.to_owned(),
            from,
            values: values.into_iter().map(strip).collect(),
            other: other.map(|given| given.value),
            default: default.map(|given| given.value),
            prefix,
            time,
        });
    }

    /// A dimension that the configuration does not have is in no comparison.
    fn check_name(&mut self, key: &str, name: &str, target: Target, place: &Place) {
        let Some(dimension) = name.strip_prefix("groups.").filter(|_| target.name == "groups") else { return };
        let names =
            || self.known.dimensions.iter().filter(|known| !known.is_crossed()).map(|known| known.name.as_str());
        if !names().any(|known| known == dimension) {
            let near = suggestion(dimension, names());
            self.problems.add(place, key, format!("a dimension of [dimensions]{near}"), shown(dimension));
        }
    }

    fn check_profiles(&mut self, key: &str, place: &Place, (from, values, other, default): Profiles<'_>) {
        let known = self.known.profiles;
        let of_origin = match from {
            Origin::Constant(constant) => Some((key, place, constant)),
            _ => None,
        };
        let given = values.iter().map(|(_, given)| given).chain(other).chain(default);
        let given = given.map(|given| (given.key.as_str(), &given.place, &given.value));
        for (key, place, constant) in of_origin.into_iter().chain(given) {
            let name = constant.text();
            if !known.iter().any(|profile| profile.name == name) {
                let near = suggestion(&name, known.iter().map(|profile| profile.name.as_str()));
                self.problems.add(place, key, format!("a profile of [profiles]{near}"), shown(&name));
            }
        }
    }
}

/// Where names of profiles may stand.
type Profiles<'p> =
    (&'p Origin, &'p [(String, Given<Constant>)], Option<&'p Given<Constant>>, Option<&'p Given<Constant>>);

fn origin(table: &mut Table<'_>, target: Target) -> Option<Origin> {
    let path = table.optional_text("path");
    let paths = table.optional_texts("paths", 1..=8);
    let value = table.take_value("value");
    let join = table.optional_text("join");
    if let Some(join) = join.as_ref().filter(|_| paths.is_none()) {
        join.refuse(table.problems, "paths beside join", "none");
    }
    let count = usize::from(path.is_some()) + usize::from(paths.is_some()) + usize::from(value.is_some());
    if count != 1 {
        if !["path", "paths"].iter().any(|word| table.problems.has(&table.path_of(word))) {
            table.refuse("one of path, paths and value", if count == 0 { "none" } else { "several" });
        }
        return None;
    }
    if let Some(value) = value {
        return checked(value, target, table.problems).map(|given| Origin::Constant(given.value));
    }
    if let Some(path) = path {
        return path_of(&path, table.problems).map(Origin::Path);
    }
    let paths = paths?;
    let of_list: Vec<Option<Path>> = paths.value.iter().map(|path| path_of(path, table.problems)).collect();
    if !matches!(target.shape, Shape::Text | Shape::Membership) {
        paths.refuse(table.problems, "a path: only texts are joined", "paths");
    }
    let fits = join.as_ref().filter(|join| {
        !join.is_empty() && join.len() <= 16 && !join.contains(['"', '\\']) && !join.contains(char::is_control)
    });
    if fits.is_none() {
        let expected =
            "a text of 1 to 16 bytes that joins them, such as \"-\": without one two cases might have one name";
        table.refuse(format!("join: {expected}"), join.as_ref().map_or("none".to_owned(), |join| shown(join)));
    }
    let join = fits?.value.clone();
    of_list.into_iter().collect::<Option<Vec<_>>>().map(|paths| Origin::Joined(paths, join))
}

/// Reads what stands before a text.
fn prefix(table: &mut Table<'_>, target: Target, (from, is_as_read): (Option<&Origin>, bool)) -> Option<String> {
    let prefix = table.optional_text("prefix")?;
    let is_read = is_as_read && !matches!(from, Some(Origin::Constant(_)));
    if target.shape != Shape::Text || !is_read {
        prefix.refuse(table.problems, "a field of text that is taken from path or paths as it is", "another one");
    }
    let fits = (1..=MAX_PREFIX_BYTES).contains(&prefix.len()) && !prefix.contains(char::is_control);
    if !fits {
        let expected = format!("1 to {MAX_PREFIX_BYTES} bytes without control characters");
        prefix.refuse(table.problems, expected, shown(&prefix));
    }
    Some(prefix.value)
}

/// Reads what stands for which value.
fn values(table: &mut Table<'_>, target: Target) -> Vec<(String, Given<Constant>)> {
    let key = table.path_of("values");
    let Some((place, entries)) = table.take_entries("values") else { return Vec::new() };
    if matches!(target.shape, Shape::Whole | Shape::Time) {
        table.problems.add(&place, &key, "no values: the field takes none that stand for others", "values");
        return Vec::new();
    }
    if entries.is_empty() || entries.len() > MAX_ALIASES {
        table.problems.add(&place, &key, format!("1 to {MAX_ALIASES} values"), entries.len().to_string());
    }
    let mut values = Vec::with_capacity(entries.len());
    for (text, Entry { place, value }) in entries {
        if text.is_empty() {
            let expected = "a text with a character: one without is not there, and has the default";
            table.problems.add(&place, &key, expected, "an empty text");
        }
        let entry = (key_path(&key, &text), Entry { place, value });
        values.extend(checked(entry, target, table.problems).map(|given| (text, given)));
    }
    values
}

/// Reads a constant that a field takes.
fn checked((key, entry): (String, Entry), target: Target, problems: &mut Problems) -> Option<Given<Constant>> {
    let found = constant(&entry.value);
    let fits = match (target.shape, &found) {
        (Shape::Text | Shape::Membership, Some(Constant::Text(text))) => {
            !text.is_empty() && text.len() <= MAX_PATH_BYTES
        }
        (Shape::Text | Shape::Membership, Some(Constant::Integer(_))) | (Shape::Flag, Some(Constant::Boolean(_))) => {
            true
        }
        (Shape::Number, Some(Constant::Integer(_) | Constant::Number(_))) => true,
        (Shape::Word(words), Some(Constant::Text(text))) => words.contains(&text.as_str()),
        (Shape::Time, Some(Constant::Text(text))) => text.parse::<jiff::Timestamp>().is_ok(),
        _ => false,
    };
    if !fits {
        let expected = match target.shape {
            Shape::Text | Shape::Membership => "a text that is not empty, or an integer".to_owned(),
            Shape::Flag => "true or false".to_owned(),
            Shape::Number => "a number".to_owned(),
            Shape::Word(words) => format!("one of {}", words.join(", ")),
            Shape::Time => "a time by RFC 3339".to_owned(),
            Shape::Whole => "a path: no constant is a list or an object".to_owned(),
        };
        problems.add(&entry.place, &key, expected, entry.value.describe());
        return None;
    }
    Some(Given { value: found?, key, place: entry.place })
}

fn time(table: &mut Table<'_>) -> Option<TimeRule> {
    let format = table.text("format", "rfc3339");
    let zone = table.optional_text("zone");
    let word = TimeFormat::WORDS.into_iter().find(|(word, _)| *word == format.value).map(|(_, format)| format);
    let pattern =
        (format.contains('%') && format.len() <= MAX_PATH_BYTES).then(|| TimeFormat::Pattern(format.value.clone()));
    let Some(of_text) = word.or(pattern) else {
        let words: Vec<&str> = TimeFormat::WORDS.iter().map(|(word, _)| *word).collect();
        let near = suggestion(&format, words.iter().copied());
        let expected = format!("one of {}, or a pattern such as \"%d-%m-%Y %H:%M:%S\"{near}", words.join(", "));
        format.refuse(table.problems, expected, shown(&format));
        return None;
    };
    let known = zone.as_ref().map(|zone| (zone, TimeZone::get(zone)));
    if let Some((zone, Err(_))) = &known {
        zone.refuse(table.problems, "a zone of the tz database, such as \"Europe/Amsterdam\"", shown(zone));
        return None;
    }
    let zone_name = zone.as_ref().map(|zone| zone.value.clone()).unwrap_or_default();
    let rule = TimeRule { format: of_text, zone: known.and_then(|(_, zone)| zone.ok()), zone_name };
    if rule.needs_zone() && rule.zone.is_none() {
        table.refuse("a zone: these times say none", "no zone");
    } else if rule.format == TimeFormat::Rfc3339 && rule.zone.is_some() {
        table.refuse("no zone: times by RFC 3339 have an offset", "a zone");
    } else if !rule.can_be_read() {
        format.refuse(table.problems, "a pattern of strftime that says a date", shown(&format));
    }
    Some(rule)
}
