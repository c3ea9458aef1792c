//! Events that bring everything onto the dashboards: strata, small groups, probabilities, late and bad input.

use std::path::PathBuf;
use std::process::Command;

use crate::support::kafka::{Broker, Record};
use crate::support::process::free_port;
use crate::support::setup::{DEAD_LETTERS, START_MS, binary};

/// Events of each of the two profiles.
const EVENTS: usize = 60_000;
/// Events of the profile of which a new version takes over.
const EVENTS_OF_VERSIONS: usize = 12_000;
/// Events that come first, alone, and later once more.
pub const FIRST: usize = 3_000;
/// Timestamp of the records: no event is ahead of it.
const STORED_MS: i64 = START_MS + 90 * 86_400_000;

/// A daemon's configuration, and its address.
pub struct Setup {
    _folder: tempfile::TempDir,
    /// The configuration file.
    pub config: PathBuf,
    /// `HOST:PORT`
    pub listen: String,
}

impl Setup {
    /// On a broker, whose topics it creates.
    pub fn new(broker: &Broker) -> Self {
        // Kept for a hundred years: a number, and none that the test outlives.
        broker.create_topic_with("events", 3, &[("retention.ms", "3155760000000")]);
        broker.create_topic(DEAD_LETTERS, 1);
        broker.create_topic("paritywatch.alerts", 1);
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("paritywatch.toml");
        let listen = format!("127.0.0.1:{}", free_port());
        let state = folder.path().join("state");
        let own = format!(
            "[kafka]\nbrokers = \"{}\"\ntopics = [\"events\"]\nsecurity_protocol = \"plaintext\"\n[state]\ndir = \"{}\"\ncheckpoint_every = \"1s\"\n[privacy]\nrelease_every = \"1s\"\n[server]\nlisten = \"{listen}\"\n[alerting]\nalertmanagers = [\"http://127.0.0.1:{}\"]\n",
            broker.bootstrap(),
            state.display(),
            // Nothing listens there: that is shown, too.
            free_port()
        );
        std::fs::write(&config, own + RULES).unwrap();
        Self { _folder: folder, config, listen }
    }
}

/// The groups of the dimension.
const GROUPS: [&str; 4] = ["caribbean", "dutch", "european", "non_european"];

/// One rule of each kind, and of each form, that a panel is for.
const RULES: &str = r#"
[window]
rolling = ["7d"]
evaluate_every = "1s"
idle_after = "2s"
# Shorter than the stream: rules of kind coverage count what is older.
cohort_max_age = "1d"
[criteria]
banned = ["ethnicity"]
proxies = ["postcode"]
[profiles.benefits]
owner = "owner@example.org"
[profiles.cub]
owner = "owner@example.org"
[profiles.permits]
owner = "owner@example.org"
[profiles.renewed]
owner = "owner@example.org"
[dimensions.origin]
ground = "race"
groups = ["caribbean", "dutch", "european", "non_european"]
[[rules]]
name = "selection"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
stratify_by = "office"
min_events = 50
[[rules]]
name = "selection-crude"
indicator = "selection_rate"
reference = "dutch"
warning = 1.1
critical = 1.25
[[rules]]
name = "selection-difference"
indicator = "selection_rate"
measure = "difference"
warning = 0.01
critical = 0.02
[[rules]]
name = "selection-pending"
indicator = "selection_rate"
evidence = "point"
warning = 1.1
critical = 1.25
for = "1h"
[[rules]]
name = "frequency-against-random"
indicator = "control_frequency"
reference = "random"
warning = 1.1
critical = 1.25
[[rules]]
name = "hits"
indicator = "hit_rate"
warning = 0.9
critical = 0.8
[[rules]]
name = "criteria"
kind = "criterion"
[[rules]]
name = "human-decision"
kind = "automation"
[[rules]]
name = "suitable"
kind = "suitability"
[[rules]]
name = "random-sample"
kind = "benchmark"
[[rules]]
name = "outcomes"
kind = "coverage"
[[rules]]
name = "duration"
indicator = "duration"
warning = 1.1
critical = 1.25
[[rules]]
name = "strict"
indicator = "strict_rate"
strict_kinds = ["home_visit"]
warning = 1.1
critical = 1.25
[[rules]]
name = "complaints"
kind = "complaints"
[[rules]]
name = "versions"
kind = "drift"
indicator = "selection_rate"
[[rules]]
name = "changes"
kind = "drift"
compare = "change"
of = "selection-crude"
[[rules]]
name = "feedback"
kind = "drift"
compare = "period"
reference_days = 1
[[rules]]
name = "heard-of"
kind = "silence"
selections = "1d"
random_controls = "1d"
groups = "2d"
"#;

/// The first events of the first profile.
pub fn begin(broker: &Broker) {
    send(broker, &stream("skewed-selection", "cub")[..FIRST]);
}

/// All other events, and the first ones once more. Returns how many records there are now.
pub fn go_on(broker: &Broker) -> usize {
    // The third one says which version picked, and by which criteria; it has as many days, of fewer cases each.
    let streams = [
        stream("skewed-selection", "cub"),
        stream("simpson", "permits"),
        stream_of("new-version", "renewed", EVENTS_OF_VERSIONS),
    ];
    // By time, so that neither profile is late beside the other.
    let mut lines = streams.concat();
    lines.extend(in_time());
    lines.sort_by(|one, other| time(one).cmp(time(other)));
    // Before the last ones: numbers leave when event time goes on.
    let place = lines.len() * 9 / 10;
    lines.splice(place..place, by_hand());
    send(broker, &lines);
    FIRST + lines.len()
}

