//! The thread that shows signed checkpoints of the audit log to the alert topic: whoever keeps them can tell later whether its end was cut off.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::clerk::Desk;
use crate::app::failure::Failure;
use crate::checkpoint::Owner;
use crate::checkpoint::audit::witness_event;
use crate::sink::alert_topic::AlertTopic;
use crate::status::wall_clock;

/// The shortest time between two checkpoints on the topic, but for the last.
const SHOW_EVERY: Duration = Duration::from_secs(60);
/// The pause after the topic has not taken one.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// The running thread.
pub struct WitnessThread {
    ended: mpsc::Receiver<()>,
}

impl WitnessThread {
    /// Starts it.
    ///
    /// # Errors
    /// [`Failure::Io`] if the system starts no thread.
    pub fn start(desk: Arc<Desk>, owner: Owner, topic: AlertTopic) -> Result<Self, Failure> {
        desk.begin_showing();
        let (end, ended) = mpsc::channel();
        let thread = std::thread::Builder::new().name("audit-witness".to_owned()).spawn(move || {
            show_all(&desk, &owner, &topic);
            // An error means that the daemon has not waited for this thread.
            let _ = end.send(());
        });
        thread.map_err(|error| Failure::Io(format!("start the thread of the audit log's witness: {error}")))?;
        Ok(Self { ended })
    }

    /// Waits until the last checkpoint is shown, for a while.
    pub fn finish(self, limit: Duration) {
        if self.ended.recv_timeout(limit).is_err() {
            tracing::warn!("the alert topic has not taken the last checkpoint of the audit log");
        }
    }
}

fn show_all(desk: &Desk, owner: &Owner, topic: &AlertTopic) {
    let mut until = None;
    while let Some((note, is_last)) = desk.next_note(until) {
        if owner.check().is_err() {
            return;
        }
        let event = witness_event(&note, wall_clock());
        let shown = topic.send_record(&event.key, &event.document, wall_clock());
        if let Err(trouble) = &shown {
            tracing::warn!(
                error = trouble.text,
                "a checkpoint of the audit log could not be sent to the alert topic; it is tried again"
            );
        }
        let pause = if shown.is_ok() { SHOW_EVERY } else { RETRY_PAUSE };
        desk.note_shown(note, shown.is_ok());
        if is_last {
            return;
        }
        until = Some(Instant::now() + pause);
    }
}
