//! Mapping the records of one topic, or of one file.

use smallvec::SmallVec;

use super::build::{Compiled, compile};
use super::change::{Change, Op};
use super::field::Fault;
use super::known::{Known, Left};
use super::limits::MAX_LARGEST_EVENTS;
use super::mapped::{Made, Mapped};
use super::place::Place;
use super::read::{Slots, read};
use super::run::Run;
use super::scan;
use super::spec::{Envelope, Mapping};
use super::templates::{Templates, Token};
use super::trie::Trie;
use super::view::{Row, UNTOLD, View};
use super::weights::{Weight, weights};
use crate::event::{MAX_DEPTH, RawRecord, Reason, Rejection, decode, without_mark};
use crate::plan::{Limits, Span};

/// Bytes that a schema registry puts before JSON: a zero byte, and the id of a schema.
const FRAME_BYTES: usize = 5;

/// The mappings of one topic, or of one file, compiled.
#[derive(Clone, Debug)]
pub struct Mapper {
    trie: Trie,
    /// Each with its number.
    mappings: Vec<(usize, Compiled)>,
    /// What decides about an event; `None` where templates are of no use.
    weights: Option<Vec<Weight>>,
    token: Token,
}

/// What decides whether an event is refused.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'l> {
    /// The limits of an event. A document may be as large as one.
    pub limits: &'l Limits,
    /// How far an event may be ahead of its record.
    pub max_ahead: Option<Span>,
}

