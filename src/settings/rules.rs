//! The list `[[rules]]`: the keys of every kind, and what must hold between rules.

use std::collections::BTreeMap;

use super::bounds::{MAX_RULES, MAX_TEXT_BYTES};
use super::duration::MAX_DURATION_DAYS;
use super::key::shown;
use super::kinds::{
    Kind, Names, ReadKind, automation, benchmark, complaints, coverage, criterion, disparity, drift, resolve_served,
    resolve_watched, silence, suitability,
};
use super::place::Place;
use super::problem::Problems;
use super::scope::{Surroundings, profiles, share};
use super::table::Table;
use super::terms::{Confidence, Rule, Span};
use super::tree::Entries;

const MAX_NAME_BYTES: usize = 64;
const DEFAULT_CONFIDENCE: f64 = 0.95;

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
    let kind = table.valid_choice("kind", Kind::Disparity, &Kind::ALL.map(|kind| (kind.name(), kind)), &[])?;
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
        Kind::Complaints => complaints(&mut table, surroundings),
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

/// Reads a duration that may be 0.
fn span(table: &mut Table<'_>, key: &'static str) -> Span {
    let longest = Span::DAY.times(MAX_DURATION_DAYS);
    table.duration(key, Span(0), Span(0)..=longest).value
}
