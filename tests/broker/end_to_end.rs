//! From a crossed threshold to the pages of whoever is on call, with the shipped rules and routing: real Apache Kafka, the daemon, a real
//! Prometheus, a real Alertmanager, and a web server that stands for pager and webhook. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::Value;
use support::kafka::{Broker, Record};
use support::monitoring::Prometheus;
use support::process::{Daemon, free_port, try_wait_until};
use support::receiver::{Alertmanager, Behaviour, FakeReceiver};
use support::setup::{DEAD_LETTERS, binary};

/// What the product promises: whoever is on call hears of it within a minute.
const PAGED_WITHIN: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(180);
/// The rule looks back over so many seconds before it takes the daemon for dead (`deploy/prometheus/paritywatch.rules.yml`).
const LOOKS_BACK_SECONDS: u64 = 45;

const FINDING: &str = "ParitywatchDisparity";
const DOWN: &str = "ParitywatchDown";
const WAYS: [&str; 2] = ["push", "rule"];

#[test]
#[ignore = "needs Apache Kafka, Prometheus and Alertmanager: run tests/run"]
fn a_finding_pages_both_ways_outlives_the_daemon_and_resolves_once() {
    let mut stage = Stage::new();
    let mut daemon = stage.start();
    stage.produce("dutch", 2_000, 0.05);
    stage.produce("non_european", 2_000, 0.05);
    daemon.wait_for_http(&stage.url("/-/ready"), |answer| answer.status == 200, LIMIT);
    stage.wait(LIMIT, "the watchdog", |stage| stage.has_told("/watchdog", "ParitywatchWatchdog", "", "firing"));
    assert!(
        stage.pages("/compliance").is_empty() && stage.pages("/webhook").is_empty(),
        "nothing has crossed a threshold"
    );

    // A threshold is crossed.
    stage.produce("non_european", 2_000, 0.25);
    stage.wait(PAGED_WITHIN, "a page of compliance, both ways", |stage| {
        WAYS.into_iter().all(|way| stage.has_told("/compliance", FINDING, way, "firing"))
    });
    assert_eq!(stage.told("/compliance", FINDING).len(), 1, "one notification for both ways");
    assert!(stage.told("/operations", FINDING).is_empty(), "a finding is not for operations");
    let before = stage.findings();
    assert_eq!(before.len(), WAYS.len(), "{before:?}");

    // The daemon dies: both are told, and the finding stands, also when the rule has taken the daemon for dead.
    daemon.kill();
    let killed = seconds_now();
    stage.wait(PAGED_WITHIN, "pages that the daemon is down", |stage| {
        ["/compliance", "/operations"].into_iter().all(|on_call| stage.has_told(on_call, DOWN, "", "firing"))
    });
    let evaluated = format!(
        "timestamp(ALERTS{{alertname=\"{FINDING}\",alertstate=\"firing\"}}) > {}",
        killed + LOOKS_BACK_SECONDS + 15
    );
    stage.wait(LIMIT, "the finding in the rule of a dead daemon", |stage| {
        !stage.prometheus.query(&evaluated).is_empty()
    });
    assert_eq!(stage.findings(), before, "the same alerts");

    // It comes back: the same alert, and no page that it has ended.
    let mut daemon = stage.start();
    stage.wait(LIMIT, "the end of down", |stage| stage.has_told("/operations", DOWN, "", "resolved"));
    daemon.wait_for_http(&stage.url("/-/ready"), |answer| answer.status == 200, LIMIT);
    assert_eq!(stage.findings(), before, "the same alerts");
    assert!(!WAYS.into_iter().any(|way| stage.has_told("/compliance", FINDING, way, "resolved")), "nothing has ended");

    // What was skewed is made up for: one page says so.
    stage.produce("non_european", 60_000, 0.045);
    stage.wait(LIMIT, "a page that it has ended", |stage| !stage.ended("/compliance").is_empty());
    assert!(stage.findings().is_empty(), "{:?}", stage.findings());
    let messages: Vec<Value> = stage.pages("/webhook");
    let ids: BTreeSet<&str> = messages.iter().filter_map(|message| message["alert"]["id"].as_str()).collect();
    assert_eq!(ids.len(), 1, "one alert from the beginning to the end: {messages:?}");
    let ends: BTreeSet<&str> = messages
        .iter()
        .filter(|message| message["transition"]["kind"] == "resolved")
        .filter_map(|message| message["id"].as_str())
        .collect();
    assert_eq!(ends.len(), 1, "{messages:?}");
    assert!(daemon.terminate().success());
    assert_eq!(stage.ended("/compliance").len(), 1, "it ended once");
}

/// Everything around the daemon.
struct Stage {
    broker: Broker,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    on_call: FakeReceiver,
    folder: tempfile::TempDir,
    port: u16,
    sent: u64,
}

impl Stage {
    fn new() -> Self {
        let broker = Broker::start();
        broker.create_topic("events", 1);
        broker.create_topic(DEAD_LETTERS, 1);
        let on_call = FakeReceiver::start(Behaviour::Answer(200));
        let alertmanager = Alertmanager::start_with(&routing(&on_call));
        let port = free_port();
        let prometheus = Prometheus::start(&scraping(port, &alertmanager));
        let stage =
            Self { broker, prometheus, alertmanager, on_call, folder: tempfile::tempdir().unwrap(), port, sent: 0 };
        std::fs::write(stage.config(), stage.settings()).unwrap();
        stage
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("paritywatch.toml")
    }

