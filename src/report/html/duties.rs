//! What rules of other kinds than disparity found: a table for each rule.

use maud::{Markup, html};

use super::cells;
use super::comparisons::{basis, last_told, worst, worst_of};
use super::view::{Row, View};
use super::{over_time, verdicts};
use crate::plan::Indicator;
use crate::render::words::{fill, indicator_of, limits, mark, verdict_of};

/// The tables of one subject.
pub(super) fn tables(view: View<'_>, mut rows: Vec<Row<'_>>) -> Markup {
    rows.sort_by_key(|row| row.of.key.rule.clone());
    html! {
        @for of_rule in rows.chunk_by(|one, other| one.of.key.rule == other.of.key.rule) { (article(view, of_rule)) }
    }
}

fn article(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let (shown, left_out) = worst(rows);
    let Some(first) = shown.first() else { return html! {} };
    html! {
        article.comparison.(mark::class(worst_of(&shown))) {
            h4 { (mark::shape(worst_of(&shown))) span { (first.of.key.rule) } }
            @if !is_of_present(&shown) && (first.of.row.group_counts.is_some() || first.of.row.ratio.is_some()) { p.subject { (basis(view, &first.of.basis)) } }
            @if is_of_present(&shown) { p.subject { (view.chapters.of_present) } }
            (table(view, &shown))
            @if left_out > 0 { p.note { (fill(view.chapters.rows_left_out, &[&view.count(left_out)])) } }
            (over_time::part(view, &shown))
            (verdicts::table(view, &shown))
        }
    }
}

/// Whether the rule has no numbers of a period, as it compares times of its own or is of the present. The rise of complaints is such, their rate is not.
fn is_of_present(rows: &[Row<'_>]) -> bool {
    let of_kind = |row: &Row<'_>| match row.of.key.kind.as_str() {
        "drift" | "silence" => true,
        "complaints" => !row.of.basis.is_period,
        _ => false,
    };
    rows.iter().all(of_kind)
}

fn table(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let Some(first) = rows.first() else { return html! {} };
    let language = view.language;
    let caption = fill(view.chapters.duty_caption, &[&first.of.key.rule]);
    html! {
        div.scroll role="group" tabindex="0" aria-label=(caption) {
            table.findings.duties {
                caption.hidden { (caption) }
                thead {
                    tr {
                        th scope="col" { (language.about()) }
                        th.number scope="col" { (language.found()) }
                        th.number scope="col" { (language.compared_with()) }
                        th.number scope="col" { (language.ratio()) }
                        th scope="col" { (language.evidence()) }
                        th.why scope="col" { (view.chapters.why) }
                    }
                }
                tbody { @for row in rows { (line(view, *row)) } }
            }
        }
    }
}

fn line(view: View<'_>, row: Row<'_>) -> Markup {
    let (key, of) = (&row.of.key, &row.of.row);
    let compares = of.reference_counts.is_some() || of.reference_rate.is_some();
    html! {
        tr.(mark::class(verdict_of(of))) id=(row.id("f")) {
            th scope="row" {
                span { (cells::about(view, key)) }
                small { (view.language.channel(&key.channel)) }
                (last_told(view, &row.of.basis))
            }
            td.number { (cells::own(view, row)) }
            td.number {
                @if compares {
                    (cells::other(view, row))
                    @let reference = cells::reference(view, key, of);
                    @if !reference.is_empty() { small { (fill(view.chapters.against, &[reference])) } }
                } @else if !key.reference.is_empty() { (cells::absent(view, of)) } @else { (cells::ABSENT) }
            }
            td.number { (ratio(view, row)) }
            td { (cells::evidence(view, of)) }
            td.why { (cells::verdict(view, row)) }
        }
    }
}

fn ratio(view: View<'_>, row: Row<'_>) -> Markup {
    let Some(ratio) = row.of.row.ratio else { return html! { (cells::ABSENT) } };
    html! {
        b { (cells::number(view, ratio.value)) }
        small { (limits(view.language, ratio)) }
        // There the rates are of known outcomes, and the ratio is of those that are missing.
        @if indicator_of(&row.of.key) == Some(Indicator::OutcomeCoverage) { small { (view.language.ratio_of_missing()) } }
    }
}
