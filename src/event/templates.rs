//! Templates: what is known of a record because another one was the same but for its id, time and case.
//!
//! Most records of a stream differ from an earlier one in little else. A template keeps the essence of such a record
//! ([`Skim`]) with what the caller found out about it. A record with the same essence need not be decoded again.
//!
//! Nearly all records are recognised by the form of an earlier one ([`Form`]) without even being skimmed. Templates
//! change how fast a record is handled and nothing else: what they return is what the decoder would find.

use std::ops::Range;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_secret;

use super::decode::RawRecord;
use super::form::{Forms, Habits, Parts};
use super::skim::{ReadNames, Skim, Skimmed};
use crate::plan::Limits;
use crate::plan::invariant::{Room, present};

/// The most bytes of essences that are kept. Beyond it all templates are forgotten.
pub const TEMPLATE_BYTES: usize = 16 << 20;

/// Bytes that a template takes beside its essence, about.
const TEMPLATE_OVERHEAD: usize = 256;

/// Templates that are found without a hash that nobody can foresee; a power of two.
const RECENT: usize = 1_024;

/// A secret from which the hashes of essences are made, so that nobody can send records whose essences collide.
pub type TemplateSecret = [u8; 192];

/// The templates, each with a value of the caller.
#[derive(Clone, Debug)]
pub struct Templates<T> {
    secret: Box<TemplateSecret>,
    names: ReadNames,
    templates: Vec<Template<T>>,
    by_essence: HashTable<u32>,
    /// By form and varying part.
    by_middle: HashTable<u32>,
    forms: Forms,
    bytes: usize,
    /// How often all templates were forgotten.
    forgotten: u64,
}

/// What recognises records, one after another. Several may do so at once by the same templates.
#[derive(Clone, Debug, Default)]
pub struct Recogniser {
    skim: Skim,
    habits: Habits,
    skimming: Usefulness,
    matching: Usefulness,
    /// By a few bits of the quick hash of a record's parts and middle: the template that was found last.
    recent: Vec<TemplateId>,
    /// How often the templates were forgotten when it last saw them.
    forgotten: u64,
}

#[derive(Clone, Debug)]
struct Template<T> {
    essence: Box<[u8]>,
    hash: u64,
    /// How a record is recognised by a form: its parts, and the range of the essence that is the middle.
    form: Option<(Parts, Range<usize>)>,
    middle_hash: u64,
    value: T,
}

/// Names a template until they are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateId(u32);

impl TemplateId {
    /// Returns the place of the template in the order in which they were learned, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl<T> Templates<T> {
    /// Returns no templates. `names` are the dimensions and strata that matter to the caller.
    #[must_use]
    pub fn new(secret: TemplateSecret, names: ReadNames) -> Self {
        Self {
            names,
            secret: Box::new(secret),
            templates: Vec::new(),
            by_essence: HashTable::new(),
            by_middle: HashTable::new(),
            forms: Forms::default(),
            bytes: 0,
            forgotten: 0,
        }
    }

