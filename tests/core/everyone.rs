//! Everyone: the cells that count every case of a profile and channel, whatever its groups. They hold what the cells of any one dimension
//! hold together, and where nobody asks for them nothing is different.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use crate::batches::pair::{Given, PARTITIONS, Pair, Random};
use crate::batches::stream::{START, Source, plans, tight};
use crate::support::effort::attempts;
use crate::support::plan::plan as small_plan;

use paritywatch::event::{Decoded, RawRecord, decode};
use paritywatch::evidence::{Cohort, CohortFeed, Cohorts, Maturity};
use paritywatch::ledger::{Ledger, PseudonymKey, Timing};
use paritywatch::monitor::{Clock, Handled, Health, Monitor, SECTIONS};
use paritywatch::plan::{
    Cause, Channel, DimensionId, EventTime, PartitionIndex, Plan, ProfileId, Slot, Span, StratumId, hour_of,
};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::window::{Bucket, Cases, CellKey, Counts, MissingPlace, Range, Windows};
use serde_json::{Value, json};

const NOW: EventTime = EventTime(1_790_000_000_000);
/// Everything that a stream holds.
const ALL: Range = Range { after: EventTime(0), last: EventTime(NOW.0 * 2) };

fn counting(plan: &Plan) -> Plan {
    Plan { counts_everyone: true, ..plan.clone() }
}

/// The counts of a bucket, of each profile and channel.
type Table = BTreeMap<(ProfileId, Channel, Bucket), [u64; 9]>;

/// What these cells hold together. A bucket that holds nothing says nothing.
fn together(windows: &Windows, is_asked: impl Fn(&CellKey) -> bool) -> Table {
    let mut sums: BTreeMap<(ProfileId, Channel, Bucket), Counts> = BTreeMap::new();
    for key in windows.keys().iter().filter(|key| is_asked(key)) {
        for (bucket, counts) in windows.cell(key).unwrap().buckets(ALL) {
            sums.entry((key.profile, key.channel, bucket)).or_default().merge(counts);
        }
    }
    sums.into_iter().map(|(place, counts)| (place, counts.fields())).filter(|(_, counts)| *counts != [0; 9]).collect()
}

fn everyone(windows: &Windows, stratum: Option<StratumId>) -> Table {
    together(windows, |key| key.dimension == DimensionId::EVERYONE && key.stratum.map(|(id, _)| id) == stratum)
}

/// Compares everyone with each dimension, and with all values of each stratum. Returns the number of cases.
fn check(monitor: &Monitor, strata_are_whole: bool) -> u64 {
    let (windows, attributes) = monitor.counted();
    let all = everyone(windows, None);
    for dimension in (0..).map(DimensionId).take(monitor.plan().dimensions.len()) {
        assert_eq!(together(windows, |key| key.dimension == dimension && key.stratum.is_none()), all, "{dimension:?}");
    }
    for name in monitor.plan().strata().into_iter().filter(|_| strata_are_whole) {
        assert_eq!(everyone(windows, attributes.stratum_id(name)), all, "{name}");
    }
    let keys = windows.keys().iter().filter(|key| key.dimension == DimensionId::EVERYONE);
    assert!(keys.clone().all(|key| key.group == Slot::EVERYONE));
    all.values().map(|counts| counts[0]).sum()
}

/// With revisions, late events, tallies, complaints, probabilities, limits, restarts and batches of any size.
#[test]
fn everyone_is_the_sum_of_the_groups_of_any_dimension_and_of_all_who_have_none() {
    let (mut cases, mut slots) = (0, BTreeSet::new());
    for seed in 1..=u64::from(attempts(6)) {
        let plans: Vec<Plan> =
            plans().iter().map(counting).map(|plan| if seed % 4 == 0 { tight(&plan) } else { plan }).collect();
        let clock = if seed % 2 == 0 { Clock::Wall } else { Clock::Event { as_of: None } };
        let mut source = Source::new(seed + 90_000, usize::try_from(seed % 4).unwrap());
        let mut random = Random::new(seed);
        let mut pair = Pair::new(&plans[0], clock, NOW);
        for round in 0..5 {
            let mut sizes = random.clone();
            pair.feed(&source.take(250), NOW, &mut || sizes.batch_size());
            random.next();
            check(&pair.single, true);
            cases += check(&pair.batched, true);
            if round % 2 == 0 {
                pair.restart(NOW);
                check(&pair.batched, true);
            }
        }
        pair.compare();
        // Strata come and go with these, and cases of before have none of theirs.
        for _ in 0..4 {
            pair.change_plan(&plans[random.below(plans.len())]);
            pair.feed(&source.take(100), NOW, &mut || 40);
            check(&pair.batched, false);
        }
        pair.compare();
        slots.extend(
            pair.batched.counted().0.keys().iter().map(|key| (key.group.is_unlisted(), key.group == Slot::NONE)),
        );
    }
    assert!(cases > 10_000, "{cases}");
    assert_eq!(slots.len(), 3, "some have a listed group, some none, and some one on no list");
}

