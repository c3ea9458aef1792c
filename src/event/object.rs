//! One JSON object read field by field: known fields once each, unknown fields skipped.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::event::field::{Field, FieldSet};
use crate::event::{Reason, context::Context};

/// An object of the contract, filled in place.
pub(super) trait Object<'a> {
    /// Its path, for people.
    const PATH: &'static str;
    /// The fields it has; every other one is unknown to it.
    const FIELDS: FieldSet;
    /// The fields it must have.
    const REQUIRED: FieldSet;

    /// Reads the value of one of [`Self::FIELDS`].
    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error>;

    /// Checks what concerns more than one field; `seen` are the fields given.
    fn check<E: Error>(&self, _seen: FieldSet, _context: &Context) -> Result<(), E> {
        Ok(())
    }
}

/// Fills an [`Object`].
pub(super) struct Fill<'c, 'o, T> {
    pub(super) context: &'c Context,
    pub(super) object: &'o mut T,
}

impl<'a, T: Object<'a>> DeserializeSeed<'a> for Fill<'_, '_, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a, T: Object<'a>> Visitor<'a> for Fill<'_, '_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let mut seen: FieldSet = 0;
        while let Some(field) = map.next_key_seed(FieldName)? {
            let Some(field) = field.filter(|field| field.bit() & T::FIELDS != 0) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.context.enter(T::PATH, Some(field));
            if seen & field.bit() != 0 {
                let detail = "expected one, found another";
                return Err(self.context.refuse(Reason::DuplicateField, detail));
            }
            seen |= field.bit();
            self.object.read(field, &mut map, self.context)?;
        }
        if let Some(missing) = Field::first_of(T::REQUIRED & !seen) {
            return Err(refuse_missing::<T, _>(self.context, missing));
        }
        self.object.check(seen, self.context)
    }
}

/// The error for a required field that is absent.
#[cold]
pub(super) fn refuse_missing<'a, T: Object<'a>, E: Error>(context: &Context, field: Field) -> E {
    context.enter(T::PATH, Some(field));
    context.refuse(Reason::MissingField, "expected this field, found none")
}

/// A field's name; `None` when no object has it.
struct FieldName;

impl<'a> DeserializeSeed<'a> for FieldName {
    type Value = Option<Field>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName {
    type Value = Option<Field>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field name")
    }

    #[inline]
    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Field::of(name))
    }
}
