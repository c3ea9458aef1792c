//! Formats of records that are not JSON: each record is turned into the JSON text of one document, which is then read as any other.

mod avro;
mod columns;
mod csv;
mod decimal;
mod framing;
mod json;
mod moment;
mod names;
mod parquet;
mod protobuf;
pub mod registry;
mod schema;
mod tree;

pub use avro::AvroSchema;
pub use columns::Columns;
pub use csv::{Csv, Row};
pub use framing::{unframe, without_frame};
pub use names::Formats;
pub use parquet::Parquet;
pub use protobuf::ProtobufSchema;
pub use registry::{Registered, Registry, RegistryError, SchemaLook, Told};
pub use schema::{Found, Schema};
