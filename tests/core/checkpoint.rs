//! The state on the disk: what is read back is what was written, what is damaged is refused and left alone, and a disk that fails costs
//! nothing but the checkpoint.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::state;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use paritywatch::alert::{AlertState, ToldSoFar};
use paritywatch::app::{Failure, Keeper};
use paritywatch::checkpoint::{Header, Journal, Owner, Store, read, read_journals, write};
use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{AlertEntries, Clock, FORMAT, Health, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan};
use paritywatch::settings::Settings;
use serde_json::Value;
use state::{
    FREQUENCY, HITS, KEY, NOW, POINT, PROFILES, RANDOM, SEQUENTIAL, checkpoint, config, evaluation, events, feed,
    fresh, header, mixed, parts, plan, transitions, usual,
};

const LIMIT: Duration = Duration::from_secs(60);
const CASES: u64 = 700;

#[test]
fn what_is_read_back_goes_on_as_if_nothing_had_happened() {
    let plan = plan(&usual());
    let lines = events(CASES);
    let mut running = fresh(&plan);
    for part in [0..0, 0..1, 1..300, 300..lines.len() / 2, lines.len() / 2..lines.len()] {
        feed(&mut running, &lines[part.clone()]);
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let written = store.write(&header(&plan), &running.snapshot()).unwrap();
        assert_eq!(written, std::fs::metadata(folder.path().join("checkpoint")).unwrap().len());
        let stored = store.read(plan.clone(), KEY, Clock::Wall).unwrap().unwrap();
        assert_eq!(stored.header, header(&plan));
        let mut restored = stored.monitor;
        assert_eq!(health(&restored), health(&running));
        assert_eq!(evaluation(&mut restored.clone()), evaluation(&mut running.clone()));
        feed(&mut restored, &lines[part.end..]);
        let mut uninterrupted = running.clone();
        feed(&mut uninterrupted, &lines[part.end..]);
        assert_eq!(evaluation(&mut restored), evaluation(&mut uninterrupted));
        assert_eq!(health(&restored), health(&uninterrupted));
        running.handle_tick(NOW);
    }
    let findings = evaluation(&mut running);
    let evidence = findings["findings"].as_array().unwrap().iter().filter(|finding| !finding["evidence"].is_null());
    assert!(evidence.clone().count() > 0 && evidence.clone().any(|finding| finding["evidence"]["blocks"] != 0));
    assert!(!findings["alerts"].as_array().unwrap().is_empty(), "there is nothing to forget");
}

/// Without the sizes of tables: they depend on when a sweep comes by, and nothing else does.
fn health(monitor: &Monitor) -> String {
    // What is counted since the start of the program begins anew.
    let since_start = Health { late_for_evidence: 0, unlisted_ever: Vec::new(), ..monitor.health() };
    format!("{:?}", Health { open_cases: 0, remembered_ids: 0, ..since_start })
}

#[test]
fn an_id_is_forgotten_at_the_same_moment_with_and_without_a_restart() {
    let plan = plan(&usual());
    let mut running = fresh(&plan);
    let tally = |minute: u64, id: u64| {
        let data = r#"{"profile":"b","groups":{"origin":"x"},"counts":{"assessed":1}}"#;
        format!(
            r#"{{"specversion":"1.0","type":"paritywatch.tally.v1","source":"/s","id":"t{id}","time":"{}","data":{data}}}"#,
            state::time(minute)
        ) + [" ", ""][id as usize % 2]
    };
    // Every hour of three weeks, each once more after about as long as an id is remembered.
    for hour in 0..21 * 24 {
        let mut lines = vec![tally(hour * 60, hour)];
        lines.extend(
            (6 * 24..10 * 24).step_by(2).filter_map(|age| hour.checked_sub(age)).map(|hour| tally(hour * 60, hour)),
        );
        let mut restored = restored(&plan, &checkpoint(&plan, &running));
        feed(&mut running, &lines);
        feed(&mut restored, &lines);
        assert_eq!(health(&restored), health(&running), "hour {hour}");
    }
    let events = running.health().events;
    assert!(events.duplicate > 0 && events.accepted > 21 * 24, "{events:?}");
}

