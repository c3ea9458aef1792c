//! Reading the data of a measure: what it answers, what was done, why, by whom, and how long it holds.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::context::Context;
use super::field::{Field, FieldSet, set_of};
use super::model::MeasureReport;
use super::object::{DATA, Object, unread};
use super::rejection::Reason;
use super::value::{DateOrDateTime, Number, Optional, Text, Word};
use crate::plan::MeasureKind;

/// The longest `reason` of a measure, in bytes.
pub const MAX_REASON_BYTES: usize = 1_024;
/// The largest `accepted_ratio` of a measure.
pub const MAX_ACCEPTED_RATIO: f64 = 1e6;

/// The digits of an alert's id.
const ALERT_ID_DIGITS: usize = 16;

/// Returns a measure before its first field is read.
pub(super) const fn blank_measure<'a>() -> MeasureReport<'a> {
    MeasureReport {
        alert_id: None,
        profile: None,
        rule: None,
        dimension: None,
        group: None,
        kind: MeasureKind::Suspended,
        reason: Cow::Borrowed(""),
        by: Cow::Borrowed(""),
        until: None,
        accepted_ratio: None,
    }
}

impl<'a> Object<'a> for MeasureReport<'a> {
    const PATH: &'static str = DATA;
    const FIELDS: FieldSet = set_of(&[
        Field::AlertId,
        Field::Profile,
        Field::Rule,
        Field::Dimension,
        Field::Group,
        Field::Measure,
        Field::Reason,
        Field::By,
        Field::Until,
        Field::AcceptedRatio,
    ]);
    const REQUIRED: FieldSet = set_of(&[Field::Measure, Field::Reason, Field::By]);

    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::AlertId => self.alert_id = map.next_value_seed(Optional(AlertNumber(context)))?,
            Field::Profile => self.profile = map.next_value_seed(Optional(Text(context)))?,
            Field::Rule => self.rule = map.next_value_seed(Optional(Text(context)))?,
            Field::Dimension => self.dimension = map.next_value_seed(Optional(Text(context)))?,
            Field::Group => self.group = map.next_value_seed(Optional(Text(context)))?,
            Field::Measure => self.kind = map.next_value_seed(Word::new(context))?,
            Field::Reason => self.reason = map.next_value_seed(FreeText(context))?,
            Field::By => self.by = map.next_value_seed(Text(context))?,
            Field::Until => self.until = map.next_value_seed(Optional(DateOrDateTime(context)))?,
            Field::AcceptedRatio => {
                let seed = Optional(Number { context, max: MAX_ACCEPTED_RATIO });
                self.accepted_ratio = map.next_value_seed(seed)?;
            }
            _ => unread(),
        }
        Ok(())
    }

    fn check<E: Error>(&self, _seen: FieldSet, context: &Context) -> Result<(), E> {
        let fault = self.subject_fault().or_else(|| self.acceptance_fault());
        fault.map_or(Ok(()), |(field, reason, detail)| {
            context.enter(Self::PATH, Some(field));
            Err(context.fail(reason, detail))
        })
    }
}

/// The field, the reason and the detail of a rejection.
type Fault = (Field, Reason, &'static str);

impl MeasureReport<'_> {
    /// What is wrong with what it answers.
    fn subject_fault(&self) -> Option<Fault> {
        let named = [
            (Field::Profile, self.profile.is_some()),
            (Field::Rule, self.rule.is_some()),
            (Field::Dimension, self.dimension.is_some()),
            (Field::Group, self.group.is_some()),
        ];
        if self.alert_id.is_some() {
            let (beside, _) = named.into_iter().find(|(_, is_named)| *is_named)?;
            return Some((beside, Reason::InvalidValue, "expected nothing else beside alert_id, found this field"));
        }
        if named.iter().all(|(_, is_named)| !is_named) {
            return Some((Field::AlertId, Reason::MissingField, "expected this field or profile, found neither"));
        }
        // Each needs the one before it.
        let gap = named.windows(2).find_map(|pair| match pair {
            [(before, false), (_, true)] => Some(*before),
            _ => None,
        })?;
        Some((gap, Reason::MissingField, "expected this field before the narrower one, found none"))
    }

    /// What is wrong with an acceptance, or with what only an acceptance has.
    fn acceptance_fault(&self) -> Option<Fault> {
        let is_acceptance = self.kind == MeasureKind::Accepted;
        if is_acceptance && self.alert_id.is_none() && self.rule.is_none() {
            return Some((
                Field::Rule,
                Reason::MissingField,
                "expected the rule whose findings are accepted, found none",
            ));
        }
        if !is_acceptance && self.accepted_ratio.is_some() {
            return Some((
                Field::AcceptedRatio,
                Reason::InvalidValue,
                "expected it with accepted alone, found it with another measure",
            ));
        }
        None
    }
}

/// Reads an alert's id: 16 hexadecimal digits.
struct AlertNumber<'c>(&'c Context);

impl<'a> DeserializeSeed<'a> for AlertNumber<'_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for AlertNumber<'_> {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string of 16 hexadecimal digits")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        let is_id = text.len() == ALERT_ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| is_id);
        number.ok_or_else(|| self.0.fail(Reason::InvalidValue, "expected 16 hexadecimal digits, found another string"))
    }
}

/// Reads a text of people, of 1 to [`MAX_REASON_BYTES`].
struct FreeText<'c>(&'c Context);

impl FreeText<'_> {
    fn check<E: Error>(&self, text: &str) -> Result<(), E> {
        if text.is_empty() {
            return Err(self.0.fail(Reason::EmptyField, "expected a non-empty string"));
        }
        let found = text.len();
        if found > MAX_REASON_BYTES {
            let detail = format!("expected at most {MAX_REASON_BYTES} bytes, found {found}");
            return Err(self.0.fail(Reason::StringTooLong, detail));
        }
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for FreeText<'_> {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for FreeText<'_> {
    type Value = Cow<'a, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        self.check(text)?;
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.check(text)?;
        Ok(Cow::Owned(text.to_owned()))
    }
}
