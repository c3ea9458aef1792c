//! The thread that delivers to one receiver.

use std::sync::{Arc, mpsc};

use super::exchange::Exchange;
use super::receivers::Sink;
use crate::app::failure::Failure;
use crate::checkpoint::Cursor;
use crate::outbox::{Message, Next};
use crate::status::wall_clock;

/// What delivers to one receiver.
pub struct Worker {
    /// The outbox.
    pub exchange: Arc<Exchange>,
    /// The receiver's place in the outbox.
    pub index: usize,
    /// The receiver's name in logs and metrics.
    pub name: String,
    /// What sends to it.
    pub sink: Sink,
    /// Where the disk keeps how far the receiver has come.
    pub cursor: Cursor,
}

impl Worker {
    /// Starts the thread, which says so on `ended` when it ends.
    ///
    /// # Errors
    /// [`Failure::Io`] if the system starts no thread.
    pub fn start(self, ended: mpsc::Sender<()>) -> Result<(), Failure> {
        let thread = std::thread::Builder::new().name(format!("delivery-{}", self.index)).spawn(move || {
            self.run();
            // An error means that the daemon has not waited for this thread.
            let _ = ended.send(());
        });
        thread.map(|_| ()).map_err(|error| Failure::Io(format!("start a thread of delivery: {error}")))
    }

    fn run(self) {
        while let Some(next) = self.exchange.wait(self.index, self.sink.most()) {
            if self.exchange.owner.check().is_err() {
                return;
            }
            match next {
                Next::Send { messages, first } => self.send(&messages, first),
                Next::Resend(standing) => self.resend(&standing),
                Next::Wait(_) => {}
            }
        }
    }

    fn send(&self, messages: &[Arc<Message>], first: u64) {
        match self.sink.send(messages, wall_clock()) {
            Ok(taken) => {
                self.exchange.lock().outbox.delivered(self.index, first + taken as u64, wall_clock());
                self.keep_position();
            }
            Err(trouble) => {
                let now = self.exchange.now();
                let pause = self.exchange.lock().outbox.send_failed(self.index, now, trouble.refusal);
                tracing::warn!(
                    receiver = self.name,
                    message = messages.first().map(|message| message.id()),
                    error = trouble.text,
                    pause_ms = pause.0,
                    "an alert could not be delivered; it is tried again"
                );
            }
        }
    }

    fn resend(&self, standing: &[Arc<Message>]) {
        let sent = self.sink.resend(standing, wall_clock());
        let now = self.exchange.now();
        let mut state = self.exchange.lock();
        match sent {
            Ok(requests) => state.outbox.resent(self.index, now, requests),
            Err(trouble) => {
                let pause = state.outbox.resend_failed(self.index, now, trouble.refusal);
                drop(state);
                tracing::warn!(
                    receiver = self.name,
                    error = trouble.text,
                    pause_ms = pause.0,
                    "the firing alerts could not be sent again; it is tried again"
                );
            }
        }
    }

    /// Writes how far the receiver has come: never beyond what the disk has of the outbox, nor over what another daemon has written.
    fn keep_position(&self) {
        let state = self.exchange.lock();
        let (position, durable) = (state.outbox.position(self.index), state.durable);
        drop(state);
        // While the disk lacks messages the position stays where it was. After a crash the receiver then gets some of them twice.
        if !durable || self.exchange.owner.check().is_err() {
            return;
        }
        let Some(next) = position else {
            tracing::error!(receiver = self.name, "the outbox does not know a receiver that it delivers to");
            return;
        };
        if let Err(error) = self.cursor.write(next) {
            tracing::error!(receiver = self.name, %error, "the receiver's position could not be made durable");
            self.exchange.lock().undurable += 1;
        }
    }
}