#[test]
fn other_horizons_in_a_running_monitor_tell_which_cases_wait_as_after_a_restart() {
    let with = |days: u64| format!("{}[limits]\nnot_selected_horizon = \"{days}d\"\n", usual());
    let event = |kind: &str, day: u64, case: u64, data: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"{kind}{case}","time":"{}","data":{{"case_id":"c{case}"{data}}}}}"#,
            state::time(day * 24 * 60)
        )
    };
    // Membership sent apart five days before the selection: together under one horizon, and alone under the other.
    let pair = |case: u64, day: u64| {
        let apart = event("attributes", day, case, r#","groups":{"origin":"x"}"#);
        [apart, event("selection", day + 5, case, r#","profile":"b","selected":false"#)]
    };
    let cases: Vec<String> = (0..40).flat_map(|case| pair(case, 1)).collect();
    // In both partitions, and enough for a whole round of sweeping.
    let later: Vec<String> = (100..1_300)
        .map(|case| event("selection", 20, case, r#","profile":"b","selected":false"#) + [" ", ""][case as usize % 2])
        .collect();
    for (before, after) in [(9, 2), (2, 9)] {
        let (before, after) = (plan(&with(before)), plan(&with(after)));
        let mut running = fresh(&before);
        feed(&mut running, &cases);
        let mut restored = restored(&after, &checkpoint(&before, &running));
        running.change_plan(after.clone()).unwrap();
        assert_eq!(health(&running), health(&restored));
        assert_eq!(evaluation(&mut running.clone()), evaluation(&mut restored.clone()));
        feed(&mut running, &later);
        feed(&mut restored, &later);
        assert_eq!(health(&running), health(&restored));
        assert_eq!(running.health().waiting_cases, 0);
    }
}

#[test]
fn shorter_horizons_count_what_is_open_as_if_they_had_always_been_so() {
    let with = |days: u64| plan(&format!("{}[limits]\nnot_selected_horizon = \"{days}d\"\n", usual()));
    let apart = |case: u64, at: u64, kind: &str, data: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"{kind}{case}","time":"{}","data":{{"case_id":"c{case}"{data}}}}}"#,
            state::time(at)
        )
    };
    // Membership that came five days after the selection, or before it.
    let case = |case: u64| {
        let (selected, group) = (case.is_multiple_of(3), ["x", "y"][usize::from(case.is_multiple_of(2))]);
        let selection = format!(r#","profile":"d","selected":{selected}"#);
        let (first, then) = if case.is_multiple_of(5) { (7_200, 0) } else { (0, 7_200) };
        [
            (first + case, apart(case, first + case, "selection", &selection)),
            (then + case, apart(case, then + case, "attributes", &format!(r#","groups":{{"origin":"{group}"}}"#))),
        ]
    };
    let mut lines: Vec<(u64, String)> = (0..600).flat_map(case).collect();
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    let (long, short) = (with(9), with(2));
    let mut always = fresh(&short);
    feed(&mut always, &lines);
    let mut running = fresh(&long);
    feed(&mut running, &lines);
    assert_ne!(evaluation(&mut running.clone())["findings"], evaluation(&mut always.clone())["findings"]);
    let mut restored = restored(&short, &checkpoint(&long, &running));
    running.change_plan(short).unwrap();
    // Evidence has read what was sealed, and says what it misses of it.
    let counts = |monitor: &mut Monitor| -> Vec<Value> {
        let evaluation = evaluation(monitor);
        let findings = evaluation["findings"].as_array().unwrap().iter();
        findings.map(|finding| serde_json::json!([place(finding), finding["group_counts"], finding["ratio"]])).collect()
    };
    let expected = counts(&mut always);
    assert!(expected.iter().any(|finding| finding[1]["exposed"].as_u64() > Some(50)), "{expected:?}");
    assert_eq!(counts(&mut running), expected);
    assert_eq!(counts(&mut restored), expected);
}

#[test]
fn a_longer_history_brings_nothing_back_that_was_forgotten() {
    let with = |days: u64| {
        let window = format!("[window]\nhistory = \"{days}d\"\n");
        plan(&usual().replace("[window]\n", &window).replace("\"7d\"]", "\"7d\", \"10d\"]"))
    };
    let event = |kind: &str, day: u64, id: u64, data: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"{kind}{id}","time":"{}","data":{{"case_id":"c{id}"{data}}}}}"#,
            state::time(day * 1_440 + id)
        ) + [" ", ""][id as usize % 2]
    };
    // Picked on the first day, and checked on the ninth: still open when the first day has left the history of ten.
    let selection = r#","profile":"d","selected":true,"groups":{"origin":"x"}"#;
    let mut lines: Vec<String> = (0..60).map(|id| event("selection", 1, id, selection)).collect();
    lines.extend((0..60).map(|id| event("control", 9, id, r#","performed":true"#)));
    lines.extend((100..160).map(|id| event("selection", 14, id, selection)));
    let mut running = fresh(&with(10));
    feed(&mut running, &lines);
    let longer =
        plan(&usual().replace("[window]\n", "[window]\nhistory = \"40d\"\n").replace("\"7d\"]", "\"7d\", \"30d\"]"));
    let mut restored = restored(&longer, &checkpoint(&with(10), &running));
    running.change_plan(longer).unwrap();
    // Half of the old cases change, and the floor of what is kept by the hour moves on.
    let mut lines: Vec<String> = (0..30).map(|id| event("outcome", 15, id, r#","outcome":"violation""#)).collect();
    lines.extend((200..220).map(|id| event("selection", 17, id, selection)));
    for monitor in [&mut running, &mut restored] {
        feed(monitor, &lines);
        let evaluation = evaluation(monitor);
        let of = |window: &str| {
            let findings = evaluation["findings"].as_array().unwrap().iter();
            let about =
                [("window", window), ("rule", "point"), ("profile", "d"), ("channel", "profile"), ("group", "x")];
            let mut of = findings.filter(|finding| about.iter().all(|(key, value)| finding[*key] == **value));
            of.next().unwrap()["group_counts"].clone()
        };
        assert_eq!(of("7d")["exposed"], 80);
        assert_eq!(of("30d"), of("7d"), "what was forgotten is counted again");
    }
}

#[test]
fn evidence_of_a_rule_that_is_added_begins_with_the_first_hour_that_no_event_has_reached() {
    let lines = events(CASES);
    let time = |line: &String| {
        serde_json::from_str::<Value>(line).ok().map(|event| event["time"].as_str().unwrap_or_default().to_owned())
    };
    // In the middle of an hour, whose cases are left out.
    let middle = time(&lines[lines.len() / 2]).unwrap();
    let begin = format!("{}:59:59Z", &middle[..13]);
    let (first, rest): (Vec<String>, Vec<String>) =
        lines.iter().cloned().partition(|line| time(line).is_none_or(|time| time <= middle));
    let case = |line: &String| {
        let event: Value = serde_json::from_str(line).ok()?;
        event["data"]["case_id"].as_str().map(str::to_owned)
    };
    let before: std::collections::BTreeSet<String> =
        lines.iter().filter(|line| time(line).is_none_or(|time| time <= begin)).filter_map(case).collect();
    let new = |line: &&String| match case(line) {
        Some(case) => !before.contains(&case),
        None => time(line).is_none_or(|time| time > begin),
    };
    // What evidence misses comes last: what was there before the rule is none of it.
    let evidence = |monitor: &mut Monitor, with_missing: bool| -> Vec<(String, Value)> {
        let evaluation = evaluation(monitor);
        let findings = evaluation["findings"].as_array().unwrap().iter();
        let findings = findings.filter(|finding| finding["rule"] == "sequential" || finding["rule"] == "hits");
        let missing = with_missing.then(|| ("missing".to_owned(), evaluation["late_evidence"].clone()));
        findings.map(|finding| (place(finding), finding["evidence"].clone())).chain(missing).collect()
    };
    // Alone, and beside rules that have read the same cohorts before.
    let older = [
        SEQUENTIAL.replace("sequential\"", "older\"").replace("stratify_by = \"office\"\n", ""),
        HITS.replace("hits\"", "older-hits\""),
    ];
    for older in [&[][..], &[older[0].as_str(), older[1].as_str()]] {
        let plan_of = |rules: &[&str]| plan(&config(PROFILES, &[&[POINT], older, rules].concat()));
        let (without, with) = (plan_of(&[]), plan_of(&[SEQUENTIAL, HITS]));
        let mut running = fresh(&without);
        feed(&mut running, &first);
        let mut restored = restored(&with, &checkpoint(&without, &running));
        running.change_plan(with.clone()).unwrap();
        // Which hour that was is kept.
        let mut again = self::restored(&with, &checkpoint(&with, &restored));
        let mut of_the_new_alone = fresh(&with);
        feed(&mut of_the_new_alone, &rest.iter().filter(new).cloned().collect::<Vec<_>>());
        let expected = evidence(&mut of_the_new_alone, older.is_empty());
        assert!(expected.iter().any(|(_, evidence)| evidence["blocks"].as_u64() > Some(2)), "{expected:?}");
        for monitor in [&mut running, &mut restored, &mut again] {
            feed(monitor, &rest);
            assert_eq!(evidence(monitor, older.is_empty()), expected);
        }
    }
}

#[test]
fn what_was_late_before_a_rule_asked_for_evidence_is_not_missing_from_it() {
    let event = |kind: &str, minute: u64, case: u64, data: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"{kind}{case}","time":"{}","data":{{"case_id":"c{case}"{data}}}}}"#,
            state::time(minute)
        ) + if kind == "selection" || kind == "outcome" { " " } else { "" }
    };
    let selection = r#","profile":"d","selected":true,"groups":{"origin":"x"}"#;
    let selections = |cases: std::ops::Range<u64>, minute: u64| {
        cases.map(|case| event("selection", minute, case, selection)).collect::<Vec<_>>()
    };
    let late = |monitor: &mut Monitor| {
        evaluation(monitor)["late_evidence"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["cases"].as_u64().unwrap())
            .sum::<u64>()
    };
    let one = |monitor: &mut Monitor, lines: Vec<String>| {
        for line in lines {
            let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
            monitor.handle_record(PartitionIndex(0), &record, NOW);
        }
    };
    let mut monitor = Monitor::new(plan(&config(PROFILES, &[POINT])), KEY, Clock::Wall);
    one(&mut monitor, [selections(0..30, 0), selections(1_000..1_100, 300)].concat());
    one(&mut monitor, (0..30).map(|case| event("control", 240, case, "")).collect());
    monitor.change_plan(plan(&config(PROFILES, &[POINT, FREQUENCY]))).unwrap();
    assert_eq!(late(&mut monitor), 0);
    one(&mut monitor, [selections(100..130, 600), selections(2_000..2_100, 900)].concat());
    one(&mut monitor, (100..130).map(|case| event("control", 840, case, "")).collect());
    assert_eq!(late(&mut monitor), 30);
    // What is told of the first ones now, in time or late, changes nothing.
    one(&mut monitor, (0..15).map(|case| event("outcome", 910, case, r#","outcome":"violation""#)).collect());
    one(&mut monitor, (15..30).map(|case| event("outcome", 700, case, r#","outcome":"violation""#)).collect());
    assert_eq!(late(&mut monitor), 30);
}

#[test]
fn the_same_state_gives_the_same_bytes() {
    let plan = plan(&usual());
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(CASES));
    monitor.handle_tick(NOW);
    let first = monitor.snapshot();
    let second = restored(&plan, &checkpoint(&plan, &monitor)).snapshot();
    let differs =
        first.section(0).unwrap().iter().zip(&second.section(0).unwrap()).position(|(one, other)| one != other);
    assert_eq!(differs, None, "the core");
    for section in 1..SECTIONS {
        // The cases of a shard stand in the order of its tables.
        let sorted = |bytes: Vec<u8>| {
            let mut bytes = bytes;
            bytes.sort_unstable();
            bytes
        };
        assert!(sorted(first.section(section).unwrap()) == sorted(second.section(section).unwrap()), "{section}");
    }
}

#[test]
fn a_file_that_is_cut_off_or_changed_is_refused_and_left_as_it_is() {
    let plan = plan(&usual());
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(40));
    let whole = checkpoint(&plan, &monitor);
    let parts = parts(&whole);
    assert_eq!(parts.len(), 2 + SECTIONS + 1);
    let folder = tempfile::tempdir().unwrap();
    let refused = Refused { store: store(folder.path()), plan: &plan };
    for place in places(&parts, whole.len()) {
        let (name, _) = parts.iter().rev().find(|(_, begin)| *begin <= place).unwrap();
        refused.says(&whole[..place], name, &format!("cut off at {place}"));
        let mut changed = whole.clone();
        changed[place] ^= 1 << (mixed(place as u64) % 8);
        refused.says(&changed, name, &format!("a bit changed at {place}"));
    }
}

/// The beginning, both sides of every part's beginning, its length and its checksum, and places anywhere.
fn places(parts: &[(String, usize)], length: usize) -> Vec<usize> {
    let around = parts.iter().flat_map(|(_, begin)| [-1, 0, 1, 7, 8, 9, 23, 24, 25].map(|step| *begin as i64 + step));
    let anywhere = (0..300).map(|number| (mixed(number) % length as u64) as i64);
    let mut places: Vec<usize> = (0..120)
        .chain(around)
        .chain(anywhere)
        .filter_map(|place| usize::try_from(place).ok())
        .filter(|place| *place < length)
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

struct Refused<'p> {
    store: Store,
    plan: &'p Plan,
}

impl Refused<'_> {
    /// The file is refused, the message names file and part, and the file stays as it is.
    fn says(&self, bytes: &[u8], part: &str, what: &str) {
        let path = self.store.folder().join("checkpoint");
        std::fs::write(&path, bytes).unwrap();
        let Err(error) = self.store.read(self.plan.clone(), KEY, Clock::Wall) else { panic!("{what}: it was read") };
        let message = error.to_string();
        let part = if part == "title" { "expected a paritywatch checkpoint".to_owned() } else { format!(" {part}: ") };
        for expected in [path.to_str().unwrap(), &part, "left as it is"] {
            assert!(message.contains(expected), "{what}: expected {expected:?} in {message:?}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{what}: the file was changed");
    }
}

#[test]
fn what_another_version_key_or_configuration_made_is_refused() {
    let plan = plan(&usual());
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(40));
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let path = folder.path().join("checkpoint");
    let says = |plan: &Plan, key: PseudonymKey, expected: &[&str]| {
        let before = std::fs::read(&path).unwrap();
        let message = store.read(plan.clone(), key, Clock::Wall).err().expect("it was read").to_string();
        for expected in expected.iter().chain(&[path.to_str().unwrap()]) {
            assert!(message.contains(expected), "expected {expected:?} in {message:?}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
    };

    store.write(&header(&plan), &monitor.snapshot()).unwrap();
    says(&plan, PseudonymKey([8; 16]), &["expected the pseudonym key that the state was made with", "left as it is"]);
    for (from, to) in [("\"x\", \"y\", \"other\"", "\"x\", \"z\", \"other\""), ("origin", "descent")] {
        let other = state::plan(&usual().replace(from, to));
        says(&other, KEY, &["the configuration's dimensions are not those of the state", "origin (x, y, other)"]);
    }
    let later = Header { format: FORMAT + 1, written_by: "paritywatch 99".to_owned(), ..header(&plan) };
    store.write(&later, &monitor.snapshot()).unwrap();
    says(
        &plan,
        KEY,
        &[
            &format!("found {} (written by paritywatch 99)", FORMAT + 1),
            &format!("expected a format from 3 to {FORMAT}"),
        ],
    );
    // No released version wrote them.
    for format in [1, 2] {
        let earlier = Header { format, written_by: "paritywatch 0".to_owned(), ..header(&plan) };
        store.write(&earlier, &monitor.snapshot()).unwrap();
        let found = format!("expected a format from 3 to {FORMAT}, found {format} (written by paritywatch 0)");
        says(&plan, KEY, &[&found, "left as it is"]);
    }
    for (name, expected) in [("alerts.journal.9", 1), ("alerts.journal.9.f2", 2), ("alerts.journal.9.f9", 9)] {
        let journal = folder.path().join(name);
        std::fs::write(&journal, "").unwrap();
        let problem = read_journals(folder.path(), 9).unwrap_err().to_string();
        let expected = format!("{}: expected a format from 3 to {FORMAT}, found {expected}", journal.display());
        assert!(problem.starts_with(&expected), "{problem}");
        std::fs::remove_file(journal).unwrap();
    }
}

#[test]
fn profiles_rules_and_strata_may_come_and_go() {
    let more_profiles = format!("[profiles.a]\nowner = \"o\"\n[profiles.c]\nowner = \"o\"\n{PROFILES}");
    let fewer_profiles = PROFILES.replace("[profiles.b]\nowner = \"o\"\n", "");
    let region = SEQUENTIAL.replace("sequential", "regional").replace("office", "region");
    let all = [POINT, SEQUENTIAL, HITS, RANDOM, FREQUENCY];
    for (what, text) in [
        ("profiles added", config(&more_profiles, &all)),
        ("profile removed", config(&fewer_profiles, &all)),
        ("rule added first", config(PROFILES, &[&region, POINT, SEQUENTIAL, HITS, RANDOM, FREQUENCY])),
        ("rules removed", config(PROFILES, &[HITS, RANDOM])),
        ("rules in another order", config(PROFILES, &[FREQUENCY, RANDOM, HITS, SEQUENTIAL, POINT])),
        ("another stratum", config(PROFILES, &[POINT, &region, HITS, RANDOM, FREQUENCY])),
        ("everything", config(&more_profiles, &[&region, RANDOM, SEQUENTIAL])),
    ] {
        assert_goes_on_as_before(what, &plan(&text));
    }
}

#[test]
fn an_open_alert_that_no_rule_watches_any_more_is_left_out() {
    let before = plan(&config(PROFILES, &[POINT]));
    let mut monitor = fresh(&before);
    feed(&mut monitor, &events(CASES));
    monitor.handle_tick(NOW);
    let all = open(&monitor);
    type Watched = fn(&str) -> bool;
    let changes: [(&str, Watched); 3] = [
        ("profiles = [\"b\"]\n", |place| place.starts_with("b ")),
        ("channels = [\"random\"]\n", |place| place.contains(" random ")),
        // Another reference makes it another alert, about whatever group.
        ("reference = \"y\"\n", |_| false),
    ];
    for (change, watched) in changes {
        let now = plan(&config(PROFILES, &[&format!("{POINT}{change}")]));
        let expected: Vec<String> = all.iter().filter(|place| watched(place)).cloned().collect();
        assert!(expected.len() < all.len(), "{change}: {all:?}");
        let mut running = monitor.clone();
        running.change_plan(now.clone()).unwrap();
        assert_eq!(open(&running), expected, "{change}");
        assert_eq!(open(&restored(&now, &checkpoint(&before, &monitor))), expected, "{change}");
    }
}

/// The checkpoint has an alert, and the journal behind it another one about the same: its rule was taken out in between and put in again.
#[test]
fn of_two_open_alerts_about_the_same_the_later_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let without = plan(&config(PROFILES, &[SEQUENTIAL, HITS, RANDOM, FREQUENCY]));
    let (mut keeper, mut monitor) = opened(&settings).unwrap();
    feed(&mut monitor, &events(CASES));
    monitor.handle_tick(NOW);
    let first = ids(&monitor, "point");
    assert!(!first.is_empty());
    keeper.keep_alerts(transitions(&mut monitor).unwrap());
    try_checkpoint(&mut keeper, &monitor);
    assert_eq!(keeper.health().written, 1);
    monitor.change_plan(without).unwrap();
    monitor.handle_tick(EventTime(NOW.0 + 1));
    assert!(transitions(&mut monitor).is_none(), "nothing is journalled when a rule goes");
    monitor.change_plan(settings.plan.clone()).unwrap();
    monitor.handle_tick(EventTime(NOW.0 + 2));
    let second = ids(&monitor, "point");
    assert!(!second.is_empty() && second.iter().all(|id| !first.contains(id)));
    keeper.keep_alerts(transitions(&mut monitor).unwrap());
    // Killed before the next checkpoint.
    drop(keeper);
    let (_, mut monitor) = opened(&settings).unwrap();
    assert_eq!(ids(&monitor, "point"), second);
    // And they are the ones that findings go to.
    monitor.handle_tick(EventTime(NOW.0 + 3));
    assert_eq!(ids(&monitor, "point"), second);
}

/// The end of an alert was told, as its rule was taken out, and the checkpoint still has it; the rule is there again.
#[test]
fn an_alert_whose_end_was_told_does_not_come_back_and_what_holds_begins_anew() {
    let plan = plan(&config(PROFILES, &[POINT]));
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(CASES));
    monitor.handle_tick(NOW);
    let all = ids(&monitor, "point");
    let mut monitor = restored(&plan, &checkpoint(&plan, &monitor));
    let ended = all[0].clone();
    let told = |number| ToldSoFar { number, firing_since: (number == 1).then_some(NOW) };
    monitor.keep_alerts_as_told(|alert| told(if alert == ended { 2 } else { 1 }));
    assert_eq!(ids(&monitor, "point"), all[1..]);
    monitor.handle_tick(EventTime(NOW.0 + 1));
    let now = ids(&monitor, "point");
    assert_eq!(now.len(), all.len());
    assert!(!now.contains(&ended), "under the id that has ended nothing more would be told");
}

/// An alert was told to fire, and the disk has lost that: by it the alert is pending.
#[test]
fn an_alert_that_was_told_to_fire_goes_on_firing_under_its_id() {
    let plan = plan(&config(PROFILES, &[&format!("{POINT}for = \"10m\"\n")]));
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(CASES));
    monitor.handle_tick(NOW);
    let all = ids(&monitor, "point");
    let mut monitor = restored(&plan, &checkpoint(&plan, &monitor));
    let fired_at = EventTime(NOW.0 + 600_000);
    monitor.keep_alerts_as_told(|alert| {
        if alert == all[0] { ToldSoFar { number: 2, firing_since: Some(fired_at) } } else { ToldSoFar::default() }
    });
    monitor.handle_tick(EventTime(NOW.0 + 660_000));
    assert_eq!(ids(&monitor, "point"), all);
    let published = monitor.published();
    let alert = published.alerts().iter().find(|alert| alert.id == all[0]).unwrap();
    assert_eq!((alert.state, alert.fired_at), (AlertState::Firing, Some(fired_at)));
    // What comes next is told: its number was not used up.
    assert!(alert.transitions >= 2, "{}", alert.transitions);
    let other = published.alerts().iter().find(|alert| alert.id == all[1]).unwrap();
    assert_eq!((other.state, other.transitions), (AlertState::Firing, 1));
}

/// Ids of the open alerts of a rule.
fn ids(monitor: &Monitor, rule: &str) -> Vec<String> {
    let published = monitor.published();
    let open = published.alerts().iter().filter(|alert| alert.state.is_open() && alert.evidence.rule == rule);
    open.map(|alert| alert.id.clone()).collect()
}

fn open(monitor: &Monitor) -> Vec<String> {
    let published = monitor.published();
    let open = published.alerts().iter().filter(|alert| alert.state.is_open());
    open.map(|alert| &alert.evidence)
        .map(|finding| format!("{} {} {}", finding.profile, finding.channel, finding.group()))
        .collect()
}

/// Counts and evidence of what is in both plans are those of a monitor whose plan never changed, at once and after going on.
fn assert_goes_on_as_before(what: &str, now: &Plan) {
    let before = plan(&usual());
    let lines = events(CASES);
    let (first, rest) = lines.split_at(lines.len() / 2);
    let mut unchanged = fresh(&before);
    feed(&mut unchanged, first);
    unchanged.handle_tick(NOW);
    let mut changed = restored(now, &checkpoint(&before, &unchanged));
    for part in [&[], rest] {
        feed(&mut unchanged, part);
        feed(&mut changed, part);
        let (old, new) = (evaluation(&mut unchanged), evaluation(&mut changed));
        let mut compared = 0;
        for finding in new["findings"].as_array().unwrap() {
            let same = old["findings"].as_array().unwrap().iter().find(|other| place(other) == place(finding));
            let Some(same) = same else { continue };
            assert_eq!(numbers(finding), numbers(same), "{what}: {}", place(finding));
            compared += 1;
        }
        assert!(compared >= 8, "{what}: only {compared} findings are in both");
    }
}

/// What a finding is about.
fn place(finding: &Value) -> String {
    ["rule", "profile", "channel", "dimension", "group", "window"].map(|key| finding[key].to_string()).join(" ")
}

/// What it says, without what depends on the number of series.
fn numbers(finding: &Value) -> Value {
    let evidence = &finding["evidence"];
    serde_json::json!([
        finding["group_counts"],
        finding["reference_counts"],
        finding["ratio"],
        finding["stratified"],
        evidence["log_e"],
        evidence["log_e_material"],
        evidence["log_sr"],
        evidence["blocks"],
        evidence["dispersion"]
    ])
}

#[test]
fn another_critical_threshold_starts_the_evidence_afresh() {
    let before = plan(&usual());
    let strict = SEQUENTIAL.replace("1.25", "1.3");
    let after = plan(&config(PROFILES, &[POINT, &strict, HITS, RANDOM, FREQUENCY]));
    let mut monitor = fresh(&before);
    feed(&mut monitor, &events(CASES));
    monitor.handle_tick(NOW);
    let (old, new) = (evaluation(&mut monitor), evaluation(&mut restored(&after, &checkpoint(&before, &monitor))));
    let mut fresh_ones = 0;
    for (old, new) in old["findings"].as_array().unwrap().iter().zip(new["findings"].as_array().unwrap()) {
        assert_eq!((place(old), &old["group_counts"]), (place(new), &new["group_counts"]));
        if new["rule"] == "sequential" {
            assert_eq!((&new["evidence"]["blocks"], &new["evidence"]["log_e"]), (&0.into(), &0.0.into()));
            fresh_ones += u64::from(old["evidence"]["blocks"] != 0);
        } else {
            assert_eq!(numbers(old), numbers(new));
        }
    }
    assert!(fresh_ones > 0, "there was no evidence before");
}

#[test]
fn a_checkpoint_that_was_not_finished_is_passed_over() {
    let plan = plan(&usual());
    let mut monitor = fresh(&plan);
    feed(&mut monitor, &events(40));
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    // By a daemon that was killed, of a version with one name for all, and of this one.
    for name in ["checkpoint.new", "checkpoint.0123456789abcdef.new"] {
        let left = folder.path().join(name);
        let longer = vec![b'x'; 4 * checkpoint(&plan, &monitor).len()];
        std::fs::write(&left, longer).unwrap();
        let read = || store.read(plan.clone(), KEY, Clock::Wall).unwrap();
        assert_eq!(read().is_some(), folder.path().join("checkpoint").exists(), "it was taken for a checkpoint");
        store.write(&header(&plan), &monitor.snapshot()).unwrap();
        let length = std::fs::metadata(folder.path().join("checkpoint")).unwrap().len();
        assert_eq!(length, checkpoint(&plan, &monitor).len() as u64);
        assert!(read().is_some());
        store = Store::new(Owner::claim(folder.path()).unwrap());
        assert!(!left.exists());
    }
}

/// Without root. What is written to a device that becomes full is in `checkpoint/store.rs`.
#[test]
fn a_write_that_fails_leaves_the_old_checkpoint_and_the_monitor_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    assert_survives("a folder in its place", folder.path(), |folder| {
        let owner: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("owner")).unwrap()).unwrap();
        let unfinished = format!("checkpoint.{}.new", &owner["token"].as_str().unwrap()[..16]);
        std::fs::create_dir(folder.join(&unfinished)).unwrap();
        Box::new(move |folder| std::fs::remove_dir(folder.join(unfinished)).unwrap())
    });
}

