//! How cases were handled: the values of a side, and the mix of kinds.

use maud::{Markup, html};

use super::text::{Language, fill};
use crate::disclosure::{PublishedMix, quantile_name};
use crate::judge::{MixKind, ValueSide};
use crate::plan::Indicator;

/// The smallest p-value that four digits show.
const LEAST_P_VALUE: f64 = 1e-4;

/// The values of one side: what is compared, and beside it the rest.
pub(super) fn values(language: Language, indicator: Option<Indicator>, side: &ValueSide) -> Markup {
    let number =
        |value: Option<f64>| value.map_or_else(|| language.unknown().to_owned(), |value| text(language, value));
    let unit = if indicator == Some(Indicator::Duration) { language.unit_minutes() } else { "" };
    let [usual, harsh, highest] = side.quantiles;
    html! {
        @if indicator == Some(Indicator::Intensity) { (number(side.mean)) small { (language.mean()) } }
        @for quantile in [usual, harsh, highest] {
            small {
                (quantile_name(quantile.share)) " "
                // A word for what is not known needs no unit, and two such words are no interval.
                @if quantile.value.is_some() { b { (number(quantile.value)) (unit) } } @else { (language.unknown()) }
                @if quantile.lower.or(quantile.upper).is_some() {
                    " (" (number(quantile.lower)) "\u{202f}\u{2013}\u{202f}" (number(quantile.upper)) ")"
                }
            }
        }
        small { (fill(language.of_cases(), &[&language.count(side.count)])) }
    }
}

/// In which ways the cases of both sides were handled.
pub(super) fn mix(language: Language, mix: &PublishedMix) -> Markup {
    let name = |kind: &MixKind| {
        let named = |kind: &String| if kind.is_empty() { language.unnamed().to_owned() } else { kind.clone() };
        kind.kinds.iter().map(named).collect::<Vec<_>>().join(" + ")
    };
    let told = mix.kinds.iter().map(|kind| (name(kind), [kind.group, kind.reference]));
    html! {
        @for (kind, [group, reference]) in told {
            small { (fill(language.kind_cases(), &[&kind, &language.count(group), &language.count(reference)])) }
        }
        @if let Some(p_value) = mix.p_value {
            small { (fill(language.mix_p_value(), &[&small_or_decimal(language, p_value)])) }
        }
    }
}

/// A p-value of 0.0000 would read as none.
fn small_or_decimal(language: Language, p_value: f64) -> String {
    let shown = language.decimal(p_value.max(LEAST_P_VALUE), 4);
    if p_value < LEAST_P_VALUE { format!("< {shown}") } else { shown }
}

fn text(language: Language, value: f64) -> String {
    let is_whole = value.fract() == 0.0;
    language.decimal(value, if is_whole { 0 } else { 1 })
}
