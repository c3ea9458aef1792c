//! Keeps the daemon's state on the disk: checkpoints in the background, alert transitions at once.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::app::{Changes, Failure};
use crate::checkpoint::{
    CheckpointError, Header, Input, Journal, LastRecord, Owner, Store, Stored, forget_before, read_journals,
};
use crate::event::EventTime;
use crate::monitor::{AlertEntries, Clock, FORMAT, InputOffset, Monitor, PartitionIndex, PseudonymKey, Snapshot};
use crate::settings::Settings;
use crate::source::{Batch, BatchRecord, RecordHash};

/// The pause between two checkpoints is at least so many times as long as the last one took: a large state must not keep the disk busy.
const PAUSE_SHARE: u32 = 4;

/// The state on the disk, as far as the monitor's thread has to do with it.
pub struct Keeper {
    owner: Owner,
    journal: Journal,
    header: Header,
    /// Changes of alerts that were found in the journals.
    changes: Vec<Changes>,
    hash: RecordHash,
    /// Where the consumer cuts records off. It is what it was at the start: a reload does not change it.
    message_bytes: usize,
    every: Duration,
    asked: Instant,
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<u64>>,
    health: Arc<Mutex<CheckpointHealth>>,
}

/// How the keeping fares.
#[derive(Clone, Debug)]
pub struct CheckpointHealth {
    /// When the last one was on the disk, or the daemon started.
    pub last: Instant,
    /// How many were written since the start.
    pub written: u64,
    /// How many could not be.
    pub failed: u64,
    /// Bytes of the last one.
    pub bytes: u64,
    /// How long the last one took in the background.
    pub took: Duration,
    /// How long the monitor stood still for the last one.
    pub stall: Duration,
    /// Transitions that could not be written before they were told.
    pub unwritten_transitions: u64,
}

struct Job {
    header: Header,
    snapshot: Snapshot,
}

impl Keeper {
    /// Opens the state folder that was claimed: the monitor goes on where the last checkpoint and the alerts after it stand.
    ///
    /// # Errors
    /// [`Failure::Io`] where the folder cannot be read or the state is not whole; [`Failure::Configuration`] where it does not fit the
    /// configuration.
    pub fn open(
        settings: &Settings,
        owner: &Owner,
        key: &PseudonymKey,
        now: EventTime,
    ) -> Result<(Self, Monitor), Failure> {
        let store = Store::new(owner.clone());
        let stored = store.read(settings.plan.clone(), key.clone(), Clock::Wall).map_err(failure)?;
        let fresh = || Stored {
            header: first_header(),
            monitor: Monitor::new(settings.plan.clone(), key.clone(), Clock::Wall),
        };
        let Stored { mut header, mut monitor } = stored.unwrap_or_else(fresh);
        let mut changes = Vec::new();
        for entries in read_journals(store.folder(), header.journal).map_err(failure)? {
            changes.push((monitor.publish_alerts(&entries), entries.provenance.clone()));
            monitor.recall_alerts(entries).map_err(|problem| Failure::Configuration(problem.to_string()))?;
        }
        monitor.resume(now);
        header.config_hash.clone_from(&settings.plan.config_hash);
        header.accepted_gaps.iter().for_each(|gap| tracing::warn!(gap, "a data gap was accepted"));
        tracing::info!(checkpoint = header.sequence, partitions = header.inputs.len(), "the state was read");
        let journal = Journal::new(store.folder(), header.journal).map_err(failure)?;
        let hash = RecordHash(key.clone());
        let keeper = Self::start(settings, owner.clone(), journal, header, hash)?;
        Ok((Self { changes, ..keeper }, monitor))
    }

