//! Evidence that the distribution of a criterion's values differs between groups.

use libm::log;
use serde::{Deserialize, Serialize};

use super::detector::Detector;
use super::learning::DECAY;
use super::likelihood::GRID;
use super::pair::real;
use super::series::Judging;

/// The sequential evidence against "in every block all groups have the same distribution of values": its detector, and the counts of past
/// blocks.
///
/// The alternative is what past blocks have shown of each group, so there is one instead of a grid. By the inequality of arithmetic and
/// geometric means L is an e-value for any number of groups (Turner, Ly and Grünwald, 2024).
///
/// It knows no direction, so there is no reverse evidence, and an alarm stands: what is shown ends by the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Independence {
    detector: Detector,
    /// Values of past blocks, by group. Half of the weight lies in the last 100 blocks.
    past: Vec<Vec<f64>>,
    phi: f64,
    blocks: u64,
}

impl Independence {
    /// The values that the pooled distribution adds to each group's own.
    const POOLED: f64 = 20.0;

    /// Before the first block, of `groups` times `values`. With fewer than two of either, nothing is ever told.
    #[must_use]
    pub fn new(groups: usize, values: usize) -> Self {
        Self { detector: Detector::new(1.0, 1.0), past: vec![vec![0.0; values]; groups], phi: 1.0, blocks: 0 }
    }

    /// Adds a closed block: for each group, how often each value was seen. What is missing is 0; what is beyond the groups and values of this
    /// evidence is ignored. The cap of `judging` does not hold here: it was never tried for this form.
    pub fn take(&mut self, table: &[Vec<u64>], judging: &Judging) {
        let block = self.fitted(table);
        self.phi = self.allowance(&block, judging.variation);
        let log_ratio = self.log_ratio(&block) / self.phi;
        // A mixture of equal processes is that process. Evidence that is impossible never clears the alarm.
        self.detector.step(&[log_ratio; GRID], || [f64::NEG_INFINITY; GRID], judging.log_level);
        for (past, counts) in self.past.iter_mut().zip(&block) {
            past.iter_mut().zip(counts).for_each(|(past, count)| *past = *past * DECAY + count);
        }
        self.blocks = self.blocks.saturating_add(1);
    }

    /// The detector. Its nulls have no meaning here.
    #[must_use]
    pub const fn detector(&self) -> &Detector {
        &self.detector
    }

    /// phi of the last block: the number by which ln L was divided; 1 before the first, and where fewer than two groups had values.
    #[must_use]
    pub const fn phi(&self) -> f64 {
        self.phi
    }

    /// The number of blocks added, over all epochs.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The block with as many groups and values as this evidence has.
    fn fitted(&self, table: &[Vec<u64>]) -> Vec<Vec<f64>> {
        let row = |index: usize| table.get(index).map_or(&[][..], Vec::as_slice);
        let cell = |row: &[u64], index: usize| row.get(index).map_or(0.0, |count| real(*count));
        let groups = self.past.iter().enumerate();
        groups.map(|(group, past)| (0..past.len()).map(|value| cell(row(group), value)).collect()).collect()
    }

    fn values(&self) -> usize {
        self.past.first().map_or(0, Vec::len)
    }

    /// Returns phi of a block: at least 1. It rests on the sizes of the groups alone.
    fn allowance(&self, block: &[Vec<f64>], variation: f64) -> f64 {
        let sizes: Vec<f64> = block.iter().map(|counts| counts.iter().sum()).collect();
        let (total, free) = (sizes.iter().sum::<f64>(), whole(self.values()) - 1.0);
        if total == 0.0 || free < 1.0 {
            return 1.0;
        }
        // N^2 less the sum of n^2, over N; written so that nothing cancels.
        let apart: f64 = sizes.iter().map(|size| size * ((total - size) / total)).sum();
        1.0 + variation * variation * apart / free
    }

    /// Returns ln L of a block, before the allowance.
    fn log_ratio(&self, block: &[Vec<f64>]) -> f64 {
        let pool = self.pool();
        let expected: Vec<Vec<f64>> = self.past.iter().map(|past| expected(past, &pool)).collect();
        let sizes: Vec<f64> = block.iter().map(|counts| counts.iter().sum()).collect();
        let total: f64 = sizes.iter().sum();
        if total == 0.0 {
            return 0.0;
        }
        let mut common = vec![0.0; pool.len()];
        for (rates, size) in expected.iter().zip(&sizes) {
            common.iter_mut().zip(rates).for_each(|(sum, rate)| *sum += size / total * rate);
        }
        let of_group = |(counts, rates): (&Vec<f64>, &Vec<f64>)| -> f64 {
            let terms = counts.iter().zip(rates).zip(&common).filter(|((count, _), _)| **count > 0.0);
            terms.map(|((count, rate), common)| count * log(rate / common)).sum()
        };
        block.iter().zip(&expected).map(of_group).sum()
    }

    /// The distribution of values over all groups; half a value more of each, so none is impossible.
    fn pool(&self) -> Vec<f64> {
        let total: f64 = self.past.iter().flatten().sum::<f64>() + 0.5 * whole(self.values());
        let of_value = |value: usize| self.past.iter().filter_map(|past| past.get(value)).sum::<f64>();
        (0..self.values()).map(|value| (of_value(value) + 0.5) / total).collect()
    }
}

/// The distribution expected of a group: its own, drawn towards the pooled one.
fn expected(past: &[f64], pool: &[f64]) -> Vec<f64> {
    let total = past.iter().sum::<f64>() + Independence::POOLED;
    past.iter().zip(pool).map(|(count, pooled)| (count + Independence::POOLED * pooled) / total).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a number of values of a criterion")]
const fn whole(count: usize) -> f64 {
    count as f64
}
