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
mod reports;
mod series;
mod table;
mod time;
mod vitals;
mod wording;
pub mod words;

pub use export::{
    Cell, Columns, ExportFile, ExportFormat, Kind, OF_FINDING, OF_FUNNEL, OF_KEY, TABLES, Table, csv_line, export_rows,
    of_finding, of_funnel, of_key,
};
pub use health::health_json;
pub use published::Render;
pub use reports::{MadeWith, ReportFile, ReportList, ReportRow};
pub use series::{Point, Series};
pub use time::rfc3339;
pub use vitals::{AuditVitals, CheckpointVitals, DeadLetterVitals, HistoryVitals, PartitionVitals, Vitals};
