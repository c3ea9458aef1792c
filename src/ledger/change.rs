//! Changes of what a case counts for.

use super::case::{CaseFacts, Contribution};

/// A change of what a run of a case counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseChange {
    /// What it counted for before the event.
    pub before: CaseFacts,
    /// What it counts for after it.
    pub after: CaseFacts,
}

impl CaseChange {
    /// Returns what the case counted for and counts for now, where only its stages differ: it is counted where it was.
    #[must_use]
    pub fn stays(&self) -> Option<(Contribution, Contribution)> {
        let Self { before, after } = self;
        let (gone, new) = before.home.zip(after.home)?;
        let is_alone = before.other.is_none() && after.other.is_none() && gone != new;
        (is_alone && Contribution { counts: new.counts, ..gone } == new).then_some((gone, new))
    }

    /// Returns what to subtract (`false`) and what to add (`true`), for the case's own channel and for the other one.
    /// Nothing where a channel is unchanged.
    pub fn moves(&self) -> impl Iterator<Item = (Contribution, bool)> + use<> {
        let Self { before, after } = *self;
        [(before.home, after.home), (before.other, after.other)]
            .into_iter()
            .filter(|(before, after)| before != after)
            .flat_map(|(before, after)| [before.map(|gone| (gone, false)), after.map(|new| (new, true))])
            .flatten()
    }
}

/// Visits the changes from the runs `before` to those `after`. Runs that are on both sides are left out; of the rest
/// the first is paired with the first, and so on. A run without a partner is paired with one that counts for nothing.
pub(super) fn changes(before: &[CaseFacts], after: &[CaseFacts], mut visit: impl FnMut(CaseChange)) {
    // Nearly every case has one run. A case that is new counted for nothing.
    if let ([] | [_], [after]) = (before, after) {
        let before = before.first().copied().unwrap_or_default();
        if before != *after {
            visit(CaseChange { before, after: *after });
        }
        return;
    }
    let mut gone = before.to_vec();
    let mut new = after.to_vec();
    new.retain(|facts| match gone.iter().position(|known| known == facts) {
        Some(index) => {
            gone.remove(index);
            false
        }
        None => true,
    });
    for index in 0..gone.len().max(new.len()) {
        let at = |facts: &[CaseFacts]| facts.get(index).copied().unwrap_or_default();
        visit(CaseChange { before: at(&gone), after: at(&new) });
    }
}