impl Mapper {
    /// Compiles mappings, each with the number by which it is counted; `None` where there are none.
    pub fn new<'m>(mappings: impl Iterator<Item = (usize, &'m Mapping)>) -> Option<Self> {
        let mut trie = Trie::default();
        let mappings: Vec<_> = mappings.map(|(number, mapping)| (number, compile(mapping, &mut trie))).collect();
        let weights = weights(mappings.iter().map(|(_, mapping)| mapping), trie.slots());
        (!mappings.is_empty()).then(|| Self { trie, mappings, weights, token: Token::default() })
    }

    /// Returns the name of a mapping.
    #[must_use]
    pub fn name(&self, number: usize) -> &str {
        self.mappings.iter().find(|(known, _)| *known == number).map_or("", |(_, mapping)| &mapping.name)
    }

    /// Returns the names of all its mappings.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.mappings.iter().map(|(_, mapping)| mapping.name.as_str()).collect();
        names.join(" or ")
    }

    /// Maps one record. Either all of its events are added, or it is refused.
    pub fn map(&self, record: &RawRecord<'_>, place: Place<'_>, bounds: Bounds<'_>, into: &mut Mapped) {
        let first = into.events.len();
        into.room.elements = 0;
        for (number, _) in &self.mappings {
            into.count(*number, |counts| counts.records += 1);
        }
        let payload = without_frame(without_mark(record.payload));
        if payload.is_empty() && self.mappings.iter().all(|(_, mapping)| mapping.envelope == Envelope::Debezium) {
            // A tombstone follows a deletion, and tells the broker to forget the key.
            self.count(first, &vec![Some(Left::Unchanged); self.mappings.len()], into);
            into.end_record(first, Left::Unchanged);
            return;
        }
        match self.map_document(payload, record, (place, bounds), into) {
            Ok(left) => into.end_record(first, left),
            Err(Refusal { mapping, rejection }) => {
                let refused = self.mappings.iter().filter(|(number, _)| mapping.is_none_or(|of| of == *number));
                refused.for_each(|(number, _)| into.count(*number, |counts| counts.refused += 1));
                into.refuse_record(first, rejection);
            }
        }
    }

    fn map_document(
        &self,
        payload: &[u8],
        record: &RawRecord<'_>,
        (place, bounds): (Place<'_>, Bounds<'_>),
        into: &mut Mapped,
    ) -> Result<Left, Refusal> {
        let of_all = |rejection| Refusal { mapping: None, rejection };
        let text = checked(payload, bounds.limits).map_err(of_all)?;
        let mut document = std::mem::take(&mut into.room.document);
        let mut templates = into.room.take_templates(&self.token);
        let known = self.weights.as_ref().and_then(|_| templates.recall(payload, &self.trie, &mut document));
        let view = View { text, document: &document, element: &[], row: Row::After };
        let done = match known.and_then(|known| self.repeat(known, &view, (place, bounds), into)) {
            Some(left) => Ok(left),
            None => self.map_new(text, record, (place, bounds), (&mut document, &mut templates, into)),
        };
        into.room.put_templates(templates);
        into.room.document = document;
        done
    }

    /// Maps a document of which nothing is known, and learns from it.
    fn map_new(
        &self,
        text: &str,
        record: &RawRecord<'_>,
        (place, bounds): (Place<'_>, Bounds<'_>),
        (document, templates, into): (&mut Slots, &mut Templates, &mut Mapped),
    ) -> Result<Left, Refusal> {
        let payload = text.as_bytes();
        let by_shape = templates.read(payload, document);
        if !by_shape {
            read(payload, &self.trie, document)
                .map_err(|fault| Refusal { mapping: None, rejection: of_scan(fault) })?;
            templates.learn_shape(payload, &self.trie, document);
        }
        let view = View { text, document, element: &[], row: Row::After };
        let first = into.events.len();
        let (left, lefts) = self.map_view(view, record, (place, bounds), into)?;
        // What was not told is taken from the row before, which does not decide elsewhere.
        if by_shape && !text.contains(UNTOLD) {
            let known = || self.known(&view, (place, first), (left, lefts), into);
            templates.learn(payload, self.weights.as_deref(), known);
        }
        Ok(left)
    }

    fn map_view(
        &self,
        view: View<'_>,
        record: &RawRecord<'_>,
        (place, bounds): (Place<'_>, Bounds<'_>),
        into: &mut Mapped,
    ) -> Result<(Left, Lefts), Refusal> {
        let first = into.events.len();
        let room = room(into, bounds);
        let mut left = Left::Unmapped;
        let mut lefts: Lefts = SmallVec::new();
        for (number, mapping) in &self.mappings {
            let run = Run { mapping, number: *number, place, first, room };
            let refused = |fault| Refusal { mapping: Some(*number), rejection: of_fault(&mapping.name, &fault) };
            let of_mapping = run.map(view, into).map_err(refused)?;
            left = left.max(of_mapping.unwrap_or(Left::Unmapped));
            lefts.push(of_mapping);
        }
        if into.events.len() > first + 1 {
            self.check(first, record, bounds, into)?;
        }
        self.count(first, &lefts, into);
        Ok((left, lefts))
    }

    /// Does with a document what was done with one that was the same in all that decides. `None` where it is not to be done.
    #[inline]
    fn repeat(
        &self,
        known: &Known,
        view: &View<'_>,
        (place, bounds): (Place<'_>, Bounds<'_>),
        into: &mut Mapped,
    ) -> Option<Left> {
        let first = into.events.len();
        if let Some((index, pieces)) = &known.event {
            let (number, mapping) = self.mappings.get(*index)?;
            let run = Run { mapping, number: *number, place, first, room: room(into, bounds) };
            if !run.write_pieces(pieces, view, &mut into.bytes) {
                return None;
            }
            into.events.push(Made { mapping: *number, end: into.bytes.len() });
        }
        let made = known.event.as_ref().map(|(index, _)| *index);
        for (index, ((number, _), left)) in self.mappings.iter().zip(&known.lefts).enumerate() {
            into.count(*number, |counts| {
                counts.left(*left);
                counts.mapped += u64::from(made == Some(index));
                counts.events += u64::from(made == Some(index));
            });
        }
        Some(known.left)
    }

    /// Returns what is known once a document was mapped; `None` where others that are the same in all that decides may differ.
    fn known(
        &self,
        view: &View<'_>,
        (place, first): (Place<'_>, usize),
        (left, lefts): (Left, Lefts),
        into: &Mapped,
    ) -> Option<Known> {
        let repeats = |mapping: &Compiled| {
            mapping.change.as_ref().is_none_or(|refs| match (Change { refs, view: *view }.op(), &refs.row) {
                (Ok(Op::Create), _) | (Ok(Op::Update), None) => true,
                // It depends on the row before.
                _ => false,
            })
        };
        if !self.mappings.iter().all(|(_, mapping)| repeats(mapping)) {
            return None;
        }
        let event = match into.events.get(first..)? {
            [] => None,
            [made] => {
                let index = self.mappings.iter().position(|(number, _)| *number == made.mapping)?;
                let (number, mapping) = self.mappings.get(index)?;
                let run = Run { mapping, number: *number, place, first, room: usize::MAX };
                let of_row = mapping.change.as_ref().is_some_and(|refs| refs.row.is_some());
                Some((index, run.traced(view, of_row, into)?))
            }
            _ => return None,
        };
        Some(Known { event, lefts, left })
    }

    /// Has the decoder check each of several events: if one is refused all are. Otherwise those that were counted would be counted
    /// again when the record is corrected and sent again, since their ids are those of its place.
    fn check(&self, first: usize, record: &RawRecord<'_>, bounds: Bounds<'_>, into: &Mapped) -> Result<(), Refusal> {
        for (number, payload) in into.events().skip(first) {
            let event = RawRecord { payload, headers: &[], timestamp: record.timestamp };
            decode(&event, bounds.limits, bounds.max_ahead).map_err(|rejection| Refusal {
                mapping: Some(number),
                rejection: rejection.of_mapping(self.name(number)),
            })?;
        }
        Ok(())
    }

    fn count(&self, first: usize, lefts: &[Option<Left>], into: &mut Mapped) {
        for ((number, _), left) in self.mappings.iter().zip(lefts) {
            let made = into.events.iter().skip(first).filter(|made| made.mapping == *number).count() as u64;
            into.count(*number, |counts| {
                counts.mapped += u64::from(made > 0);
                counts.events += made;
                counts.left(*left);
            });
        }
    }
}

