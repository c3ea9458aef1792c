//! The keys of a rule of kind `drift`.

use super::read::{Names, ReadKind, refuse_order};
use crate::settings::duration::format_duration;
use crate::settings::given::Given;
use crate::settings::key::shown;
use crate::settings::problem::Problems;
use crate::settings::scope::{Surroundings, channels, dimensions};
use crate::settings::suggestion::suggestion;
use crate::settings::table::Table;
use crate::settings::terms::{
    Compare, Drift, Evidence, Exposure, Indicator, ProfileId, Rule, RuleKind, Span, WindowLength,
};

/// How long a version is shown after its last case, where nothing is written.
const DEFAULT_WITHIN: Span = Span::DAY.times(90);

/// Days of a period, where nothing is written.
const DEFAULT_REFERENCE_DAYS: u64 = 90;

/// Most days of a period: a year.
const MAX_REFERENCE_DAYS: u64 = 366;

/// Reads them; `None` where a key that is needed is missing or wrong, which is among the problems.
pub(in crate::settings) fn drift(
    table: &mut Table<'_>,
    profiles: &[ProfileId],
    surroundings: &Surroundings<'_>,
) -> Option<ReadKind> {
    let choices = [("version", What::Version), ("change", What::Change), ("period", What::Period)];
    match table.valid_choice("compare", What::Version, &choices, &[])? {
        What::Version => Some(version(table, profiles, surroundings)),
        What::Change => change(table),
        What::Period => Some(period(table, profiles, surroundings)),
    }
}

/// What is compared.
#[derive(Clone, Copy)]
enum What {
    Version,
    Change,
    Period,
}

fn period(table: &mut Table<'_>, profiles: &[ProfileId], surroundings: &Surroundings<'_>) -> ReadKind {
    let most = u64::try_from(surroundings.history.0 / Span::DAY.0).unwrap_or(1).clamp(1, MAX_REFERENCE_DAYS);
    let days = table.integer("reference_days", DEFAULT_REFERENCE_DAYS.min(most), 1..=most).value;
    if profiles.iter().any(|id| by_population(id, surroundings)) {
        let found = "one of exposure \"population\", whose counts are not known by day";
        table.refuse("profiles of exposure \"assessed\" for compare = \"period\"", found);
    }
    let at_least_1 = |ratio: f64| (1.0..=1_000.0).contains(&ratio);
    let warning = table.number("warning", 1.1, "a number from 1 to 1000", at_least_1);
    let days = u32::try_from(days).unwrap_or(u32::MAX);
    let length = Span::DAY.times(days.into());
    ReadKind {
        kind: RuleKind::Drift(Drift { compare: Compare::Period(days), warning, critical: warning }),
        channels: channels(table),
        dimensions: dimensions(table, surroundings),
        windows: vec![WindowLength { length, label: format_duration(length) }],
        min_events: 0,
        names: None,
    }
}

fn by_population(id: &ProfileId, surroundings: &Surroundings<'_>) -> bool {
    let profile = surroundings.profiles.get(usize::from(id.0));
    profile.is_some_and(|profile| profile.exposure == Exposure::Population)
}

fn version(table: &mut Table<'_>, profiles: &[ProfileId], surroundings: &Surroundings<'_>) -> ReadKind {
    let indicator = indicator(table, profiles, surroundings);
    let at_least_1 = |ratio: f64| (1.0..=1_000.0).contains(&ratio);
    let above_1 = |ratio: f64| 1.0 < ratio && ratio <= 1_000.0;
    let warning = table.given_number("warning", 1.1, "a number from 1 to 1000", at_least_1);
    let critical = table.given_number("critical", 1.25, "a number above 1 and at most 1000", above_1);
    if critical.value < warning.value {
        let expected = format!("a number of at least {} (the rule's warning)", *warning);
        refuse_order(expected, &critical, table.problems);
    }
    let history = surroundings.history;
    let length = table.duration("within", DEFAULT_WITHIN.min(history), Span::DAY..=history).value;
    let terms = Drift { compare: Compare::Version(indicator), warning: warning.value, critical: critical.value };
    ReadKind {
        kind: RuleKind::Drift(terms),
        channels: channels(table),
        dimensions: dimensions(table, surroundings),
        windows: vec![WindowLength { length, label: format_duration(length) }],
        min_events: 0,
        names: None,
    }
}

fn indicator(table: &mut Table<'_>, profiles: &[ProfileId], surroundings: &Surroundings<'_>) -> Indicator {
    let choices = [Indicator::SelectionRate, Indicator::ControlFrequency, Indicator::HitRate]
        .map(|indicator| (indicator.name(), indicator));
    let written = table.choice("indicator", Indicator::ControlFrequency, &choices);
    if written.value != Indicator::HitRate && profiles.iter().any(|id| by_population(id, surroundings)) {
        let expected = "\"hit_rate\" with a profile of exposure \"population\", whose counts are not known by version";
        written.refuse(table.problems, expected, shown(written.value.name()));
    }
    written.value
}

/// What the watched rule says of channels, dimensions and windows comes when its name is resolved.
fn change(table: &mut Table<'_>) -> Option<ReadKind> {
    let of = table.required_text("of")?;
    Some(ReadKind {
        kind: RuleKind::Drift(Drift { compare: Compare::Change(usize::MAX), warning: 1.0, critical: 1.0 }),
        channels: Vec::new(),
        dimensions: Vec::new(),
        windows: Vec::new(),
        min_events: 0,
        names: Some(Names::Of(of)),
    })
}

/// Resolves the names of the rules in which those of kind `drift` look for a change. `names` is in the order of the rules.
///
/// A rule has the channels and dimensions of the one that it watches, and the longest of its windows.
pub(in crate::settings) fn resolve_watched(rules: &mut [Rule], names: &[Option<Names>], problems: &mut Problems) {
    let known: Vec<Rule> = rules.to_vec();
    for (rule, name) in rules.iter_mut().zip(names) {
        let (RuleKind::Drift(terms), Some(Names::Of(name))) = (&mut rule.kind, name) else { continue };
        let Some((index, watched)) = watched((&known, &rule.name), name, problems) else { continue };
        terms.compare = Compare::Change(index);
        rule.channels.clone_from(&watched.channels);
        rule.dimensions.clone_from(&watched.dimensions);
        rule.windows = watched.windows.last().cloned().into_iter().collect();
        rule.profiles.retain(|profile| watched.profiles.contains(profile));
        if rule.profiles.is_empty() {
            let found = format!("{}, which judges none of them", shown(name));
            name.refuse(problems, "a rule that judges a profile of this rule", found);
        }
    }
}

fn watched<'r>(
    (known, own): (&'r [Rule], &str),
    name: &Given<String>,
    problems: &mut Problems,
) -> Option<(usize, &'r Rule)> {
    let Some((index, rule)) = known.iter().enumerate().find(|(_, rule)| rule.name == name.value) else {
        // A rule does not watch itself.
        let near = suggestion(name, known.iter().map(|rule| rule.name.as_str()).filter(|known| *known != own));
        name.refuse(problems, format!("the name of a rule{near}"), shown(name));
        return None;
    };
    if rule.disparity().is_none_or(|rule| rule.terms.evidence != Evidence::Sequential) {
        let found = format!("{}, which is none", shown(name));
        name.refuse(problems, "a rule of kind \"disparity\" with sequential evidence", found);
        return None;
    }
    Some((index, rule))
}
