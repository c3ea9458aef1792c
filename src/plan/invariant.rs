//! Broken invariants: asserted where assertions are on, and counted where they are not.
//!
//! No input can break an invariant, for example that an index which the core itself made is valid. A broken one is a
//! defect of the program. A count may then be wrong, so the program must not ignore it. A build with debug assertions
//! panics at the place. A release build continues, counts the violation by [`Room`], and keeps the first source
//! location of each room. The caller of the core logs and exports both.
//!
//! The counters are the only state of the core outside [`crate::monitor::Monitor`]. Nothing in the core reads them, so
//! they cannot change a result.

use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The room whose invariant broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// `plan`
    Plan,
    /// `event`
    Event,
    /// `ledger`
    Ledger,
    /// `window`
    Window,
    /// `evidence`
    Evidence,
    /// `judge`
    Judge,
    /// `alert`
    Alert,
    /// `disclosure`
    Disclosure,
    /// `outbox`
    Outbox,
    /// `monitor`
    Monitor,
    /// `scenario`
    Scenario,
}

/// How often the invariants of one room broke since the program started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violations {
    /// The room: the label `place` of the metric.
    pub place: &'static str,
    /// The number of violations.
    pub count: u64,
    /// The place of the first one; `None` where there is none.
    pub first: Option<&'static Location<'static>>,
}

const ROOMS: [&str; 11] =
    ["plan", "event", "ledger", "window", "evidence", "judge", "alert", "disclosure", "outbox", "monitor", "scenario"];

static COUNTS: [AtomicU64; ROOMS.len()] = [const { AtomicU64::new(0) }; ROOMS.len()];
static FIRST: [OnceLock<&'static Location<'static>>; ROOMS.len()] = [const { OnceLock::new() }; ROOMS.len()];

/// Reports a broken invariant at the place of the caller. `expected` says what must hold; it is a text of the source, so that it holds no data.
///
/// # Panics
/// In builds with debug assertions.
#[cold]
#[inline(never)]
#[track_caller]
pub fn broken(room: Room, expected: &'static str) {
    // Asked here: as a function that is handed on, it would name the place that calls it in the library.
    let at = Location::caller();
    if let (Some(count), Some(first)) = (COUNTS.get(room as usize), FIRST.get(room as usize)) {
        count.fetch_add(1, Ordering::Relaxed);
        first.get_or_init(|| at);
    }
    debug_assert!(false, "broken invariant: expected that {expected}");
}

/// Returns `value` unchanged, and reports a broken invariant where it is `None`. `expected` says what must hold.
///
/// # Panics
/// In builds with debug assertions, where the value is missing.
#[inline]
#[track_caller]
pub fn present<T>(room: Room, expected: &'static str, value: Option<T>) -> Option<T> {
    if value.is_none() {
        broken(room, expected);
    }
    value
}

/// Returns the violations of each room since the program started.
pub fn violations() -> impl Iterator<Item = Violations> {
    ROOMS.iter().zip(COUNTS.iter().zip(&FIRST)).map(|(place, (count, first))| Violations {
        place,
        count: count.load(Ordering::Relaxed),
        first: first.get().copied(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "expected that the sky is up")]
    fn a_broken_invariant_panics_where_assertions_are_on_and_is_counted() {
        let before = violations().find(|of| of.place == "scenario").map_or(0, |of| of.count);
        let panicked = std::panic::catch_unwind(|| broken(Room::Scenario, "the sky is up"));
        let after = violations().find(|of| of.place == "scenario").filter(|of| of.count == before + 1);
        assert!(after.and_then(|of| of.first).is_some_and(|first| first.file().ends_with("invariant.rs")));
        std::panic::resume_unwind(panicked.map_or_else(|panic| panic, |()| Box::new("it went on")));
    }
}
