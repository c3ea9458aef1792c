//! Measures how long records take through the daemon. The monitor's thread alone records, so there are no locks.

use std::collections::VecDeque;

use hdrhistogram::{CreationError, Histogram};

use super::steps::Steps;
use crate::plan::{DisclosurePlan, EventTime, Span};
use crate::status::{LATENCY_BOUNDS_MS, LatencyHistogram, LatenessHealth, ProcessingLatency};

/// Significant decimal digits that the histograms keep.
const DIGITS: u8 = 3;
/// Longer latencies are recorded as this one, in milliseconds: beyond the last bucket it makes no difference.
const LARGEST_MS: u64 = 7_200_000;
/// Batches that are kept apart while they wait to be published, at most. With more, two neighbours become one.
const MAX_WAITING: usize = 1_024;

/// The latencies since the start.
pub struct LatencyRecorder {
    counted: Recorder,
    published: Recorder,
    /// What is counted and not published yet, oldest first: when it was counted, and how many records it is.
    waiting: VecDeque<(EventTime, u64)>,
    steps: Steps,
}

struct Recorder {
    histogram: Histogram<u64>,
    sum_ms: u64,
}

impl LatencyRecorder {
    /// Begins with no record.
    ///
    /// # Errors
    /// If the histogram refuses its bounds, which are constants.
    pub fn new() -> Result<Self, CreationError> {
        Ok(Self {
            counted: Recorder::new()?,
            published: Recorder::new()?,
            waiting: VecDeque::new(),
            steps: Steps::default(),
        })
    }

    /// Notes records that have just been counted. `timestamps` are theirs in Kafka, in milliseconds since 1970; a record without one counts for
    /// the second stage alone.
    pub fn note_counted(&mut self, timestamps: impl Iterator<Item = Option<i64>>, now: EventTime) {
        let mut records = 0;
        // Many records that follow each other have the same millisecond: they are recorded at once.
        let mut same = (None, 0);
        for timestamp in timestamps {
            records += 1;
            if same.0 != timestamp {
                self.note_same(std::mem::replace(&mut same, (timestamp, 0)), now);
            }
            same.1 += 1;
        }
        self.note_same(same, now);
        if self.waiting.len() >= MAX_WAITING {
            self.merge_neighbours();
        }
        self.waiting.push_back((now, records));
    }

    fn note_same(&mut self, (timestamp, records): (Option<i64>, u64), now: EventTime) {
        if let Some(timestamp) = timestamp
            && records > 0
        {
            self.counted.record(now.since(EventTime(timestamp)), records);
        }
    }

    /// Notes that everything counted so far is in an evaluation that is published now.
    pub fn note_published(&mut self, now: EventTime) {
        for (since, records) in self.waiting.drain(..) {
            self.published.record(now.since(since), records);
        }
    }

    /// Moves what waits by as much as the wall clock was set.
    pub fn shift_clock(&mut self, by: Span) {
        for (since, _) in &mut self.waiting {
            *since = since.plus(by);
        }
    }

    /// What `/metrics` shows of the latencies.
    pub fn latency(&mut self, plan: &DisclosurePlan) -> ProcessingLatency {
        let now = ProcessingLatency { counted: self.counted.buckets(), published: self.published.buckets() };
        self.steps.latency(plan, now)
    }

    /// What `/metrics` shows of latenesses.
    pub fn lateness(&mut self, plan: &DisclosurePlan, now: LatenessHealth) -> LatenessHealth {
        self.steps.lateness(plan, now)
    }

    /// Halves the number of entries. The older time stands for both, so no latency is understated.
    fn merge_neighbours(&mut self) {
        let mut merged = VecDeque::with_capacity(MAX_WAITING);
        while let Some((since, records)) = self.waiting.pop_front() {
            let more = self.waiting.pop_front().map_or(0, |(_, records)| records);
            merged.push_back((since, records + more));
        }
        self.waiting = merged;
    }
}

impl Recorder {
    fn new() -> Result<Self, CreationError> {
        Ok(Self { histogram: Histogram::new_with_bounds(1, LARGEST_MS, DIGITS)?, sum_ms: 0 })
    }

