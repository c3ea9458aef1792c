//! Forms: by which a record is recognised without being skimmed.
//!
//! A form is where the values are cut out of a record and what stands between them, but for one part, the middle, which
//! differs from record to record but not in all of them. Before the middle a record is compared from its beginning,
//! behind the middle from its end. So a record of a known form is taken apart by a few comparisons. If its parts are
//! those of a record that was skimmed, skimming would cut it at the same places (see `skim`).

use super::decode::RawRecord;
use super::plain::end_of_string;
use super::skim::{Found, MAX_CUTS, Skim, Skimmed, Value};
use super::time::TimeReader;
use crate::plan::Limits;

/// The most forms. Each type of event, each source and each producer's way of writing JSON has its own.
const MAX_FORMS: usize = 16;

/// The known forms.
#[derive(Clone, Debug, Default)]
pub(super) struct Forms {
    forms: Vec<Form>,
    /// The form of the last record.
    last: usize,
    times: TimeReader,
}

/// How a record is taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Form {
    /// All headers of the record.
    headers: Vec<(String, Vec<u8>)>,
    /// Before the middle: what stands before a value, and the value.
    front: Vec<(Box<[u8]>, Value)>,
    /// Behind the middle, from the end of the record: what stands behind a value, and the value.
    back: Vec<(Box<[u8]>, Value)>,
}

impl Forms {
    /// Keeps the form of a record that was skimmed. Returns its index and the middle's range in the essence; `None`
    /// where it cannot be recognised by its form, or there are too many forms.
    pub fn learn(&mut self, record: &RawRecord<'_>, skim: &Skim) -> Option<(u16, std::ops::Range<usize>)> {
        let (form, middle) = Form::of(record, skim)?;
        let index = match self.forms.iter().position(|known| *known == form) {
            Some(index) => index,
            None if self.forms.len() < MAX_FORMS => {
                self.forms.push(form);
                self.forms.len() - 1
            }
            None => return None,
        };
        u16::try_from(index).ok().map(|index| (index, middle))
    }

    /// Takes a record apart. Returns the index of its form, its middle, and what differs from event to event.
    #[inline]
    pub fn read<'a>(&mut self, record: &RawRecord<'a>, limits: &Limits) -> Option<(u16, &'a [u8], Skimmed<'a>)> {
        let Self { forms, last, times } = self;
        let (index, (middle, skimmed)) = match forms.get(*last).and_then(|form| form.read(record, limits, times)) {
            Some(read) => (*last, read),
            None => {
                let mut others = forms.iter().enumerate().filter(|(index, _)| index != last);
                others.find_map(|(index, form)| form.read(record, limits, times).map(|read| (index, read)))?
            }
        };
        self.last = index;
        u16::try_from(index).ok().map(|index| (index, middle, skimmed))
    }
}

impl Form {
    /// Returns the form of a record that was skimmed, and the middle's range in the essence.
    fn of(record: &RawRecord<'_>, skim: &Skim) -> Option<(Self, std::ops::Range<usize>)> {
        let is_string = |value: &Value| !matches!(value, Value::Number(_) | Value::AnyNumber);
        let cuts = &skim.cuts;
        if cuts.is_empty() || cuts.len() > MAX_CUTS || !cuts.iter().all(|cut| is_string(&cut.value)) {
            return None;
        }
        let starts = std::iter::once(0).chain(cuts.iter().map(|cut| cut.end));
        let ends = cuts.iter().map(|cut| cut.start).chain(std::iter::once(record.payload.len()));
        let kept: Vec<&[u8]> = starts.zip(ends).map(|(start, end)| record.payload.get(start..end)).collect::<Option<_>>()?;
        let middle = (0..kept.len()).max_by_key(|index| kept.get(*index).map_or(0, |part| part.len()))?;
        let (before, behind) = kept.split_at_checked(middle)?;
        let (longest, behind) = behind.split_first()?;
        let front = before.iter().zip(cuts).map(|(part, cut)| (Box::from(*part), cut.value)).collect();
        let back = behind.iter().rev().zip(cuts.iter().rev()).map(|(part, cut)| (Box::from(*part), cut.value)).collect();
        let start = skim.of_headers + before.iter().map(|part| part.len()).sum::<usize>();
        let headers = record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        // In binary mode values differ in the headers too, which no form has.
        let binary = skim.cuts.iter().all(|cut| !matches!(cut.value, Value::Id | Value::Time));
        (!binary).then_some((Self { headers, front, back }, start..start + longest.len()))
    }

    fn read<'a>(
        &self,
        record: &RawRecord<'a>,
        limits: &Limits,
        times: &mut TimeReader,
    ) -> Option<(&'a [u8], Skimmed<'a>)> {
        let same = |((name, value), (found, content)): (&(String, Vec<u8>), &(&str, &[u8]))| name == found && value == content;
        if self.headers.len() != record.headers.len() || !self.headers.iter().zip(record.headers).all(same) {
            return None;
        }
        let mut found = Found::new(limits, times);
        let mut rest = record.payload;
        for (before, value) in &self.front {
            rest = rest.strip_prefix(&**before)?;
            let end = end_of_string(rest, 0).ok()?;
            let (text, behind) = rest.split_at_checked(end)?;
            found.take(*value, checked(text)?).ok()?;
            rest = behind;
        }
        for (behind, value) in &self.back {
            rest = rest.strip_suffix(&**behind)?;
            let start = rest.iter().rposition(|byte| *byte == b'"')? + 1;
            let (before, text) = rest.split_at_checked(start)?;
            // What is left has no quote; an escape or a control character would make it another string.
            if text.iter().any(|byte| matches!(byte, b'\\' | ..=0x1F)) {
                return None;
            }
            found.take(*value, checked(text)?).ok()?;
            rest = before;
        }
        found.finish().map(|skimmed| (rest, skimmed))
    }
}

/// Returns a text, if it is UTF-8.
#[inline]
fn checked(text: &[u8]) -> Option<&[u8]> {
    (text.is_ascii() || std::str::from_utf8(text).is_ok()).then_some(text)
}
