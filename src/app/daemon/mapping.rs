//! Records of topics that a mapping reads: their events are made and handed to the monitor in their place.

use std::collections::BTreeMap;

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
        let mapper = self.mapper_of(topic);
        if let Some(input) = self.inputs.get_mut(place) {
            let prefix = Place::prefix(&format!("{topic}/{partition}/"));
            *input = Input { topic: topic.to_owned(), mapper, prefix };
        }
    }

    /// Goes on by other mappings.
    pub fn replace(&mut self, mappings: &[Mapping]) {
        self.mappings.replace(mappings);
        let mut mappers: BTreeMap<String, Option<Mapper>> = BTreeMap::new();
        for input in &mut self.inputs {
            let mapper = mappers.entry(input.topic.clone()).or_insert_with(|| self.mappings.of_topic(&input.topic));
            input.mapper.clone_from(mapper);
        }
    }

    /// Returns the mapper of a topic. All partitions of a topic share one, and so what it has learned.
    fn mapper_of(&self, topic: &str) -> Option<Mapper> {
        let known = self.inputs.iter().find(|input| input.topic == topic);
        known.map_or_else(|| self.mappings.of_topic(topic), |input| input.mapper.clone())
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
                    Some(MappedRecord::Refused(rejection, events)) => {
                        let handled = Handled::Rejected(rejection.clone());
                        (0..events).for_each(|_| monitor.handle_no_event(&handled));
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::ledger::PseudonymKey;
    use crate::monitor::{Alone, Clock};
    use crate::settings::Settings;

    const CONFIG: &str = r#"
[kafka]
brokers = "localhost:9092"
topics = ["rows", "events"]
[profiles.cub]
owner = "owner@example.org"
[dimensions.origin]
ground = "race"
groups = ["dutch", "european"]
[[mappings]]
name = "picked"
topics = ["rows"]
each = "/rows"
type = "selection"
[mappings.fields]
case_id = "/id"
time = { path = "/at", format = "epoch_s" }
profile = { value = "cub" }
selected = "/picked"
"groups.origin" = "/origin"
[[mappings]]
name = "seen"
topics = ["rows"]
when = [{ path = "/seen", exists = true }]
type = "control"
[mappings.fields]
case_id = "/seen"
time = { path = "/at", format = "epoch_s" }
"#;

    const START: i64 = 1_772_323_200;

    /// Records of all kinds: of several events, of one, of none, of which one is refused, and of the contract.
    fn payloads() -> Vec<(u32, String)> {
        let row = |number: i64, picked: &str| {
            format!(r#"{{"id":{number},"at":{},"picked":{picked},"origin":"dutch"}}"#, START + number)
        };
        let long = "x".repeat(300);
        (0..1_500_i64)
            .map(|number| match number % 7 {
                0 => (0, format!(r#"{{"rows":[{},{}]}}"#, row(number, "true"), row(number + 10_000, "false"))),
                1 => (0, format!(r#"{{"seen":"{}","at":{}}}"#, number - 1, START + number)),
                2 => (0, r#"{"rows":[],"other":1}"#.to_owned()),
                3 => (0, format!(r#"{{"rows":[{},{}]}}"#, row(number, "true"), row(number, "1"))),
                4 => (0, format!(r#"{{"seen":"{long}","at":{START},"rows":[{}]}}"#, row(number, "true"))),
                5 => (0, format!(r#"{{"seen":"{long}","at":{START}}}"#)),
                _ => {
                    let time = jiff::Timestamp::from_second(START + number).unwrap();
                    let data = format!(r#"{{"case_id":"c{number}","profile":"cub","selected":true,"groups":{{"origin":"european"}}}}"#);
                    (1, format!(r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/s","id":"{number}","time":"{time}","data":{data}}}"#))
                }
            })
            .collect()
    }

    fn stage(settings: &Settings) -> (MappingStage, Monitor) {
        let mut stage = MappingStage::new(&settings.mappings);
        let mut monitor = Monitor::new(settings.plan.clone(), PseudonymKey([1; 16]), Clock::Wall);
        for (index, topic) in [(0, "rows"), (1, "events")] {
            stage.add_partition(PartitionIndex(index), topic, 0);
            monitor.add_partition(PartitionIndex(index), EventTime(0));
        }
        (stage, monitor)
    }

    /// The refused records, what mappings counted, and all that the monitor says.
    type Outcome = (Vec<(usize, Rejection)>, Vec<(String, MappingCounts)>, String);

    /// What became of all of it, in batches of some size by some threads.
    fn run(size: usize, workers: &dyn Workers) -> Outcome {
        let settings = Settings::parse(CONFIG, "c.toml", std::iter::empty()).unwrap();
        let (mut stage, mut monitor) = stage(&settings);
        let now = EventTime((START + 20_000) * 1_000);
        let payloads = payloads();
        let records = payloads.iter().zip(0..).map(|((partition, payload), offset)| {
            let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: Some(now) };
            (Received { partition: PartitionIndex(*partition), record }, offset)
        });
        let records: Vec<_> = records.collect();
        let mut refused = Vec::new();
        for (number, batch) in records.chunks(size).enumerate() {
            stage.count(workers, batch, &mut monitor, now);
            refused.extend(stage.refused().iter().map(|(place, why)| (number * size + place, why.clone())));
        }
        monitor.handle_tick(now);
        (refused, stage.counts(), format!("{:?} {:?}", monitor.health(), monitor.published()))
    }

    struct Threads(usize);

    impl Workers for Threads {
        fn count(&self) -> usize {
            self.0
        }

        fn run<'t>(&self, tasks: Vec<Task<'t>>) {
            // In another order.
            tasks.into_iter().rev().for_each(|task| task());
        }
    }

    #[test]
    fn batches_of_any_size_by_any_threads_give_what_single_records_give() {
        let expected = run(1, &Alone);
        for size in [2, 255, 257, 700, 1_500] {
            for threads in [1, 2, 3] {
                assert_eq!(run(size, &Threads(threads)), expected, "{size} by {threads}");
            }
        }
    }

    #[test]
    fn each_record_is_counted_and_each_refused_one_is_named_once() {
        let (refused, counts, health) = run(400, &Alone);
        let of = |kind: usize| (0..1_500).filter(|number| number % 7 == kind).count();
        assert_eq!(refused.len(), of(3) + of(4) + of(5));
        let texts: Vec<String> = refused.iter().take(3).map(|(_, why)| why.to_string()).collect();
        assert_eq!(refused.iter().take(3).map(|(record, _)| *record).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(
            texts[0],
            "wrong_type: mapping \"picked\": selected (from /picked): expected true or false, found an integer"
        );
        assert!(
            texts[1].starts_with("string_too_long: mapping \"seen\": data.case_id: expected at most 256 bytes"),
            "{}",
            texts[1]
        );
        assert_eq!(texts[1], texts[2]);
        let (picked, seen) = (counts[0].1, counts[1].1);
        let mapped = 1_500 - of(6);
        assert_eq!((picked.records, seen.records), (mapped as u64, mapped as u64));
        assert_eq!((picked.mapped, picked.events, picked.refused), (of(0) as u64, 2 * of(0) as u64, of(3) as u64));
        // One of them alone is refused by the monitor, after it was mapped.
        assert_eq!((seen.events, seen.refused), ((of(1) + of(5)) as u64, (of(4) + of(5)) as u64));
        // Whatever a record would have given is refused with it.
        let rejected = format!("(\"unknown\", \"rejected\", {})", 2 * of(3) + 2 * of(4) + of(5));
        assert!(health.contains(&rejected), "{rejected} in {health}");
        let unmapped = format!("(\"unknown\", \"unmapped\", {})", of(2));
        assert!(health.contains(&unmapped), "{unmapped} in {health}");
    }

    #[test]
    fn other_mappings_take_over_and_those_of_the_same_name_count_on() {
        let settings = Settings::parse(CONFIG, "c.toml", std::iter::empty()).unwrap();
        let (mut stage, mut monitor) = stage(&settings);
        let record = |payload: &'static str| {
            let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
            [(Received { partition: PartitionIndex(0), record }, 1)]
        };
        stage.count(&Alone, &record(r#"{"seen":"a","at":1772323200}"#), &mut monitor, EventTime(0));
        let changed =
            CONFIG.replace("case_id = \"/seen\"", "case_id = \"/x\"").replace("name = \"picked\"", "name = \"other\"");
        stage.replace(&Settings::parse(&changed, "c.toml", std::iter::empty()).unwrap().mappings);
        stage.count(&Alone, &record(r#"{"seen":"a","at":1772323200}"#), &mut monitor, EventTime(0));
        assert!(stage.refused()[0].1.to_string().contains("case_id (from /x)"));
        let records = |name: &str| stage.counts().iter().find(|(of, _)| of == name).map(|(_, counts)| counts.records);
        assert_eq!([records("seen"), records("other"), records("picked")], [Some(2), Some(1), None]);
    }
}
