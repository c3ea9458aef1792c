//! Reading the data of an event: the fields of each type.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess};

use super::collection::{Criteria, certain_groups, group_counts, groups, strata};
use super::context::Context;
use super::event_type::EventType;
use super::field::{Field, FieldSet, set_of};
use super::measure::blank_measure;
use super::model::{
    Attributes, Complaint, ComplaintStatus, Control, Data, Outcome, OutcomeReport, Population, Sanction, Selection,
    Tally, TallyCounts,
};
use super::object::{DATA, Fill, Object, missing_field, unread};
use super::rejection::Reason;
use super::value::{Count, DateOrDateTime, Flag, Number, Optional, Text, Word};
use crate::plan::{Channel, EventTime};

/// The largest intensity of a control.
pub(super) const MAX_INTENSITY: f64 = 10.0;
/// The longest duration of a control: a leap year.
pub(super) const MAX_DURATION_MINUTES: f64 = 527_040.0;
/// The largest amount of a sanction.
const MAX_AMOUNT: f64 = 1e12;

/// Reads the data of one event type into a slot. It is filled in place, since moving it would cost as much as reading a
/// few fields.
pub(super) struct DataOf<'c, 's, 'a> {
    pub(super) context: &'c Context,
    pub(super) event_type: EventType,
    pub(super) slot: &'s mut Option<Data<'a>>,
}

impl<'a> DeserializeSeed<'a> for DataOf<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let context = self.context;
        match self.slot.insert(blank(self.event_type)) {
            Data::Selection(object) => Fill { context, object }.deserialize(deserializer),
            Data::Control(object) => Fill { context, object }.deserialize(deserializer),
            Data::Outcome(object) => Fill { context, object }.deserialize(deserializer),
            Data::Complaint(object) => Fill { context, object }.deserialize(deserializer),
            Data::Tally(object) => Fill { context, object }.deserialize(deserializer),
            Data::Attributes(object) => Fill { context, object }.deserialize(deserializer),
            Data::Population(object) => Fill { context, object }.deserialize(deserializer),
            Data::Measure(object) => Fill { context, object }.deserialize(deserializer),
        }
    }
}

/// Fills a blank object, and returns it. For objects that are cheap to move.
#[inline]
fn fill<'a, T: Object<'a>, D: Deserializer<'a>>(
    context: &Context,
    mut blank: T,
    deserializer: D,
) -> Result<T, D::Error> {
    let object = &mut blank;
    Fill { context, object }.deserialize(deserializer)?;
    Ok(blank)
}

/// Returns the data before its first field is read. A required field that stays blank is rejected, by
/// `Object::REQUIRED`.
#[inline]
fn blank<'a>(event_type: EventType) -> Data<'a> {
    match event_type {
        EventType::Selection => Data::Selection(blank_selection()),
        EventType::Control => Data::Control(blank_control()),
        EventType::Outcome => Data::Outcome(blank_outcome()),
        EventType::Complaint => Data::Complaint(blank_complaint()),
        EventType::Tally => Data::Tally(blank_tally()),
        EventType::Attributes => Data::Attributes(blank_attributes()),
        EventType::Population => Data::Population(blank_population()),
        EventType::Measure => Data::Measure(blank_measure()),
    }
}

const BLANK: Cow<'static, str> = Cow::Borrowed("");

const fn blank_selection<'a>() -> Selection<'a> {
    Selection {
        case_id: BLANK,
        profile: BLANK,
        profile_version: None,
        selected: false,
        channel: Channel::Profile,
        risk_class: None,
        decided_by: None,
        criteria: None,
        groups: Vec::new(),
        strata: Vec::new(),
        revises: None,
    }
}

