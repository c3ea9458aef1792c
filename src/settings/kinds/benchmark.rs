//! The keys of a rule of kind `benchmark`.

use super::read::{Names, OPEN_SHARE, ReadKind, is_open_share};
use crate::settings::bounds::MAX_RULES;
use crate::settings::duration::format_duration;
use crate::settings::given::check_unique;
use crate::settings::key::shown;
use crate::settings::problem::Problems;
use crate::settings::scope::Surroundings;
use crate::settings::suggestion::suggestion;
use crate::settings::table::Table;
use crate::settings::terms::{Benchmark, Channel, Evidence, Reference, Rule, RuleKind, Span, WindowLength};

/// How long the random channel is counted, where nothing is written: one yearly plan.
const DEFAULT_WITHIN: Span = Span::DAY.times(365);

/// Reads them.
pub(in crate::settings) fn benchmark(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> ReadKind {
    let serves = table.optional_texts("for", 1..=MAX_RULES).map(|names| names.value);
    let history = surroundings.history;
    let length = table.duration("within", DEFAULT_WITHIN.min(history), Span::DAY..=history).value;
    let base_rate = table.number("base_rate", 0.1, OPEN_SHARE, is_open_share);
    ReadKind {
        kind: RuleKind::Benchmark(Benchmark { serves: Vec::new(), base_rate }),
        channels: vec![Channel::Profile],
        dimensions: Vec::new(),
        windows: vec![WindowLength { length, label: format_duration(length) }],
        min_events: 0,
        names: Some(Names::Serves(serves)),
    }
}

/// Resolves the names of the rules that those of kind `benchmark` serve. `names` is in the order of the rules.
pub(in crate::settings) fn resolve_served(rules: &mut [Rule], names: &[Option<Names>], problems: &mut Problems) {
    let compares: Vec<(String, bool)> =
        rules.iter().map(|rule| (rule.name.clone(), compares_with_random(rule))).collect();
    for (rule, names) in rules.iter_mut().zip(names) {
        let (RuleKind::Benchmark(terms), Some(Names::Serves(names))) = (&mut rule.kind, names) else { continue };
        let Some(names) = names else {
            terms.serves =
                (0..).zip(&compares).filter(|(_, (_, compares))| *compares).map(|(index, _)| index).collect();
            continue;
        };
        check_unique(names, problems);
        for name in names {
            match compares.iter().position(|(known, _)| *known == name.value) {
                Some(index) if compares.get(index).is_some_and(|(_, compares)| *compares) => terms.serves.push(index),
                Some(_) => {
                    let found = format!("{}, which does not", shown(name));
                    name.refuse(problems, "a rule that compares with the random channel", found);
                }
                None => {
                    let near = suggestion(name, compares.iter().map(|(known, _)| known.as_str()));
                    name.refuse(problems, format!("the name of a rule{near}"), shown(name));
                }
            }
        }
        terms.serves.sort_unstable();
    }
}

/// A rule by the number alone needs no sample size.
fn compares_with_random(rule: &Rule) -> bool {
    match &rule.kind {
        RuleKind::Suitability(_) => true,
        RuleKind::Disparity(terms) => terms.reference == Reference::Random && terms.evidence != Evidence::Point,
        _ => false,
    }
}
