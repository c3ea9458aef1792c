//! CSV and JSON, row by row.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::table::{Cell, Table};
use crate::render::time::rfc3339;

/// Text separated by commas.
pub(super) struct Csv {
    to: BufWriter<File>,
}

/// An array of objects, one on a line.
pub(super) struct Json {
    to: BufWriter<File>,
    names: Vec<String>,
    is_empty: bool,
}

impl Csv {
    pub fn begin(table: Table, file: File) -> io::Result<Self> {
        let mut to = BufWriter::new(file);
        let names: Vec<&str> = table.columns().iter().map(|(name, _)| *name).collect();
        write!(to, "{}\r\n", names.join(","))?;
        Ok(Self { to })
    }

    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.to.write_all(csv_line(cells).as_bytes())
    }

    pub fn end(self) -> io::Result<File> {
        self.to.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl Json {
    pub fn begin(table: Table, file: File) -> io::Result<Self> {
        let mut to = BufWriter::new(file);
        to.write_all(b"[")?;
        let names = table.columns().iter().map(|(name, _)| format!("{name:?}")).collect();
        Ok(Self { to, names, is_empty: true })
    }

    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.to.write_all(if self.is_empty { b"\n{" } else { b",\n{" })?;
        self.is_empty = false;
        for (index, (name, cell)) in self.names.iter().zip(cells).enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(self.to, "{comma}{name}:{}", value(cell)?)?;
        }
        self.to.write_all(b"}")
    }

    pub fn end(mut self) -> io::Result<File> {
        self.to.write_all(b"\n]\n")?;
        self.to.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Returns a row of CSV with its end.
#[must_use]
pub fn csv_line(cells: &[Cell<'_>]) -> String {
    cells.iter().map(field).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A field of CSV: quoted where it must be (RFC 4180). What is absent is empty; so is no text here, as none is.
fn field(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => quoted(text.unwrap_or_default()),
        Cell::Count(count) => count.map_or_else(String::new, |count| count.to_string()),
        Cell::Number(number) => finite(*number).map_or_else(String::new, |number| number.to_string()),
        Cell::Flag(flag) => flag.map_or_else(String::new, |flag| flag.to_string()),
        Cell::Time(time) => time.and_then(rfc3339).unwrap_or_default(),
    }
}

fn quoted(text: &str) -> String {
    // A spreadsheet takes what begins like this for a formula; some take the wide signs, too.
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    if !is_formula && !text.contains(['"', ',', '\r', '\n']) {
        return text.to_owned();
    }
    format!("\"{}{}\"", if is_formula { "'" } else { "" }, text.replace('"', "\"\""))
}

fn value(cell: &Cell<'_>) -> io::Result<String> {
    let text = match cell {
        Cell::Text(text) => serde_json::to_string(text),
        Cell::Count(count) => serde_json::to_string(count),
        Cell::Number(number) => serde_json::to_string(&finite(*number)),
        Cell::Flag(flag) => serde_json::to_string(flag),
        Cell::Time(time) => serde_json::to_string(&time.and_then(rfc3339)),
    };
    text.map_err(io::Error::other)
}

/// What is not finite is absent.
pub(super) fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}
