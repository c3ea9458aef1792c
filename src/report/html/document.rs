//! The whole report: head, title, contents, parts in their order, foot of each page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::model::{Report, Source};
use super::cells::item;
use super::view::View;
use super::{appendix, method, missing, profile, quality, summary};
use crate::render::words::{Language, fill};

/// The style sheet; the file carries it.
const STYLE: &str = include_str!("style.css");

/// Renders the report. The same report gives the same text.
#[must_use]
pub fn render(report: &Report, language: Language) -> String {
    let view = View::of(report, language);
    let page = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            (head(view))
            body {
                a.skip href="#content" { (language.skip()) }
                (title(view))
                (contents(view))
                main id="content" tabindex="-1" {
                    (missing::section(view))
                    (summary::section(view))
                    @for (index, of) in report.profiles.iter().enumerate() { (profile::chapter(view, index, of)) }
                    (quality::section(view))
                    (method::section(view))
                    (summary::signature(view))
                    (appendix::section(view))
                }
                footer { p { (view.opening.title) ", " (view.period()) ". paritywatch " (env!("CARGO_PKG_VERSION")) ". " (view.method.all_times) } }
            }
        }
    };
    page.into_string()
}

fn head(view: View<'_>) -> Markup {
    let to_date = if view.report.to_date.is_some() { format!(" ({})", view.opening.to_date) } else { String::new() };
    let title = format!("{}, {}{to_date}", view.opening.title, view.report.period.label);
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="generator" content=(concat!("paritywatch ", env!("CARGO_PKG_VERSION")));
            title { (title) }
            style { (PreEscaped(STYLE)) (PreEscaped(foot(&title))) }
        }
    }
}

/// The foot of each page of paper. Only letters, digits and a few marks of the title are taken, as it stands in the style sheet.
fn foot(title: &str) -> String {
    let plain: String =
        title.chars().filter(|letter| letter.is_ascii_alphanumeric() || " ,.-".contains(*letter)).collect();
    format!("@page {{ @bottom-left {{ content: \"{plain}\"; }} }}")
}

fn title(view: View<'_>) -> Markup {
    let (report, opening, language) = (view.report, view.opening, view.language);
    let coverage = &report.coverage;
    html! {
        header {
            p.brand { (opening.brand) }
            h1 { (opening.title) }
            p.period { (view.period()) @if report.to_date.is_some() { ", " (opening.to_date) } @if report.period.label != view.period() { " " span.label { (report.period.label) } } }
            p.subtitle { (opening.subtitle) }
            dl.facts {
                (item(opening.made_of, &html! { @match report.source { Source::History => { (opening.of_history) } Source::Replay => { (opening.of_replay) } } }))
                (item(opening.days, &html! { (fill(opening.days_of, &[&language.count(coverage.days_with_release), &language.count(coverage.days)])) }))
                (item(opening.releases, &html! { (language.count(coverage.releases)) }))
                @if let (Some(first), Some(last)) = (coverage.first, coverage.last) {
                    (item(opening.first_last, &html! { (view.moment(first)) " – " (view.moment(last)) }))
                }
                (item(opening.rests_on, &html! {
                    @match &report.audit {
                        Some(audit) => { (fill(opening.audit_entries, &[&language.count(audit.size), ""])) code { (audit.origin) } }
                        None => { (opening.no_audit) }
                    }
                }))
                (item(language.configuration(), &html! { code { (report.config_hash) } }))
            }
        }
    }
}

fn contents(view: View<'_>) -> Markup {
    let opening = view.opening;
    html! {
        nav.contents aria-labelledby="contents" {
            h2 id="contents" { (opening.contents) }
            ol {
                li { a href="#missing" { (opening.missing) } }
                li { a href="#summary" { (opening.summary) } }
                @for (index, of) in view.report.profiles.iter().enumerate() {
                    li { a href=(format!("#p{index}")) { (fill(view.chapters.chapter, &[profile::title(of)])) } }
                }
                li { a href="#quality" { (view.chapters.quality) } }
                li { a href="#method" { (view.method.method) } }
                li { a href="#conclusion" { (opening.conclusion) } }
                li { a href="#appendix" { (view.chapters.appendix) } }
            }
        }
    }
}