/// What evidence reads, which passes over late events: how cases were handled, and complaints.
fn in_time() -> Vec<String> {
    // The later ones are not sealed yet: where a part has nobody at all, what is told beside it is withheld.
    let tallies = [2, 4].into_iter().flat_map(|day| GROUPS.iter().map(move |group| tally(group, day)));
    (0..1_200).map(handled_control).chain((0..60).map(complaint)).chain(tallies).collect()
}

/// A small group, probabilities, cases without a group, random controls, and poison: long after their hour, so that they also come late.
fn by_hand() -> Vec<String> {
    let selections = |name: &'static str, count: usize, selected_every: usize, groups: fn(usize) -> String| {
        (0..count).map(move |number| selection(name, number, number.is_multiple_of(selected_every), &groups(number)))
    };
    let small = selections("small", 90, 4, |_| r#","groups":{"origin":"caribbean"}"#.to_owned());
    let late = selections("late", 60, 5, |_| r#","groups":{"origin":"dutch"}"#.to_owned());
    let apart = selections("none", 40, 5, |_| String::new());
    let probable = selections("probable", 4_000, 7, |number| {
        let share = 5 + number % 90;
        let rest = 95 - share;
        let groups = format!(r#","groups":{{"origin":{{"non_european":0.{share:02},"dutch":0.{rest:02}}}}}"#);
        groups + r#","decided_by":"automated","criteria":["postcode"]"#
    });
    let random =
        (0..120).map(|number| random_control(number, if number % 4 == 0 { "violation" } else { "no_violation" }));
    let measures = ["suspended", "adjusted"].into_iter().map(measure);
    let poison = (0..5).map(|_| "not json".to_owned());
    small.chain(late).chain(apart).chain(probable).chain(random).chain(measures).chain(poison).collect()
}

fn selection(name: &str, number: usize, selected: bool, groups: &str) -> String {
    let office = ["north", "south"][number % 2];
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/test","id":"{name}-{number}","time":"2026-01-02T00:00:00Z","data":{{"case_id":"{name}-{number}","profile":"cub","selected":{selected}{groups},"strata":{{"office":"{office}"}}}}}}"#
    )
}

/// A control of the random sample, whose selection nobody sends.
fn random_control(number: usize, outcome: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.control.v1","source":"/test","id":"random-{number}","time":"2026-01-02T00:00:00Z","data":{{"case_id":"random-{number}","profile":"permits","channel":"random","outcome":"{outcome}","groups":{{"origin":"dutch"}}}}}}"#
    )
}

/// A control that says how the case was handled, whose selection nobody sends.
fn handled_control(number: usize) -> String {
    let group = GROUPS[number % GROUPS.len()];
    let minutes = if number.is_multiple_of(2) { 30 + number % 50 } else { 60 + number % 50 };
    let kind = if number % 8 < 4 { "home_visit" } else { "letter" };
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.control.v1","source":"/test","id":"handled-{number}","time":"2026-01-02T00:00:00Z","data":{{"case_id":"handled-{number}","profile":"benefits","performed":true,"kind":"{kind}","duration_minutes":{minutes},"groups":{{"origin":"{group}"}}}}}}"#
    )
}

fn complaint(number: usize) -> String {
    let group = if number.is_multiple_of(3) { "dutch" } else { "european" };
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.complaint.v1","source":"/test","id":"complaint-{number}","time":"2026-01-02T00:00:00Z","data":{{"profile":"permits","groups":{{"origin":"{group}"}}}}}}"#
    )
}

/// A profile of its own, of which nothing is withheld: elsewhere groups take up what others are off, and their complaints are withheld.
fn tally(group: &str, day: u32) -> String {
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.tally.v1","source":"/test","id":"tally-{group}-{day}","time":"2026-01-0{day}T00:00:00Z","data":{{"profile":"benefits","groups":{{"origin":"{group}"}},"counts":{{"assessed":6000,"selected":3000,"controlled":2000,"concluded":1200,"hits":300,"complaints":150}}}}}}"#
    )
}

/// About the profile, or about a rule that is misspelt.
fn measure(kind: &str) -> String {
    let rule = if kind == "adjusted" { r#","rule":"selectoin""# } else { "" };
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.measure.v1","source":"/test","id":"measure-{kind}","time":"2026-01-02T00:00:00Z","data":{{"profile":"permits","measure":"{kind}","reason":"it is looked at","by":"owner"{rule}}}}}"#
    )
}

/// The events of a generated stream, with case ids of their own.
fn stream(scenario: &str, profile: &str) -> Vec<String> {
    stream_of(scenario, profile, EVENTS)
}

fn stream_of(scenario: &str, profile: &str, events: usize) -> Vec<String> {
    let events = events.to_string();
    let output = Command::new(binary())
        .args(["generate", "--scenario", scenario, "--profile", profile, "--ratio", "2", "--events", &events])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.replace("case-", &format!("{profile}-"))).collect()
}

/// The event time as it is written.
fn time(line: &str) -> &str {
    line.split_once(r#""time":""#).unwrap().1.split('"').next().unwrap()
}

fn send(broker: &Broker, lines: &[String]) {
    let key = |line: &str| {
        line.split_once(r#""case_id":""#).map_or("none", |(_, rest)| rest.split('"').next().unwrap()).to_owned()
    };
    let records: Vec<Record> =
        lines.iter().map(|line| Record::new(key(line), line.as_str()).at_ms(STORED_MS)).collect();
    broker.produce("events", &records);
}
