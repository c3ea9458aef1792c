//! Format 4: a rule's definition has a field for each of its parts. Read, and no longer written; its names are those of format 5.

use serde::{Deserialize, Serialize};

use super::shared::{Section0, State, Tail};
use crate::alert::Alert;
use crate::monitor::transitions::AlertEntries;
use crate::plan::{self, Comparison, Definition, Indicator, Measure, Provenance};

#[derive(Deserialize)]
struct Section {
    names: Names,
    state: State,
    tail: Tail,
}

#[derive(Deserialize)]
struct Entries {
    names: Names,
    alerts: Vec<Alert>,
    provenance: Provenance,
}

#[derive(Deserialize)]
pub(super) struct Names {
    profiles: Vec<String>,
    dimensions: Vec<(String, Vec<String>)>,
    strata: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Rule {
    name: String,
    /// One of the words of [`indicator_word`].
    indicator: String,
    /// One of the words of [`measure_word`].
    measure: String,
    reference: Reference,
    critical: f64,
    stratify_by: Option<String>,
    sequential: bool,
    windows: Vec<String>,
}

/// The order of the variants is a part of the format.
#[derive(Serialize, Deserialize)]
enum Reference {
    Rest,
    Group(String),
    Lowest,
    Random,
    Overall,
}

pub(super) fn read_section_0(bytes: &[u8]) -> Result<Section0, String> {
    let Section { names, state, tail } = decode::<Section>(bytes)?;
    Ok(tail.complete(names.decoded()?, state))
}

pub(super) fn read_entries(bytes: &[u8]) -> Result<AlertEntries, String> {
    let Entries { names, alerts, provenance } = decode::<Entries>(bytes)?;
    Ok(AlertEntries { names: names.decoded()?, alerts, provenance })
}

pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, String> {
    postcard::to_allocvec(value).map_err(|error| error.to_string())
}

pub(super) fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, String> {
    postcard::from_bytes(bytes).map_err(|error| error.to_string())
}

impl Names {
    pub(super) fn decoded(self) -> Result<plan::Names, String> {
        let Self { profiles, dimensions, strata, rules } = self;
        let rules = rules.into_iter().map(Rule::decoded).collect::<Result<_, _>>()?;
        Ok(plan::Names { profiles, dimensions, strata, rules })
    }
}

impl Rule {
    pub(super) fn of(name: &str, definition: &Comparison, windows: &[String]) -> Self {
        let Comparison { indicator, measure, reference, critical, stratify_by, sequential } = definition;
        Self {
            name: name.to_owned(),
            indicator: indicator_word(*indicator).to_owned(),
            measure: measure_word(*measure).to_owned(),
            reference: Reference::of(reference),
            critical: *critical,
            stratify_by: stratify_by.clone(),
            sequential: *sequential,
            windows: windows.to_vec(),
        }
    }

    pub(super) fn decoded(self) -> Result<plan::RuleNames, String> {
        let Self { name, indicator, measure, reference, critical, stratify_by, sequential, windows } = self;
        let unknown = |what: &str, word: &str| format!("rule {name:?}: expected {what}, found {word:?}");
        let indicator = Indicator::ALL
            .into_iter()
            .find(|known| indicator_word(*known) == indicator)
            .ok_or_else(|| unknown("an indicator", &indicator))?;
        let measure = [Measure::Ratio, Measure::Difference]
            .into_iter()
            .find(|known| measure_word(*known) == measure)
            .ok_or_else(|| unknown("a measure", &measure))?;
        let reference = reference.decoded();
        let definition = Comparison { indicator, measure, reference, critical, stratify_by, sequential };
        let definition = Definition::Disparity(definition);
        Ok(plan::RuleNames { name, definition, windows })
    }
}

impl Reference {
    fn of(reference: &plan::Reference) -> Self {
        match reference {
            plan::Reference::Rest => Self::Rest,
            plan::Reference::Group(name) => Self::Group(name.clone()),
            plan::Reference::Lowest => Self::Lowest,
            plan::Reference::Random => Self::Random,
            plan::Reference::Overall => Self::Overall,
        }
    }

    fn decoded(self) -> plan::Reference {
        match self {
            Self::Rest => plan::Reference::Rest,
            Self::Group(name) => plan::Reference::Group(name),
            Self::Lowest => plan::Reference::Lowest,
            Self::Random => plan::Reference::Random,
            Self::Overall => plan::Reference::Overall,
        }
    }
}

/// The words of this format. They stay as they are where the configuration's words change.
const fn indicator_word(indicator: Indicator) -> &'static str {
    match indicator {
        Indicator::SelectionRate => "selection_rate",
        Indicator::ControlFrequency => "control_frequency",
        Indicator::HitRate => "hit_rate",
        Indicator::UnfoundedRate => "unfounded_rate",
        Indicator::FollowThrough => "follow_through",
        Indicator::OutcomeCoverage => "outcome_coverage",
        Indicator::OverturnRate => "overturn_rate",
        Indicator::ComplaintRate => "complaint_rate",
        // Rules of these are stored by their terms, as those of other kinds.
        Indicator::Intensity => "intensity",
        Indicator::Duration => "duration",
        Indicator::SanctionAmount => "sanction_amount",
        Indicator::SanctionRate => "sanction_rate",
        Indicator::StrictRate => "strict_rate",
    }
}

const fn measure_word(measure: Measure) -> &'static str {
    match measure {
        Measure::Ratio => "ratio",
        Measure::Difference => "difference",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn every_definition_is_read_as_it_was_written() {
        let references = [
            plan::Reference::Rest,
            plan::Reference::Group("a, \"b\"".to_owned()),
            plan::Reference::Lowest,
            plan::Reference::Random,
            plan::Reference::Overall,
        ];
        for (index, reference) in references.into_iter().enumerate() {
            for indicator in Indicator::ALL {
                let definition = Comparison {
                    indicator,
                    measure: if index % 2 == 0 { Measure::Ratio } else { Measure::Difference },
                    reference: reference.clone(),
                    critical: 1.1 + 0.1,
                    stratify_by: (index % 2 == 0).then(|| "office".to_owned()),
                    sequential: index % 3 == 0,
                };
                let windows = vec!["30d".to_owned()];
                let bytes = encode(&Rule::of("r", &definition, &windows)).unwrap();
                let definition = Definition::Disparity(definition);
                let rule = plan::RuleNames { name: "r".to_owned(), definition, windows };
                assert_eq!(decode::<Rule>(&bytes).unwrap().decoded().unwrap(), rule);
            }
        }
    }

    #[test]
    fn a_word_that_is_unknown_is_refused() {
        let definition = Comparison {
            indicator: Indicator::HitRate,
            measure: Measure::Ratio,
            reference: plan::Reference::Rest,
            critical: 0.8,
            stratify_by: None,
            sequential: true,
        };
        let rule = || Rule::of("r", &definition, &[]);
        let other = Rule { indicator: "HitRate".to_owned(), ..rule() };
        assert_eq!(other.decoded().unwrap_err(), "rule \"r\": expected an indicator, found \"HitRate\"");
        let other = Rule { measure: "Ratio".to_owned(), ..rule() };
        assert_eq!(other.decoded().unwrap_err(), "rule \"r\": expected a measure, found \"Ratio\"");
    }
}
