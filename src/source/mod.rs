//! Where records come from: Kafka, replayed files, the embedded broker of the demo.

mod batch;
pub mod embedded;
pub mod kafka;
mod poison;
mod position;
pub mod replay;
pub mod topics;

pub use batch::{Batch, BatchRecord};
pub use position::{RecordHash, read_on};
