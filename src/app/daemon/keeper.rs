//! Keeps the state on disk: checkpoints from time to time, alert transitions at once.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::delivery::Changes;
use super::key::PreviousKey;
use super::writer::{Asked, CheckpointWriter, Job};
use crate::app::failure::Failure;
use crate::checkpoint::{CheckpointError, Header, Input, Journal, LastRecord, Owner, Store, Stored, read_journals};
use crate::ledger::Keys;
use crate::monitor::{AlertTransitions, Clock, Monitor};
use crate::plan::{EventTime, InputOffset, PartitionIndex};
use crate::settings::Settings;
use crate::source::RecordHash;
use crate::source::kafka::Batch;
use crate::status::{CheckpointHealth, lock};

/// The pause between two checkpoints is at least this many times as long as the last one took: a large state must not keep the disk busy.
const PAUSE_SHARE: u32 = 4;

/// The state on disk, as the monitor's thread uses it.
pub struct Keeper {
    owner: Owner,
    journal: Journal,
    header: Header,
    /// Whether a state was found when the folder was opened.
    was_read: bool,
    /// Changes of alerts that were found in the journals.
    changes: Vec<Changes>,
    hash: RecordHash,
    /// `None` where the daemon keeps none.
    previous_key: Option<PreviousKey>,
    /// Where the consumer cuts records off: the limit at the start, which a reload does not change.
    message_bytes: usize,
    every: Duration,
    /// When the last checkpoint was asked for.
    asked: Instant,
    /// `None` once the last checkpoint is written.
    writer: Option<CheckpointWriter>,
    /// Changed by this thread and by the writer's.
    health: Arc<Mutex<CheckpointHealth>>,
}

impl Keeper {
    /// Opens the state folder that was claimed. The monitor resumes from the last checkpoint and the alert transitions after it.
    ///
    /// # Errors
    /// [`Failure::Io`] if the folder cannot be read or its state is damaged; [`Failure::Configuration`] if the state does not fit the
    /// configuration.
    pub fn open(
        settings: &Settings,
        owner: &Owner,
        keys: impl Into<Keys>,
        now: EventTime,
    ) -> Result<(Self, Monitor), Failure> {
        let (store, keys) = (Store::new(owner.clone()), keys.into());
        let stored = store.read(settings.plan.clone(), keys.clone(), Clock::Wall).map_err(failure)?;
        let fresh = || Stored {
            header: Header::first(),
            monitor: Monitor::new(settings.plan.clone(), keys.present.clone(), Clock::Wall),
        };
        let was_read = stored.is_some();
        let Stored { mut header, mut monitor } = stored.unwrap_or_else(fresh);
        let mut changes = Vec::new();
        for entries in read_journals(store.folder(), header.journal).map_err(failure)? {
            let provenance = entries.provenance.clone();
            changes.push((monitor.recall_alerts(entries).map_err(Failure::configuration)?, provenance));
        }
        monitor.resume(now);
        header.config_hash.clone_from(&settings.plan.config_hash);
        header.accepted_gaps.iter().for_each(|gap| tracing::warn!(gap, "a data gap was accepted"));
        tracing::info!(checkpoint = header.sequence, partitions = header.inputs.len(), "the state was read");
        let health = Arc::new(Mutex::new(CheckpointHealth::new()));
        let keeper = Self {
            owner: owner.clone(),
            journal: Journal::new(store.folder(), header.journal).map_err(failure)?,
            changes,
            hash: RecordHash(keys.present.clone()),
            previous_key: None,
            message_bytes: settings.plan.event.message_bytes,
            every: checkpoint_every(settings),
            asked: Instant::now(),
            writer: Some(CheckpointWriter::start(store, header.sequence, &health)?),
            health,
            header,
            was_read,
        };
        Ok((keeper, monitor))
    }

