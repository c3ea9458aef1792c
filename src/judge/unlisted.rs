//! Groups on no list: the values that events write, and dimensions whose names they write otherwise.

use super::scene::Scene;
use crate::plan::DimensionId;

/// What events write of a dimension that the plan does not list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// The dimension.
    pub dimension: DimensionId,
    /// Cases within the history whose value is on no list. Where `other` is listed, those of the named values alone: the
    /// rest is in that group.
    pub cases: u64,
    /// The values that are counted by name, the most frequent first.
    pub values: Vec<UnlistedValue>,
    /// Names of dimensions that no list has, and that resemble that of this dimension. Cases with such a name have no
    /// group.
    pub spellings: Vec<UnlistedSpelling>,
}

/// A value on no list, and its cases within the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlistedValue {
    /// The value.
    pub value: String,
    /// The listed group from which it differs by its spelling only.
    pub resembles: Option<String>,
    /// The number of cases.
    pub cases: u64,
}

/// A spelling of a dimension's name, and its cases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnlistedSpelling {
    /// The name, as events write it.
    pub written: String,
    /// The number of cases, up to that from which the spelling may be told.
    pub cases: u64,
}

/// Returns what is on no list, by dimension. Dimensions of which all is listed are left out.
#[must_use]
pub fn unlisted(scene: &Scene<'_>) -> Vec<Unlisted> {
    let mut values: Vec<Vec<UnlistedValue>> = vec![Vec::new(); scene.plan.dimensions.len()];
    for (dimension, slot, cases) in scene.windows.unlisted_by_name().filter(|(.., cases)| *cases > 0) {
        // A stored state may hold slots that stand for nothing.
        if let Some((value, resembles)) = scene.attributes.unlisted_value(dimension, slot)
            && let Some(values) = values.get_mut(usize::from(dimension.0))
        {
            let (value, resembles) = (value.to_owned(), resembles.map(str::to_owned));
            values.push(UnlistedValue { value, resembles, cases });
        }
    }
    let dimensions = (0..).map(DimensionId).zip(values.into_iter().zip(scene.windows.unlisted()));
    let unlisted = dimensions.map(|(dimension, (mut values, kinds))| {
        // Slots are in the order of arrival.
        values.sort_by(|one, other| other.cases.cmp(&one.cases).then_with(|| one.value.cmp(&other.value)));
        let spelling =
            |(written, cases): (&str, u32)| UnlistedSpelling { written: written.to_owned(), cases: cases.into() };
        let mut spellings: Vec<UnlistedSpelling> = scene.attributes.spellings(dimension).map(spelling).collect();
        spellings.sort_unstable();
        let named = values.iter().fold(0, |sum: u64, value| sum.saturating_add(value.cases));
        let cases = kinds.into_iter().fold(0, u64::saturating_add).max(named);
        Unlisted { dimension, cases, values, spellings }
    });
    // What is on no list in an intersection is so in one of its parts.
    let unlisted = unlisted.filter(|found| !scene.plan.is_crossed(found.dimension));
    unlisted.filter(|found| found.cases > 0 || !found.values.is_empty() || !found.spellings.is_empty()).collect()
}
