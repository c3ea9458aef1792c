//! How far a connection is with its request, and until when the next step may take.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::limits::{ANSWER_LIMIT, HEAD_LIMIT, IDLE_LIMIT, LINGER_LIMIT};
use crate::status::lock;

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It waits for the first byte of a request.
    Idle,
    /// It reads the head of a request.
    Head,
    /// The request is being answered. `more`: bytes of the next request have come.
    Answering { more: bool },
    /// The whole answer is with the connection, and not yet all of it with the system.
    Flushing { more: bool },
    /// It has ended, and the client may still have to notice.
    Closing,
}

/// The phase of one connection, with its end.
pub(super) struct Pace {
    state: Mutex<(Phase, Instant)>,
    changed: Notify,
}

impl Pace {
    /// Begins a connection, which must send a request soon.
    pub fn new() -> Self {
        Self { state: Mutex::new((Phase::Idle, Instant::now() + HEAD_LIMIT)), changed: Notify::new() }
    }

    /// Notes bytes from the client.
    pub fn received(&self) {
        self.step(|phase| match phase {
            Phase::Idle => Some((Phase::Head, Some(HEAD_LIMIT))),
            Phase::Answering { .. } => Some((Phase::Answering { more: true }, None)),
            Phase::Flushing { .. } => Some((Phase::Flushing { more: true }, None)),
            Phase::Head | Phase::Closing => None,
        });
    }

    /// Notes that a request's head is complete.
    pub fn begun(&self) {
        self.step(|phase| match phase {
            Phase::Closing => None,
            _ => Some((Phase::Answering { more: false }, Some(ANSWER_LIMIT))),
        });
    }

    /// Notes that the connection has taken the whole answer.
    pub fn taken(&self) {
        self.step(|phase| match phase {
            Phase::Answering { more } => Some((Phase::Flushing { more }, None)),
            _ => None,
        });
    }

    /// Notes that the system has taken everything.
    pub fn flushed(&self) {
        self.step(|phase| match phase {
            Phase::Flushing { more: false } => Some((Phase::Idle, Some(IDLE_LIMIT))),
            Phase::Flushing { more: true } => Some((Phase::Head, Some(HEAD_LIMIT))),
            _ => None,
        });
    }

    /// Notes that the connection ends.
    pub fn closing(&self) {
        self.step(|phase| (phase != Phase::Closing).then_some((Phase::Closing, Some(LINGER_LIMIT))));
    }

    /// Returns whether what is written is the answer to a request, and not to something that is none.
    pub fn is_answering(&self) -> bool {
        matches!(lock(&self.state).0, Phase::Answering { .. } | Phase::Flushing { .. })
    }

    /// Returns when a step has taken too long; whether that is to be told.
    pub async fn expired(&self) -> bool {
        loop {
            let (phase, end) = *lock(&self.state);
            if end <= Instant::now() {
                return matches!(phase, Phase::Head | Phase::Answering { .. } | Phase::Flushing { .. });
            }
            tokio::select! {
                () = sleep_until(end) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Goes on to another phase; a limit replaces the end that was set before.
    fn step(&self, next: impl FnOnce(Phase) -> Option<(Phase, Option<Duration>)>) {
        let mut state = lock(&self.state);
        let Some((phase, limit)) = next(state.0) else { return };
        state.0 = phase;
        if let Some(limit) = limit {
            state.1 = Instant::now() + limit;
            self.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn left(pace: &Pace) -> Duration {
        lock(&pace.state).1.duration_since(Instant::now())
    }

    #[test]
    fn each_step_has_its_limit_and_bytes_that_trickle_in_give_no_more_time() {
        let pace = Pace::new();
        assert!(left(&pace) <= HEAD_LIMIT && !pace.is_answering());
        pace.received();
        let end = lock(&pace.state).1;
        pace.received();
        assert_eq!(lock(&pace.state).1, end);
        pace.begun();
        assert!(left(&pace) > HEAD_LIMIT && pace.is_answering());
        let end = lock(&pace.state).1;
        pace.received();
        pace.flushed();
        pace.taken();
        assert_eq!(lock(&pace.state).1, end);
        assert!(pace.is_answering());
        pace.flushed();
        // The next request has begun already.
        assert!(left(&pace) <= HEAD_LIMIT && !pace.is_answering());
        pace.begun();
        pace.taken();
        pace.flushed();
        assert!(left(&pace) > ANSWER_LIMIT);
        pace.closing();
        assert!(left(&pace) <= LINGER_LIMIT);
        let end = lock(&pace.state).1;
        [Pace::closing, Pace::begun, Pace::received].iter().for_each(|step| step(&pace));
        assert_eq!(lock(&pace.state).1, end);
    }
}
