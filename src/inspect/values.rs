//! A second look at records that are not of the contract: values of the few paths that become names of a configuration, from enough cases on.

use serde_json::Value;

use super::contract::ByName;
use super::framing::Parsed;
use super::unit::{Unit, hash_of};
use crate::plan::group_name::normalise;
use crate::source::sample::Sample;

/// The longest value that can be a name, in bytes.
const MOST_BYTES: usize = 64;

/// Where the values stand, as pointers in which `*` stands for each element.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'w> {
    /// The array whose elements are events of their own, where there is one.
    pub each: Option<&'w str>,
    /// The case id, by which cases are told apart.
    pub case_id: Option<&'w str>,
    /// The values.
    pub values: &'w str,
}

/// Returns the values with their cases, of the records that `is_meant` picks.
pub(super) fn values(sample: &Sample, wanted: Wanted<'_>, is_meant: impl Fn(&Parsed) -> bool) -> ByName {
    let mut found = ByName::default();
    for record in &sample.records {
        let parsed = Parsed::of(record);
        let Some((row, _)) = parsed.row().filter(|_| is_meant(&parsed)) else { continue };
        let events =
            wanted.each.map_or_else(|| vec![row], |each| at(row, each).into_iter().flat_map(elements).collect());
        for event in events {
            let within = |pointer: &str| {
                let inner = wanted.each.and_then(|each| pointer.strip_prefix(each)?.strip_prefix("/*"));
                inner.map_or_else(|| first(row, pointer), |inner| first(event, inner))
            };
            let case = wanted.case_id.and_then(&within).map_or_else(|| Unit::of(record).hash(), hash_of);
            if let Some(name) = within(wanted.values).and_then(name) {
                found.add(&name, case);
            }
        }
    }
    found
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn first<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    at(value, pointer).into_iter().next()
}

/// Returns what stands at a pointer.
fn at<'v>(value: &'v Value, pointer: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        found = found
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(elements) if name == "*" => elements.iter().collect::<Vec<_>>(),
                other => other.get(&name).into_iter().collect(),
            })
            .collect();
    }
    found
}

/// Returns a value as a name.
fn name(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => normalise(text).into_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= MOST_BYTES).then_some(text)
}
