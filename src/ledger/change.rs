//! What a case counted for and counts for now.

use crate::ledger::CaseFacts;

/// What a run of a case counted for and counts for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Before the event.
    pub before: CaseFacts,
    /// After it.
    pub after: CaseFacts,
}

/// The changes from the runs before to those after; what stands on both sides is left out.
pub(super) fn changes(before: &[CaseFacts], after: &[CaseFacts], mut visit: impl FnMut(Change)) {
    // Nearly always there is one run.
    if let ([] | [_], [after]) = (before, after) {
        let before = before.first().copied().unwrap_or_default();
        if before != *after {
            visit(Change { before, after: *after });
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
        visit(Change { before: at(&gone), after: at(&come) });
    }
}
