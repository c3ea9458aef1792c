//! The sections `[profiles]`, `[dimensions]` and `[criteria]`: the names that the configuration allows.

use std::collections::BTreeMap;

use super::bounds::{
    MAX_ALIASES, MAX_CRITERIA, MAX_CROSSED, MAX_DIMENSIONS, MAX_GROUPS, MAX_HIGH_CLASSES, MAX_MISSING_VALUES,
    MAX_PROFILES, MAX_TEXT_BYTES,
};
use super::crossed::resolve_crossed;
use super::given::{Given, check_unique, values};
use super::key::{key_path, shown};
use super::open::OPEN;
use super::problem::Problems;
use super::schema::Criteria;
use super::table::Table;
use super::terms::{Dimension, Exposure, Profile, Reference, normalise, skeleton};
use super::tree::Value;

/// The word by which a rule names every profile, or every dimension.
pub(super) const ALL: &str = "*";

/// Reads the profiles, sorted by name.
pub(super) fn profiles(root: &mut Table<'_>, string_bytes: usize) -> Vec<Profile> {
    root.each_table("profiles", MAX_PROFILES, |name, mut table| {
        if !is_name(name, string_bytes) || name == ALL {
            let expected = format!("{}, other than \"*\"", name_shape(string_bytes));
            table.refuse(expected, shown(name));
        }
        let exposures = Exposure::ALL.map(|exposure| (exposure.name(), exposure));
        let title = table.line("title", name, MAX_TEXT_BYTES).value;
        let purpose = table.line("purpose", "", MAX_TEXT_BYTES).value;
        let exposure = table.choice("exposure", Exposure::Assessed, &exposures).value;
        let owner = table.line("owner", "", MAX_TEXT_BYTES).value;
        let classes = table.optional_texts("high_classes", 0..=MAX_HIGH_CLASSES);
        let high_classes = classes.map_or_else(Vec::new, |classes| {
            check_unique(&classes.value, table.problems);
            classes.value.iter().for_each(|class| check_name(class, string_bytes, table.problems));
            values(classes.value)
        });
        table.finish();
        Profile { name: name.to_owned(), title, purpose, exposure, owner, high_classes }
    })
}

/// Reads the dimensions, sorted by name.
pub(super) fn dimensions(root: &mut Table<'_>, string_bytes: usize) -> Vec<Dimension> {
    let mut crossed = Vec::new();
    let mut dimensions = root.each_table("dimensions", MAX_DIMENSIONS, |name, mut table| {
        if !is_name(name, string_bytes) || name == ALL {
            let expected = format!("{}, other than \"*\"", name_shape(string_bytes));
            table.refuse(expected, shown(name));
        }
        let is_crossed = table.has("crosses");
        let parts = table.optional_texts("crosses", 2..=MAX_CROSSED);
        // Where its parts were refused, it is no dimension that lacks a ground and groups all the same.
        if !is_crossed {
            return dimension(name, table, string_bytes);
        }
        if let Some(parts) = parts {
            check_unique(&parts.value, table.problems);
            crossed.push((name.to_owned(), parts));
        }
        let expected =
            "no such key beside crosses: an intersection has the grounds, the groups and the spellings of its parts";
        table.refuse_keys(&["ground", "groups", "missing_values", "aliases"], expected, "a value");
        table.finish();
        Dimension { name: name.to_owned(), ..Dimension::default() }
    });
    resolve_crossed(&mut dimensions, &crossed, root.problems);
    dimensions
}

/// Reads a dimension that events name.
fn dimension(name: &str, mut table: Table<'_>, string_bytes: usize) -> Dimension {
    let ground = table.required_text("ground");
    let groups = normalised(table.required_texts("groups", 1..=MAX_GROUPS));
    let mut missing_values =
        normalised(table.texts("missing_values", &Dimension::MISSING_VALUES, 0..=MAX_MISSING_VALUES));
    missing_values.iter_mut().for_each(|value| value.value = value.to_lowercase());
    let aliases = aliases(&mut table, &groups);
    if let Some(ground) = &ground {
        check_name(ground, string_bytes, table.problems);
        if ground.value == OPEN && !table.problems.note_open(format!("dimensions.{name}.ground")) {
            let expected = "the protected ground that the dimension stands for (race, nationality, sex, age, disability, religion ... or proxy): this is open";
            ground.refuse(table.problems, expected, shown(ground));
        }
    }
    check_unique(&groups, table.problems);
    for group in &groups {
        check_group(group, string_bytes, table.problems);
    }
    for name in aliases.iter().map(|(alias, _)| alias).chain(&missing_values) {
        check_name(name, string_bytes, table.problems);
    }
    check_unique(&missing_values, table.problems);
    check_spelling(&groups, &aliases, table.problems);
    check_missing_values((&missing_values, &groups), &aliases, table.problems);
    table.finish();
    Dimension {
        name: name.to_owned(),
        // Where it is missing, that is among the problems.
        ground: ground.map(|ground| ground.value).unwrap_or_default(),
        groups: values(groups),
        aliases: aliases.into_iter().map(|(alias, group)| (alias.value, group)).collect(),
        missing_values: values(missing_values),
        crosses: Vec::new(),
    }
}

/// Returns names in the form in which they are compared with those of events.
fn normalised(mut names: Vec<Given<String>>) -> Vec<Given<String>> {
    for name in &mut names {
        name.value = normalise(&name.value).into_owned();
    }
    names
}

