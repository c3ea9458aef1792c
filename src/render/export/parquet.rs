//! Parquet: row groups by day, packed with Zstandard. Every column may be absent.

use std::fs::File;
use std::io;
use std::sync::Arc;

use ::parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::{Type, TypePtr};

use super::table::{Cell, Kind, Table};
use super::text::finite;

/// Rows in a row group, at most: a day that has more has several.
const MAX_GROUP_ROWS: usize = 100_000;

/// A Parquet file that is being written.
pub(super) struct Parquet {
    writer: SerializedFileWriter<File>,
    /// The day's rows, by column.
    columns: Vec<Column>,
}

/// A column of a day: for each row whether it is there, and the values that are.
enum Column {
    Text(Vec<i16>, Vec<ByteArray>),
    Whole(Vec<i16>, Vec<i64>),
    Number(Vec<i16>, Vec<f64>),
    Flag(Vec<i16>, Vec<bool>),
}

impl Parquet {
    pub fn begin(table: Table, file: File) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            // Without the version of the package: the same history is the same bytes.
            .set_created_by("paritywatch".to_owned())
            .build();
        let schema = schema(table).map_err(failed)?;
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(failed)?;
        Ok(Self { writer, columns: table.columns().iter().map(|(_, kind)| Column::of(*kind)).collect() })
    }

    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(*cell));
        let is_full = self.columns.first().is_some_and(|column| column.levels().len() >= MAX_GROUP_ROWS);
        if is_full { self.end_group() } else { Ok(()) }
    }

    /// Writes the rows so far as a row group.
    pub fn end_group(&mut self) -> io::Result<()> {
        if self.columns.first().is_none_or(|column| column.levels().is_empty()) {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for column in &mut self.columns {
            column.write(&mut group).map_err(failed)?;
            column.clear();
        }
        group.close().map(|_| ()).map_err(failed)
    }

    pub fn end(mut self) -> io::Result<File> {
        self.end_group()?;
        self.writer.into_inner().map_err(failed)
    }
}

impl Column {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(Vec::new(), Vec::new()),
            Kind::Count | Kind::Time => Self::Whole(Vec::new(), Vec::new()),
            Kind::Number => Self::Number(Vec::new(), Vec::new()),
            Kind::Flag => Self::Flag(Vec::new(), Vec::new()),
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Text(levels, values), Cell::Text(text)) => put(levels, values, text.map(ByteArray::from)),
            (Self::Whole(levels, values), Cell::Count(count)) => {
                put(levels, values, count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)));
            }
            (Self::Whole(levels, values), Cell::Time(time)) => put(levels, values, time.map(|time| time.0)),
            (Self::Number(levels, values), Cell::Number(number)) => put(levels, values, finite(number)),
            (Self::Flag(levels, values), Cell::Flag(flag)) => put(levels, values, flag),
            (column, cell) => {
                debug_assert!(false, "a column of {} rows has no place for {cell:?}", column.levels().len())
            }
        }
    }

    const fn levels(&self) -> &Vec<i16> {
        match self {
            Self::Text(levels, _) | Self::Whole(levels, _) | Self::Number(levels, _) | Self::Flag(levels, _) => levels,
        }
    }

    fn write(&self, group: &mut SerializedRowGroupWriter<'_, File>) -> Result<(), ParquetError> {
        let missing = || ParquetError::General("expected another column, found none".to_owned());
        let mut writer = group.next_column()?.ok_or_else(missing)?;
        match self {
            Self::Text(levels, values) => writer.typed::<ByteArrayType>().write_batch(values, Some(levels), None),
            Self::Whole(levels, values) => writer.typed::<Int64Type>().write_batch(values, Some(levels), None),
            Self::Number(levels, values) => writer.typed::<DoubleType>().write_batch(values, Some(levels), None),
            Self::Flag(levels, values) => writer.typed::<BoolType>().write_batch(values, Some(levels), None),
        }?;
        writer.close()
    }

    fn clear(&mut self) {
        match self {
            Self::Text(levels, values) => (levels.clear(), values.clear()),
            Self::Whole(levels, values) => (levels.clear(), values.clear()),
            Self::Number(levels, values) => (levels.clear(), values.clear()),
            Self::Flag(levels, values) => (levels.clear(), values.clear()),
        };
    }
}

fn put<T>(levels: &mut Vec<i16>, values: &mut Vec<T>, value: Option<T>) {
    levels.push(i16::from(value.is_some()));
    values.extend(value);
}

fn schema(table: Table) -> Result<TypePtr, ParquetError> {
    let field = |(name, kind): (&'static str, Kind)| {
        let (physical, logical) = match kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Count => (Physical::INT64, None),
            Kind::Number => (Physical::DOUBLE, None),
            Kind::Flag => (Physical::BOOLEAN, None),
            Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        };
        let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        builder.with_logical_type(logical).build().map(Arc::new)
    };
    let fields = table.columns().into_iter().map(field).collect::<Result<_, _>>()?;
    Type::group_type_builder(table.name()).with_fields(fields).build().map(Arc::new)
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => io::Error::other(source),
        error => io::Error::other(error),
    }
}
