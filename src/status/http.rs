//! What has happened at the HTTP server. Its own thread counts; whoever asks reads the same counters.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

/// Why a request got no answer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It asked for a host that is not this one.
    Host,
    /// It had no login, or a wrong one.
    Login,
    /// It was malformed, or beyond a limit.
    Malformed,
}

/// The counters of the HTTP server since its start.
#[derive(Debug)]
pub struct HttpHealth {
    connections: AtomicUsize,
    limit: AtomicUsize,
    turned_away: AtomicU64,
    timed_out: AtomicU64,
    handshakes_failed: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
    reloads: AtomicU64,
    refused_reloads: AtomicU64,
    file_refused: AtomicBool,
    /// Seconds since 1970; `i64::MAX`: there is no certificate.
    certificate_ends: AtomicI64,
}

impl Refused {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Host, Self::Login, Self::Malformed];

    /// Its word in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Login => "login",
            Self::Malformed => "malformed",
        }
    }
}

impl Default for HttpHealth {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            connections: AtomicUsize::new(0),
            limit: AtomicUsize::new(0),
            turned_away: zero(),
            timed_out: zero(),
            handshakes_failed: zero(),
            refused: [zero(), zero(), zero()],
            reloads: zero(),
            refused_reloads: zero(),
            file_refused: AtomicBool::new(false),
            certificate_ends: AtomicI64::new(i64::MAX),
        }
    }
}

impl HttpHealth {
    /// Sets the most connections at a time.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Notes that a connection was opened.
    pub fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a connection has ended.
    pub fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes a connection that was closed at once: there were too many.
    pub fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a connection that was closed because it took too long.
    pub fn timed_out(&self) {
        self.timed_out.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a TLS handshake that failed or took too long.
    pub fn handshake_failed(&self) {
        self.handshakes_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a request that was refused.
    pub fn refused(&self, why: Refused) {
        let [host, login, malformed] = &self.refused;
        let count = match why {
            Refused::Host => host,
            Refused::Login => login,
            Refused::Malformed => malformed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that changed files of the web configuration were taken.
    pub fn reloaded(&self) {
        self.reloads.fetch_add(1, Ordering::Relaxed);
        self.file_refused.store(false, Ordering::Relaxed);
    }

    /// Notes that changed files of the web configuration were refused.
    pub fn reload_refused(&self) {
        self.refused_reloads.fetch_add(1, Ordering::Relaxed);
        self.file_refused.store(true, Ordering::Relaxed);
    }

    /// Notes that the files are again those in force.
    pub fn restored(&self) {
        self.file_refused.store(false, Ordering::Relaxed);
    }

    /// Sets when the server's certificate ends, in seconds since 1970; `None`: there is none.
    pub fn set_certificate_end(&self, seconds: Option<i64>) {
        self.certificate_ends.store(seconds.unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Most connections at a time; 0 before the server has started.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Connections that were closed before their end, by reason.
    #[must_use]
    pub fn dropped(&self) -> [(&'static str, u64); 3] {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("limit", count(&self.turned_away)),
            ("timeout", count(&self.timed_out)),
            ("handshake", count(&self.handshakes_failed)),
        ]
    }

    /// Requests that were refused, by reason.
    #[must_use]
    pub fn refusals(&self) -> [(&'static str, u64); Refused::ALL.len()] {
        let [host, login, malformed] = &self.refused;
        [(Refused::Host, host), (Refused::Login, login), (Refused::Malformed, malformed)]
            .map(|(why, counter)| (why.name(), counter.load(Ordering::Relaxed)))
    }

    /// How often changed files were taken, and how often refused.
    #[must_use]
    pub fn reloads(&self) -> (u64, u64) {
        (self.reloads.load(Ordering::Relaxed), self.refused_reloads.load(Ordering::Relaxed))
    }

    /// Whether the files of the web configuration are not those in force.
    #[must_use]
    pub fn file_refused(&self) -> bool {
        self.file_refused.load(Ordering::Relaxed)
    }

    /// When the server's certificate ends, in seconds since 1970; `None`: there is none.
    #[must_use]
    pub fn certificate_end(&self) -> Option<i64> {
        Some(self.certificate_ends.load(Ordering::Relaxed)).filter(|seconds| *seconds != i64::MAX)
    }
}
