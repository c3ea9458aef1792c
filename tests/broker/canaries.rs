//! Marked data through the whole daemon on real Apache Kafka, with everything logged: it is in no log, metric, page, answer, alert, dead letter or
//! message, and in no file of the state but where it says so. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::Path;
use std::time::Duration;

use crate::support::canaries::{PUBLISHED, Search, stream};
use crate::support::kafka::Broker;
use crate::support::process::http_get;
use crate::support::receiver::{Behaviour, FakeReceiver};
use crate::support::setup::{DEAD_LETTERS, Setup, alerts_in};

const LIMIT: Duration = Duration::from_secs(120);
const ALERTS: &str = "paritywatch.alerts";
const PAGES: [&str; 6] =
    ["/?lang=en", "/?lang=nl", "/metrics", "/api/v1/evaluation", "/api/v1/alerts", "/api/v1/health"];

/// A rule that raises an alert by numbers alone.
const RULE: &str = r#"
[[rules]]
name = "picked"
indicator = "selection_rate"
reference = "dutch"
windows = ["7d"]
warning = 1.1
critical = 1.25
evidence = "point"
"#;

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn marked_data_leaves_the_daemon_nowhere() {
    let broker = Broker::start();
    for topic in ["events", DEAD_LETTERS, ALERTS] {
        broker.create_topic(topic, 1);
    }
    let (alertmanager, webhook) =
        (FakeReceiver::start(Behaviour::Answer(200)), FakeReceiver::start(Behaviour::Answer(204)));
    let setup = Setup::new(&broker, "1s");
    let text = std::fs::read_to_string(&setup.config).unwrap().replace("min_cell = 0", "min_cell = 10");
    let alerting = format!(
        "[alerting]\nalertmanagers = [\"{}\"]\nwebhooks = [\"{}\"]\n",
        alertmanager.url(""),
        webhook.url("/hook")
    );
    std::fs::write(&setup.config, text.replacen("[[rules]]", &format!("{alerting}[[rules]]"), 1) + RULE).unwrap();
    let records = stream();
    broker.produce("events", &records);

    let search = Search::published();
    let mut daemon = setup.start_with(&[("PARITYWATCH_LOG", "trace"), ("RUST_BACKTRACE", "full")]);
    daemon.wait_until(LIMIT, "all records", || {
        let page = http_get(&setup.url("/metrics")).ok()?.text();
        let lines = page.lines().filter(|line| line.starts_with("paritywatch_events_total{"));
        let read: f64 = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum();
        // Those that were accepted are told in steps.
        (read + 100.0 >= f64::from(u32::try_from(records.len()).unwrap())).then_some(())
    });
    daemon.wait_until(LIMIT, "alerts everywhere", || {
        let told = !webhook.taken().is_empty() && !alertmanager.taken().is_empty();
        (told && !alerts_in(broker.read_all(ALERTS)).is_empty()).then_some(())
    });
    for path in PAGES {
        search.check(path, http_get(&setup.url(path)).unwrap().text().as_bytes());
    }
    let evaluation = http_get(&setup.url("/api/v1/evaluation")).unwrap().text();
    for (word, why) in PUBLISHED {
        assert!(evaluation.contains(word), "{word} is to be seen: {why}");
    }
    assert!(daemon.terminate().success());

    let letters = broker.read_all(DEAD_LETTERS);
    assert!(letters.len() > 40, "{}", letters.len());
    for record in letters.iter().chain(&broker.read_all(ALERTS)) {
        search.check("a record that the daemon wrote", format!("{record:?}").as_bytes());
        search.check("its payload", record.payload.as_deref().unwrap_or_default());
        for (name, value) in &record.headers {
            search.check(name, value.as_deref().unwrap_or_default());
        }
    }
    for request in webhook.requests().iter().chain(&alertmanager.requests()) {
        search.check("a request", format!("{request:?}").as_bytes());
        search.check("its body", request.body.as_bytes());
    }
    search.check("standard output", daemon.stdout().as_bytes());
    assert!(daemon.stderr().contains("\"level\""), "there is a log");
    search.check("the log", daemon.stderr().as_bytes());
    check_files(&setup.folder.path().join("state"));
}

/// The audit log: what is published, and nothing else.
fn check_published(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_published(&path);
        } else {
            Search::published().check(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}

/// Every file of the state.
fn check_files(folder: &Path) {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            check_published(&path);
            names.push(name);
            continue;
        }
        // What receivers are told is published.
        let search = if name.starts_with("checkpoint") { Search::state() } else { Search::published() };
        search.check(&name, &std::fs::read(&path).unwrap());
        names.push(name);
    }
    for expected in ["checkpoint", "pseudonym.key", "audit"] {
        assert!(names.iter().any(|name| name == expected), "{names:?}");
    }
}