fn sections(monitor: &Monitor) -> Vec<Vec<u8>> {
    let snapshot = monitor.snapshot();
    (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect()
}

fn fed(plan: &Plan, records: &[Given]) -> Pair {
    let mut pair = Pair::new(plan, Clock::Event { as_of: None }, NOW);
    pair.feed(records, NOW, &mut || 33);
    pair
}

#[test]
fn counting_everyone_changes_no_other_count_and_nothing_that_is_published() {
    for seed in 1..=u64::from(attempts(4)) {
        let records = Source::new(seed + 40_000, usize::try_from(seed % 3).unwrap()).take(900);
        let plan = plans()[0].clone();
        let (mut without, mut with) = (fed(&plan, &records), fed(&counting(&plan), &records));
        for pair in [&mut without, &mut with] {
            pair.both(Monitor::finish);
        }
        let cells = |windows: &Windows| -> Vec<(CellKey, Vec<(Bucket, Counts)>)> {
            let groups = windows.keys().iter().filter(|key| key.dimension != DimensionId::EVERYONE);
            groups
                .map(|key| (*key, windows.cell(key).unwrap().buckets(ALL).map(|(at, counts)| (at, *counts)).collect()))
                .collect()
        };
        let (off, on) = (without.batched.counted().0, with.batched.counted().0);
        assert_eq!(cells(off), cells(on));
        assert_eq!(off.keys().len(), cells(off).len(), "none of everyone without the switch");
        assert!(on.keys().len() > off.keys().len());
        assert_eq!(without.batched.published().to_json(), with.batched.published().to_json());
        let health = |pair: &Pair| Health { invariant_violations: Vec::new(), cells: 0, ..pair.batched.health() };
        assert_eq!(health(&without), health(&with));
    }
}

/// Nothing of them is left behind, not even a cell that counts as refused.
#[test]
fn a_plan_that_counts_everyone_no_more_drops_these_cells() {
    let mut source = Source::new(77, 2);
    let (first, then) = (source.take(700), source.take(300));
    let plan = plans()[0].clone();
    let (mut without, mut with) = (fed(&plan, &first), fed(&counting(&plan), &first));
    with.change_plan(&plan);
    without.change_plan(&plan);
    for pair in [&mut without, &mut with] {
        pair.feed(&then, NOW, &mut || 20);
    }
    assert!(sections(&without.batched) == sections(&with.batched), "a checkpoint is that of a plan without them");
}

/// What is there before the plan asks for them is not in these cells. What is selected after is, and whatever follows it.
#[test]
fn a_plan_that_counts_everyone_later_begins_empty() {
    let plan = plans()[0].clone();
    let mut source = Source::new(5, 0);
    source.random = Random::new(5);
    let mut pair = fed(&plan, &source.take(400));
    pair.change_plan(&counting(&plan));
    assert_eq!(everyone(pair.batched.counted().0, None), Table::new());
    let event = |number: u32, kind: &str, data: Value| {
        let time = START.plus(Span::DAY.times(20)).plus(Span::SECOND.times(number.into()));
        Given::of(event(kind, &format!("{kind}{number}"), time, &data).to_string())
    };
    let mut later = Vec::new();
    for number in 0..40 {
        let case = format!("later{number}");
        later.push(event(number, "selection", json!({ "case_id": case, "profile": "a", "selected": number % 2 == 0 })));
        later.push(event(100 + number, "control", json!({ "case_id": case, "outcome": "violation" })));
    }
    pair.feed(&later, NOW, &mut || 9);
    let origin = plan.dimension_id("origin").unwrap();
    let of_then = |table: Table| -> Table {
        table.into_iter().filter(|((_, _, bucket), _)| bucket.start >= START.plus(Span::DAY.times(20))).collect()
    };
    let windows = pair.batched.counted().0;
    let of_origin = of_then(together(windows, |key| key.dimension == origin && key.stratum.is_none()));
    assert_eq!(of_then(everyone(windows, None)), of_origin);
    assert!(of_origin.values().map(|counts| counts[0]).sum::<u64>() >= 40);
}

fn event(kind: &str, id: &str, time: EventTime, data: &Value) -> Value {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap().to_string();
    json!({ "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/t", "id": id, "time": time, "data": data })
}

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[dimensions.gender]
ground = "sex"
groups = ["f", "m"]
[window]
rolling = ["30d"]
allowed_lateness = "1h"
[limits]
open_cases = 1000
not_selected_horizon = "1d"
membership_horizon = "2d"
[[rules]]
name = "r"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
"#;

/// A refused selection and a case that a limit closed are missing of everyone once, however many dimensions there are. A case that was let go without a
/// group is not: everyone counts it.
#[test]
fn what_is_missing_of_everyone_is_what_no_count_of_everyone_has() {
    let settings = Settings::parse(CONFIG, "everyone.toml", std::iter::empty()).unwrap();
    let mut monitor = Monitor::new(counting(&settings.plan), PseudonymKey([1; 16]), Clock::Event { as_of: None });
    let mut handle = |kind: &str, id: &str, minutes: i64, data: Value| {
        let payload = event(kind, id, START.plus(Span::MINUTE.times(minutes)), &data).to_string();
        let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, NOW)
    };
    let case = |id: &str, selected: bool| json!({ "case_id": id, "profile": "p", "selected": selected });
    assert_eq!(handle("selection", "s1", 0, case("c1", true)), Handled::Accepted);
    assert_eq!(handle("selection", "s2", 1, case("c1", false)), Handled::Conflict);
    // Without a selection of its own.
    handle("control", "k1", 2, json!({ "case_id": "c2", "outcome": "violation" }));
    for number in 0..1_010 {
        handle("selection", &format!("m{number}"), 10 + number / 10, case(&format!("m{number}"), false));
    }
    handle("selection", "last", 60 * 24 * 9, case("last", false));
    for number in 0..4_000 {
        handle("tally", &format!("t{number}"), 60 * 24 * 9, json!({ "profile": "p", "counts": { "assessed": 1 } }));
    }
    monitor.finish();
    let windows = monitor.counted().0;
    let missing = |dimension, group, cause| {
        let (profile, channel) = (ProfileId(0), Channel::Profile);
        windows.missing.sum(&MissingPlace { profile, channel, dimension, group, cause }, ALL)
    };
    let of_everyone = |cause| missing(DimensionId::EVERYONE, Slot::EVERYONE, cause);
    let of_origin = |cause| missing(settings.plan.dimension_id("origin").unwrap(), Slot::NONE, cause);
    assert_eq!(of_everyone(Cause::Conflict), Cases { all: 1, picked: 1 });
    assert!(of_everyone(Cause::Dropped).all > 5, "{:?}", of_everyone(Cause::Dropped));
    for cause in [Cause::Conflict, Cause::Dropped] {
        assert_eq!(of_everyone(cause), of_origin(cause));
    }
    assert!(of_origin(Cause::Released).all > 50, "{:?}", of_origin(Cause::Released));
    assert_eq!(of_everyone(Cause::Released), Cases::default(), "everyone counts them");
    assert_eq!(windows.missing.sum_anywhere(Cause::Unmatched, ALL), Cases { all: 1, picked: 1 });
    // A restart keeps them, and a plan that does not count everyone drops them.
    let restored = |plan: Plan| {
        let sections = sections(&monitor);
        Monitor::restore(plan, PseudonymKey([1; 16]), Clock::Event { as_of: None }, |index| {
            sections.get(index).cloned()
        })
        .unwrap()
    };
    let conflicts = |monitor: &Monitor| {
        let place = MissingPlace {
            profile: ProfileId(0),
            channel: Channel::Profile,
            dimension: DimensionId::EVERYONE,
            group: Slot::EVERYONE,
            cause: Cause::Conflict,
        };
        monitor.counted().0.missing.sum(&place, ALL)
    };
    assert_eq!(conflicts(&restored(counting(&settings.plan))), Cases { all: 1, picked: 1 });
    assert_eq!(conflicts(&restored(settings.plan.clone())), Cases::default());
}

