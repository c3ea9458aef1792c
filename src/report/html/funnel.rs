//! The funnel of a profile: for each channel and dimension a table, and drawings of the shares of the stage before.

use maud::{Markup, html};

use super::super::model::FunnelReport;
use super::comparisons::basis;
use super::funnel_plot::{figures, share};
use super::view::View;
use crate::disclosure::Measured;
use crate::judge::Stage;
use crate::render::words::{fill, limits, withheld};

/// Rows of a profile, at most.
const MAX_ROWS: usize = 120;

/// The part about the funnel.
pub(super) fn part(view: View<'_>, profile: usize, rows: &[FunnelReport]) -> Markup {
    let chapters = view.chapters;
    let shown = rows.get(..MAX_ROWS.min(rows.len())).unwrap_or_default();
    let place = |row: &FunnelReport| (row.key.channel.clone(), row.key.dimension.clone());
    html! {
        h3.topic { (chapters.funnel) }
        @if shown.is_empty() { p.note { (chapters.no_funnel) } } @else { p.note { (chapters.funnel_note) } }
        @for (index, of_dimension) in shown.chunk_by(|one, other| place(one) == place(other)).enumerate() {
            (table(view, of_dimension))
            (figures(view, &format!("u{profile}-{index}"), of_dimension))
        }
        @if rows.len() > shown.len() { p.note { (fill(chapters.funnel_left_out, &[&view.count(rows.len() - shown.len())])) } }
    }
}

fn table(view: View<'_>, rows: &[FunnelReport]) -> Markup {
    let (Some(first), language) = (rows.first(), view.language) else { return html! {} };
    let by_class = rows.iter().any(|row| row.row.steps.iter().any(|step| step.step == "risk_class"));
    let reference = language.reference(&first.row.reference);
    let channel = language.channel(&first.key.channel);
    let caption =
        fill(view.chapters.funnel_caption, &[channel, &first.key.dimension, reference, &basis(view, &first.basis)]);
    html! {
        // Above the table: there it stays in sight on a narrow screen.
        p.of { b { (caption) } }
        div.scroll role="group" tabindex="0" aria-label=(format!("{}: {caption}", language.funnel())) {
            table.funnel {
                caption.hidden { (caption) }
                thead {
                    tr {
                        th scope="col" { (language.group()) }
                        @for stage in Stage::ALL {
                            @if by_class && stage == Stage::Selected { th.number scope="col" { (language.risk_class()) } }
                            th.number scope="col" { (language.stage(stage)) @if by_class && stage == Stage::Selected { small { (language.within_class()) } } }
                        }
                        th.number scope="col" { (language.control_ratio()) }
                    }
                }
                tbody { @for row in rows { (group(view, row, by_class)) } }
            }
        }
    }
}

fn group(view: View<'_>, of: &FunnelReport, by_class: bool) -> Markup {
    let (row, language) = (&of.row, view.language);
    html! {
        tr {
            th scope="row" { (of.key.group) }
            @for (index, stage) in Stage::ALL.into_iter().enumerate() {
                @if by_class && stage == Stage::Selected { td.number { (times(view, of, "risk_class")) } }
                td.number {
                    @match row.stages.get(index).copied().flatten() {
                        Some(cases) => {
                            (language.count(cases))
                            @if let Some(share) = share(of, index) { small { (language.percent(share)) } }
                            (times(view, of, stage.name()))
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

/// How many times as often as its reference the group takes a step.
fn times(view: View<'_>, of: &FunnelReport, step: &str) -> Markup {
    let known = of.row.steps.iter().find(|known| known.step == step).map(|known| known.ratio);
    let Some((ratio, Measured { value: Some(value), .. })) = known.map(|ratio| (ratio, ratio)) else { return html! {} };
    html! {
        small.times { "×\u{202f}" (view.language.ratio_text(value)) @if ratio.lower.is_some() { " (" (limits(view.language, ratio)) ")" } }
    }
}
