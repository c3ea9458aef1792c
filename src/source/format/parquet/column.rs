//! One column: the values of some rows, and which of them each row has.

use std::ops::Range;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescriptor;

use super::meaning::{Meaning, int96};
use crate::event::Rejection;
use crate::source::format::json::Json;

/// A column that is read.
pub(super) struct Column {
    /// Its place among the columns of the file.
    pub place: usize,
    meaning: Meaning,
    /// The levels of a value that is there: of what it is within, how much is not null.
    max_defined: i16,
    is_repeated: bool,
    reader: Option<ColumnReader>,
    values: Values,
    defined: Vec<i16>,
    repeated: Vec<i16>,
    row: RowRange,
}

/// What a row has of a column.
#[derive(Clone, Debug, Default)]
struct RowRange {
    levels: Range<usize>,
    first_value: usize,
    end_value: usize,
}

/// Values that are there, in their order.
enum Values {
    None,
    Booleans(Vec<bool>),
    Int32s(Vec<i32>),
    Int64s(Vec<i64>),
    Int96s(Vec<Int96>),
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

impl Column {
    /// A column by its place, without values.
    pub fn new(place: usize, column: &ColumnDescriptor) -> Self {
        Self {
            place,
            meaning: Meaning::of(column),
            max_defined: column.max_def_level(),
            is_repeated: column.max_rep_level() > 0,
            reader: None,
            values: Values::None,
            defined: Vec::new(),
            repeated: Vec::new(),
            row: RowRange::default(),
        }
    }

    /// Goes on with another group of rows.
    pub fn begin(&mut self, reader: ColumnReader) {
        self.reader = Some(reader);
    }

    /// Reads the values of the next rows.
    ///
    /// # Errors
    /// If the file does not have them.
    pub fn read(&mut self, rows: usize) -> Result<()> {
        self.defined.clear();
        self.repeated.clear();
        self.row = RowRange::default();
        let levels = (&mut self.defined, &mut self.repeated);
        let values = std::mem::replace(&mut self.values, Values::None);
        let (read, values) = match &mut self.reader {
            None => (0, Values::None),
            Some(ColumnReader::BoolColumnReader(reader)) => {
                let mut list = if let Values::Booleans(list) = values { list } else { Vec::new() };
                (read(reader, rows, levels, &mut list)?, Values::Booleans(list))
            }
            Some(ColumnReader::Int32ColumnReader(reader)) => {
                let mut list = if let Values::Int32s(list) = values { list } else { Vec::new() };
                (read(reader, rows, levels, &mut list)?, Values::Int32s(list))
            }
            Some(ColumnReader::Int64ColumnReader(reader)) => {
                let mut list = if let Values::Int64s(list) = values { list } else { Vec::new() };
                (read(reader, rows, levels, &mut list)?, Values::Int64s(list))
            }
            Some(ColumnReader::Int96ColumnReader(reader)) => {
                let mut list = if let Values::Int96s(list) = values { list } else { Vec::new() };
                (read(reader, rows, levels, &mut list)?, Values::Int96s(list))
            }
            Some(ColumnReader::FloatColumnReader(reader)) => {
                let mut list = if let Values::Floats(list) = values { list } else { Vec::new() };
                (read(reader, rows, levels, &mut list)?, Values::Floats(list))
            }
            Some(ColumnReader::DoubleColumnReader(reader)) => {
                let mut list = if let Values::Doubles(list) = values { list } else { Vec::new() };
                (read(reader, rows, levels, &mut list)?, Values::Doubles(list))
            }
            Some(ColumnReader::ByteArrayColumnReader(reader)) => {
                let mut list = if let Values::Bytes(list) = values { list } else { Vec::new() };
                (read(reader, rows, levels, &mut list)?, Values::Bytes(list))
            }
            Some(ColumnReader::FixedLenByteArrayColumnReader(reader)) => {
                let mut list = if let Values::Fixed(list) = values { list } else { Vec::new() };
                (read(reader, rows, levels, &mut list)?, Values::Fixed(list))
            }
        };
        self.values = values;
        if read == rows {
            return Ok(());
        }
        let problem = format!("expected {rows} more rows in the column {}, found {read}", self.place + 1);
        Err(ParquetError::General(problem))
    }

    /// Goes on to the next row.
    pub fn next_row(&mut self) {
        let begin = self.row.levels.end;
        let mut end = begin + 1;
        if self.is_repeated {
            while self.repeated.get(end).is_some_and(|level| *level > 0) {
                end += 1;
            }
        }
        let is_there = |level: &usize| self.max_defined == 0 || self.defined.get(*level) == Some(&self.max_defined);
        let there =
            if end - begin == 1 { usize::from(is_there(&begin)) } else { (begin..end).filter(is_there).count() };
        let first_value = self.row.end_value;
        self.row = RowRange { levels: begin..end, first_value, end_value: first_value + there };
    }

