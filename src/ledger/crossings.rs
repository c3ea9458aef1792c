//! The groups of intersections: they follow from the groups that a case has in other dimensions.

use super::named_values::NamedValues;
use crate::plan::invariant::{Room, broken};
use crate::plan::{Plan, Slot};

/// The intersections of a plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Crossings(Box<[Crossing]>);

#[derive(Clone, Debug)]
struct Crossing {
    /// Its index among the dimensions.
    at: usize,
    /// The indices of its parts, each with the number of its groups.
    parts: Box<[(usize, u16)]>,
}

impl Crossings {
    /// Returns those of a plan.
    pub fn of(plan: &Plan) -> Self {
        let groups = |part: usize| plan.dimensions.get(part).map_or(0, |part| part.groups.len());
        let crossed = plan.dimensions.iter().enumerate().filter(|(_, dimension)| dimension.is_crossed());
        let crossings = crossed.map(|(at, dimension)| {
            let parts = dimension.crosses.iter().map(|part| usize::from(part.0));
            Crossing { at, parts: parts.map(|part| (part, u16::try_from(groups(part)).unwrap_or(u16::MAX))).collect() }
        });
        Self(crossings.collect())
    }

    /// Sets the slots of intersections by those of their parts, which stand among them. `dimensions` are those of the plan.
    pub fn fill(&self, slots: &mut [Slot], dimensions: &[NamedValues]) {
        for Crossing { at, parts } in &self.0 {
            let slot_of = |part: usize| {
                let slot = slots.get(part).copied().unwrap_or(Slot::NONE);
                dimensions.get(part).map_or(slot, |dimension| dimension.counted_as(slot))
            };
            let slot = crossed(parts.iter().map(|(part, groups)| (slot_of(*part), *groups)));
            match slots.get_mut(*at) {
                Some(place) => *place = slot,
                None => broken(Room::Ledger, "an intersection has a slot in every combination"),
            }
        }
    }
}

/// Returns the slot of an intersection by the slots of its parts, each with the number of its groups. Where several parts have no group, the one
/// decides that nothing can change any more: so a case does not wait for a group that would make no difference.
fn crossed(parts: impl Iterator<Item = (Slot, u16)> + Clone) -> Slot {
    let any = |is: fn(Slot) -> bool| parts.clone().find(|(slot, _)| is(*slot));
    if let Some((kind, _)) = any(Slot::is_unlisted) {
        return kind;
    }
    if any(Slot::is_probabilistic).is_some() {
        return Slot::PROBABILISTIC;
    }
    let group = parts.clone().try_fold(0_u16, |index, (slot, groups)| {
        slot.group().map(|group| index.saturating_mul(groups).saturating_add(group.0))
    });
    group.map_or(Slot::NONE, Slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[(Slot, u16)]) -> Slot {
        crossed(parts.iter().copied())
    }

    #[test]
    fn groups_are_counted_like_digits() {
        let all: Vec<Slot> = (0..3).flat_map(|a| (0..2).map(move |b| of(&[(Slot(a), 3), (Slot(b), 2)]))).collect();
        assert_eq!(all, (0..6).map(Slot).collect::<Vec<_>>());
        assert_eq!(of(&[(Slot(1), 2), (Slot(2), 3), (Slot(3), 4)]), Slot(12 + 2 * 4 + 3));
    }

    #[test]
    fn without_a_group_in_a_part_there_is_none() {
        let known = (Slot(1), 2);
        assert_eq!(of(&[known, (Slot::NONE, 2)]), Slot::NONE);
        assert_eq!(of(&[(Slot::UNLISTED, 2), known]), Slot::UNLISTED);
        assert_eq!(of(&[known, (Slot::LOOK_ALIKE, 2)]), Slot::LOOK_ALIKE);
        let vector = Slot::of_vector(3).unwrap_or(Slot::NONE);
        assert_eq!(of(&[known, (vector, 2)]), Slot::PROBABILISTIC);
        // What is on no list stays there, whatever comes of the other part.
        assert_eq!(of(&[(Slot::NONE, 2), (Slot::UNLISTED, 2)]), Slot::UNLISTED);
        assert_eq!(of(&[(Slot::NONE, 2), (vector, 2)]), Slot::PROBABILISTIC);
    }
}
