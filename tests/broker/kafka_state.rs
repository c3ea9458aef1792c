//! Counted exactly once on real Apache Kafka: the daemon is killed at random moments, replaced, and its topic taken away. Run by `tests/run`.
//!
//! `PARITYWATCH_KILLS=500 PARITYWATCH_KILL_SEED=N` repeats a run or makes a longer one; so do `PARITYWATCH_TAKEOVERS` and
//! `PARITYWATCH_BROKER_RESTARTS` for the tests named so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use support::effort::number;
use support::kafka::{Broker, Record};
use support::process::{Daemon, http_get, random_u64, try_wait_until, wait_until};
use support::receiver::{Behaviour, FakeReceiver, Request};
use support::setup::{DEAD_LETTERS, START_MS, Setup, accepted, binary, read, replay, sample, selection};

const LIMIT: Duration = Duration::from_secs(120);
const LONG_LIMIT: Duration = Duration::from_secs(600);
/// Two checkpoints are due in so long.
const STANDSTILL: Duration = Duration::from_secs(2);
const KILLS: u64 = 20;
const TAKEOVERS: u64 = 10;
const BROKER_RESTARTS: u64 = 5;

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn killed_at_random_moments_it_counts_every_event_once() {
    let kills = number("PARITYWATCH_KILLS").unwrap_or(KILLS);
    let seed = number("PARITYWATCH_KILL_SEED").unwrap_or_else(random_u64);
    let events = 25_000 * kills;
    println!("{kills} kills, seed {seed}, {events} events");
    let mut broker = Broker::start();
    broker.create_topic("events", 3);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "10s");
    let (expected, mut producer) = stream(&setup, &broker, events);

    let mut state = seed;
    let mut random = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut counted = 0.0;
    for kill in 0..kills {
        let mut daemon = setup.start();
        // Nothing that a checkpoint held is counted again or lost, and it goes on from there: by random many events, or not at all.
        let target = counted + f64::from(u32::try_from(random(45_000)).unwrap());
        let page = daemon.wait_until(LIMIT, "progress", || {
            let page = http_get(&setup.url("/metrics")).ok()?.text();
            let all = accepted(&page) >= as_float(&expected["events"]["accepted"]);
            (accepted(&page) >= target || all || random(40) == 0).then_some(page)
        });
        counted = accepted(&page);
        daemon.kill();
        if kill == kills / 2 {
            broker.restart();
        }
    }
    assert!(producer.wait().unwrap().success());
    let mut daemon = setup.start();
    let evaluation = wait_for_all(&mut daemon, &setup, &expected);
    assert_eq!(evaluation["findings"], expected["findings"], "seed {seed}");
    assert_eq!(evaluation["events"], expected["events"], "seed {seed}");
    // Nothing is left of what only this run knew: a last one reads the state of the one before.
    assert!(daemon.terminate().success());
    let mut daemon = setup.start();
    let again = wait_for_all(&mut daemon, &setup, &expected);
    assert_eq!(again["findings"], expected["findings"], "seed {seed}");
    assert_eq!(again["alerts"], evaluation["alerts"], "seed {seed}");
    assert!(daemon.terminate().success());
}

/// What `replay` makes of a stream, and the process that sends it to the topic.
fn stream(setup: &Setup, broker: &Broker, events: u64) -> (Value, Child) {
    let file = setup.folder.path().join("events.jsonl");
    let generate = |to: &str| {
        let mut command = Command::new(binary());
        let events = events.to_string();
        command.args(["generate", "--scenario", "skewed-selection", "--events", &events, "--seed", "3", "--to", to]);
        command
    };
    assert!(generate(file.to_str().unwrap()).status().unwrap().success());
    let expected = replay(setup, &file);
    (expected, generate(&format!("kafka://{}/events", broker.bootstrap())).spawn().unwrap())
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn one_daemon_at_a_time_writes_the_state_however_often_another_takes_over() {
    let rounds = number("PARITYWATCH_TAKEOVERS").unwrap_or(TAKEOVERS);
    let broker = Broker::start();
    broker.create_topic("events", 3);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "10s");
    let (expected, mut producer) = stream(&setup, &broker, 20_000 * rounds);
    let mut first = setup.start();
    first.wait_for_stderr("the state was read", LIMIT);
    for round in 0..rounds {
        let mut second = setup.start();
        second.wait_for_stderr("another daemon uses this state", LIMIT);
        stand_still(&mut first);
        // A daemon that stands still keeps its lock: nobody else writes.
        let written = sequence(&setup);
        std::thread::sleep(STANDSTILL);
        assert_eq!(sequence(&setup), written, "round {round}");
        assert!(second.exited().is_none() && !second.stderr().contains("the state was read"), "round {round}");
        if round % 2 == 0 {
            // It wakes up, and goes on as the one that writes.
            first.signal(Signal::CONT);
            first.wait_until(LIMIT, "another checkpoint", || (sequence(&setup) > written).then_some(()));
            assert!(!second.stderr().contains("the state was read"), "round {round}");
        }
        first.kill();
        second.wait_for_stderr("the state was read", LIMIT);
        first = second;
    }
    assert!(producer.wait().unwrap().success());
    let evaluation = wait_for_all(&mut first, &setup, &expected);
    assert_eq!(evaluation["findings"], expected["findings"]);
    assert_eq!(evaluation["events"], expected["events"]);
    assert!(first.terminate().success());
}

