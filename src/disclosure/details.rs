//! What a finding says beyond its columns: one JSON object, with the words of `paritywatch.evaluation.v1`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::json::{OfAssociation, OfClaim, OfOutcomes, OfVersion, rfc3339};
use super::missing::{PublishedMissing, PublishedMissingSide};
use super::published::PublishedFinding;

/// Fields that belong to the verdict, and are those of its moment. All others are numbers of a release, or words of these.
const OF_VERDICT: [&str; 2] = ["last_heard", "suppressed"];

/// Fields of an object, in the order of their names.
type Fields<'j> = BTreeMap<String, &'j RawValue>;

/// Returns the fields of a finding that have no column, as far as there is something to say; `None` where there is nothing.
pub(super) fn details(finding: &PublishedFinding) -> Option<String> {
    // Writing to memory cannot fail: every key is a string, and an infinite number becomes null.
    let text = serde_json::to_string(&Details(finding)).ok()?;
    (text != "{}").then_some(text)
}

/// Returns what was told of the details, without what `now` withholds. What belongs to the verdict is that of now.
pub(super) fn masked(told: Option<&String>, now: Option<&String>) -> Option<String> {
    let (told, now) = (told?, now?);
    if told == now {
        return Some(told.clone());
    }
    let masked = serde_json::from_str(told).ok().zip(serde_json::from_str(now).ok());
    masked.and_then(|(told, now)| mask(told, now)).filter(|text| text != "{}")
}

/// Returns whether something was told that is withheld now.
pub(super) fn tells_more(told: Option<&String>, now: Option<&String>) -> bool {
    let value = |text: Option<&String>| text.and_then(|text| serde_json::from_str::<Box<RawValue>>(text).ok());
    match (value(told), value(now)) {
        (Some(told), Some(now)) => told.get() != now.get() && has_more(&told, &now),
        (told, _) => told.is_some(),
    }
}

struct Details<'p>(&'p PublishedFinding);

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(finding) = self;
        let mut map = serializer.serialize_map(None)?;
        let missing = Missing(&finding.missing);
        if !missing.is_empty() {
            map.serialize_entry("missing", &missing)?;
        }
        if let Some(bracket) = &finding.probabilistic {
            map.serialize_entry("probabilistic", bracket)?;
        }
        if let Some(range) = &finding.outcomes {
            map.serialize_entry("outcome_range", &OfOutcomes(range))?;
        }
        if let Some(values) = &finding.values {
            map.serialize_entry("values", values)?;
        }
        if let Some(mix) = &finding.mix {
            map.serialize_entry("mix", mix)?;
        }
        if let Some(association) = &finding.association {
            map.serialize_entry("association", &OfAssociation(association, finding.contrast.as_ref()))?;
        }
        if let Some(versions) = &finding.versions {
            map.serialize_entry("versions", &versions.seen.iter().map(OfVersion).collect::<Vec<_>>())?;
            map.serialize_entry("versions_left_out", &versions.left_out)?;
        }
        if let Some(interaction) = finding.interaction {
            map.serialize_entry("interaction", &interaction)?;
        }
        if let Some(heard) = finding.last_heard.and_then(rfc3339) {
            map.serialize_entry("last_heard", &heard)?;
        }
        if let Some(claim) = &finding.claim {
            map.serialize_entry("claim", &OfClaim(claim))?;
        }
        map.end()
    }
}

/// The missing cases of the sides that have any.
struct Missing<'p>(&'p PublishedMissing);

impl Missing<'_> {
    fn sides(&self) -> impl Iterator<Item = (&'static str, &PublishedMissingSide)> {
        let says = |(_, side): &(&str, &PublishedMissingSide)| side.cases != Some(0) || side.suppressed;
        [("group", &self.0.group), ("reference", &self.0.reference)].into_iter().filter(says)
    }

    fn is_empty(&self) -> bool {
        self.0.bounds.is_none() && self.sides().next().is_none()
    }
}

impl Serialize for Missing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.sides().try_for_each(|(name, side)| map.serialize_entry(name, side))?;
        if let Some((lower, upper)) = self.0.bounds {
            map.serialize_entry("ratio_bounds", &BTreeMap::from([("lower", Some(lower)), ("upper", upper)]))?;
        }
        map.end()
    }
}

/// Returns what was told of a value as far as now still tells it; `None` where it withholds all of it.
fn mask(told: &RawValue, now: &RawValue) -> Option<String> {
    if is_null(told) || is_null(now) {
        return None;
    }
    if let (Some(told), Some(now)) = (parsed::<Fields<'_>>(told), parsed::<Fields<'_>>(now)) {
        return Some(mask_fields(&told, &now)).filter(|text| text != "{}");
    }
    if let (Some(told), Some(now)) = (parsed::<Vec<&RawValue>>(told), parsed::<Vec<&RawValue>>(now)) {
        return Some(mask_list(&told, &now));
    }
    Some(told.get().to_owned())
}

fn mask_fields(told: &Fields<'_>, now: &Fields<'_>) -> String {
    let of_verdict = |name: &str| OF_VERDICT.contains(&name);
    let mut fields: BTreeMap<&str, String> = BTreeMap::new();
    for (name, now) in now {
        let told = told.get(name);
        let field = if of_verdict(name) { Some(now.get().to_owned()) } else { told.and_then(|told| mask(told, now)) };
        fields.extend(field.map(|field| (name.as_str(), field)));
    }
    let field = |(name, value): (&str, String)| {
        // A text is always JSON.
        format!("{}:{value}", serde_json::to_string(name).unwrap_or_default())
    };
    format!("{{{}}}", fields.into_iter().map(field).collect::<Vec<_>>().join(","))
}

