//! Records of topics that a mapping reads: their events are made and handed to the monitor in their place.

use crate::app::mappings::Mappings;
use crate::event::{RawRecord, Rejection};
use crate::mapping::{Bounds, Mapped, MappedRecord, Mapper, Mapping, MappingCounts, Place};
use crate::monitor::{Handled, Monitor, Received, Task, Workers};
use crate::plan::{EventTime, PartitionIndex};

/// Records that are mapped together, by one thread.
const PART: usize = 256;

/// The mappings of all partitions.
#[derive(Default)]
pub struct MappingStage {
    mappings: Mappings,
    inputs: Vec<Input>,
    /// By thread.
    mapped: Vec<Mapped>,
    handled: Vec<Handled>,
    /// The records that were refused last: their places in the batch, and why.
    refused: Vec<(usize, Rejection)>,
}

/// A partition.
#[derive(Default)]
struct Input {
    topic: String,
    mapper: Option<Mapper>,
    /// What the ids of its events begin with.
    prefix: Vec<u8>,
}

/// An event, or a record that is one, on its way to the monitor: the place of its record, and the mapping.
struct Sent {
    record: usize,
    mapping: Option<usize>,
}

impl MappingStage {
    /// By these mappings.
    pub fn new(mappings: &[Mapping]) -> Self {
        Self { mappings: Mappings::new(mappings), ..Self::default() }
    }

    /// Takes note of a partition.
    pub fn add_partition(&mut self, index: PartitionIndex, topic: &str, partition: i32) {
        let place = index.0 as usize;
        if place >= self.inputs.len() {
            self.inputs.resize_with(place + 1, Input::default);
        }
        if let Some(input) = self.inputs.get_mut(place) {
            let prefix = Place::prefix(&format!("{topic}/{partition}/"));
            *input = Input { topic: topic.to_owned(), mapper: self.mappings.of_topic(topic), prefix };
        }
    }

    /// Goes on by other mappings.
    pub fn replace(&mut self, mappings: &[Mapping]) {
        self.mappings.replace(mappings);
        for input in &mut self.inputs {
            input.mapper = self.mappings.of_topic(&input.topic);
        }
    }

    /// What became of the records, by the name of the mapping.
    pub fn counts(&self) -> Vec<(String, MappingCounts)> {
        self.mappings.counts().map(|(name, counts)| (name.to_owned(), counts)).collect()
    }

    /// Whether any partition has a mapping.
    pub fn is_needed(&self) -> bool {
        self.inputs.iter().any(|input| input.mapper.is_some())
    }

    /// The records that were refused in the last batch, in their order, each once.
    pub fn refused(&self) -> &[(usize, Rejection)] {
        &self.refused
    }

    /// Hands the records of a batch to the monitor, those of a mapping by their events. Each has its offset.
    pub fn count(
        &mut self,
        workers: &dyn Workers,
        records: &[(Received<'_>, u64)],
        monitor: &mut Monitor,
        now: EventTime,
    ) {
        self.refused.clear();
        let threads = workers.count().max(1);
        self.mapped.resize_with(threads, Mapped::default);
        for (chunk, records) in records.chunks(PART * threads).enumerate() {
            self.map(workers, records, monitor);
            self.hand_over(workers, (chunk * PART * threads, records), monitor, now);
        }
        self.refused.sort_by_key(|(record, _)| *record);
        self.refused = joined(std::mem::take(&mut self.refused));
    }

    /// Makes the events of a chunk, each part by a thread of its own.
    fn map(&mut self, workers: &dyn Workers, records: &[(Received<'_>, u64)], monitor: &Monitor) {
        let plan = monitor.plan();
        let bounds = Bounds { limits: &plan.event, max_ahead: plan.window.max_ahead };
        let (inputs, parts) = (&self.inputs, records.chunks(PART));
        let count = parts.len();
        self.mapped.iter_mut().for_each(Mapped::clear);
        let tasks = parts.zip(&mut self.mapped).map(|(part, mapped)| {
            move || {
                for (received, offset) in part {
                    let input = inputs.get(received.partition.0 as usize);
                    if let Some((input, mapper)) = input.and_then(|input| Some((input, input.mapper.as_ref()?))) {
                        let place = Place { prefix: &input.prefix, number: *offset };
                        mapper.map(&received.record, place, bounds, mapped);
                    }
                }
            }
        });
        if count == 1 {
            tasks.for_each(|mut task| task());
        } else {
            workers.run(tasks.map(|task| Box::new(task) as Task<'_>).collect());
        }
    }

    /// Hands the events to the monitor, and notes what became of their records.
    fn hand_over(
        &mut self,
        workers: &dyn Workers,
        (first, records): (usize, &[(Received<'_>, u64)]),
        monitor: &mut Monitor,
        now: EventTime,
    ) {
        let Self { mappings, inputs, mapped, handled, refused } = self;
        let (mut events, mut sent) = (Vec::with_capacity(records.len()), Vec::with_capacity(records.len()));
        for ((number, part), mapped) in records.chunks(PART).enumerate().zip(&*mapped) {
            let (mut done, mut made) = (mapped.records(), mapped.events());
            for (record, (received, _)) in (first + number * PART..).zip(part) {
                let input = inputs.get(received.partition.0 as usize);
                if input.is_none_or(|input| input.mapper.is_none()) {
                    events.push(*received);
                    sent.push(Sent { record, mapping: None });
                    continue;
                }
                match done.next() {
                    Some(MappedRecord::Events(count)) => {
                        for (mapping, payload) in made.by_ref().take(count) {
                            let record_of = RawRecord { payload, headers: &[], ..received.record };
                            events.push(Received { record: record_of, ..*received });
                            sent.push(Sent { record, mapping: Some(mapping) });
                        }
                    }
                    Some(MappedRecord::Refused(rejection)) => {
                        monitor.handle_no_event(&Handled::Rejected(rejection.clone()));
                        refused.push((record, rejection.clone()));
                    }
                    Some(MappedRecord::Left(_)) | None => monitor.handle_no_event(&Handled::Unmapped),
                }
            }
        }
        monitor.handle_batch_by(workers, &events, now, handled);
        mapped.iter().for_each(|mapped| mappings.add(mapped.counts()));
        for (sent, handled) in sent.iter().zip(handled) {
            if let Handled::Mismatched(rejection) | Handled::Rejected(rejection) = handled {
                refused.push((sent.record, told(mappings, sent.mapping, rejection)));
            }
        }
    }
}

/// Counts an event that was refused, and names its mapping.
fn told(mappings: &mut Mappings, mapping: Option<usize>, rejection: &Rejection) -> Rejection {
    let Some(number) = mapping else { return rejection.clone() };
    mappings.refuse(number);
    rejection.clone().of_mapping(mappings.name(number))
}

/// Leaves one refusal for each record, which says how many more there were: a dead letter is a pointer to a record.
fn joined(refused: Vec<(usize, Rejection)>) -> Vec<(usize, Rejection)> {
    let mut joined: Vec<(usize, Rejection, usize)> = Vec::with_capacity(refused.len());
    for (record, rejection) in refused {
        match joined.last_mut() {
            Some((last, _, more)) if *last == record => *more += 1,
            _ => joined.push((record, rejection, 0)),
        }
    }
    joined.into_iter().map(|(record, rejection, more)| (record, rejection.and_more(more))).collect()
}
