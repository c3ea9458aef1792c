//! The chapter of a profile: what it is, its funnel, each subject, its alerts.

use maud::{Markup, html};

use super::super::model::ProfileReport;
use super::cells::item;
use super::topics::Topic;
use super::view::{Row, View, rows};
use super::{alerts, comparisons, duties, funnel};
use crate::render::words::fill;

/// The chapter. `index` is the place among the profiles.
pub(super) fn chapter(view: View<'_>, index: usize, of: &ProfileReport) -> Markup {
    let rows = rows(index, of);
    let id = format!("p{index}");
    html! {
        section.chapter aria-labelledby=(id) {
            h2 id=(id) { (fill(view.chapters.chapter, &[title(of)])) @if title(of) != of.name { " " code { (of.name) } } }
            (facts(view, of))
            @if rows.is_empty() { p { b { (view.chapters.nothing_known) } } }
            (funnel::part(view, index, &of.funnel))
            @for topic in Topic::ALL { (part(view, topic, &rows)) }
            (not_watched(view, &rows))
            (alerts::part(view, index, &of.alerts))
            (alerts::of_profile(view, &of.measures, of.measures_left_out))
        }
    }
}

/// The name for people, or the one in events.
pub(super) fn title(of: &ProfileReport) -> &str {
    if of.title.is_empty() { &of.name } else { &of.title }
}

fn facts(view: View<'_>, of: &ProfileReport) -> Markup {
    let chapters = view.chapters;
    let given = |text: &str| {
        if text.is_empty() {
            html! { span.muted { (chapters.not_given) } }
        } else {
            html! { (text) }
        }
    };
    let channels: Vec<&str> = of.channels.iter().map(|channel| view.language.channel(channel)).collect();
    html! {
        dl.facts {
            (item(chapters.purpose, &given(&of.purpose)))
            (item(chapters.owner, &given(&of.owner)))
            (item(chapters.versions, &html! {
                @if of.versions.is_empty() { span.muted { (chapters.not_asked) } } @else { (of.versions.join(", ")) }
            }))
            (item(chapters.channels, &given(&channels.join(", "))))
            @if let Some(seen) = of.last_seen { (item(chapters.last_seen, &view.moment(seen))) }
        }
    }
}

/// One subject: comparisons of groups, then what other kinds of rules found.
fn part(view: View<'_>, topic: Topic, rows: &[Row<'_>]) -> Markup {
    let of_topic: Vec<Row<'_>> = rows.iter().copied().filter(|row| Topic::of(&row.of.key) == topic).collect();
    let (comparisons, duties): (Vec<Row<'_>>, Vec<Row<'_>>) =
        of_topic.into_iter().partition(|row| row.of.key.kind == "disparity");
    html! {
        @if !comparisons.is_empty() || !duties.is_empty() {
            h3.topic { (topic.title(view.chapters)) }
            (comparisons::tables(view, comparisons))
            (duties::tables(view, duties))
        }
    }
}

/// Subjects that no rule looks at: silence about them is no finding.
fn not_watched(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let is_watched = |topic: &Topic| rows.iter().any(|row| Topic::of(&row.of.key) == *topic);
    let missing: Vec<&str> =
        Topic::ALL.iter().filter(|topic| !is_watched(topic)).map(|topic| topic.title(view.chapters)).collect();
    html! {
        @if !missing.is_empty() {
            h3.topic { (view.chapters.not_watched) }
            p { (missing.join(" · ")) }
            p.note { (view.chapters.not_watched_note) }
        }
    }
}
