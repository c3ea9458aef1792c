//! What arrives: the event contract (v1), its decoding, and why an event is refused.

mod decode;
mod model;
mod rejection;

pub use decode::{Decoded, Limits, RawRecord, decode};
pub use model::*;
pub use rejection::{Reason, Rejection};