    fn start(
        settings: &Settings,
        owner: Owner,
        journal: Journal,
        header: Header,
        hash: RecordHash,
    ) -> Result<Self, Failure> {
        let (jobs, queue) = sync_channel(0);
        let health = Arc::new(Mutex::new(CheckpointHealth::new()));
        let (store, shared, last) = (Store::new(owner.clone()), Arc::clone(&health), header.sequence);
        let writer = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || write_all(&store, &queue, &shared, last));
        let writer = writer.map_err(|error| Failure::Io(format!("start the checkpoint's thread: {error}")))?;
        Ok(Self {
            owner,
            journal,
            header,
            changes: Vec::new(),
            hash,
            message_bytes: settings.plan.event.message_bytes,
            every: checkpoint_every(settings),
            asked: Instant::now(),
            jobs: Some(jobs),
            writer: Some(writer),
            health,
        })
    }

    /// The changes of alerts since the checkpoint that was read, oldest first; given once.
    pub fn take_changes(&mut self) -> Vec<Changes> {
        std::mem::take(&mut self.changes)
    }

    /// Where every partition is read on.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.header.inputs
    }

    /// Data gaps that were accepted, oldest first.
    #[must_use]
    pub fn accepted_gaps(&self) -> &[String] {
        &self.header.accepted_gaps
    }

    /// How records are known again.
    #[must_use]
    pub fn record_hash(&self) -> RecordHash {
        self.hash.clone()
    }

    /// A partition was found; the next in the order of indices.
    pub fn add_partition(&mut self, input: Input) {
        self.header.inputs.push(input);
    }

    /// A batch is in the counts.
    pub fn note(&mut self, batch: &Batch) {
        let mut newest: Vec<(PartitionIndex, BatchRecord<'_>)> = Vec::new();
        for record in batch.records() {
            match newest.iter_mut().find(|(index, _)| *index == record.partition) {
                Some((_, known)) => *known = record,
                None => newest.push((record.partition, record)),
            }
        }
        for (index, record) in newest {
            if let Some(input) = self.header.inputs.get_mut(index.0 as usize) {
                let hash = self.hash.of(record.timestamp, record.payload, record.headers());
                input.next_offset = record.offset + 1;
                let message_bytes = Some(self.message_bytes);
                input.last = Some(LastRecord { offset: record.offset, hash, message_bytes });
            }
        }
    }

    /// Makes alert transitions durable, with the offsets counted so far, and gives them back; to be called before anybody is told. Where the disk
    /// fails they are told all the same: a page that may come twice is better than none. `None` where there are none, and where the state is no
    /// longer this daemon's: then its new owner finds them, and tells them.
    pub fn keep_alerts(&mut self, entries: Option<AlertEntries>) -> Option<AlertEntries> {
        let mut entries = entries?;
        self.owner.check().ok()?;
        entries.provenance.inputs = self.header.inputs.iter().map(InputOffset::from).collect();
        if let Err(error) = self.journal.write(&entries) {
            tracing::error!(%error, "alert transitions could not be made durable");
            self.lock().unwritten_transitions += 1;
        }
        Some(entries)
    }

    /// Another configuration is in force.
    pub fn change_configuration(&mut self, settings: &Settings) {
        self.header.config_hash.clone_from(&settings.plan.config_hash);
        self.every = checkpoint_every(settings);
    }

    /// Whether it is time for a checkpoint.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let pause = self.every.max(self.lock().took * PAUSE_SHARE);
        self.asked.elapsed() >= pause
    }

    /// Asks for a checkpoint of this moment. Everything that was sent because of what was read must have arrived.
    pub fn checkpoint(&mut self, monitor: &Monitor) {
        self.asked = Instant::now();
        let Some(jobs) = &self.jobs else { return };
        let header = Header {
            sequence: self.header.sequence.saturating_add(1),
            journal: self.journal.number().saturating_add(1),
            ..self.header.clone()
        };
        match jobs.try_send(Job { header, snapshot: monitor.snapshot() }) {
            Ok(()) => {
                self.header.sequence = self.header.sequence.saturating_add(1);
                self.header.journal = self.journal.begin();
                let stall = self.asked.elapsed();
                self.lock().stall = stall;
            }
            // The last one is still being written.
            Err(TrySendError::Full(_)) => {}
            Err(TrySendError::Disconnected(_)) => {
                tracing::error!("the checkpoint's thread has ended");
                self.lock().failed += 1;
            }
        }
    }

    /// Writes a last checkpoint and waits until it is on the disk; none where the state is no longer this daemon's.
    pub fn finish(&mut self, monitor: &Monitor) {
        let Some(jobs) = self.jobs.take() else { return };
        let header = Header {
            sequence: self.header.sequence.saturating_add(1),
            journal: self.journal.begin(),
            ..self.header.clone()
        };
        // Waits for the one that is being written.
        let _ = jobs.send(Job { header, snapshot: monitor.snapshot() });
        drop(jobs);
        if let Some(writer) = self.writer.take() {
            // A panic there has been printed there.
            let _ = writer.join();
        }
    }

    /// How it fares.
    #[must_use]
    pub fn health(&self) -> CheckpointHealth {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CheckpointHealth> {
        lock(&self.health)
    }
}

