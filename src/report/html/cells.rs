//! The cells of tables: numbers of a finding, its verdict and why.

use maud::{Markup, html};

use super::super::model::NOT_TOLD_AT_END;
use super::details::Details;
pub(super) use super::view::ABSENT;
use super::view::{Row, View};
use crate::disclosure::{Counted, KeptFinding, KeptKey, Measured};
use crate::judge::{Reason, Verdict};
use crate::plan::{Cause, Harm, Measure, Period};
use crate::render::words::{fill, indicator_of, limits, mark, odds, rate, standing, verdict_of, withheld};

/// What a row is about: group, subject, or all cases.
pub(super) fn about(view: View<'_>, key: &KeptKey) -> Markup {
    html! {
        @match (&key.dimension, &key.group) {
            (Some(dimension), Some(group)) => { (dimension) "\u{202f}=\u{202f}" b { (group) } }
            (Some(dimension), None) => { (dimension) }
            _ => { @if key.subject.is_none() { (view.language.all_cases()) } }
        }
        @if key.subject.is_some() { @if key.dimension.is_some() { " · " } b { (subject(view, key)) } }
    }
}

/// The same as text.
pub(super) fn about_text(view: View<'_>, key: &KeptKey) -> String {
    let group = match (&key.dimension, &key.group) {
        (Some(dimension), Some(group)) => Some(format!("{group} ({dimension})")),
        (dimension, _) => dimension.clone(),
    };
    let subject = key.subject.is_some().then(|| subject(view, key).to_owned());
    let parts: Vec<String> = group.into_iter().chain(subject).collect();
    if parts.is_empty() { view.language.all_cases().to_owned() } else { parts.join(", ") }
}

/// The subject, in words of the language where it is one of the program's.
fn subject<'t>(view: View<'t>, key: &'t KeptKey) -> &'t str {
    let subject = key.subject.as_deref().unwrap_or_default();
    let chapters = view.chapters;
    match (key.kind.as_str(), subject) {
        ("silence", "selections") => chapters.of_selections,
        ("silence", "controls") => chapters.of_controls,
        ("silence", "outcomes") => chapters.of_outcomes,
        ("silence", "random_controls") => chapters.of_random,
        ("silence", "groups") => chapters.of_groups,
        ("silence", "watermark") => chapters.of_watermark,
        ("silence", "report") => chapters.of_report,
        (_, "(few cases)") => chapters.few_cases,
        _ => subject,
    }
}

/// What it is compared with; empty where with nothing.
pub(super) fn reference<'t>(view: View<'t>, key: &'t KeptKey, row: &'t KeptFinding) -> &'t str {
    match (&row.reference_group, key.reference.as_str()) {
        (Some(group), _) => group,
        (None, "baseline") if key.kind != "disparity" => view.chapters.baseline,
        (None, "reference_period") if key.kind != "disparity" => view.chapters.reference_period,
        (None, word) => view.language.reference(word),
    }
}

/// The rate of the group with its counts, or its values.
pub(super) fn own(view: View<'_>, of: Row<'_>) -> Markup {
    let row = &of.of.row;
    let values = Details::of(row).values(view, indicator_of(&of.of.key), "group");
    values.unwrap_or_else(|| side(view, row, row.group_rate, row.group_counts))
}

/// The same of the reference.
pub(super) fn other(view: View<'_>, of: Row<'_>) -> Markup {
    let row = &of.of.row;
    let values = Details::of(row).values(view, indicator_of(&of.of.key), "reference");
    values.unwrap_or_else(|| side(view, row, row.reference_rate, row.reference_counts))
}

fn side(view: View<'_>, row: &KeptFinding, of: Option<f64>, counts: Option<[u64; 2]>) -> Markup {
    let counted = counts.map(|[exposed, events]| Counted { exposed, events });
    if of.is_none() && counted.is_none() {
        return absent(view, row);
    }
    rate(view.language, of, counted)
}

/// A number that is not there: withheld, or none.
pub(super) fn absent(view: View<'_>, row: &KeptFinding) -> Markup {
    if row.suppressed {
        withheld(view.language)
    } else {
        html! { (ABSENT) }
    }
}

