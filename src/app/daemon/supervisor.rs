//! What the service manager is told. Without one nothing happens.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// Tells systemd that the core makes progress, as often as it asks for.
#[derive(Debug)]
pub struct Supervisor {
    every: Option<Duration>,
    fed: Instant,
}

impl Supervisor {
    /// Tells that the daemon has started.
    #[must_use]
    pub fn start() -> Self {
        tell(&[NotifyState::Ready]);
        // Twice as often as it must be.
        Self { every: sd_notify::watchdog_enabled().map(|limit| limit / 2), fed: Instant::now() }
    }

    /// To be called by the loop that does the work, and by nothing else.
    pub fn alive(&mut self) {
        if self.every.is_some_and(|every| self.fed.elapsed() >= every) {
            tell(&[NotifyState::Watchdog]);
            self.fed = Instant::now();
        }
    }

    /// A line for `systemctl status`.
    pub fn status(&self, text: &str) {
        tell(&[NotifyState::Status(text)]);
    }

    /// Tells that the configuration is read again; [`Supervisor::reloaded`] ends it.
    pub fn reloading(&self) {
        // The time is what `Type=notify-reload` tells this answer from an earlier one by.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the clock for the service manager could not be read"),
        }
    }

    /// Tells that the configuration was read again, and whether it is in force.
    pub fn reloaded(&self, text: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(text)]);
    }

    /// Tells that the daemon is ending.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
