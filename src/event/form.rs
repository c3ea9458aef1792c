//! Forms: by which a record is recognised without being skimmed.
//!
//! A form is which values are cut out of a record, and what stands between them. Most of what stands there has few
//! variants, and a record is compared with each. One part, the middle, may have many variants: it is what is left when
//! the record was compared from its beginning up to the middle, and from its end down to it. If all parts are those of
//! one record that was skimmed, skimming would cut this record at the same places (see `skim`). So a variant that fits
//! by accident can only make a record look new.

use std::ops::Range;

use super::decode::RawRecord;
use super::plain::{Plain, end_of_text, last_text};
use super::skim::{Cut, Found, MAX_CUTS, Skim, Skimmed, Value};
use super::time::TimeReader;
use crate::plan::Limits;

/// The most forms. Each producer's way of writing JSON has its own, and so has each set of fields that differ.
const MAX_FORMS: usize = 16;
/// The most variants of what stands before or behind a value.
const MAX_VARIANTS: usize = 32;

/// An odd number with its bits spread evenly.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// The known forms.
#[derive(Clone, Debug, Default)]
pub(super) struct Forms {
    forms: Vec<Form>,
}

/// What one reader of records has seen most of late. It is tried first.
#[derive(Clone, Debug, Default)]
pub(super) struct Habits {
    /// The form of the last record.
    last: usize,
    /// By form, then by place: the variant that was found last.
    variants: Vec<[u8; MAX_CUTS]>,
    times: TimeReader,
}

/// A record taken apart by a form: all but the values and the middle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    form: u8,
    /// By place: which variant stands there.
    variants: [u8; MAX_CUTS],
}

/// How records are taken apart.
#[derive(Clone, Debug)]
struct Form {
    /// All headers of the record.
    headers: Vec<(String, Vec<u8>)>,
    /// Before the middle.
    front: Vec<Place>,
    /// Behind the middle, from the end of the record.
    back: Vec<Place>,
}

/// A value, and what stands before it in front of the middle, or behind it in the back.
#[derive(Clone, Debug)]
struct Place {
    value: Value,
    variants: Vec<Variant>,
    /// The numbers of the variants, the longest first.
    by_length: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Variant {
    text: Box<[u8]>,
    /// Whether a longer variant begins or ends with it, so that it may fit where that one stands.
    is_part: bool,
}

impl Parts {
    /// Returns the hash of a record with these parts, and a middle of this hash.
    #[inline]
    pub fn hash(&self, middle: u64) -> u64 {
        let words = self.variants.as_chunks::<8>().0;
        words.iter().fold(middle ^ u64::from(self.form), |hash, word| {
            (hash ^ u64::from_le_bytes(*word)).wrapping_mul(SPREAD).rotate_left(32)
        })
    }

    /// Returns a number that other parts, or another middle, nearly always have another one for. It is quick and no secret, so nothing may
    /// depend on how many records share it.
    #[inline]
    pub fn quick_hash(&self, middle: &[u8]) -> u64 {
        let words = middle.as_chunks::<8>().0;
        let sum = words.iter().fold(0, |sum: u64, word| sum.wrapping_add(u64::from_le_bytes(*word)));
        // The last bytes are read twice, unless there are fewer.
        let last = middle.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last));
        let variants = self.variants.as_chunks::<8>().0;
        let variants = variants.iter().fold(0, |all: u64, word| all.rotate_left(4) ^ u64::from_le_bytes(*word));
        let mixed = sum.rotate_left(8) ^ last ^ variants ^ (u64::from(self.form) << 56);
        (mixed ^ middle.len() as u64).wrapping_mul(SPREAD)
    }
}

impl Forms {
    /// Keeps the form of a record that was skimmed. Returns its parts and the middle's range in the essence; `None` where
    /// it cannot be recognised by a form, or there is no room.
    pub fn learn(&mut self, record: &RawRecord<'_>, skim: &Skim) -> Option<(Parts, Range<usize>)> {
        let apart = Apart::of(record.payload, &skim.cuts)?;
        let known = self.forms.iter().position(|form| form.fits(record, &apart));
        let index = match known {
            Some(index) => index,
            None if self.forms.len() < MAX_FORMS => {
                self.forms.push(Form::new(record, &apart));
                self.forms.len() - 1
            }
            None => return None,
        };
        let form = self.forms.get_mut(index)?;
        let mut parts = Parts { form: u8::try_from(index).ok()?, ..Parts::default() };
        let places = form.front.iter_mut().chain(&mut form.back);
        for ((place, (part, _)), variant) in places.zip(apart.front.iter().chain(&apart.back)).zip(&mut parts.variants)
        {
            *variant = place.learn(part)?;
        }
        let start = skim.of_headers + apart.front.iter().map(|(part, _)| part.len()).sum::<usize>();
        Some((parts, start..start + apart.middle.len()))
    }

