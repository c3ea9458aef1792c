//! Reports to the service manager, if there is one.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// Tells systemd that the daemon makes progress, as often as systemd asks for.
#[derive(Debug)]
pub struct Supervisor {
    every: Option<Duration>,
    fed: Instant,
}

impl Supervisor {
    /// Reports that the daemon has started.
    #[must_use]
    pub fn start() -> Self {
        tell(&[NotifyState::Ready]);
        // Twice as often as required.
        Self { every: sd_notify::watchdog_enabled().map(|limit| limit / 2), fed: Instant::now() }
    }

    /// Reports progress. Only the loop that does the work may call it.
    pub fn alive(&mut self) {
        if self.every.is_some_and(|every| self.fed.elapsed() >= every) {
            tell(&[NotifyState::Watchdog]);
            self.fed = Instant::now();
        }
    }

    /// Sets the line that `systemctl status` shows.
    pub fn status(&self, text: &str) {
        tell(&[NotifyState::Status(text)]);
    }

    /// Reports that a reload begins. [`Supervisor::reloaded`] reports its end.
    pub fn reloading(&self) {
        // By the time `Type=notify-reload` tells this answer from an earlier one.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the clock for the service manager could not be read"),
        }
    }

    /// Reports that a reload has ended, and how.
    pub fn reloaded(&self, text: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(text)]);
    }

    /// Reports that the daemon stops.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be reached");
    }
}
