//! A real Prometheus that scrapes one daemon, with a past that is put in before it starts.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::process::{Process, free_port, http_get, promtool, try_wait_until};

/// How long Prometheus may take until it answers, or until it has scraped what is waited for.
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// The job of the daemon.
pub const JOB: &str = "paritywatch";
/// Minutes around a moment of the past that have samples: the questions about it come some minutes later.
const PAST_MINUTES: u64 = 20;

/// The server, its data in a temporary folder.
pub struct Prometheus {
    _process: Process,
    _folder: TempDir,
    url: String,
}

impl Prometheus {
    /// Starts it on a daemon's address, with this page of metrics as what was scraped around each of these moments (seconds since 1970).
    #[track_caller]
    pub fn start(daemon: &str, page: &str, moments: &[u64]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let past = folder.path().join("past.txt");
        fs::write(&past, history(daemon, page, moments)).unwrap();
        let blocks = Command::new(promtool())
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&past, &data])
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(blocks.success(), "promtool tsdb create-blocks-from: {blocks}");

        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 2s, scrape_timeout: 2s}}\nscrape_configs: [{{job_name: {JOB}, static_configs: [{{targets: ['{daemon}']}}]}}]\n"
        );
        fs::write(&config, text).unwrap();
        let listen = format!("127.0.0.1:{}", free_port());
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(binary());
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={listen}"))
            .stdout(Stdio::null())
            .stderr(log);
        let mut process = Process::spawn(&mut command);
        let url = format!("http://{listen}");
        let ready = try_wait_until(START_LIMIT, || {
            let answer = http_get(&format!("{url}/-/ready")).is_ok_and(|answer| answer.status == 200);
            (answer || process.exited().is_some()).then_some(answer)
        });
        let log = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        assert_eq!(ready, Some(true), "Prometheus does not answer: {}", log());
        Self { _process: process, _folder: folder, url }
    }

    /// The series of an expression as of now.
    #[track_caller]
    pub fn query(&self, expr: &str) -> Result<Vec<Value>, String> {
        self.result("query", &[("query", expr)])
    }

    /// The series of an expression over the last minutes.
    #[track_caller]
    pub fn query_range(&self, expr: &str) -> Result<Vec<Value>, String> {
        let now = seconds_now();
        let (start, end) = ((now - 120).to_string(), now.to_string());
        self.result("query_range", &[("query", expr), ("start", &start), ("end", &end), ("step", "5")])
    }

    /// The values of a label in series that a selector picks: what Grafana asks for `label_values(selector, label)`.
    #[track_caller]
    pub fn label_values(&self, selector: &str, label: &str) -> Vec<String> {
        let start = (seconds_now() - 120).to_string();
        let answer = self.get(&format!("label/{label}/values"), &[("match[]", selector), ("start", &start)]);
        let values = answer["data"].as_array().unwrap_or_else(|| panic!("{selector}: {answer}"));
        let mut values: Vec<String> = values.iter().map(|value| value.as_str().unwrap().to_owned()).collect();
        values.sort();
        values
    }

    /// Waits until an expression has a series.
    #[track_caller]
    pub fn wait_for(&self, expr: &str, limit: Duration) {
        let found = try_wait_until(limit, || self.query(expr).is_ok_and(|series| !series.is_empty()).then_some(()));
        assert!(found.is_some(), "waited {limit:?} in vain for {expr}");
    }

    #[track_caller]
    fn result(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Vec<Value>, String> {
        let answer = self.get(path, parameters);
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        Ok(answer["data"]["result"].as_array().cloned().unwrap_or_default())
    }

    #[track_caller]
    fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let parameters: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let url = format!("{}/api/v1/{path}?{}", self.url, parameters.join("&"));
        let answer = http_get(&url).unwrap_or_else(|error| panic!("{url}: {error}"));
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{url}: {error}: {}", answer.text()))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self._process.stop(STOP_LIMIT);
    }
}

/// Seconds since 1970.
pub fn seconds_now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

#[track_caller]
fn binary() -> PathBuf {
    match std::env::var_os("PARITYWATCH_PROMETHEUS") {
        Some(path) => path.into(),
        None => panic!("PARITYWATCH_PROMETHEUS is not set: run tests/run"),
    }
}

/// A page of metrics as OpenMetrics: each sample once a minute around each moment, with the labels that a scrape adds.
fn history(daemon: &str, page: &str, moments: &[u64]) -> String {
    let mut text = String::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let comma = if labels == "}" { "" } else { "," };
        for moment in moments {
            for minute in 0..PAST_MINUTES {
                let time = moment + 60 * minute - 60 * PAST_MINUTES / 2;
                writeln!(text, r#"{name}{{job="{JOB}",instance="{daemon}"{comma}{labels} {value} {time}"#).unwrap();
            }
        }
    }
    text + "# EOF\n"
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        encoded
    })
}
