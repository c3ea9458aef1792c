//! `rotate-key`: a new pseudonym key beside the present one.

use super::arguments::{ConfigArgument, load_to_print};
use super::daemon::{Rotated, rotate};
use super::failure::{Failure, Finished};
use crate::ledger::Spans;
use crate::plan::{Plan, Span};

/// Makes a new key. A daemon takes it at its next start, knows old cases by the old key and new ones by the new key, and destroys the old key when
/// nothing is known by it any more.
///
/// # Errors
/// [`Failure::Data`] if there is no key yet, or an earlier rotation has not ended; [`Failure::Io`] if the files cannot be read or written;
/// [`Failure::Configuration`] if the configuration is wrong, or others may read the key.
pub fn run(arguments: &ConfigArgument) -> Result<Finished, Failure> {
    let settings = load_to_print(&arguments.config)?;
    let Rotated { path, previous } = rotate(&settings)?;
    println!(
        "{}: a new pseudonym key; the one before it is in {}\n\
         Restart the daemon: it takes the new key at its start.\n\
         It destroys the old key when event time is {} past the newest event that it knew then, or later where cases of the old key go on getting \
         events.\n\
         A state or a backup from before that needs the old key: without it, it cannot be read.",
        path.display(),
        previous.display(),
        in_words(join_horizon(&settings.plan)),
    );
    Ok(Finished::Ok)
}

/// The longest time for which something may be known by a key after its last event: a case is kept, or an id remembered.
fn join_horizon(plan: &Plan) -> Span {
    let Spans { not_selected, membership, history, lateness } = Spans::of(plan);
    let longest = [not_selected, membership, history, plan.ledger.dedupe_horizon].into_iter().map(|span| span.0).max();
    // Whole hours are kept.
    Span(longest.unwrap_or_default().saturating_add(lateness.0).saturating_add(Span::HOUR.0))
}

/// In days and hours, rounded up.
fn in_words(span: Span) -> String {
    let hours = span.0.saturating_add(Span::HOUR.0 - 1) / Span::HOUR.0;
    match (hours / 24, hours % 24) {
        (0, hours) => format!("{hours} hours"),
        (days, 0) => format!("{days} days"),
        (days, hours) => format!("{days} days and {hours} hours"),
    }
}
