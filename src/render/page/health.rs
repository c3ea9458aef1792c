//! Input and state: whether the numbers include everything that was sent.

use maud::{Markup, html};

use super::alerts::time;
use super::text::{Language, fill};
use crate::plan::{EventTime, Span};
use crate::render::vitals::Vitals;

/// Partitions on the page, at most.
const MAX_PARTITIONS: usize = 100;

/// The section. `now` is the time by the wall clock.
pub(super) fn section(language: Language, vitals: &Vitals<'_>, now: EventTime) -> Markup {
    html! {
        section aria-labelledby="health" {
            h2 id="health" { (language.health()) }
            (summary(language, vitals, now))
            (partitions(language, vitals))
            (mappings(language, vitals))
            @let health = vitals.health;
            div.pair {
                @if !health.by_type.is_empty() {
                    (counts(language, language.events_caption(), &[language.event_type(), language.event_result()],
                        &health.by_type.iter().map(|(kind, result, count)| (vec![*kind, *result], *count)).collect::<Vec<_>>()))
                }
                @if !health.rejections.is_empty() {
                    (counts(language, language.rejections_caption(), &[language.reason()],
                        &health.rejections.iter().map(|(reason, count)| (vec![*reason], *count)).collect::<Vec<_>>()))
                }
            }
        }
    }
}

fn summary(language: Language, vitals: &Vitals<'_>, now: EventTime) -> Markup {
    let (health, letters, checkpoint) = (vitals.health, &vitals.dead_letters, &vitals.checkpoint);
    let lag: u64 = vitals.partitions.iter().map(|partition| u64::try_from(partition.lag).unwrap_or_default()).sum();
    html! {
        dl.summary {
            (item(language.ready(), &html! {
                @match &vitals.not_ready {
                    None => { (language.is_ready()) }
                    Some(why) => { b.trouble { (language.not_ready()) ": " } span lang="en" { (why) } }
                }
            }))
            (item(language.watermark(), &html! {
                @match health.watermark {
                    Some(watermark) => { (time(language, Some(watermark))) small { (age(language, watermark, now)) } }
                    None => { (language.no_event()) }
                }
            }))
            (item(language.lag(), &html! { (language.count(lag)) }))
            (item(language.events_read(), &html! { (language.count(health.events.read)) }))
            (item(language.open_cases(), &html! { (language.count(health.open_cases)) }))
            (item(language.waiting(), &html! { (language.count(health.waiting_cases)) }))
            (item(language.dead_letters(), &html! {
                (fill(language.dead_letters_of(), &[
                    &language.count(letters.delivered), &language.count(letters.refused), &language.count(letters.pending),
                ]))
            }))
            (item(language.checkpoint(), &html! {
                (fill(language.checkpoint_of(), &[
                    &language.span(checkpoint.age.as_secs()), &language.count(checkpoint.written), &language.count(checkpoint.failed),
                ]))
            }))
            (item(language.fault(), &html! {
                @match vitals.fault {
                    Some(fault) => { b.trouble lang="en" { (fault) } }
                    None => { (language.no_fault()) }
                }
                small { (fill(language.client_errors(), &[&language.count(vitals.client_errors), &language.count(vitals.client_reconnects)])) }
            }))
            @if let Some(trouble) = &vitals.audit.trouble {
                (item(language.audit(), &html! { b.trouble lang="en" { (trouble) } }))
            }
            @if vitals.history.newest.is_some() || vitals.history.left_out > 0 || vitals.history.trouble.is_some() {
                (item(language.past().history, &html! {
                    (fill(language.past().history_of, &[&language.count(vitals.history.releases), &language.decimal(megabytes(vitals.history.bytes), 1)]))
                    @if vitals.history.left_out > 0 { small { (fill(language.past().not_written, &[&language.count(vitals.history.left_out)])) } }
                    @if let Some(trouble) = vitals.history.trouble { small { b.trouble { (language.past().trouble) } " " span lang="en" { (trouble) } } }
                }))
            }
            (item(language.reload(), &html! {
                @if vitals.reload_refused { b.trouble { (language.reload_refused()) } } @else { (language.reload_ok()) }
            }))
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn partitions(language: Language, vitals: &Vitals<'_>) -> Markup {
    let partitions = &vitals.partitions;
    let shown = partitions.get(..MAX_PARTITIONS.min(partitions.len())).unwrap_or_default();
    if shown.is_empty() {
        return html! {};
    }
    html! {
        div.scroll role="region" tabindex="0" aria-label=(language.partitions_caption()) {
            table {
                caption { (language.partitions_caption()) }
                thead {
                    tr {
                        th scope="col" { (language.topic()) }
                        th.number scope="col" { (language.partition()) }
                        th.number scope="col" { (language.lag()) }
                        th.number scope="col" { (language.next_offset()) }
                        th scope="col" { (language.newest()) }
                    }
                }
                tbody {
                    @for state in shown {
                        tr {
                            th scope="row" { (state.topic) }
                            td.number { (state.partition) }
                            td.number { (language.count(u64::try_from(state.lag).unwrap_or_default())) }
                            td.number { (language.count(u64::try_from(state.next_offset).unwrap_or_default())) }
                            td {
                                @match state.newest_event {
                                    Some(newest) => { (time(language, Some(newest))) }
                                    None => { (language.no_event()) }
                                }
                                @if state.idle { small { (language.idle()) } }
                            }
                        }
                    }
                }
            }
        }
        @if partitions.len() > shown.len() {
            p.note { (fill(language.left_out_partitions(), &[&language.count((partitions.len() - shown.len()) as u64)])) }
        }
    }
}

/// What became of the records that mappings read.
fn mappings(language: Language, vitals: &Vitals<'_>) -> Markup {
    if vitals.mappings.is_empty() {
        return html! {};
    }
    let names = [
        language.mapped(),
        language.mapped_events(),
        language.unmapped(),
        language.unchanged(),
        language.deleted(),
        language.refused(),
    ];
    html! {
        div.scroll role="region" tabindex="0" aria-label=(language.mappings_caption()) {
            table {
                caption { (language.mappings_caption()) }
                thead {
                    tr {
                        th scope="col" { (language.mapping()) }
                        th.number scope="col" { (language.records()) }
                        @for name in names { th.number scope="col" { (name) } }
                    }
                }
                tbody {
                    @for (name, counts) in vitals.mappings {
                        tr {
                            th scope="row" { code { (name) } }
                            td.number { (language.count(counts.records)) }
                            @for count in [counts.mapped, counts.events, counts.unmapped, counts.unchanged, counts.deleted, counts.refused] {
                                td.number { (language.count(count)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn counts(language: Language, caption: &str, names: &[&str], rows: &[(Vec<&str>, u64)]) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(caption) {
            table {
                caption { (caption) }
                thead {
                    tr {
                        @for name in names { th scope="col" { (name) } }
                        th.number scope="col" { (language.event_count()) }
                    }
                }
                tbody {
                    @for (words, count) in rows {
                        tr {
                            @for (index, word) in words.iter().enumerate() {
                                @if index == 0 { th scope="row" { code { (word) } } } @else { td { code { (word) } } }
                            }
                            td.number { (language.count(*count)) }
                        }
                    }
                }
            }
        }
    }
}

fn item(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// How far a time is behind the clock, or ahead of it.
fn age(language: Language, time: EventTime, now: EventTime) -> String {
    let seconds = |span: Span| u64::try_from(span.0 / 1_000).unwrap_or_default();
    if time > now {
        fill(language.ahead(), &[&language.span(seconds(time.since(now)))])
    } else {
        fill(language.age(), &[&language.span(seconds(now.since(time)))])
    }
}
