//! Looks at one sample.

use std::collections::BTreeMap;

use super::contract::{ByName, Contract};
use super::document::{
    Counted, DimensionFound, FormatFound, InputFound, Keys, Lateness, Mapped, PartitionFound, Profiles, Refused,
    SampleFound, TimeFound, TopicFound, UnlistedFound,
};
use super::facts::Facts;
use super::field_name::is_plain;
use super::foreign::Strangers;
use super::framing::{Framing, Parsed};
use super::order::Partition;
use super::schemas;
use super::told;
use super::unit::{Cases, Unit};
use crate::event::{Decoded, RawRecord, Reason, Rejection, decode};
use crate::mapping::{Bounds, Format, Mapped as MappedEvents, MappedRecord, Mapper, Mapping, Place};
use crate::plan::group_name::skeleton;
use crate::plan::{Dimension, Plan, Span, nearest};
use crate::render::rfc3339;
use crate::source::sample::{ReadAs, Sample, SampleRecord, Text};

/// Looks at a sample; returns what is told of it, and the facts that rules ask for.
pub(super) fn examine(sample: &Sample, plan: &Plan, mappings: &[Mapping]) -> (InputFound, Facts) {
    let look = Look::of(sample, plan, mappings);
    let contract = &look.contract;
    let unlisted_profiles = |name: &str| plan.profile_id(name).is_none();
    let found = InputFound {
        name: sample.name.clone(),
        kind: if sample.is_file { "file" } else { "topic" },
        sample: sample_found(sample),
        topic: topic_found(sample, plan),
        formats: look.formats(),
        schemas: schemas::schemas(sample),
        mapped: look.mapped(),
        types: most_first(&contract.types),
        other_types: told::names(&look.other_types, &plan.disclosure, |_| true, is_plain),
        refused: look.refused(),
        profiles: Profiles {
            listed: listed_profiles(contract, plan),
            unlisted: told::names(&contract.profiles, &plan.disclosure, unlisted_profiles, is_plain),
        },
        dimensions: plan
            .dimensions
            .iter()
            .filter(|of| !of.is_crossed())
            .map(|of| dimension(of, contract, plan))
            .collect(),
        other_dimensions: told::names(&contract.dimensions, &plan.disclosure, |_| true, is_plain),
        time: time_found(contract),
        partitions: partitions(sample, contract),
        lateness: lateness(contract, plan),
        keys: (!sample.is_file).then(|| look.keys()),
        foreign: look.strangers.found(plan.disclosure.min_cell),
    };
    (found, look.contract.facts)
}

/// For how many records one of the sample stands: 1 where all were read, or their number is not known.
#[expect(clippy::cast_precision_loss, reason = "a weight needs no more than 53 bits")]
pub(super) fn weight(sample: &Sample) -> f64 {
    match held(sample) {
        Some(held) if !sample.records.is_empty() => (held as f64 / sample.read() as f64).max(1.0),
        _ => 1.0,
    }
}

fn held(sample: &Sample) -> Option<u64> {
    let of = |next: Option<i64>, begin: i64| u64::try_from(next? - begin).ok();
    sample.partitions.iter().map(|partition| of(partition.next, partition.begin)).sum()
}

/// What was seen of the records of a sample.
#[derive(Default)]
pub(super) struct Look {
    pub contract: Contract,
    pub strangers: Strangers,
    formats: BTreeMap<(Framing, &'static str, &'static str), u64>,
    mapped: Mapped,
    refused: BTreeMap<Reason, (u64, i32, i64, String)>,
    other_types: ByName,
    null_keys: u64,
    read_as: ReadAs,
    /// How a file is written.
    file_format: Option<Format>,
    /// Room for the events of one record.
    room: MappedEvents,
}

impl Look {
    /// Looks at all records of a sample.
    pub fn of(sample: &Sample, plan: &Plan, mappings: &[Mapping]) -> Self {
        let mut look = Self {
            read_as: sample.read_as(),
            file_format: sample.format.filter(|_| sample.is_file),
            ..Self::default()
        };
        let name = sample.name.rsplit('/').next().unwrap_or_default();
        let reads = |mapping: &Mapping| {
            if sample.is_file { mapping.reads_file(name) } else { mapping.topics.contains(&sample.name) }
        };
        match Mapper::new(mappings.iter().enumerate().filter(|(_, mapping)| reads(mapping))) {
            Some(mapper) => sample.records.iter().for_each(|record| look.add_mapped(record, (&mapper, name), plan)),
            None => sample.records.iter().for_each(|record| look.add(record, plan)),
        }
        look.refuse_rows(sample);
        look
    }