impl<'a> Object<'a> for Selection<'a> {
    const PATH: &'static str = DATA;
    const FIELDS: FieldSet = set_of(&[
        Field::CaseId,
        Field::Profile,
        Field::ProfileVersion,
        Field::Selected,
        Field::Channel,
        Field::RiskClass,
        Field::DecidedBy,
        Field::Criteria,
        Field::Groups,
        Field::Strata,
        Field::Revises,
    ]);
    const REQUIRED: FieldSet = set_of(&[Field::CaseId, Field::Profile, Field::Selected]);

    #[inline]
    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::CaseId => self.case_id = map.next_value_seed(Text(context))?,
            Field::Profile => self.profile = map.next_value_seed(Text(context))?,
            Field::ProfileVersion => self.profile_version = optional_text(map, context)?,
            Field::Selected => self.selected = map.next_value_seed(Flag)?,
            Field::Channel => self.channel = or_default(map, Optional(Word::new(context)))?,
            Field::RiskClass => self.risk_class = optional_text(map, context)?,
            Field::DecidedBy => {
                self.decided_by = map.next_value_seed(Optional(Word::new(context)))?;
            }
            Field::Criteria => self.criteria = map.next_value_seed(Optional(Criteria(context)))?,
            Field::Groups => self.groups = or_default(map, groups(context))?,
            Field::Strata => self.strata = or_default(map, strata(context))?,
            Field::Revises => self.revises = optional_text(map, context)?,
            _ => unread(),
        }
        Ok(())
    }
}

const fn blank_control<'a>() -> Control<'a> {
    Control {
        case_id: BLANK,
        control_id: None,
        kind: None,
        performed: true,
        intensity: None,
        duration_minutes: None,
        outcome: None,
        profile: None,
        channel: None,
        groups: Vec::new(),
        strata: Vec::new(),
    }
}

impl<'a> Object<'a> for Control<'a> {
    const PATH: &'static str = DATA;
    const FIELDS: FieldSet = set_of(&[
        Field::CaseId,
        Field::ControlId,
        Field::Kind,
        Field::Performed,
        Field::Intensity,
        Field::DurationMinutes,
        Field::Outcome,
        Field::Profile,
        Field::Channel,
        Field::Groups,
        Field::Strata,
    ]);
    const REQUIRED: FieldSet = set_of(&[Field::CaseId]);

    #[inline]
    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::CaseId => self.case_id = map.next_value_seed(Text(context))?,
            Field::ControlId => self.control_id = optional_text(map, context)?,
            Field::Kind => self.kind = optional_text(map, context)?,
            // A control that is reported was performed, unless the event says otherwise.
            Field::Performed => {
                self.performed = map.next_value_seed(Optional(Flag))?.unwrap_or(true);
            }
            Field::Intensity => self.intensity = optional_number(map, context, MAX_INTENSITY)?,
            Field::DurationMinutes => {
                self.duration_minutes = optional_number(map, context, MAX_DURATION_MINUTES)?;
            }
            Field::Outcome => self.outcome = map.next_value_seed(Optional(Word::new(context)))?,
            Field::Profile => self.profile = optional_text(map, context)?,
            Field::Channel => self.channel = map.next_value_seed(Optional(Word::new(context)))?,
            Field::Groups => self.groups = or_default(map, groups(context))?,
            Field::Strata => self.strata = or_default(map, strata(context))?,
            _ => unread(),
        }
        Ok(())
    }
}

const fn blank_outcome<'a>() -> OutcomeReport<'a> {
    OutcomeReport { case_id: BLANK, control_id: None, outcome: Outcome::Unknown, sanction: None, revises: None }
}

impl<'a> Object<'a> for OutcomeReport<'a> {
    const PATH: &'static str = DATA;
    const FIELDS: FieldSet =
        set_of(&[Field::CaseId, Field::ControlId, Field::Outcome, Field::Sanction, Field::Revises]);
    const REQUIRED: FieldSet = set_of(&[Field::CaseId, Field::Outcome]);

    #[inline]
    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::CaseId => self.case_id = map.next_value_seed(Text(context))?,
            Field::ControlId => self.control_id = optional_text(map, context)?,
            Field::Outcome => self.outcome = map.next_value_seed(Word::new(context))?,
            Field::Sanction => {
                self.sanction = map.next_value_seed(Optional(SanctionOf(context)))?;
            }
            Field::Revises => self.revises = optional_text(map, context)?,
            _ => unread(),
        }
        Ok(())
    }
}

struct SanctionOf<'c>(&'c Context);

