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
    /// Of each spelling, the cases that have it. Formats up to 7 do not have them.
    #[serde(skip)]
    spelled: Vec<SpelledCases>,
}

/// Cases with a spelling by where they have it: in a selection, a control, an outcome, separate groups or a complaint of theirs, or in a tally. A
/// case is counted once in each place, up to the number from which the spelling may be told.
pub type SpelledCases = [u32; 6];

/// The place of tallies; those of cases are in the order of the kinds of their events.
pub(super) const IN_TALLIES: usize = 5;

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
            self.spelled.push(SpelledCases::default());
        }
    }

    /// Counts cases that have a spelling in this place, up to `most`.
    pub(super) fn count_spelling(&mut self, name: &str, place: usize, cases: u32, most: u32) {
        let known = self.spellings.iter().position(|known| **known == *name);
        let counts = known.and_then(|index| self.spelled.get_mut(index)).and_then(|counts| counts.get_mut(place));
        if let Some(count) = counts {
            *count = count.saturating_add(cases).min(most);
        }
    }

    /// Returns each spelling with the cases that have it: of the places where they may have it that with the most, as one case may have it in several.
    pub(super) fn spelled(&self) -> impl Iterator<Item = (&str, u32)> {
        let counts = self.spelled.iter().map(|counts| counts.iter().copied().max().unwrap_or_default());
        self.spellings.iter().map(AsRef::as_ref).zip(counts)
    }

    /// Returns the cases of the spellings, which the encoding leaves out.
    #[must_use]
    pub fn spelled_cases(&self) -> &[SpelledCases] {
        &self.spelled
    }

    /// Sets what [`Self::spelled_cases`] returned.
    pub fn set_spelled_cases(&mut self, cases: Vec<SpelledCases>) {
        self.spelled = cases;
    }

    /// Returns no more than may be kept: the bytes may come from anywhere.
    pub(super) fn limited(mut self) -> Self {
        self.strange.truncate(usize::from(Slot::MAX_NAMED));
        self.look_alikes.truncate(usize::from(Slot::MAX_NAMED));
        self.spellings.truncate(MAX_SPELLINGS);
        // An earlier version did not count them.
        self.spelled.resize(self.spellings.len(), SpelledCases::default());
        self
    }
}
