//! What several threads do together, and what is counted together.

use super::pair::{Given, KEY, Pair};
use crate::support::received::{Hands, received};
use crate::support::state::{POINT, SEQUENTIAL, config, plan};

use paritywatch::monitor::{Clock, Monitor, Received, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan};
use paritywatch::render::Render;
use paritywatch::scenario::{Scenario, Shape, Stream};

const NOW: EventTime = EventTime(1_790_000_000_000);
const PROFILE: &str = "[profiles.d]\nowner = \"o\"\n";
const GENDER: &str = "[dimensions.gender]\nground = \"sex\"\ngroups = [\"f\", \"m\"]\n";

#[test]
fn one_two_four_and_eight_threads_give_the_same_bits() {
    let mut shape = Shape::new(Scenario::SkewedSelection, 30_000, 5);
    "d".clone_into(&mut shape.profile);
    let lines: Vec<String> = Stream::new(&shape).map(|event| event.json).collect();
    let records: Vec<Received<'_>> =
        lines.iter().zip((0..3).cycle()).map(|(line, partition)| received(partition, line)).collect();
    let plan = plan(&config(PROFILE, &[POINT, SEQUENTIAL]));
    let results: Vec<_> = [1, 2, 4, 8].into_iter().map(|threads| by_threads(&plan, &records, threads)).collect();
    for result in &results {
        assert!(result == &results[0], "the number of threads makes a difference");
    }
}

/// What became of each record, what is published, and the checkpoint.
fn by_threads(plan: &Plan, records: &[Received<'_>], threads: usize) -> (Vec<String>, String, Vec<Vec<u8>>) {
    let mut monitor = Monitor::new(plan.clone(), KEY, Clock::Event { as_of: None });
    (0..3).for_each(|index| monitor.add_partition(PartitionIndex(index), NOW));
    let (mut all, mut handled) = (Vec::new(), Vec::new());
    for batch in records.chunks(4_096) {
        monitor.handle_batch_by(&Hands(threads), batch, NOW, &mut handled);
        all.extend(handled.iter().map(|handled| format!("{handled:?}")));
    }
    monitor.finish();
    let snapshot = monitor.snapshot();
    (all, monitor.published().to_json(), (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect())
}

/// A rule that a reload added asks for a stratum that the cases before it do not have: their cells begin empty, so that what is taken away
/// from them stops at 0. It must stop at the same moment for batches.
#[test]
fn a_case_is_taken_away_from_a_cell_that_lacks_it_when_it_comes_alone_and_in_a_batch() {
    let with = |rules: &[&str]| plan(&format!("{}{GENDER}", config(PROFILE, rules)));
    let mut pair = Pair::new(&with(&[POINT]), Clock::Wall, NOW);
    let feed = |pair: &mut Pair, events: &[String]| {
        let records: Vec<Given> = events.iter().map(|event| Given::of(event.as_str())).collect();
        pair.feed(&records, NOW, &mut || 4_096);
    };
    feed(&mut pair, &[selection("c1", "10:05", "f")]);
    pair.change_plan(&with(&[POINT, SEQUENTIAL]));
    // The second event is like the first, but of the hour in which the old case was selected.
    feed(&mut pair, &[selection("c2", "09:58", "m")]);
    let control = event("control", "e-c1-control", "10:07", r#""case_id":"c1""#);
    let batch: Vec<String> = (3..6).map(|case| selection(&format!("c{case}"), "10:06", "m")).chain([control]).collect();
    feed(&mut pair, &batch);
    pair.compare();
}

fn selection(case: &str, clock: &str, gender: &str) -> String {
    let data =
        format!(r#""case_id":"{case}","profile":"d","selected":true,"groups":{{"origin":"x","gender":"{gender}"}}"#);
    event("selection", &format!("e-{case}"), clock, &data)
}

fn event(kind: &str, id: &str, clock: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"{id}","time":"2026-03-01T{clock}:00Z","data":{{{data}}}}}"#
    )
}
