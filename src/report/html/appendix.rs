//! Every window of every finding at the end of the period, and the numbers behind the drawings.

use maud::{Markup, html};

use super::super::model::PastPoint;
use super::cells::{self, ABSENT};
use super::over_time::chosen;
use super::profile;
use super::view::{Row, View, rows};
use crate::disclosure::KeptFinding;
use crate::render::words::{fill, limits, verdict_of};

/// The section.
pub(super) fn section(view: View<'_>) -> Markup {
    let chapters = view.chapters;
    html! {
        section.appendix aria-labelledby="appendix" {
            h2 id="appendix" { (chapters.appendix) }
            h3.topic { (chapters.all_windows) }
            p.note { (chapters.all_windows_note) }
            (each_rule(view, windows))
            h3.topic { (chapters.moments) }
            p.note { (chapters.moments_note) }
            (each_rule(view, moments))
        }
    }
}

/// A table for each profile and rule.
fn each_rule(view: View<'_>, table: fn(View<'_>, &[Row<'_>]) -> Markup) -> Markup {
    html! {
        @for (index, of) in view.report.profiles.iter().enumerate() {
            @let sorted = by_rule(index, of);
            @for of_rule in sorted.chunk_by(|one, other| one.of.key.rule == other.of.key.rule) { (table(view, of_rule)) }
        }
    }
}

fn by_rule(index: usize, of: &super::super::model::ProfileReport) -> Vec<Row<'_>> {
    let mut rows = rows(index, of);
    rows.sort_by_key(|row| row.of.key.rule.as_str());
    rows
}

fn name(view: View<'_>, rows: &[Row<'_>]) -> [String; 2] {
    let first = rows.first();
    let profile = first.and_then(|row| view.report.profiles.get(row.profile)).map(profile::title).unwrap_or_default();
    [profile.to_owned(), first.map(|row| row.of.key.rule.clone()).unwrap_or_default()]
}

fn windows(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let (language, chapters) = (view.language, view.chapters);
    let [profile, rule] = name(view, rows);
    let caption = fill(chapters.windows_caption, &[&profile, &rule]);
    html! {
        div.scroll role="group" tabindex="0" aria-label=(caption) {
            table.full {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { (chapters.finding) }
                        th scope="col" { (chapters.window) }
                        @for name in [chapters.of_group, chapters.of_reference, language.ratio(), chapters.adjusted, chapters.difference, chapters.p_value, language.evidence()] {
                            th.number scope="col" { (name) }
                        }
                        th scope="col" { (chapters.verdict) }
                    }
                }
                tbody {
                    @for row in rows {
                        @for (window, of) in of_windows(*row) { (window_line(view, *row, window, of)) }
                    }
                }
            }
        }
    }
}

/// The row of the period, where there is one, and all windows.
fn of_windows(row: Row<'_>) -> Vec<(&str, &KeptFinding)> {
    let of = row.of;
    let has_own = of.windows.iter().any(|(window, _)| *window == of.basis.window);
    let own = (!has_own).then_some((of.basis.window.as_str(), &of.row));
    own.into_iter().chain(of.windows.iter().map(|(window, row)| (window.as_str(), row))).collect()
}