impl<'a> DeserializeSeed<'a> for SanctionOf<'_> {
    type Value = Sanction<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Sanction<'a>, D::Error> {
        let blank = Sanction { kind: None, amount: None };
        fill(self.0, blank, deserializer)
    }
}

impl<'a> Object<'a> for Sanction<'a> {
    const PATH: &'static str = "data.sanction";
    const FIELDS: FieldSet = set_of(&[Field::Kind, Field::Amount]);
    const REQUIRED: FieldSet = 0;

    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::Kind => self.kind = optional_text(map, context)?,
            Field::Amount => self.amount = optional_number(map, context, MAX_AMOUNT)?,
            _ => unread(),
        }
        Ok(())
    }
}

const fn blank_complaint<'a>() -> Complaint<'a> {
    Complaint { profile: BLANK, case_id: None, ground: None, status: ComplaintStatus::Received, groups: Vec::new() }
}

impl<'a> Object<'a> for Complaint<'a> {
    const PATH: &'static str = DATA;
    const FIELDS: FieldSet = set_of(&[Field::Profile, Field::CaseId, Field::Ground, Field::Status, Field::Groups]);
    const REQUIRED: FieldSet = set_of(&[Field::Profile]);

    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::Profile => self.profile = map.next_value_seed(Text(context))?,
            Field::CaseId => self.case_id = optional_text(map, context)?,
            Field::Ground => self.ground = optional_text(map, context)?,
            Field::Status => self.status = or_default(map, Optional(Word::new(context)))?,
            Field::Groups => self.groups = or_default(map, groups(context))?,
            _ => unread(),
        }
        Ok(())
    }
}

fn blank_tally<'a>() -> Tally<'a> {
    Tally {
        profile: BLANK,
        channel: Channel::Profile,
        groups: Vec::new(),
        strata: Vec::new(),
        counts: TallyCounts::default(),
    }
}

impl<'a> Object<'a> for Tally<'a> {
    const PATH: &'static str = DATA;
    const FIELDS: FieldSet = set_of(&[Field::Profile, Field::Channel, Field::Groups, Field::Strata, Field::Counts]);
    const REQUIRED: FieldSet = set_of(&[Field::Profile, Field::Counts]);

    #[inline]
    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::Profile => self.profile = map.next_value_seed(Text(context))?,
            Field::Channel => self.channel = or_default(map, Optional(Word::new(context)))?,
            Field::Groups => self.groups = or_default(map, certain_groups(context))?,
            Field::Strata => self.strata = or_default(map, strata(context))?,
            Field::Counts => self.counts = map.next_value_seed(CountsOf(context))?,
            _ => unread(),
        }
        Ok(())
    }
}

struct CountsOf<'c>(&'c Context);

impl<'a> DeserializeSeed<'a> for CountsOf<'_> {
    type Value = TallyCounts;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<TallyCounts, D::Error> {
        let given = fill(self.0, GivenCounts::default(), deserializer)?;
        Ok(TallyCounts {
            assessed: given.assessed.unwrap_or_default(),
            selected: given.selected.unwrap_or_default(),
            controlled: given.controlled.unwrap_or_default(),
            concluded: given.concluded.unwrap_or_default(),
            hits: given.hits.unwrap_or_default(),
            complaints: given.complaints.unwrap_or_default(),
        })
    }
}

/// The counts of a tally before missing ones become 0. Only counts that are given can contradict each other.
#[derive(Default)]
struct GivenCounts {
    assessed: Option<u64>,
    selected: Option<u64>,
    controlled: Option<u64>,
    concluded: Option<u64>,
    hits: Option<u64>,
    complaints: Option<u64>,
}

impl<'a> Object<'a> for GivenCounts {
    const PATH: &'static str = "data.counts";
    const FIELDS: FieldSet = set_of(&[
        Field::Assessed,
        Field::Selected,
        Field::Controlled,
        Field::Concluded,
        Field::Hits,
        Field::Complaints,
    ]);
    const REQUIRED: FieldSet = 0;

