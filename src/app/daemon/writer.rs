//! Writes checkpoints on a thread of their own, so that the stream stands still only while the snapshot is taken.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use super::key::PreviousKey;
use crate::app::failure::Failure;
use crate::checkpoint::{CheckpointError, Header, Store, forget_before};
use crate::monitor::Snapshot;
use crate::status::{CheckpointHealth, lock};

/// The thread that writes checkpoints, one at a time.
pub struct CheckpointWriter {
    jobs: SyncSender<Job>,
    thread: JoinHandle<u64>,
}

/// One checkpoint to be written.
pub struct Job {
    /// What the checkpoint says of itself.
    pub header: Header,
    /// The state.
    pub snapshot: Snapshot,
    /// A key that is to be destroyed once this checkpoint is on disk.
    pub ended_key: Option<PreviousKey>,
}

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is being written.
    Taken,
    /// The one before is still being written.
    Busy,
    /// The thread has ended, which only a panic can cause.
    Ended,
}

impl CheckpointWriter {
    /// Starts the thread. `last` is the sequence number of the checkpoint that the daemon began with; `health` tells what becomes of the
    /// next ones.
    ///
    /// # Errors
    /// [`Failure::Io`] if the system starts no thread.
    pub fn start(store: Store, last: u64, health: &Arc<Mutex<CheckpointHealth>>) -> Result<Self, Failure> {
        // Without a queue: a snapshot that waits would hold memory, and be older than the next one.
        let (jobs, queue) = sync_channel(0);
        let shared = Arc::clone(health);
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || write_all(&store, &queue, &shared, last));
        let thread = thread.map_err(|error| Failure::Io(format!("start the checkpoint's thread: {error}")))?;
        Ok(Self { jobs, thread })
    }

    /// Hands a checkpoint over, unless one is still being written.
    pub fn try_write(&self, job: Job) -> Asked {
        match self.jobs.try_send(job) {
            Ok(()) => Asked::Taken,
            Err(TrySendError::Full(_)) => Asked::Busy,
            Err(TrySendError::Disconnected(_)) => Asked::Ended,
        }
    }

    /// Waits for the checkpoint that is being written, writes a last one, and ends the thread.
    pub fn finish(self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::error!("the last checkpoint was not written: the checkpoint's thread has ended");
        }
        drop(self.jobs);
        // The thread itself has printed its panic.
        let _ = self.thread.join();
    }
}

/// Writes every job. `last` is the sequence number of the checkpoint that the daemon began with; returns that of the one it ended with.
fn write_all(store: &Store, queue: &Receiver<Job>, health: &Mutex<CheckpointHealth>, mut last: u64) -> u64 {
    while let Ok(Job { header, snapshot, ended_key }) = queue.recv() {
        let began = Instant::now();
        let written = store.still_owned(last).and_then(|()| store.write_out(&header, snapshot));
        match written {
            Ok(bytes) => {
                last = header.sequence;
                forget_before(store.folder(), header.journal);
                if let Some(key) = ended_key {
                    key.destroy();
                }
                let mut health = lock(health);
                health.written += 1;
                (health.last, health.bytes, health.took) = (Instant::now(), bytes, began.elapsed());
            }
            // The file is this daemon's, so the next check must expect it. A crash may bring back the one before, so its journals stay.
            Err(error @ CheckpointError::Unsettled { .. }) => {
                last = header.sequence;
                tracing::error!(%error, "the checkpoint is written, but a crash may undo it");
                lock(health).failed += 1;
            }
            Err(error) => {
                tracing::error!(%error, "the checkpoint could not be written; the last one stands");
                lock(health).failed += 1;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::checkpoint::{FOLDER_FAILS, Journal, Owner, read_journals};
    use crate::ledger::PseudonymKey;
    use crate::monitor::{AlertEntries, Clock, Monitor};
    use crate::settings::Settings;

    #[test]
    fn a_checkpoint_that_is_there_but_not_for_certain_is_not_taken_for_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let text = include_str!("../../../config/paritywatch.toml");
        let settings = Settings::parse(text, "paritywatch.toml", std::iter::empty()).unwrap();
        let monitor = Monitor::new(settings.plan, PseudonymKey([7; 16]), Clock::Wall);
        let owner = Owner::claim(folder.path()).unwrap();
        let (store, health) = (Store::new(owner.clone()), Mutex::new(CheckpointHealth::new()));
        let mut journal = Journal::new(folder.path(), 0).unwrap();
        // Of no alert.
        let entries = (1..100).find_map(|count| AlertEntries::from_bytes(&vec![0; count]).ok()).unwrap();
        journal.write(&entries).unwrap();
        let mut write = |sequence, last| {
            let (jobs, queue) = sync_channel(1);
            let header = Header { sequence, journal: journal.begin(), ..Header::first() };
            jobs.send(Job { header, snapshot: monitor.snapshot(), ended_key: None }).unwrap();
            drop(jobs);
            write_all(&store, &queue, &health, last)
        };
        let counts = || {
            let health = lock(&health);
            (health.written, health.failed)
        };
        FOLDER_FAILS.set(true);
        let last = write(1, 0);
        assert_eq!((last, counts()), (1, (0, 1)));
        assert_eq!(read_journals(folder.path(), 0).unwrap().len(), 1, "the last checkpoint needs it");
        let last = write(2, last);
        assert_eq!((last, counts(), owner.lost()), (2, (0, 2), None));
        FOLDER_FAILS.set(false);
        assert_eq!(write(3, last), 3);
        assert_eq!((counts(), owner.lost()), ((1, 2), None));
        assert_eq!(read_journals(folder.path(), 0).unwrap().len(), 0);
    }
}
