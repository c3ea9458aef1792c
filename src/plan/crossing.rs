//! Intersections: which groups of which dimensions make a group of theirs.
//!
//! The groups are in the order in which one counts: the group of the last part changes first.

use super::id::{DimensionId, GroupId};
use super::model::Plan;
use super::subject::Dimension;

impl Plan {
    /// Returns whether a dimension is an intersection. [`DimensionId::EVERYONE`] is none.
    #[must_use]
    pub fn is_crossed(&self, dimension: DimensionId) -> bool {
        self.dimensions.get(usize::from(dimension.0)).is_some_and(Dimension::is_crossed)
    }

    /// Returns the groups that a group of an intersection combines, each with its dimension, in the order of the configuration. Empty for a
    /// group of any other dimension.
    #[must_use]
    pub fn parts_of(&self, dimension: DimensionId, group: GroupId) -> Vec<(DimensionId, GroupId)> {
        let crosses = self.dimensions.get(usize::from(dimension.0)).map_or(&[][..], |dimension| &dimension.crosses);
        let mut rest = group.0;
        let mut parts = Vec::with_capacity(crosses.len());
        for part in crosses.iter().rev() {
            let groups = self.dimensions.get(usize::from(part.0)).map_or(0, |part| part.groups.len());
            // At most 64, and never 0: a dimension lists at least one group.
            let groups = u16::try_from(groups).unwrap_or(u16::MAX).max(1);
            parts.push((*part, GroupId(rest % groups)));
            rest /= groups;
        }
        parts.reverse();
        parts
    }
}

impl Dimension {
    /// Returns the names of the groups of an intersection of these parts.
    #[must_use]
    pub fn crossed_groups(parts: &[&Self]) -> Vec<String> {
        let mut names = vec![String::new()];
        for (index, part) in parts.iter().enumerate() {
            let before = if index == 0 { "" } else { Self::CROSS };
            let named = |name: &String| part.groups.iter().map(|group| format!("{name}{before}{group}")).collect();
            names = names.iter().flat_map(|name| -> Vec<String> { named(name) }).collect();
        }
        names
    }
}
