//! The design that one would write first: an async consumer, each event as a tree of JSON values, and maps with owned strings behind a lock.
//! It counts what `benches/baselines/plain.py` counts: no evidence, no windows, no expiry, nothing on disk, and nothing is judged.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, DefaultConsumerContext, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::util::AsyncRuntime;
use serde_json::Value;

use super::measured::Read;
use super::product::client_config;
use super::raw::everything;

/// Tokio, as the client wants it.
struct Tokio;

impl AsyncRuntime for Tokio {
    type Delay = tokio::time::Sleep;

    fn spawn<T: Future<Output = ()> + Send + 'static>(task: T) {
        tokio::spawn(task);
    }

    fn delay_for(duration: Duration) -> Self::Delay {
        tokio::time::sleep(duration)
    }
}

/// What is known of a case.
#[derive(Default)]
struct Case {
    hour: String,
    groups: Vec<(String, String)>,
}

/// What is counted for a group in an hour.
#[derive(Default)]
struct Counts {
    assessed: u64,
    selected: u64,
    controlled: u64,
    concluded: u64,
    hits: u64,
}

#[derive(Default)]
struct State {
    seen: HashSet<String>,
    cases: HashMap<String, Case>,
    counts: HashMap<(String, String, String), Counts>,
}

/// Reads and counts as many events as there are.
pub fn read(bootstrap: &str, topic: &str, events: u64) -> Read {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(read_async(bootstrap, topic, events))
}

async fn read_async(bootstrap: &str, topic: &str, events: u64) -> Read {
    let consumer: StreamConsumer<DefaultConsumerContext, Tokio> = client_config(bootstrap, topic).create().unwrap();
    consumer.assign(&everything(topic)).unwrap();
    let state = Arc::new(Mutex::new(State::default()));
    let (mut count, mut first) = (0, None);
    while count < events {
        let message = consumer.recv().await.unwrap();
        first.get_or_insert_with(Instant::now);
        let event: Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
        state.lock().unwrap().count(&event).expect("an event of the contract");
        count += 1;
    }
    let state = state.lock().unwrap();
    assert!(state.counts.values().map(|counts| counts.assessed).sum::<u64>() > 0);
    let read = Read { first: first.unwrap(), last: Instant::now() };
    drop(state);
    // The caller reads what the client's threads have taken, so they must not have ended.
    std::mem::forget(consumer);
    read
}

impl State {
    fn count(&mut self, event: &Value) -> Option<()> {
        let identity = format!("{}/{}", event["source"].as_str()?, event["id"].as_str()?);
        if !self.seen.insert(identity) {
            return Some(());
        }
        let data = &event["data"];
        let case_id = data["case_id"].as_str()?;
        match event["type"].as_str()? {
            "paritywatch.selection.v1" => {
                let groups = data["groups"].as_object()?.iter();
                let groups = groups.filter_map(|(name, group)| Some((name.clone(), group.as_str()?.to_owned())));
                let case = Case { hour: event["time"].as_str()?.get(..13)?.to_owned(), groups: groups.collect() };
                let selected = u64::from(data["selected"].as_bool()?);
                Self::add(&mut self.counts, &case, |counts| {
                    counts.assessed += 1;
                    counts.selected += selected;
                });
                self.cases.insert(case_id.to_owned(), case);
            }
            "paritywatch.control.v1" => {
                Self::add(&mut self.counts, self.cases.get(case_id)?, |counts| counts.controlled += 1);
            }
            "paritywatch.outcome.v1" => {
                let outcome = data["outcome"].as_str()?;
                Self::add(&mut self.counts, self.cases.get(case_id)?, |counts| {
                    counts.concluded += u64::from(outcome != "unknown");
                    counts.hits += u64::from(outcome == "violation");
                });
            }
            _ => {}
        }
        Some(())
    }

    fn add(counts: &mut HashMap<(String, String, String), Counts>, case: &Case, change: impl Fn(&mut Counts)) {
        for (dimension, group) in &case.groups {
            change(counts.entry((dimension.clone(), group.clone(), case.hour.clone())).or_default());
        }
    }
}
