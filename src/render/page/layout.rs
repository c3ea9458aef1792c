//! The whole page: head, header, sections and footer.

use maud::{DOCTYPE, Markup, html};

use super::request::Request;
use super::text::{LANGUAGES, Language, fill};
use super::{alerts, duties, findings, funnel, health, measures, overview, reports, unlisted};
use crate::disclosure::Published;
use crate::plan::EventTime;
use crate::render::vitals::Vitals;

/// The refresh that the page offers, in seconds.
const REFRESH_OFFERED: u32 = 30;

/// Renders the page. `now` is wall-clock time.
pub fn render(published: &Published, vitals: &Vitals<'_>, request: &Request, now: EventTime) -> String {
    let language = request.language;
    let page = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "paritywatch: " (language.title()) }
                link rel="icon" type="image/svg+xml" href="/icon.svg";
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#content" { (language.skip()) }
                (header(request, published, vitals))
                main id="content" tabindex="-1" {
                    (warning(language, vitals))
                    (overview::section(language, published))
                    (alerts::section(language, published.alerts()))
                    (measures::section(language, published.measures()))
                    (findings::section(language, published.findings()))
                    (duties::section(language, published.findings()))
                    (unlisted::section(language, published.unlisted()))
                    (funnel::section(language, published))
                    (health::section(language, vitals, now))
                }
                (footer(language, published))
            }
        }
    };
    page.into_string()
}

fn header(request: &Request, published: &Published, vitals: &Vitals<'_>) -> Markup {
    let language = request.language;
    let as_of = published.as_of();
    let mut sections = vec![
        ("overview", language.overview()),
        ("alerts", language.alerts()),
        ("findings", language.findings()),
        ("funnel", language.funnel()),
        ("health", language.health()),
    ];
    if duties::are_judged(published.findings()) {
        sections.insert(3, ("duties", language.duties()));
    }
    let named = request.named.then(|| language.code());
    html! {
        header {
            div.masthead {
                div {
                    p.brand { "paritywatch" }
                    h1 { (language.title()) }
                }
                nav.languages aria-label=(language.languages()) {
                    ul {
                        @for (other, code, name) in LANGUAGES {
                            li {
                                @if other == language { b aria-current="true" lang=(code) { (name) } }
                                @else { a href=(Request::address(Some(code), request.refresh)) hreflang=(code) lang=(code) { (name) } }
                            }
                        }
                        li {
                            @match request.refresh {
                                Some(seconds) => {
                                    a href=(Request::address(named, None)) { (fill(language.refresh_off(), &[&seconds.to_string()])) }
                                }
                                None => { a href=(Request::address(named, Some(REFRESH_OFFERED))) { (language.refresh_on()) } }
                            }
                        }
                    }
                }
            }
            p.as_of {
                @if as_of == EventTime::MIN { (language.nothing_yet()) }
                @else { (language.as_of()) " " b { (alerts::time(language, Some(as_of))) } }
                @if let Some(released_at) = published.released_at() {
                    "; " (language.released_at()) " " b { (alerts::time(language, Some(released_at))) }
                }
                " · " (fill(language.evaluated_ago(), &[&language.span(vitals.evaluated_ago.as_secs())]))
                " · " (language.configuration()) " " code { (published.config_hash()) }
            }
            nav.sections aria-label=(language.sections()) {
                ul {
                    @for (id, name) in sections { li { a href=(format!("#{id}")) { (name) } } }
                    li { a href=(reports::address(named)) { (language.reports().title) } }
                }
            }
        }
    }
}

/// Numbers that may be incomplete say so before anything else.
fn warning(language: Language, vitals: &Vitals<'_>) -> Markup {
    html! {
        @if let Some(why) = &vitals.not_ready {
            p.banner role="status" {
                b { (language.not_ready()) ". " } (language.not_ready_why()) " " span lang="en" { (why) } "."
            }
        }
        @if let Some(trouble) = vitals.history.trouble {
            p.banner role="status" { b { (language.past().trouble) } " " span lang="en" { (trouble) } }
        }
    }
}

fn footer(language: Language, published: &Published) -> Markup {
    html! {
        footer {
            p {
                (language.same_as_json()) ": "
                a href="/api/v1/evaluation" { (language.evaluation()) } ", "
                a href="/api/v1/alerts" { (language.alerts()) } ", "
                a href="/api/v1/health" { (language.health()) } ", "
                a href="/metrics" { (language.metrics()) } "."
            }
            p { (language.all_times()) " paritywatch " (env!("CARGO_PKG_VERSION")) ", " (language.configuration()) " " code { (published.config_hash()) } }
        }
    }
}
