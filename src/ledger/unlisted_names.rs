//! Names of one dimension that events write and no list has.

use serde::{Deserialize, Serialize};

use crate::plan::Slot;

/// The most spellings of a dimension's name that are kept. Further ones are not told.
const MAX_SPELLINGS: usize = 4;

/// Values outside the allow-list that are counted by name, and other spellings of the dimension's name; in the order in
/// which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlistedNames {
    /// Values that resemble no listed one.
    strange: Vec<Box<str>>,
    /// Values that resemble a listed one.
    look_alikes: Vec<Box<str>>,
    pub(super) spellings: Vec<Box<str>>,
}

impl UnlistedNames {
    /// Returns the slot by which a normalised value of this kind is counted by name; the kind itself where too many have
    /// come before.
    pub(super) fn slot_of(&mut self, kind: Slot, name: &str) -> Slot {
        let names = if kind == Slot::LOOK_ALIKE { &mut self.look_alikes } else { &mut self.strange };
        let known = names.iter().position(|known| **known == *name);
        let Some(slot) = Slot::of_named(kind, known.unwrap_or(names.len())) else { return kind };
        if known.is_none() {
            names.push(name.into());
        }
        slot
    }

    /// Returns the value that is counted by this slot.
    pub(super) fn value(&self, slot: Slot) -> Option<&str> {
        let (kind, index) = slot.named()?;
        let names = if kind == Slot::LOOK_ALIKE { &self.look_alikes } else { &self.strange };
        names.get(usize::from(index)).map(AsRef::as_ref)
    }

    /// Keeps another spelling of the dimension's name.
    pub(super) fn learn_spelling(&mut self, name: &str) {
        if self.spellings.len() < MAX_SPELLINGS && !self.spellings.iter().any(|known| **known == *name) {
            self.spellings.push(name.into());
        }
    }

    /// Returns no more than may be kept: the bytes may come from anywhere.
    pub(super) fn limited(mut self) -> Self {
        self.strange.truncate(usize::from(Slot::MAX_NAMED));
        self.look_alikes.truncate(usize::from(Slot::MAX_NAMED));
        self.spellings.truncate(MAX_SPELLINGS);
        self
    }
}
