//! Protobuf: schemas that are compiled when they are first met, and messages, which become JSON.

mod brackets;
mod known;
mod schema;
mod write;

pub use schema::ProtobufSchema;
