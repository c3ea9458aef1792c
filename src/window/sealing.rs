//! Which hours are sealed when they are merged into their days.

use std::sync::Arc;

use super::cell::{bucket, index};
use super::key::CellKey;
use super::store::Windows;
use crate::plan::{EventTime, Span};

impl Windows {
    /// Keeps of each day which hours were sealed when they were merged, until the day has the age `max_age`: for hit
    /// rates. An hour is not sealed before the watermark has passed it by `lateness`.
    pub const fn keep_seals(&mut self, max_age: Span, lateness: Span) {
        self.seals.ages = Some((max_age, lateness));
    }

    /// Notes which hours are sealed, of those that are merged next.
    pub(super) fn seal(&mut self, watermark: EventTime) {
        let Some((max_age, lateness)) = self.seals.ages else { return };
        let floor = self.hour_floor;
        // Nobody waits for cases without a group.
        let waits = |key: &CellKey| key.stratum.is_none() && key.group.group().is_some();
        let known = self.keys.iter().zip(&self.cells).filter(|(key, _)| waits(key));
        let hours = known.flat_map(|(key, cell)| {
            let due = cell.hours.iter().take_while(|(hour, _)| *hour < floor);
            let is_over = |hour: i32| bucket(hour, Span::HOUR).end.plus(lateness) <= watermark;
            due.map(move |(hour, counts)| (*key, *hour, is_over(*hour) && counts.is_mostly_resolved()))
        });
        self.seals.note(hours);
        let day_floor = index(watermark.minus(max_age), Span::DAY);
        self.seals.forget(day_floor);
        for (key, cell) in self.keys.iter().zip(&mut self.cells) {
            let is_due = !cell.sealed.is_empty() || cell.hours.first().is_some_and(|(hour, _)| *hour < floor);
            if is_due {
                Arc::make_mut(cell).seal(floor, day_floor, |hour| self.seals.has(key, hour));
            }
        }
    }
}
