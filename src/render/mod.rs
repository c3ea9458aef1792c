//! The forms in which what was published is read: JSON documents, a table for terminals, the status page.
//!
//! Nothing here decides what may be shown. Numbers about people come from [`crate::disclosure::Published`] alone.

mod document;
mod health;
pub mod page;
mod published;
mod table;
mod time;
mod vitals;

pub use health::health_json;
pub use published::Render;
pub use vitals::{CheckpointVitals, DeadLetterVitals, PartitionVitals, Vitals};
