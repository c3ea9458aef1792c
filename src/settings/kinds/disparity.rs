//! The keys of a rule of kind `disparity`.

use super::read::ReadKind;
use crate::settings::allow_lists::check_name;
use crate::settings::given::{Given, alternatives};
use crate::settings::key::shown;
use crate::settings::problem::Problems;
use crate::settings::scope::{Surroundings, channels, dimensions, windows};
use crate::settings::suggestion::suggestion;
use crate::settings::table::Table;
use crate::settings::terms::{
    Channel, Dimension, DimensionId, Disparity, Evidence, Exposure, Indicator, Measure, ProfileId, Reference, RuleKind,
    normalise,
};
use crate::settings::thresholds::{Thresholds, thresholds};

const LATER_INDICATORS: [&str; 2] = ["intensity", "duration"];

/// Reads them; `None` where a key that is needed is missing or wrong, which is among the problems.
pub(in crate::settings) fn disparity(
    table: &mut Table<'_>,
    profiles: &[ProfileId],
    surroundings: &Surroundings<'_>,
) -> Option<ReadKind> {
    let indicators = Indicator::ALL.map(|indicator| (indicator.name(), indicator));
    let indicator = table.required_choice("indicator", &indicators, &LATER_INDICATORS);
    let measures = Measure::ALL.map(|measure| (measure.name(), measure));
    let measure = table.choice("measure", Measure::Ratio, &measures);
    let channels = channels(table);
    let dimensions = dimensions(table, surroundings);
    let reference = reference(table, &dimensions, &channels, surroundings);
    let of_hits = indicator.as_deref().copied() == Some(Indicator::HitRate);
    let windows = windows(table, of_hits, surroundings);
    let is_judged = reference != Reference::Overall;
    let thresholds = thresholds(table, is_judged, indicator.as_deref().copied(), *measure);
    let stratify_by = stratify_by(table, surroundings.string_bytes);
    let evidence = evidence(table, &reference, stratify_by.is_some(), profiles, surroundings);
    let min_events = table.integer("min_events", 10, 0..=1_000_000_000).value;
    let Thresholds { warning, critical, clear } = thresholds?;
    let kind = RuleKind::Disparity(Disparity {
        indicator: indicator?.value,
        measure: measure.value,
        reference,
        warning,
        critical,
        clear,
        evidence,
        stratify_by,
    });
    Some(ReadKind { kind, channels, dimensions, windows, min_events, names: None })
}

fn reference(
    table: &mut Table<'_>,
    dimensions: &[DimensionId],
    channels: &[Channel],
    surroundings: &Surroundings<'_>,
) -> Reference {
    let mut written = table.text("reference", Reference::Rest.name());
    written.value = normalise(&written.value).into_owned();
    let word = Reference::WORDS.iter().find(|word| word.name() == written.value);
    if word == Some(&Reference::Random) && channels.contains(&Channel::Random) {
        let expected = "another reference where \"random\" is among the rule's channels";
        written.refuse(table.problems, expected, shown(&written));
    }
    if let Some(word) = word {
        return word.clone();
    }
    // Every id is an index of the dimensions around.
    for dimension in dimensions.iter().filter_map(|id| surroundings.dimensions.get(usize::from(id.0))) {
        check_group(&written, dimension, table.problems);
    }
    Reference::Group(written.value)
}

fn check_group(written: &Given<String>, dimension: &Dimension, problems: &mut Problems) {
    if dimension.group_id(written).is_some() {
        return;
    }
    let words = alternatives(Reference::WORDS.iter().map(Reference::name));
    let near = suggestion(written, dimension.groups.iter().map(String::as_str));
    let expected = format!("{words}, or a group of every dimension of the rule{near}");
    let found = format!("{}, which dimension {} does not have", shown(written), shown(&dimension.name));
    written.refuse(problems, expected, found);
}

/// Sequential evidence can be gathered only of some comparisons.
fn evidence(
    table: &mut Table<'_>,
    reference: &Reference,
    stratified: bool,
    profiles: &[ProfileId],
    surroundings: &Surroundings<'_>,
) -> Evidence {
    let choices = Evidence::ALL.map(|evidence| (evidence.name(), evidence));
    let written = table.choice("evidence", Evidence::Sequential, &choices);
    if written.value == Evidence::Sequential && *reference == Reference::Overall {
        let expected =
            "\"interval\" or \"point\" with reference \"overall\", which contains the group itself and is never judged";
        written.refuse(table.problems, expected, shown(Evidence::Sequential.name()));
    }
    let by_population = |id: &ProfileId| {
        surroundings.profiles.get(usize::from(id.0)).is_some_and(|profile| profile.exposure == Exposure::Population)
    };
    if written.value == Evidence::Sequential && stratified && profiles.iter().any(by_population) {
        let expected = "\"interval\" or \"point\" where stratify_by is used with a profile of exposure \"population\", whose counts are not known by stratum";
        written.refuse(table.problems, expected, shown(Evidence::Sequential.name()));
    }
    written.value
}

fn stratify_by(table: &mut Table<'_>, string_bytes: usize) -> Option<String> {
    let name = table.optional_text("stratify_by")?;
    check_name(&name, string_bytes, table.problems);
    Some(name.value)
}