    /// Takes a record apart. Returns its parts, its middle, and what differs from event to event.
    #[inline]
    pub fn read<'a>(
        &self,
        record: &RawRecord<'a>,
        limits: &Limits,
        habits: &mut Habits,
    ) -> Option<(Parts, &'a [u8], Skimmed<'a>)> {
        let Habits { last, variants, times } = habits;
        if variants.len() < self.forms.len() {
            variants.resize(self.forms.len(), Default::default());
        }
        let mut read = |index: usize| {
            let (form, variants) = self.forms.get(index).zip(variants.get_mut(index))?;
            let (middle, skimmed) = form.read(record, limits, (times, variants))?;
            Some((Parts { form: u8::try_from(index).ok()?, variants: *variants }, middle, skimmed))
        };
        let found = read(*last);
        let found = found.or_else(|| (0..self.forms.len()).filter(|index| index != last).find_map(read))?;
        *last = usize::from(found.0.form);
        Some(found)
    }
}

impl Form {
    fn new(record: &RawRecord<'_>, apart: &Apart<'_>) -> Self {
        let places = |parts: &[(&[u8], Value)]| {
            parts
                .iter()
                .map(|(_, value)| Place { value: *value, variants: Vec::new(), by_length: Vec::new() })
                .collect()
        };
        let headers = record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        Self { headers, front: places(&apart.front), back: places(&apart.back) }
    }

    fn fits(&self, record: &RawRecord<'_>, apart: &Apart<'_>) -> bool {
        let same = |places: &[Place], parts: &[(&[u8], Value)]| {
            places.iter().map(|place| place.value).eq(parts.iter().map(|(_, value)| *value))
        };
        self.has_headers(record) && same(&self.front, &apart.front) && same(&self.back, &apart.back)
    }

    #[inline]
    fn has_headers(&self, record: &RawRecord<'_>) -> bool {
        let mut pairs = self.headers.iter().zip(record.headers);
        self.headers.len() == record.headers.len()
            && pairs.all(|((name, value), (found, content))| name == found && value == content)
    }

    fn read<'a>(
        &self,
        record: &RawRecord<'a>,
        limits: &Limits,
        (times, variants): (&mut TimeReader, &mut [u8; MAX_CUTS]),
    ) -> Option<(&'a [u8], Skimmed<'a>)> {
        if !self.has_headers(record) {
            return None;
        }
        let mut found = Found::new(limits, times);
        let mut variants = variants.iter_mut();
        let mut rest = record.payload;
        for (place, variant) in self.front.iter().zip(&mut variants) {
            rest = place.strip(rest, variant, |rest, part| rest.strip_prefix(part))?;
            if place.value == Value::Time
                && let Some(behind) = found.take_time(rest)
            {
                rest = behind;
                continue;
            }
            let (text, behind) = place.value.split(rest)?;
            found.take(place.value, text).ok()?;
            rest = behind;
        }
        for (place, variant) in self.back.iter().zip(variants) {
            rest = place.strip(rest, variant, |rest, part| rest.strip_suffix(part))?;
            // An escape or a control character would make it another string.
            let (before, text, is_ascii) = last_text(rest)?;
            if !is_ascii && std::str::from_utf8(text).is_err() {
                return None;
            }
            found.take(place.value, text).ok()?;
            rest = before;
        }
        found.finish().map(|skimmed| (rest, skimmed))
    }
}

impl Place {
    /// Returns the number of a variant, which is added where missing; `None` where there are too many.
    fn learn(&mut self, part: &[u8]) -> Option<u8> {
        let known = self.variants.iter().position(|known| *known.text == *part);
        let index = known.or_else(|| {
            (self.variants.len() < MAX_VARIANTS).then(|| {
                self.variants.push(Variant { text: part.into(), is_part: false });
                self.compare_variants();
                self.variants.len() - 1
            })
        })?;
        u8::try_from(index).ok()
    }

    fn compare_variants(&mut self) {
        let texts: Vec<Box<[u8]>> = self.variants.iter().map(|variant| variant.text.clone()).collect();
        for variant in &mut self.variants {
            let has_it = |text: &[u8]| text.starts_with(&variant.text) || text.ends_with(&variant.text);
            variant.is_part = texts.iter().any(|text| **text != *variant.text && has_it(text));
        }
        self.by_length = (0..).take(texts.len()).collect();
        let length = |number: &u8| texts.get(usize::from(*number)).map(|text| text.len());
        self.by_length.sort_by_key(|number| std::cmp::Reverse(length(number)));
    }