    /// A timestamp ahead of the clock counts as no latency.
    fn record(&mut self, latency: Span, records: u64) {
        let millis = u64::try_from(latency.0).unwrap_or_default();
        self.histogram.saturating_record_n(millis, records);
        self.sum_ms = self.sum_ms.saturating_add(millis.saturating_mul(records));
    }

    fn buckets(&self) -> LatencyHistogram {
        let mut cumulative = [0_u64; LATENCY_BOUNDS_MS.len()];
        for step in self.histogram.iter_recorded() {
            // Values that the histogram does not tell apart count as the smallest of them.
            let millis = self.histogram.lowest_equivalent(step.value_iterated_to());
            let bucket = LATENCY_BOUNDS_MS.partition_point(|bound| u64::from(*bound) < millis);
            // Beyond the last bound it counts for the total alone.
            if let Some(count) = cumulative.get_mut(bucket) {
                *count += step.count_at_value();
            }
        }
        let mut sum = 0;
        for count in &mut cumulative {
            sum += *count;
            *count = sum;
        }
        LatencyHistogram { cumulative, count: self.histogram.len(), sum_ms: self.sum_ms }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: EventTime = EventTime(1_790_000_000_000);

    /// How many are in the bucket that ends at so many milliseconds, and not in the one before.
    fn in_bucket(histogram: &LatencyHistogram, bound: u32) -> u64 {
        let index = LATENCY_BOUNDS_MS.iter().position(|known| *known == bound).unwrap();
        let before = index.checked_sub(1).map_or(0, |before| histogram.cumulative.get(before).copied().unwrap());
        histogram.cumulative.get(index).copied().unwrap() - before
    }

    #[test]
    fn a_bound_is_in_its_bucket_and_one_more_is_in_the_next() {
        for (bound, next) in LATENCY_BOUNDS_MS.iter().zip(LATENCY_BOUNDS_MS.iter().skip(1)) {
            let mut recorder = LatencyRecorder::new().unwrap();
            // What differs by less than a thousandth may share a bucket.
            let above = i64::from(*bound) + i64::from(*bound) / 500 + 1;
            let ago = |millis: i64| Some(NOW.0 - millis);
            recorder.note_counted([ago(i64::from(*bound)), ago(above)].into_iter(), NOW);
            let counted = recorder.latency(&DisclosurePlan::open()).counted;
            let above_in = if above <= i64::from(*next) { *next } else { *bound };
            assert_eq!((in_bucket(&counted, *bound), in_bucket(&counted, above_in)), (1, 1), "{bound} ms: {counted:?}");
            assert_eq!((counted.count, counted.sum_ms), (2, u64::from(*bound) + u64::try_from(above).unwrap()));
        }
    }

    #[test]
    fn what_is_ahead_of_the_clock_is_at_once_and_what_is_older_than_an_hour_is_beyond_the_last_bound() {
        let mut recorder = LatencyRecorder::new().unwrap();
        let day = 86_400_000;
        recorder.note_counted([Some(NOW.0 + day), Some(NOW.0 - day), None].into_iter(), NOW);
        let ProcessingLatency { counted, published } = recorder.latency(&DisclosurePlan::open());
        assert_eq!((in_bucket(&counted, 1), counted.cumulative.last(), counted.count), (1, Some(&1), 2));
        assert_eq!(counted.sum_ms, 86_400_000);
        assert_eq!(published, LatencyHistogram::default());
    }

    #[test]
    fn records_wait_until_they_are_published_however_many_batches_they_are() {
        let mut recorder = LatencyRecorder::new().unwrap();
        for batch in 0..4_000 {
            recorder.note_counted([None, None].into_iter(), NOW.plus(Span(batch)));
        }
        assert!(recorder.waiting.len() <= MAX_WAITING);
        recorder.shift_clock(Span::DAY);
        recorder.note_published(NOW.plus(Span::DAY).plus(Span(9_900)));
        let published = recorder.latency(&DisclosurePlan::open()).published;
        // They waited from 5,901 to 9,900 ms; those that were merged show as some milliseconds longer.
        assert_eq!((in_bucket(&published, 10_000), published.count), (8_000, 8_000));
        recorder.note_published(NOW.plus(Span::DAY.times(2)));
        assert_eq!(recorder.latency(&DisclosurePlan::open()).published, published, "nothing is published twice");
    }
}
