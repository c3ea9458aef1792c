//! Cases that came with a group on no list.

use super::counts::Counts;
use super::named_cases::cases_of;
use crate::ledger::{AttributeTable, AttributesId, CaseChange};
use crate::plan::{DimensionId, Slot};

/// The slots of groups on no list, and the words for them in metrics and JSON.
pub const UNLISTED_KINDS: [(Slot, &str); 2] = [(Slot::UNLISTED, "unlisted"), (Slot::LOOK_ALIKE, "look_alike")];

/// Cases that came with a group on no list, by dimension and in it by [`UNLISTED_KINDS`], since the start of the program. It
/// never falls, so what was added within a time can be told. It decides nothing, so it is no part of the state.
#[derive(Clone, Debug, Default)]
pub(super) struct UnlistedEver(Vec<[u64; UNLISTED_KINDS.len()]>);

impl UnlistedEver {
    /// Returns the counts, by dimension: as far as there are any.
    pub fn by_dimension(&self) -> &[[u64; UNLISTED_KINDS.len()]] {
        &self.0
    }

    /// Counts cases of these dimensions and kinds.
    pub fn count(&mut self, kinds: impl IntoIterator<Item = (DimensionId, Slot)>, cases: u64) {
        for (dimension, slot) in kinds {
            let Some(kind) = UNLISTED_KINDS.iter().position(|(kind, _)| *kind == slot) else { continue };
            let dimension = usize::from(dimension.0);
            if dimension >= self.0.len() {
                self.0.resize(dimension + 1, [0; UNLISTED_KINDS.len()]);
            }
            if let Some(sum) = self.0.get_mut(dimension).and_then(|kinds| kinds.get_mut(kind)) {
                *sum = sum.saturating_add(cases);
            }
        }
    }

    /// Counts a case that a change adds, unless the change takes it away from the same dimension and kind.
    pub fn count_change(&mut self, change: &CaseChange, attributes: &AttributeTable) {
        for (new, _) in change.moves().filter(|(_, more)| *more) {
            let kinds = unlisted_kinds(new.attributes, attributes).filter(|kind| {
                let mut gone = change.moves().filter(|(_, more)| !*more);
                !gone.any(|(gone, _)| unlisted_kinds(gone.attributes, attributes).any(|before| before == *kind))
            });
            self.count(kinds, cases_of(&Counts::of_case(new.counts)));
        }
    }
}

/// Returns the dimensions in which the group of a combination is on no list, each with its kind.
pub(super) fn unlisted_kinds(
    id: AttributesId,
    attributes: &AttributeTable,
) -> impl Iterator<Item = (DimensionId, Slot)> + '_ {
    attributes.groups(id).filter(|(_, slot)| slot.is_unlisted())
}