    #[inline]
    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        let slot = match field {
            Field::Assessed => &mut self.assessed,
            Field::Selected => &mut self.selected,
            Field::Controlled => &mut self.controlled,
            Field::Concluded => &mut self.concluded,
            Field::Hits => &mut self.hits,
            Field::Complaints => &mut self.complaints,
            _ => {
                unread();
                return Ok(());
            }
        };
        *slot = map.next_value_seed(Optional(Count { context, min: 0 }))?;
        Ok(())
    }

    fn check<E: Error>(&self, _seen: FieldSet, context: &Context) -> Result<(), E> {
        let exceeds = |part: Option<u64>, whole: Option<u64>| part.zip(whole).is_some_and(|(part, whole)| part > whole);
        let (field, detail) = if exceeds(self.selected, self.assessed) {
            (Field::Selected, "expected at most assessed, found more")
        } else if exceeds(self.concluded, self.controlled) {
            (Field::Concluded, "expected at most controlled, found more")
        } else if exceeds(self.hits, self.concluded) {
            (Field::Hits, "expected at most concluded, found more")
        } else if exceeds(self.hits, self.controlled) {
            (Field::Hits, "expected at most controlled, found more")
        } else {
            return Ok(());
        };
        context.enter(Self::PATH, Some(field));
        Err(context.fail(Reason::InvalidValue, detail))
    }
}

const fn blank_attributes<'a>() -> Attributes<'a> {
    Attributes { case_id: BLANK, groups: Vec::new(), strata: Vec::new() }
}

impl<'a> Object<'a> for Attributes<'a> {
    const PATH: &'static str = DATA;
    const FIELDS: FieldSet = set_of(&[Field::CaseId, Field::Groups, Field::Strata]);
    const REQUIRED: FieldSet = set_of(&[Field::CaseId]);

    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::CaseId => self.case_id = map.next_value_seed(Text(context))?,
            Field::Groups => self.groups = or_default(map, groups(context))?,
            Field::Strata => self.strata = or_default(map, strata(context))?,
            _ => unread(),
        }
        Ok(())
    }

    fn check<E: Error>(&self, seen: FieldSet, context: &Context) -> Result<(), E> {
        if seen & set_of(&[Field::Groups, Field::Strata]) == 0 {
            return Err(missing_field::<Self, _>(context, Field::Groups));
        }
        Ok(())
    }
}

const fn blank_population<'a>() -> Population<'a> {
    Population { profile: BLANK, dimension: BLANK, counts: Vec::new(), valid_from: EventTime(0), rounded_to: None }
}

impl<'a> Object<'a> for Population<'a> {
    const PATH: &'static str = DATA;
    const FIELDS: FieldSet =
        set_of(&[Field::Profile, Field::Dimension, Field::Counts, Field::ValidFrom, Field::RoundedTo]);
    const REQUIRED: FieldSet = set_of(&[Field::Profile, Field::Dimension, Field::Counts, Field::ValidFrom]);

    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::Profile => self.profile = map.next_value_seed(Text(context))?,
            Field::Dimension => self.dimension = map.next_value_seed(Text(context))?,
            Field::Counts => self.counts = map.next_value_seed(group_counts(context))?,
            Field::ValidFrom => self.valid_from = map.next_value_seed(DateOrDateTime(context))?,
            Field::RoundedTo => {
                let seed = Optional(Count { context, min: 1 });
                self.rounded_to = map.next_value_seed(seed)?;
            }
            _ => unread(),
        }
        Ok(())
    }
}

/// Reads an optional value. Where it is absent or `null`, the contract gives it its default.
#[inline]
fn or_default<'a, S, V, M>(map: &mut M, seed: S) -> Result<V, M::Error>
where
    S: DeserializeSeed<'a, Value = Option<V>>,
    V: Default,
    M: MapAccess<'a>,
{
    Ok(map.next_value_seed(seed)?.unwrap_or_default())
}

#[inline]
fn optional_text<'a, M: MapAccess<'a>>(map: &mut M, context: &Context) -> Result<Option<Cow<'a, str>>, M::Error> {
    map.next_value_seed(Optional(Text(context)))
}

#[inline]
fn optional_number<'a, M: MapAccess<'a>>(map: &mut M, context: &Context, max: f64) -> Result<Option<f64>, M::Error> {
    map.next_value_seed(Optional(Number { context, max }))
}