/// The ratio that is judged, with its interval; the crude one beside it; a difference where that is judged.
pub(super) fn ratio(view: View<'_>, row: &KeptFinding) -> Markup {
    let (language, chapters) = (view.language, view.chapters);
    html! {
        @match row.judged_ratio() {
            Some(ratio) => { b { (number(view, ratio.value)) } small { (limits(language, ratio)) } }
            None => { (absent(view, row)) }
        }
        @if let Some((by, _, is_reversed)) = &row.stratified {
            small { (fill(chapters.crude_and_adjusted, &[by])) }
            @if let Some(crude) = row.ratio {
                small { (fill(chapters.crude_is, &[&number(view, crude.value), &limits(language, crude)])) }
            }
            @if *is_reversed { small.reversed { b { (chapters.reversed) } } }
        }
        @if let Some(difference) = row.difference.filter(|_| is_by_difference(row)) {
            small { (fill(language.difference(), &[&points(view, difference.value)])) " (" (points_between(view, difference)) ")" }
        }
    }
}

/// Whether the thresholds are on the difference.
pub(super) fn is_by_difference(row: &KeptFinding) -> bool {
    row.thresholds.as_ref().is_some_and(|thresholds| thresholds.measure == Measure::Difference.name())
}

/// A ratio, or a dash.
pub(super) fn number(view: View<'_>, value: Option<f64>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), |value| view.language.ratio_text(value))
}

/// A difference of rates in percentage points.
pub(super) fn points(view: View<'_>, value: Option<f64>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), |value| view.language.decimal(value * 100.0, 2))
}

/// The limits of a difference.
pub(super) fn points_between(view: View<'_>, difference: Measured) -> String {
    format!("{}\u{202f}\u{2013}\u{202f}{}", points(view, difference.lower), points(view, difference.upper))
}

/// The evidence, in odds.
pub(super) fn evidence(view: View<'_>, row: &KeptFinding) -> Markup {
    let language = view.language;
    let Some(evidence) = row.evidence else {
        return html! { span.muted { @if row.suppressed { (withheld(language)) } @else { (ABSENT) } } };
    };
    html! {
        span { (odds(language, evidence.log_e)) }
        @for line in standing(language, &evidence) { small { (line) } }
        @if let Some(log_e) = evidence.log_e_material.filter(|_| evidence.alarmed) {
            small { (fill(language.evidence_beyond(), &[&odds(language, log_e)])) }
        }
    }
}

/// The verdict, why, what is needed, and what is missing.
pub(super) fn verdict(view: View<'_>, of: Row<'_>) -> Markup {
    let (row, language) = (&of.of.row, view.language);
    html! {
        (mark::verdict(language, verdict_of(row)))
        small { @if is_untold(of) { (view.chapters.because_untold) } @else { (because(view, row)) } }
        @if let Some(line) = stand_in(view, of) { small { (line) } }
        @if let Some(needed) = row.needed { small { (fill(language.needs(), &[&language.count(needed)])) } }
        @for line in missing(view, row) { small { (line) } }
        @for line in Details::of(row).lines(view, &of.of.key) { small { (line) } }
    }
}

/// Whether the rule judges by evidence, and that of this row is not told.
fn is_untold(of: Row<'_>) -> bool {
    let row = &of.of.row;
    let is_judged = matches!(verdict_of(row), Some(Verdict::Within | Verdict::Warning | Verdict::Critical));
    let mut others = of.of.windows.iter().map(|(_, row)| row).chain(of.of.past.iter().map(|point| &point.row));
    is_judged && reason_of(row).is_none() && row.evidence.is_none() && others.any(|other| other.evidence.is_some())
}