type Repair = Box<dyn FnOnce(&Path)>;

#[test]
fn a_read_only_folder_leaves_the_old_checkpoint_and_the_monitor_goes_on() {
    let Some(disk) = Disk::mount("1m") else { return };
    assert_survives("read-only", &disk.0, |folder| {
        mount(&["-o", "remount,ro", folder.to_str().unwrap()]);
        Box::new(|folder| mount(&["-o", "remount,rw", folder.to_str().unwrap()]))
    });
}

#[test]
fn a_full_disk_leaves_the_old_checkpoint_and_the_monitor_goes_on() {
    let Some(disk) = Disk::mount("1m") else { return };
    assert_survives("full", &disk.0, |folder| {
        fill(&folder.join("ballast"));
        Box::new(|folder| std::fs::remove_file(folder.join("ballast")).unwrap())
    });
}

#[test]
fn a_daemon_starts_on_a_full_disk_and_is_told_from_the_next() {
    let Some(disk) = Disk::mount("64k") else { return };
    let before = Owner::claim(&disk.0).unwrap();
    fill(&disk.0.join("ballast"));
    let full = Owner::claim(&disk.0).unwrap();
    full.check().unwrap();
    before.check().expect("the disk took a token: it was not full");
    std::fs::remove_file(disk.0.join("ballast")).unwrap();
    let next = Owner::claim(&disk.0).unwrap();
    assert!(full.check().is_err() && before.check().is_err());
    next.check().unwrap();
}