    /// Adds a record of a topic or file that mappings read: it counts once, however many events it has.
    fn add_mapped(&mut self, record: &SampleRecord, (mapper, name): (&Mapper, &str), plan: &Plan) {
        let parsed = self.note_form(record);
        let Some(text) = self.text(record, &parsed, plan) else { return };
        let mut room = std::mem::take(&mut self.room);
        room.clear();
        let prefix = Place::prefix(&format!("{name}/{}/", record.partition));
        let place = Place { prefix: &prefix, number: u64::try_from(record.offset).unwrap_or_default() };
        let bounds = Bounds { limits: &plan.event, max_ahead: plan.window.max_ahead };
        let raw = RawRecord { payload: text, headers: &[], timestamp: record.timestamp };
        mapper.map(&raw, place, bounds, &mut room);
        let refused = match room.records().next() {
            Some(MappedRecord::Events(_)) => self.add_events(&room, (record, mapper), plan).err(),
            Some(MappedRecord::Refused(rejection, _)) => Some(rejection.clone()),
            Some(MappedRecord::Left(_)) | None => {
                self.mapped.unmapped += 1;
                None
            }
        };
        if let Some(rejection) = refused {
            self.refuse(&rejection, record);
            self.strangers.add(record, &parsed);
        }
        self.room = room;
    }

    fn add_events(
        &mut self,
        room: &MappedEvents,
        (record, mapper): (&SampleRecord, &Mapper),
        plan: &Plan,
    ) -> Result<(), Rejection> {
        for (number, payload) in room.events() {
            let raw = RawRecord { payload, headers: &[], timestamp: record.timestamp };
            let decoded = decode(&raw, &plan.event, plan.window.max_ahead);
            let decoded = decoded.map_err(|rejection| rejection.of_mapping(mapper.name(number)))?;
            if let Decoded::Event(event) = decoded {
                self.contract.add(&event, record, plan);
            }
        }
        self.mapped.events += 1;
        Ok(())
    }

    /// Notes what a record is made of, and takes it apart.
    fn note_form(&mut self, record: &SampleRecord) -> Parsed {
        let mut parsed = Parsed::of(record);
        if let Some(framing) = self.file_format.and_then(Framing::of_file) {
            parsed.framing = framing;
        }
        let format = (parsed.framing, parsed.envelope.name(), parsed.content_type);
        *self.formats.entry(format).or_default() += 1;
        self.null_keys += u64::from(record.key.is_none());
        parsed
    }

