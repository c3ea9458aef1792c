//! Asks a registry for the schemas of a sample: once each, without waiting for a registry that is away.

use std::sync::Arc;

use super::answer::{Problem, Registered};
use super::client::{Client, RegistryError};
use super::lookup::{none, unusable};
use crate::settings::RegistrySettings;
use crate::source::format::schema::Found;

/// Asks a registry, on the caller's thread.
pub struct SchemaLook(Client);

/// What a registry tells of an id.
#[derive(Debug)]
pub struct Told {
    /// The schema, or why there is none.
    pub found: Found,
    /// The subjects and versions under which it is registered; none where the registry does not tell.
    pub registered: Vec<Registered>,
}

impl SchemaLook {
    /// Prepares to ask. Nothing is sent.
    ///
    /// # Errors
    /// [`RegistryError`] if a file is of no use.
    pub fn new(settings: &RegistrySettings) -> Result<Self, RegistryError> {
        Client::new(settings).map(Self)
    }

    /// Asks for a schema. It takes as long as `registry.timeout` for each address.
    ///
    /// # Errors
    /// Says why the registry gives no answer: then nothing is known of the schema.
    pub fn ask(&self, id: u32) -> Result<Told, String> {
        let found = match self.0.schema(id) {
            Ok(schema) => Found::Schema(Arc::new(schema)),
            Err(Problem::Missing) => Found::Nothing(none(id).into()),
            Err(Problem::Unusable(problem)) => Found::Nothing(unusable(id, &problem).into()),
            Err(Problem::Away(why)) => return Err(why),
        };
        // What it is registered as is worth knowing, and nothing is read by it.
        Ok(Told { found, registered: self.0.registered(id).unwrap_or_default() })
    }
}
