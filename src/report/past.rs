//! Numbers over time: at most a point a day, and not too many in all.

use std::sync::Arc;

use crate::disclosure::KeptFinding;
use crate::plan::EventTime;

use super::model::PastPoint;

/// Points of all findings together, at most. Where there would be more, one stands for two, four ... days.
const MAX_POINTS: usize = 100_000;

/// How far points are apart.
#[derive(Debug)]
pub(super) struct Stride {
    /// The first day of the period.
    first: i64,
    days: i64,
    /// Days from one release to the next, at most.
    between: i64,
    /// Points of all findings.
    points: usize,
}

/// The numbers of one finding, each of the longest window of its release, oldest first.
#[derive(Debug, Default)]
pub(super) struct Past {
    window: Option<Arc<str>>,
    points: Vec<(i64, PastPoint)>,
    /// The day of the last number.
    last: i64,
    is_interrupted: bool,
}

impl Stride {
    pub const fn new(first: i64, between: i64) -> Self {
        Self { first, days: 1, between, points: 0 }
    }

    pub const fn days(&self) -> u64 {
        self.days.unsigned_abs()
    }

    pub const fn is_too_short(&self) -> bool {
        self.points > MAX_POINTS
    }

    pub const fn double(&mut self) {
        self.days *= 2;
    }

    pub const fn note_points(&mut self, points: usize) {
        self.points = points;
    }

    /// The part of the period that has one point.
    const fn part(&self, day: i64) -> i64 {
        (day - self.first).div_euclid(self.days)
    }
}

impl Past {
    /// Takes the numbers of a release, of the longest window that it has. With another window the line breaks.
    pub fn take(&mut self, window: &str, (day, as_of): (i64, EventTime), row: &KeptFinding, stride: &mut Stride) {
        let window = self.window.take_if(|known| **known == *window).unwrap_or_else(|| {
            self.is_interrupted = true;
            Arc::from(window)
        });
        self.window = Some(Arc::clone(&window));
        let has_points = !self.points.is_empty();
        let breaks = has_points && (self.is_interrupted || day - self.last > stride.between);
        (self.last, self.is_interrupted) = (day, false);
        // What has no place in a line over time would take most of the memory.
        let row = KeptFinding { details: None, ..row.clone() };
        let point = PastPoint { as_of, window, row, breaks };
        match self.points.last_mut() {
            Some((last, known)) if stride.part(*last) == stride.part(day) => {
                *last = day;
                *known = PastPoint { breaks: known.breaks || breaks, ..point };
            }
            _ => {
                stride.points += 1;
                self.points.push((day, point));
            }
        }
    }

    /// The finding is no more.
    pub const fn interrupt(&mut self) {
        self.is_interrupted = true;
    }

    /// Leaves the last point of each part, and returns how many stay.
    pub fn thin(&mut self, stride: &Stride) -> usize {
        let mut left: Vec<(i64, PastPoint)> = Vec::with_capacity(self.points.len() / 2 + 1);
        for (day, point) in std::mem::take(&mut self.points) {
            match left.last_mut() {
                Some((last, known)) if stride.part(*last) == stride.part(day) => {
                    *last = day;
                    *known = PastPoint { breaks: known.breaks || point.breaks, ..point };
                }
                _ => left.push((day, point)),
            }
        }
        self.points = left;
        self.points.len()
    }

    /// Returns the points.
    pub fn finish(self) -> Vec<PastPoint> {
        self.points.into_iter().map(|(_, point)| point).collect()
    }
}
