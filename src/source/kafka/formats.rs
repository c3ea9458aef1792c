//! Which records of a batch are framed, and the schemas that they name. Reading waits for a schema that is not known yet.

use std::collections::HashMap;

use super::batch::Batch;
use super::state::SourceState;
use crate::plan::PartitionIndex;
use crate::settings::{Format, Kafka};
use crate::source::error::SourceError;
use crate::source::format::registry::Lookup;
use crate::source::format::{Found, Registry, unframe};

/// Finds the schemas of records.
pub(super) struct Formats {
    topics: HashMap<String, Format>,
    registry: Option<Registry>,
    /// Whether the records of a partition are framed, once that was asked.
    framed: HashMap<PartitionIndex, bool>,
}

/// The schemas of a batch's records, by the places of the records.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    slots: Vec<Slot>,
    /// What the registry's version was when they were last looked up.
    version: Option<u64>,
}

/// How a record is read.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// As it is.
    AsIs,
    /// It should be framed and is not.
    Unframed,
    /// By a schema with this id, which is not known yet.
    Waits(u32),
    /// By what was found.
    Found(Found),
}

impl Formats {
    /// Knows the formats of the topics, and the registry where one is needed.
    ///
    /// # Errors
    /// [`SourceError::Registry`] if the registry cannot be asked.
    pub fn new(settings: &Kafka) -> Result<Self, SourceError> {
        let registry = settings.registry.as_ref().map(Registry::start).transpose()?;
        let topics = settings.formats.iter().map(|(topic, format)| (topic.clone(), *format)).collect();
        Ok(Self { topics, registry, framed: HashMap::new() })
    }

    /// The registry.
    pub const fn registry(&self) -> Option<&Registry> {
        self.registry.as_ref()
    }

    /// Looks for the schemas of a batch's records. Returns whether all are known.
    pub fn settle(&mut self, batch: &mut Batch, state: &SourceState) -> bool {
        let Self { topics, registry: Some(registry), framed } = self else { return true };
        if batch.schemas().is_none() {
            let mut is_framed = |partition| {
                *framed.entry(partition).or_insert_with(|| {
                    let name = state.name(partition);
                    name.and_then(|(topic, _)| topics.get(&topic)).is_some_and(|format| format.is_framed())
                })
            };
            let limit = batch.message_bytes();
            let slots = batch.records().map(|record| {
                // What is empty or too long is refused whatever it says.
                if record.payload.is_empty() || record.payload.len() > limit || !is_framed(record.partition) {
                    return Slot::AsIs;
                }
                unframe(record.payload).map_or(Slot::Unframed, |framed| Slot::Waits(framed.schema))
            });
            let slots: Vec<Slot> = slots.collect();
            let slots = if slots.iter().all(|slot| matches!(slot, Slot::AsIs)) { Vec::new() } else { slots };
            batch.set_schemas(Schemas { slots, version: None });
        }
        batch.schemas_mut().is_none_or(|schemas| schemas.look_up(registry))
    }
}

impl Schemas {
    /// How the record at this place is read.
    pub fn slot(&self, place: usize) -> &Slot {
        self.slots.get(place).unwrap_or(&Slot::AsIs)
    }

    /// Whether any record is not read as it is.
    pub fn any(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Asks for what is not known. Returns whether nothing is left to be asked.
    fn look_up(&mut self, registry: &Registry) -> bool {
        let version = Some(registry.version());
        if self.version == version {
            return !self.slots.iter().any(|slot| matches!(slot, Slot::Waits(_)));
        }
        self.version = version;
        let mut known: HashMap<u32, Lookup> = HashMap::new();
        let mut is_settled = true;
        for slot in &mut self.slots {
            let Slot::Waits(id) = slot else { continue };
            match known.entry(*id).or_insert_with(|| registry.look_up(*id)) {
                Lookup::Found(found) => *slot = Slot::Found(found.clone()),
                Lookup::Waits => is_settled = false,
            }
        }
        is_settled
    }
}
