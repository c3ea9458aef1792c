//! What a verdict looks like. Each has a shape of its own beside its word, so that nobody needs colours to tell them apart.

use maud::{Markup, html};

use super::text::Language;
use crate::judge::Verdict;

/// The verdict's class in the style sheet.
pub(crate) const fn class(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Critical) => "critical",
        Some(Verdict::Warning) => "warning",
        Some(Verdict::Within) => "within",
        Some(Verdict::InsufficientData) => "insufficient",
        Some(Verdict::Stale) => "stale",
        Some(Verdict::Incomplete) => "incomplete",
        None => "unjudged",
    }
}

/// Shape and word.
pub(crate) fn verdict(language: Language, verdict: Option<Verdict>) -> Markup {
    html! { span class=(format!("verdict {}", class(verdict))) { (shape(verdict)) (language.verdict_word(verdict)) } }
}

/// The shape alone. The word must stand beside it.
pub(crate) fn shape(verdict: Option<Verdict>) -> Markup {
    html! {
        svg.shape viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            @match verdict {
                Some(Verdict::Critical) => {
                    path.filled d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" {}
                    path.sign d="M8 4v5M8 11.2v1.4" {}
                }
                Some(Verdict::Warning) => {
                    path.filled d="M8 1 15.5 14.5H.5z" {}
                    path.sign d="M8 6v4M8 11.6v1.3" {}
                }
                Some(Verdict::Within) => {
                    circle.open cx="8" cy="8" r="6.5" {}
                    path.stroke d="M4.8 8h6.4" {}
                }
                Some(Verdict::InsufficientData) => {
                    circle.open.dashed cx="8" cy="8" r="6.5" {}
                    path.stroke d="M6 6.2c0-2.6 4-2.6 4 0 0 1.5-2 1.6-2 3.2M8 11.2v1" {}
                }
                Some(Verdict::Incomplete) => {
                    path.open.dashed d="M8 1.5A6.5 6.5 0 1 1 1.5 8" {}
                    path.stroke d="M8 4.4v4.4M8 11v1" {}
                }
                Some(Verdict::Stale) => {
                    circle.open cx="8" cy="8" r="6.5" {}
                    path.stroke d="M8 4.2V8l2.6 1.8" {}
                }
                None => { circle.open.dashed cx="8" cy="8" r="6.5" {} }
            }
        }
    }
}
