//! What may be told of a part, and of the sum of several.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::DisclosurePlan;

/// How far a number may be off of which nobody knows how large it is.
pub(super) const MAX_OFF: u64 = u64::MAX / 64;

/// What may be told of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A number, which may have taken up what others are off.
    Told(u64),
    /// It is withheld, and this constant stands in for it.
    StandsIn(u64),
    /// It has no number, and no sum in which it is has one.
    Unknown,
}

/// A withheld part that a number has taken up, or given back; or that is missing in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    row: u32,
    column: u8,
    /// 1 or -1.
    sign: i8,
    /// What it is off, at most: the same for whatever the part is.
    pub most: u64,
}

/// What some parts add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    told: u64,
    stand_ins: u64,
    withheld: u64,
    unknown: u64,
    /// By withheld part: how often what it is off is in the sum, and how much that is at most.
    taken: BTreeMap<(u32, u8), (i64, u64)>,
}

impl Taken {
    /// Returns the part of a row and column.
    pub fn of((row, column): (usize, usize), most: u64) -> Self {
        let (row, column) = (u32::try_from(row).unwrap_or(u32::MAX), u8::try_from(column).unwrap_or(u8::MAX));
        Self { row, column, sign: 1, most }
    }

    /// Returns it as it is where it is given back.
    pub const fn less(self) -> Self {
        Self { sign: self.sign.saturating_neg(), ..self }
    }

    /// Returns how often it is another one: 1, -1 or 0.
    #[cfg(test)]
    pub fn count_of(self, other: Self) -> i64 {
        i64::from(self.sign) * i64::from((self.row, self.column) == (other.row, other.column))
    }

    /// Returns the row of the withheld part.
    pub const fn row(self) -> usize {
        self.row as usize
    }
}

impl Sum {
    /// Returns one part.
    pub fn of(part: Part, taken: &[Taken]) -> Self {
        let mut sum = Self::default();
        taken.iter().for_each(|taken| sum.take(*taken));
        match part {
            Part::Told(told) => Self { told, ..sum },
            Part::StandsIn(stand_ins) => Self { stand_ins, withheld: 1, ..sum },
            Part::Unknown => Self { unknown: 1, ..sum },
        }
    }

    /// Returns both together.
    pub fn plus(mut self, other: &Self) -> Self {
        self.told = self.told.saturating_add(other.told);
        self.stand_ins = self.stand_ins.saturating_add(other.stand_ins);
        self.withheld = self.withheld.saturating_add(other.withheld);
        self.unknown = self.unknown.saturating_add(other.unknown);
        other.taken.iter().for_each(|(of, (count, most))| self.add(*of, *count, *most));
        self
    }

    /// Returns this without a part of it.
    pub fn minus(mut self, part: &Self) -> Self {
        self.told = self.told.saturating_sub(part.told);
        self.stand_ins = self.stand_ins.saturating_sub(part.stand_ins);
        self.withheld = self.withheld.saturating_sub(part.withheld);
        self.unknown = self.unknown.saturating_sub(part.unknown);
        part.taken.iter().for_each(|(of, (count, most))| self.add(*of, count.saturating_neg(), *most));
        self
    }

    /// Returns the number; `None` where it cannot be told, or where what is withheld could make it mostly wrong. That is decided by what is told, and by
    /// which parts are withheld: never by what they are.
    pub fn number(&self, plan: &DisclosurePlan) -> Option<u64> {
        let enough = plan.enough_for(self.most_off());
        let is_close = self.told >= enough || self.withheld == 0 && self.is_true();
        (self.unknown == 0 && is_close).then(|| self.told.saturating_add(self.stand_ins))
    }

    /// Returns whether it is what it would be if nothing were withheld, but for rounding.
    pub fn is_true(&self) -> bool {
        self.taken.is_empty()
    }

    /// Returns how far it may be off, at most.
    pub fn most_off(&self) -> u64 {
        let off = self.taken.values().map(|(count, most)| count.unsigned_abs().saturating_mul(*most));
        off.fold(0, u64::saturating_add)
    }

    fn take(&mut self, Taken { row, column, sign, most }: Taken) {
        self.add((row, column), i64::from(sign), most);
    }

    fn add(&mut self, of: (u32, u8), count: i64, most: u64) {
        let place = self.taken.entry(of).or_insert((0, most));
        place.0 = place.0.saturating_add(count);
        if place.0 == 0 {
            self.taken.remove(&of);
        }
    }
}

/// Returns `count - other`.
pub(super) fn difference(count: u64, other: u64) -> i64 {
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    signed(count).saturating_sub(signed(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Part = Part::StandsIn(5);

    #[test]
    fn a_sum_that_is_mostly_withheld_is_not_told() {
        let plan = DisclosurePlan::default();
        let of = Taken::of((1, 6), 5);
        let hidden = Sum::of(FEW, &[of.less()]);
        let sum = |told: u64| Sum::of(Part::Told(told), &[]).plus(&hidden);
        assert_eq!((sum(40).number(&plan), sum(39).number(&plan)), (Some(45), None));
        // With what has taken it up it is true.
        let beside = |told: u64| Sum::of(Part::Told(told), &[of]);
        let both = |told: u64| hidden.clone().plus(&beside(told));
        assert!(both(20).is_true() && !beside(20).is_true());
        assert_eq!((both(20).number(&plan), both(19).number(&plan)), (Some(25), None));
        assert_eq!((beside(40).number(&plan), beside(39).number(&plan)), (Some(40), None));
        assert_eq!(both(30).minus(&hidden), beside(30));
        assert_eq!(sum(4_000).plus(&Sum::of(Part::Unknown, &[])).number(&plan), None);
        assert_eq!(Sum::of(Part::Told(3), &[]).number(&plan), Some(3));
        let unknown = Sum::of(Part::Told(1_000_000), &[Taken::of((0, 1), MAX_OFF)]);
        assert_eq!(unknown.number(&plan), None, "nobody knows how large the other is");
    }
}