/// A selection that was refused, and is not any more, is missing of everyone no longer.
#[test]
fn what_is_missing_no_longer_is_taken_back_of_everyone() {
    let settings = Settings::parse(CONFIG, "everyone.toml", std::iter::empty()).unwrap();
    let mut windows = Windows::new(2, Span::DAY.times(400));
    windows.count_everyone();
    let mut ledger = Ledger::new(&settings.plan, PseudonymKey([1; 16]));
    let data = json!({ "case_id": "c", "profile": "p", "selected": true });
    let change = join(&mut ledger, &event("selection", "s", START, &data), false).0[0];
    let place = change.after.home.unwrap();
    let key = MissingPlace {
        profile: place.profile,
        channel: place.channel,
        dimension: DimensionId::EVERYONE,
        group: Slot::EVERYONE,
        cause: Cause::Conflict,
    };
    let changes = |windows: &Windows| windows.missing.changes(place.profile, place.channel, DimensionId::EVERYONE);
    let before = changes(&windows);
    windows.missing.count_everywhere(Cause::Conflict, &place, &ledger.attributes);
    assert_eq!(windows.missing.sum(&key, ALL), Cases { all: 1, picked: 1 });
    let between = changes(&windows);
    windows.missing.uncount_everywhere(Cause::Conflict, &place, &ledger.attributes);
    assert_eq!(windows.missing.sum(&key, ALL), Cases::default());
    assert!(before < between && between < changes(&windows), "whoever keeps results sees each change");
}

