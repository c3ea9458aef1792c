//! The outbox as a state machine: messages in order, and for each receiver how far it has come and when it is tried next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::message::{Message, subject_of};
use super::receiver::{BACKOFF_LONGEST, Receiver, ReceiverHealth, ReceiverState, Refusal};
use super::record::Record;
use crate::alert::{self, AlertState};
use crate::disclosure::PublishedAlert;
use crate::plan::invariant::{Room, present};
use crate::plan::{EventTime, Span};

/// How long an end is resent to receivers with resends, as Prometheus does.
pub const ENDED_RESENT_FOR: Span = Span(15 * Span::MINUTE.0);
/// Most alerts whose told transitions are remembered. The oldest that have ended go first. The alert book keeps fewer.
pub const MAX_TOLD: usize = 40_000;

/// The invariant of every receiver's index that a caller gives.
const RECEIVERS_KNOWN: &str = "receivers are counted from 0 as they were given";

/// What was told, what is to be told, and to whom.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// Sequence number of the first of `waiting`.
    first: u64,
    waiting: VecDeque<Arc<Message>>,
    /// The last message about each alert that fires, or has changed lately.
    standing: BTreeMap<String, Standing>,
    told: BTreeMap<String, Told>,
    receivers: Vec<ReceiverState>,
    /// Most messages that wait for one receiver.
    limit: u64,
}

#[derive(Clone, Debug)]
struct Standing {
    sequence: u64,
    message: Arc<Message>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    number: u32,
    /// The higher, the longer it is remembered.
    sequence: u64,
}

/// What to do for a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send these, oldest first; `next` is the sequence number after the last.
    Send {
        /// The messages.
        messages: Vec<Arc<Message>>,
        /// Sequence number of the first.
        first: u64,
    },
    /// Send the last message of every alert again.
    Resend(Vec<Arc<Message>>),
    /// Wait until then; `None`: until there is a new message.
    Wait(Option<Span>),
}

impl Outbox {
    /// Restores the outbox from the records of its file, in their order. `positions` has the sequence number of each receiver's next message by
    /// id, also of receivers that are gone. At most `limit` messages, and at least 1, wait for one receiver.
    #[must_use]
    pub fn new(
        records: impl IntoIterator<Item = Record>,
        mut positions: BTreeMap<String, u64>,
        receivers: Vec<Receiver>,
        limit: u64,
    ) -> Self {
        let mut outbox = Self {
            first: 0,
            waiting: VecDeque::new(),
            standing: BTreeMap::new(),
            told: BTreeMap::new(),
            receivers: Vec::new(),
            limit: limit.max(1),
        };
        for record in records {
            if let Record::Receiver { id, next } = record {
                let known = positions.entry(id).or_default();
                *known = next.max(*known);
            } else {
                outbox.recall(record);
            }
        }
        outbox.receive(receivers, &positions);
        outbox
    }

    /// Adds the receivers. A new one gets what still waits for another one, even if that one is gone: its address may have been mistyped.
    ///
    /// If a receiver had more than the file holds, the file has lost its end. Then all numbers move up, so that no number is used twice: a
    /// receiver may get a message again, and never misses one.
    fn receive(&mut self, receivers: Vec<Receiver>, positions: &BTreeMap<String, u64>) {
        let end = self.end();
        let oldest = positions.values().min().copied().unwrap_or_default();
        let lost = positions.values().max().map_or(0, |furthest| furthest.saturating_sub(end));
        self.first += lost;
        self.standing.values_mut().for_each(|standing| standing.sequence += lost);
        let first = self.first;
        let standpoint = |receiver: Receiver| {
            let next = positions.get(&receiver.id).copied().unwrap_or(oldest).min(end) + lost;
            ReceiverState::new(receiver, next.max(first))
        };
        self.receivers = receivers.into_iter().map(standpoint).collect();
        self.drop_surplus();
    }

    /// Returns those of the messages that are new, as records for the file. Pass them to [`Self::append`] when the file has them.
    #[must_use]
    pub fn fresh(&self, messages: impl IntoIterator<Item = Message>) -> Vec<Record> {
        let mut told: BTreeMap<String, u32> = BTreeMap::new();
        let mut fresh = Vec::new();
        for message in messages {
            let known = told.get(&message.alert).copied().unwrap_or_else(|| self.told_of(&message.alert));
            if message.number > known {
                told.insert(message.alert.clone(), message.number);
                let sequence = self.end() + fresh.len() as u64;
                fresh.push(Record::Waiting { sequence, message: Arc::new(message) });
            }
        }
        fresh
    }

    /// Adds what [`Self::fresh`] returned. From now on it is sent.
    pub fn append(&mut self, records: Vec<Record>, now: EventTime) {
        records.into_iter().for_each(|record| self.recall(record));
        self.drop_surplus();
        self.tidy(now);
    }

