//! The daemon's clock. The core never asks for the time; it gets it from here.

use std::time::Instant;

use crate::plan::{EventTime, Span};
use crate::status::wall_clock;

/// If the wall clock differs by this much from the time that has passed, somebody has set it.
const STEP: Span = Span::SECOND;

/// The time by the wall clock, which passes evenly. When somebody sets the wall clock it says so, so that the step does not count as a duration.
#[derive(Debug)]
pub struct SteadyClock {
    start: EventTime,
    since: Instant,
}

impl SteadyClock {
    /// Starts with the wall clock's time.
    #[must_use]
    pub fn start() -> Self {
        Self { start: wall_clock(), since: Instant::now() }
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> EventTime {
        self.start.plus(Span(i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX)))
    }

    /// If the wall clock was set: takes over its time, and returns by how much it was set.
    pub fn follow(&mut self) -> Option<Span> {
        let wall = wall_clock();
        let by = step(self.now(), wall)?;
        (self.start, self.since) = (wall, Instant::now());
        Some(by)
    }
}

fn step(expected: EventTime, wall: EventTime) -> Option<Span> {
    let by = wall.since(expected);
    (by.0.saturating_abs() >= STEP.0).then_some(by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_passes() {
        let noon = EventTime(1_790_000_000_000);
        assert_eq!(step(noon, noon.plus(Span(999))), None);
        for by in [Span::HOUR, Span::DAY.times(3_653)] {
            assert_eq!(step(noon, noon.plus(by)), Some(by));
            assert_eq!(step(noon, noon.minus(by)), Some(Span(-by.0)));
        }
    }
}
