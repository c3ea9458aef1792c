//! A moment, for people and for machines.

use maud::{Markup, html};

use super::format::machine_time;
use super::text::Language;
use crate::plan::EventTime;

/// A time in words, and for machines.
pub(crate) fn time(language: Language, at: Option<EventTime>) -> Markup {
    match at.and_then(|at| Some((language.time(at)?, machine_time(at)?))) {
        Some((words, machine)) => html! { time datetime=(machine) { (words) } },
        None => html! { (language.unknown()) },
    }
}
