//! A daemon's configuration and state folder for the tests on real Kafka, and what they ask of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::kafka::{Broker, ReadRecord};
use super::process::{Daemon, free_port};

/// Where bad input goes.
pub const DEAD_LETTERS: &str = "paritywatch.dead-letter";

/// A configuration file, a state folder and an address.
pub struct Setup {
    /// Goes with it.
    pub folder: tempfile::TempDir,
    /// The configuration file.
    pub config: PathBuf,
    url: String,
}

impl Setup {
    /// With one topic, `events`.
    pub fn new(broker: &Broker, idle_after: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("paritywatch.toml");
        let port = free_port();
        let text = format!(
            r#"
[kafka]
brokers = "{brokers}"
topics = ["events"]
security_protocol = "plaintext"
[window]
rolling = ["7d", "30d"]
evaluate_every = "1s"
idle_after = "{idle_after}"
allowed_lateness = "10m"
max_ahead = "3650d"
[privacy]
min_cell = 0
reason = "numbers are compared at once"
[state]
dir = "{state}"
checkpoint_every = "1s"
[server]
listen = "127.0.0.1:{port}"
[profiles.cub]
owner = "owner@example.org"
[dimensions.origin]
ground = "race"
groups = ["dutch", "european", "non_european"]
[[rules]]
name = "selection"
indicator = "selection_rate"
reference = "dutch"
warning = 1.1
critical = 1.25
evidence = "interval"
stratify_by = "office"
[[rules]]
name = "frequency"
indicator = "control_frequency"
warning = 1.1
critical = 1.25
evidence = "interval"
[[rules]]
name = "sequential"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
stratify_by = "office"
[[rules]]
name = "sequential-frequency"
indicator = "control_frequency"
reference = "dutch"
warning = 1.1
critical = 1.25
[[rules]]
name = "coverage"
indicator = "outcome_coverage"
warning = 0.9
critical = 0.8
evidence = "interval"
"#,
            brokers = broker.bootstrap(),
            state = folder.path().join("state").display(),
        );
        std::fs::write(&config, text).unwrap();
        Self { folder, config, url: format!("http://127.0.0.1:{port}") }
    }

    /// The same state and input for a second daemon at an address of its own.
    pub fn beside(first: &Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("paritywatch.toml");
        let (url, text) =
            (format!("http://127.0.0.1:{}", free_port()), std::fs::read_to_string(&first.config).unwrap());
        let address = |url: &str| url.strip_prefix("http://").unwrap().to_owned();
        std::fs::write(&config, text.replace(&address(&first.url), &address(&url))).unwrap();
        Self { folder, config, url }
    }

    /// Starts a daemon.
    pub fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// Starts a daemon with more variables in its environment.
    pub fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        let variables = [&[("PARITYWATCH_LOG", "info")], variables].concat();
        Daemon::start(binary(), &["run", "--config", self.config.to_str().unwrap()], &variables)
    }

    /// An address of the daemon.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

/// The records of the alert topic that are about alerts: without checkpoints of the audit log.
pub fn alerts_in(records: Vec<ReadRecord>) -> Vec<ReadRecord> {
    let is_alert = |record: &ReadRecord| record.payload_text().contains(r#""type":"paritywatch.alert.v1""#);
    records.into_iter().filter(is_alert).collect()
}

/// The program under test.
pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_paritywatch"))
}

/// The value of a sample, by the exact text before it.
pub fn sample(metrics: &str, series: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

/// A selection of a case of its own.
pub fn selection(number: u64, selected: bool) -> String {
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/test","id":"s{number}","time":"2026-01-01T00:00:{:02}Z","data":{{"case_id":"c{number}","profile":"cub","selected":{selected},"groups":{{"origin":"dutch"}}}}}}"#,
        number % 60
    )
}

/// 2026-01-01T00:00:00Z
pub const START_MS: i64 = 1_767_225_600_000;

/// Events counted, of every type.
pub fn accepted(metrics: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with(r#"paritywatch_events_total{result="accepted","#));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// Selections counted.
pub fn read(metrics: &str) -> f64 {
    sample(metrics, r#"paritywatch_events_total{result="accepted",type="selection"}"#).unwrap_or_default()
}

/// The evaluation that `replay` gives of a file.
pub fn replay(setup: &Setup, file: &Path) -> Value {
    let output = Command::new(binary())
        .args(["replay", "--format", "json", "--config", setup.config.to_str().unwrap(), file.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