/// The letter for it of the kernel.
fn state_of(daemon: &Daemon) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.id())).unwrap();
    stat.rsplit_once(')').unwrap().1.trim().chars().next().unwrap()
}

/// The number of the checkpoint on the disk.
fn sequence(setup: &Setup) -> u64 {
    let Ok(bytes) = std::fs::read(setup.folder.path().join("state/checkpoint")) else { return 0 };
    let (header, _) = paritywatch::checkpoint::read(bytes.as_slice()).unwrap();
    header.sequence
}

/// Checkpoints are far apart, so nothing but the token in the folder can tell the first daemon.
#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_daemon_whose_lock_was_lost_ends_writes_nothing_and_tells_nobody() {
    let broker = Broker::start();
    broker.create_topic("events", 2);
    broker.create_topic(DEAD_LETTERS, 1);
    let receivers = [(); 2].map(|()| FakeReceiver::start(Behaviour::Answer(200)));
    let setup = Setup::new(&broker, "1s");
    let text = std::fs::read_to_string(&setup.config).unwrap();
    let text = text.replace(r#"checkpoint_every = "1s""#, r#"checkpoint_every = "1h""#);
    std::fs::write(&setup.config, format!("{text}{}", told(receivers[0].port))).unwrap();
    let other = Setup::beside(&setup);
    std::fs::write(
        &other.config,
        std::fs::read_to_string(&other.config).unwrap().replace(&told(receivers[0].port), &told(receivers[1].port)),
    )
    .unwrap();
    broker.produce("events", &of_group("dutch", 0..1_000, 10));
    broker.produce("events", &of_group("non_european", 1_000..2_000, 5));
    let mut first = setup.start();
    let of = |receiver: &FakeReceiver, group: &str| {
        let path = |path: &str| {
            let of = |request: &&Request| request.line.contains(path) && request.body.contains(group);
            receiver.taken().iter().filter(of).count()
        };
        (path("/hook"), path("/api/v2/alerts"))
    };
    first.wait_until(LIMIT, "what fires, told again", || (of(&receivers[0], "non_european").1 > 1).then_some(()));
    stand_still(&mut first);
    // As a file system does that gives the lock of a machine away from which it hears nothing any more.
    let state = setup.folder.path().join("state");
    std::fs::remove_file(state.join("lock")).unwrap();
    let mut second = other.start();
    broker.produce("events", &of_group("european", 2_000..3_000, 5));
    second.wait_until(LIMIT, "what the first has not told", || (of(&receivers[1], "\"european\"").0 > 0).then_some(()));

    // While the second stands still, too, everything that happens is the first's doing. It would have much to write and to tell.
    stand_still(&mut second);
    let (before, heard) = (files(&state), of(&receivers[0], "non_european"));
    first.signal(Signal::CONT);
    let status = first.wait_for_exit(LIMIT);
    assert_eq!(status.code(), Some(74), "{}", first.stderr());
    let why = format!("found the token of process {} on", second.id());
    assert!(
        first.stderr().contains(&why) && first.stderr().contains("another daemon uses the state"),
        "{}",
        first.stderr()
    );
    assert!(files(&state) == before, "{:?} {:?}", names(&before), names(&files(&state)));
    assert_eq!(of(&receivers[0], "\"european\""), (0, 0));
    let now = of(&receivers[0], "non_european");
    // One request may have been under way when it was stopped.
    assert!(now.0 == heard.0 && now.1 <= heard.1 + 1, "{heard:?} {now:?}");

    // The other one has not noticed.
    second.signal(Signal::CONT);
    broker.produce("events", &of_group("dutch", 3_000..3_100, 10));
    second.wait_for_http(&other.url("/metrics"), |response| read(&response.text()) == 3_100.0, LIMIT);
    assert!(second.terminate().success());

    // Nor does one go on that has nothing to write and nobody to tell.
    let (without_rules, _) = text.split_once("[[rules]]").unwrap();
    let shown =
        "[[rules]]\nname = \"shown\"\nindicator = \"selection_rate\"\nreference = \"overall\"\nevidence = \"point\"\n";
    std::fs::write(&setup.config, format!("{without_rules}{shown}")).unwrap();
    let mut idle = setup.start();
    idle.wait_for_http(&setup.url("/-/ready"), |response| response.status == 200, LIMIT);
    let _claim = paritywatch::checkpoint::Owner::claim(&state).unwrap();
    assert_eq!(idle.wait_for_exit(LIMIT).code(), Some(74), "{}", idle.stderr());
    counted_and_stopped(&setup, 3_100.0);
}

