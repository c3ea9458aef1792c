//! Parquet: files that another implementation writes, and files that are damaged.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use paritywatch::source::format::{Columns, Parquet};

const SCHEMA: &str = "message events {
    REQUIRED BYTE_ARRAY id (STRING);
    OPTIONAL INT64 time (TIMESTAMP(MILLIS,true));
    OPTIONAL INT64 local (TIMESTAMP(MICROS,false));
    OPTIONAL INT32 day (DATE);
    OPTIONAL FIXED_LEN_BYTE_ARRAY (4) amount (DECIMAL(9,2));
    REQUIRED INT64 big (INTEGER(64,false));
    OPTIONAL BYTE_ARRAY raw;
    OPTIONAL DOUBLE real;
    OPTIONAL group data {
        REQUIRED BOOLEAN selected;
        OPTIONAL BYTE_ARRAY profile (STRING);
        OPTIONAL group criteria (LIST) { REPEATED group list { OPTIONAL BYTE_ARRAY element (STRING); } }
        OPTIONAL group groups (MAP) { REPEATED group key_value { REQUIRED BYTE_ARRAY key (STRING); OPTIONAL BYTE_ARRAY value (STRING); } }
    }
}";

fn bytes(texts: &[&str]) -> Vec<ByteArray> {
    texts.iter().map(|text| ByteArray::from(*text)).collect()
}

macro_rules! column {
    ($group:expr, $type:ty, $values:expr, $defined:expr, $repeated:expr) => {{
        let mut column = $group.next_column().unwrap().unwrap();
        column.typed::<$type>().write_batch($values, $defined, $repeated).unwrap();
        column.close().unwrap();
    }};
}

/// Three rows: with everything, with nothing, and with lists that are empty.
fn write_group(group: &mut SerializedRowGroupWriter<'_, File>) {
    let flat: Option<&[i16]> = Some(&[1, 0, 1]);
    column!(group, ByteArrayType, &bytes(&["a", "b\"", ""]), None, None);
    column!(group, Int64Type, &[1_772_352_930_123, 0], flat, None);
    column!(group, Int64Type, &[1, i64::MAX], flat, None);
    column!(group, Int32Type, &[20_513, i32::MAX], flat, None);
    let fixed = |bytes: &[u8]| FixedLenByteArray::from(bytes.to_vec());
    column!(group, FixedLenByteArrayType, &[fixed(b"\0\0\x04\xe2"), fixed(b"\xff\xff\xff\xff")], flat, None);
    column!(group, Int64Type, &[-1, 0, 1], None, None);
    column!(group, ByteArrayType, &[ByteArray::from(vec![0xFF, 0xFE, b'?']), ByteArray::from(vec![])], flat, None);
    column!(group, DoubleType, &[0.1, f64::NAN], flat, None);
    column!(group, BoolType, &[true, false], Some(&[1, 0, 1]), None);
    column!(group, ByteArrayType, &bytes(&["cub"]), Some(&[2, 0, 1]), None);
    column!(group, ByteArrayType, &bytes(&["x", "y"]), Some(&[4, 3, 4, 0, 2]), Some(&[0, 1, 1, 0, 0]));
    column!(group, ByteArrayType, &bytes(&["origin", "other"]), Some(&[3, 3, 0, 2]), Some(&[0, 1, 0, 0]));
    column!(group, ByteArrayType, &bytes(&["dutch"]), Some(&[4, 3, 0, 2]), Some(&[0, 1, 0, 0]));
}

const ROWS: [&str; 3] = [
    r#"{"id":"a","time":"2026-03-01T08:15:30.123Z","local":"1970-01-01T00:00:00.000001","day":"2026-03-01","amount":12.50,"big":18446744073709551615,"raw":"//4/","real":0.1,"data":{"selected":true,"profile":"cub","criteria":["x",null,"y"],"groups":{"origin":"dutch","other":null}}}"#,
    r#"{"id":"b\"","time":null,"local":null,"day":null,"amount":null,"big":0,"raw":null,"real":null,"data":{"selected":null,"profile":null,"criteria":null,"groups":null}}"#,
    r#"{"id":"","time":"1970-01-01T00:00:00Z","local":9223372036854775807,"day":2147483647,"amount":-0.01,"big":1,"raw":"","real":"NaN","data":{"selected":false,"profile":null,"criteria":[],"groups":{}}}"#,
];

fn write(path: &Path, compression: Compression, groups: usize) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    for _ in 0..groups {
        let mut group = writer.next_row_group().unwrap();
        write_group(&mut group);
        group.close().unwrap();
    }
    writer.close().unwrap();
}

fn rows(path: &Path) -> Result<Vec<String>, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut parquet = Parquet::open(File::open(path).unwrap(), 10_000, &Columns::default()).map_err(text)?;
    let mut rows = Vec::new();
    loop {
        let mut row = Vec::new();
        match parquet.next(&mut row).map_err(text)? {
            None => return Ok(rows),
            Some((number, refused)) => {
                assert_eq!(number, rows.len() as u64 + 1);
                rows.push(refused.map_or_else(|| String::from_utf8(row).unwrap(), |refused| refused.to_string()));
            }
        }
    }
}

#[test]
fn rows_are_objects_of_values_with_their_logical_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.parquet");
    for compression in
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW, Compression::ZSTD(Default::default())]
    {
        write(&path, compression, 2);
        assert_eq!(rows(&path).unwrap(), [ROWS, ROWS].concat(), "{compression}");
    }
}

#[test]
fn a_file_that_is_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.parquet");
    write(&path, Compression::SNAPPY, 1);
    let whole = std::fs::read(&path).unwrap();
    for end in [0, 4, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..end]).unwrap();
        assert!(rows(&path).is_err(), "{end}");
    }
    // Any byte may be another: the file is refused, or rows differ; nothing panics.
    for place in (0..whole.len()).step_by(5) {
        for change in [0x01, 0x80, 0xFF] {
            let mut damaged = whole.clone();
            damaged[place] ^= change;
            std::fs::write(&path, &damaged).unwrap();
            let _ = rows(&path);
        }
    }
}
