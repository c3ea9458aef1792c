//! The daemon as it is run: a process of its own, with everything that is on by default: state on disk, evidence, evaluation every second as in
//! the demo, the web server.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use super::measured::Measured;
use super::product::Product;
use crate::test_support::process::{Daemon, http_get};
use crate::test_support::setup::accepted;

/// Longest wait for all events of a stream.
const READ_LIMIT: Duration = Duration::from_secs(900);
/// Longest wait for a checkpoint, which is due every 10 seconds.
const CHECKPOINT_LIMIT: Duration = Duration::from_secs(60);
/// Time between two looks at the metrics. What they cost the daemon is in the figure; its thread `server` has most of it.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A daemon on a topic, with a state folder of its own.
pub struct Running {
    daemon: Daemon,
    url: String,
    checkpoint: PathBuf,
    // Last: the daemon ends before its folder goes.
    _folder: TempDir,
}

impl Running {
    /// Starts the daemon.
    pub fn start(bootstrap: &str, topic: &str) -> Self {
        let folder = TempDir::with_prefix_in("daemon-", env!("CARGO_TARGET_TMPDIR")).unwrap();
        let state = folder.path().join("state");
        let product = Product::new(bootstrap, topic, &state);
        let config: PathBuf = folder.path().join("paritywatch.toml");
        std::fs::write(&config, &product.text).unwrap();
        let binary = Path::new(env!("CARGO_BIN_EXE_paritywatch"));
        let daemon = Daemon::start(binary, &["run", "--config", config.to_str().unwrap()], &[]);
        Self { daemon, url: format!("{}/metrics", product.url), checkpoint: state.join("checkpoint"), _folder: folder }
    }

    /// The metrics; `None` before the daemon answers.
    pub fn metrics(&mut self) -> Option<String> {
        assert!(self.daemon.exited().is_none(), "the daemon has ended: {}", self.daemon.stderr());
        http_get(&self.url).ok().filter(|answer| answer.status == 200).map(|answer| answer.text())
    }

    /// Waits until the metrics satisfy a condition.
    pub fn wait(&mut self, limit: Duration, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(metrics) = self.metrics().filter(|metrics| condition(metrics)) {
                return metrics;
            }
            assert!(Instant::now() < deadline, "waited {limit:?} in vain for {what}: {}", self.daemon.stderr());
            sleep(LOOK_EVERY);
        }
    }

    /// Waits until a checkpoint is on disk that is not there yet. It looks at the file: asking the daemon would cost it something.
    fn wait_for_checkpoint(&mut self) {
        let written = |path: &Path| {
            std::fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
        };
        let (before, deadline) = (written(&self.checkpoint), Instant::now() + CHECKPOINT_LIMIT);
        while written(&self.checkpoint) == before {
            assert!(self.daemon.exited().is_none(), "the daemon has ended: {}", self.daemon.stderr());
            assert!(Instant::now() < deadline, "no checkpoint within {CHECKPOINT_LIMIT:?}");
            sleep(LOOK_EVERY);
        }
    }

    /// Ends the daemon in good order.
    pub fn stop(mut self) {
        let status = self.daemon.terminate();
        assert!(status.success(), "the daemon ended by {status}: {}", self.daemon.stderr());
    }
}

/// Has a daemon count as many events as there are, until the metrics show them all, and a checkpoint after that is on disk. However fast the
/// daemon is, one checkpoint is so part of the figure.
pub fn read(bootstrap: &str, topic: &str, events: u64) -> Measured {
    let began = Instant::now();
    let mut running = Running::start(bootstrap, topic);
    let metrics = running.wait(READ_LIMIT, "all events", |metrics| accepted(metrics) >= events as f64);
    let wall = began.elapsed();
    assert!(accepted(&metrics) == events as f64, "the daemon counted more events than there are");
    running.wait_for_checkpoint();
    let measured = Measured::of(running.daemon.id(), wall);
    running.stop();
    measured
}
