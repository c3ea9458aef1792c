//! How the numbers were made, by which thresholds and configurations, and how to verify them.

use maud::{Markup, html};

use super::super::model::Source;
use super::cells::item;
use super::view::View;
use super::words::{FORMULAS, Formula, SOURCES};
use crate::disclosure::KeptThresholds;
use crate::plan::{EventTime, Measure};
use crate::render::words::{Language, fill};

/// Rules in the table of thresholds, at most; configurations, the last ones.
const MAX_RULES: usize = 500;
const MAX_CONFIGURATIONS: usize = 100;
/// The schemas whose words and figures the report has.
const SCHEMAS: [&str; 2] = ["paritywatch.report.v1", "paritywatch.evaluation.v1"];

/// The section.
pub(super) fn section(view: View<'_>) -> Markup {
    let method = view.method;
    html! {
        section.chapter aria-labelledby="method" {
            h2 id="method" { (method.method) }
            p { (method.intro) }
            p.note { (view.language.evidence_note()) }
            h3.topic { (method.formulas) }
            (formulas(view))
            h3.topic { (method.thresholds) }
            (thresholds(view))
            h3.topic { (method.configurations) }
            (configurations(view))
            p { (fill(method.versions, &[env!("CARGO_PKG_VERSION"), SCHEMAS[0], SCHEMAS[1]])) }
            h3.topic { (method.verify) }
            (verify(view))
            h3.topic { (method.sources) }
            ul.sources lang="en" { @for source in SOURCES { li { (source) } } }
        }
    }
}

fn formulas(view: View<'_>) -> Markup {
    let method = view.method;
    let text = |formula: &Formula| if view.language == Language::English { formula.english } else { formula.dutch };
    html! {
        div.scroll role="group" tabindex="0" aria-label=(method.formulas) {
            table.formulas {
                caption.hidden { (method.formulas) }
                thead { tr { th scope="col" { (method.what) } th scope="col" { (method.how) } th scope="col" { (method.sources) } } }
                tbody {
                    @for formula in &FORMULAS {
                        @let [what, how] = text(formula);
                        tr { th scope="row" { (what) } td { (how) } td { (formula.source) } }
                    }
                }
            }
        }
    }
}

/// Thresholds that rules have in common: of each rule every set of them, and since when.
struct InForce<'r> {
    rule: &'r str,
    thresholds: &'r KeptThresholds,
    confidence: f64,
    since: Option<EventTime>,
}

fn in_force(view: View<'_>) -> Vec<InForce<'_>> {
    let mut found: Vec<InForce<'_>> = Vec::new();
    for row in view.findings() {
        let Some(thresholds) = row.of.row.thresholds.as_ref().filter(|_| row.of.row.verdict.is_some()) else {
            continue;
        };
        let since = row.of.thresholds_since;
        match found.iter_mut().find(|known| known.rule == row.of.key.rule && known.thresholds == thresholds) {
            // The thresholds of a rule are those of all its findings; one that is young saw them late.
            Some(known) => known.since = known.since.into_iter().chain(since).min(),
            None => {
                found.push(InForce { rule: &row.of.key.rule, thresholds, confidence: row.of.row.confidence, since })
            }
        }
    }
    found.sort_by_key(|of| of.rule);
    found
}

fn thresholds(view: View<'_>) -> Markup {
    let method = view.method;
    let found = in_force(view);
    if found.is_empty() {
        return html! { p { (method.no_thresholds) } };
    }
    html! {
        div.scroll role="group" tabindex="0" aria-label=(method.thresholds) {
            table {
                caption.hidden { (method.thresholds) }
                thead {
                    tr {
                        th scope="col" { (view.chapters.rule) }
                        th scope="col" { (method.measure) }
                        @for name in [method.warning, method.critical, method.clear, method.interval] { th.number scope="col" { (name) } }
                        th scope="col" { (method.in_force) }
                    }
                }
                tbody { @for of in found.iter().take(MAX_RULES) { (threshold(view, of)) } }
            }
        }
        @if found.len() > MAX_RULES { p.note { (fill(view.chapters.more_rows, &[&view.count(found.len() - MAX_RULES)])) } }
    }
}

fn threshold(view: View<'_>, of: &InForce<'_>) -> Markup {
    let (method, language) = (view.method, view.language);
    let is_ratio = of.thresholds.measure == Measure::Ratio.name();
    let number = |value: f64| if is_ratio { language.ratio_text(value) } else { language.decimal(value * 100.0, 2) };
    html! {
        tr {
            th scope="row" { (of.rule) }
            td { @if is_ratio { (method.ratio_short) } @else { (method.difference_short) } }
            @for value in [of.thresholds.warning, of.thresholds.critical, of.thresholds.clear] { td.number { (number(value)) } }
            td.number { (language.percent_level(of.confidence)) }
            td { @match of.since { Some(since) => { (view.since(since)) } None => { (method.not_known) } } }
        }
    }
}

fn configurations(view: View<'_>) -> Markup {
    let (method, known) = (view.method, &view.report.configurations);
    let skipped = known.len().saturating_sub(MAX_CONFIGURATIONS);
    html! {
        @if known.is_empty() { p { (method.no_configuration) } } @else {
            div.scroll role="group" tabindex="0" aria-label=(method.configurations) {
                table.narrow {
                    caption.hidden { (method.configurations) }
                    thead { tr { @for name in [method.configuration, method.first_seen, method.last_seen] { th scope="col" { (name) } } } }
                    tbody {
                        @for of in known.iter().skip(skipped) {
                            tr { th scope="row" { code { (of.config_hash) } } td { (view.since(of.since)) } td { (view.moment(of.until)) } }
                        }
                    }
                }
            }
            @if skipped > 0 { p.note { (fill(view.chapters.more_rows, &[&view.count(skipped)])) } }
        }
        p { (fill(method.made_with, &[&view.report.config_hash])) }
    }
}

fn verify(view: View<'_>) -> Markup {
    let method = view.method;
    let is_replay = view.report.source == Source::Replay;
    let Some(audit) = &view.report.audit else {
        return html! { p { (if is_replay { method.no_log } else { method.no_log_of_history }) } };
    };
    html! {
        dl.facts {
            (item(method.audit_origin, &html! { code { (audit.origin) } }))
            (item(method.audit_size, &html! { (view.language.count(audit.size)) }))
            (item(method.root, &html! { code { (audit.root) } }))
        }
        p { (fill(method.verify_log, &[&view.language.count(audit.size)])) }
        pre tabindex="0" { code { "paritywatch verify-audit audit --key audit.pub" } }
        p { (method.verify_hash) }
        pre tabindex="0" { code { "sha256sum paritywatch-report-" (view.report.period.label) "." (view.language.code()) ".html" } }
        p { (method.log_shows) }
        p { (method.verify_again) }
    }
}
