//! Delivers alerts from the outbox. Each receiver has a thread, so that no receiver delays another or the stream; the monitor's thread only
//! appends.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::exchange::Exchange;
use super::receivers::{Spec, specs};
use super::worker::Worker;
use crate::alert::ToldSoFar;
use crate::app::failure::Failure;
use crate::checkpoint::{CheckpointError, Cursor, OutboxFile, Owner, forget_cursor, read_cursors};
use crate::disclosure::PublishedAlert;
use crate::outbox::{Message, Outbox, Receiver, Record};
use crate::plan::{EventTime, Provenance};
use crate::settings::Settings;
use crate::source::kafka::Brokers;
use crate::status::{DeliveryHealth, wall_clock};

/// How long the receivers' threads may take to send what waits when the daemon stops.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// The outbox, as the monitor's thread uses it.
pub struct Delivery {
    exchange: Arc<Exchange>,
    file: OutboxFile,
    base_url: String,
    ended: mpsc::Receiver<()>,
    running: usize,
}

/// Alerts that changed in one evaluation, and the position and configuration of that evaluation.
pub type Changes = (Vec<PublishedAlert>, Provenance);

impl Delivery {
    /// Opens the outbox in the state folder that was claimed, and begins to deliver. `changes` are those since the last checkpoint, oldest first;
    /// `book` is every alert. What the outbox lacks of them is added. Without `brokers` there is no topic for alerts.
    ///
    /// # Errors
    /// [`Failure::Io`] if the outbox or a file that the configuration names cannot be read; [`Failure::Configuration`] if such a file does not hold
    /// what it should.
    pub fn open(
        settings: &Settings,
        brokers: Option<&Brokers>,
        owner: &Owner,
        changes: &[Changes],
        book: &[PublishedAlert],
    ) -> Result<Self, Failure> {
        let folder = &settings.state.dir;
        let specs = specs(settings, brokers)?;
        let (file, records) = OutboxFile::open(owner).map_err(Failure::io)?;
        let outbox = recalled(folder, records, &specs, settings.outbox_limit)?;
        let exchange = Exchange::new(owner.clone(), outbox);
        let (end, ended) = mpsc::channel();
        let mut delivery =
            Self { exchange: Arc::clone(&exchange), file, base_url: base_url(settings), ended, running: specs.len() };
        delivery.reconcile(changes, book);
        for (index, spec) in specs.into_iter().enumerate() {
            let Receiver { id, name, .. } = spec.receiver;
            let cursor = Cursor::new(owner, id, name.clone());
            let worker = Worker { exchange: Arc::clone(&exchange), index, name, sink: spec.sink, cursor };
            worker.start(end.clone())?;
        }
        Ok(delivery)
    }

    /// Puts messages about what changed into the outbox. They are on disk before they are sent. If the disk fails they are sent all the same: a
    /// message that may come twice is better than none.
    pub fn tell(&mut self, (alerts, provenance): &Changes) {
        let messages = {
            let state = self.exchange.lock();
            let of = |alert| Message::missing(alert, state.outbox.told_of(&alert.id), provenance, &self.base_url);
            alerts.iter().flat_map(of).collect::<Vec<_>>()
        };
        self.append(messages);
    }

    /// What receivers were told of an alert, or will be.
    #[must_use]
    pub fn told(&self, alert: &str) -> ToldSoFar {
        self.exchange.lock().outbox.told(alert)
    }

    /// Tells the end of alerts that the book no longer has, because their rule or profile is gone, or the state was rebuilt. Returns the messages.
    pub fn end_what_is_gone(&mut self, book: &[PublishedAlert], now: EventTime) -> Vec<Arc<Message>> {
        let ended: Vec<Message> = {
            let state = self.exchange.lock();
            let known: BTreeSet<&str> = book.iter().map(|alert| alert.id.as_str()).collect();
            let gone = state.outbox.firing().filter(|message| !known.contains(message.alert.as_str()));
            gone.map(|message| message.ended(now)).collect()
        };
        let told = ended.iter().cloned().map(Arc::new).collect();
        self.append(ended);
        told
    }

    /// The last message about each alert that fires, or has ended lately.
    #[must_use]
    pub fn standing(&self) -> Vec<Arc<Message>> {
        self.exchange.lock().outbox.standing().map(Arc::clone).collect()
    }

    /// The number of the last transition of each alert that was told, or waits to be told.
    pub fn numbers(&self) -> Vec<(String, u32)> {
        self.exchange.lock().outbox.numbers().map(|(alert, number)| (alert.to_owned(), number)).collect()
    }

