//! Work that is due at certain hours is not left to the next one. Whoever begins again from its own state before each record looks for such
//! work each time; a monitor that never stopped must have done the same.

use super::pair::{Given, Pair, Random};
use super::stream::{START, Source, plans};
use super::{NOW, Seen, each_seed};
use crate::support::effort::attempts;

use paritywatch::event::RawRecord;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;

#[test]
fn nothing_that_is_due_waits_for_a_later_hour() {
    each_seed(attempts(4), |seed| {
        let clock = if seed % 3 == 0 { Clock::Wall } else { Clock::Event { as_of: None } };
        let plan = plans()[[0, 3][usize::from(seed % 4 < 2)]].clone();
        let mut source = Source::new(seed + 500, 2 + usize::try_from(seed % 2).unwrap());
        let mut random = Random::new(seed);
        let records: Vec<Given> = (0..120).flat_map(|_| source.take(1)).collect();
        // Partitions fall silent at a moment, and the watermark goes on without them.
        let silent_from = random.below(records.len());
        let mut pair = Pair::new(&plan, clock, NOW);
        let mut fresh = pair.single.clone();
        let mut now = NOW;
        for (index, given) in records.iter().enumerate() {
            if index == silent_from {
                now = now.plus(Span::MINUTE.times(6));
                pair.tick(now);
                fresh.handle_tick(now);
            }
            pair.feed(std::slice::from_ref(given), now, &mut || 1);
            handle_afresh(&mut fresh, &plan, given, now);
        }
        pair.both(|monitor| monitor.finish());
        fresh.finish();
        pair.tick(now);
        fresh.handle_tick(now);
        assert_same(&fresh, &pair.batched);
        Seen::new()
    });
}

/// Evidence closes an hour when the watermark has passed it by the allowed lateness, which is not at a full hour.
#[test]
fn hours_become_final_at_their_own_minute() {
    let plan = plans()[0].clone();
    let lateness = plan.window.allowed_lateness;
    // The watermark stops just before, at and behind full hours, and behind them by the allowed lateness.
    let behind = lateness.0 / Span::MINUTE.0;
    let edges = [30, 30 + behind, 90, 90 + behind].into_iter().flat_map(|minute| minute - 1..=minute + 1);
    for minute in edges {
        let mut pair = Pair::new(&plan, Clock::Wall, NOW);
        let mut fresh = pair.single.clone();
        let minutes = |minutes: i64| START.plus(Span::MINUTE.times(minutes));
        // The first partition runs ahead, the others are idle; the last of them comes back with an older event.
        let first = selection(0, 1, minutes(30));
        // Time stands a little before the edge, so that it is the edge alone that is passed.
        let before = selection(0, 5, minutes(25 + minute));
        let ahead = selection(0, 2, minutes(30 + minute));
        let back = selection(1, 3, minutes(40));
        let again = selection(0, 4, minutes(30 + minute).plus(lateness));
        let mut now = NOW;
        for given in [first, before, ahead, back, again] {
            now = now.plus(Span::HOUR);
            // Without a tick between the first two: only the record itself can do the work.
            if given.partition == 0 && now == NOW.plus(Span::HOUR) {
                pair.tick(now);
                fresh.handle_tick(now);
            }
            pair.feed(std::slice::from_ref(&given), now, &mut || 1);
            handle_afresh(&mut fresh, &plan, &given, now);
        }
        pair.tick(now);
        fresh.handle_tick(now);
        assert_same(&fresh, &pair.batched);
        assert_same(&fresh, &pair.single);
    }
}

fn selection(partition: u32, number: u32, time: EventTime) -> Given {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap();
    let payload = format!(
        r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/s","id":"e{number}","time":"{time}","data":{{"case_id":"c{number}","profile":"a","selected":true,"groups":{{"origin":"x"}},"strata":{{"office":"o"}}}}}}"#
    );
    Given { partition, ..Given::of(payload) }
}

/// Handles a record by a monitor that has just begun again: it takes nothing for done.
fn handle_afresh(monitor: &mut Monitor, plan: &Plan, given: &Given, now: EventTime) {
    monitor.change_plan(plan.clone()).unwrap();
    let headers: Vec<(&str, &[u8])> =
        given.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let record = RawRecord { payload: &given.payload, headers: &headers, timestamp: given.timestamp };
    monitor.handle_record(PartitionIndex(given.partition), &record, now);
}

fn assert_same(fresh: &Monitor, other: &Monitor) {
    assert_eq!(other.published().to_json(), fresh.published().to_json());
    let counts = |monitor: &Monitor| {
        let health = monitor.health();
        (health.events, health.evaluations, health.late, health.cells, health.without_group)
    };
    assert_eq!(counts(other), counts(fresh));
    let core = |monitor: &Monitor| monitor.snapshot().section(0).unwrap();
    assert!(core(other) == core(fresh), "section 0 differs");
}
