//! The funnel as drawings beside its table: for each step the share of each group that takes it, and the line of what it is compared with.

use maud::{Markup, html};

use super::super::model::FunnelReport;
use super::view::View;
use crate::judge::Stage;
use crate::render::words::fill;

/// Groups that are drawn, at most.
const MAX_GROUPS: usize = 24;
/// Width of a drawing and height of a group in it, in units of the drawing.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 100.0;
/// Height of a group as the style sheet has it for its name and number, in the size of their letters.
const LINE: f64 = 1.8;

/// The drawings of a table. `id` is a name that no other table has.
pub(super) fn figures(view: View<'_>, id: &str, rows: &[FunnelReport]) -> Markup {
    let shown = rows.get(..MAX_GROUPS.min(rows.len())).unwrap_or_default();
    let steps = Stage::ALL.into_iter().enumerate().skip(1);
    let drawn = steps.filter(|(index, _)| shown.iter().any(|row| share(row, *index).is_some()));
    let drawn: Vec<Markup> =
        drawn.map(|(index, stage)| figure(view, &format!("{id}-{index}"), (index, stage), shown)).collect();
    html! {
        @if !drawn.is_empty() {
            div.figures.steps { @for drawing in drawn { (drawing) } }
            @if rows.len() > shown.len() { p.note { (fill(view.chapters.funnel_drawn, &[&view.count(shown.len()), &view.count(rows.len())])) } }
        }
    }
}

/// One step: a bar for each group, as long as its share.
fn figure(view: View<'_>, id: &str, (index, stage): (usize, Stage), rows: &[FunnelReport]) -> Markup {
    let language = view.language;
    let before = Stage::ALL.get(index.saturating_sub(1)).map_or("", |before| language.stage(*before));
    let name = fill(view.chapters.step, &[language.stage(stage), before]);
    let said = |row: &FunnelReport| {
        share(row, index).map_or_else(|| language.withheld().to_owned(), |share| language.percent(share))
    };
    let top = rows.iter().filter_map(|row| share(row, index)).fold(0.0, f64::max);
    let described: Vec<String> = rows.iter().map(|row| format!("{}: {}", row.key.group, said(row))).collect();
    let (title, description) = (format!("{id}.title"), format!("{id}.description"));
    html! {
        figure {
            figcaption { (name) }
            div.step {
                div.names aria-hidden="true" { @for row in rows { span { (row.key.group) } } }
                (bars(index, top, rows, (&title, &name), (&description, &described.join("; "))))
                div.values aria-hidden="true" { @for row in rows { span.withheld[share(row, index).is_none()] { (said(row)) } } }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few groups")]
fn bars(
    index: usize,
    top: f64,
    rows: &[FunnelReport],
    (title, name): (&str, &str),
    (description, described): (&str, &str),
) -> Markup {
    let height = HEIGHT * rows.len() as f64;
    let length = |share: f64| if top > 0.0 { share / top * WIDTH } else { 0.0 };
    let reference = reference(rows).and_then(|row| share(row, index)).map(length);
    html! {
        svg.steps height=(format!("{:.1}em", LINE * rows.len() as f64)) viewBox=(format!("0 0 {WIDTH} {height}")) preserveAspectRatio="none" role="img" aria-labelledby=(format!("{title} {description}")) {
            title id=(title) { (name) }
            desc id=(description) { (described) }
            @for (place, row) in rows.iter().enumerate() {
                @let y = HEIGHT * place as f64;
                @if let Some(share) = share(row, index) {
                    rect.part x="0" y=(y + HEIGHT * 0.2) width=(format!("{:.1}", length(share).max(2.0))) height=(HEIGHT * 0.6) {}
                }
            }
            @if let Some(x) = reference { line.reference x1=(format!("{x:.1}")) x2=(format!("{x:.1}")) y1="0" y2=(height) {} }
        }
    }
}

/// The group that the others are compared with, where that is a single one: it alone has no step of its own.
fn reference(rows: &[FunnelReport]) -> Option<&FunnelReport> {
    let mut named = rows.iter().filter(|row| row.row.reference == row.key.group);
    named.next().filter(|_| named.next().is_none())
}

/// The share of the cases at the stage before that reach this one.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(super) fn share(of: &FunnelReport, index: usize) -> Option<f64> {
    let at = |index: usize| of.row.stages.get(index).copied().flatten();
    let before = at(index.checked_sub(1)?)?;
    (before > 0).then_some(at(index)? as f64 / before as f64)
}
