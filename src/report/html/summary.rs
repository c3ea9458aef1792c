//! The summary in plain words: what was watched, what was found, what could not be judged and why, and what was done about it. And the room for
//! a signature.

use maud::{Markup, html};

use super::super::model::NOT_TOLD_AT_END;
use super::cells::{cause_of, reason_of};
use super::profile;
use super::sentences::sentence;
use super::view::{Row, View, rows};
use crate::judge::{Reason, Verdict};
use crate::plan::Cause;
use crate::render::words::{fill, mark, verdict_of};

/// Findings that are told one by one, at most: the worst.
const MAX_TOLD: usize = 40;

/// The section.
pub(super) fn section(view: View<'_>) -> Markup {
    let opening = view.opening;
    html! {
        section aria-labelledby="summary" {
            h2 id="summary" { (opening.summary) }
            h3 { (opening.watched) }
            p { (watched(view)) }
            h3 { (opening.found) }
            (found(view))
            h3 { (opening.not_judged) }
            (not_judged(view))
            h3 { (opening.happened) }
            (happened(view))
            (per_profile(view))
            p.note { (opening.no_legal) }
        }
    }
}

fn watched(view: View<'_>) -> String {
    let comparisons = view.count(view.findings().filter(|row| is_comparison(*row)).count());
    let duties = view.count(view.findings().filter(|row| !is_comparison(*row)).count());
    let opening = view.opening;
    match view.report.profiles.len() {
        0 => opening.watched_none.to_owned(),
        1 => fill(opening.watched_one, &[&comparisons, &duties]),
        more => fill(opening.watched_more, &[&view.count(more), &comparisons, &duties]),
    }
}

fn is_comparison(row: Row<'_>) -> bool {
    row.of.key.kind == "disparity"
}

/// How many findings have each verdict: critical, warning, within, none of these.
fn tally<'r>(findings: impl Iterator<Item = Row<'r>>) -> [usize; 4] {
    findings.fold([0; 4], |[critical, warning, within, none], row| match verdict_of(&row.of.row) {
        Some(Verdict::Critical) => [critical + 1, warning, within, none],
        Some(Verdict::Warning) => [critical, warning + 1, within, none],
        Some(Verdict::Within) => [critical, warning, within + 1, none],
        _ => [critical, warning, within, none + 1],
    })
}

fn found(view: View<'_>) -> Markup {
    let opening = view.opening;
    let [critical, warning, within, none] = tally(view.findings());
    if critical + warning + within == 0 {
        return html! { p { b { (opening.found_nothing_judged) } } };
    }
    let counts = [critical, warning, within, none].map(|count| view.count(count));
    let [judged, all] = [view.count(critical + warning + within), view.count(critical + warning + within + none)];
    html! {
        p { (fill(opening.found_counts, &counts.each_ref().map(String::as_str))) }
        @if critical + warning == 0 { p { (fill(opening.found_none, &[&judged, &all])) } } @else { (told(view)) }
    }
}

/// The worst findings, by profile.
fn told(view: View<'_>) -> Markup {
    let is_found = |row: &Row<'_>| matches!(verdict_of(&row.of.row), Some(Verdict::Critical | Verdict::Warning));
    let mut worst: Vec<Row<'_>> = view.findings().filter(is_found).collect();
    worst.sort_by_key(|row| std::cmp::Reverse(verdict_of(&row.of.row)));
    let more = worst.len().saturating_sub(MAX_TOLD);
    worst.truncate(MAX_TOLD);
    worst.sort_by_key(|row| row.profile);
    html! {
        @for of_profile in worst.chunk_by(|one, other| one.profile == other.profile) {
            @if let Some(of) = of_profile.first().and_then(|row| view.report.profiles.get(row.profile)) {
                p.of { b { (profile::title(of)) } }
            }
            ul.told {
                @for row in of_profile {
                    li.(mark::class(verdict_of(&row.of.row))) {
                        (mark::verdict(view.language, verdict_of(&row.of.row))) " "
                        a href=(format!("#{}", row.id("f"))) { (sentence(view, *row)) }
                    }
                }
            }
        }
        @if more > 0 { p.note { (fill(view.opening.found_more, &[&view.count(more)])) } }
    }
}

/// Why a finding has no verdict that says something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    TooFew,
    Withheld,
    Incomplete,
    Stale,
    NotTold,
    /// Another reason, which has words of its own.
    Other(Reason),
    Unjudged,
}

fn why(row: Row<'_>) -> Option<Why> {
    let of = &row.of.row;
    match verdict_of(of) {
        Some(Verdict::Critical | Verdict::Warning | Verdict::Within) => None,
        Some(Verdict::InsufficientData) if of.suppressed || of.reason.as_deref() == Some(Reason::Withheld.name()) => {
            Some(Why::Withheld)
        }
        Some(Verdict::Stale) => Some(Why::Stale),
        None if of.reason.as_deref() == Some(NOT_TOLD_AT_END) => Some(Why::NotTold),
        verdict => Some(match (verdict, reason_of(of)) {
            (Some(Verdict::InsufficientData), None | Some(Reason::TooFew)) => Why::TooFew,
            (Some(Verdict::Incomplete), None) => Why::Incomplete,
            (None, None | Some(Reason::NotJudged)) => Why::Unjudged,
            (_, Some(reason)) => Why::Other(reason),
            (_, None) => Why::Unjudged,
        }),
    }
}

