//! Broken invariants of the core, as errors in the log: the core itself has no logger.

use crate::plan::invariant::{Violations, violations};

/// What was logged so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvariantLog {
    logged: u64,
}

impl InvariantLog {
    /// Logs each room whose invariants broke, where any broke since the last call.
    pub fn note(&mut self) {
        let broken = || violations().filter(|of| of.count > 0);
        let sum = broken().map(|of| of.count).sum();
        if sum == self.logged {
            return;
        }
        self.logged = sum;
        for Violations { place, count, first } in broken() {
            let first = first.map_or_else(String::new, ToString::to_string);
            tracing::error!(
                place,
                count,
                first,
                "an invariant of the program does not hold: a count may be wrong; report this as a defect"
            );
        }
    }
}