    /// Destroys this key from now on, once nothing is known by it. Not where no state was read: an empty folder may be a volume that is not
    /// mounted, with a state that needs the key.
    pub fn destroy_in_time(&mut self, previous_key: PreviousKey) {
        self.previous_key = Some(previous_key).filter(|_| self.was_read);
    }

    /// The changes of alerts since the checkpoint that was read, oldest first. Returned once.
    pub fn take_changes(&mut self) -> Vec<Changes> {
        std::mem::take(&mut self.changes)
    }

    /// The number of the checkpoint that was read; `None`: there was no state.
    #[must_use]
    pub fn checkpoint_read(&self) -> Option<u64> {
        Some(self.header.sequence).filter(|_| self.was_read)
    }

    /// Where to read on in every partition, in the order of the monitor's partition indices.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.header.inputs
    }

    /// The data gaps that an operator accepted, oldest first.
    #[must_use]
    pub fn accepted_gaps(&self) -> &[String] {
        &self.header.accepted_gaps
    }

    /// Takes note of last records that were recognised, with their hashes by the present key.
    pub fn renew(&mut self, recognised: Vec<(PartitionIndex, LastRecord)>) {
        for (index, recognised) in recognised {
            let last = self.header.inputs.get_mut(index.0 as usize).and_then(|input| input.last.as_mut());
            if let Some(last) = last.filter(|last| last.offset == recognised.offset) {
                *last = recognised;
            }
        }
    }

    /// Adds a partition that was found. Partitions come in the order of their indices.
    pub fn add_partition(&mut self, input: Input) {
        self.header.inputs.push(input);
    }

    /// Notes how far a batch has brought each partition. The batch must be in the counts.
    pub fn note(&mut self, batch: &Batch) {
        for record in batch.newest() {
            let Some(input) = self.header.inputs.get_mut(record.partition.0 as usize) else {
                // The source announces a partition before its first batch.
                tracing::error!(
                    partition = record.partition.0,
                    "a batch names a partition that was not announced; its offset is not kept"
                );
                continue;
            };
            let hash = self.hash.of(record.timestamp, record.payload, record.headers());
            let message_bytes = Some(self.message_bytes);
            input.next_offset = record.offset + 1;
            input.last = Some(LastRecord { offset: record.offset, hash, message_bytes });
        }
    }

    /// Notes that a partition holds no record before this offset that was not read. The last record stays the one by which the log is known.
    pub fn pass(&mut self, partition: PartitionIndex, offset: i64) {
        if let Some(input) = self.header.inputs.get_mut(partition.0 as usize) {
            input.next_offset = input.next_offset.max(offset);
        }
    }

    /// Makes alert transitions durable, with the offsets counted so far, and returns what receivers are to be told.
    ///
    /// If the disk fails they are returned all the same: a page that may come twice is better than none. `None` if
    /// the state is no longer this daemon's: its new owner then finds them, and tells them.
    pub fn keep_alerts(&mut self, transitions: AlertTransitions) -> Option<Changes> {
        let AlertTransitions { mut entries, published } = transitions;
        self.owner.check().ok()?;
        entries.provenance.inputs = self.header.inputs.iter().map(InputOffset::from).collect();
        if let Err(error) = self.journal.write(&entries) {
            tracing::error!(%error, "alert transitions could not be made durable");
            lock(&self.health).unwritten_transitions += 1;
        }
        Some((published, entries.provenance))
    }

    /// Takes over what a new configuration says of checkpoints.
    pub fn change_configuration(&mut self, settings: &Settings) {
        self.header.config_hash.clone_from(&settings.plan.config_hash);
        self.every = checkpoint_every(settings);
    }

    /// Whether it is time for a checkpoint.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let took = lock(&self.health).took;
        self.asked.elapsed() >= self.every.max(took * PAUSE_SHARE)
    }

    /// Asks for a checkpoint of the present state. Everything that was sent because of what was read must have arrived.
    pub fn checkpoint(&mut self, monitor: &Monitor) {
        self.asked = Instant::now();
        let Some(writer) = &self.writer else { return };
        let header = self.next_header(self.journal.number().saturating_add(1));
        match writer.try_write(Job { header, snapshot: monitor.snapshot(), ended_key: self.ended_key(monitor) }) {
            Asked::Taken => {
                self.header.sequence = self.header.sequence.saturating_add(1);
                self.header.journal = self.journal.begin();
                let stall = self.asked.elapsed();
                lock(&self.health).stall = stall;
            }
            // Tried again when the next one is due.
            Asked::Busy => {}
            Asked::Ended => {
                tracing::error!("the checkpoint's thread has ended");
                lock(&self.health).failed += 1;
            }
        }
    }

    /// Writes a last checkpoint and waits until it is on disk. Nothing is written if the state is no longer this daemon's.
    pub fn finish(&mut self, monitor: &Monitor) {
        let Some(writer) = self.writer.take() else { return };
        let journal = self.journal.begin();
        let ended_key = self.ended_key(monitor);
        writer.finish(Job { header: self.next_header(journal), snapshot: monitor.snapshot(), ended_key });
    }

    /// The health of the checkpoints.
    #[must_use]
    pub fn health(&self) -> CheckpointHealth {
        lock(&self.health).clone()
    }

    /// The previous key, if nothing is known by it in this state. It may be destroyed once the state is on disk: the checkpoint before
    /// may need it.
    fn ended_key(&self, monitor: &Monitor) -> Option<PreviousKey> {
        self.previous_key.clone().filter(|key| key.exists() && !monitor.has_two_keys())
    }

    /// The header of the next checkpoint, which this version writes in the present format, whichever it has read.
    fn next_header(&self, journal: u64) -> Header {
        let Header { config_hash, inputs, accepted_gaps, .. } = self.header.clone();
        let sequence = self.header.sequence.saturating_add(1);
        Header { sequence, journal, config_hash, inputs, accepted_gaps, ..Header::first() }
    }
}

