//! Reads the past of one finding.

use super::once::Once;
use super::reader::{DayRead, HistoryReader};
use crate::checkpoint::error::CheckpointError;
use crate::plan::{EventTime, Span};
use crate::render::Series;

impl HistoryReader {
    /// Returns the past of the finding at this place of the status page, over so many days before the newest, with at most `max_points`. Of more points
    /// the last of each of equally many stays. A day that cannot be read is told and left out. `release_every` is the time between releases: where there
    /// was none for twice as long, numbers do not stand.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the folder cannot be read.
    pub fn series(
        &self,
        anchor: &str,
        days: u32,
        max_points: usize,
        release_every: Span,
    ) -> Result<Series, CheckpointError> {
        let known = self.segments()?;
        let newest = known.keys().next_back().copied().unwrap_or_default();
        let (mut series, mut once) = (Series::of(anchor), Once::default());
        for (day, segments) in known.into_iter().filter(|(day, _)| *day > newest.saturating_sub(i64::from(days))) {
            let is_thinned = segments.iter().any(|segment| segment.number.is_none());
            let every = if is_thinned { release_every.max(Span::DAY) } else { release_every };
            let entries = self.entries_in(day, &segments, |entry, numbers| {
                Ok((entry.of(numbers, |key| key.anchor() == anchor)?, entry.told.clone()))
            });
            match entries {
                Ok(DayRead { entries, early }) => {
                    series.unreadable.extend(early.iter().map(ToString::to_string));
                    for (mut entry, told) in entries {
                        let is_new = once.take(&mut entry, &told);
                        series.add(entry, is_new, every);
                    }
                }
                Err(error @ CheckpointError::DamagedHistory { .. }) => {
                    series.interrupt(EventTime(day.saturating_mul(Span::DAY.0)), error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        series.passed_over = once.entries + once.transitions;
        series.thin(max_points);
        Ok(series)
    }
}