    /// Writes again what the disk has refused, and replaces the file once much of it is out of date. Call it often.
    pub fn work(&mut self) {
        let records = {
            let state = self.exchange.lock();
            self.file.is_due(state.outbox.len()).then(|| state.outbox.records())
        };
        if let Some(records) = records
            && self.exchange.owner.check().is_ok()
        {
            let replaced = self.file.replace(&records);
            self.note_disk(replaced);
        }
    }

    /// Whether every message is on disk. It must be before a checkpoint, which says that nothing need be told again.
    #[must_use]
    pub const fn is_durable(&self) -> bool {
        self.file.is_whole()
    }

    /// The health of the delivery.
    #[must_use]
    pub fn health(&self) -> DeliveryHealth {
        let state = self.exchange.lock();
        let receivers = state.outbox.health(self.exchange.now(), wall_clock());
        DeliveryHealth { receivers, undurable: state.undurable }
    }

    /// Lets the receivers' threads send what waits, for a while. What they do not send stays in the outbox.
    pub fn finish(self) {
        self.exchange.stop();
        let until = Instant::now() + STOP_LIMIT;
        for _ in 0..self.running {
            if self.ended.recv_timeout(until.saturating_duration_since(Instant::now())).is_err() {
                tracing::warn!("alerts wait in the outbox; they are delivered after the next start");
                return;
            }
        }
    }

    /// Ends without sending anything more, and waits for no thread. The state has a new owner, which sends what is still due.
    pub fn abandon(self) {
        self.exchange.stop();
    }

    /// Adds what a crash kept from the outbox. The journal has every change since the last checkpoint, the book the state of each alert.
    fn reconcile(&mut self, changes: &[Changes], book: &[PublishedAlert]) {
        let mut state = self.exchange.lock();
        let outbox = &mut state.outbox;
        if outbox.is_empty() {
            // Without an outbox nobody was told of any alert, and nobody needs to hear now of those that have ended.
            let ended = book.iter().filter(|alert| alert.resolved_at.is_some());
            ended.for_each(|alert| outbox.take_as_told(&alert.id, alert.transitions));
        }
        // The end of an alert comes before the beginning of another in its place: Alertmanager does not tell the two apart.
        let ended: Vec<Message> = outbox.displaced(book).map(|message| message.ended(wall_clock())).collect();
        let fresh = outbox.fresh(ended);
        outbox.append(fresh, wall_clock());
        let unknown = Provenance::default();
        let changed =
            changes.iter().flat_map(|(alerts, provenance)| alerts.iter().map(move |alert| (alert, provenance)));
        for (alert, provenance) in changed.chain(book.iter().map(|alert| (alert, &unknown))) {
            let missing = Message::missing(alert, outbox.told_of(&alert.id), provenance, &self.base_url);
            let fresh = outbox.fresh(missing);
            outbox.append(fresh, wall_clock());
        }
        drop(state);
        self.work();
    }

    fn append(&mut self, messages: Vec<Message>) {
        let fresh = self.exchange.lock().outbox.fresh(messages);
        if fresh.is_empty() || self.exchange.owner.check().is_err() {
            return;
        }
        // Not under the lock: only this thread appends, and the disk may be slow.
        let written = self.file.append(&fresh);
        self.note_disk(written);
        self.exchange.lock().outbox.append(fresh, wall_clock());
        self.exchange.announce();
    }

    fn note_disk(&self, written: Result<(), CheckpointError>) {
        let mut state = self.exchange.lock();
        state.durable = self.file.is_whole();
        if let Err(error) = written {
            state.undurable += 1;
            tracing::error!(%error, "the outbox could not be made durable; alerts are delivered all the same");
        }
    }
}

/// The outbox, as the disk has it.
fn recalled(folder: &Path, records: Vec<Record>, specs: &[Spec], limit: u64) -> Result<Outbox, Failure> {
    let positions = read_cursors(folder).map_err(Failure::io)?;
    let receivers: Vec<Receiver> = specs.iter().map(|spec| spec.receiver.clone()).collect();
    for id in positions.keys().filter(|id| receivers.iter().all(|receiver| receiver.id != **id)) {
        tracing::warn!(id, "a receiver is no longer configured");
        forget_cursor(folder, id);
    }
    Ok(Outbox::new(records, positions, receivers, limit))
}

/// The address at which people reach the daemon, without a slash at its end.
pub(super) fn base_url(settings: &Settings) -> String {
    // With a web configuration nobody can tell here whether TLS is on; whoever sets one up sets external_url too.
    let listen = format!("http://{}", settings.server.listen);
    let url = settings.server.external_url.as_deref().unwrap_or(&listen);
    url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned()
}
