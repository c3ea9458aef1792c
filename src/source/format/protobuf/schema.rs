//! A schema: the messages of a file, in the order of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::file::{File, FileResolver, GoogleFileResolver};
use protox::{Compiler, Error};

use super::brackets::brackets;
use crate::event::{Reason, Rejection};

/// Brackets within each other in a schema, at most: whatever reads it calls itself for each.
const MAX_BRACKETS: usize = 100;
/// Messages within each other that a record may name, at most.
const MAX_INDEXES: i64 = 32;
/// The name of the schema's own file, which nothing imports.
const FILE: &str = "paritywatch-schema.proto";

/// A schema of Protobuf.
#[derive(Debug)]
pub struct ProtobufSchema {
    pool: DescriptorPool,
    file: String,
}

impl ProtobufSchema {
    /// Compiles a schema; `references` are the files that it imports, by the names that the imports have.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn compile(text: &str, references: &[(String, String)]) -> Result<Self, String> {
        let mut files = BTreeMap::from([(FILE.to_owned(), Source::of(FILE, text)?)]);
        for (name, text) in references {
            files.insert(name.clone(), Source::of(name, text)?);
        }
        let mut compiler = Compiler::with_file_resolver(Files { files, google: GoogleFileResolver::new() });
        compiler.include_imports(true);
        compiler.open_file(FILE).map_err(|error| error.to_string())?;
        Ok(Self { pool: compiler.descriptor_pool(), file: FILE.to_owned() })
    }

    /// Returns the full name of a record's message; `None` where the schema has no such message.
    pub(in crate::source::format) fn type_name(&self, body: &[u8]) -> Option<String> {
        self.message(body).ok().map(|(message, _)| message.full_name().to_owned())
    }

    /// Takes the path to the message's type off a record, and returns the type.
    ///
    /// # Errors
    /// A [`Rejection`] if the schema has no such message.
    pub(super) fn message<'b>(&self, body: &'b [u8]) -> Result<(MessageDescriptor, &'b [u8]), Rejection> {
        let refused = |found: &str| {
            Rejection::of_format(
                Reason::UnsupportedFormat,
                format!("payload: Protobuf: expected the path of a message in its schema, found {found}"),
            )
        };
        let (count, mut rest) = number(body).ok_or_else(|| refused("the end of the record"))?;
        if !(0..=MAX_INDEXES).contains(&count) {
            return Err(refused("a path of impossible length"));
        }
        // The first message of the schema is named by a single 0.
        let mut path = Vec::new();
        for _ in 0..count {
            let (index, after) = number(rest).ok_or_else(|| refused("the end of the record"))?;
            path.push(usize::try_from(index).map_err(|_| refused("a negative place"))?);
            rest = after;
        }
        let (first, inner) = path.split_first().unwrap_or((&0, &[]));
        let file = self.pool.get_file_by_name(&self.file);
        let mut message = file.and_then(|file| file.messages().nth(*first));
        for index in inner {
            message = message.and_then(|outer| outer.child_messages().nth(*index));
        }
        message.map(|message| (message, rest)).ok_or_else(|| refused("one that it does not have"))
    }
}

/// Reads a whole number of at most 64 bits, as [`crate::source::format::avro`] has it.
fn number(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut bits = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        bits |= u64::from(byte & 0x7F).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            let value = (bits >> 1).cast_signed() ^ -((bits & 1).cast_signed());
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

/// A file: a text, or the descriptor that some serializers register in its place.
enum Source {
    Text(Arc<str>),
    Descriptor(Arc<[u8]>),
}

impl Source {
    fn of(name: &str, text: &str) -> Result<Self, String> {
        if let Ok(bytes) = STANDARD.decode(text.trim()) {
            return Ok(Self::Descriptor(bytes.into()));
        }
        let mut depth = 0_usize;
        for bracket in brackets(text.as_bytes()) {
            let bracket = bracket.map_err(|expected| format!("{name}: expected {expected}, found another text"))?;
            depth = if bracket { depth + 1 } else { depth.saturating_sub(1) };
            if depth > MAX_BRACKETS {
                return Err(format!("{name}: expected at most {MAX_BRACKETS} brackets within each other, found more"));
            }
        }
        Ok(Self::Text(text.into()))
    }
}

struct Files {
    files: BTreeMap<String, Source>,
    google: GoogleFileResolver,
}

impl FileResolver for Files {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        if let Ok(file) = self.google.open_file(name) {
            return Ok(file);
        }
        match self.files.get(name) {
            Some(Source::Text(text)) => File::from_source(name, text),
            Some(Source::Descriptor(bytes)) => {
                let file = File::decode_file_descriptor_proto(bytes.as_ref()).map_err(Error::new)?;
                // It has the name by which it is imported, whatever name it had where it was compiled.
                let mut descriptor = file.file_descriptor_proto().clone();
                descriptor.name = Some(name.to_owned());
                Ok(File::from_file_descriptor_proto(descriptor))
            }
            None => Err(Error::file_not_found(name)),
        }
    }
}