/// A checkpoint is written; the disk fails; that is counted, the old checkpoint can be read and the monitor counts on; the disk is
/// repaired, and the next checkpoint is written.
fn assert_survives(what: &str, folder: &Path, fail: impl FnOnce(&Path) -> Repair) {
    let settings = settings(folder);
    let lines = events(300);
    let (first, rest) = lines.split_at(lines.len() / 2);
    let owner = Owner::claim(folder).unwrap();
    let (mut keeper, mut monitor) = Keeper::open(&settings, &owner, &KEY, NOW).unwrap();
    feed(&mut monitor, first);
    try_checkpoint(&mut keeper, &monitor);
    assert_eq!((keeper.health().written, keeper.health().failed), (1, 0), "{what}");
    let old = std::fs::read(folder.join("checkpoint")).unwrap();

    let repair = fail(folder);
    feed(&mut monitor, rest);
    try_checkpoint(&mut keeper, &monitor);
    let health = keeper.health();
    assert_eq!((health.written, health.failed), (1, 1), "{what}");
    assert_eq!(std::fs::read(folder.join("checkpoint")).unwrap(), old, "{what}: the old one was changed");
    let stored = Store::new(owner.clone()).read(settings.plan.clone(), KEY, Clock::Wall).unwrap().unwrap();
    assert!(stored.monitor.health().events.read < monitor.health().events.read, "{what}");
    let mut uninterrupted = Monitor::new(settings.plan.clone(), KEY, Clock::Wall);
    feed(&mut uninterrupted, &lines);
    assert_eq!(evaluation(&mut monitor), evaluation(&mut uninterrupted), "{what}");

    repair(folder);
    try_checkpoint(&mut keeper, &monitor);
    assert_eq!((keeper.health().written, keeper.health().failed), (2, 1), "{what}");
    drop(keeper);
    let (_, mut monitor) = opened(&settings).unwrap();
    assert_eq!(evaluation(&mut monitor), evaluation(&mut uninterrupted), "{what}");
}

