//! What a case counted for and counts for now.

use super::case::{CaseFacts, Contribution};

/// What a run of a case counted for and counts for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseChange {
    /// Before the event.
    pub before: CaseFacts,
    /// After it.
    pub after: CaseFacts,
}

impl CaseChange {
    /// Returns what the change takes out (`false`) and puts in (`true`); nothing where both are the same.
    pub fn moves(&self) -> impl Iterator<Item = (Contribution, bool)> + use<> {
        let Self { before, after } = *self;
        [(before.home, after.home), (before.other, after.other)]
            .into_iter()
            .filter(|(before, after)| before != after)
            .flat_map(|(before, after)| [before.map(|out| (out, false)), after.map(|put| (put, true))])
            .flatten()
    }
}

/// The changes from the runs before to those after; what stands on both sides is left out.
pub(super) fn changes(before: &[CaseFacts], after: &[CaseFacts], mut visit: impl FnMut(CaseChange)) {
    // Nearly always there is one run.
    if let ([] | [_], [after]) = (before, after) {
        let before = before.first().copied().unwrap_or_default();
        if before != *after {
            visit(CaseChange { before, after: *after });
        }
        return;
    }
    let mut gone = before.to_vec();
    let mut come = after.to_vec();
    come.retain(|facts| match gone.iter().position(|known| known == facts) {
        Some(index) => {
            gone.remove(index);
            false
        }
        None => true,
    });
    for index in 0..gone.len().max(come.len()) {
        let at = |facts: &[CaseFacts]| facts.get(index).copied().unwrap_or_default();
        visit(CaseChange { before: at(&gone), after: at(&come) });
    }
}
