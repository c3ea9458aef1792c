//! What a finding tells beside its columns, by the names of `paritywatch.evaluation.v1`: values, mix, association, claim, versions, missing by cause.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::view::{ABSENT, View};
use crate::disclosure::{KeptFinding, KeptKey};
use crate::plan::{Cause, EventTime, Indicator};
use crate::render::words::{fill, odds, withheld};

/// Kinds of a mix that are named, at most.
const MAX_KINDS: usize = 12;
/// The smallest p-value that four digits show.
const LEAST_P_VALUE: f64 = 1e-4;

/// The fields of a finding that have no column.
pub(super) struct Details(Map<String, Value>);

impl Details {
    /// Those of a finding; none where it has none.
    pub fn of(row: &KeptFinding) -> Self {
        Self::read(row.details.as_deref())
    }

    /// Reads the text. What is no object has no fields.
    fn read(text: Option<&str>) -> Self {
        let read = text.and_then(|text| serde_json::from_str(text).ok());
        Self(read.unwrap_or_default())
    }

    /// The values of a side, `group` or `reference`; `None` where the finding has no values.
    pub fn values(&self, view: View<'_>, indicator: Option<Indicator>, side: &str) -> Option<Markup> {
        let values = self.0.get("values").filter(|values| values.is_object())?;
        let Some(side) = values.get(side).and_then(Value::as_object) else { return Some(withheld(view.language)) };
        let language = view.language;
        let unit = if indicator == Some(Indicator::Duration) { language.unit_minutes() } else { "" };
        let text = |of: Option<&Value>| {
            of.and_then(Value::as_f64).map(|of| language.decimal(of, usize::from(of.fract() != 0.0)))
        };
        let quantiles = side.iter().filter(|(name, of)| name.starts_with('p') && of.is_object());
        Some(html! {
            @if indicator == Some(Indicator::Intensity) { @if let Some(mean) = text(side.get("mean")) { (mean) small { (language.mean()) } } }
            @for (name, of) in quantiles {
                small {
                    (name) " "
                    @match text(of.get("value")) { Some(value) => { b { (value) (unit) } } None => { (language.unknown()) } }
                    @let limits = [text(of.get("lower")), text(of.get("upper"))];
                    @if limits.iter().any(Option::is_some) {
                        @let [lower, upper] = limits.map(|limit| limit.unwrap_or_else(|| language.unknown().to_owned()));
                        " (" (lower) "\u{202f}\u{2013}\u{202f}" (upper) ")"
                    }
                }
            }
            @if let Some(cases) = side.get("cases").and_then(Value::as_u64) { small { (fill(language.of_cases(), &[&language.count(cases)])) } }
        })
    }

    /// Everything else, a line for each.
    pub fn lines(&self, view: View<'_>, key: &KeptKey) -> Vec<String> {
        let mut lines: Vec<String> = self.missing(view).into_iter().collect();
        lines.extend(self.outcomes(view));
        lines.extend(self.interaction(view));
        lines.extend(self.versions(view));
        lines.extend(self.association(view));
        lines.extend(self.claim(view));
        lines.extend(self.mix(view));
        lines.extend(self.probabilistic(view));
        if key.kind == "silence" {
            lines.extend(self.heard(view));
        }
        lines
    }

    /// The versions in which a criterion was seen.
    pub fn versions(&self, view: View<'_>) -> Option<String> {
        let seen = self.0.get("versions")?.as_array().filter(|seen| !seen.is_empty())?;
        let one = |seen: &Value| {
            let version = seen.get("version").and_then(Value::as_str).unwrap_or(ABSENT);
            let cases = seen.get("cases").and_then(Value::as_u64);
            cases.map_or_else(|| version.to_owned(), |cases| format!("{version} ({})", view.language.count(cases)))
        };
        let older = self.0.get("versions_left_out").and_then(Value::as_u64).filter(|older| *older > 0);
        let older = older.map(|older| format!("+{}", view.language.count(older)));
        let list: Vec<String> = seen.iter().map(one).chain(older).collect();
        Some(format!("{}: {}", view.chapters.versions, list.join(", ")))
    }

