//! The list `[[rules]]`: the keys of every kind, and what must hold between rules.

use std::collections::BTreeMap;

use super::allow_lists::ALL;
use super::bounds::{MAX_DIMENSIONS, MAX_PROFILES, MAX_ROLLING, MAX_RULES, MAX_TEXT_BYTES};
use super::duration::{MAX_DURATION_DAYS, format_duration, parse_duration};
use super::given::{Given, alternatives, check_unique, choose};
use super::key::shown;
use super::kinds::{
    Kind, Names, ReadKind, automation, benchmark, coverage, criterion, disparity, drift, resolve_served,
    resolve_watched, silence, suitability,
};
use super::place::Place;
use super::problem::Problems;
use super::schema::Criteria;
use super::suggestion::suggestion;
use super::table::Table;
use super::terms::{Channel, Confidence, Dimension, DimensionId, Profile, ProfileId, Rule, Span, WindowLength};
use super::tree::Entries;

const LATER_KINDS: [&str; 1] = ["complaints"];

const MAX_NAME_BYTES: usize = 64;
const DEFAULT_CONFIDENCE: f64 = 0.95;

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

/// Reads the rules in the order of the files. A rule with a problem may be left out.
pub(super) fn rules(root: &mut Table<'_>, surroundings: &Surroundings<'_>) -> Vec<Rule> {
    let tables = root.take_list_of_tables("rules", MAX_RULES);
    let mut names = BTreeMap::new();
    let mut rules = Vec::with_capacity(tables.len());
    for (path, place, entries) in tables {
        rules.extend(rule(&path, place, entries, &mut names, surroundings, root.problems));
    }
    let (mut rules, named): (Vec<Rule>, Vec<Option<Names>>) = rules.into_iter().unzip();
    resolve_served(&mut rules, &named, root.problems);
    resolve_watched(&mut rules, &named, root.problems);
    rules
}

fn rule(
    path: &str,
    place: Place,
    entries: Entries,
    names: &mut BTreeMap<String, String>,
    surroundings: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<(Rule, Option<Names>)> {
    let mut table = Table::new(path, place, entries, problems);
    let name = name(&mut table, path, names);
    // The keys of a kind that this version does not have are not known, so it reads no further.
    let kind = table.valid_choice("kind", Kind::Disparity, &Kind::ALL.map(|kind| (kind.name(), kind)), &LATER_KINDS)?;
    let profiles = profiles(&mut table, surroundings);
    let read = match kind {
        Kind::Disparity => disparity(&mut table, &profiles, surroundings),
        Kind::Criterion => Some(criterion(&mut table, surroundings)),
        Kind::Automation => Some(automation(&mut table, surroundings)),
        Kind::Benchmark => Some(benchmark(&mut table, surroundings)),
        Kind::Suitability => Some(suitability(&mut table, surroundings)),
        Kind::Coverage => Some(coverage(&mut table, surroundings)),
        Kind::Drift => drift(&mut table, &profiles, surroundings),
        Kind::Silence => Some(silence(&mut table, surroundings)),
    };
    let confidence = confidence(&mut table);
    let max_missing = share(&mut table, "max_missing", surroundings.max_missing);
    let hold_for = span(&mut table, "for");
    let keep_firing_for = span(&mut table, "keep_firing_for");
    let owner = table.line("owner", "", MAX_TEXT_BYTES).value;
    let action = table.line("action", "", MAX_TEXT_BYTES).value;
    let runbook = table.line("runbook", "", MAX_TEXT_BYTES).value;
    table.finish();
    let ReadKind { kind, channels, dimensions, windows, min_events, names: named } = read?;
    let rule = Rule {
        name: name?,
        kind,
        profiles,
        channels,
        dimensions,
        windows,
        confidence: confidence?,
        min_events,
        max_missing,
        hold_for,
        keep_firing_for,
        owner,
        action,
        runbook,
    };
    Some((rule, named))
}

fn name(table: &mut Table<'_>, path: &str, names: &mut BTreeMap<String, String>) -> Option<String> {
    let name = table.required_text("name")?;
    if !is_rule_name(&name) {
        let expected = "a name of 1 to 64 characters (a-z, 0-9 and -) that does not start with -";
        name.refuse(table.problems, expected, shown(&name));
        return None;
    }
    if let Some(earlier) = names.get(name.as_str()) {
        let found = format!("{}, the name of {earlier}", shown(&name));
        name.refuse(table.problems, "a name that no other rule has", found);
        return None;
    }
    names.insert(name.value.clone(), format!("{path} ({})", name.place.text()));
    Some(name.value)
}

fn is_rule_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('-')
}

/// Returns the profiles, ascending.
fn profiles(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> Vec<ProfileId> {
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
    let choices = Channel::ALL.map(|channel| (channel.name(), channel));
    let written = table.texts("channels", &[Channel::Profile.name()], 1..=Channel::ALL.len());
    check_unique(&written, table.problems);
    written.iter().filter_map(|word| choose(word, &choices, &[], table.problems)).map(|channel| channel.value).collect()
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

fn confidence(table: &mut Table<'_>) -> Option<Confidence> {
    let expected = "a number from 0.5 to 0.9999";
    let level = table.number("confidence", DEFAULT_CONFIDENCE, expected, |level| (0.5..=0.9999).contains(&level));
    let confidence = Confidence::new(level);
    if confidence.is_none() {
        // Within the range asked for there always is one. Should that change, the rule must not vanish in silence.
        table.refuse(expected, level.to_string());
    }
    confidence
}

/// Reads a share from 0 to 1.
pub(super) fn share(table: &mut Table<'_>, key: &'static str, default: f64) -> f64 {
    table.number(key, default, "a number from 0 to 1", |share| (0.0..=1.0).contains(&share))
}

/// Reads a duration that may be 0.
fn span(table: &mut Table<'_>, key: &'static str) -> Span {
    let longest = Span::DAY.times(MAX_DURATION_DAYS);
    table.duration(key, Span(0), Span(0)..=longest).value
}
