//! What the rules of other kinds than disparity found: a table for each rule and profile, the worst first.

use maud::{Markup, html};

use super::alerts::time;
use super::findings::{evidence, limits, missing, rate, withheld};
use super::mark;
use super::text::{Language, fill};
use crate::disclosure::PublishedFinding;
use crate::judge::{Claim, Verdict};
use crate::plan::Indicator;

/// Rows on the page, at most.
const MAX_ROWS: usize = 400;

/// The findings of one rule and profile.
struct Table<'p> {
    first: &'p PublishedFinding,
    rows: Vec<&'p PublishedFinding>,
    worst: Option<Verdict>,
}

/// Whether there is such a rule, and so a section.
pub(super) fn are_judged(findings: &[PublishedFinding]) -> bool {
    findings.iter().any(is_of_duty)
}

/// Of whatever kind but `disparity`.
const fn is_of_duty(finding: &PublishedFinding) -> bool {
    finding.thresholds.is_none()
}

/// The section; nothing where no such rule is configured.
pub(super) fn section(language: Language, findings: &[PublishedFinding]) -> Markup {
    let duties: Vec<&PublishedFinding> = findings.iter().filter(|finding| is_of_duty(finding)).collect();
    if duties.is_empty() {
        return html! {};
    }
    let (tables, left_out) = tables(&duties);
    html! {
        section aria-labelledby="duties" {
            h2 id="duties" { (language.duties()) }
            @for table in &tables { (table_of(language, table)) }
            @if left_out > 0 {
                p.note { (fill(language.left_out_rows(), &[&language.count(left_out as u64)])) }
            }
            p.note { (language.duties_note()) }
        }
    }
}

/// The tables that fit, the worst first, and how many findings do not fit.
fn tables<'p>(duties: &[&'p PublishedFinding]) -> (Vec<Table<'p>>, usize) {
    let together =
        |one: &&PublishedFinding, other: &&PublishedFinding| (&one.rule, &one.profile) == (&other.rule, &other.profile);
    let table = |rows: &[&'p PublishedFinding]| {
        let worst = rows.iter().filter_map(|finding| finding.verdict).max();
        let mut rows = rows.to_vec();
        rows.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
        Some(Table { first: rows.first()?, rows, worst })
    };
    let mut tables: Vec<Table<'p>> = duties.chunk_by(together).filter_map(table).collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.worst));
    let (mut room, mut left_out) = (MAX_ROWS, 0);
    for table in &mut tables {
        left_out += table.rows.len().saturating_sub(room);
        table.rows.truncate(room);
        room -= table.rows.len();
    }
    tables.retain(|table| !table.rows.is_empty());
    (tables, left_out)
}

fn table_of(language: Language, table: &Table<'_>) -> Markup {
    let first = table.first;
    html! {
        article.comparison.(mark::class(table.worst)) {
            h3 { (mark::shape(table.worst)) span { (first.profile) } " " span.rule { (first.rule) } }
            table.findings role="table" {
                caption.hidden { (fill(language.duties_caption(), &[&first.rule, &first.profile])) }
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { (language.about()) }
                        th scope="col" role="columnheader" { (language.window()) }
                        th.number scope="col" role="columnheader" { (language.found()) }
                        th.number scope="col" role="columnheader" { (language.compared_with()) }
                        th scope="col" role="columnheader" { (language.verdict()) }
                        th scope="col" role="columnheader" { (language.evidence()) }
                    }
                }
                tbody role="rowgroup" { @for finding in &table.rows { (row(language, finding)) } }
            }
        }
    }
}

fn row(language: Language, finding: &PublishedFinding) -> Markup {
    let about = finding.about();
    html! {
        tr role="row" id=(finding.anchor()) class=(mark::class(finding.verdict)) {
            th scope="row" role="rowheader" {
                span { @if about.is_empty() { (language.all_cases()) } @else { (about) } }
                small { (language.channel(finding.channel)) }
            }
            td role="cell" data-label=(language.window()) { (finding.window) }
            td.number role="cell" data-label=(language.found()) { (rate(language, finding.group_rate, finding.group_counts)) }
            td.number role="cell" data-label=(language.compared_with()) { (compared(language, finding)) }
            td role="cell" data-label=(language.verdict()) {
                (mark::verdict(language, finding.verdict))
                @if let Some(reason) = finding.reason { small { (language.why(reason)) } }
                @if let Some(versions) = language.seen_in(finding.versions.as_ref()) { small { (versions) } }
                @if let Some(needed) = finding.needed {
                    small { (fill(language.needs(), &[&language.count(needed)])) }
                }
                (missing(language, &finding.missing))
            }
            td role="cell" data-label=(language.evidence()) {
                @if finding.last_heard.is_some() {
                    (language.last_heard()) " " (time(language, finding.last_heard))
                } @else if finding.evidence.is_some() { (evidence(language, finding)) } @else { "\u{2013}" }
                @for part in language.associated(finding).unwrap_or_default() { small { (part) } }
                @if let Some(claim) = &finding.claim {
                    small { (shown(language, claim)) }
                    small { (language.informed(claim)) }
                }
            }
        }
    }
}

fn compared(language: Language, finding: &PublishedFinding) -> Markup {
    html! {
        @if finding.reference_counts.is_some() {
            (rate(language, finding.reference_rate, finding.reference_counts))
            @if let Some(name) = &finding.reference_group { small { (fill(language.against(), &[name])) } }
        } @else if finding.compares && finding.suppressed { (withheld(language)) } @else { "\u{2013}" }
        @if let Some(ratio) = finding.ratio {
            small {
                // There the rates are of known outcomes, and the ratio is of those that are missing.
                @if finding.indicator == Some(Indicator::OutcomeCoverage) { (language.ratio_of_missing()) }
                @else { (language.ratio()) }
                " "
                @if let Some(value) = ratio.value { b { (language.ratio_text(value)) } " " }
                "(" (limits(language, ratio)) ")"
            }
        }
    }
}

/// What speaks for the profile's advantage.
fn shown(language: Language, claim: &Claim) -> String {
    let odds = |log: f64| language.one_in(log).unwrap_or_else(|| language.evidence_none().to_owned());
    fill(language.shown_evidence(), &[&odds(claim.log_e), &odds(claim.shown_at)])
}