    fn missing(&self, view: View<'_>) -> Option<String> {
        let missing = self.0.get("missing")?;
        let of = |side: &str| -> Option<String> {
            let causes = missing.get(side)?.get("by_cause")?.as_object()?;
            let one = |(name, cases): (&String, &Value)| {
                let cause = Cause::ALL.into_iter().find(|cause| cause.name() == name);
                let word = cause.map_or(name.as_str(), |cause| view.language.cause_word(cause));
                Some(format!("{word} {}", view.language.count(cases.as_u64()?)))
            };
            let causes: Vec<String> = causes.iter().filter_map(one).collect();
            Some(causes.join(", ")).filter(|causes| !causes.is_empty())
        };
        let sides = [of("group"), of("reference")];
        if sides.iter().all(Option::is_none) {
            return None;
        }
        let [group, reference] = sides.map(|side| side.unwrap_or_else(|| view.chapters.none.to_owned()));
        Some(fill(view.chapters.missing_causes, &[&group, &reference]))
    }

    fn outcomes(&self, view: View<'_>) -> Option<String> {
        let (range, language) = (self.0.get("outcome_range")?, view.language);
        let limits = [self.number("outcome_range", "low")?, self.number("outcome_range", "high")?];
        let sensitive = range.get("sensitive_to_missing").and_then(Value::as_bool).unwrap_or_default();
        let text = if sensitive { language.outcomes_sensitive() } else { language.outcomes_range() };
        let [low, high] = limits.map(|limit| language.ratio_text(limit));
        Some(fill(text, &[&low, &high]))
    }

    fn interaction(&self, view: View<'_>) -> Option<String> {
        let beyond = self.0.get("interaction")?.as_f64()?;
        Some(fill(view.language.interaction(), &[&view.language.ratio_text(beyond)]))
    }

    fn association(&self, view: View<'_>) -> Option<String> {
        let language = view.language;
        let number = |name: &str| {
            self.number("association", name).map_or_else(|| ABSENT.to_owned(), |value| language.decimal(value, 2))
        };
        self.number("association", "v")?;
        Some(fill(language.association(), &[&number("v"), &number("lower"), &number("upper")]))
    }

    fn claim(&self, view: View<'_>) -> Option<String> {
        let language = view.language;
        let [log_e, shown_at] = [self.number("claim", "log_e")?, self.number("claim", "shown_at")?];
        Some(fill(language.shown_evidence(), &[&odds(language, log_e), &odds(language, shown_at)]))
    }

    fn mix(&self, view: View<'_>) -> Vec<String> {
        let (Some(mix), language) = (self.0.get("mix"), view.language) else { return Vec::new() };
        let kinds = mix.get("kinds").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let one = |kind: &Value| {
            let names = kind.get("kinds")?.as_array()?.iter().filter_map(Value::as_str);
            let names: Vec<&str> = names.map(|name| if name.is_empty() { language.unnamed() } else { name }).collect();
            let cases = |side: &str| Some(language.count(kind.get(side)?.as_u64()?));
            Some(fill(language.kind_cases(), &[&names.join(" + "), &cases("group")?, &cases("reference")?]))
        };
        let p_value = mix.get("p_value").and_then(Value::as_f64).map(|p_value| {
            let shown = language.decimal(p_value.max(LEAST_P_VALUE), 4);
            let shown = if p_value < LEAST_P_VALUE { format!("< {shown}") } else { shown };
            fill(language.mix_p_value(), &[&shown])
        });
        kinds.iter().take(MAX_KINDS).filter_map(one).chain(p_value).collect()
    }

    fn probabilistic(&self, view: View<'_>) -> Option<String> {
        let (of, language) = (self.0.get("probabilistic")?, view.language);
        let ratio = |name: &str| {
            let ratio = of.get(name).and_then(|of| of.get("ratio")).and_then(Value::as_f64);
            ratio.map_or_else(|| language.unknown().to_owned(), |ratio| language.ratio_text(ratio))
        };
        let cases = language.count(of.get("cases")?.as_u64()?);
        Some(fill(language.probabilistic(), &[&cases, &ratio("weighted"), &ratio("regression")]))
    }

    fn heard(&self, view: View<'_>) -> Option<String> {
        let at: jiff::Timestamp = self.0.get("last_heard")?.as_str()?.parse().ok()?;
        let at = view.language.time(EventTime(at.as_millisecond()))?;
        Some(format!("{} {at}", view.language.last_heard()))
    }

    fn number(&self, object: &str, name: &str) -> Option<f64> {
        self.0.get(object)?.get(name)?.as_f64()
    }
}
