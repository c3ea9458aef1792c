//! Format 3: a rule's definition is a line of text. Read, and no longer written.

use serde::Deserialize;

use super::shared::{Section0, State, Tail};
use crate::alert::Alert;
use crate::monitor::transitions::AlertEntries;
use crate::plan::{self, Comparison, Definition, Indicator, Measure, Provenance, Reference};

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
struct Names {
    profiles: Vec<String>,
    dimensions: Vec<(String, Vec<String>)>,
    strata: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    name: String,
    /// See [`definition_of`].
    definition: String,
    windows: Vec<String>,
}

pub(super) fn read_section_0(bytes: &[u8]) -> Result<Section0, String> {
    let Section { names, state, tail } = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
    Ok(tail.complete(names.decoded()?, state))
}

pub(super) fn read_entries(bytes: &[u8]) -> Result<AlertEntries, String> {
    let Entries { names, alerts, provenance } = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
    Ok(AlertEntries { names: names.decoded()?, alerts, provenance })
}

impl Names {
    fn decoded(self) -> Result<plan::Names, String> {
        let Self { profiles, dimensions, strata, rules } = self;
        let rules = rules.into_iter().map(Rule::decoded).collect::<Result<_, _>>()?;
        Ok(plan::Names { profiles, dimensions, strata, rules })
    }
}

impl Rule {
    fn decoded(self) -> Result<plan::RuleNames, String> {
        let Self { name, definition, windows } = self;
        let definition = definition_of(&definition).map_err(|problem| format!("rule {name:?}: {problem}"))?;
        Ok(plan::RuleNames { name, definition: Definition::Disparity(definition), windows })
    }
}

const INDICATORS: [(&str, Indicator); 8] = [
    ("selection_rate", Indicator::SelectionRate),
    ("control_frequency", Indicator::ControlFrequency),
    ("hit_rate", Indicator::HitRate),
    ("unfounded_rate", Indicator::UnfoundedRate),
    ("follow_through", Indicator::FollowThrough),
    ("outcome_coverage", Indicator::OutcomeCoverage),
    ("overturn_rate", Indicator::OverturnRate),
    ("complaint_rate", Indicator::ComplaintRate),
];
const MEASURES: [(&str, Measure); 2] = [("Ratio", Measure::Ratio), ("Difference", Measure::Difference)];
const REFERENCES: [(&str, Reference); 4] = [
    ("Rest", Reference::Rest),
    ("Lowest", Reference::Lowest),
    ("Random", Reference::Random),
    ("Overall", Reference::Overall),
];
const BOOLEANS: [(&str, bool); 2] = [("true", true), ("false", false)];

/// Parses `INDICATOR MEASURE against REFERENCE, critical NUMBER, by STRATUM, sequential BOOLEAN`. A reference is a word of [`REFERENCES`] or
/// `group NAME`; a stratum is `None` or `Some("NAME")`, with escapes as in a Rust string. Names may hold anything: so the front is read up to
/// the reference, and the rest from its end.
fn definition_of(text: &str) -> Result<Comparison, String> {
    let part = |what: &str| format!("expected {what} in the definition, found {text:?}");
    let (indicator, rest) = text.split_once(' ').ok_or_else(|| part("an indicator"))?;
    let (measure, rest) = rest.split_once(" against ").ok_or_else(|| part("\" against \""))?;
    let (rest, sequential) = rest.rsplit_once(", sequential ").ok_or_else(|| part("\", sequential \""))?;
    // A quotation mark within the name is escaped, so this one begins it.
    let (rest, stratify_by) = match rest.strip_suffix(", by None") {
        Some(rest) => (rest, None),
        None => {
            let name = rest.strip_suffix("\")").and_then(|rest| rest.rsplit_once(", by Some(\""));
            let (rest, name) = name.ok_or_else(|| part("a stratum"))?;
            (rest, Some(unescaped(name).ok_or_else(|| part("a stratum's name"))?))
        }
    };
    let (reference, critical) = rest.rsplit_once(", critical ").ok_or_else(|| part("\", critical \""))?;
    let critical = critical.parse().ok().filter(|critical: &f64| critical.is_finite());
    let reference = match reference.strip_prefix("group ") {
        Some(name) => Reference::Group(name.to_owned()),
        None => meaning(&REFERENCES, reference).ok_or_else(|| part("a reference"))?,
    };
    Ok(Comparison {
        indicator: meaning(&INDICATORS, indicator).ok_or_else(|| part("an indicator"))?,
        measure: meaning(&MEASURES, measure).ok_or_else(|| part("a measure"))?,
        reference,
        critical: critical.ok_or_else(|| part("a critical threshold"))?,
        stratify_by,
        sequential: meaning(&BOOLEANS, sequential).ok_or_else(|| part("true or false"))?,
    })
}

