//! What is missing, before anything is said: days, files, numbers that are withheld.

use maud::{Markup, html};

use super::super::model::Source;
use super::profile;
use super::view::View;
use crate::plan::{Period, PeriodKind};
use crate::render::rfc3339;
use crate::render::words::fill;

/// Runs of days without numbers that are named, at most, and things that cannot be read.
const MAX_DAYS: usize = 40;
const MAX_UNREADABLE: usize = 40;

/// The section.
pub(super) fn section(view: View<'_>) -> Markup {
    let opening = view.opening;
    let lines = lines(view);
    html! {
        section.missing aria-labelledby="missing" {
            h2 id="missing" { (opening.missing) }
            p.note { (opening.missing_note) }
            ul {
                @if is_whole(view) { li { (opening.nothing_missing) } }
                @for line in lines { li { (line) } }
                (unreadable(view))
                (audit_problems(view))
            }
        }
    }
}

fn is_whole(view: View<'_>) -> bool {
    let coverage = &view.report.coverage;
    let is_there =
        coverage.days_without.is_empty() && coverage.days_silent.is_empty() && coverage.ended_early.is_empty();
    is_there && coverage.unreadable.is_empty() && coverage.releases > 0 && view.report.audit_problems.is_empty()
}

fn lines(view: View<'_>) -> Vec<String> {
    let (report, opening) = (view.report, view.opening);
    let all = view.findings().count();
    let mut lines = Vec::new();
    if report.coverage.releases == 0 {
        lines.push(opening.no_release.to_owned());
    }
    if let Some(end) = report.to_date {
        let again = rfc3339(end).unwrap_or_default();
        let until = view.language.time(end).unwrap_or_default();
        lines.push(fill(opening.to_date_note, &[&until, &again]));
    }
    lines.extend(days(view));
    lines.extend(silent(view));
    lines.extend(ended_early(view));
    let (withheld, of) = report.quality.withheld;
    if withheld > 0 {
        lines.push(fill(opening.withheld_some, &[&view.language.count(withheld), &view.language.count(of)]));
    }
    let rolling = view.findings().filter(|row| !row.of.basis.is_period).count();
    if rolling > 0 {
        lines.push(fill(opening.not_of_period, &[&view.count(rolling), &view.count(all)]));
    }
    if PeriodKind::ALL.iter().all(|kind| kind.around(report.period.start()).last != report.period.last) {
        lines.push(opening.no_such_period.to_owned());
    }
    let gone = view.findings().filter(|row| row.of.basis.is_gone).count();
    if gone > 0 {
        lines.push(fill(opening.not_at_end, &[&view.count(gone), &view.count(all)]));
    }
    if report.quality.events_unknown {
        lines.push(opening.events_unknown.to_owned());
    }
    if report.quality.unread_details > 0 {
        lines.push(fill(opening.unread_details, &[&view.language.count(report.quality.unread_details)]));
    }
    lines.extend(rest(view));
    lines
}

fn rest(view: View<'_>) -> Vec<String> {
    let (report, opening) = (view.report, view.opening);
    let mut lines = Vec::new();
    if !report.quality.gaps.is_empty() {
        lines.push(fill(opening.gaps_accepted, &[&view.count(report.quality.gaps.len())]));
    }
    let unknown = report.profiles.iter().filter(|profile| profile.findings.is_empty()).map(profile::title);
    let unknown: Vec<&str> = unknown.collect();
    if !unknown.is_empty() {
        lines.push(fill(opening.no_findings_of, &[&unknown.join(", ")]));
    }
    let unlisted = report.profiles.iter().filter(|profile| !profile.is_listed).map(profile::title);
    let unlisted: Vec<&str> = unlisted.collect();
    if !unlisted.is_empty() {
        lines.push(fill(opening.unlisted_profile, &[&unlisted.join(", ")]));
    }
    if report.source == Source::Replay {
        lines.push(opening.of_files_note.to_owned());
    }
    if report.audit.is_none() && report.audit_problems.is_empty() {
        lines.push(opening.no_audit_note.to_owned());
    }
    lines
}

fn days(view: View<'_>) -> Option<String> {
    let coverage = &view.report.coverage;
    if coverage.days_without.is_empty() {
        return None;
    }
    let named = coverage.days_without.iter().take(MAX_DAYS).map(|days| view.spelled(days));
    let more = coverage.days_without.len().saturating_sub(MAX_DAYS);
    let more = (more > 0).then(|| fill(view.opening.days_more, &[&view.count(more)]));
    let named: Vec<String> = named.chain(more).collect();
    let missing = coverage.days.saturating_sub(coverage.days_with_release);
    let counts = [view.language.count(missing), view.language.count(coverage.days)];
    Some(fill(view.opening.days_missing, &[&counts[0], &counts[1], &named.join("; ")]))
}

/// Days on which nothing came.
fn silent(view: View<'_>) -> Option<String> {
    let silent = &view.report.coverage.days_silent;
    let named = silent.iter().take(MAX_DAYS).map(|days| view.spelled(days));
    let more = silent.len().saturating_sub(MAX_DAYS);
    let more = (more > 0).then(|| fill(view.opening.days_more, &[&view.count(more)]));
    let named: Vec<String> = named.chain(more).collect();
    let days: usize = silent.iter().filter_map(|days| Some(Period::parse(days)?.days().count())).sum();
    (!silent.is_empty()).then(|| fill(view.opening.days_silent, &[&view.count(days), &named.join("; ")]))
}

/// Days of which the rest is missing, each with the moment up to which it is known.
fn ended_early(view: View<'_>) -> Option<String> {
    let early = &view.report.coverage.ended_early;
    let named = early.iter().take(MAX_DAYS).filter_map(|(_, last)| view.language.time(*last));
    let more = early.len().saturating_sub(MAX_DAYS);
    let more = (more > 0).then(|| fill(view.opening.days_more, &[&view.count(more)]));
    let named: Vec<String> = named.chain(more).collect();
    (!early.is_empty()).then(|| fill(view.opening.days_ended_early, &[&view.count(early.len()), &named.join("; ")]))
}

/// Why no signature stands behind the report, or not behind all of it.
fn audit_problems(view: View<'_>) -> Markup {
    html! {
        @for problem in &view.report.audit_problems {
            li { b { (view.opening.audit_problem) } " " span lang="en" { (problem) } }
        }
    }
}

fn unreadable(view: View<'_>) -> Markup {
    let unreadable = &view.report.coverage.unreadable;
    html! {
        @for problem in unreadable.iter().take(MAX_UNREADABLE) {
            li { b { (view.opening.unreadable) } " " span lang="en" { (problem) } }
        }
        @if unreadable.len() > MAX_UNREADABLE {
            li { (fill(view.opening.unreadable_more, &[&view.count(unreadable.len() - MAX_UNREADABLE)])) }
        }
    }
}
