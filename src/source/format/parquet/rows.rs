//! The rows of a file, read by columns, some thousand at a time.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::shape::{Field, Shape};
use crate::event::Rejection;
use crate::source::format::columns::Columns;
use crate::source::format::json::Json;
use crate::source::format::tree::{Branch, Tree};

/// Bytes that a column of a group of rows may have beside those of its documents: heads of pages, a dictionary.
const SPARE_BYTES: u64 = 1 << 20;
/// Rows whose values are in memory.
const BATCH_ROWS: usize = 1_024;

/// The rows of a file.
pub struct Parquet {
    reader: SerializedFileReader<File>,
    shape: Shape,
    /// The group of rows that is read next.
    next_group: usize,
    /// Rows of the group that were not read from the file yet.
    left_in_group: usize,
    /// Rows in memory that were not returned yet.
    left_in_memory: usize,
    /// The number of the last row, from 1.
    number: u64,
    limit: usize,
}

impl Parquet {
    /// Reads what a file says of itself. `limit` is the largest size of a row as JSON, in bytes; `read` the columns that are read.
    ///
    /// # Errors
    /// Where the file cannot be read, or its columns cannot be fields of one object.
    pub fn open(file: File, limit: usize, read: &Columns) -> Result<Self, Error> {
        let reader = guarded(|| SerializedFileReader::new(file))?;
        let shape = Shape::of(reader.metadata().file_metadata().schema_descr(), read);
        let shape = shape.map_err(|problem| Error::new(ErrorKind::InvalidData, problem))?;
        Ok(Self { reader, shape, next_group: 0, left_in_group: 0, left_in_memory: 0, number: 0, limit })
    }

    /// The names of all columns, read or not, with a dot between a group and what is in it.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.shape.names
    }

    /// Names of columns that are not read: lists of something else than values.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.shape.left_out
    }

    /// Goes on to the next row, and writes it as JSON. Returns its number, from 1, and why it was refused, if it was; `None` at the end.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn next(&mut self, text: &mut Vec<u8>) -> Result<Option<(u64, Option<Rejection>)>, Error> {
        while self.left_in_memory == 0 {
            if !guarded(|| self.read())? {
                return Ok(None);
            }
        }
        self.left_in_memory -= 1;
        self.number += 1;
        let Shape { tree, columns, .. } = &mut self.shape;
        columns.iter_mut().for_each(super::column::Column::next_row);
        let refused = object(tree, columns, &mut Json::new(text, self.limit)).err();
        Ok(Some((self.number, refused)))
    }

    /// Reads more rows into memory. Returns whether there may be any.
    fn read(&mut self) -> Result<bool, ParquetError> {
        if self.left_in_group == 0 {
            if self.next_group >= self.reader.num_row_groups() {
                return Ok(false);
            }
            let group = self.reader.get_row_group(self.next_group)?;
            self.next_group += 1;
            let rows = group.metadata().num_rows();
            self.left_in_group = usize::try_from(rows)
                .map_err(|_| ParquetError::General(format!("expected a number of rows, found {rows}")))?;
            for column in &mut self.shape.columns {
                check_size(group.metadata().column(column.place), (self.left_in_group, self.limit))?;
                column.begin(group.get_column_reader(column.place)?);
            }
        }
        let rows = self.left_in_group.min(BATCH_ROWS);
        self.shape.columns.iter_mut().try_for_each(|column| column.read(rows))?;
        self.left_in_group -= rows;
        self.left_in_memory = rows;
        Ok(true)
    }
}

/// Refuses a column of a group of rows that has more than documents can hold: a few bytes of a file can claim any number of values.
fn check_size(column: &ColumnChunkMetaData, (rows, limit): (usize, usize)) -> Result<(), ParquetError> {
    let most = (rows as u64).saturating_mul(limit as u64).saturating_add(SPARE_BYTES);
    let found = column.num_values().max(column.uncompressed_size());
    if u64::try_from(found).is_ok_and(|found| found <= most) {
        return Ok(());
    }
    let name = column.column_path().string();
    Err(ParquetError::General(format!(
        "expected at most {most} values, and bytes, in {rows} rows of the column {name}, found more"
    )))
}

fn object(tree: &Tree<Field>, columns: &[super::column::Column], json: &mut Json<'_>) -> Result<(), Rejection> {
    let column = |place: usize| columns.get(place);
    let mut before: &[u8] = b"{";
    for (key, branch) in &tree.fields {
        json.put(before)?;
        json.put(key)?;
        let written = match branch {
            Branch::Object(inner) => Some(object(inner, columns, json)),
            Branch::Leaf(Field::Value(place)) => column(*place).map(|column| column.write(json)),
            Branch::Leaf(Field::List(place, defined)) => column(*place).map(|column| column.write_list(*defined, json)),
            Branch::Leaf(Field::Map(keys, values, defined)) => {
                column(*keys).zip(column(*values)).map(|(keys, values)| values.write_map(keys, *defined, json))
            }
        };
        written.unwrap_or_else(|| json.put(b"null"))?;
        before = b",";
    }
    json.put(if tree.fields.is_empty() { b"{}" } else { b"}" })
}

/// Calls the reader of Parquet, which stops at some damaged files instead of refusing them. What it was about to read is not used any more then.
fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(error),
        Err(_) => Err(Error::new(ErrorKind::InvalidData, "expected Parquet, found a damaged file")),
    }
}

fn error(error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<Error>() {
            Ok(io) => *io,
            Err(other) => Error::new(ErrorKind::InvalidData, format!("expected Parquet, found: {other}")),
        },
        other => Error::new(ErrorKind::InvalidData, format!("expected Parquet, found: {other}")),
    }
}
