//! How much a mapping may read and make.

/// The most values that one mapping reads.
pub const MAX_FIELDS: usize = 128;
/// The most events that one record gives.
pub const MAX_EVENTS: usize = 1_000;
/// The most bytes that the events of one record take, in largest events.
pub const MAX_LARGEST_EVENTS: usize = 16;