    /// The defaults, but for what must be said and a rule that fires without blocks of evidence.
    fn settings(&self) -> String {
        format!(
            r#"
[kafka]
brokers = "{brokers}"
topics = ["events"]
security_protocol = "plaintext"
alert_topic = ""
[privacy]
min_cell = 0
reason = "numbers are compared at once"
[state]
dir = "{state}"
[server]
listen = "127.0.0.1:{port}"
[alerting]
alertmanagers = ["{alertmanager}"]
webhooks = ["{webhook}"]
[profiles.cub]
owner = "compliance-oncall@example.org"
[dimensions.origin]
ground = "race"
groups = ["dutch", "non_european"]
[[rules]]
name = "selection-by-origin"
indicator = "selection_rate"
reference = "dutch"
windows = ["24h"]
warning = 1.25
critical = 1.5
evidence = "interval"
action = "Suspend the profile; see the runbook"
"#,
            brokers = self.broker.bootstrap(),
            state = self.folder.path().join("state").display(),
            port = self.port,
            alertmanager = self.alertmanager.url(),
            webhook = self.on_call.url("/webhook"),
        )
    }

    fn start(&self) -> Daemon {
        Daemon::start(binary(), &["run", "--config", self.config().to_str().unwrap()], &[("PARITYWATCH_LOG", "info")])
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Selections of now: so many assessed, and this share of them picked.
    fn produce(&mut self, group: &str, assessed: u64, share: f64) {
        let now = Timestamp::now();
        let picked = |number: u64| ((number + 1) as f64 * share).floor() > (number as f64 * share).floor();
        let records: Vec<Record> = (0..assessed)
            .map(|number| {
                let id = self.sent + number;
                let event = format!(
                    r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/test","id":"e{id}","time":"{now}","data":{{"case_id":"c{id}","profile":"cub","selected":{},"groups":{{"origin":"{group}"}}}}}}"#,
                    picked(number),
                );
                Record::new(format!("c{id}"), event).at_ms(now.as_millisecond())
            })
            .collect();
        self.broker.produce("events", &records);
        self.sent += assessed;
    }

    /// Everything that was posted to a path, oldest first.
    fn pages(&self, path: &str) -> Vec<Value> {
        let line = format!("POST {path} HTTP/1.1");
        self.on_call.taken().iter().filter(|request| request.line == line).map(|request| request.json()).collect()
    }

    /// The notifications of one receiver about alerts of this name.
    fn told(&self, receiver: &str, alert: &str) -> Vec<Value> {
        self.pages(receiver).into_iter().filter(|page| page["groupLabels"]["alertname"] == alert).collect()
    }

    /// Those that a finding has ended altogether.
    fn ended(&self, receiver: &str) -> Vec<Value> {
        self.told(receiver, FINDING).into_iter().filter(|page| page["status"] == "resolved").collect()
    }

    /// Whether a receiver was told that an alert that came this way (any, where empty) has this status.
    fn has_told(&self, receiver: &str, alert: &str, way: &str, status: &str) -> bool {
        self.told(receiver, alert)
            .iter()
            .flat_map(|page| page["alerts"].as_array().unwrap())
            .any(|alert| alert["status"] == status && (way.is_empty() || alert["labels"]["delivery"] == way))
    }

    /// The findings that fire in Alertmanager: by which way, since when, what they are about.
    fn findings(&self) -> BTreeSet<String> {
        let active = self.alertmanager.active();
        let findings = active.iter().filter(|alert| alert["labels"]["alertname"] == FINDING);
        let fires = findings.filter(|alert| alert["status"]["inhibitedBy"].as_array().is_none_or(Vec::is_empty));
        fires
            .map(|alert| format!("{} {} {}", alert["labels"]["delivery"], alert["startsAt"], alert["fingerprint"]))
            .collect()
    }

    #[track_caller]
    fn wait(&self, limit: Duration, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        if try_wait_until(limit, || holds(self).then_some(())).is_none() {
            let on_call: Vec<(String, String)> =
                self.on_call.requests().into_iter().map(|request| (request.line, request.body)).collect();
            panic!(
                "waited {limit:?} in vain for {what}\n--- told: {on_call:#?}\n--- Alertmanager: {:#?}\n--- Prometheus: {}",
                self.alertmanager.active(),
                self.prometheus.log()
            );
        }
    }
}

/// The shipped routing, to this receiver; changes of a group are told after 5 s instead of minutes.
fn routing(on_call: &FakeReceiver) -> String {
    let folder = shipped("alertmanager");
    let text = std::fs::read_to_string(folder.join("alertmanager.yml")).unwrap();
    let templates = folder.join("templates/*.tmpl").display().to_string();
    let text = replaced(&text, "http://localhost:9465", on_call.url("").trim_end_matches('/'));
    let text = replaced(&text, "templates/*.tmpl", &templates);
    let text = replaced(&text, "group_interval: 2m", "group_interval: 5s");
    replaced(&text, "group_interval: 1m", "group_interval: 5s")
}

/// The shipped configuration of Prometheus with the shipped rules, for these addresses.
fn scraping(daemon: u16, alertmanager: &Alertmanager) -> String {
    let folder = shipped("prometheus");
    let text = std::fs::read_to_string(folder.join("prometheus.yml")).unwrap();
    let text = replaced(&text, "localhost:9464", &format!("127.0.0.1:{daemon}"));
    let text = replaced(&text, "localhost:9093", alertmanager.url().trim_start_matches("http://"));
    replaced(&text, "paritywatch.rules.yml", &folder.join("paritywatch.rules.yml").display().to_string())
}

fn shipped(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(folder)
}

/// Fails where there is nothing to replace: then it is not what is shipped that is tried.
#[track_caller]
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in\n{text}");
    text.replace(from, to)
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
