//! The alerts, each with its evidence, its owner and the action that is asked for.

use maud::{Markup, html};

use super::findings::{evidence, limits, of_reference, own, sides, withheld};
pub(super) use super::moment::time;
use super::plot::drawn;
use super::text::{Language, fill};
use super::{mark, measures};
use crate::alert::{AlertState, Severity};
use crate::disclosure::{PublishedAlert, PublishedFinding};
use crate::judge::{Reason, Verdict};
use crate::plan::Indicator;

/// Open alerts on the page, at most, and ended ones. The newest stay.
const MAX_OPEN: usize = 100;
const MAX_ENDED: usize = 50;

/// The section.
pub(super) fn section(language: Language, alerts: &[PublishedAlert]) -> Markup {
    let (mut open, mut ended): (Vec<&PublishedAlert>, Vec<&PublishedAlert>) =
        alerts.iter().rev().partition(|alert| alert.state.is_open());
    // Firing before pending, critical before warning, new before old.
    open.sort_by_key(|alert| (alert.state != AlertState::Firing, std::cmp::Reverse(alert.severity)));
    let all_ended = ended.len();
    let left_out = open.len().saturating_sub(MAX_OPEN) + ended.len().saturating_sub(MAX_ENDED);
    open.truncate(MAX_OPEN);
    ended.truncate(MAX_ENDED);
    html! {
        section aria-labelledby="alerts" {
            h2 id="alerts" { (language.alerts()) }
            @if open.is_empty() { p.note { (language.no_open_alert()) } }
            @for alert in &open { (card(language, alert)) }
            @if !ended.is_empty() {
                details {
                    summary { (fill(language.ended_alerts(), &[&language.count(all_ended as u64)])) }
                    @for alert in &ended { (card(language, alert)) }
                }
            }
            @if left_out > 0 {
                p.note { (fill(language.left_out_alerts(), &[&language.count(left_out as u64)])) }
            }
        }
    }
}

fn card(language: Language, alert: &PublishedAlert) -> Markup {
    let finding = &alert.evidence;
    let reference = finding.reference_group.as_deref().unwrap_or_else(|| language.reference(&finding.reference));
    let verdict = Some(match alert.severity {
        Severity::Critical => Verdict::Critical,
        Severity::Warning => Verdict::Warning,
    });
    html! {
        article.alert.card.(mark::class(verdict)).ended[!alert.state.is_open()] id=(alert.anchor()) {
            h3 {
                (mark::shape(verdict))
                span {
                    (language.severity_word(alert.severity)) ", " (language.state_word(alert.state))
                    @if alert.answer.is_accepted() { ", " (language.accepted()) }
                }
            }
            p.subject {
                b { (finding.profile) } ": "
                @match (&finding.dimension, &finding.group) {
                    (Some(dimension), Some(group)) => { (dimension) "\u{202f}=\u{202f}" b { (group) } " " }
                    _ => { @if finding.subject.is_none() { (language.all_cases()) " " } }
                }
                @if let Some(subject) = &finding.subject { b { (subject) } " " }
                @if !reference.is_empty() { (fill(language.against(), &[reference])) "; " }
                @if finding.indicator.is_some() { (language.indicator(finding.indicator)) " " }
                "(" (finding.rule) ", " (finding.window) ")"
            }
            @if let Some(reason) = finding.reason.filter(|reason| *reason != Reason::Nothing) {
                p { (language.why(reason)) }
            }
            @if let Some(versions) = language.seen_in(finding.versions.as_ref()) { p { (versions) } }
            dl {
                (numbers(language, finding))
                (item(language.since(), &time(language, Some(alert.active_at))))
                @if alert.fired_at.is_some() { (item(language.fired_at(), &time(language, alert.fired_at))) }
                @if alert.resolved_at.is_some() { (item(language.resolved_at(), &time(language, alert.resolved_at))) }
                @if !alert.owner.is_empty() { (item(language.owner(), &html! { (alert.owner) })) }
                @if !alert.action.is_empty() { (item(language.action(), &html! { (alert.action) })) }
                @if !alert.runbook.is_empty() { (item(language.runbook(), &link(&alert.runbook))) }
                (item(language.alert_id(), &html! { code { (alert.id) } }))
            }
            (measures::of_alert(language, &alert.answer))
            p { a href=(format!("#{}", finding.anchor())) { (language.see_finding()) } }
        }
    }
}

/// What an alert rests on. Rules of other kinds than disparity may have nothing to compare with, and no evidence.
fn numbers(language: Language, finding: &PublishedFinding) -> Markup {
    let is_duty = finding.reason.is_some();
    let [of_group, of_other] = sides(language, finding);
    let name = if is_duty { language.found() } else { of_group };
    // There the rates are of known outcomes, and the ratio is of those that are missing.
    let of_missing = is_duty && finding.indicator == Some(Indicator::OutcomeCoverage);
    let ratio = if of_missing { language.ratio_of_missing() } else { language.ratio() };
    html! {
        @if !is_duty || finding.ratio.is_some() {
            (item(ratio, &html! {
                @match drawn(finding) {
                    Some(ratio) => {
                        @if let Some(value) = ratio.value { b { (language.ratio_text(value)) } " " }
                        "(" (limits(language, ratio)) ")"
                    }
                    None if finding.suppressed => { (withheld(language)) }
                    None => { (language.unknown()) }
                }
            }))
        }
        (item(name, &own(language, finding)))
        @if finding.compares {
            (item(of_other, &of_reference(language, finding)))
        }
        @if !is_duty || finding.evidence.is_some() { (item(language.evidence(), &evidence(language, finding))) }
    }
}

fn item(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A link if the address leads to the web, else plain text.
fn link(target: &str) -> Markup {
    let is_web = ["https://", "http://"].iter().any(|scheme| target.starts_with(scheme));
    html! { @if is_web { a href=(target) rel="noreferrer" { (target) } } @else { (target) } }
}
