//! What an evaluation keeps for the next one leaves no trace: results are a function of the counts, to the last bit, however often and when
//! they were evaluated before.

use std::io::Cursor;

use paritywatch::checkpoint::{read, write};
use paritywatch::event::RawRecord;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, Evidence, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::scenario::{Scenario, Shape, Stream};
use serde_json::Value;

use crate::unchanged::{KEY, header, mixed_stream, settings_of};

const NOW: EventTime = EventTime(1_790_000_000_000);

fn monitor(plan: &Plan) -> Monitor {
    let mut monitor = Monitor::new(plan.clone(), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), NOW);
    monitor
}

fn handle(monitor: &mut Monitor, line: &str) {
    monitor.handle_record(
        PartitionIndex(0),
        &RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None },
        NOW,
    );
}

/// The same monitor as a restart finds it, which has judged nothing yet.
fn restarted(monitor: &Monitor, plan: &Plan) -> Monitor {
    let mut bytes = Vec::new();
    write(&header(plan), &monitor.snapshot(), &mut bytes).unwrap();
    let (_, mut sections) = read(Cursor::new(bytes)).unwrap();
    Monitor::restore(plan.clone(), KEY, Clock::Wall, |_| sections.read().ok()).unwrap()
}

/// Streams with every kind of event and rule, and with delays of outcomes: cohorts are sealed at different times.
fn streams() -> [(Plan, Vec<String>, usize); 3] {
    let generated = |scenario, events, per_hour| {
        let mut shape = Shape::new(scenario, events, 5);
        shape.cases_per_hour = per_hour;
        Stream::new(&shape).map(|event| event.json).collect()
    };
    [
        (settings_of("mixed").plan, mixed_stream(), 17),
        (settings_of("windows").plan, generated(Scenario::Simpson, 4_000, 20), 83),
        (settings_of("evidence").plan, generated(Scenario::LateOutcomes, 4_000, 5), 83),
    ]
}

/// At each evaluation it is compared with one that knows nothing of those before.
#[test]
fn an_evaluation_is_the_same_as_after_a_restart() {
    for (plan, lines, every) in streams() {
        let mut evaluated = monitor(&plan);
        for (index, line) in lines.iter().enumerate() {
            handle(&mut evaluated, line);
            if index % every == 0 {
                let mut fresh = restarted(&evaluated, &plan);
                let now = NOW.plus(Span::SECOND.times(index as i64));
                evaluated.handle_tick(now);
                fresh.handle_tick(now);
                let (found, expected) = (evaluated.published().to_json(), fresh.published().to_json());
                assert!(found == expected, "line {index}: expected {expected}, found {found}");
            }
        }
    }
}

/// Verdicts that sequential evidence raised stand, and alerts have a past. Everything else is the same.
#[test]
fn an_evaluation_does_not_depend_on_those_before() {
    for (plan, lines, every) in streams() {
        let (mut often, mut once) = (monitor(&plan), monitor(&plan));
        for (index, line) in lines.iter().enumerate() {
            handle(&mut often, line);
            handle(&mut once, line);
            if index % every == 0 {
                often.handle_tick(NOW);
            }
        }
        often.handle_tick(NOW);
        once.handle_tick(NOW);
        let documents = [&often, &once].map(|monitor| {
            let mut document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
            let findings = document["findings"].as_array_mut().unwrap();
            for finding in findings.iter_mut() {
                let rule = plan.rules.iter().find(|rule| finding["rule"] == *rule.name).unwrap();
                if rule.evidence == Evidence::Sequential {
                    finding["verdict"] = Value::Null;
                }
            }
            assert!(findings.len() > 10, "{}", findings.len());
            (document["findings"].to_string(), document["funnel"].to_string())
        });
        assert!(documents[0] == documents[1], "often: {:?}\nonce: {:?}", documents[0], documents[1]);
    }
}
