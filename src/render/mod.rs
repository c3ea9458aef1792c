//! The forms in which what was published is read: JSON documents, a table for terminals, the status page.
//!
//! Nothing here decides what may be shown. Numbers about people come from [`crate::disclosure::Published`] alone.

mod columns;
mod document;
mod duties;
mod export;
mod handled;
mod health;
pub mod page;
mod published;
mod series;
mod table;
mod time;
mod vitals;
mod wording;
pub mod words;

pub use export::{Cell, ExportFile, ExportFormat, Kind, TABLES, Table, export_rows};
pub use health::health_json;
pub use published::Render;
pub use series::{Point, Series};
pub use vitals::{AuditVitals, CheckpointVitals, DeadLetterVitals, HistoryVitals, PartitionVitals, Vitals};
