//! The funnel: how many cases reach each stage, and at which stage the groups part.

use maud::{Markup, html};

use super::findings::{limits, withheld};
use super::text::{Language, fill};
use crate::disclosure::{Measured, Published, PublishedFunnel};
use crate::judge::Stage;

/// Rows on the page, at most.
const MAX_ROWS: usize = 300;

/// The section.
pub(super) fn section(language: Language, published: &Published) -> Markup {
    let rows = published.funnel();
    let shown = rows.get(..MAX_ROWS.min(rows.len())).unwrap_or_default();
    let left_out = rows.len() - shown.len() + published.funnel_left_out();
    let place = |row: &PublishedFunnel| (row.profile.clone(), row.channel, row.dimension.clone());
    html! {
        section aria-labelledby="funnel" {
            h2 id="funnel" { (language.funnel()) }
            @if shown.is_empty() { p.note { (language.no_funnel()) } } @else { p.note { (language.funnel_note()) } }
            @for of_dimension in shown.chunk_by(|one, other| place(one) == place(other)) {
                (windows(language, of_dimension))
            }
            @if left_out > 0 { p.note { (fill(language.left_out_funnel(), &[&language.count(left_out as u64)])) } }
        }
    }
}

/// The tables of one dimension: the longest window open, the others folded.
fn windows(language: Language, rows: &[PublishedFunnel]) -> Markup {
    let windows: Vec<&[PublishedFunnel]> = rows.chunk_by(|one, other| one.window == other.window).collect();
    let Some((longest, others)) = windows.split_last() else { return html! {} };
    html! {
        article.comparison {
            (table(language, longest))
            @if !others.is_empty() {
                details {
                    summary { (language.other_windows()) }
                    @for rows in others { (table(language, rows)) }
                }
            }
        }
    }
}

fn table(language: Language, rows: &[PublishedFunnel]) -> Markup {
    let Some(first) = rows.first() else { return html! {} };
    let by_class = rows.iter().any(|row| row.steps.iter().any(|step| step.step == "risk_class"));
    let caption = fill(
        language.funnel_caption(),
        &[
            &first.profile,
            language.channel(first.channel),
            &first.dimension,
            &first.window,
            language.reference(&first.reference),
        ],
    );
    html! {
        div.scroll.funnel role="region" tabindex="0" aria-label=(format!("{}: {caption}", language.funnel())) {
            table {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { (language.group()) }
                        @for stage in Stage::ALL {
                            @if by_class && stage == Stage::Selected { th.number scope="col" { (language.risk_class()) } }
                            th.number scope="col" {
                                (language.stage(stage))
                                @if by_class && stage == Stage::Selected { small { (language.within_class()) } }
                            }
                        }
                        th.number scope="col" { (language.control_ratio()) }
                    }
                }
                tbody { @for row in rows { (group(language, row, by_class)) } }
            }
        }
    }
}

fn group(language: Language, row: &PublishedFunnel, by_class: bool) -> Markup {
    html! {
        tr {
            th scope="row" { (row.group) }
            @for (index, stage) in Stage::ALL.into_iter().enumerate() {
                @if by_class && stage == Stage::Selected { td.number { (times(language, row, "risk_class")) } }
                td.number {
                    @match row.stages.get(index).copied().flatten() {
                        Some(cases) => {
                            (language.count(cases))
                            small {
                                @if let Some(share) = share(row, index) { (language.percent(share)) " " }
                                (times(language, row, stage.name()))
                            }
                        }
                        None => { (withheld(language)) }
                    }
                }
            }
            td.number {
                @match row.control_frequency {
                    Some(ratio) => { b { "×\u{202f}" (language.ratio_text(ratio)) } }
                    None if row.steps.is_empty() => { span.muted { (language.is_reference()) } }
                    None => { span.muted { (language.unknown()) } }
                }
            }
        }
    }
}

/// The share of the cases at the stage before that reach this one.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn share(row: &PublishedFunnel, index: usize) -> Option<f64> {
    let at = |index: usize| row.stages.get(index).copied().flatten();
    let before = at(index.checked_sub(1)?)?;
    (before > 0).then_some(at(index)? as f64 / before as f64)
}

/// How many times as often as its reference the group takes a step.
fn times(language: Language, row: &PublishedFunnel, step: &str) -> Markup {
    let known = row.steps.iter().find(|known| known.step == step);
    let Some((known, ratio)) = known.and_then(|known| Some((known, known.ratio?))) else { return html! {} };
    let interval = Measured { value: Some(ratio), lower: known.lower, upper: known.upper };
    html! {
        b.times { "×\u{202f}" (language.ratio_text(ratio)) }
        @if known.lower.is_some() { small { " (" (limits(language, interval)) ")" } }
    }
}
