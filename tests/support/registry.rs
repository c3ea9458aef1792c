//! A real schema registry: Apicurio, which speaks the interface of Confluent's. Its data is in a folder, so that it can be stopped and started again.
//!
//! `tests/run` fetches it, and the serializers of producers, and says where they are in `PARITYWATCH_REGISTRY`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::kafka::Broker;
use super::process::{Process, free_port, http_get, wait_until};

/// How long it may take until it answers; 15 s is usual, more on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(240);
/// How long producing may take.
const PRODUCE_LIMIT: Duration = Duration::from_secs(120);
const PRODUCER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/registry/produce.py");

/// A running, or stopped, registry.
pub struct Registry {
    // Before the folder: the process ends before its data goes.
    process: Option<Process>,
    folder: tempfile::TempDir,
    fetched: PathBuf,
    port: u16,
}

impl Registry {
    /// Starts one without schemas.
    pub fn start() -> Registry {
        let fetched = std::env::var_os("PARITYWATCH_REGISTRY").expect("PARITYWATCH_REGISTRY: run tests/run");
        let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
        let mut registry = Registry { process: None, folder, fetched: fetched.into(), port };
        registry.start_again();
        registry
    }

    /// The address that clients of Confluent's registry take.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.port)
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it on the same port, with the schemas that it had.
    pub fn start_again(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        let mut command = Command::new("java");
        command
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"])
            .arg("-Dquarkus.http.host=127.0.0.1")
            .arg(format!("-Dquarkus.http.port={}", self.port))
            .arg(format!("-Dapicurio.datasource.url=jdbc:h2:file:{}", self.folder.path().join("schemas").display()))
            .arg("-jar")
            .arg(self.fetched.join("apicurio").join("apicurio-registry-app-3.0.9-runner.jar"))
            .current_dir(self.folder.path())
            .stdout(Stdio::from(log.try_clone().expect("a log")))
            .stderr(Stdio::from(log));
        self.process = Some(Process::spawn(&mut command));
        let subjects = format!("{}/subjects", self.url());
        wait_until(START_LIMIT, "the registry answers", || {
            http_get(&subjects).ok().filter(|answer| answer.status == 200)
        });
    }

    /// Writes selections by Confluent's serializers. The cases are numbered.
    pub fn produce(&self, format: &str, broker: &Broker, topic: &str, numbers: std::ops::Range<u64>) {
        let mut command = Command::new("python3");
        command
            .arg(PRODUCER)
            .args([format, &broker.bootstrap(), &self.url(), topic])
            .args([numbers.start.to_string(), numbers.end.to_string()])
            .env("PYTHONPATH", python_path(&self.fetched));
        let status = Process::spawn(&mut command).wait(PRODUCE_LIMIT);
        assert!(status.is_some_and(|status| status.success()), "{format}: {status:?}");
    }
}

fn python_path(fetched: &Path) -> PathBuf {
    fetched.join("python")
}