/// Reads the other names of listed groups, each with its group.
fn aliases(table: &mut Table<'_>, groups: &[Given<String>]) -> Vec<(Given<String>, String)> {
    let section = table.path_of("aliases");
    // The key may be missing.
    let Some((place, entries)) = table.take_entries("aliases") else {
        return Vec::new();
    };
    if entries.len() > MAX_ALIASES {
        table.problems.add(&place, &section, format!("at most {MAX_ALIASES} names"), entries.len().to_string());
        return Vec::new();
    }
    let listed: BTreeMap<&str, &str> = groups.iter().map(|group| (group.as_str(), group.key.as_str())).collect();
    let mut aliases: Vec<(Given<String>, String)> = Vec::new();
    for (written, entry) in entries {
        let alias =
            Given { value: normalise(&written).into_owned(), key: key_path(&section, &written), place: entry.place };
        let group = match &entry.value {
            Value::Text(text) | Value::Untyped(text) => normalise(text).into_owned(),
            other => {
                alias.refuse(table.problems, "a group of the dimension", other.describe());
                continue;
            }
        };
        if !listed.contains_key(group.as_str()) {
            alias.refuse(table.problems, "a group of the dimension", shown(&group));
        } else if let Some(key) = listed.get(alias.as_str()) {
            let found = format!("{}, which {key} lists", shown(&alias));
            alias.refuse(table.problems, "a name that is no group itself", found);
        } else if let Some((earlier, _)) = aliases.iter().find(|(earlier, _)| earlier.value == alias.value) {
            let found = format!("{} again, first in {}", shown(&alias), earlier.key);
            alias.refuse(table.problems, "each name only once", found);
        } else {
            aliases.push((alias, group));
        }
    }
    aliases
}

/// Reports names of different groups that differ by case, accents or look-alike letters only: an event's value that
/// resembles both could be either.
fn check_spelling(groups: &[Given<String>], aliases: &[(Given<String>, String)], problems: &mut Problems) {
    let groups = groups.iter().map(|group| (group, group.as_str()));
    let aliases = aliases.iter().map(|(alias, group)| (alias, group.as_str()));
    let mut first: BTreeMap<String, (&Given<String>, &str)> = BTreeMap::new();
    for (name, group) in groups.chain(aliases) {
        match first.get(&skeleton(name)) {
            Some((earlier, of)) if *of != group => {
                let expected = "names that differ by more than case, accents or look-alike letters";
                let found = format!("{}, which resembles {} in {}", shown(name), shown(earlier), earlier.key);
                name.refuse(problems, expected, found);
            }
            Some(_) => {}
            None => {
                first.insert(skeleton(name), (name, group));
            }
        }
    }
}

/// A word that stands for no value and for a group as well would do one of them in silence. A listed group that is one of the default words is
/// a group.
fn check_missing_values(
    (missing_values, groups): (&[Given<String>], &[Given<String>]),
    aliases: &[(Given<String>, String)],
    problems: &mut Problems,
) {
    let is_missing = |name: &str| missing_values.iter().any(|value| value.value == name.to_lowercase());
    for (alias, _) in aliases.iter().filter(|(alias, _)| is_missing(alias)) {
        alias.refuse(problems, "a name that is none of missing_values", shown(alias));
    }
    for value in missing_values.iter().filter(|value| !Dimension::MISSING_VALUES.contains(&value.as_str())) {
        if groups.iter().any(|group| group.to_lowercase() == value.value) {
            value.refuse(problems, "a value that is no listed group", shown(value));
        }
    }
}

/// A group must not be called by a word of a rule's `reference`: the two could not be told apart.
fn check_group(group: &Given<String>, string_bytes: usize, problems: &mut Problems) {
    check_name(group, string_bytes, problems);
    if Reference::WORDS.iter().any(|word| word.name() == group.value) {
        let expected = "a name that is no word of a rule's reference (rest, lowest, random, overall)";
        group.refuse(problems, expected, shown(group));
    }
}

pub(super) fn criteria(mut table: Table<'_>, string_bytes: usize) -> Criteria {
    let lists = ["banned", "restricted", "proxies", "accepted"].map(|key| {
        let names = normalised(table.texts(key, &[], 0..=MAX_CRITERIA));
        for name in &names {
            check_name(name, string_bytes, table.problems);
        }
        names
    });
    check_criteria(lists.iter().flatten(), table.problems);
    let [banned, restricted, proxies, accepted] = lists.map(values);
    table.finish();
    Criteria { banned, restricted, proxies, accepted }
}

/// Reports a criterion that is on a list twice, or on two of them: it would have two standings. One that differs by its spelling only is the same: an
/// event that writes it in a third way could mean either.
fn check_criteria<'g>(names: impl Iterator<Item = &'g Given<String>>, problems: &mut Problems) {
    let mut first: BTreeMap<String, &Given<String>> = BTreeMap::new();
    for name in names {
        match first.get(&skeleton(name)) {
            Some(earlier) if earlier.value == name.value => {
                let found = format!("{} again, first in {}", shown(name), earlier.key);
                name.refuse(problems, "each criterion once, on one list", found);
            }
            Some(earlier) => {
                let expected = "names that differ by more than case, accents or look-alike letters";
                let found = format!("{}, which resembles {} in {}", shown(name), shown(earlier), earlier.key);
                name.refuse(problems, expected, found);
            }
            None => {
                first.insert(skeleton(name), name);
            }
        }
    }
}

/// Reports a name that no event can carry.
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
