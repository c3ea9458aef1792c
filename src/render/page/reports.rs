//! The page that lists the reports that were made.

use maud::{DOCTYPE, Markup, html};

use super::alerts::time;
use super::request::Request;
use super::text::{LANGUAGES, Language, fill};
use crate::render::reports::{ReportFile, ReportList, ReportRow};

/// Reports that are shown, at most: the newest.
const MAX_REPORTS: usize = 200;

/// The texts of the page.
pub(super) struct ReportTexts {
    pub title: &'static str,
    note: &'static str,
    none: &'static str,
    unreadable: &'static str,
    period: &'static str,
    not_whole: &'static str,
    to_date: &'static str,
    elsewhere: &'static str,
    configuration: &'static str,
    made_at: &'static str,
    logged: &'static str,
    is_logged: &'static str,
    not_logged: &'static str,
    rests_on: &'static str,
    files: &'static str,
    not_here: &'static str,
    left_out: &'static str,
    back: &'static str,
}

const ENGLISH: ReportTexts = ReportTexts {
    title: "Evaluation reports",
    note: "Made by the command “paritywatch report”. The SHA-256 of each file is in the audit log, where “paritywatch verify-audit” shows it.",
    none: "No report was made yet.",
    unreadable: "A note of a report cannot be read:",
    period: "Period",
    not_whole: "not the whole period, or tables alone",
    to_date: "to date",
    elsewhere: "a copy made in another folder",
    configuration: "configuration",
    made_at: "Made",
    logged: "Audit log",
    is_logged: "entered",
    not_logged: "not entered yet",
    rests_on: "rests on {} entries",
    files: "Files",
    not_here: "not in the folder of reports, or another file by now",
    left_out: "{} older reports are not shown here; see the JSON.",
    back: "Back to the status page",
};

const DUTCH: ReportTexts = ReportTexts {
    title: "Evaluatierapporten",
    note: "Gemaakt met de opdracht “paritywatch report”. De SHA-256 van elk bestand staat in het auditlogboek, waar “paritywatch verify-audit” hem toont.",
    none: "Er is nog geen rapport gemaakt.",
    unreadable: "Een melding van een rapport is niet te lezen:",
    period: "Periode",
    not_whole: "niet de hele periode, of alleen tabellen",
    to_date: "tot nu toe",
    elsewhere: "een kopie, in een andere map gemaakt",
    configuration: "configuratie",
    made_at: "Gemaakt",
    logged: "Auditlogboek",
    is_logged: "opgenomen",
    not_logged: "nog niet opgenomen",
    rests_on: "rust op {} vermeldingen",
    files: "Bestanden",
    not_here: "niet in de map met rapporten, of inmiddels een ander bestand",
    left_out: "{} oudere rapporten staan hier niet; zie de JSON.",
    back: "Terug naar de statuspagina",
};

impl Language {
    pub(super) const fn reports(self) -> &'static ReportTexts {
        match self {
            Self::English => &ENGLISH,
            Self::Dutch => &DUTCH,
        }
    }
}

/// Renders the page.
#[must_use]
pub fn render_reports(list: &ReportList, request: &Request) -> String {
    let language = request.language;
    let texts = language.reports();
    let shown = list.reports.get(..MAX_REPORTS.min(list.reports.len())).unwrap_or_default();
    let left_out = list.left_out + list.reports.len() - shown.len();
    let page = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "paritywatch: " (texts.title) }
                link rel="icon" type="image/svg+xml" href="/icon.svg";
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#content" { (language.skip()) }
                (header(request, texts))
                main id="content" tabindex="-1" {
                    @for problem in &list.problems {
                        p.banner role="status" { b { (texts.unreadable) } " " span lang="en" { (problem) } }
                    }
                    p.note { (texts.note) }
                    @if shown.is_empty() { p.note { (texts.none) } } @else { (table(language, texts, shown)) }
                    @if left_out > 0 { p.note { (fill(texts.left_out, &[&language.count(left_out as u64)])) } }
                }
                footer {
                    p { (language.same_as_json()) ": " a href="/api/v1/reports" { (texts.title) } "." }
                    p { (language.all_times()) " paritywatch " (env!("CARGO_PKG_VERSION")) }
                }
            }
        }
    };
    page.into_string()
}

/// The address of the page.
pub(super) fn address(language: Option<&str>) -> String {
    language.map_or_else(|| "/reports/".to_owned(), |code| format!("/reports/?lang={code}"))
}

fn header(request: &Request, texts: &ReportTexts) -> Markup {
    let language = request.language;
    let named = request.named.then(|| language.code());
    html! {
        header {
            div.masthead {
                div {
                    p.brand { "paritywatch" }
                    h1 { (texts.title) }
                }
                nav.languages aria-label=(language.languages()) {
                    ul {
                        @for (other, code, name) in LANGUAGES {
                            li {
                                @if other == language { b aria-current="true" lang=(code) { (name) } }
                                @else { a href=(address(Some(code))) hreflang=(code) lang=(code) { (name) } }
                            }
                        }
                    }
                }
            }
            nav.sections aria-label=(language.sections()) { ul { li { a href=(Request::address(named, None)) { (texts.back) } } } }
        }
    }
}

fn table(language: Language, texts: &ReportTexts, reports: &[ReportRow]) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(texts.title) {
            table {
                caption.hidden { (texts.title) }
                thead { tr { th scope="col" { (texts.period) } th scope="col" { (texts.made_at) } th scope="col" { (texts.logged) } th scope="col" { (texts.files) } } }
                tbody {
                    @for row in reports {
                        tr {
                            th scope="row" {
                                (row.period) small { (row.languages.join(", ")) }
                                @if !row.is_whole { small { (if row.made_with.as_ref().is_some_and(|with| with.is_to_date) { texts.to_date } else { texts.not_whole }) } }
                                @if let Some(with) = &row.made_with {
                                    @if !with.in_folder { small { (texts.elsewhere) } }
                                    small { (texts.configuration) " " code { (with.config_hash) } }
                                }
                            }
                            td { (time(language, Some(row.made_at))) }
                            td {
                                @if row.is_logged { (texts.is_logged) } @else { b.trouble { (texts.not_logged) } }
                                @if let Some((_, size, _)) = &row.rests_on { small { (fill(texts.rests_on, &[&language.count(*size)])) } }
                            }
                            td { @for found in &row.files { (file(texts, found)) } }
                        }
                    }
                }
            }
        }
    }
}

fn file(texts: &ReportTexts, file: &ReportFile) -> Markup {
    html! {
        p {
            @if file.is_here { a href=(file.path()) { (file.name) } } @else { (file.name) small { (texts.not_here) } }
            small { "SHA-256 " code { (file.sha256) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_places() {
        let places = |texts: &ReportTexts| [texts.rests_on, texts.left_out].map(|text| text.matches("{}").count());
        assert_eq!(places(&ENGLISH), places(&DUTCH));
    }
}
