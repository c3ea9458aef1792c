//! What a registry knows by an id.

use std::sync::Arc;

use super::avro::AvroSchema;
use super::framing::{unframe, without_frame};
use super::json::Json;
use super::protobuf::ProtobufSchema;
use crate::event::{Reason, Rejection};
use crate::mapping::Format;

/// A schema, by which a record is written.
#[derive(Debug)]
pub enum Schema {
    /// Avro.
    Avro(AvroSchema),
    /// Protobuf.
    Protobuf(ProtobufSchema),
    /// JSON Schema: the record is JSON already, whatever the schema says of it.
    Json,
}

/// What the registry said of an id.
#[derive(Clone, Debug)]
pub enum Found {
    /// A schema.
    Schema(Arc<Schema>),
    /// There is none, or it is of no use; why.
    Nothing(Arc<str>),
}

impl Found {
    /// Returns the format of its records; `None` where there is no schema.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        match self {
            Self::Schema(schema) => Some(match **schema {
                Schema::Avro(_) => Format::Avro,
                Schema::Protobuf(_) => Format::Protobuf,
                Schema::Json => Format::Json,
            }),
            Self::Nothing(_) => None,
        }
    }

    /// Returns the name that the schema gives to a record's type; `None` where it has none.
    #[must_use]
    pub fn type_name(&self, payload: &[u8]) -> Option<String> {
        let Self::Schema(schema) = self else { return None };
        match &**schema {
            Schema::Avro(schema) => schema.name().map(str::to_owned),
            Schema::Protobuf(schema) => schema.type_name(unframe(payload).ok()?.body),
            Schema::Json => None,
        }
    }

    /// Turns a framed record into JSON of at most `limit` bytes, at the end of `text`.
    ///
    /// # Errors
    /// A [`Rejection`] if there is no schema, the record is not of it, or the text would become too long.
    pub fn convert(&self, payload: &[u8], limit: usize, text: &mut Vec<u8>) -> Result<(), Rejection> {
        let schema = match self {
            Self::Schema(schema) => schema,
            Self::Nothing(why) => {
                return Err(Rejection::of_format(Reason::UnsupportedFormat, format!("payload: {why}")));
            }
        };
        let begin = text.len();
        let body = unframe(payload)?.body;
        let mut json = Json::new(text, limit);
        let written = match &**schema {
            Schema::Avro(schema) => schema.write(body, &mut json),
            Schema::Protobuf(schema) => schema.write(body, &mut json),
            Schema::Json => json.put(crate::event::without_mark(without_frame(payload))),
        };
        if written.is_err() {
            text.truncate(begin);
        }
        written
    }
}