    /// Returns everything, for a new file.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let told = self.told.iter().map(|(alert, told)| Record::Told { alert: alert.clone(), number: told.number });
        let standing = self
            .standing
            .values()
            .filter(|standing| standing.sequence < self.first)
            .map(|standing| Record::Standing { sequence: standing.sequence, message: Arc::clone(&standing.message) });
        let waiting = (self.first..)
            .zip(&self.waiting)
            .map(|(sequence, message)| Record::Waiting { sequence, message: Arc::clone(message) });
        let receivers =
            self.receivers.iter().map(|state| Record::Receiver { id: state.receiver.id.clone(), next: state.next });
        std::iter::once(Record::Begin { sequence: self.first })
            .chain(receivers)
            .chain(told)
            .chain(standing)
            .chain(waiting)
            .collect()
    }

    /// Returns how many records [`Self::records`] returns.
    #[must_use]
    pub fn len(&self) -> usize {
        let standing = self.standing.values().filter(|standing| standing.sequence < self.first).count();
        1 + self.receivers.len() + self.told.len() + standing + self.waiting.len()
    }

    /// Returns whether nothing was ever told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.waiting.is_empty()
    }

    /// Returns the number of an alert's last transition that was told, or waits to be told; 0 for none.
    #[must_use]
    pub fn told_of(&self, alert: &str) -> u32 {
        self.told.get(alert).map_or(0, |told| told.number)
    }

    /// Returns these numbers for all alerts that are remembered.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, u32)> {
        self.told.iter().map(|(alert, told)| (alert.as_str(), told.number))
    }

    /// Returns what was told of an alert, or waits to be told.
    #[must_use]
    pub fn told(&self, alert: &str) -> alert::ToldSoFar {
        let last = self.standing.get(alert).map(|standing| &standing.message);
        let firing_since = last.filter(|message| message.is_firing()).map(|message| message.at);
        alert::ToldSoFar { number: self.told_of(alert), firing_since }
    }

    /// Marks transitions of an alert as told that nobody needs to be told of: those of alerts that ended before there was an outbox.
    pub fn take_as_told(&mut self, alert: &str, number: u32) {
        self.recall(Record::Told { alert: alert.to_owned(), number });
    }

    /// Returns the last message about each alert that fires.
    pub fn firing(&self) -> impl Iterator<Item = &Message> {
        self.standing.values().map(|standing| standing.message.as_ref()).filter(|message| message.is_firing())
    }

    /// Returns the last message about each alert that fires, or has changed lately.
    pub fn standing(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.standing.values().map(|standing| &standing.message)
    }

    /// Returns those of [`Self::firing`] whose alert the book no longer has, while another one about the same fires.
    pub fn displaced<'a>(&'a self, book: &'a [PublishedAlert]) -> impl Iterator<Item = &'a Message> {
        let known: BTreeSet<&str> = book.iter().map(|alert| alert.id.as_str()).collect();
        let firing = book.iter().filter(|alert| alert.state == AlertState::Firing);
        let subjects: BTreeSet<_> = firing.map(subject_of).collect();
        let gone = self.firing().filter(move |message| !known.contains(message.alert.as_str()));
        gone.filter(move |message| subjects.contains(&message.subject()))
    }

    /// Returns what to do for a receiver now: send at most `most` messages, resend, or wait. `now` is a monotonic time from any zero; `wall` is
    /// wall-clock time.
    #[must_use]
    pub fn next(&self, receiver: usize, now: Span, wall: EventTime, most: usize) -> Next {
        let Some(state) = present(Room::Outbox, RECEIVERS_KNOWN, self.receivers.get(receiver)) else {
            return Next::Wait(None);
        };
        let waits = state.next < self.end();
        if waits && state.send_at <= now {
            let skipped = usize::try_from(state.next - self.first).unwrap_or(usize::MAX);
            let messages = self.waiting.iter().skip(skipped).take(most).cloned().collect();
            return Next::Send { messages, first: state.next };
        }
        let resend_at = state.receiver.resend_every.map(|_| state.resend_at);
        if resend_at.is_some_and(|at| at <= now) {
            return Next::Resend(self.standing_for(state.next, wall));
        }
        let send_at = waits.then_some(state.send_at);
        Next::Wait(send_at.into_iter().chain(resend_at).min())
    }

    /// Notes that a receiver took everything before this sequence number.
    pub fn delivered(&mut self, receiver: usize, next: u64, wall: EventTime) {
        let next = next.min(self.end());
        if let Some(state) = self.receiver(receiver) {
            state.delivered(next);
        }
        self.tidy(wall);
    }

    /// Notes that a resend to a receiver succeeded with so many requests: with none where there was nothing to resend.
    pub fn resent(&mut self, receiver: usize, now: Span, requests: u64) {
        if let Some(state) = self.receiver(receiver) {
            state.resent(now, requests);
        }
    }

    /// Notes that an attempt to send failed. Returns the pause before the next one.
    pub fn send_failed(&mut self, receiver: usize, now: Span, refusal: Refusal) -> Span {
        self.receiver(receiver).map_or(BACKOFF_LONGEST, |state| state.send_failed(now, refusal))
    }

    /// Notes that an attempt to resend failed. Returns the pause before the next one.
    pub fn resend_failed(&mut self, receiver: usize, now: Span, refusal: Refusal) -> Span {
        self.receiver(receiver).map_or(BACKOFF_LONGEST, |state| state.resend_failed(now, refusal))
    }

    /// Returns the sequence number of a receiver's next message; `None` where there is no such receiver.
    #[must_use]
    pub fn position(&self, receiver: usize) -> Option<u64> {
        self.receivers.get(receiver).map(|state| state.next)
    }

    /// Returns the health of each receiver, in the order they were added; `now` and `wall` as for [`Self::next`].
    #[must_use]
    pub fn health(&self, now: Span, wall: EventTime) -> Vec<ReceiverHealth> {
        let oldest = |state: &ReceiverState| self.waiting.get(usize::try_from(state.next - self.first).ok()?);
        let of = |state: &ReceiverState| ReceiverHealth {
            name: state.receiver.name.clone(),
            pending: self.end() - state.next,
            oldest: oldest(state).map(|message| message.at),
            overdue: state.receiver.resend_every.map(|_| self.overdue(state, now, wall)),
            delivered: state.attempts.delivered,
            failed: state.attempts.failed,
            dropped: state.attempts.dropped,
        };
        self.receivers.iter().map(of).collect()
    }

    fn overdue(&self, state: &ReceiverState, now: Span, wall: EventTime) -> Span {
        let late = Span(now.0.saturating_sub(state.resend_due.0));
        let is_late = late > Span(0) && !self.standing_for(state.next, wall).is_empty();
        if is_late { late } else { Span(0) }
    }

    /// Returns the sequence number after the last message.
    fn end(&self) -> u64 {
        self.first + self.waiting.len() as u64
    }

    fn receiver(&mut self, index: usize) -> Option<&mut ReceiverState> {
        present(Room::Outbox, RECEIVERS_KNOWN, self.receivers.get_mut(index))
    }

    fn recall(&mut self, record: Record) {
        match record {
            Record::Begin { sequence } => {
                if sequence > self.end() {
                    self.waiting.clear();
                    self.first = sequence;
                }
            }
            // Read before, with the positions.
            Record::Receiver { .. } => {}
            Record::Told { alert, number } => self.note_told(alert, number, self.first),
            Record::Standing { sequence, message } => self.note_standing(sequence, message),
            Record::Waiting { sequence, message } => {
                // A gap: what was before it is gone.
                if sequence > self.end() {
                    self.waiting.clear();
                }
                if self.waiting.is_empty() {
                    self.first = sequence.max(self.first);
                }
                if sequence == self.end() {
                    self.waiting.push_back(Arc::clone(&message));
                    self.note_standing(sequence, message);
                }
            }
        }
    }

    fn note_standing(&mut self, sequence: u64, message: Arc<Message>) {
        self.note_told(message.alert.clone(), message.number, sequence);
        self.standing.insert(message.alert.clone(), Standing { sequence, message });
    }

    fn note_told(&mut self, alert: String, number: u32, sequence: u64) {
        let told = self.told.entry(alert).or_insert(Told { number, sequence });
        told.number = told.number.max(number);
        told.sequence = told.sequence.max(sequence);
    }

    /// Returns the last message of every alert, as far as the receiver has them, in their order. An end is among them only for
    /// [`ENDED_RESENT_FOR`].
    fn standing_for(&self, next: u64, wall: EventTime) -> Vec<Arc<Message>> {
        let told = self.standing.values().filter(|standing| standing.sequence < next);
        let mut standing: Vec<&Standing> = told.filter(|one| is_told_again(&one.message, wall)).collect();
        standing.sort_by_key(|one| one.sequence);
        standing.into_iter().map(|one| Arc::clone(&one.message)).collect()
    }

    /// Drops the oldest messages for a receiver that too many wait for, and counts them.
    fn drop_surplus(&mut self) {
        let end = self.end();
        let oldest_kept = end.saturating_sub(self.limit);
        for state in &mut self.receivers {
            let dropped = oldest_kept.saturating_sub(state.next);
            state.attempts.dropped += dropped;
            state.next += dropped;
        }
    }

    /// Forgets what no receiver waits for.
    fn tidy(&mut self, wall: EventTime) {
        let end = self.end();
        let needed = self.receivers.iter().map(|state| state.next).min().unwrap_or(end);
        while self.first < needed && self.waiting.pop_front().is_some() {
            self.first += 1;
        }
        let first = self.first;
        self.standing.retain(|_, standing| standing.sequence >= first || is_told_again(&standing.message, wall));
        let mut surplus = self.told.len().saturating_sub(MAX_TOLD);
        if surplus > 0 {
            let mut ended: Vec<(u64, String)> = self
                .told
                .iter()
                .filter(|(alert, _)| !self.standing.contains_key(*alert))
                .map(|(alert, told)| (told.sequence, alert.clone()))
                .collect();
            ended.sort();
            surplus = surplus.min(ended.len());
            ended.drain(..surplus).for_each(|(_, alert)| {
                self.told.remove(&alert);
            });
        }
    }
}

/// Whether a message is resent: always while the alert fires, and for a while after its end.
fn is_told_again(message: &Message, wall: EventTime) -> bool {
    message.is_firing() || wall.since(message.at) <= ENDED_RESENT_FOR
}
