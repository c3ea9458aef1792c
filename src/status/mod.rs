//! What the running daemon tells of itself: the health of each part, and the view that the outputs read.
//!
//! Rooms below fill in their own health; the server and the metrics read all of it in one [`View`].

mod access;
mod audit;
mod checkpoint;
mod clock;
mod dead_letters;
mod delivery;
mod http;
mod http_source;
mod latency;
mod lateness;
mod operation;
mod shared;
mod source;
mod topics;
mod view;

pub use access::{AccessCause, AccessTrouble};
pub use audit::AuditHealth;
pub use checkpoint::CheckpointHealth;
pub use clock::wall_clock;
pub use dead_letters::DeadLetterHealth;
pub use delivery::DeliveryHealth;
pub use http::{HttpHealth, Refused};
pub use http_source::{HttpSourceHealth, Sent};
pub use latency::{LATENCY_BOUNDS_MS, LatencyHistogram, ProcessingLatency};
pub use lateness::{LatenessHealth, PartitionLateness};
pub use operation::Operation;
pub use shared::{Shared, lock};
pub use source::{PartitionHealth, RegistryHealth, SourceHealth, WaitingRecord};
pub use topics::{InputHealth, TopicConfig, TopicHealth, Unsafe};
pub use view::View;
