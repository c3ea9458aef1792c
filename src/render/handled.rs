//! How cases were handled, as text for a terminal.

use crate::disclosure::{PublishedFinding, PublishedMix, quantile_name};
use crate::judge::{MixKind, Quantile, ValueSide};

/// The values of both sides, of a finding that compares values.
pub(super) fn values_text(finding: &PublishedFinding) -> Option<String> {
    let values = finding.values?;
    let side = |side: Option<ValueSide>| side.map_or_else(|| "withheld".to_owned(), |side| side_text(&side));
    Some(format!("group {}; reference {}", side(values.group), side(values.reference)))
}

/// The mix of kinds, with its test.
pub(super) fn mix_text(mix: &PublishedMix) -> String {
    let told = mix.kinds.iter().map(|kind| (name(kind), [kind.group, kind.reference]));
    let kinds: Vec<String> = told.map(|(kind, [group, reference])| format!("{kind} {group} : {reference}")).collect();
    let test = mix.p_value.map_or_else(|| "not tested".to_owned(), p_text);
    format!("{} (group : reference; {test})", kinds.join(", "))
}

/// A p-value of 0.0000 would read as none.
fn p_text(p_value: f64) -> String {
    if p_value < 1e-4 { "p < 0.0001".to_owned() } else { format!("p {p_value:.4}") }
}

/// The median and the like in one cell of the table.
pub(super) fn short(side: Option<ValueSide>) -> Option<String> {
    let side = side?;
    let [usual, harsh, _] = side.quantiles;
    Some(format!("{}, {} (of {})", quantile(&usual), quantile(&harsh), side.count))
}

fn side_text(side: &ValueSide) -> String {
    let quantiles: Vec<String> = side.quantiles.iter().map(limited).collect();
    let mean = side.mean.map_or_else(String::new, |mean| format!(", mean {mean:.2}"));
    format!("{}{mean} ({} cases)", quantiles.join(", "), side.count)
}

fn quantile(quantile: &Quantile) -> String {
    let value = quantile.value.map_or_else(|| "·".to_owned(), |value| value.to_string());
    format!("{} {value}", quantile_name(quantile.share))
}

fn limited(of: &Quantile) -> String {
    let limit = |limit: Option<f64>| limit.map_or_else(|| "·".to_owned(), |limit| limit.to_string());
    format!("{} [{}, {}]", quantile(of), limit(of.lower), limit(of.upper))
}

/// The kinds of a case, for people. Their names come from events, so they may not steer a terminal.
fn name(kind: &MixKind) -> String {
    let shown = |kind: &String| if kind.is_empty() { "(unnamed)".to_owned() } else { kind.escape_debug().to_string() };
    kind.kinds.iter().map(shown).collect::<Vec<_>>().join(" + ")
}
