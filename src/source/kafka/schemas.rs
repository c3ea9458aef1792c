//! The schemas of a batch's records.

use std::collections::HashMap;

use super::state::SourceState;
use crate::plan::PartitionIndex;
use crate::source::format::registry::Lookup;
use crate::source::format::{Found, Registry};
use crate::status::WaitingRecord;

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
    Waits {
        /// The id.
        schema: u32,
        /// The record's partition.
        partition: PartitionIndex,
        /// The record's offset.
        offset: i64,
    },
    /// By what was found.
    Found(Found),
}

impl Schemas {
    /// Nothing was looked up yet.
    pub const fn new(slots: Vec<Slot>) -> Self {
        Self { slots, version: None }
    }

    /// How the record at this place is read.
    pub fn slot(&self, place: usize) -> &Slot {
        self.slots.get(place).unwrap_or(&Slot::AsIs)
    }

    /// Whether any record is not read as it is.
    pub fn any(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Asks for what is not known. Returns whether nothing is left to be asked.
    pub fn look_up(&mut self, registry: &Registry, state: &SourceState) -> bool {
        let version = Some(registry.version());
        if self.version == version {
            return !self.slots.iter().any(|slot| matches!(slot, Slot::Waits { .. }));
        }
        self.version = version;
        let mut known: HashMap<u32, Lookup> = HashMap::new();
        let mut is_settled = true;
        for slot in &mut self.slots {
            let Slot::Waits { schema, partition, offset } = *slot else { continue };
            let record = || {
                let (topic, partition) = state.name(partition)?;
                Some(WaitingRecord { topic, partition, offset })
            };
            match known.entry(schema).or_insert_with(|| registry.look_up_for(schema, record)) {
                Lookup::Found(found) => *slot = Slot::Found(found.clone()),
                Lookup::Waits => is_settled = false,
            }
        }
        is_settled
    }
}
