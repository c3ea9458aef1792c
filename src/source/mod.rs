//! Where records come from: Kafka, replayed files, the embedded broker of the demo.

mod compressed;
pub mod embedded;
mod error;
pub mod files;
pub mod format;
pub mod kafka;
mod position;
mod refusal;
mod rows;
mod run;
pub mod sample;
pub mod sample_schemas;
pub mod sort;

pub use error::SourceError;
pub use position::{Gap, RecordHash, RecordHashes, read_on};
pub use refusal::refusal;