    /// Writes the value of the row; null where it has none.
    #[inline]
    pub fn write(&self, json: &mut Json<'_>) -> std::result::Result<(), Rejection> {
        if self.row.first_value == self.row.end_value {
            json.put(b"null")
        } else {
            self.value(self.row.first_value, json)
        }
    }

    /// Writes the values of the row as a list. `element_defined` is the level from which an element is there, be it null.
    pub fn write_list(&self, element_defined: i16, json: &mut Json<'_>) -> std::result::Result<(), Rejection> {
        let Some(first) = self.defined.get(self.row.levels.start) else { return json.put(b"null") };
        if *first < element_defined {
            return json.put(if *first == element_defined - 1 { b"[]" } else { b"null" });
        }
        json.put(b"[")?;
        self.each(json, |json, value| self.value_or_null(value, json))?;
        json.put(b"]")
    }

    /// Writes the row's values as those of a map, whose keys are another column's.
    pub fn write_map(&self, keys: &Self, key_defined: i16, json: &mut Json<'_>) -> std::result::Result<(), Rejection> {
        let Some(first) = keys.defined.get(keys.row.levels.start) else { return json.put(b"null") };
        if *first < key_defined {
            return json.put(if *first == key_defined - 1 { b"{}" } else { b"null" });
        }
        json.put(b"{")?;
        let mut key = keys.row.first_value;
        self.each(json, |json, value| {
            match &keys.values {
                Values::Bytes(_) | Values::Fixed(_) => keys.value(key, json)?,
                // A key is a string, whatever it was.
                _ => {
                    let mut text = Vec::new();
                    keys.value(key, &mut Json::new(&mut text, usize::MAX))?;
                    json.string(String::from_utf8_lossy(&text).trim_matches('"'))?;
                }
            }
            key += 1;
            json.put(b":")?;
            self.value_or_null(value, json)
        })?;
        json.put(b"}")
    }

    /// Calls for each level of the row, with the place of its value where one is there. Commas are written between.
    fn each(
        &self,
        json: &mut Json<'_>,
        mut write: impl FnMut(&mut Json<'_>, Option<usize>) -> std::result::Result<(), Rejection>,
    ) -> std::result::Result<(), Rejection> {
        let mut value = self.row.first_value;
        for level in self.row.levels.clone() {
            if level > self.row.levels.start {
                json.put(b",")?;
            }
            let is_there = self.defined.get(level) == Some(&self.max_defined);
            write(json, is_there.then_some(value))?;
            value += usize::from(is_there);
        }
        Ok(())
    }

    fn value_or_null(&self, place: Option<usize>, json: &mut Json<'_>) -> std::result::Result<(), Rejection> {
        match place {
            Some(place) => self.value(place, json),
            None => json.put(b"null"),
        }
    }

    fn value(&self, place: usize, json: &mut Json<'_>) -> std::result::Result<(), Rejection> {
        let written = match &self.values {
            Values::None => None,
            Values::Booleans(list) => {
                list.get(place).map(|value| json.put(if *value { b"true".as_slice() } else { b"false" }))
            }
            Values::Int32s(list) => list.get(place).map(|value| self.meaning.int32(*value, json)),
            Values::Int64s(list) => list.get(place).map(|value| self.meaning.int64(*value, json)),
            Values::Int96s(list) => list.get(place).map(|value| int96(value, json)),
            Values::Floats(list) => list.get(place).map(|value| json.float(*value)),
            Values::Doubles(list) => list.get(place).map(|value| json.double(*value)),
            Values::Bytes(list) => list.get(place).map(|value| self.meaning.bytes(value.data(), json)),
            Values::Fixed(list) => list.get(place).map(|value| self.meaning.bytes(value.data(), json)),
        };
        written.unwrap_or_else(|| json.put(b"null"))
    }
}

fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    (defined, repeated): (&mut Vec<i16>, &mut Vec<i16>),
    values: &mut Vec<T::T>,
) -> Result<usize> {
    values.clear();
    let mut left = rows;
    while left > 0 {
        let (read, _, levels) = reader.read_records(left, Some(defined), Some(repeated), values)?;
        if read == 0 && levels == 0 {
            break;
        }
        left -= read.min(left);
    }
    Ok(rows - left)
}
