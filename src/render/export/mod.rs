//! The history as tables: CSV, JSON and Parquet, with the same columns and the same numbers.

mod parquet;
mod table;
mod text;

use std::fs::File;
use std::io;

use crate::disclosure::KeptEntry;
use crate::disclosure::{KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey};

pub use table::{Cell, Columns, Kind, OF_FINDING, OF_FUNNEL, OF_KEY, TABLES, Table, of_finding, of_funnel, of_key};
pub use text::csv_line;

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportFormat {
    /// Text separated by commas (RFC 4180), with a head.
    Csv,
    /// One array of objects.
    Json,
    /// Parquet, with row groups by day.
    Parquet,
}

/// A file that is being written.
pub struct ExportFile(Writer);

enum Writer {
    Csv(text::Csv),
    Json(text::Json),
    Parquet(parquet::Parquet),
}

impl ExportFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Parquet];

    /// Returns its word, with which names of files end.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }
}

impl ExportFile {
    /// Begins a table.
    ///
    /// # Errors
    /// Those of the file.
    pub fn begin(format: ExportFormat, table: Table, file: File) -> io::Result<Self> {
        Ok(Self(match format {
            ExportFormat::Csv => Writer::Csv(text::Csv::begin(table, file)?),
            ExportFormat::Json => Writer::Json(text::Json::begin(table, file)?),
            ExportFormat::Parquet => Writer::Parquet(parquet::Parquet::begin(table, file)?),
        }))
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Those of the file.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        match &mut self.0 {
            Writer::Csv(file) => file.row(cells),
            Writer::Json(file) => file.row(cells),
            Writer::Parquet(file) => file.row(cells),
        }
    }

    /// Ends a day.
    ///
    /// # Errors
    /// Those of the file.
    pub fn end_day(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Writer::Parquet(file) => file.end_group(),
            Writer::Csv(_) | Writer::Json(_) => Ok(()),
        }
    }

    /// Ends the file and returns it.
    ///
    /// # Errors
    /// Those of the file.
    pub fn end(self) -> io::Result<File> {
        match self.0 {
            Writer::Csv(file) => file.end(),
            Writer::Json(file) => file.end(),
            Writer::Parquet(file) => file.end(),
        }
    }
}

/// Returns the rows of a table that an entry has. `findings` and `funnel` are those that are told with it.
#[must_use]
pub fn export_rows<'h>(
    table: Table,
    entry: &'h KeptEntry,
    findings: &[(&'h KeptKey, &'h KeptFinding)],
    funnel: &[(&'h KeptFunnelKey, &'h KeptFunnel)],
) -> Vec<Vec<Cell<'h>>> {
    match table {
        Table::Findings => findings.iter().map(|(key, row)| table::finding(entry, key, row)).collect(),
        Table::Funnel => funnel.iter().map(|(key, row)| table::funnel(entry, key, row)).collect(),
        Table::Quality if !entry.is_release => Vec::new(),
        Table::Quality => entry.quality.iter().map(|row| table::quality(entry, row)).collect(),
        Table::Transitions => entry.transitions.iter().map(|row| table::transition(entry, row)).collect(),
    }
}