/// Of lists that are about other things than before, such as other versions, the one of now is told: it is what is published.
fn mask_list(told: &[&RawValue], now: &[&RawValue]) -> String {
    let is_alike = is_alike(told, now);
    let element = |(told, now): (&&RawValue, &&RawValue)| {
        if is_alike { mask(told, now).unwrap_or_else(|| "null".to_owned()) } else { now.get().to_owned() }
    };
    let told = if is_alike { told } else { now };
    format!("[{}]", told.iter().zip(now).map(element).collect::<Vec<_>>().join(","))
}

/// Whether there is a number that now does not have.
fn has_more(told: &RawValue, now: &RawValue) -> bool {
    if is_null(told) || is_null(now) {
        return !is_null(told);
    }
    if let (Some(told), Some(now)) = (parsed::<Fields<'_>>(told), parsed::<Fields<'_>>(now)) {
        let of_release = told.into_iter().filter(|(name, _)| !OF_VERDICT.contains(&name.as_str()));
        let mut of_release = of_release.filter(|(_, value)| !is_null(value));
        return of_release.any(|(name, told)| now.get(&name).is_none_or(|now| has_more(told, now)));
    }
    if let (Some(told), Some(now)) = (parsed::<Vec<&RawValue>>(told), parsed::<Vec<&RawValue>>(now)) {
        return !is_alike(&told, &now) || told.iter().zip(now).any(|(told, now)| has_more(told, now));
    }
    false
}

/// Whether two lists are about the same things.
fn is_alike(told: &[&RawValue], now: &[&RawValue]) -> bool {
    told.len() == now.len() && told.iter().zip(now).all(|(told, now)| words(told) == words(now))
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// The texts in a value: what it is about.
fn words(value: &RawValue) -> Vec<String> {
    if let Some(fields) = parsed::<Fields<'_>>(value) {
        return fields.values().flat_map(|value| words(value)).collect();
    }
    if let Some(list) = parsed::<Vec<&RawValue>>(value) {
        return list.into_iter().flat_map(words).collect();
    }
    parsed::<String>(value).into_iter().collect()
}

fn parsed<'j, T: serde::Deserialize<'j>>(value: &'j RawValue) -> Option<T> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use super::*;

    fn of(told: &str, now: &str) -> String {
        masked(Some(&told.to_owned()), Some(&now.to_owned())).unwrap_or_default()
    }

    fn more(told: &str, now: &str) -> bool {
        tells_more(Some(&told.to_owned()), Some(&now.to_owned()))
    }

    #[test]
    fn what_is_withheld_now_is_withheld_and_other_numbers_stand() {
        assert_eq!(
            of(r#"{"a":0.1,"b":{"c":3,"d":4}}"#, r#"{"a":0.2,"b":{"c":9,"d":null}}"#),
            r#"{"a":0.1,"b":{"c":3}}"#
        );
        assert_eq!(of(r#"{"a":1,"b":2}"#, r#"{"b":7,"e":1}"#), r#"{"b":2}"#);
        assert_eq!(of(r#"{"a":1}"#, r#"{"b":7}"#), "");
        assert_eq!(masked(Some(&"{}".to_owned()), None), None);
        assert_eq!(masked(None, Some(&r#"{"a":1}"#.to_owned())), None);
    }

    #[test]
    fn what_belongs_to_the_verdict_is_that_of_now() {
        let told = r#"{"last_heard":"2026-01-01T00:00:00Z","mix":{"suppressed":false,"n":1}}"#;
        let now = r#"{"last_heard":"2026-02-01T00:00:00Z","mix":{"suppressed":true}}"#;
        assert_eq!(of(told, now), r#"{"last_heard":"2026-02-01T00:00:00Z","mix":{"suppressed":true}}"#);
        assert_eq!(of(told, "{}"), "", "nothing is heard of now");
    }

    #[test]
    fn a_list_about_the_same_things_is_masked_and_one_about_others_is_that_of_now() {
        let told = r#"{"versions":[{"cases":30,"version":"1"},{"cases":40,"version":"2"}]}"#;
        let now = r#"{"versions":[{"cases":31,"version":"1"},{"cases":null,"version":"2"}]}"#;
        assert_eq!(of(told, now), r#"{"versions":[{"cases":30,"version":"1"},{"version":"2"}]}"#);
        assert!(more(told, now) && !more(&of(told, now), now));
        let now = r#"{"versions":[{"cases":50,"version":"0"},{"cases":null,"version":"1"}]}"#;
        assert_eq!(of(told, now), now);
        assert!(more(told, now) && !more(now, now), "it comes to rest");
    }

    #[test]
    fn less_is_told_only_where_a_number_is_gone() {
        assert!(more(r#"{"a":1}"#, r#"{"b":1}"#) && more(r#"{"a":{"b":1}}"#, r#"{"a":{"b":null}}"#));
        assert!(!more(r#"{"a":1}"#, r#"{"a":2,"b":1}"#) && !more(r#"{"a":null}"#, r#"{"b":1}"#));
        let heard = |day: u8| format!(r#"{{"last_heard":"2026-01-0{day}T00:00:00Z"}}"#);
        assert!(!more(&heard(1), &heard(2)), "it was heard of since");
        assert!(tells_more(Some(&heard(1)), None) && !tells_more(None, Some(&heard(1))));
    }
}