/// The state folder of a daemon that has just claimed it.
fn store(folder: &Path) -> Store {
    Store::new(Owner::claim(folder).unwrap())
}

/// The same with a monitor.
fn opened(settings: &Settings) -> Result<(Keeper, Monitor), Failure> {
    Keeper::open(settings, &Owner::claim(&settings.state.dir).unwrap(), &KEY, NOW)
}

/// Asks until one was taken up, and waits for what became of it.
fn try_checkpoint(keeper: &mut Keeper, monitor: &Monitor) {
    let count = |keeper: &Keeper| keeper.health().written + keeper.health().failed;
    let (before, sequence, began) = (count(keeper), keeper.health().stall, Instant::now());
    let mut asked = false;
    while count(keeper) == before {
        if !asked {
            keeper.checkpoint(monitor);
            asked = keeper.health().stall != sequence;
        }
        assert!(began.elapsed() < LIMIT, "no checkpoint in time");
        std::thread::yield_now();
    }
}

#[test]
fn damaged_state_stops_the_start_and_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let path = folder.path().join("checkpoint");
    std::fs::write(&path, "paritywatch checkpoint\nnot really").unwrap();
    let problem = opened(&settings).err().expect("it was opened");
    assert!(matches!(&problem, Failure::Io(text) if text.contains(path.to_str().unwrap())), "{problem}");
    assert_eq!(std::fs::read(&path).unwrap(), b"paritywatch checkpoint\nnot really");
}

