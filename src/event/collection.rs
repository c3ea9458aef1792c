//! Reading fields with several entries: groups, strata, criteria, counts per group.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::context::Context;
use super::criterion::CriterionOf;
use super::model::{Criterion, Membership};
use super::rejection::Reason;
use super::value::{Count, Number, Optional, Text};

/// The largest number of dimensions, of strata, of criteria in one event, and of groups in one set of probabilities.
pub const MAX_ENTRIES: usize = 64;

/// The largest number of groups in one `paritywatch.population.v1`.
pub const MAX_POPULATION_GROUPS: usize = 256;

/// The detail of a rejection.
const NAME_TWICE: &str = "expected each name once, found one twice";

/// How much the sum of probabilities may exceed 1 through rounding.
const PROBABILITY_TOLERANCE: f64 = 1e-6;

/// Reads `groups`: for each dimension a group, or a probability for each group.
pub(super) fn groups(context: &Context) -> Optional<Entries<'_, Optional<MembershipOf<'_>>>> {
    Optional(Entries::new(context, MAX_ENTRIES, Optional(MembershipOf(context))))
}

/// Reads `groups` of a tally: for each dimension a group. Its counts belong to one group, so probabilities are
/// rejected.
pub(super) fn certain_groups(context: &Context) -> Optional<Entries<'_, Optional<GroupOf<'_>>>> {
    Optional(Entries::new(context, MAX_ENTRIES, Optional(GroupOf(context))))
}

/// Reads `strata`: a value for each name.
pub(super) fn strata(context: &Context) -> Optional<Entries<'_, Optional<Text<'_>>>> {
    Optional(Entries::new(context, MAX_ENTRIES, Optional(Text(context))))
}

/// Reads `counts` of a population: the number of persons in each group.
pub(super) fn group_counts(context: &Context) -> Entries<'_, Present<Count<'_>>> {
    let persons = Count { context, min: 0 };
    Entries::new(context, MAX_POPULATION_GROUPS, Present(persons))
}

/// Reads an object whose names the producer chooses. Each may appear once. An entry whose value is `null` counts as
/// absent, where `value` returns `None` for it.
pub(super) struct Entries<'c, S> {
    context: &'c Context,
    max: usize,
    value: S,
}

impl<'c, S> Entries<'c, S> {
    const fn new(context: &'c Context, max: usize, value: S) -> Self {
        Self { context, max, value }
    }
}

impl<'a, S, V> DeserializeSeed<'a> for Entries<'_, S>
where
    S: DeserializeSeed<'a, Value = Option<V>> + Copy,
{
    type Value = Vec<(Cow<'a, str>, V)>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a, S, V> Visitor<'a> for Entries<'_, S>
where
    S: DeserializeSeed<'a, Value = Option<V>> + Copy,
{
    type Value = Vec<(Cow<'a, str>, V)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut entries: Self::Value = Vec::new();
        let mut count = 0;
        while let Some(name) = map.next_key_seed(Text(self.context))? {
            count += 1;
            if count > self.max {
                return Err(too_many(self.context, self.max));
            }
            let Some(value) = map.next_value_seed(self.value)? else { continue };
            if entries.iter().any(|(known, _)| *known == name) {
                return Err(self.context.fail(Reason::DuplicateField, NAME_TWICE));
            }
            entries.push((name, value));
        }
        Ok(entries)
    }
}

#[cold]
fn too_many<E: Error>(context: &Context, max: usize) -> E {
    let detail = format!("expected at most {max} entries, found more");
    context.fail(Reason::TooMany, detail)
}

/// Reads a value that must not be `null`.
#[derive(Clone, Copy)]
pub(super) struct Present<S>(S);

impl<'a, S: DeserializeSeed<'a>> DeserializeSeed<'a> for Present<S> {
    type Value = Option<S::Value>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

/// Reads membership in a dimension: the name of a group, or an object of probabilities.
#[derive(Clone, Copy)]
pub(super) struct MembershipOf<'c>(&'c Context);

impl<'a> DeserializeSeed<'a> for MembershipOf<'_> {
    type Value = Membership<'a>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for MembershipOf<'_> {
    type Value = Membership<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a group or an object of probabilities")
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Text(self.0).visit_borrowed_str(text).map(Membership::Group)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Text(self.0).visit_str(text).map(Membership::Group)
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<Self::Value, M::Error> {
        let context = self.0;
        let probability = Number { context, max: 1.0 };
        let probabilities = Entries::new(context, MAX_ENTRIES, Present(probability)).visit_map(map)?;
        if probabilities.is_empty() {
            let detail = "expected at least one probability, found none";
            return Err(context.fail(Reason::EmptyField, detail));
        }
        let sum: f64 = probabilities.iter().map(|(_, probability)| probability).sum();
        if sum > 1.0 + PROBABILITY_TOLERANCE {
            let detail = "expected probabilities with a sum of at most 1, found a larger sum";
            return Err(context.fail(Reason::InvalidValue, detail));
        }
        Ok(Membership::Probabilities(probabilities))
    }
}

/// Reads membership in a dimension that must be the name of a group.
#[derive(Clone, Copy)]
pub(super) struct GroupOf<'c>(&'c Context);

impl<'a> DeserializeSeed<'a> for GroupOf<'_> {
    type Value = Membership<'a>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Text(self.0).deserialize(deserializer).map(Membership::Group)
    }
}

/// Reads `criteria`: a list of criteria. Each may appear once.
pub(super) struct Criteria<'c>(pub(super) &'c Context);

impl<'a> DeserializeSeed<'a> for Criteria<'_> {
    type Value = Vec<Criterion<'a>>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Criteria<'_> {
    type Value = Vec<Criterion<'a>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut criteria: Self::Value = Vec::new();
        while let Some(criterion) = list.next_element_seed(CriterionOf(self.0))? {
            if criteria.len() == MAX_ENTRIES {
                return Err(too_many(self.0, MAX_ENTRIES));
            }
            if criteria.iter().any(|known| known.name == criterion.name) {
                return Err(self.0.fail(Reason::DuplicateField, NAME_TWICE));
            }
            criteria.push(criterion);
        }
        Ok(criteria)
    }
}
