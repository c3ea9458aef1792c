//! The keys of a rule of kind `disparity`.

use super::handling::{check_measure, check_reference, check_stratum, handling};
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

/// Reads them; `None` where a key that is needed is missing or wrong, which is among the problems.
pub(in crate::settings) fn disparity(
    table: &mut Table<'_>,
    profiles: &[ProfileId],
    surroundings: &Surroundings<'_>,
) -> Option<ReadKind> {
    let indicators = Indicator::ALL.map(|indicator| (indicator.name(), indicator));
    let indicator = table.required_choice("indicator", &indicators, &[]);
    let measures = Measure::ALL.map(|measure| (measure.name(), measure));
    let named = indicator.as_deref().copied();
    let measure = table.choice("measure", Measure::Ratio, &measures);
    check_measure(named, &measure, table.problems);
    let channels = channels(table);
    let dimensions = dimensions(table, surroundings);
    let reference = reference(table, named, (&dimensions, &channels), surroundings);
    let of_sealed = named.is_some_and(Indicator::is_of_sealed);
    let windows = windows(table, of_sealed, surroundings);
    let is_judged = reference != Reference::Overall;
    let thresholds = thresholds(table, is_judged, named, *measure);
    let stratify_by = stratify_by(table, named, surroundings.string_bytes);
    let evidence = evidence(table, &reference, stratify_by.is_some(), profiles, surroundings);
    let handling = handling(table, named, is_judged);
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
        handling,
    });
    Some(ReadKind { kind, channels, dimensions, windows, min_events, names: None })
}

fn reference(
    table: &mut Table<'_>,
    indicator: Option<Indicator>,
    (dimensions, channels): (&[DimensionId], &[Channel]),
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
        check_reference(indicator, word, &written, table.problems);
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
    let near = same_parts(written, dimension).map_or_else(
        || suggestion(written, dimension.groups.iter().map(String::as_str)),
        |group| format!(" (did you mean {}?)", shown(group)),
    );
    let expected = format!("{words}, or a group of every dimension of the rule{near}");
    // Rules take intersections, too, unless they name their dimensions.
    let remark = if dimension.crosses.is_empty() {
        ""
    } else {
        ": it is an intersection, which the key dimensions can leave out"
    };
    let found = format!("{}, which dimension {} does not have{remark}", shown(written), shown(&dimension.name));
    written.refuse(problems, expected, found);
}

/// Returns the group of an intersection with the same parts in the order in which it crosses them.
fn same_parts<'d>(written: &str, dimension: &'d Dimension) -> Option<&'d String> {
    let parts = |name: &str| {
        let mut parts: Vec<String> = name.split(Dimension::CROSS).map(str::to_owned).collect();
        parts.sort_unstable();
        parts
    };
    let own = parts(written);
    dimension.groups.iter().find(|group| !dimension.crosses.is_empty() && parts(group) == own)
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

/// Reads the stratum within whose values a rule compares, for an indicator where it is known.
pub(super) fn stratify_by(table: &mut Table<'_>, indicator: Option<Indicator>, string_bytes: usize) -> Option<String> {
    let name = table.optional_text("stratify_by")?;
    check_name(&name, string_bytes, table.problems);
    check_stratum(indicator, &name, table.problems);
    Some(name.value)
}
