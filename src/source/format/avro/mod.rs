//! Avro: a schema, and records written by it, which become JSON in one pass over their bytes.

mod decode;
mod schema;

pub use schema::AvroSchema;