/// A rule by numbers alone that fires at once, and who is told.
fn told(port: u16) -> String {
    format!(
        r#"
[[rules]]
name = "picked"
indicator = "selection_rate"
reference = "dutch"
windows = ["7d"]
warning = 1.1
critical = 1.25
evidence = "point"
[alerting]
webhooks = ["http://127.0.0.1:{port}/hook"]
alertmanagers = ["http://127.0.0.1:{port}"]
resend_every = "1s"
"#
    )
}

/// Selections of a group, of which one in `every` is picked.
fn of_group(group: &str, numbers: std::ops::Range<u64>, every: u64) -> Vec<Record> {
    let record = |number: u64| {
        let event = selection(number, number.is_multiple_of(every)).replace("dutch", group);
        Record::new(format!("c{number}"), event).at_ms(START_MS)
    };
    numbers.map(record).collect()
}

fn stand_still(daemon: &mut Daemon) {
    daemon.signal(Signal::STOP);
    wait_until(LIMIT, "a stopped process", || (state_of(daemon) == 'T').then_some(()));
}

/// Everything in the folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let content = |path: std::path::PathBuf| {
        if path.is_dir() { files(&path) } else { vec![(path.display().to_string(), std::fs::read(&path).unwrap())] }
    };
    let mut files: Vec<_> = entries.flat_map(content).collect();
    files.sort();
    files
}

fn names(files: &[(String, Vec<u8>)]) -> Vec<(&str, usize)> {
    files.iter().map(|(name, bytes)| (name.as_str(), bytes.len())).collect()
}

