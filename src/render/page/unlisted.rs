//! Groups on no list: what events write that no comparison counts.

use maud::{Markup, html};

use super::findings::withheld;
use super::text::{Language, fill};
use crate::disclosure::PublishedUnlisted;

/// Rows on the page, at most.
const MAX_ROWS: usize = 100;

/// The section; nothing where all is listed.
pub(super) fn section(language: Language, unlisted: &PublishedUnlisted) -> Markup {
    let PublishedUnlisted { values, others, spellings } = unlisted;
    if values.is_empty() && others.is_empty() && spellings.is_empty() {
        return html! {};
    }
    let shown = values.get(..MAX_ROWS.min(values.len())).unwrap_or_default();
    html! {
        section aria-labelledby="unlisted" {
            h2 id="unlisted" { (language.unlisted()) }
            p.note { (language.unlisted_note()) }
            @if !values.is_empty() || !others.is_empty() {
                div.scroll role="region" tabindex="0" aria-label=(language.unlisted_caption()) {
                    table {
                        caption { (language.unlisted_caption()) }
                        thead {
                            tr {
                                th scope="col" { (language.unlisted_dimension_name()) }
                                th scope="col" { (language.unlisted_value()) }
                                th scope="col" { (language.unlisted_resembles()) }
                                th.number scope="col" { (language.unlisted_cases()) }
                            }
                        }
                        tbody {
                            @for value in shown {
                                tr {
                                    th scope="row" { (value.dimension) }
                                    td { code { (value.value) } }
                                    td { @if let Some(group) = &value.resembles { code { (group) } } }
                                    td.number { (language.count(value.cases)) }
                                }
                            }
                            @for others in others {
                                tr {
                                    th scope="row" { (others.dimension) }
                                    td { (language.unlisted_others()) }
                                    td {}
                                    td.number {
                                        @match others.cases {
                                            Some(cases) => { (language.count(cases)) }
                                            None => { (withheld(language)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if values.len() > shown.len() {
                p.note { (fill(language.unlisted_left_out(), &[&language.count((values.len() - shown.len()) as u64)])) }
            }
            @for spelling in spellings {
                p.note { (fill(language.unlisted_dimension(), &[&spelling.written, &spelling.dimension])) }
            }
        }
    }
}
