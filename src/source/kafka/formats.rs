//! Which records of a batch are framed, and the schemas that they name. Reading waits for a schema that is not known yet.

use std::collections::HashMap;

use super::batch::Batch;
use super::schemas::{Schemas, Slot};
use super::state::SourceState;
use crate::mapping::Format;
use crate::plan::PartitionIndex;
use crate::settings::Kafka;
use crate::source::error::SourceError;
use crate::source::format::{Registry, unframe};

/// Finds the schemas of records.
pub(super) struct Formats {
    topics: HashMap<String, Format>,
    registry: Option<Registry>,
    /// Whether the records of a partition are framed, once that was asked.
    framed: HashMap<PartitionIndex, bool>,
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
                let (partition, offset) = (record.partition, record.offset);
                let waits = |schema| Slot::Waits { schema, partition, offset };
                unframe(record.payload).map_or(Slot::Unframed, |framed| waits(framed.schema))
            });
            let slots: Vec<Slot> = slots.collect();
            let slots = if slots.iter().all(|slot| matches!(slot, Slot::AsIs)) { Vec::new() } else { slots };
            batch.set_schemas(Schemas::new(slots));
        }
        batch.schemas_mut().is_none_or(|schemas| schemas.look_up(registry, state))
    }
}