fn meaning<T: Clone>(words: &[(&str, T)], word: &str) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| meaning.clone())
}

/// Reads `\\`, `\"`, `\'`, `\t`, `\r`, `\n`, `\0` and `\u{HEX}`; returns `None` for any other escape.
fn unescaped(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        name.push_str(plain);
        let mut characters = escape.chars();
        let character = match characters.next()? {
            same @ ('\\' | '"' | '\'') => same,
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            '0' => '\0',
            'u' => {
                let (digits, behind) = characters.as_str().strip_prefix('{')?.split_once('}')?;
                characters = behind.chars();
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        };
        name.push(character);
        rest = characters.as_str();
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn definitions_are_read_as_format_3_wrote_them() {
        let definition = |reference: Reference, stratify_by: Option<&str>| Comparison {
            indicator: Indicator::SelectionRate,
            measure: Measure::Ratio,
            reference,
            critical: 1.25,
            stratify_by: stratify_by.map(str::to_owned),
            sequential: true,
        };
        let group = |name: &str| Reference::Group(name.to_owned());
        let odd = "x, critical 2, by Some(\"y\"), sequential false against ";
        for (text, expected) in [
            ("Rest, critical 1.25, by None", definition(Reference::Rest, None)),
            ("Random, critical 1.25, by Some(\"office\")", definition(Reference::Random, Some("office"))),
            ("Lowest, critical 1.25, by None", definition(Reference::Lowest, None)),
            ("Overall, critical 1.25, by None", definition(Reference::Overall, None)),
            ("group Rest, critical 1.25, by None", definition(group("Rest"), None)),
            (&format!("group {odd}, critical 1.25, by None"), definition(group(odd), None)),
            (
                r#"group a, critical 1.25, by Some("x, by Some(\"y\") \\ \u{200b}é")"#,
                definition(group("a"), Some("x, by Some(\"y\") \\ \u{200b}é")),
            ),
        ] {
            let text = format!("selection_rate Ratio against {text}, sequential true");
            assert_eq!(definition_of(&text), Ok(expected), "{text}");
        }
        let text = "hit_rate Difference against Rest, critical -0.05, by None, sequential false";
        let found = definition_of(text).unwrap();
        assert_eq!((found.indicator, found.measure), (Indicator::HitRate, Measure::Difference));
        assert_eq!((found.critical, found.sequential), (-0.05, false));
    }

    #[test]
    fn other_texts_are_refused() {
        let whole = "hit_rate Ratio against Rest, critical 0.8, by Some(\"a\"), sequential false";
        assert!(definition_of(whole).is_ok());
        for (from, to) in [
            ("hit_rate", "HitRate"),
            ("Ratio", "ratio"),
            ("Rest", "rest"),
            ("0.8", "inf"),
            ("0.8", ""),
            ("false", "no"),
            ("Some(\"a\")", "a"),
            ("\"a\"", "\"\\q\""),
            ("\"a\"", "\"\\"),
            (" against ", " "),
            (", critical", ""),
            (", sequential", ""),
        ] {
            let text = whole.replacen(from, to, 1);
            let problem = definition_of(&text).unwrap_err();
            assert!(problem.contains("in the definition, found"), "{text}: {problem}");
        }
        (0..whole.len()).for_each(|end| assert!(definition_of(&whole[..end]).is_err(), "{}", &whole[..end]));
    }
}