/// The numbers of the longest rolling window at the end, where those of the period are withheld.
fn stand_in(view: View<'_>, of: Row<'_>) -> Option<String> {
    if !(of.of.row.suppressed && of.of.basis.is_period) {
        return None;
    }
    let is_rolling = |window: &str| Period::parse(window).is_none() && !window.is_empty();
    let told = of.of.windows.iter().rfind(|(window, row)| is_rolling(window) && !row.suppressed);
    let (window, row) = told.filter(|(_, row)| row.group_rate.is_some())?;
    let rate = |rate: Option<f64>| rate.map_or_else(|| ABSENT.to_owned(), |rate| view.language.percent(rate));
    let ratio = row.judged_ratio().map_or_else(|| ABSENT.to_owned(), |ratio| number(view, ratio.value));
    Some(fill(
        view.chapters.stand_in,
        &[&view.window(window), &rate(row.group_rate), &rate(row.reference_rate), &ratio],
    ))
}

/// Why the verdict is what it is: the reason of a duty, or what a comparison rests on.
pub(super) fn because(view: View<'_>, row: &KeptFinding) -> &'static str {
    let chapters = view.chapters;
    if row.reason.as_deref() == Some(NOT_TOLD_AT_END) {
        return chapters.because_not_told;
    }
    if let Some(reason) = reason_of(row) {
        return view.language.why(reason);
    }
    let alarmed = row.evidence.is_some_and(|evidence| evidence.alarmed);
    match verdict_of(row) {
        None => chapters.because_shown,
        Some(Verdict::Stale) => chapters.because_stale,
        Some(Verdict::Incomplete) => chapters.because_incomplete,
        Some(Verdict::InsufficientData) if row.suppressed => chapters.because_withheld,
        Some(Verdict::InsufficientData) => chapters.because_too_few,
        Some(_) if row.evidence.is_none() => chapters.because_interval,
        Some(Verdict::Within) if alarmed => chapters.because_below,
        Some(Verdict::Within) => chapters.because_no_alarm,
        Some(verdict) => because_raised(view, row, verdict),
    }
}

fn because_raised(view: View<'_>, row: &KeptFinding, verdict: Verdict) -> &'static str {
    let chapters = view.chapters;
    match verdict {
        Verdict::Critical if is_beyond(row, true) => chapters.because_critical,
        Verdict::Critical if row.evidence.is_some_and(|evidence| evidence.material) => chapters.because_material,
        Verdict::Warning if is_beyond(row, false) => chapters.because_warning,
        _ => chapters.because_stands,
    }
}

/// Whether the number is beyond the critical threshold, or the warning one, on the side of harm.
fn is_beyond(row: &KeptFinding, critical: bool) -> bool {
    let Some(thresholds) = &row.thresholds else { return false };
    let measured = if is_by_difference(row) { row.difference } else { row.judged_ratio() };
    let threshold = if critical { thresholds.critical } else { thresholds.warning };
    let equality = if is_by_difference(row) { 0.0 } else { 1.0 };
    let Some(value) = measured.and_then(|measured| measured.value.or(measured.lower)) else { return false };
    match if threshold < equality { Harm::Low } else { Harm::High } {
        Harm::Low => value < threshold,
        Harm::High => value > threshold,
    }
}

/// The reason of a duty.
pub(super) fn reason_of(row: &KeptFinding) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| row.reason.as_deref() == Some(reason.name()))
}

/// Why cases are missing most.
pub(super) fn cause_of(row: &KeptFinding) -> Option<Cause> {
    Cause::ALL.into_iter().find(|cause| row.missing_cause.as_deref() == Some(cause.name()))
}

/// What the comparison does not count; nothing where nothing is missing.
fn missing(view: View<'_>, row: &KeptFinding) -> Vec<String> {
    let Some(cause) = cause_of(row) else { return Vec::new() };
    let [group, reference] = row.missing.map(|share| share_text(view, share));
    let sides = fill(view.chapters.missing_sides, &[&group, &reference]);
    vec![format!("{sides}; {}", fill(view.chapters.largest_cause, &[view.language.cause_word(cause)]))]
}

/// A share, or that it is withheld.
pub(super) fn share_text(view: View<'_>, share: Option<f64>) -> String {
    share.map_or_else(|| view.language.withheld().to_owned(), |share| view.language.percent(share))
}

/// A term with its description.
pub(super) fn item(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}
