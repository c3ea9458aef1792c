//! How long records take through the daemon.

/// Upper bounds of the buckets, in milliseconds: 1 ms to 1 h.
pub const LATENCY_BOUNDS_MS: [u32; 21] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000, 3_600_000,
];

/// The latency of records since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessingLatency {
    /// From the Kafka timestamp of a record until the record was counted.
    pub counted: LatencyHistogram,
    /// From when a record was counted until the first evaluation with it was published.
    pub published: LatencyHistogram,
}

/// Records by how long they took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatencyHistogram {
    /// Records that took at most as long as each of [`LATENCY_BOUNDS_MS`].
    pub cumulative: [u64; LATENCY_BOUNDS_MS.len()],
    /// All records.
    pub count: u64,
    /// The sum over all records, in milliseconds.
    pub sum_ms: u64,
}

impl LatencyHistogram {
    /// The sum over all records, in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a sum is for averages, which need no more than 53 bits")]
    pub fn sum_seconds(&self) -> f64 {
        self.sum_ms as f64 / 1_000.0
    }
}
