//! The verdicts over the period: when each began, and why.

use maud::{Markup, html};

use super::cells::about;
use super::view::{Row, View};
use crate::disclosure::KeptFinding;
use crate::render::words::{fill, mark, verdict_of};

/// Changes of one finding that are told, at most: the first ones.
const MAX_CHANGES: usize = 24;

/// The table for the findings of a table; nothing where none has a past.
pub(super) fn table(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let chapters = view.chapters;
    let rows: Vec<Row<'_>> = rows.iter().copied().filter(|row| !row.of.verdicts.is_empty()).collect();
    if rows.is_empty() {
        return html! {};
    }
    let skipped: usize = rows.iter().map(|row| row.of.verdicts.len().saturating_sub(MAX_CHANGES)).sum();
    let left_out = skipped as u64 + rows.iter().map(|row| row.of.verdicts_left_out).sum::<u64>();
    html! {
        div.scroll role="group" tabindex="0" aria-label=(chapters.verdicts) {
            table.verdicts {
                caption { (chapters.verdicts) }
                thead {
                    tr {
                        th scope="col" { (chapters.finding) }
                        th scope="col" { (chapters.since) }
                        th scope="col" { (chapters.verdict) }
                        th scope="col" { (chapters.window) }
                        th scope="col" { (view.language.reason()) }
                    }
                }
                tbody { @for row in &rows { (changes(view, *row)) } }
            }
        }
        @if left_out > 0 { p.note { (fill(chapters.verdicts_left_out, &[&view.language.count(left_out)])) } }
    }
}

fn changes(view: View<'_>, row: Row<'_>) -> Markup {
    let verdicts = &row.of.verdicts;
    html! {
        @for (index, of) in verdicts.iter().enumerate().take(MAX_CHANGES) {
            @let judged = KeptFinding { verdict: of.verdict.clone(), reason: of.reason.clone(), ..KeptFinding::default() };
            tr {
                th scope="row" { (about(view, &row.of.key)) }
                td { @if index == 0 { (view.chapters.at_start) ", " } (view.since(of.since)) }
                td.(mark::class(verdict_of(&judged))) { (mark::verdict(view.language, verdict_of(&judged))) }
                td { (view.window(&of.window)) }
                td { @if let Some(reason) = super::cells::reason_of(&judged) { (view.language.why(reason)) } @else { (super::cells::ABSENT) } }
            }
        }
    }
}
