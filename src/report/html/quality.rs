//! What is known of the data as a whole: events, coverage, withheld numbers, gaps.

use maud::{Markup, html};

use super::cells::{about, cause_of, share_text};
use super::view::{Row, View};
use super::{json, profile};
use crate::render::words::fill;

/// Findings with missing cases, and gaps, that are listed, at most.
const MAX_ROWS: usize = 100;
const MAX_GAPS: usize = 200;

/// The section.
pub(super) fn section(view: View<'_>) -> Markup {
    let (chapters, quality) = (view.chapters, &view.report.quality);
    let (withheld, all) = quality.withheld;
    html! {
        section.chapter aria-labelledby="quality" {
            h2 id="quality" { (chapters.quality) }
            (events(view))
            (coverage(view))
            h3.topic { (chapters.withheld) }
            p { (fill(chapters.withheld_of, &[&view.language.count(withheld), &view.language.count(all)])) }
            h3.topic { (chapters.gaps) }
            @if quality.gaps.is_empty() { p { (chapters.no_gap) } }
            ul { @for gap in quality.gaps.iter().take(MAX_GAPS) { li { (gap) } } }
            @if quality.gaps.len() > MAX_GAPS { p.note { (fill(chapters.more_rows, &[&view.count(quality.gaps.len() - MAX_GAPS)])) } }
            @if !quality.notes.is_empty() { h3.topic { (chapters.notes) } }
            @for (name, text) in &quality.notes { (json::table(view, note(view, name), text)) }
        }
    }
}

fn note<'t>(view: View<'t>, name: &'t str) -> &'t str {
    match name {
        "late_evidence" => view.chapters.note_late,
        "unlisted_others" => view.chapters.note_unlisted_others,
        "unlisted_dimensions" => view.chapters.note_unlisted_dimensions,
        "funnel_left_out" => view.chapters.note_funnel_left_out,
        "unlisted" => view.chapters.note_unlisted,
        other => other,
    }
}

fn events(view: View<'_>) -> Markup {
    let (chapters, events) = (view.chapters, &view.report.quality.events);
    html! {
        h3.topic { (chapters.events) }
        @if events.is_empty() { p { (chapters.events_unknown) } } @else {
            div.scroll role="group" tabindex="0" aria-label=(chapters.events) {
                table.narrow {
                    caption.hidden { (chapters.events) }
                    thead { tr { th scope="col" { (chapters.event) } th.number scope="col" { (chapters.number) } } }
                    tbody {
                        @for (name, count) in events { tr { th scope="row" { (word(view, name)) " " code { (name) } } td.number { (view.language.count(*count)) } } }
                    }
                }
            }
        }
    }
}

/// What became of events, in words.
fn word<'t>(view: View<'t>, name: &'t str) -> &'t str {
    let chapters = view.chapters;
    match name {
        "read" => chapters.word_read,
        "accepted" => chapters.word_accepted,
        "duplicate" => chapters.word_duplicate,
        "mismatched" => chapters.word_mismatched,
        "too_late" => chapters.word_too_late,
        "rejected" => chapters.word_rejected,
        "unmatched" => chapters.word_unmatched,
        "ahead" => chapters.word_ahead,
        "conflict" => chapters.word_conflict,
        "unknown_type" => chapters.word_unknown_type,
        "unknown_profile" => chapters.word_unknown_profile,
        "unmapped" => chapters.word_unmapped,
        "beyond_as_of" => chapters.word_beyond_as_of,
        other => other,
    }
}

/// Findings with missing cases, the largest share first.
fn coverage(view: View<'_>) -> Markup {
    let (chapters, language) = (view.chapters, view.language);
    let share = |row: &Row<'_>| row.of.row.missing.iter().flatten().copied().fold(0.0, f64::max);
    let mut rows: Vec<Row<'_>> = view.findings().filter(|row| cause_of(&row.of.row).is_some()).collect();
    rows.sort_by(|one, other| share(other).total_cmp(&share(one)));
    let caption = chapters.coverage_caption;
    html! {
        h3.topic { (caption) }
        @if rows.is_empty() { p { (chapters.coverage_none) } } @else {
            div.scroll role="group" tabindex="0" aria-label=(caption) {
                table {
                    caption.hidden { (caption) }
                    thead {
                        tr {
                            th scope="col" { (chapters.finding) }
                            th scope="col" { (chapters.rule) }
                            th.number scope="col" { (chapters.missing_group) }
                            th.number scope="col" { (chapters.missing_reference) }
                            th.number scope="col" { (chapters.coverage_share) }
                            th scope="col" { (chapters.cause) }
                        }
                    }
                    tbody { @for row in rows.iter().take(MAX_ROWS) { (line(view, *row)) } }
                }
            }
            @if rows.len() > MAX_ROWS { p.note { (fill(chapters.rows_left_out, &[&language.count((rows.len() - MAX_ROWS) as u64)])) } }
        }
    }
}

fn line(view: View<'_>, row: Row<'_>) -> Markup {
    let [group, reference] = row.of.row.missing;
    let name = view.report.profiles.get(row.profile).map(profile::title).unwrap_or_default();
    html! {
        tr {
            th scope="row" { (name) ": " a href=(format!("#{}", row.id("f"))) { (about(view, &row.of.key)) } }
            td { (row.of.key.rule) }
            td.number { (share_text(view, group)) }
            td.number { (share_text(view, reference)) }
            td.number { (share_text(view, group.map(|missing| 1.0 - missing))) }
            td { @if let Some(cause) = cause_of(&row.of.row) { (view.language.cause_word(cause)) } }
        }
    }
}