/// Where the events of a record must end.
fn room(into: &Mapped, bounds: Bounds<'_>) -> usize {
    into.bytes.len() + bounds.limits.message_bytes.saturating_mul(MAX_LARGEST_EVENTS)
}

/// What each mapping has left, beside its events.
type Lefts = SmallVec<[Option<Left>; 8]>;

/// Why a record is refused, and by which mapping; `None`: by all.
struct Refusal {
    mapping: Option<usize>,
    rejection: Rejection,
}

/// Takes off what a schema registry puts before JSON. No JSON begins with a zero byte.
fn without_frame(payload: &[u8]) -> &[u8] {
    if payload.first() == Some(&0) { payload.get(FRAME_BYTES..).unwrap_or(payload) } else { payload }
}

/// Checks what is checked of every event, too: size, bytes, text.
fn checked<'p>(payload: &'p [u8], limits: &Limits) -> Result<&'p str, Rejection> {
    let (found, limit) = (payload.len(), limits.message_bytes);
    if found > limit {
        return Err(Rejection::new(
            Reason::TooLarge,
            format!("payload: expected at most {limit} bytes, found {found}"),
        ));
    }
    if payload.is_empty() {
        return Err(Rejection::new(Reason::EmptyPayload, "payload: expected JSON, found no bytes"));
    }
    std::str::from_utf8(payload).map_err(|error| {
        let detail = format!("payload: expected UTF-8, found other bytes at byte {}", error.valid_up_to());
        Rejection::new(Reason::InvalidUtf8, detail)
    })
}

#[cold]
fn of_scan(fault: scan::Fault) -> Rejection {
    match fault {
        scan::Fault::NotJson(at) => Rejection::new(Reason::NotJson, format!("payload: expected JSON, at byte {at}")),
        scan::Fault::TooDeep(at) => {
            let detail = format!("payload: expected at most {MAX_DEPTH} nested levels, found more at byte {at}");
            Rejection::new(Reason::TooDeep, detail)
        }
        scan::Fault::Twice(at) => {
            let detail = format!("payload: expected each name that is read once, found one twice, at byte {at}");
            Rejection::new(Reason::DuplicateField, detail)
        }
    }
}

#[cold]
fn of_fault(mapping: &str, fault: &Fault) -> Rejection {
    let Fault { reason, field, expected, found } = fault;
    Rejection::new(*reason, format!("{field}: expected {expected}, found {found}")).of_mapping(mapping)
}
