//! What may leave of groups on no list.

use super::plain::plain;
use serde::Serialize;

use crate::judge::Unlisted;
use crate::plan::Plan;

/// Values of one dimension that are named, at most.
const MAX_NAMED: usize = 20;

/// Groups on no list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishedUnlisted {
    /// Values with at least `min_cell` cases, by dimension and the most frequent first: at most 20 of each dimension.
    pub values: Vec<PublishedValue>,
    /// The cases of all other values, by dimension.
    pub others: Vec<PublishedOthers>,
    /// Names of dimensions that no list has, and that at least `min_cell` cases have.
    pub spellings: Vec<PublishedSpelling>,
}

/// A value on no list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedValue {
    /// The dimension.
    pub dimension: String,
    /// The value, as events write it, in the form in which names are compared.
    pub value: String,
    /// The listed group from which it differs by its spelling only.
    pub resembles: Option<String>,
    /// Cases within the history.
    pub cases: u64,
}

/// The cases of all values of a dimension that are on no list and not named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedOthers {
    /// The dimension.
    pub dimension: String,
    /// Cases within the history; absent where they are fewer than `min_cell`.
    pub cases: Option<u64>,
}

/// The name of a dimension that no list has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedSpelling {
    /// The name, as events write it.
    pub written: String,
    /// The dimension from which it differs by its spelling only.
    pub dimension: String,
}

/// Names the values and spellings that enough cases have. A rare one may say who the case is about.
pub(super) fn publish_unlisted(plan: &Plan, unlisted: &[Unlisted]) -> PublishedUnlisted {
    let mut published = PublishedUnlisted::default();
    for of_dimension in unlisted {
        let Some(dimension) = plan.dimensions.get(usize::from(of_dimension.dimension.0)) else { continue };
        let dimension = &dimension.name;
        let mut others = of_dimension.cases;
        let named = of_dimension.values.iter().filter(|value| value.cases >= plan.disclosure.min_cell.max(1));
        for found in named.take(MAX_NAMED) {
            others = others.saturating_sub(found.cases);
            published.values.push(PublishedValue {
                dimension: dimension.clone(),
                value: plain(&found.value).into_owned(),
                resembles: found.resembles.clone(),
                cases: found.cases,
            });
        }
        if others > 0 {
            let cases = (others >= plan.disclosure.min_cell).then_some(others);
            published.others.push(PublishedOthers { dimension: dimension.clone(), cases });
        }
        let spellings =
            of_dimension.spellings.iter().filter(|spelling| spelling.cases >= plan.disclosure.min_cell.max(1));
        published.spellings.extend(spellings.map(|spelling| PublishedSpelling {
            written: plain(&spelling.written).into_owned(),
            dimension: dimension.clone(),
        }));
    }
    published
}