    /// Returns the document that the daemon would read; `None` where it would read none, which is noted.
    fn text<'r>(&mut self, record: &'r SampleRecord, parsed: &Parsed, plan: &Plan) -> Option<&'r [u8]> {
        match record.text(self.read_as, plan.event.message_bytes) {
            Text::Json(text) => return Some(text),
            Text::Refused(rejection) => {
                self.refuse(&rejection, record);
                self.strangers.add(record, parsed);
            }
            Text::Unknown => self.mapped.unknown_schema += 1,
        }
        None
    }

    fn add(&mut self, record: &SampleRecord, plan: &Plan) {
        let parsed = self.note_form(record);
        let Some(text) = self.text(record, &parsed, plan) else { return };
        let headers: Vec<(&str, &[u8])> = record.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let raw = RawRecord { payload: text, headers: &headers, timestamp: record.timestamp };
        match decode(&raw, &plan.event, plan.window.max_ahead) {
            Ok(Decoded::Event(event)) => {
                self.mapped.events += 1;
                self.contract.add(&event, record, plan);
            }
            Ok(Decoded::UnknownType) => {
                self.mapped.unknown_type += 1;
                if let Some(name) = parsed.event_type(record) {
                    self.other_types.add(name, Unit::of(record).hash());
                }
                self.strangers.add(record, &parsed);
            }
            Err(rejection) => {
                self.refuse(&rejection, record);
                if !is_ours(&parsed, record) {
                    self.strangers.add(record, &parsed);
                }
            }
        }
    }

    /// Counts the rows of a file that could not be turned into a record.
    fn refuse_rows(&mut self, sample: &Sample) {
        for (reason, count) in &sample.refusals.counts {
            self.mapped.refused += count;
            let of_reason = sample.refusals.first.iter().find(|(_, _, rejection)| rejection.reason == *reason);
            let first = of_reason.map_or_else(Default::default, |(_, line, why)| (*line, why.detail.clone()));
            let offset = i64::try_from(first.0).unwrap_or(i64::MAX);
            self.refused.entry(*reason).or_insert_with(|| (0, 0, offset, first.1)).0 += count;
        }
    }

    fn refuse(&mut self, rejection: &Rejection, record: &SampleRecord) {
        self.mapped.refused += 1;
        let first = || (0, record.partition, record.offset, rejection.detail.clone());
        self.refused.entry(rejection.reason).or_insert_with(first).0 += 1;
    }

    fn formats(&self) -> Vec<FormatFound> {
        let found = |(of, records): (&(Framing, &'static str, &'static str), &u64)| FormatFound {
            framing: of.0.name(),
            envelope: of.1,
            content_type: of.2,
            records: *records,
        };
        let mut formats: Vec<FormatFound> = self.formats.iter().map(found).collect();
        formats.sort_by_key(|format| u64::MAX - format.records);
        formats
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of at most a million records")]
    fn mapped(&self) -> Mapped {
        let Mapped { events, unknown_type, unmapped, refused, unknown_schema, .. } = self.mapped;
        let all = events + unknown_type + unmapped + refused + unknown_schema;
        // Cut off, not rounded: all but one of many thousands is not all.
        let share = (all > 0).then(|| (events as f64 / all as f64 * 10_000.0).floor() / 10_000.0);
        Mapped { events, unknown_type, unmapped, refused, unknown_schema, share }
    }

    fn refused(&self) -> Vec<Refused> {
        let found = |(reason, (records, partition, offset, detail)): (&Reason, &(u64, i32, i64, String))| Refused {
            reason: reason.name(),
            records: *records,
            partition: *partition,
            offset: *offset,
            detail: detail.clone(),
        };
        let mut refused: Vec<Refused> = self.refused.iter().map(found).collect();
        refused.sort_by_key(|refused| u64::MAX - refused.records);
        refused
    }

    fn keys(&self) -> Keys {
        Keys {
            null: self.null_keys,
            case_id: self.contract.key_is_case,
            other: self.contract.key_is_other,
            cases_over_partitions: self.contract.spread.len() as u64,
        }
    }
}

/// Whether a record that was refused is meant to be of the contract.
fn is_ours(parsed: &Parsed, record: &SampleRecord) -> bool {
    parsed.event_type(record).is_some_and(|name| name.to_ascii_lowercase().contains("paritywatch"))
}

fn most_first(counts: &BTreeMap<&'static str, u64>) -> Vec<Counted> {
    let mut counted: Vec<Counted> =
        counts.iter().map(|(name, count)| Counted { name: (*name).to_owned(), count: Some(*count) }).collect();
    counted.sort_by_key(|counted| u64::MAX - counted.count.unwrap_or_default());
    counted
}

fn sample_found(sample: &Sample) -> SampleFound {
    SampleFound { records: sample.read(), held: held(sample), cut_short: sample.cut_short.map(|why| why.name()) }
}

fn topic_found(sample: &Sample, plan: &Plan) -> Option<TopicFound> {
    let config = sample.config.as_ref()?;
    let known = config.as_ref().ok();
    let mut remarks = schemas::remarks(sample);
    if known.is_some_and(|config| config.compacted) {
        remarks.push(
            "it is compacted: where the key is the case id, Kafka removes all but the last event of a case; expected cleanup.policy=delete".to_owned(),
        );
    }
    let retention = known.and_then(|config| config.retention);
    if let Some(span) = retention.filter(|span| *span < plan.window.history) {
        remarks.push(format!(
            "it keeps records for {} h, and window.history is {} h: a state that is lost cannot be rebuilt from the log",
            span.0.div_euclid(Span::HOUR.0),
            plan.window.history.0.div_euclid(Span::HOUR.0)
        ));
    }
    Some(TopicFound {
        partitions: sample.partitions.len() as u64,
        compacted: known.map(|config| config.compacted),
        retention_s: retention.map(|span| span.0 / Span::SECOND.0),
        retention_bytes: known.and_then(|config| config.retention_bytes),
        problem: config.as_ref().err().cloned(),
        remarks,
    })
}

