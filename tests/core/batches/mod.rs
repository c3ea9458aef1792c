//! A monitor that gets a stream in batches is the one that gets it record by record: what became of each record, every count, what is
//! published, and every byte of a checkpoint.
//!
//! `PARITYWATCH_BATCHES_SEED=N` begins at another seed. A failure names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod making;
mod mutation;
pub mod pair;
mod payloads;
mod quiet;
pub mod stream;
mod together;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::effort::{attempts, number};

use pair::{Given, Pair, Random};
use paritywatch::monitor::{Clock, Handled};
use paritywatch::plan::{EventTime, Plan, Span};
use stream::{START, Source, Style, plain, plans, tight};

/// Wall-clock time at which a stream begins.
const NOW: EventTime = EventTime(1_790_000_000_000);

#[test]
fn batches_of_any_size_give_what_single_records_give_with_the_wall_clock() {
    let seen = each_seed(attempts(8), |seed| course(seed, Clock::Wall, 4, |plan| plan.clone()));
    for result in ["Accepted", "Duplicate", "Conflict", "TooLate", "UnknownType", "UnknownProfile", "Rejected"] {
        assert!(seen.get(result).is_some_and(|count| *count > 20), "{result} hardly came: {seen:?}");
    }
}

#[test]
fn batches_of_any_size_give_what_single_records_give_with_the_events_clock() {
    each_seed(attempts(4), |seed| course(seed, Clock::Event { as_of: None }, 3, |plan| plan.clone()));
}

#[test]
fn batches_of_any_size_end_where_single_records_end_with_as_of() {
    let as_of = Some(START.plus(Span::HOUR.times(5)));
    let seen = each_seed(attempts(3), |seed| course(seed, Clock::Event { as_of }, 4, |plan| plan.clone()));
    assert!(seen["BeyondAsOf"] > 100, "{seen:?}");
}

#[test]
fn batches_of_any_size_meet_the_same_limits() {
    let seen = each_seed(attempts(3), |seed| {
        let clock = if seed % 2 == 0 { Clock::Wall } else { Clock::Event { as_of: None } };
        course(seed, clock, 2, tight)
    });
    assert!(seen["evicted"] > 20 && seen["dropped"] > 20 && seen["forgotten"] > 20, "{seen:?}");
}

/// Nothing that was known of records by one plan is used by the next.
#[test]
fn plans_change_between_records_that_are_alike() {
    each_seed(attempts(3), |seed| {
        let plans = plans();
        let mut random = Random::new(seed);
        let mut source = Source::dull(seed);
        let mut pair = Pair::new(&plans[0], Clock::Wall, NOW);
        for round in 0..12 {
            pair.feed(&source.take(150), NOW, &mut || 1 + random.below(30));
            pair.compare_core();
            if round == 3 {
                pair.rotate(NOW);
            } else if round % 4 == 3 {
                pair.restart(NOW);
            } else {
                pair.change_plan(&plans[random.below(plans.len())]);
            }
        }
        pair.compare();
        Seen::new()
    });
}

/// Longer lateness does not open an hour again that is final, though an event of it now arrives in time.
#[test]
fn an_hour_that_was_final_stays_final() {
    let plans = plans();
    assert!(plans[3].window.allowed_lateness >= Span::HOUR.times(3));
    let mut pair = Pair::new(&plans[0], Clock::Wall, NOW);
    let at = |number: usize, partition: u32, time: &str| {
        let mut given = plain(Style::Compact, "selection", number);
        let text = String::from_utf8(given.payload).unwrap();
        given.payload = text.replace("2026-03-02T08:15:30Z", time).into_bytes();
        Given { partition, timestamp: None, ..given }
    };
    let late = "2026-03-02T10:40:00Z";
    let first: Vec<Given> = (0..3).map(|partition| at(1 + partition as usize, partition, late)).collect();
    pair.feed(&first, NOW, &mut || 1);
    pair.change_plan(&plans[3]);
    // Known again by the plan of now.
    pair.feed(&[at(11, 0, late), at(12, 0, late)], NOW, &mut || 1);
    pair.feed(&[at(13, 0, "2026-03-02T09:30:00Z"), at(14, 0, "2026-03-02T10:10:00Z")], NOW, &mut || 1);
    pair.tick(NOW);
    pair.compare();
}

