//! When the daemon has counted everything that was in the log at its start.

use crate::status::SourceHealth;

/// Batches that the monitor has handled, and how many of them hold what was in the log at the start. Findings before that are about the past.
#[derive(Debug, Default)]
pub struct CatchUp {
    handled: u64,
    goal: Option<u64>,
}

impl CatchUp {
    /// Counts one more batch.
    pub const fn handled_batch(&mut self) {
        self.handled += 1;
    }

    /// Whether everything is counted. Once it is, it stays so: partitions that are found later do not stop the evaluation.
    pub fn is_complete(&mut self, source: &SourceHealth) -> bool {
        if source.caught_up {
            self.goal.get_or_insert(source.begun);
        }
        self.goal.is_some_and(|goal| self.handled >= goal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_is_found_later_does_not_stop_the_evaluation() {
        let at = |caught_up, begun| SourceHealth { caught_up, begun, ..SourceHealth::default() };
        let mut catch_up = CatchUp::default();
        assert!(!catch_up.is_complete(&at(false, 1)));
        assert!(!catch_up.is_complete(&at(true, 2)), "both batches wait to be counted");
        catch_up.handled_batch();
        assert!(!catch_up.is_complete(&at(true, 3)));
        catch_up.handled_batch();
        assert!(catch_up.is_complete(&at(true, 4)));
        assert!(catch_up.is_complete(&at(false, 9)));
    }
}
