//! Where records come from: Kafka, replayed files, the embedded broker of the demo.

mod batch;
pub mod embedded;
pub mod kafka;
pub mod replay;

pub use batch::{Batch, BatchRecord};
