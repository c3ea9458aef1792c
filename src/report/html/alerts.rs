//! The alerts of a profile: what each is about, who is to do what, what happened, and the measures taken.

use maud::{Markup, html};

use super::super::model::AlertReport;
use super::cells::{about, item, number, reason_of, reference};
use super::view::View;
use crate::disclosure::KeptTransition;
use crate::judge::Verdict;
use crate::render::words::{fill, indicator_of, limits, mark, time};

/// Alerts of a profile, at most: those that are open, the critical ones, and then the newest. And what happened to one, the first things.
const MAX_ALERTS: usize = 60;
const MAX_HAPPENED: usize = 60;

/// The part about alerts.
pub(super) fn part(view: View<'_>, profile: usize, alerts: &[AlertReport]) -> Markup {
    let shown = shown(alerts);
    let skipped = alerts.len().saturating_sub(shown.len());
    html! {
        h3.topic { (view.chapters.alerts) }
        @if alerts.is_empty() { p { (view.chapters.no_alert) } }
        @for (index, alert) in shown { (card(view, &format!("a{profile}-{index}"), alert)) }
        @if skipped > 0 { p.note { (fill(view.chapters.alerts_left_out, &[&view.count(skipped)])) } }
    }
}

/// The alerts that are shown, in their order, each with its place.
fn shown(alerts: &[AlertReport]) -> Vec<(usize, &AlertReport)> {
    let mut shown: Vec<(usize, &AlertReport)> = alerts.iter().enumerate().collect();
    if shown.len() > MAX_ALERTS {
        let is_less = |alert: &AlertReport| (!alert.is_open, severity(&alert.severity) != Some(Verdict::Critical));
        shown.sort_by_key(|(index, alert)| (is_less(alert), std::cmp::Reverse(*index)));
        shown.truncate(MAX_ALERTS);
        shown.sort_by_key(|(index, _)| *index);
    }
    shown
}

/// Measures about the profile as a whole; nothing where none was told.
pub(super) fn of_profile(view: View<'_>, measures: &[KeptTransition], left_out: u64) -> Markup {
    let (texts, chapters) = (view.language.past(), view.chapters);
    if measures.is_empty() {
        return html! {};
    }
    let left_out = left_out + measures.len().saturating_sub(MAX_ALERTS) as u64;
    html! {
        h3.topic { (chapters.profile_measures) }
        div.scroll role="group" tabindex="0" aria-label=(chapters.profile_measures) {
            table {
                caption.hidden { (chapters.profile_measures) }
                thead { tr { @for name in [texts.when, texts.what, texts.by] { th scope="col" { (name) } } } }
                tbody {
                    @for of in measures.iter().take(MAX_ALERTS) {
                        tr { th scope="row" { (time(view.language, Some(of.at))) } td { (word(view, of)) } td { (measure(view, of)) } }
                    }
                }
            }
        }
        @if left_out > 0 { p.note { (fill(chapters.profile_measures_left_out, &[&view.language.count(left_out)])) } }
    }
}

fn card(view: View<'_>, id: &str, alert: &AlertReport) -> Markup {
    let (language, chapters) = (view.language, view.chapters);
    let severity = severity(&alert.severity);
    let state = if alert.is_open { chapters.is_open } else { chapters.has_ended };
    html! {
        article.alert.(mark::class(severity)) id=(id) {
            h4 {
                (mark::shape(severity))
                span { (language.verdict_word(severity)) ", " (state) @if alert.began_before { "; " (chapters.began_before) } }
            }
            p.subject { (subject(view, alert)) }
            dl.facts {
                (item(chapters.owner, &given(view, &alert.owner)))
                (item(chapters.action, &given(view, &alert.action)))
                (item(chapters.alert_id, &html! { code { (alert.id) } }))
            }
            (happened(view, alert))
            @if alert.transitions.iter().all(|of| of.measure.is_none()) { p.note { (chapters.no_measure) } }
        }
    }
}

fn severity(name: &str) -> Option<Verdict> {
    Verdict::ALL.into_iter().find(|verdict| verdict.name() == name)
}

fn given(view: View<'_>, text: &str) -> Markup {
    html! { @if text.is_empty() { span.muted { (view.chapters.not_given) } } @else { (text) } }
}

fn subject(view: View<'_>, alert: &AlertReport) -> Markup {
    let key = &alert.key;
    let none = crate::disclosure::KeptFinding::default();
    let last = alert.transitions.last().map_or(&none, |of| &of.evidence);
    let reference = reference(view, key, last);
    html! {
        (about(view, key))
        @if !reference.is_empty() { " " (fill(view.chapters.against, &[reference])) }
        @if indicator_of(key).is_some() { "; " (view.language.indicator(indicator_of(key))) }
        " (" (key.rule) ", " (view.window(&key.window)) ")."
        @if let Some(reason) = reason_of(last) { " " (view.language.why(reason)) }
    }
}

fn happened(view: View<'_>, alert: &AlertReport) -> Markup {
    let (texts, chapters) = (view.language.past(), view.chapters);
    let caption = fill(chapters.happened, &[&alert.id]);
    let left_out = alert.left_out + alert.transitions.len().saturating_sub(MAX_HAPPENED) as u64;
    html! {
        @if !alert.transitions.is_empty() {
            div.scroll role="group" tabindex="0" aria-label=(caption) {
                table {
                    caption.hidden { (caption) }
                    thead {
                        tr {
                            th scope="col" { (texts.when) }
                            th scope="col" { (texts.what) }
                            th scope="col" { (chapters.window) }
                            th.number scope="col" { (chapters.ratio_then) }
                            th scope="col" { (texts.by) }
                        }
                    }
                    tbody { @for of in alert.transitions.iter().take(MAX_HAPPENED) { (line(view, of)) } }
                }
            }
            @if left_out > 0 { p.note { (fill(chapters.happened_left_out, &[&view.language.count(left_out)])) } }
        }
    }
}

/// What happened, in words.
fn word<'t>(view: View<'_>, of: &'t KeptTransition) -> &'t str {
    let words = view.language.past().words;
    words.iter().find(|(name, _)| *name == of.transition).map_or(of.transition.as_str(), |(_, word)| *word)
}

fn line(view: View<'_>, of: &KeptTransition) -> Markup {
    let word = word(view, of);
    html! {
        tr {
            th scope="row" { (time(view.language, Some(of.at))) }
            td { (word) @if of.measure.is_none() { small { (view.language.verdict_word(severity(&of.severity))) } } }
            td { (view.window(&of.key.window)) }
            td.number {
                @match of.evidence.judged_ratio() {
                    Some(ratio) => { (number(view, ratio.value)) small { (limits(view.language, ratio)) } }
                    None => { (super::cells::ABSENT) }
                }
            }
            td { (measure(view, of)) }
        }
    }
}

/// Who took a measure, why, and how far an acceptance goes.
fn measure(view: View<'_>, of: &KeptTransition) -> Markup {
    let Some([by, reason]) = &of.measure else { return html! { (super::cells::ABSENT) } };
    let language = view.language;
    html! {
        (by)
        small { (reason) }
        @if let Some(until) = of.until { small { (language.until()) " " (view.moment(until)) } }
        @if let Some(ratio) = of.accepted_ratio { small { (fill(language.up_to_ratio(), &[&language.ratio_text(ratio)])) } }
    }
}
