//! The keys of a rule of kind `criterion`. The criteria themselves are in `[criteria]`.

use super::read::ReadKind;
use crate::settings::scope::{Surroundings, dimensions, named_channels, windows};
use crate::settings::table::Table;
use crate::settings::terms::{Channel, Criterion, CriterionStanding, RuleKind, WatchedCriterion};

/// Reads them.
pub(in crate::settings) fn criterion(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> ReadKind {
    let choices = [("warning", false), ("critical", true)];
    let restricted_is_critical = table.choice("restricted_is", false, &choices).value;
    let lists = surroundings.criteria;
    let standings = [
        (CriterionStanding::Banned, &lists.banned),
        (CriterionStanding::Restricted, &lists.restricted),
        (CriterionStanding::Proxy, &lists.proxies),
        (CriterionStanding::Accepted, &lists.accepted),
    ];
    let watched = |(standing, names): (CriterionStanding, &Vec<String>)| {
        names.iter().map(|name| WatchedCriterion::new(name, standing)).collect::<Vec<_>>()
    };
    let mut watched: Vec<WatchedCriterion> = standings.into_iter().flat_map(watched).collect();
    watched.sort_by(|one, other| (&one.name, one.standing).cmp(&(&other.name, other.standing)));
    if watched.is_empty() {
        table.refuse("at least one criterion in [criteria] for the rule to watch", "none");
    }
    let association = pair(table, "association", [0.1, 0.2]);
    let difference = pair(table, "difference", [0.1, 0.2]);
    let expected = "a number from 0 to 10";
    let block_variation = table.number("block_variation", 0.1, expected, |number| (0.0..=10.0).contains(&number));
    let named = named_channels(table);
    let channels_named = named.is_some();
    let kind = Criterion { watched, restricted_is_critical, association, difference, block_variation, channels_named };
    ReadKind {
        kind: RuleKind::Criterion(kind),
        channels: named.unwrap_or_else(|| Channel::ALL.to_vec()),
        // Criteria are told of a profile without any dimension, too.
        dimensions: if surroundings.dimensions.is_empty() { Vec::new() } else { dimensions(table, surroundings) },
        windows: windows(table, false, surroundings),
        min_events: 0,
        names: None,
    }
}

/// Reads the limits from which a criterion is watched, and flagged: the second is not below the first.
fn pair(table: &mut Table<'_>, key: &'static str, default: [f64; 2]) -> [f64; 2] {
    let expected = "two numbers from 0 to 1, the second not below the first";
    let valid = |[watched, flagged]: [f64; 2]| 0.0 <= watched && watched <= flagged && flagged <= 1.0;
    table.two_numbers(key, default, expected, valid)
}