#[test]
fn a_journal_entry_cut_off_at_any_byte_is_ignored_and_those_before_it_count() {
    let folder = tempfile::tempdir().unwrap();
    let entries = entries(3);
    let mut journal = Journal::new(folder.path(), 0).unwrap();
    let path = folder.path().join(format!("alerts.journal.1.f{FORMAT}"));
    let mut lengths = Vec::new();
    for entry in &entries {
        journal.write(entry).unwrap();
        lengths.push(usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap());
    }
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let expected = lengths.iter().filter(|length| **length <= cut).count();
        assert_eq!(told(folder.path(), 1), entries[..expected].iter().map(text).collect::<Vec<_>>(), "cut at {cut}");
    }
    // What comes after a crash stands in a file of its own.
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    Journal::new(folder.path(), 0).unwrap().write(&entries[2]).unwrap();
    assert_eq!(told(folder.path(), 1), entries.iter().map(text).collect::<Vec<_>>());
}

#[test]
fn a_journal_damaged_before_whole_entries_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::new(folder.path(), 0).unwrap();
    let path = folder.path().join(format!("alerts.journal.1.f{FORMAT}"));
    let mut lengths = vec![0];
    for entry in &entries(3) {
        journal.write(entry).unwrap();
        lengths.push(usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap());
    }
    let whole = std::fs::read(&path).unwrap();
    // Every byte of the first two: length, checksum, contents. In the last entry it is no more than a torn end.
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, &changed).unwrap();
        let read = read_journals(folder.path(), 1);
        if at < lengths[2] {
            let problem = read.unwrap_err().to_string();
            let entry = lengths.iter().rev().find(|start| **start <= at).unwrap();
            assert!(problem.contains(&format!("{}: the entry at byte {entry}:", path.display())), "{problem}");
            assert!(problem.contains("follows at byte"), "{problem}");
        } else {
            assert_eq!(read.unwrap().len(), 2, "changed at {at}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), changed);
    }
    // Nor does a daemon start on it.
    let mut changed = whole;
    changed[lengths[1] + 30] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    let refused = opened(&settings(folder.path())).map(|_| ()).unwrap_err();
    assert_eq!(refused.exit_code(), 74);
    assert!(refused.to_string().contains("alerts.journal.1"), "{refused}");
}

