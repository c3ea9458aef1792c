//! Reading one criterion of a selection: its name, or an object with its name and its value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::context::Context;
use super::model::Criterion;
use super::rejection::Reason;
use super::value::{Optional, Text};

/// Reads a criterion.
#[derive(Clone, Copy)]
pub(super) struct CriterionOf<'c>(pub(super) &'c Context);

impl<'a> DeserializeSeed<'a> for CriterionOf<'_> {
    type Value = Criterion<'a>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for CriterionOf<'_> {
    type Value = Criterion<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name or an object with a name")
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Text(self.0).visit_borrowed_str(text).map(without_value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Text(self.0).visit_str(text).map(without_value)
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let context = self.0;
        let (mut name, mut value) = (None, None);
        while let Some(part) = map.next_key_seed(PartName)? {
            let is_second = match part {
                Part::Name => name.replace(map.next_value_seed(Text(context))?).is_some(),
                Part::Value => value.replace(map.next_value_seed(Optional(Text(context)))?).is_some(),
                Part::Unknown => map.next_value::<IgnoredAny>().map(|_| false)?,
            };
            if is_second {
                return Err(
                    context.fail(Reason::DuplicateField, "expected each field of a criterion once, found one twice")
                );
            }
        }
        match name {
            Some(name) => Ok(Criterion { name, value: value.flatten() }),
            None => Err(context.fail(Reason::MissingField, "expected a criterion with a name, found none")),
        }
    }
}

const fn without_value(name: Cow<'_, str>) -> Criterion<'_> {
    Criterion { name, value: None }
}

/// A field of the object.
enum Part {
    Name,
    Value,
    Unknown,
}

/// Reads the name of a field.
struct PartName;

impl<'a> DeserializeSeed<'a> for PartName {
    type Value = Part;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for PartName {
    type Value = Part;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field name")
    }

    #[inline]
    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(match name {
            "name" => Part::Name,
            "value" => Part::Value,
            _ => Part::Unknown,
        })
    }
}
