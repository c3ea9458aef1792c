//! Verdicts over time, of the worst window.

use std::collections::VecDeque;

use crate::disclosure::KeptFinding;
use crate::judge::Verdict;
use crate::plan::EventTime;

use super::model::VerdictSince;

/// Verdicts of one finding that are told, at most: the first one and the newest.
const MAX_VERDICTS: usize = 500;

/// The verdicts of one finding, oldest first.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    first: Option<VerdictSince>,
    rest: VecDeque<VerdictSince>,
    left_out: u64,
}

impl Verdicts {
    /// Takes note of the verdicts of all windows; none where nothing is judged any more. What is as before is passed over.
    pub fn note<'r>(&mut self, as_of: EventTime, windows: impl IntoIterator<Item = (&'r str, &'r KeptFinding)>) {
        // Of windows that are equally bad the shortest decides, as it is the first one to show.
        let mut worst: Option<(Option<usize>, &str, &KeptFinding)> = None;
        for (window, row) in windows {
            let badness = row.verdict.as_deref().and_then(badness);
            if worst.is_none_or(|(worst, ..)| badness > worst) {
                worst = Some((badness, window, row));
            }
        }
        let row = worst.map(|(.., row)| row);
        let verdict = row.and_then(|row| row.verdict.as_deref());
        let reason = row.and_then(|row| row.reason.as_deref());
        let is_new = |last: &VerdictSince| (last.verdict.as_deref(), last.reason.as_deref()) != (verdict, reason);
        if self.rest.back().or(self.first.as_ref()).is_some_and(|last| !is_new(last)) {
            return;
        }
        let window = worst.map_or_else(String::new, |(_, window, _)| window.to_owned());
        self.push(VerdictSince {
            since: as_of,
            verdict: verdict.map(str::to_owned),
            reason: reason.map(str::to_owned),
            window,
        });
    }

    /// Returns them, and how many were left out after the first one.
    pub fn finish(self) -> (Vec<VerdictSince>, u64) {
        (self.first.into_iter().chain(self.rest).collect(), self.left_out)
    }

    fn push(&mut self, verdict: VerdictSince) {
        if self.first.is_none() {
            self.first = Some(verdict);
            return;
        }
        self.rest.push_back(verdict);
        if self.rest.len() >= MAX_VERDICTS {
            self.rest.pop_front();
            self.left_out += 1;
        }
    }
}

/// Returns how bad a verdict is: its place from the mildest to the worst.
pub(super) fn badness(verdict: &str) -> Option<usize> {
    Verdict::ALL.iter().position(|known| known.name() == verdict)
}
