//! Reading a JSON object field by field. A known field may appear once; unknown fields are skipped.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::context::Context;
use super::field::{Field, FieldSet};
use super::rejection::Reason;
use crate::plan::invariant::{Room, broken};

/// The path of an event's data in rejections.
pub(super) const DATA: &str = "data";

/// An object of the contract that is filled in place.
pub(super) trait Object<'a> {
    /// Its path in rejections.
    const PATH: &'static str;
    /// The fields that it has. All others are unknown to it.
    const FIELDS: FieldSet;
    /// The fields that it must have.
    const REQUIRED: FieldSet;

    /// Reads the value of a field of [`Self::FIELDS`]. Reports any other one by [`unread`].
    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error>;

    /// Checks what concerns more than one field. `seen` are the fields that the event has.
    fn check<E: Error>(&self, _seen: FieldSet, _context: &Context) -> Result<(), E> {
        Ok(())
    }
}

/// Fills an [`Object`] from a deserializer.
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
                return Err(self.context.fail(Reason::DuplicateField, detail));
            }
            seen |= field.bit();
            self.object.read(field, &mut map, self.context)?;
        }
        if let Some(missing) = Field::first_of(T::REQUIRED & !seen) {
            return Err(missing_field::<T, _>(self.context, missing));
        }
        self.object.check(seen, self.context)
    }
}

/// Reports a field that is in [`Object::FIELDS`], but that [`Object::read`] does not read.
#[cold]
#[track_caller]
pub(super) fn unread() {
    broken(Room::Event, "an object reads each of its fields");
}

/// Returns the error for a required field that is absent.
#[cold]
pub(super) fn missing_field<'a, T: Object<'a>, E: Error>(context: &Context, field: Field) -> E {
    context.enter(T::PATH, Some(field));
    context.fail(Reason::MissingField, "expected this field, found none")
}

/// Reads the name of a field; `None` where the contract does not have it.
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