    /// Takes off the variant that `strip` finds; `last` is the one it found last. Returns the rest.
    #[inline]
    fn strip<'a>(
        &self,
        rest: &'a [u8],
        last: &mut u8,
        strip: impl Fn(&'a [u8], &[u8]) -> Option<&'a [u8]>,
    ) -> Option<&'a [u8]> {
        let usual = self.variants.get(usize::from(*last)).filter(|variant| !variant.is_part);
        if let Some(rest) = usual.and_then(|variant| strip(rest, &variant.text)) {
            return Some(rest);
        }
        let fits = |number: &u8| Some((*number, strip(rest, &self.variants.get(usize::from(*number))?.text)?));
        let (number, rest) = self.by_length.iter().find_map(fits)?;
        *last = number;
        Some(rest)
    }
}

impl Value {
    /// Divides at the end of a value that begins at the first byte. Returns `None` where it is none.
    #[inline]
    fn split(self, rest: &[u8]) -> Option<(&[u8], &[u8])> {
        let end = match self {
            Self::Number(max) => number_end(rest, Some(max)),
            Self::AnyNumber => number_end(rest, None),
            _ => {
                let (end, is_ascii) = end_of_text(rest)?;
                let (text, behind) = rest.split_at_checked(end)?;
                return (is_ascii || std::str::from_utf8(text).is_ok()).then_some((text, behind));
            }
        };
        rest.split_at_checked(end?)
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Number(_) | Self::AnyNumber)
    }
}

fn number_end(rest: &[u8], max: Option<f64>) -> Option<usize> {
    let end = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.'))?;
    let mut plain = Plain::new(std::str::from_utf8(rest.get(..end)?).ok()?);
    let number = plain.number().ok()?;
    (plain.index() == end && max.is_none_or(|max| number.as_f64() <= max)).then_some(end)
}

/// A record that was skimmed, taken apart at the values that were cut out.
struct Apart<'p> {
    front: Vec<(&'p [u8], Value)>,
    middle: &'p [u8],
    back: Vec<(&'p [u8], Value)>,
}

impl<'p> Apart<'p> {
    fn of(payload: &'p [u8], cuts: &[Cut]) -> Option<Self> {
        let starts = std::iter::once(0).chain(cuts.iter().map(|cut| cut.end));
        let ends = cuts.iter().map(|cut| cut.start).chain(std::iter::once(payload.len()));
        let kept: Vec<&[u8]> = starts.zip(ends).map(|(start, end)| payload.get(start..end)).collect::<Option<_>>()?;
        // In binary mode values differ in the headers too, which no form has.
        if !cuts.iter().any(|cut| cut.value == Value::Id) || !cuts.iter().any(|cut| cut.value == Value::Time) {
            return None;
        }
        // From its end a number cannot be told from what stands before it. Before the data there are few variants.
        let before_data = kept.first().is_some_and(|first| !first.windows(6).any(|name| name == b"\"data\""));
        let least =
            cuts.iter().rposition(|cut| cut.value.is_number()).map_or(usize::from(before_data), |last| last + 1);
        let middle = (least..kept.len()).max_by_key(|index| kept.get(*index).map_or(0, |part| part.len()))?;
        let (before, behind) = kept.split_at_checked(middle)?;
        let (longest, behind) = behind.split_first()?;
        let front = before.iter().zip(cuts).map(|(part, cut)| (*part, cut.value)).collect();
        let back = behind.iter().rev().zip(cuts.iter().rev()).map(|(part, cut)| (*part, cut.value)).collect();
        Some(Self { front, middle: longest, back })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands behind a control's case is the end of what stands behind an outcome's.
    #[test]
    fn a_part_that_ends_another_one_does_not_stand_for_it() {
        let (limits, names) = (Limits { string_bytes: 256, message_bytes: 65_536 }, Vec::new().into_boxed_slice());
        let event = |kind: &str, number: u32, rest: &str| {
            let time = r#""time":"2026-01-02T15:11:36.650Z","datacontenttype":"application/json""#;
            let begin =
                format!(r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"{kind}-{number}""#);
            format!(r#"{begin},{time},"data":{{"case_id":"case-{number}"{rest}}}}}"#)
        };
        let of = |number| {
            let outcomes = ["violation", "no_violation"].map(|outcome| format!(r#","outcome":"{outcome}""#));
            let [violation, none] = outcomes.map(|outcome| event("outcome", number, &outcome));
            [event("control", number, ""), violation, none]
        };
        let (mut forms, mut skim, mut habits) = (Forms::default(), Skim::default(), Habits::default());
        let learned = of(1).map(|payload| {
            let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
            assert!(skim.read(&record, &limits, &names).is_some());
            forms.learn(&record, &skim).map(|(parts, _)| parts)
        });
        assert!(learned.iter().all(Option::is_some));
        for number in 2..20 {
            let read = of(number).map(|payload| {
                let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
                forms.read(&record, &limits, &mut habits).map(|(parts, ..)| parts)
            });
            assert_eq!(read, learned);
        }
    }
}
