//! One receiver: how far it has come, and when it is tried next.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::plan::{EventTime, Span};

/// Pause after the first attempt that failed; it doubles with each further one.
pub const BACKOFF_FIRST: Span = Span(500);
/// Longest pause between two attempts.
pub const BACKOFF_LONGEST: Span = Span::MINUTE;

/// A receiver as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Identifies it across restarts.
    pub id: String,
    /// Its name in metrics.
    pub name: String,
    /// How often the last message of every alert is sent again; `None`: never.
    pub resend_every: Option<Span>,
}

/// A receiver with its progress.
#[derive(Clone, Debug)]
pub(super) struct ReceiverState {
    pub receiver: Receiver,
    /// Sequence number of its next message.
    pub next: u64,
    /// Earliest time of the next attempt to send.
    pub send_at: Span,
    /// Earliest time of the next attempt to resend.
    pub resend_at: Span,
    /// When the next resend is due, however often it has failed since.
    pub resend_due: Span,
    /// Failures in a row.
    pub failures: u32,
    pub attempts: Attempts,
}

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempts {
    pub delivered: u64,
    pub failed: u64,
    pub dropped: u64,
}

/// The health of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverHealth {
    /// Its name.
    pub name: String,
    /// Messages that wait for it.
    pub pending: u64,
    /// When the transition in the oldest of them happened.
    pub oldest: Option<EventTime>,
    /// How long a resend is overdue; 0 where it is on time or there is nothing to resend. `None` for a receiver without resends.
    pub overdue: Option<Span>,
    /// Attempts that succeeded.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Messages that were dropped because too many waited.
    pub dropped: u64,
}

/// Why an attempt failed, as far as the next one depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The next attempt may succeed: no connection, no answer, an error of the receiver.
    Passing,
    /// The receiver understood and refused. The next attempt comes after the longest pause.
    Lasting,
}

impl ReceiverState {
    /// A receiver that was never tried.
    pub fn new(receiver: Receiver, next: u64) -> Self {
        Self {
            receiver,
            next,
            send_at: Span(0),
            resend_at: Span(0),
            resend_due: Span(0),
            failures: 0,
            attempts: Attempts::default(),
        }
    }

    /// Everything before this sequence number was delivered.
    pub fn delivered(&mut self, next: u64) {
        self.next = self.next.max(next);
        (self.failures, self.send_at) = (0, Span(0));
        self.attempts.delivered += 1;
    }

    /// The resend succeeded with so many requests.
    pub fn resent(&mut self, now: Span, requests: u64) {
        self.resend_at = later(now, self.receiver.resend_every.unwrap_or(BACKOFF_LONGEST));
        self.resend_due = self.resend_at;
        if self.send_at <= now {
            self.failures = 0;
        }
        self.attempts.delivered += requests;
    }

    /// An attempt to send failed. Returns the pause before the next one.
    pub fn send_failed(&mut self, now: Span, refusal: Refusal) -> Span {
        let pause = self.fail(refusal);
        self.send_at = later(now, pause);
        // A receiver that answers can take a resend; one that does not cannot.
        if refusal == Refusal::Passing {
            self.resend_at = self.resend_at.max(self.send_at);
        }
        pause
    }

    /// An attempt to resend failed. Returns the pause before the next one.
    pub fn resend_failed(&mut self, now: Span, refusal: Refusal) -> Span {
        let pause = self.fail(refusal);
        self.resend_at = later(now, pause);
        pause
    }

    /// Counts a failure and returns the pause after it.
    fn fail(&mut self, refusal: Refusal) -> Span {
        self.attempts.failed += 1;
        self.failures = match refusal {
            Refusal::Passing => self.failures.saturating_add(1),
            Refusal::Lasting => u32::MAX,
        };
        pause(&self.receiver.id, self.failures, self.attempts.failed)
    }
}

/// Returns the pause after so many failures in a row. It doubles each time, and is shortened by up to a fifth, differently for each receiver and
/// attempt, so that attempts do not all come at once.
fn pause(id: &str, failures: u32, attempt: u64) -> Span {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = (BACKOFF_FIRST.0 << doublings).min(BACKOFF_LONGEST.0);
    let mut hasher = SipHasher24::new_with_key(b"paritywatch.wait");
    hasher.write(id.as_bytes());
    hasher.write_u64(attempt);
    let fifth = whole / 5;
    let off = (hasher.finish() >> 1).cast_signed() % (fifth + 1);
    Span(whole - off)
}

const fn later(now: Span, by: Span) -> Span {
    Span(now.0.saturating_add(by.0))
}