impl CheckpointHealth {
    /// Before the first one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            last: Instant::now(),
            written: 0,
            failed: 0,
            bytes: 0,
            took: Duration::ZERO,
            stall: Duration::ZERO,
            unwritten_transitions: 0,
        }
    }
}

impl From<&Input> for InputOffset {
    fn from(input: &Input) -> Self {
        Self { topic: input.topic.clone(), partition: input.partition, next_offset: input.next_offset }
    }
}

impl Default for CheckpointHealth {
    fn default() -> Self {
        Self::new()
    }
}

fn checkpoint_every(settings: &Settings) -> Duration {
    Duration::from_millis(u64::try_from(settings.state.checkpoint_every.0).unwrap_or_default())
}

fn first_header() -> Header {
    Header {
        format: FORMAT,
        written_by: concat!("paritywatch ", env!("CARGO_PKG_VERSION")).to_owned(),
        sequence: 0,
        config_hash: String::new(),
        journal: 0,
        inputs: Vec::new(),
        accepted_gaps: Vec::new(),
    }
}

/// `last` is the sequence number of the checkpoint that the daemon began with; gives that of the one it ended with.
fn write_all(store: &Store, queue: &Receiver<Job>, health: &Mutex<CheckpointHealth>, mut last: u64) -> u64 {
    while let Ok(Job { mut header, snapshot }) = queue.recv() {
        let began = Instant::now();
        let Header { format, written_by, .. } = first_header();
        (header.format, header.written_by) = (format, written_by);
        let written = store.still_owned(last).and_then(|()| store.write(&header, &snapshot));
        // Pages that changed since are freed here and not on the monitor's thread.
        drop(snapshot);
        match written {
            Ok(bytes) => {
                last = header.sequence;
                forget_before(store.folder(), header.journal);
                let mut health = lock(health);
                health.written += 1;
                (health.last, health.bytes, health.took) = (Instant::now(), bytes, began.elapsed());
            }
            // The next one finds this one there. A crash may bring back the last one, so its journals stay.
            Err(error @ CheckpointError::Unsettled { .. }) => {
                last = header.sequence;
                tracing::error!(%error, "the checkpoint is written, but not for certain");
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

fn failure(error: CheckpointError) -> Failure {
    match error {
        CheckpointError::Unfit { .. } => Failure::Configuration(error.to_string()),
        _ => Failure::Io(error.to_string()),
    }
}

/// A poisoned lock only says that a thread panicked between two plain writes: the value is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::checkpoint::FOLDER_FAILS;

    #[test]
    fn a_checkpoint_that_is_there_but_not_for_certain_is_not_taken_for_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let text = include_str!("../../config/paritywatch.toml");
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
            let header = Header { sequence, journal: journal.begin(), ..first_header() };
            jobs.send(Job { header, snapshot: monitor.snapshot() }).unwrap();
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
