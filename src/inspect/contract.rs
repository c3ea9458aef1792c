//! Events of the contract in a sample: types, profiles, groups, times, keys.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::order::Order;
use super::unit::{Cases, hash};
use crate::event::{Complaint, Control, Data, Event, Groups, Membership, Selection};
use crate::plan::Plan;
use crate::plan::group_name::normalise;
use crate::source::sample::SampleRecord;

/// Most names of one kind that are told apart. What comes later is counted as others.
const MOST_NAMES: usize = 1_000;

/// Names with their cases.
#[derive(Default)]
pub(super) struct ByName {
    pub cases: BTreeMap<String, Cases>,
    /// Whether there were too many.
    pub overflowed: bool,
}

impl ByName {
    pub fn add(&mut self, name: &str, case: u64) {
        if let Some(cases) = self.cases.get_mut(name) {
            cases.insert(case);
        } else if self.cases.len() < MOST_NAMES {
            self.cases.insert(name.to_owned(), Cases::from([case]));
        } else {
            self.overflowed = true;
        }
    }
}

/// What was seen of events of the contract.
#[derive(Default)]
pub(super) struct Contract {
    pub types: BTreeMap<&'static str, u64>,
    pub profiles: ByName,
    /// By dimension.
    pub groups: BTreeMap<String, ByName>,
    /// Cases with a selection.
    pub selected_from: Cases,
    /// Cases with a group or probabilities, by dimension.
    pub with_group: BTreeMap<String, Cases>,
    pub dimensions: ByName,
    pub order: Order,
    pub key_is_case: u64,
    pub key_is_other: u64,
    /// The partition of the first event of each case.
    partition_of: BTreeMap<u64, i32>,
    pub spread: Cases,
    pub facts: Facts,
}

impl Contract {
    /// Adds an event.
    pub fn add(&mut self, event: &Event<'_>, record: &SampleRecord, plan: &Plan) {
        *self.types.entry(type_of(&event.data)).or_default() += 1;
        if !matches!(event.data, Data::Measure(_)) {
            self.order.add(record.partition, event.time);
        }
        let case_id = case_of(&event.data);
        // An event about no case is one by itself.
        let case = case_id.map_or_else(|| hash(event.id.as_bytes()), |id| hash(id.as_bytes()));
        if let Some(id) = case_id {
            self.note_key(id, case, record);
        }
        if let Some(profile) = profile_of(&event.data) {
            self.profiles.add(profile, case);
        }
        if matches!(event.data, Data::Selection(_)) {
            self.selected_from.insert(case);
        }
        for (dimension, membership) in groups_of(&event.data).into_iter().flatten() {
            self.note_group((dimension, membership), case, plan);
        }
        self.facts.add(&event.data, event.time, case);
    }

    fn note_key(&mut self, id: &str, case: u64, record: &SampleRecord) {
        match &record.key {
            Some(key) if key == id.as_bytes() => self.key_is_case += 1,
            Some(_) => self.key_is_other += 1,
            None => {}
        }
        if *self.partition_of.entry(case).or_insert(record.partition) != record.partition {
            self.spread.insert(case);
        }
    }

    fn note_group(&mut self, (dimension, membership): (&str, &Membership<'_>), case: u64, plan: &Plan) {
        let known = plan.dimension_id(dimension).and_then(|id| plan.dimensions.get(usize::from(id.0)));
        let Some(known) = known.filter(|known| !known.is_crossed()) else {
            self.dimensions.add(dimension, case);
            if self.groups.len() < MOST_NAMES {
                self.note_value(dimension, membership, case);
            }
            return;
        };
        if let Membership::Group(group) = membership {
            let name = normalise(group);
            if name.is_empty() || known.missing_values.contains(&name.to_lowercase()) {
                return;
            }
        }
        self.with_group.entry(dimension.to_owned()).or_default().insert(case);
        self.note_value(dimension, membership, case);
    }

    fn note_value(&mut self, dimension: &str, membership: &Membership<'_>, case: u64) {
        if let Membership::Group(group) = membership {
            self.groups.entry(dimension.to_owned()).or_default().add(&normalise(group), case);
        }
    }
}

const fn type_of(data: &Data<'_>) -> &'static str {
    match data {
        Data::Selection(_) => "selection",
        Data::Control(_) => "control",
        Data::Outcome(_) => "outcome",
        Data::Complaint(_) => "complaint",
        Data::Tally(_) => "tally",
        Data::Attributes(_) => "attributes",
        Data::Population(_) => "population",
        Data::Measure(_) => "measure",
    }
}

fn case_of<'e>(data: &'e Data<'_>) -> Option<&'e str> {
    match data {
        Data::Selection(of) => Some(&of.case_id),
        Data::Control(of) => Some(&of.case_id),
        Data::Outcome(of) => Some(&of.case_id),
        Data::Attributes(of) => Some(&of.case_id),
        Data::Complaint(of) => of.case_id.as_deref(),
        Data::Tally(_) | Data::Population(_) | Data::Measure(_) => None,
    }
}

fn profile_of<'e>(data: &'e Data<'_>) -> Option<&'e str> {
    match data {
        Data::Selection(of) => Some(&of.profile),
        Data::Control(of) => of.profile.as_deref(),
        Data::Complaint(of) => Some(&of.profile),
        Data::Tally(of) => Some(&of.profile),
        Data::Population(of) => Some(&of.profile),
        Data::Measure(_) | Data::Outcome(_) | Data::Attributes(_) => None,
    }
}

fn groups_of<'e, 'a>(data: &'e Data<'a>) -> Option<impl Iterator<Item = (&'e str, &'e Membership<'a>)>> {
    let groups: &'e Groups<'a> = match data {
        Data::Selection(Selection { groups, .. })
        | Data::Control(Control { groups, .. })
        | Data::Complaint(Complaint { groups, .. }) => groups,
        Data::Attributes(of) => &of.groups,
        Data::Tally(of) => &of.groups,
        Data::Outcome(_) | Data::Population(_) | Data::Measure(_) => return None,
    };
    Some(groups.iter().map(|(dimension, membership)| (&**dimension, membership)))
}
