//! What rules of all kinds may be about: profiles, channels, dimensions, windows.

use super::allow_lists::ALL;
use super::bounds::{MAX_DIMENSIONS, MAX_PROFILES, MAX_ROLLING};
use super::duration::{format_duration, parse_duration};
use super::given::{Given, alternatives, check_unique, choose};
use super::key::shown;
use super::problem::Problems;
use super::schema::Criteria;
use super::suggestion::suggestion;
use super::table::Table;
use super::terms::{Channel, Dimension, DimensionId, Profile, ProfileId, Span, WindowLength};

/// What the other sections say that rules depend on.
pub(super) struct Surroundings<'s> {
    pub profiles: &'s [Profile],
    pub dimensions: &'s [Dimension],
    /// Shortest first.
    pub rolling: &'s [WindowLength],
    pub cohort_max_age: Span,
    pub string_bytes: usize,
    /// How long counts are kept.
    pub history: Span,
    /// What a rule without a share of its own has.
    pub max_missing: f64,
    pub criteria: &'s Criteria,
}

/// Returns the profiles, ascending.
pub(super) fn profiles(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> Vec<ProfileId> {
    let written = table.texts("profiles", &[ALL], 1..=MAX_PROFILES);
    let names: Vec<&str> = surroundings.profiles.iter().map(|profile| profile.name.as_str()).collect();
    let indexes = resolve(&written, &names, "profiles", table.problems);
    indexes.into_iter().map(ProfileId).collect()
}

/// Returns the dimensions that the rule names, ascending; none where it names none.
pub(super) fn named_dimensions(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> Vec<DimensionId> {
    let written = table.optional_texts("dimensions", 1..=MAX_DIMENSIONS).map(|names| names.value).unwrap_or_default();
    let names: Vec<&str> = surroundings.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    if written.is_empty() {
        return Vec::new();
    }
    resolve(&written, &names, "dimensions", table.problems).into_iter().map(DimensionId).collect()
}

/// Returns the dimensions, ascending.
pub(super) fn dimensions(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> Vec<DimensionId> {
    let written = table.texts("dimensions", &[ALL], 1..=MAX_DIMENSIONS);
    let names: Vec<&str> = surroundings.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    let indexes = resolve(&written, &names, "dimensions", table.problems);
    indexes.into_iter().map(DimensionId).collect()
}

/// Returns the indexes that the written names have in `names`, ascending.
fn resolve(written: &[Given<String>], names: &[&str], section: &str, problems: &mut Problems) -> Vec<u16> {
    check_unique(written, problems);
    // There are at most 1,000 names (MAX_PROFILES, MAX_DIMENSIONS), so that every one gets an index.
    let indexed = || (0..u16::MAX).zip(names.iter().copied());
    if let [only] = written
        && only.value == ALL
    {
        if names.is_empty() {
            let expected = format!("at least one table [{section}.NAME] for the rule to apply to");
            only.refuse(problems, expected, "none");
        }
        return indexed().map(|(index, _)| index).collect();
    }
    let mut indexes = Vec::with_capacity(written.len());
    for name in written {
        match indexed().find(|(_, known)| *known == name.value) {
            Some((index, _)) => indexes.push(index),
            None if name.value == ALL => name.refuse(problems, "\"*\" without other names", "it beside other names"),
            None => {
                let near = suggestion(name, names.iter().copied());
                let expected = format!("\"*\" or the name of a table of [{section}]{near}");
                name.refuse(problems, expected, shown(name));
            }
        }
    }
    indexes.sort_unstable();
    indexes
}

pub(super) fn channels(table: &mut Table<'_>) -> Vec<Channel> {
    named_channels(table).unwrap_or_else(|| vec![Channel::Profile])
}

/// Returns the channels that a rule names; `None` where it names none.
pub(super) fn named_channels(table: &mut Table<'_>) -> Option<Vec<Channel>> {
    let choices = Channel::ALL.map(|channel| (channel.name(), channel));
    let written = table.optional_texts("channels", 1..=Channel::ALL.len())?.value;
    check_unique(&written, table.problems);
    let channels = written.iter().filter_map(|word| choose(word, &choices, &[], table.problems));
    Some(channels.map(|channel| channel.value).collect())
}

/// Returns the windows, shortest first. Where the rule counts `sealed` cohorts alone, each is longer than they can wait.
pub(super) fn windows(table: &mut Table<'_>, sealed: bool, surroundings: &Surroundings<'_>) -> Vec<WindowLength> {
    let long_enough = |window: &WindowLength| !sealed || window.length > surroundings.cohort_max_age;
    // A rule that names no windows has all that suit its indicator.
    let Some(written) = table.optional_texts("windows", 1..=MAX_ROLLING) else {
        let windows: Vec<_> = surroundings.rolling.iter().filter(|window| long_enough(window)).cloned().collect();
        if windows.is_empty() && !surroundings.rolling.is_empty() {
            table.refuse(sealed_shape(surroundings), "none in window.rolling");
        }
        return windows;
    };
    let mut windows: Vec<WindowLength> = Vec::with_capacity(written.len());
    for label in &written.value {
        let length = parse_duration(label);
        let known = surroundings.rolling.iter().find(|window| Some(window.length) == length);
        match known {
            None => {
                let labels = surroundings.rolling.iter().map(|window| window.label.as_str());
                let expected = format!("a window of window.rolling: {}", alternatives(labels));
                label.refuse(table.problems, expected, shown(label));
            }
            Some(window) if !long_enough(window) => {
                label.refuse(table.problems, sealed_shape(surroundings), shown(label));
            }
            Some(window) if windows.contains(window) => {
                label.refuse(table.problems, "each window only once", shown(label));
            }
            Some(window) => windows.push(window.clone()),
        }
    }
    windows.sort();
    windows
}

fn sealed_shape(surroundings: &Surroundings<'_>) -> String {
    let age = format_duration(surroundings.cohort_max_age);
    format!("a window longer than window.cohort_max_age ({age}), because only sealed cohorts count")
}

/// Reads a share from 0 to 1.
pub(super) fn share(table: &mut Table<'_>, key: &'static str, default: f64) -> f64 {
    table.number(key, default, "a number from 0 to 1", |share| (0.0..=1.0).contains(&share))
}
