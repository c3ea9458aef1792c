//! Entries for the algorithm register: of each profile the fields that its evaluation can tell, and by name those that only the organisation knows.
//!
//! Nothing is invented, and no number is told that disclosure control withholds: what is told is in the report.

mod evaluation;
mod fields;
mod texts;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::model::{ProfileReport, Report};
use crate::checkpoint::day_text;
use crate::render::rfc3339;
use crate::render::words::{Language, fill};
use evaluation::Evaluation;
use fields::{FIELDS, Field, OF_PUBLISHING, STANDARD};
use texts::Texts;

/// The document's schema.
pub const REGISTER_SCHEMA: &str = "paritywatch.register.v1";
/// Longest short description that the standard allows, in characters.
const MAX_SHORT: usize = 150;

/// The entries of a report in one language.
pub struct Register<'r> {
    report: &'r Report,
    language: Language,
    entries: Vec<Entry<'r>>,
}

/// The entry of one profile.
struct Entry<'r> {
    profile: &'r ProfileReport,
    evaluation: Evaluation<'r>,
    /// Values by attribute.
    values: BTreeMap<&'static str, String>,
}

impl<'r> Register<'r> {
    /// The entries of a report.
    #[must_use]
    pub fn of(report: &'r Report, language: Language) -> Self {
        let entries = report.profiles.iter().map(|profile| Entry::of(report, profile, language)).collect();
        Self { report, language, entries }
    }

    /// Writes them as JSON.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_json(&self, mut to: impl Write) -> io::Result<()> {
        let report = self.report;
        let document = json!({
            "schema": REGISTER_SCHEMA,
            "standard": { "name": "Algorithm Register Metadata Standard", "version": STANDARD },
            "lang": self.language.code(),
            "period": {
                "label": report.period.label, "first": day_text(report.period.first), "last": day_text(report.period.last),
                "to_date": report.to_date.and_then(rfc3339),
            },
            "entries": self.entries.iter().map(|entry| entry.to_json(report, self.language)).collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut to, &document).map_err(io::Error::from)?;
        to.write_all(b"\n")
    }

    /// Writes them as Markdown.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_markdown(&self, mut to: impl Write) -> io::Result<()> {
        let language = self.language;
        writeln!(to, "# {}\n", fill(Texts::title(language), &[&self.report.period.label]))?;
        writeln!(to, "{}\n", fill(Texts::standard(language), &[STANDARD]))?;
        for entry in &self.entries {
            writeln!(to, "## {}\n", plain(title(entry.profile)))?;
            for field in all_fields() {
                let name = field.name(language);
                match entry.values.get(field.attribute) {
                    Some(value) => {
                        let also = if is_in_part(field) {
                            format!(" ({})", Texts::also_open(language))
                        } else {
                            String::new()
                        };
                        writeln!(to, "- **{name}** `{}`: {}{also}", field.attribute, plain(value))?;
                    }
                    None => writeln!(to, "- **{name}** `{}`: *{}*", field.attribute, Texts::open_field(language))?,
                }
            }
            writeln!(to, "\n### {}\n", Texts::findings(language))?;
            for line in entry.evaluation.lines(language) {
                writeln!(to, "- {}", plain(&line))?;
            }
            writeln!(to)?;
        }
        Ok(())
    }
}

impl<'r> Entry<'r> {
    fn of(report: &'r Report, profile: &'r ProfileReport, language: Language) -> Self {
        let evaluation = Evaluation::of(report, profile);
        let mut values = BTreeMap::from([
            ("name", title(profile).to_owned()),
            ("risks", evaluation.risks(language)),
            ("monitoring", evaluation.monitoring(language)),
            ("data_bias", evaluation.summary(language)),
            ("standard_version", STANDARD.to_owned()),
            ("lang", language.code().to_owned()),
        ]);
        if !profile.purpose.is_empty() {
            values.insert("goal", profile.purpose.clone());
            if profile.purpose.chars().count() <= MAX_SHORT {
                values.insert("description_short", profile.purpose.clone());
            }
        }
        values.extend(evaluation.human(language).map(|text| ("human_intervention", text)));
        Self { profile, evaluation, values }
    }

    fn to_json(&self, report: &Report, language: Language) -> Value {
        let open = all_fields().filter(|field| !self.values.contains_key(field.attribute));
        let open = open.map(|field| {
            json!({ "attribute": field.attribute, "name": field.name(language), "required": field.is_required })
        });
        let in_part = all_fields().filter(|field| is_in_part(*field) && self.values.contains_key(field.attribute));
        json!({
            "profile": self.profile.name,
            "registration": self.values,
            "open": open.collect::<Vec<_>>(),
            "to_complete": in_part.map(|field| field.attribute).collect::<Vec<_>>(),
            "evaluation": self.evaluation.to_json(report, language),
        })
    }
}

/// Fields of which an evaluation knows a part.
fn is_in_part(field: Field) -> bool {
    matches!(field.attribute, "risks" | "monitoring" | "data_bias" | "human_intervention")
}

fn all_fields() -> impl Iterator<Item = Field> {
    FIELDS.into_iter().chain(OF_PUBLISHING)
}

fn title(profile: &ProfileReport) -> &str {
    if profile.title.is_empty() { &profile.name } else { &profile.title }
}

/// A text in Markdown, as it is: nothing in it marks anything up.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!') {
            plain.push('\\');
        }
        plain.push(character);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages() {
        for (name, english, dutch) in texts::ALL {
            assert!(!english.is_empty() && !dutch.is_empty() && english != dutch, "{name}");
            assert_eq!(english.matches("{}").count(), dutch.matches("{}").count(), "{name}");
        }
        let mut attributes: Vec<&str> = all_fields().map(|field| field.attribute).collect();
        attributes.sort_unstable();
        attributes.dedup();
        assert_eq!(attributes.len(), FIELDS.len() + OF_PUBLISHING.len());
    }

    #[test]
    fn nothing_in_a_text_marks_anything_up() {
        assert_eq!(plain("a*b_[c](d) <e>"), "a\\*b\\_\\[c\\](d) \\<e\\>");
    }
}
