//! What was found about a group, as a sentence without jargon.

use super::cells::{about_text, because, reference};
use super::view::{Row, View};
use super::words::SENTENCES;
use crate::disclosure::Measured;
use crate::plan::Indicator;
use crate::render::words::{Language, fill, indicator_of, limits};

/// The sentence of a finding.
pub(super) fn sentence(view: View<'_>, of: Row<'_>) -> String {
    let (key, row) = (&of.of.key, &of.of.row);
    let group = about_text(view, key);
    if row.reason.is_some() {
        return format!("{group}: {}", because(view, row));
    }
    let (Some(indicator), Some(ratio)) = (indicator_of(key), row.judged_ratio()) else {
        return fill(view.opening.no_number, &[&group]);
    };
    let times = times(view, ratio);
    let level = view.language.percent_level(row.confidence);
    let interval = fill(view.opening.with_interval, &[&level, &limits(view.language, ratio)]);
    if key.reference == "random" && matches!(indicator, Indicator::SelectionRate | Indicator::ControlFrequency) {
        return fill(view.opening.of_share, &[&group, &times, &interval]);
    }
    let known = SENTENCES.iter().find(|(known, ..)| *known == indicator);
    let Some((_, english, dutch)) = known else { return group };
    let text = if view.language == Language::English { english } else { dutch };
    fill(text, &[&group, &times, reference(view, key, row), &interval])
}

/// `1.63 times`; of a ratio that is beyond every number, `more than 1.63 times`.
fn times(view: View<'_>, ratio: Measured) -> String {
    let times = |value: f64| fill(view.opening.times, &[&view.language.ratio_text(value)]);
    match (ratio.value, ratio.lower) {
        (Some(value), _) => times(value),
        (None, Some(lower)) => fill(view.opening.more_than, &[&times(lower)]),
        (None, None) => fill(view.opening.times, &[view.language.unknown()]),
    }
}
