//! Comparisons of groups: a table for each rule, channel and dimension, with a row of a forest plot for each group.

use maud::{Markup, html};

use super::super::model::Basis;
use super::cells;
use super::view::{Row, View};
use super::{over_time, verdicts};
use crate::judge::Verdict;
use crate::plan::{Harm, Indicator, Measure};
use crate::render::words::{Plotted, Scale, fill, indicator_of, mark, threshold, verdict_of};

/// Rows of one table, at most. The worst stay.
pub(super) const MAX_ROWS: usize = 60;

/// The tables of one subject.
pub(super) fn tables(view: View<'_>, mut rows: Vec<Row<'_>>) -> Markup {
    let place = |row: &Row<'_>| {
        let key = &row.of.key;
        (key.rule.clone(), key.dimension.clone(), key.channel.clone())
    };
    rows.sort_by_key(place);
    html! {
        @for of_table in rows.chunk_by(|one, other| place(one) == place(other)) { (article(view, of_table)) }
    }
}

fn article(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let (shown, left_out) = worst(rows);
    let Some(first) = shown.first() else { return html! {} };
    let key = &first.of.key;
    let verdict = shown.iter().filter_map(|row| verdict_of(&row.of.row)).max();
    html! {
        article.comparison.(mark::class(verdict)) {
            h4 { (mark::shape(verdict)) span { (key.rule) } @if let Some(dimension) = &key.dimension { " " span.rule { (dimension) } } }
            p.subject { (subject(view, *first)) }
            (table(view, &shown))
            @if left_out > 0 { p.note { (fill(view.chapters.rows_left_out, &[&view.count(left_out)])) } }
            (over_time::part(view, &shown))
            (verdicts::table(view, &shown))
        }
    }
}

/// The rows that fit, in their order, and how many do not.
pub(super) fn worst<'r>(rows: &[Row<'r>]) -> (Vec<Row<'r>>, usize) {
    let mut shown = rows.to_vec();
    if shown.len() > MAX_ROWS {
        shown.sort_by_key(|row| std::cmp::Reverse(verdict_of(&row.of.row)));
        shown.truncate(MAX_ROWS);
        shown.sort_by_key(|row| row.finding);
    }
    let left_out = rows.len() - shown.len();
    (shown, left_out)
}

/// What is compared, which side is worse, the thresholds, and which cases are counted.
fn subject(view: View<'_>, first: Row<'_>) -> Markup {
    let (key, row, language) = (&first.of.key, &first.of.row, view.language);
    let indicator = indicator_of(key);
    html! {
        (language.indicator(indicator)) "; " (language.channel(&key.channel))
        @match indicator.map(Indicator::harm) {
            Some(Harm::High) => { "; " (language.harm_high()) }
            Some(Harm::Low) => { "; " (language.harm_low()) }
            None => {}
        }
        "; " (thresholds(view, row))
        @if key.reference == "random" && matches!(indicator, Some(Indicator::SelectionRate | Indicator::ControlFrequency)) { "; " (language.shares()) }
        ". " (basis(view, &first.of.basis))
    }
}

/// Which cases are counted.
pub(super) fn basis(view: View<'_>, basis: &Basis) -> String {
    let chapters = view.chapters;
    let counts = if basis.is_period {
        chapters.counts_period.to_owned()
    } else {
        fill(chapters.counts_window, &[&view.window(&basis.window), &view.day(basis.released_at)])
    };
    let outcomes = fill(chapters.outcomes_until, &[&view.day(basis.outcomes_until)]);
    // An end before that of the period is said.
    if basis.is_period && basis.is_gone {
        format!("{counts} {} {outcomes}", fill(chapters.counts_until, &[&view.day(basis.released_at)]))
    } else {
        format!("{counts} {outcomes}")
    }
}

fn thresholds(view: View<'_>, row: &crate::disclosure::KeptFinding) -> String {
    let language = view.language;
    let Some(thresholds) = row.thresholds.as_ref() else { return language.unjudged().to_owned() };
    let is_ratio = thresholds.measure == Measure::Ratio.name();
    let measure = if is_ratio { language.measure_ratio() } else { language.measure_difference() };
    if row.verdict.is_none() {
        return measure.to_owned();
    }
    let number = |value: f64| if is_ratio { language.ratio_text(value) } else { language.decimal(value * 100.0, 2) };
    format!("{measure}: {}", fill(language.thresholds(), &[&number(thresholds.warning), &number(thresholds.critical)]))
}

fn table(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let Some(first) = rows.first() else { return html! {} };
    let (language, key) = (view.language, &first.of.key);
    let plots: Vec<Plotted> = rows.iter().map(|row| plotted(*row)).collect();
    let scale = Scale::of(&plots);
    let names = [
        key.rule.as_str(),
        key.dimension.as_deref().unwrap_or_default(),
        language.indicator(indicator_of(key)),
        language.channel(&key.channel),
    ];
    let caption = fill(view.chapters.table_caption, &names);
    let compares_values = indicator_of(key).is_some_and(Indicator::compares_values);
    let sides = if compares_values {
        [language.group_values(), language.reference_values()]
    } else {
        [language.group_rate(), language.reference_rate()]
    };
    let level = language.percent_level(first.of.row.confidence);
    html! {
        div.scroll role="group" tabindex="0" aria-label=(caption) {
            table.findings {
                caption.hidden { (caption) }
                thead {
                    tr {
                        th scope="col" { (language.group()) }
                        @for side in sides { th.number scope="col" { (side) } }
                        th.plot scope="col" { span.hidden { (language.interval_plot()) } (scale.axis(language)) }
                        th.number scope="col" { (language.ratio()) small { (fill(language.interval(), &[&level])) } }
                        th scope="col" { (language.evidence()) }
                        th.why scope="col" { (view.chapters.why) }
                    }
                }
                tbody { @for (row, plot) in rows.iter().zip(&plots) { (line(view, (scale, plot), *row)) } }
            }
        }
    }
}

fn line(view: View<'_>, (scale, plot): (Scale, &Plotted), row: Row<'_>) -> Markup {
    let (key, of) = (&row.of.key, &row.of.row);
    html! {
        tr.(mark::class(verdict_of(of))) id=(row.id("f")) {
            th scope="row" {
                span { (cells::about(view, key)) }
                small { (fill(view.chapters.against, &[cells::reference(view, key, of)])) }
                (last_told(view, &row.of.basis))
            }
            td.number { (cells::own(view, row)) }
            td.number { (cells::other(view, row)) }
            td.plot { (scale.row(view.language, plot)) }
            td.number { (cells::ratio(view, of)) }
            td { (cells::evidence(view, of)) }
            td.why { (cells::verdict(view, row)) }
        }
    }
}

/// A finding that was gone before the end says when it was told last.
pub(super) fn last_told(view: View<'_>, basis: &Basis) -> Markup {
    html! { @if basis.is_gone { small { (fill(view.chapters.last_told, &[&view.day(basis.as_of)])) } } }
}

fn plotted(row: Row<'_>) -> Plotted {
    let of = &row.of.row;
    let thresholds = threshold(of, |of| of.warning).zip(threshold(of, |of| of.critical));
    Plotted { place: row.id("i"), ratio: of.judged_ratio(), thresholds }
}

/// The worst verdict of rows.
pub(super) fn worst_of(rows: &[Row<'_>]) -> Option<Verdict> {
    rows.iter().filter_map(|row| verdict_of(&row.of.row)).max()
}