fn window_line(view: View<'_>, row: Row<'_>, window: &str, of: &KeptFinding) -> Markup {
    let crude =
        of.ratio.map(|ratio| html! { (cells::number(view, ratio.value)) " (" (limits(view.language, ratio)) ")" });
    let adjusted = of.stratified.as_ref().map(
        |(by, ratio, _)| html! { (cells::number(view, ratio.value)) " (" (limits(view.language, *ratio)) "), " (by) },
    );
    let difference = of.difference.map(|difference| html! { (cells::points(view, difference.value)) " (" (cells::points_between(view, difference)) ")" });
    let p_value = of.p_value.map(|p_value| html! { (small(view, p_value)) });
    let evidence = of
        .evidence
        .map(|of| html! { (view.language.decimal(of.log_e, 1)) " / " (view.language.decimal(of.alarm_at, 1)) });
    html! {
        tr {
            th scope="row" { (cells::about(view, &row.of.key)) @if row.of.key.channel != "profile" { " " small.channel { (view.language.channel(&row.of.key.channel)) } } }
            td { (view.window(window)) }
            td.number { (side(view, of, of.group_rate, of.group_counts)) }
            td.number { (side(view, of, of.reference_rate, of.reference_counts)) }
            @for cell in [crude, adjusted, difference, p_value, evidence] {
                td.number { @match cell { Some(cell) => { (cell) } None => { (absent(view, of)) } } }
            }
            td { (view.language.verdict_word(verdict_of(of))) }
        }
    }
}

fn absent(view: View<'_>, of: &KeptFinding) -> &'static str {
    if of.suppressed { view.language.withheld() } else { ABSENT }
}

fn side(view: View<'_>, of: &KeptFinding, rate: Option<f64>, counts: Option<[u64; 2]>) -> Markup {
    let counts = counts.map(|[exposed, events]| {
        fill(view.language.n_of_m(), &[&view.language.count(events), &view.language.count(exposed)])
    });
    let rate = rate.map(|rate| view.language.percent(rate));
    html! {
        @match (rate, counts) {
            (Some(rate), Some(counts)) => { (rate) " (" (counts) ")" }
            (Some(one), None) | (None, Some(one)) => { (one) }
            (None, None) => { (absent(view, of)) }
        }
    }
}

/// A p-value of 0.0000 would read as none.
fn small(view: View<'_>, p_value: f64) -> String {
    const LEAST: f64 = 1e-4;
    let shown = view.language.decimal(p_value.max(LEAST), 4);
    if p_value < LEAST { format!("< {shown}") } else { shown }
}

/// The numbers over time of each finding of a rule that is drawn.
fn moments(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let [profile, rule] = name(view, rows);
    html! {
        @for row in rows.iter().filter(|row| super::over_time::Drawn::of(view, **row).is_some()) {
            @let about = cells::about_text(view, &row.of.key);
            (moments_of(view, *row, &fill(view.chapters.moments_caption, &[&profile, &rule, &about])))
        }
    }
}

fn moments_of(view: View<'_>, row: Row<'_>, caption: &str) -> Markup {
    let (language, chapters) = (view.language, view.chapters);
    html! {
        div.scroll role="group" tabindex="0" aria-label=(caption) id=(row.id("m")) {
            table.full {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { (chapters.when) }
                        th scope="col" { (chapters.window) }
                        @for name in [language.group_rate(), language.reference_rate(), language.ratio(), language.evidence()] { th.number scope="col" { (name) } }
                        th scope="col" { (chapters.verdict) }
                    }
                }
                tbody { @for point in chosen(&row.of.past, view.rows) { (moment_line(view, point)) } }
            }
        }
    }
}

fn moment_line(view: View<'_>, point: &PastPoint) -> Markup {
    let of = &point.row;
    let ratio = of
        .judged_ratio()
        .map(|ratio| html! { (cells::number(view, ratio.value)) " (" (limits(view.language, ratio)) ")" });
    let evidence = of
        .evidence
        .map(|of| html! { (view.language.decimal(of.log_e, 1)) " / " (view.language.decimal(of.alarm_at, 1)) });
    html! {
        tr {
            th scope="row" { (view.day(point.as_of)) }
            td { (view.window(&point.window)) }
            td.number { (side(view, of, of.group_rate, of.group_counts)) }
            td.number { (side(view, of, of.reference_rate, of.reference_counts)) }
            @for cell in [ratio, evidence] { td.number { @match cell { Some(cell) => { (cell) } None => { (absent(view, of)) } } } }
            td { (view.language.verdict_word(verdict_of(of))) }
        }
    }
}