fn listed_profiles(contract: &Contract, plan: &Plan) -> Vec<Counted> {
    let count = |name: &str| contract.profiles.cases.get(name).map_or(0, Cases::len);
    let of = |name: &String| Counted { name: name.clone(), count: told::cases(count(name), &plan.disclosure) };
    plan.profiles.iter().map(|profile| of(&profile.name)).collect()
}

fn dimension(dimension: &Dimension, contract: &Contract, plan: &Plan) -> DimensionFound {
    let none = ByName::default();
    let found = contract.groups.get(&dimension.name).unwrap_or(&none);
    let with_group = contract.with_group.get(&dimension.name);
    let mut groups = Vec::new();
    for group in &dimension.groups {
        let aliases = dimension.aliases.iter().filter(|(_, of)| *of == group).map(|(alias, _)| alias);
        let cases: Cases = aliases.chain([group]).filter_map(|name| found.cases.get(name)).flatten().copied().collect();
        // Of a group without cases nothing is published either way.
        let is_told = cases.len() as u64 >= plan.disclosure.min_cell.max(1);
        let count = told::cases(cases.len(), &plan.disclosure).filter(|_| is_told);
        groups.push(Counted { name: group.clone(), count });
    }
    let is_unlisted = |name: &str| dimension.group_id(name).is_none() && !dimension.aliases.contains_key(name);
    let unlisted = told::names(found, &plan.disclosure, is_unlisted, told::is_group);
    DimensionFound {
        dimension: dimension.name.clone(),
        cases: told::cases(with_group.map_or(0, Cases::len), &plan.disclosure),
        missing: groups.iter().filter(|group| group.count.is_none()).map(|group| group.name.clone()).collect(),
        groups,
        unlisted: unlisted.names.into_iter().map(|name| unlisted_found(name, dimension)).collect(),
        others: unlisted.others,
        without_share: without_share(contract, with_group, plan),
    }
}

fn unlisted_found(found: Counted, dimension: &Dimension) -> UnlistedFound {
    let spelling = skeleton(&found.name);
    let mut listed = dimension.groups.iter().map(|group| (group, group)).chain(&dimension.aliases);
    let looks_like = listed.find(|(name, _)| skeleton(name) == spelling).map(|(_, group)| group.clone());
    let near = nearest(&found.name, dimension.groups.iter().map(String::as_str)).map(str::to_owned);
    let resembles = near.filter(|_| looks_like.is_none());
    UnlistedFound { name: found.name, cases: found.count, looks_like, resembles }
}

/// The share of the cases with a selection that have no value, in whole hundredths; withheld where it is that of a few.
#[expect(clippy::cast_precision_loss, reason = "a share of at most a million cases")]
fn without_share(contract: &Contract, with_group: Option<&Cases>, plan: &Plan) -> Option<f64> {
    let all = contract.selected_from.len();
    let without =
        contract.selected_from.iter().filter(|case| !with_group.is_some_and(|with| with.contains(case))).count();
    let is_few = |count: usize| count > 0 && (count as u64) < plan.disclosure.min_cell;
    (all > 0 && !is_few(all) && !is_few(without) && !is_few(all - without))
        .then(|| (without as f64 / all as f64 * 100.0).ceil() / 100.0)
}

fn time_found(contract: &Contract) -> Option<TimeFound> {
    let (first, last) = contract.order.range()?;
    Some(TimeFound { first: rfc3339(first)?, last: rfc3339(last)? })
}

fn partitions(sample: &Sample, contract: &Contract) -> Vec<PartitionFound> {
    let mut records: BTreeMap<i32, u64> = BTreeMap::new();
    for record in &sample.records {
        *records.entry(record.partition).or_default() += 1;
    }
    let found = |(number, records): (i32, u64)| {
        let events = contract.order.partition(number);
        PartitionFound {
            partition: number,
            records,
            events: events.map_or(0, |events| events.events() as u64),
            out_of_order: events.map_or(0, |events| events.out_of_order),
            late_p99_s: events.and_then(Partition::p99_s),
            late_most_s: events.and_then(Partition::most_s),
        }
    };
    records.into_iter().map(found).collect()
}

fn lateness(contract: &Contract, plan: &Plan) -> Lateness {
    let (allowed, fits) = (plan.window.allowed_lateness, contract.order.fits());
    Lateness {
        allowed_s: allowed.0 / Span::SECOND.0,
        fits_s: fits.map(|fits| fits.0 / Span::SECOND.0),
        is_enough: fits.map(|fits| fits <= allowed),
    }
}
