//! The sections `[profiles]`, `[dimensions]` and `[criteria]`: the names that the configuration allows.

use super::bounds::{MAX_CRITERIA, MAX_DIMENSIONS, MAX_GROUPS, MAX_PROFILES, MAX_TEXT_BYTES};
use super::given::{Given, check_unique, values};
use super::key::shown;
use super::problem::Problems;
use super::schema::Criteria;
use super::table::Table;
use super::terms::{Dimension, Exposure, Profile, Reference};

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
        let exposure = table.choice("exposure", Exposure::Assessed, &exposures).value;
        let owner = table.line("owner", "", MAX_TEXT_BYTES).value;
        table.finish();
        Profile { name: name.to_owned(), title, exposure, owner }
    })
}

/// Reads the dimensions, sorted by name.
pub(super) fn dimensions(root: &mut Table<'_>, string_bytes: usize) -> Vec<Dimension> {
    root.each_table("dimensions", MAX_DIMENSIONS, |name, mut table| {
        if !is_name(name, string_bytes) || name == ALL {
            let expected = format!("{}, other than \"*\"", name_shape(string_bytes));
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
            // Where it is missing, that is among the problems.
            ground: ground.map(|ground| ground.value).unwrap_or_default(),
            groups: values(groups),
        }
    })
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
