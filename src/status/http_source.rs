//! What has happened at the HTTP source of events. Its own threads count; whoever asks reads the same counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::http::HttpHealth;

/// What became of an event that was sent by HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Kafka has confirmed that it is stored.
    Stored,
    /// It was refused, or another event of its batch was: nothing was written.
    Refused,
    /// Kafka has not confirmed it. It may be stored; its sender was told to send it again.
    Unconfirmed,
}

/// The counters of the HTTP source since its start.
#[derive(Debug, Default)]
pub struct HttpSourceHealth {
    /// Its listener.
    pub connections: Arc<HttpHealth>,
    requests: [AtomicU64; HttpSourceHealth::CODES.len()],
    events: [AtomicU64; Sent::ALL.len()],
    /// Of requests whose events were stored: from the last byte of the body to Kafka's word, in microseconds.
    stored_requests: AtomicU64,
    stored_micros: AtomicU64,
}

impl Sent {
    /// Everything that may become of one.
    pub const ALL: [Self; 3] = [Self::Stored, Self::Refused, Self::Unconfirmed];

    /// Its word in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

impl HttpSourceHealth {
    /// The statuses with which requests are answered that were let in.
    pub const CODES: [u16; 7] = [200, 400, 404, 405, 413, 415, 503];

    /// Notes an answer.
    pub fn answered(&self, code: u16) {
        if let Some(counter) = Self::CODES.iter().position(|known| *known == code).and_then(|at| self.requests.get(at))
        {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes what became of events.
    pub fn sent(&self, what: Sent, events: usize) {
        let [stored, refused, unconfirmed] = &self.events;
        let counter = match what {
            Sent::Stored => stored,
            Sent::Refused => refused,
            Sent::Unconfirmed => unconfirmed,
        };
        counter.fetch_add(events as u64, Ordering::Relaxed);
    }

    /// Notes how long a request's events took until they were stored, in microseconds.
    pub fn stored_after(&self, micros: u64) {
        self.stored_requests.fetch_add(1, Ordering::Relaxed);
        self.stored_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Requests by the status of their answer.
    #[must_use]
    pub fn requests(&self) -> Vec<(u16, u64)> {
        Self::CODES.into_iter().zip(self.requests.iter().map(|counter| counter.load(Ordering::Relaxed))).collect()
    }

    /// Events by what became of them.
    #[must_use]
    pub fn events(&self) -> Vec<(Sent, u64)> {
        Sent::ALL.into_iter().zip(self.events.iter().map(|counter| counter.load(Ordering::Relaxed))).collect()
    }

    /// Requests whose events were stored, and the microseconds that they took together.
    #[must_use]
    pub fn durations(&self) -> (u64, u64) {
        (self.stored_requests.load(Ordering::Relaxed), self.stored_micros.load(Ordering::Relaxed))
    }
}