#[test]
fn transitions_after_a_restart_are_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let (mut keeper, mut monitor) = opened(&settings).unwrap();
    // Several checkpoints without transitions: their journals are never made.
    (0..3).for_each(|_| try_checkpoint(&mut keeper, &monitor));
    keeper.finish(&monitor);
    let (mut keeper, mut after) = opened(&settings).unwrap();
    feed(&mut after, &events(300));
    after.handle_tick(NOW);
    let expected = alerts(&after);
    assert!(!expected.is_empty());
    keeper.keep_alerts(transitions(&mut after).unwrap());
    // Killed before the next checkpoint.
    drop(keeper);
    (_, monitor) = opened(&settings).unwrap();
    assert_eq!(alerts(&monitor), expected);
}

#[test]
fn transitions_after_a_write_that_failed_are_found_again() {
    let Some(disk) = Disk::mount("64k") else { return };
    let entries = entries(2);
    let mut journal = Journal::new(&disk.0, 0).unwrap();
    journal.write(&entries[0]).unwrap();
    fill(&disk.0.join("ballast"));
    while journal.write(&entries[0]).is_ok() {}
    std::fs::remove_file(disk.0.join("ballast")).unwrap();
    journal.write(&entries[1]).unwrap();
    assert_eq!(told(&disk.0, 1).last(), Some(&text(&entries[1])));
}