    /// Returns the template of a record, and what differs in the record. Returns `None` where it has none, or must be
    /// decoded in full to see what is wrong with it.
    pub fn find<'a>(
        &self,
        record: &RawRecord<'a>,
        limits: &Limits,
        recogniser: &mut Recogniser,
    ) -> Option<(TemplateId, Skimmed<'a>)> {
        if record.payload.len() > limits.message_bytes {
            return None;
        }
        if recogniser.forgotten != self.forgotten {
            *recogniser = Recogniser { forgotten: self.forgotten, ..Recogniser::default() };
        }
        if recogniser.matching.is_worth_trying() {
            let Recogniser { habits, recent, .. } = &mut *recogniser;
            let found = self.find_by_form(record, limits, (habits, recent));
            recogniser.matching.note(found.is_some());
            if found.is_some() {
                return found;
            }
        }
        if !recogniser.skimming.is_worth_trying() {
            return None;
        }
        let found = self.find_by_essence(record, limits, &mut recogniser.skim);
        recogniser.skimming.note(found.is_some());
        found
    }

    /// Returns the value of a template.
    #[must_use]
    pub fn get(&self, id: TemplateId) -> Option<&T> {
        let template =
            present(Room::Event, "a template is used before they are forgotten", self.templates.get(id.0 as usize));
        template.map(|template| &template.value)
    }

    /// Keeps a template of a record, unless there is one, or no room. `value` is asked for only where it is kept.
    pub fn learn(
        &mut self,
        record: &RawRecord<'_>,
        limits: &Limits,
        recogniser: &mut Recogniser,
        value: impl FnOnce() -> Option<T>,
    ) {
        let Recogniser { skim, skimming, .. } = recogniser;
        if self.is_full() || !skimming.is_on() || skim.read(record, limits, &self.names).is_none() {
            return;
        }
        let hash = xxh3_64_with_secret(&skim.essence, &*self.secret);
        if self.template_of_essence(&skim.essence, hash).is_some() {
            return;
        }
        let (Ok(id), Some(value)) = (u32::try_from(self.templates.len()), value()) else { return };
        let form = self.forms.learn(record, skim);
        let middle = form.as_ref().and_then(|(parts, range)| Some((parts, skim.essence.get(range.clone())?)));
        let middle_hash = middle.map_or(0, |(parts, middle)| parts.hash(xxh3_64_with_secret(middle, &*self.secret)));
        let essence: Box<[u8]> = skim.essence.as_slice().into();
        self.bytes += essence.len() + TEMPLATE_OVERHEAD;
        let has_form = form.is_some();
        self.templates.push(Template { essence, hash, form, middle_hash, value });
        let templates = &self.templates;
        let hash_of = |id: &u32| templates.get(*id as usize).map_or(0, |template| template.hash);
        self.by_essence.insert_unique(hash, id, hash_of);
        if has_form {
            let hash_of = |id: &u32| templates.get(*id as usize).map_or(0, |template| template.middle_hash);
            self.by_middle.insert_unique(middle_hash, id, hash_of);
        }
    }

    /// Returns whether no more templates are kept.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.bytes >= TEMPLATE_BYTES
    }

    /// Forgets all templates. Their ids are void from then on.
    pub fn clear(&mut self) {
        self.templates.clear();
        self.by_essence.clear();
        self.by_middle.clear();
        self.forms = Forms::default();
        self.bytes = 0;
        self.forgotten += 1;
    }

    fn find_by_form<'a>(
        &self,
        record: &RawRecord<'a>,
        limits: &Limits,
        (habits, recent): (&mut Habits, &mut Vec<TemplateId>),
    ) -> Option<(TemplateId, Skimmed<'a>)> {
        let (parts, middle, skimmed) = self.forms.read(record, limits, habits)?;
        let is_same = |id: u32| {
            self.templates.get(id as usize).is_some_and(|template| {
                let same = template.form.as_ref().filter(|(known, _)| *known == parts);
                same.and_then(|(_, range)| template.essence.get(range.clone())) == Some(middle)
            })
        };
        if recent.is_empty() {
            recent.resize(RECENT, TemplateId(0));
        }
        let place = recent.get_mut((parts.quick_hash(middle) >> (u64::BITS - RECENT.ilog2())) as usize)?;
        if !is_same(place.0) {
            let hash = parts.hash(xxh3_64_with_secret(middle, &*self.secret));
            *place = TemplateId(*self.by_middle.find(hash, |id| is_same(*id))?);
        }
        Some((*place, skimmed))
    }

    fn find_by_essence<'a>(
        &self,
        record: &RawRecord<'a>,
        limits: &Limits,
        skim: &mut Skim,
    ) -> Option<(TemplateId, Skimmed<'a>)> {
        let skimmed = skim.read(record, limits, &self.names)?;
        let hash = xxh3_64_with_secret(&skim.essence, &*self.secret);
        self.template_of_essence(&skim.essence, hash).map(|id| (id, skimmed))
    }

    fn template_of_essence(&self, essence: &[u8], hash: u64) -> Option<TemplateId> {
        let is_same = |id: &u32| self.templates.get(*id as usize).is_some_and(|template| *template.essence == *essence);
        self.by_essence.find(hash, is_same).map(|id| TemplateId(*id))
    }
}

/// Whether trying has been of use lately. It is tried again from time to time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usefulness {
    tried: u32,
    of_use: u32,
    /// Records until it is tried again.
    paused: u32,
}

impl Usefulness {
    /// Records after which it is decided.
    const PERIOD: u32 = 4_096;
    /// Of use is what helps with one record in so many.
    const LEAST_SHARE: u32 = 8;
    /// Records without a try.
    const PAUSE: u32 = 16 * Self::PERIOD;

    /// Returns whether it is tried with this record.
    #[inline]
    pub const fn is_worth_trying(&mut self) -> bool {
        if self.paused == 0 {
            return true;
        }
        self.paused -= 1;
        false
    }

    /// Returns whether it is not paused.
    #[must_use]
    pub const fn is_on(self) -> bool {
        self.paused == 0
    }

    /// Takes note of whether a try was of use. Returns whether it is paused from now on.
    #[inline]
    pub fn note(&mut self, of_use: bool) -> bool {
        self.tried += 1;
        self.of_use += u32::from(of_use);
        if self.tried < Self::PERIOD {
            return false;
        }
        let paused = if self.of_use < Self::PERIOD / Self::LEAST_SHARE { Self::PAUSE } else { 0 };
        *self = Self { tried: 0, of_use: 0, paused };
        paused > 0
    }
}
