//! The status page: one moment of the daemon for people, in Dutch or English, without script.
//!
//! All numbers of findings, alerts and the funnel come from [`crate::disclosure::Published`]. Every text of the configuration is escaped
//! by the templates. Each list has a limit; what it leaves out is counted on the page.

mod alerts;
mod findings;
mod format;
mod funnel;
mod health;
mod mark;
mod overview;
mod plot;
mod text;

use maud::{DOCTYPE, Markup, html};
use text::{LANGUAGES, Language, fill};

use crate::app::Snapshot;
use crate::event::EventTime;

/// The style sheet, served beside the page.
pub(super) const STYLE: &str = include_str!("style.css");
/// The icon.
pub(super) const ICON: &str = include_str!("icon.svg");

/// Shortest and longest time between two refreshes that may be asked for, in seconds.
const REFRESH_SECONDS: std::ops::RangeInclusive<u32> = 5..=3_600;
/// What the page offers, in seconds.
const REFRESH_OFFERED: u32 = 30;

/// How the page was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    language: Language,
    /// Whether the address names the language.
    named: bool,
    refresh: Option<u32>,
}

impl Request {
    /// From the address' query (`lang=nl`, `refresh=30`) and the header `Accept-Language`. What is not understood counts as absent.
    pub fn of(query: Option<&str>, accepted: Option<&str>) -> Self {
        let value = |name: &str| {
            let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()
        };
        let named = value("lang").and_then(Language::of_code);
        let language = named.or_else(|| preferred(accepted?)).unwrap_or(Language::English);
        let refresh =
            value("refresh").and_then(|value| value.parse().ok()).filter(|value| REFRESH_SECONDS.contains(value));
        Self { language, named: named.is_some(), refresh }
    }

    /// The language's code.
    pub const fn language(&self) -> &'static str {
        self.language.code()
    }

    /// Seconds to the next refresh, where one is asked for.
    pub const fn refresh(&self) -> Option<u32> {
        self.refresh
    }

    /// The same page with another language or refresh.
    fn address(language: Option<&str>, refresh: Option<u32>) -> String {
        let language = language.map(|code| format!("lang={code}"));
        let refresh = refresh.map(|seconds| format!("refresh={seconds}"));
        let parts: Vec<String> = language.into_iter().chain(refresh).collect();
        if parts.is_empty() { "/".to_owned() } else { format!("/?{}", parts.join("&")) }
    }
}

/// The language that `Accept-Language` likes best of those there are.
fn preferred(accepted: &str) -> Option<Language> {
    let liked = accepted.split(',').filter_map(|entry| {
        let (code, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let weight: f64 = weight.trim().strip_prefix("q=")?.parse().ok()?;
        Some((Language::of_code(code.trim())?, weight)).filter(|(_, weight)| *weight > 0.0)
    });
    liked.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
}

/// The page. `now` is wall-clock time.
pub(super) fn render(snapshot: &Snapshot, request: &Request, now: EventTime) -> String {
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
                (header(request, snapshot))
                main id="content" tabindex="-1" {
                    (warning(language, snapshot))
                    (overview::section(language, &snapshot.published))
                    (alerts::section(language, snapshot.published.alerts()))
                    (findings::section(language, snapshot.published.findings()))
                    (funnel::section(language, &snapshot.published))
                    (health::section(language, snapshot, now))
                }
                (footer(language, snapshot))
            }
        }
    };
    page.into_string()
}

fn header(request: &Request, snapshot: &Snapshot) -> Markup {
    let language = request.language;
    let as_of = snapshot.published.as_of();
    let sections = [
        ("overview", language.overview()),
        ("alerts", language.alerts()),
        ("findings", language.findings()),
        ("funnel", language.funnel()),
        ("health", language.health()),
    ];
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
                " · " (fill(language.evaluated_ago(), &[&language.span(snapshot.made_at.elapsed().as_secs())]))
                " · " (language.configuration()) " " code { (snapshot.published.config_hash()) }
            }
            nav.sections aria-label=(language.sections()) {
                ul { @for (id, name) in sections { li { a href=(format!("#{id}")) { (name) } } } }
            }
        }
    }
}

/// Numbers that may be incomplete say so before anything else.
fn warning(language: Language, snapshot: &Snapshot) -> Markup {
    html! {
        @if let Err(why) = snapshot.ready() {
            p.banner role="status" {
                b { (language.not_ready()) ". " } (language.not_ready_why()) " " span lang="en" { (why) } "."
            }
        }
    }
}

fn footer(language: Language, snapshot: &Snapshot) -> Markup {
    html! {
        footer {
            p {
                (language.same_as_json()) ": "
                a href="/api/v1/evaluation" { (language.evaluation()) } ", "
                a href="/api/v1/alerts" { (language.alerts()) } ", "
                a href="/api/v1/health" { (language.health()) } ", "
                a href="/metrics" { (language.metrics()) } "."
            }
            p { (language.all_times()) " paritywatch " (env!("CARGO_PKG_VERSION")) ", " (language.configuration()) " " code { (snapshot.published.config_hash()) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_decides_then_the_browser_then_english() {
        let language = |query, accepted| Request::of(query, accepted).language;
        assert_eq!(language(Some("lang=nl"), Some("en")), Language::Dutch);
        assert_eq!(language(None, Some("de, nl-BE;q=0.7, en;q=0.3")), Language::Dutch);
        assert_eq!(language(None, Some("nl;q=0, en;q=0.1")), Language::English);
        assert_eq!(language(Some("lang=xx&a"), Some("fr")), Language::English);
        assert_eq!(language(Some("lang=nl&lang=en"), None), Language::English);
    }

    #[test]
    fn only_a_sensible_refresh_is_taken() {
        let refresh = |query| Request::of(Some(query), None).refresh;
        assert_eq!(refresh("refresh=30"), Some(30));
        for text in ["refresh=0", "refresh=4", "refresh=3601", "refresh=30;url=http://x", "refresh=-1", "refresh="] {
            assert_eq!(refresh(text), None, "{text}");
        }
    }
}