/// So many changes of alerts, each another one.
fn entries(count: usize) -> Vec<AlertEntries> {
    let mut monitor = fresh(&plan(&usual()));
    let lines = events(CASES);
    let mut now = NOW;
    let mut entries = Vec::new();
    for part in lines.chunks(7) {
        feed(&mut monitor, part);
        now = EventTime(now.0 + 1);
        monitor.handle_tick(now);
        entries.extend(transitions(&mut monitor).map(|changed| changed.entries));
    }
    assert!(entries.len() >= count, "only {} changes", entries.len());
    entries.truncate(count);
    entries
}

fn told(folder: &Path, first: u64) -> Vec<String> {
    read_journals(folder, first).unwrap().iter().map(text).collect()
}

fn text(entries: &AlertEntries) -> String {
    format!("{entries:?}")
}

fn alerts(monitor: &Monitor) -> Vec<String> {
    monitor
        .published()
        .alerts()
        .iter()
        .map(|alert| format!("{} {:?} {:?}", alert.id, alert.state, alert.active_at))
        .collect()
}

fn restored(plan: &Plan, bytes: &[u8]) -> Monitor {
    let (_, mut sections) = read(bytes).unwrap();
    Monitor::restore(plan.clone(), KEY, Clock::Wall, |_| sections.read().ok()).unwrap()
}

fn settings(folder: &Path) -> Settings {
    let text = format!("{}[state]\ndir = \"{}\"\n", usual(), folder.display());
    Settings::parse(&text, "test.toml", std::iter::empty()).unwrap()
}

/// Takes up all that is left.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    while file.write(&[0; 4_096]).is_ok_and(|written| written > 0) {}
}

/// A small disk of its own.
struct Disk(PathBuf, #[expect(dead_code, reason = "goes with it")] tempfile::TempDir);

impl Disk {
    /// `None`, with the reason printed, where nothing may be mounted.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", path.to_str().unwrap()])
            .output();
        match output {
            Ok(output) if output.status.success() => Some(Self(path, folder)),
            problem => {
                println!("not tested: a disk cannot be mounted, which takes root: {problem:?}");
                None
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a test that failed may still have files open there.
        let _ = Command::new("umount").args(["-l", self.0.to_str().unwrap()]).status();
    }
}

fn mount(arguments: &[&str]) {
    assert!(Command::new("mount").args(arguments).status().unwrap().success());
}

#[test]
fn a_section_too_many_or_too_few_is_refused() {
    let plan = plan(&usual());
    let mut bytes = Vec::new();
    write(&header(&plan), &fresh(&plan).snapshot(), &mut bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let refused = Refused { store: store(folder.path()), plan: &plan };
    let (_, last) = parts(&bytes)[SECTIONS + 1].clone();
    refused.says(&bytes[..last], &format!("section {}", SECTIONS - 1), "one too few");
    bytes.push(0);
    refused.says(&bytes, "end", "one byte too many");
}
