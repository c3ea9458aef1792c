//! What was done about alerts and profiles. The texts were written by people; the templates escape them.

use std::sync::Arc;

use maud::{Markup, html};

use super::moment::time;
use super::text::{Language, fill};
use crate::alert::BeyondAccepted;
use crate::disclosure::{PublishedAcceptance, PublishedAnswer, PublishedMeasure, PublishedMeasures, UnknownName};
use crate::plan::Measure;

/// Measures of each list of the section, at most: the newest. The page says how many it leaves out.
const MAX_ROWS: usize = 100;

/// What was done about one alert; nothing where nothing was.
pub(super) fn of_alert(language: Language, answer: &PublishedAnswer) -> Markup {
    html! {
        @if let Some(found) = &answer.acceptance { (acceptance(language, found)) }
        @if !answer.measures.is_empty() {
            h4 { (language.measures()) }
            ul.measures {
                @for (measure, has_effect) in answer.measures_with_effect().rev() {
                    li.past[!has_effect] {
                        @if !has_effect { i { (language.measure_not_in_force()) } ": " }
                        (line(language, measure))
                    }
                }
            }
        }
        @if answer.left_out > 0 {
            p.note { (fill(language.measures_left_out(), &[&language.count(answer.left_out as u64)])) }
        }
    }
}

/// The section about measures that belong to no alert; nothing where there are none.
pub(super) fn section(language: Language, measures: &PublishedMeasures) -> Markup {
    let PublishedMeasures { of_profiles, unmatched, left_out, dropped, .. } = measures;
    if of_profiles.is_empty() && unmatched.is_empty() && *dropped == 0 {
        return html! {};
    }
    html! {
        section aria-labelledby="measures" {
            h2 id="measures" { (language.measures()) }
            p.note { (language.measures_note()) }
            (list(language, language.measures_of_profiles(), of_profiles))
            (list(language, language.measures_unmatched(), unmatched))
            @if *left_out > 0 {
                p.note { (fill(language.measures_left_out(), &[&language.count(*left_out)])) }
            }
            @if *dropped > 0 { p.note { (fill(language.measures_dropped(), &[&language.count(*dropped)])) } }
        }
    }
}

fn acceptance(language: Language, acceptance: &PublishedAcceptance) -> Markup {
    html! {
        p.acceptance {
            @match acceptance.ended {
                Some((end, at)) => {
                    b { (language.acceptance_ended()) } ": " (language.acceptance_end(end))
                    @if let Some(beyond) = &acceptance.beyond { ", " (beyond_accepted(language, beyond)) }
                    " (" (time(language, Some(at))) ")"
                }
                None => {
                    b { (language.acceptance()) } " " (fill(language.decided_by(), &[&acceptance.by]))
                    @if let Some(until) = acceptance.until { " " (language.until()) " " (time(language, Some(until))) }
                    ", " (up_to(language, acceptance))
                    ". " (language.still_holds())
                }
            }
        }
    }
}

/// Which window was beyond, and by which number.
fn beyond_accepted(language: Language, beyond: &BeyondAccepted) -> String {
    match beyond.shown {
        Some((measure, [value, accepted])) => {
            let text = match measure {
                Measure::Ratio => language.beyond_ratio(),
                Measure::Difference => language.beyond_difference(),
            };
            fill(text, &[&beyond.window, &language.ratio_text(value), &language.ratio_text(accepted)])
        }
        None => fill(language.beyond_severity(), &[&beyond.window]),
    }
}

/// Up to what it is accepted.
fn up_to(language: Language, acceptance: &PublishedAcceptance) -> String {
    match acceptance.up_to {
        Some((Measure::Ratio, ratio)) => fill(language.up_to_ratio(), &[&language.ratio_text(ratio)]),
        Some((Measure::Difference, value)) => fill(language.up_to_difference(), &[&language.ratio_text(value)]),
        None => language.up_to_severity().to_owned(),
    }
}

/// The newest first.
fn list(language: Language, title: &str, measures: &[Arc<PublishedMeasure>]) -> Markup {
    let mut sorted: Vec<&PublishedMeasure> = measures.iter().map(AsRef::as_ref).collect();
    sorted.sort_by_key(|measure| std::cmp::Reverse(measure.at));
    let left_out = sorted.len().saturating_sub(MAX_ROWS);
    sorted.truncate(MAX_ROWS);
    html! {
        @if !sorted.is_empty() {
            h3 { (title) }
            ul.measures { @for measure in sorted { li { b { (subject(measure)) } ": " (line(language, measure)) } } }
        }
        @if left_out > 0 {
            p.note { (fill(language.measures_left_out(), &[&language.count(left_out as u64)])) }
        }
    }
}

fn line(language: Language, measure: &PublishedMeasure) -> Markup {
    let PublishedMeasure { at, kind, subject: _, reason, by, until, accepted_ratio, unknown } = measure;
    html! {
        (time(language, Some(*at))) ": " b { (language.measure_word(*kind)) } " " (fill(language.decided_by(), &[by]))
        @if let Some(until) = until { " " (language.until()) " " (time(language, Some(*until))) }
        @if let Some(ratio) = accepted_ratio { ", " (fill(language.up_to_ratio(), &[&language.ratio_text(*ratio)])) }
        ": " q { (reason) }
        @if let Some(UnknownName { what, near }) = unknown {
            " " b { (fill(language.unknown_name(), &[language.name_word(what)])) }
            @if let Some(near) = near { " " (fill(language.did_you_mean(), &[near])) }
        }
    }
}

/// What it answers, as its event named it.
fn subject(measure: &PublishedMeasure) -> String {
    let subject = &measure.subject;
    let group = match (&subject.dimension, &subject.group) {
        (Some(dimension), Some(group)) => Some(format!("{dimension}={group}")),
        (dimension, _) => dimension.clone(),
    };
    let names = [subject.alert_id.clone(), subject.profile.clone(), subject.rule.clone(), group];
    names.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