fn not_judged(view: View<'_>) -> Markup {
    let opening = view.opening;
    let of = |which: Why| view.findings().filter(move |row| why(*row) == Some(which));
    let simple = [
        (Why::Withheld, opening.why_withheld),
        (Why::Stale, opening.why_stale),
        (Why::NotTold, opening.why_not_told),
        (Why::Unjudged, opening.why_unjudged),
    ];
    let other = |reason: Reason| {
        let count = of(Why::Other(reason)).count();
        (count > 0).then(|| fill(opening.why_reason, &[view.language.why(reason), &view.count(count)]))
    };
    let counted = |(which, text): (Why, &str)| {
        let count = of(which).count();
        (count > 0).then(|| fill(text, &[&view.count(count)]))
    };
    let lines: Vec<String> = too_few(view, of(Why::TooFew))
        .into_iter()
        .chain(incomplete(view, of(Why::Incomplete)))
        .chain(Reason::ALL.into_iter().filter_map(other))
        .chain(simple.into_iter().filter_map(counted))
        .collect();
    html! {
        @if lines.is_empty() && view.findings().next().is_some() { p { (opening.all_judged) } }
        @if lines.is_empty() && view.findings().next().is_none() { p { (opening.found_nothing_judged) } }
        @if !lines.is_empty() { ul { @for line in lines { li { (line) } } } }
    }
}

fn too_few<'r>(view: View<'r>, findings: impl Iterator<Item = Row<'r>>) -> Option<String> {
    let needed: Vec<Option<u64>> = findings.map(|row| row.of.row.needed).collect();
    let count = view.count(needed.len());
    if needed.is_empty() {
        return None;
    }
    Some(match needed.iter().flatten().max() {
        Some(most) => fill(view.opening.why_too_few_needed, &[&count, &view.language.count(*most)]),
        None => fill(view.opening.why_too_few, &[&count]),
    })
}

fn incomplete<'r>(view: View<'r>, findings: impl Iterator<Item = Row<'r>>) -> Option<String> {
    let causes: Vec<Option<Cause>> = findings.map(|row| cause_of(&row.of.row)).collect();
    if causes.is_empty() {
        return None;
    }
    let named = Cause::ALL.into_iter().filter(|cause| causes.contains(&Some(*cause)));
    let mut named: Vec<&str> = named.map(|cause| view.language.cause_word(cause)).collect();
    if named.is_empty() {
        named.push(view.language.unknown());
    }
    Some(fill(view.opening.why_incomplete, &[&view.count(causes.len()), &named.join(", ")]))
}

fn happened(view: View<'_>) -> Markup {
    let opening = view.opening;
    let alerts = || view.report.profiles.iter().flat_map(|profile| &profile.alerts);
    let all = alerts().count();
    let open = alerts().filter(|alert| alert.is_open).count();
    let measures =
        |alert: &super::super::model::AlertReport| alert.transitions.iter().filter(|of| of.measure.is_some()).count();
    let unanswered = alerts().filter(|alert| alert.is_open && measures(alert) == 0).count();
    // Those about a profile as a whole answer no alert.
    let of_profiles =
        view.report.profiles.iter().map(|of| of.measures.len() as u64 + of.measures_left_out).sum::<u64>();
    let counts = [all, open, alerts().map(measures).sum()].map(|count| view.count(count));
    html! {
        @if all == 0 { p { (opening.alerts_none) } } @else { p { (fill(opening.alerts_some, &counts.each_ref().map(String::as_str))) } }
        @if of_profiles > 0 { p { (fill(opening.measures_of_profiles, &[&view.language.count(of_profiles)])) } }
        @if unanswered > 0 { p { (fill(opening.alerts_unanswered, &[&view.count(unanswered)])) } }
    }
}

fn per_profile(view: View<'_>) -> Markup {
    let (opening, language) = (view.opening, view.language);
    if view.report.profiles.is_empty() {
        return html! {};
    }
    let names =
        [language.critical(), language.warning(), language.within(), opening.not_judged_short, opening.alerts_open];
    html! {
        div.scroll role="group" tabindex="0" aria-label=(opening.per_profile) {
            // Roles that a table has by itself, but not where the style of a narrow screen stacks its cells.
            table.overview role="table" {
                caption { (opening.per_profile) }
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { (opening.profile) }
                        th scope="col" role="columnheader" { (opening.worst) }
                        @for name in names { th.number scope="col" role="columnheader" { (name) } }
                    }
                }
                tbody role="rowgroup" {
                    @for (index, of) in view.report.profiles.iter().enumerate() {
                        @let worst = of.findings.iter().filter_map(|finding| verdict_of(&finding.row)).max();
                        @let worst = if of.findings.is_empty() { Some(Verdict::InsufficientData) } else { worst };
                        @let open = of.alerts.iter().filter(|alert| alert.is_open).count();
                        @let counts = tally(rows(index, of).into_iter()).into_iter().chain([open]);
                        tr role="row" {
                            th scope="row" role="rowheader" { a href=(format!("#p{index}")) { (profile::title(of)) } }
                            td.worst role="cell" { (mark::verdict(language, worst)) }
                            @for (name, count) in names.into_iter().zip(counts) { td.number role="cell" data-name=(name) { (view.count(count)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Where a person writes the conclusion, and signs.
pub(super) fn signature(view: View<'_>) -> Markup {
    let opening = view.opening;
    html! {
        section.conclusion aria-labelledby="conclusion" {
            h2 id="conclusion" { (opening.conclusion) }
            p.note { (opening.conclusion_note) }
            div.room.wide { p { (opening.sign_conclusion) } }
            div.rooms {
                @for name in [opening.sign_name, opening.sign_place, opening.sign_hand] { div.room { p { (name) } } }
            }
        }
    }
}
