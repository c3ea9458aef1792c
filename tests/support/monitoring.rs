//! A real Prometheus on loopback. Tests that need it are ignored unless `tests/run` runs them.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::process::{Daemon, free_port, http_get};

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A Prometheus server with a folder of its own.
pub struct Prometheus {
    daemon: Daemon,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one with this configuration; paths in it are absolute.
    #[track_caller]
    pub fn start(config: &str) -> Prometheus {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = written(&folder, "prometheus.yml", config);
        let port = free_port();
        let args = [
            format!("--config.file={config}"),
            format!("--storage.tsdb.path={}", folder.path().join("data").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        let mut daemon = Daemon::start(&program("PARITYWATCH_PROMETHEUS"), &args, &[]);
        daemon.wait_for_http(&format!("http://127.0.0.1:{port}/-/ready"), |answer| answer.status == 200, START_LIMIT);
        Prometheus { daemon, port, _folder: folder }
    }

    /// The results of an instant query.
    #[track_caller]
    pub fn query(&self, expression: &str) -> Vec<Value> {
        let path = format!("/api/v1/query?query={}", percent_encoded(expression));
        let answer = http_get(&self.url(&path)).expect("Prometheus answers");
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// An address of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its log, for a failure message.
    pub fn log(&self) -> String {
        self.daemon.stderr()
    }
}

#[track_caller]
fn program(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => path.into(),
        None => panic!("{variable} is not set: run tests/run"),
    }
}

fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("write a configuration");
    path.display().to_string()
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
