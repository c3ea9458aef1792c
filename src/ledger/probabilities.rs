//! Group membership known only as probabilities: each distinct vector is kept once, in whole hundredths.
//!
//! Sums of hundredths are integers. So they do not depend on the order of the cases, and a case can be subtracted again
//! exactly. Rounding changes a probability once, by less than 0.01, which is far less than the error of the
//! probability.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::plan::Slot;

/// Probability 1 in hundredths, the unit in which probabilities are kept.
pub const CERTAIN: u8 = 100;

/// The largest number of groups of a dimension whose probabilities are kept. In larger ones such cases are only
/// counted.
pub const MAX_PROBABLE_GROUPS: usize = 31;

/// The distinct probability vectors of one dimension: at most [`Slot::MAX_VECTORS`], about 100 bytes each.
#[derive(Clone, Debug, Default)]
pub(super) struct Vectors {
    known: Vec<Arc<[u8]>>,
    ids: HashMap<Arc<[u8]>, Slot, FxBuildHasher>,
}

impl Vectors {
    /// Returns the slot of a vector, which is new or not; `None` where there are too many.
    pub fn learn(&mut self, vector: &[u8]) -> Option<Slot> {
        if let Some(slot) = self.ids.get(vector) {
            return Some(*slot);
        }
        let slot = Slot::of_vector(self.known.len())?;
        let vector: Arc<[u8]> = vector.into();
        self.known.push(Arc::clone(&vector));
        self.ids.insert(vector, slot);
        Some(slot)
    }

    /// Returns all vectors in the order of their slots.
    pub fn known(&self) -> Vec<Arc<[u8]>> {
        self.known.clone()
    }

    /// Returns the vector that a slot stands for; empty where it stands for none, or for one that a checkpoint from
    /// anywhere does not have.
    pub fn of(&self, slot: Slot) -> &[u8] {
        slot.vector().and_then(|index| self.known.get(index)).map_or(&[], |vector| vector)
    }
}

/// Rounds probabilities to whole hundredths that sum to exactly 100, by the method of largest remainders; of equal
/// remainders the first has precedence. One element is added: the rest to 1.
pub(super) fn quantise(listed: &[f64]) -> Vec<u8> {
    let rest = 1.0 - listed.iter().sum::<f64>();
    let shares: Vec<f64> = listed.iter().chain([&rest]).map(|share| share.max(0.0) * f64::from(CERTAIN)).collect();
    let mut left = CERTAIN;
    let mut hundredths: Vec<u8> = Vec::with_capacity(shares.len());
    for share in &shares {
        let whole = floor(*share).min(left);
        left -= whole;
        hundredths.push(whole);
    }
    let mut by_remainder: Vec<(f64, &mut u8)> =
        shares.iter().zip(&mut hundredths).map(|(share, whole)| (share - f64::from(*whole), whole)).collect();
    // A stable sort: equal remainders keep their order.
    by_remainder.sort_by(|one, other| other.0.total_cmp(&one.0));
    by_remainder.into_iter().take(left.into()).for_each(|(_, whole)| *whole += 1);
    hundredths
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not below 0, and the cast saturates")]
const fn floor(share: f64) -> u8 {
    share as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hundredths_sum_to_one_and_are_near() {
        assert_eq!(quantise(&[0.29, 0.71]), [29, 71, 0]);
        assert_eq!(quantise(&[0.1, 0.2, 0.7]), [10, 20, 70, 0]);
        assert_eq!(quantise(&[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]), [34, 33, 33, 0]);
        assert_eq!(quantise(&[0.125, 0.125]), [13, 12, 75]);
        assert_eq!(quantise(&[0.0]), [0, 100]);
        assert_eq!(quantise(&[1.000_000_9, 0.0]), [100, 0, 0]);
        assert_eq!(quantise(&[]), [100]);
    }

    #[test]
    fn any_probabilities_sum_to_one_within_a_hundredth() {
        let mut seed = 1_u64;
        let mut uniform = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(seed >> 33).unwrap_or(0)) / f64::from(u32::MAX >> 1)
        };
        for groups in 1..MAX_PROBABLE_GROUPS {
            for _ in 0..200 {
                let drawn: Vec<f64> = (0..=groups).map(|_| uniform().powi(4)).collect();
                let sum: f64 = drawn.iter().sum();
                let listed: Vec<f64> = drawn.iter().skip(1).map(|share| share / sum).collect();
                let hundredths = quantise(&listed);
                assert_eq!(hundredths.iter().map(|share| u32::from(*share)).sum::<u32>(), 100);
                for (share, hundredth) in listed.iter().zip(&hundredths) {
                    assert!((share * 100.0 - f64::from(*hundredth)).abs() < 1.0, "{share} {hundredth}");
                }
            }
        }
    }

    #[test]
    fn each_distinct_vector_has_one_slot_up_to_the_limit() {
        let mut vectors = Vectors::default();
        let vector = |index: usize| [index.to_le_bytes()[0], index.to_le_bytes()[1]];
        for index in 0..Slot::MAX_VECTORS {
            let slot = vectors.learn(&vector(index));
            assert!(slot.is_some_and(|slot| slot.is_probabilistic() && slot.group().is_none()));
            assert_eq!(slot.map(|slot| vectors.of(slot).to_vec()), Some(vector(index).to_vec()));
        }
        assert_eq!(vectors.learn(&vector(Slot::MAX_VECTORS)), None);
        assert_eq!(vectors.learn(&vector(7)).map(Slot::vector), Some(Some(7)));
        assert!(vectors.of(Slot::PROBABILISTIC).is_empty() && vectors.of(Slot(0)).is_empty());
    }
}
