//! What arrives: the event contract (v1), its decoding, and why an event is refused.

mod collection;
mod context;
mod data;
mod decode;
mod decoded;
mod envelope;
mod field;
mod model;
mod object;
mod plain;
mod rejection;
mod time;
mod value;

pub use collection::{MAX_ENTRIES, MAX_POPULATION_GROUPS};
pub use decode::{MAX_DEPTH, RawRecord, decode, decode_generally};
pub use decoded::Decoded;
pub use model::*;
pub use rejection::{Reason, Rejection};
pub use time::{EARLIEST_TIME, LATEST_TIME};