/// The last record counted is larger than an event may be, before or after the limit was changed: it is the same record all the same.
#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_limit_on_events_that_is_changed_makes_no_topic_another() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    let text = std::fs::read_to_string(&setup.config).unwrap();
    let limit =
        |bytes: u32| std::fs::write(&setup.config, format!("{text}[limits]\nmessage_bytes = {bytes}\n")).unwrap();
    // Raised over it, lowered over it, lowered further, raised again.
    for (round, bytes) in (0..).zip([2_000, 65_536, 1_500, 1_000, 2_500]) {
        limit(bytes);
        broker.produce("events", &records(round..round + 1));
        let mut daemon = setup.start();
        let counted = |page: &str| {
            assert_eq!(sample(page, "paritywatch_consumer_fault"), Some(0.0), "round {round}: {page}");
            read(page) == (round + 1) as f64
        };
        daemon.wait_for_http(&setup.url("/metrics"), |response| counted(&response.text()), LIMIT);
        let large = Record::new("large", "x".repeat(3_000)).with_header("name", "y".repeat(3_000)).at_ms(START_MS);
        broker.produce("events", &[large]);
        let refused = |page: &str| {
            let refused = page.lines().filter(|line| line.starts_with("paritywatch_rejected_events_total{"));
            refused.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>() == round + 1
        };
        daemon.wait_for_http(&setup.url("/metrics"), |response| refused(&response.text()), LIMIT);
        assert!(daemon.terminate().success());
        limit(if bytes == 65_536 { 1_500 } else { 65_536 });
        assert_eq!(accept_gap(&setup, "nothing is wrong").0, 65, "round {round}");
    }
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_broker_that_is_stopped_and_killed_again_and_again_changes_nothing() {
    let rounds = number("PARITYWATCH_BROKER_RESTARTS").unwrap_or(BROKER_RESTARTS);
    let mut broker = Broker::start();
    broker.create_topic("events", 3);
    broker.create_topic(DEAD_LETTERS, 1);
    // No partition may idle while the broker is away, however long that takes.
    let setup = Setup::new(&broker, "1h");
    let events = 30_000 * rounds;
    let (expected, mut producer) = stream(&setup, &broker, events);
    let mut daemon = setup.start();
    for round in 0..rounds {
        let target = as_float(&expected["events"]["accepted"]) * (round as f64 + 0.5) / (rounds as f64 + 1.0);
        daemon.wait_for_http(&setup.url("/metrics"), |response| accepted(&response.text()) >= target, LONG_LIMIT);
        if round % 2 == 0 {
            broker.kill();
        } else {
            broker.stop();
        }
        broker.start_again();
    }
    assert!(producer.wait().unwrap().success());
    let evaluation = || {
        let text = http_get(&setup.url("/api/v1/evaluation")).ok()?.text();
        serde_json::from_str::<Value>(&text).ok()
    };
    let accepted = &expected["events"]["accepted"];
    daemon
        .wait_until(LONG_LIMIT, "all events", || evaluation().filter(|found| found["events"]["accepted"] == *accepted));
    // Now they may, so that the watermark stands at the newest event as it does at the end of a replay.
    let configuration = std::fs::read_to_string(&setup.config).unwrap();
    std::fs::write(&setup.config, configuration.replace(r#"idle_after = "1h""#, r#"idle_after = "1s""#)).unwrap();
    daemon.signal(Signal::HUP);
    let done = || {
        evaluation().filter(|found| found["as_of"] == expected["as_of"] && found["findings"] == expected["findings"])
    };
    let found = daemon.wait_until(LIMIT, "the findings of the replay", done);
    // What the producer sent again because an answer was lost is known by its id.
    println!("{} duplicates", found["events"]["duplicate"]);
    assert_eq!(found["events"]["accepted"], *accepted);
    assert!(daemon.terminate().success());
}

fn as_float(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn wait_for_all(daemon: &mut Daemon, setup: &Setup, expected: &Value) -> Value {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let response = daemon.wait_for_http(
        &setup.url("/api/v1/evaluation"),
        |response| {
            let evaluation = parsed(&response.text());
            evaluation["as_of"] == expected["as_of"]
                && evaluation["events"] == expected["events"]
                && !evaluation["findings"].as_array().unwrap().is_empty()
        },
        LONG_LIMIT,
    );
    parsed(&response.text())
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_second_daemon_waits_and_takes_over_with_the_same_counts() {
    let broker = Broker::start();
    broker.create_topic("events", 2);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    broker.produce("events", &records(0..500));
    let mut first = setup.start();
    first.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == 500.0, LIMIT);
    let mut second = setup.start();
    second.wait_for_stderr("another daemon uses this state", LIMIT);
    broker.produce("events", &records(500..800));
    first.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == 800.0, LIMIT);
    first.kill();
    second.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == 800.0, LIMIT);
    broker.produce("events", &records(700..900));
    let page = second.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == 900.0, LIMIT).text();
    assert_eq!(sample(&page, r#"paritywatch_events_total{result="duplicate",type="selection"}"#), Some(100.0));
    assert!(second.terminate().success());
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_topic_made_anew_and_a_gap_are_told_and_never_passed_over() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    broker.produce("events", &records(0..300));
    counted_and_stopped(&setup, 300.0);

    // Records expire before they are read.
    broker.produce("events", &records(300..400));
    broker.delete_records("events", 0, 350);
    let problem = faulty(&setup, 300.0);
    assert!(problem.contains("50 offsets are gone"), "{problem}");
    // Until somebody says so, with a reason; not while a daemon runs.
    let mut daemon = setup.start();
    daemon.wait_for_http(&setup.url("/-/healthy"), |response| response.status == 200, LIMIT);
    assert_eq!(accept_gap(&setup, "expired").0, 74);
    assert!(daemon.terminate().success());
    assert_eq!(accept_gap(&setup, " ").0, 64);
    let (code, told) = accept_gap(&setup, "the broker's disk was lost");
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("offset 300 was to be read next") && told.contains("disk was lost"), "{told}");
    counted_and_stopped(&setup, 350.0);
    // Nothing is wrong any more: to begin anew would count everything twice.
    assert_eq!(accept_gap(&setup, "once more").0, 65);
    counted_and_stopped(&setup, 350.0);

    // Another log under the same name, longer than what was read of the first one.
    broker.delete_topic("events");
    try_wait_until(LIMIT, || {
        broker.create_topic("events", 1);
        Some(())
    });
    broker.produce("events", &records(1_000..1_500));
    let problem = faulty(&setup, 350.0);
    assert!(problem.contains("made anew"), "{problem}");
    assert_eq!(accept_gap(&setup, "the topic was deleted by mistake").0, 0);
    counted_and_stopped(&setup, 850.0);
}

/// The command's exit code and what it printed.
pub fn accept_gap(setup: &Setup, reason: &str) -> (i32, String) {
    let arguments = ["accept-gap", "--topic", "events", "--partition", "0", "--reason", reason, "--config"];
    let output = Command::new(binary()).args(arguments).arg(&setup.config).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_reload_changes_the_rules_at_once_and_a_bad_file_changes_nothing() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    broker.produce("events", &records(0..300));
    let mut daemon = setup.start();
    let evaluation = |setup: &Setup| {
        let text = http_get(&setup.url("/api/v1/evaluation")).ok()?.text();
        serde_json::from_str::<Value>(&text).ok()
    };
    let has_rule = |evaluation: &Value, name: &str| {
        evaluation["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == name)
    };
    daemon.wait_until(LIMIT, "findings", || evaluation(&setup).filter(|found| has_rule(found, "frequency")));

    let configuration = std::fs::read_to_string(&setup.config).unwrap();
    std::fs::write(&setup.config, configuration.replace("warning = 1.1", r#"warning = "much""#)).unwrap();
    daemon.signal(Signal::HUP);
    let refused = r#"paritywatch_config_reloads_total{result="refused"}"#;
    let page = daemon
        .wait_for_http(&setup.url("/metrics"), |response| sample(&response.text(), refused) == Some(1.0), LIMIT)
        .text();
    assert_eq!(sample(&page, "paritywatch_config_last_reload_successful"), Some(0.0));
    assert!(has_rule(&evaluation(&setup).unwrap(), "frequency"));

    std::fs::write(&setup.config, configuration.replace(r#"name = "frequency""#, r#"name = "renamed""#)).unwrap();
    daemon.signal(Signal::HUP);
    let found =
        daemon.wait_until(LIMIT, "the new rule", || evaluation(&setup).filter(|found| has_rule(found, "renamed")));
    assert!(!has_rule(&found, "frequency"));
    assert_eq!(found["events"]["accepted"], 300, "nothing is counted again");
    assert!(
        found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["group_counts"]["exposed"] == 300 || finding["reference_counts"]["exposed"] == 300)
    );
    assert!(daemon.terminate().success());
}

/// Runs a daemon until it has counted so many.
pub fn counted_and_stopped(setup: &Setup, counted: f64) {
    let mut daemon = setup.start();
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == counted, LIMIT);
    assert!(daemon.terminate().success());
}

/// What a daemon that cannot read on says; it keeps what it has counted.
pub fn faulty(setup: &Setup, counted: f64) -> String {
    let mut daemon = setup.start();
    let page = daemon
        .wait_for_http(
            &setup.url("/metrics"),
            |response| sample(&response.text(), "paritywatch_consumer_fault") == Some(1.0),
            LIMIT,
        )
        .text();
    assert_eq!(read(&page), counted, "{page}");
    let ready = daemon.wait_for_http(&setup.url("/-/ready"), |response| response.status == 503, LIMIT).text();
    assert!(daemon.terminate().success());
    ready
}

pub fn records(numbers: std::ops::Range<u64>) -> Vec<Record> {
    numbers
        .map(|number| Record::new(format!("c{number}"), selection(number, number % 2 == 0)).at_ms(START_MS))
        .collect()
}
