//! What a service manager is told, by the real program. The socket is the test's own; everything else is as under systemd.
//!
//! No broker answers: the service manager must hear of the daemon's life all the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::collections::VecDeque;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use support::process::{Daemon, free_port, wait_until};
use support::setup::binary;

const LIMIT: Duration = Duration::from_secs(60);
/// How often the service manager asks for a sign of life; the daemon gives one twice as often.
const WATCHDOG: Duration = Duration::from_millis(200);
/// Signs of life that prove more than a start.
const SIGNS: usize = 3;
/// Largest notification that is read whole, in bytes.
const NOTIFICATION_BYTES: usize = 4_096;

#[test]
fn the_service_manager_is_told_of_start_life_reload_and_end() {
    let service = Service::new();
    let mut told = Told::listen(service.folder.path().join("notify"));
    let mut daemon = service.start(&told.path);
    told.wait_for("READY=1");
    told.wait_for("STATUS=running");
    (0..SIGNS).for_each(|_| drop(told.wait_for("WATCHDOG=1")));
    // Its answer says that signals are heard.
    daemon.wait_for_http(&service.url("/metrics"), |response| response.status == 200, LIMIT);

    daemon.signal(Signal::HUP);
    let reloading = told.wait_for("RELOADING=1");
    assert!(microseconds(&reloading) > 0, "{reloading}");
    let reloaded = told.wait_for("READY=1");
    assert!(reloaded.lines().any(|line| line == "STATUS=running"), "{reloaded}");

    std::fs::write(&service.config, "no configuration").unwrap();
    daemon.signal(Signal::HUP);
    told.wait_for("RELOADING=1");
    let reloaded = told.wait_for("READY=1");
    assert!(reloaded.contains("refused"), "{reloaded}");
    (0..SIGNS).for_each(|_| drop(told.wait_for("WATCHDOG=1")));

    daemon.signal(Signal::TERM);
    told.wait_for("STOPPING=1");
    assert!(daemon.wait_for_exit(LIMIT).success());
}

#[test]
fn a_daemon_that_waits_for_the_state_is_alive_and_says_what_it_waits_for() {
    let service = Service::new();
    let mut first_told = Told::listen(service.folder.path().join("first"));
    let mut first = service.start(&first_told.path);
    first_told.wait_for("STATUS=running");

    let mut told = Told::listen(service.folder.path().join("second"));
    let _second = service.start(&told.path);
    told.wait_for("READY=1");
    told.wait_for("STATUS=waiting for the daemon that uses the state");
    (0..SIGNS).for_each(|_| drop(told.wait_for("WATCHDOG=1")));
    first.kill();
    told.wait_for("STATUS=running");
}

/// The daemon's configuration and state folder.
struct Service {
    folder: tempfile::TempDir,
    config: PathBuf,
    port: u16,
}

impl Service {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("paritywatch.toml");
        let port = free_port();
        let text = format!(
            "[kafka]\nbrokers = \"127.0.0.1:{broker}\"\ntopics = [\"events\"]\nsecurity_protocol = \"plaintext\"\n\
             [server]\nlisten = \"127.0.0.1:{port}\"\n[state]\ndir = \"{state}\"\n\
             [profiles.p]\nowner = \"owner@example.org\"\n[dimensions.d]\nground = \"sex\"\ngroups = [\"a\", \"b\"]\n\
             [[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n",
            broker = free_port(),
            state = folder.path().join("state").display(),
        );
        std::fs::write(&config, text).unwrap();
        Self { folder, config, port }
    }

    fn start(&self, socket: &Path) -> Daemon {
        let watchdog = WATCHDOG.as_micros().to_string();
        let environment = [("NOTIFY_SOCKET", socket.to_str().unwrap()), ("WATCHDOG_USEC", &watchdog)];
        Daemon::start(binary(), &["run", "--config", self.config.to_str().unwrap()], &environment)
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// The service manager's end of the socket.
struct Told {
    path: PathBuf,
    socket: UnixDatagram,
    waiting: VecDeque<String>,
}

impl Told {
    fn listen(path: PathBuf) -> Self {
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { path, socket, waiting: VecDeque::new() }
    }

    /// The next notification with such a line; those before it are passed over.
    #[track_caller]
    fn wait_for(&mut self, line: &str) -> String {
        wait_until(LIMIT, line, || {
            let mut bytes = [0; NOTIFICATION_BYTES];
            while let Ok(length) = self.socket.recv(&mut bytes) {
                self.waiting.push_back(String::from_utf8(bytes[..length].to_vec()).unwrap());
            }
            while let Some(notification) = self.waiting.pop_front() {
                if notification.lines().any(|told| told == line) {
                    return Some(notification);
                }
            }
            None
        })
    }
}

fn microseconds(notification: &str) -> u64 {
    let value = notification.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    value.expect("a time").parse().unwrap()
}
