//! The keys of a rule of kind `criterion`. The criteria themselves are in `[criteria]`.

use super::ReadKind;
use crate::settings::rules::{Surroundings, channels, windows};
use crate::settings::table::Table;
use crate::settings::terms::{Criterion, CriterionStanding, RuleKind, WatchedCriterion, stratum};

/// Reads them.
pub(in crate::settings) fn criterion(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> ReadKind {
    let choices = [("warning", false), ("critical", true)];
    let restricted_is_critical = table.choice("restricted_is", false, &choices).value;
    let lists = surroundings.criteria;
    let standings = [
        (CriterionStanding::Banned, &lists.banned),
        (CriterionStanding::Restricted, &lists.restricted),
        (CriterionStanding::Proxy, &lists.proxies),
    ];
    let watched = |(standing, names): (CriterionStanding, &Vec<String>)| {
        let watched = |name: &String| WatchedCriterion {
            name: name.clone(),
            stratum: format!("{}{name}", stratum::CRITERION),
            standing,
        };
        names.iter().map(watched).collect::<Vec<_>>()
    };
    let mut watched: Vec<WatchedCriterion> = standings.into_iter().flat_map(watched).collect();
    watched.sort_by(|one, other| (&one.name, one.standing).cmp(&(&other.name, other.standing)));
    if watched.is_empty() {
        table.refuse("at least one criterion in [criteria] for the rule to watch", "none");
    }
    ReadKind {
        kind: RuleKind::Criterion(Criterion { watched, restricted_is_critical }),
        channels: channels(table),
        dimensions: Vec::new(),
        windows: windows(table, false, surroundings),
        min_events: 0,
        names: None,
    }
}