/// A case that was closed early is not opened by a second delivery.
#[test]
fn second_deliveries_about_closed_cases_are_known() {
    let mut plan = plans()[0].clone();
    plan.ledger.open_cases = 10;
    let mut pair = Pair::new(&plan, Clock::Wall, NOW);
    let records: Vec<Given> = (0..60).map(|number| plain(Style::Compact, "selection", number)).collect();
    pair.feed(&records, NOW, &mut || 7);
    assert!(pair.single.health().evicted_cases > 40);
    let handled = pair.feed(&records, NOW, &mut || 7);
    assert!(handled.iter().all(|handled| *handled == Handled::Duplicate), "{handled:?}");
    pair.compare();
}

/// How often each result came.
type Seen = BTreeMap<String, u64>;

/// Runs a course for each seed; a panic names it.
fn each_seed(seeds: u32, course: impl Fn(u64) -> Seen + Sync) -> Seen {
    let first = number("PARITYWATCH_BATCHES_SEED").unwrap_or(1);
    let mut seen = Seen::new();
    for seed in first..first + u64::from(seeds) {
        let found = catch_unwind(AssertUnwindSafe(|| course(seed)));
        let found = found.unwrap_or_else(|_| panic!("PARITYWATCH_BATCHES_SEED={seed} shows the panic above"));
        found.into_iter().for_each(|(name, count)| *seen.entry(name).or_default() += count);
    }
    println!("{seen:?}");
    seen
}

/// A stream, with ticks, restarts and changes of the plan in between.
/// `paces` says how many of the paces of a stream come by turns.
fn course(seed: u64, clock: Clock, paces: u64, limits: impl Fn(&Plan) -> Plan) -> Seen {
    let plans: Vec<Plan> = plans().iter().map(limits).collect();
    let mut source = Source::new(seed, usize::try_from(seed % paces).unwrap());
    let mut random = Random::new(seed + 1_000_000);
    let mut now = NOW;
    let mut pair = Pair::new(&plans[0], clock, now);
    let mut seen = Seen::new();
    let wall = clock == Clock::Wall;
    for _ in 0..2 + random.below(4) {
        let length = [3, 30, 300, 600][random.below(4)];
        let records = source.take(length);
        // A course has batches of one size, or of any.
        let fixed = random.one_in(2).then(|| random.batch_size());
        let mut sizes = random.clone();
        let handled = pair.feed(&records, now, &mut || fixed.unwrap_or_else(|| sizes.batch_size()));
        handled.iter().for_each(|handled| *seen.entry(name(handled)).or_default() += 1);
        random.next();
        // A restart begins counting ids afresh.
        let health = pair.single.health();
        for (name, count) in
            [("evicted", health.evicted_cases), ("dropped", health.dropped_waiting), ("forgotten", health.evicted_ids)]
        {
            let most = seen.entry(name.to_owned()).or_default();
            *most = count.max(*most);
        }
        match random.below(8) {
            // Some partitions fall silent.
            0 if wall => now = now.plus(Span::MINUTE.times(7)),
            1 => pair.restart(now),
            2 => pair.change_plan(&plans[random.below(plans.len())]),
            3 if wall => {
                let by = Span::DAY.times([400, -400][random.below(2)]);
                now = now.plus(by);
                pair.both(|monitor| monitor.shift_clock(by));
            }
            4 => {
                pair.rotate(now);
                *seen.entry("two keys".to_owned()).or_default() += u64::from(pair.single.has_two_keys());
            }
            _ => {}
        }
        if wall && random.one_in(2) {
            now = now.plus(Span::SECOND);
            pair.tick(now);
        }
        pair.compare();
    }
    pair.both(|monitor| monitor.finish());
    pair.tick(now);
    pair.compare();
    seen
}

/// What became of a record, in a word.
fn name(handled: &Handled) -> String {
    let text = format!("{handled:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}