type Steps = (Vec<paritywatch::ledger::CaseChange>, Vec<paritywatch::ledger::FinalChange>);

fn join(ledger: &mut Ledger, event: &Value, late: bool) -> Steps {
    let payload = event.to_string();
    let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
    let limits = small_plan(&["a"]).event;
    let Ok(Decoded::Event(event)) = decode(&record, &limits, None) else { panic!("{payload}") };
    let watermark = START.minus(Span::HOUR);
    let joined = ledger.join(&event, &Timing { watermark, seen: event.time, late }).unwrap();
    (joined.effects.changes.to_vec(), joined.effects.finals.to_vec())
}

/// What a feed released: the counts of a cohort in a group, by its first hour.
#[derive(Default)]
struct Released {
    everyone: Vec<(i32, Counts)>,
    origin: Vec<(i32, Counts)>,
}

/// Most of the cases have no group, and nobody ever sends them one.
#[test]
fn a_feed_of_everyone_reads_all_cases_and_waits_for_no_group() {
    let plan = counting(&Settings::parse(CONFIG, "everyone.toml", std::iter::empty()).unwrap().plan);
    let mut ledger = Ledger::new(&plan, PseudonymKey([1; 16]));
    let mut windows = Windows::new(plan.dimensions.len(), plan.window.history);
    windows.count_everyone();
    let feed = |dimension| CohortFeed {
        profile: ProfileId(0),
        dimension,
        channels: vec![Channel::Profile],
        maturity: Maturity::Over,
    };
    let origin = plan.dimension_id("origin").unwrap();
    let mut feeds = vec![feed(origin), feed(DimensionId::EVERYONE)];
    feeds.sort();
    let mut cohorts = Cohorts::new(feeds, Span::HOUR, (Span::DAY.times(45), Span::DAY.times(45)));
    let first = hour_of(START);
    for number in 0..200_i64 {
        let time = START.plus(Span::HOUR.times(number / 20));
        let groups = if number % 4 == 0 { json!({ "origin": "a" }) } else { json!({}) };
        let data =
            json!({ "case_id": format!("c{number}"), "profile": "p", "selected": number % 4 == 0, "groups": groups });
        let (changes, finals) = join(&mut ledger, &event("selection", &format!("s{number}"), time, &data), false);
        changes.iter().for_each(|change| windows.apply(change, &ledger.attributes));
        finals.iter().for_each(|step| cohorts.stage_step(&mut windows, step, &ledger.attributes));
    }
    let mut released = Released::default();
    for hour in first..first + 14 {
        cohorts.settle(hour, |feed, cohort: &Cohort| {
            let (of, group) = [(&mut released.origin, Slot(0)), (&mut released.everyone, Slot::EVERYONE)]
                .into_iter()
                .nth(feed)
                .unwrap();
            of.push((cohort.start, cohort.counts(Channel::Profile, group, None)));
        });
    }
    let expected: Vec<(i32, Counts)> =
        (0..10).map(|hour| (first + hour, Counts { assessed: 20, selected: 5, ..Counts::default() })).collect();
    assert_eq!(released.everyone, expected);
    assert_eq!(released.origin, [], "most of the cases may still get their group");
    // What comes for a released hour is late for everyone, and is told of groups alone.
    let late = join(
        &mut ledger,
        &event("selection", "late", START, &json!({ "case_id": "late", "profile": "p", "selected": true })),
        false,
    );
    late.0.iter().for_each(|change| windows.apply(change, &ledger.attributes));
    let change = late.0[0];
    cohorts.count_case_missing(&mut windows, &change, true, &ledger.attributes);
    let key = CellKey {
        profile: ProfileId(0),
        channel: Channel::Profile,
        dimension: DimensionId::EVERYONE,
        group: Slot::EVERYONE,
        stratum: None,
    };
    let place = windows.place_of(&key).unwrap();
    assert_eq!(cohorts.late_in(place, Maturity::Over, ALL), Cases { all: 1, picked: 1 });
    assert!(cohorts.late().all(|(key, _)| key.dimension != DimensionId::EVERYONE));
}

/// The batches of the other tests have as many partitions.
#[test]
fn records_of_all_partitions_reach_everyone() {
    let plan = counting(&plans()[0]);
    let records: Vec<Given> = (0..PARTITIONS)
        .map(|partition| {
            let data = json!({ "case_id": format!("c{partition}"), "profile": "a", "selected": false });
            Given { partition, ..Given::of(event("selection", &format!("s{partition}"), START, &data).to_string()) }
        })
        .collect();
    let pair = fed(&plan, &records);
    assert_eq!(check(&pair.batched, true), u64::from(PARTITIONS));
}
