//! What the monitor's thread and the receivers' threads share: the outbox, under one lock.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::checkpoint::Owner;
use crate::outbox::{Next, Outbox};
use crate::plan::Span;
use crate::status::{lock, wall_clock};

/// The outbox between the threads.
pub struct Exchange {
    /// The claim on the state folder.
    pub owner: Owner,
    state: Mutex<State>,
    changed: Condvar,
    /// The zero of the times at which receivers are tried again.
    start: Instant,
}

/// What the lock protects. Every change leaves it whole.
pub struct State {
    /// The messages, and how far each receiver has come.
    pub outbox: Outbox,
    /// Whether the disk has all of the outbox.
    pub durable: bool,
    /// How often the disk refused a message or a position.
    pub undurable: u64,
    stop: bool,
}

impl Exchange {
    /// Of an outbox of which the disk may lack something.
    pub fn new(owner: Owner, outbox: Outbox) -> Arc<Self> {
        let state = Mutex::new(State { outbox, durable: false, undurable: 0, stop: false });
        Arc::new(Self { owner, state, changed: Condvar::new(), start: Instant::now() })
    }

    /// Locks the outbox.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Wakes the receivers' threads: there are new messages.
    pub fn announce(&self) {
        self.changed.notify_all();
    }

    /// Tells the receivers' threads to end as soon as nothing waits.
    pub fn stop(&self) {
        self.lock().stop = true;
        self.announce();
    }

    /// Time since the start, by which pauses of receivers are measured.
    pub fn now(&self) -> Span {
        Span(i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// Waits until there is something to do for a receiver. `None` when its thread is to end.
    pub fn wait(&self, receiver: usize, most: usize) -> Option<Next> {
        let mut state = self.lock();
        loop {
            let now = self.now();
            let pause = match state.outbox.next(receiver, now, wall_clock(), most) {
                Next::Wait(until) => until.map(|until| Span(until.0.saturating_sub(now.0))),
                // What fires was told before; nobody waits for it at the end.
                Next::Resend(_) if state.stop => None,
                next => return Some(next),
            };
            if state.stop {
                return None;
            }
            state = match pause {
                Some(pause) => {
                    // A time that has passed already, as it may meanwhile, is a pause of 1 ms.
                    let pause = Duration::from_millis(u64::try_from(pause.0).unwrap_or_default().max(1));
                    self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