fn checkpoint_every(settings: &Settings) -> Duration {
    // At least one second, as the settings demand.
    Duration::from_millis(u64::try_from(settings.state.checkpoint_every.0).unwrap_or_default())
}

fn failure(error: CheckpointError) -> Failure {
    match error {
        CheckpointError::Unfit { .. } => Failure::configuration(error),
        _ => Failure::io(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::key::load_or_make_keys;
    use super::super::rotation::rotate;
    use super::*;

    #[test]
    fn a_state_made_anew_does_not_destroy_the_previous_key() {
        let folder = tempfile::tempdir().unwrap();
        let text = include_str!("../../../config/paritywatch.toml");
        let mut settings = Settings::parse(text, "paritywatch.toml", std::iter::empty()).unwrap();
        // The key comes from elsewhere, and the folder of the state is empty: a volume that is not mounted.
        settings.state.dir = folder.path().join("keys");
        load_or_make_keys(&settings).unwrap();
        settings.privacy.pseudonym_key_file = Some(folder.path().join("keys").join("pseudonym.key"));
        settings.state.dir = folder.path().join("state");
        std::fs::create_dir(&settings.state.dir).unwrap();
        let previous = rotate(&settings).unwrap().previous;
        let content = std::fs::read(&previous).unwrap();
        let run = || {
            let key_files = load_or_make_keys(&settings).unwrap();
            let owner = Owner::claim(&settings.state.dir).unwrap();
            let (mut keeper, monitor) = Keeper::open(&settings, &owner, key_files.keys, EventTime(0)).unwrap();
            keeper.destroy_in_time(key_files.previous);
            keeper.finish(&monitor);
        };
        run();
        assert!(settings.state.dir.join("checkpoint").exists());
        assert_eq!(std::fs::read(&previous).unwrap(), content);
        // The state that was read does not need it.
        run();
        assert!(!previous.exists());
    }
}
