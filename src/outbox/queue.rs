//! The outbox as a state machine: messages in order, and for each receiver how far it has come and when it is tried next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hasher;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use super::message::{Message, subject_of};
use crate::alert::{self, AlertState};
use crate::disclosure::PublishedAlert;
use crate::plan::{EventTime, Span};

/// Pause after the first attempt that failed; it doubles with each further one.
pub const BACKOFF_FIRST: Span = Span(500);
/// Longest pause between two attempts.
pub const BACKOFF_LONGEST: Span = Span::MINUTE;
/// How long an end is told again to receivers that want to hear everything again, as Prometheus does.
pub const ENDED_RESENT_FOR: Span = Span(15 * Span::MINUTE.0);
/// Most alerts of which it is remembered what was told; of those that have ended the oldest go first. The alert book keeps fewer.
pub const MAX_TOLD: usize = 40_000;

/// What was told, what is to be told, and to whom.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// Sequence number of the first of `waiting`.
    first: u64,
    waiting: VecDeque<Arc<Message>>,
    /// The last message about each alert that fires, or has changed lately.
    standing: BTreeMap<String, Standing>,
    told: BTreeMap<String, Told>,
    receivers: Vec<Standpoint>,
    /// Most messages that wait for one receiver.
    limit: u64,
}

/// One line of the outbox's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// No message from here on has a smaller sequence number.
    Begin {
        /// It.
        sequence: u64,
    },
    /// A receiver, and the sequence number of its next message when this was written.
    Receiver {
        /// Its id.
        id: String,
        /// The number.
        next: u64,
    },
    /// Of an alert, how many transitions were told.
    Told {
        /// Its id.
        alert: String,
        /// The number of the last.
        number: u32,
    },
    /// The last message about an alert that fires, which every receiver has.
    Standing {
        /// Its sequence number.
        sequence: u64,
        /// It.
        message: Arc<Message>,
    },
    /// A message that is to be told.
    Waiting {
        /// Its sequence number.
        sequence: u64,
        /// It.
        message: Arc<Message>,
    },
}

#[derive(Clone, Debug)]
struct Standing {
    sequence: u64,
    message: Arc<Message>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    number: u32,
    /// The later, the longer it is remembered.
    sequence: u64,
}

/// A receiver as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Tells it from every other, over restarts.
    pub id: String,
    /// Its name in metrics.
    pub name: String,
    /// How often everything that stands is told again; `None`: never.
    pub resend_every: Option<Span>,
}

/// Where a receiver stands.
#[derive(Clone, Debug)]
struct Standpoint {
    receiver: Receiver,
    next: u64,
    send_at: Span,
    resend_at: Span,
    /// When it was, or is, to be told again what stands, however often that has failed since.
    resend_due: Span,
    failures: u32,
    health: Tallies,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tallies {
    delivered: u64,
    failed: u64,
    dropped: u64,
}

/// How a receiver fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverHealth {
    /// Its name.
    pub name: String,
    /// Messages that wait for it.
    pub pending: u64,
    /// When what the oldest of them tells happened.
    pub oldest: Option<EventTime>,
    /// For how long it should have been told again what stands and was not; 0 where that is on time, or nothing stands. `None` where it is not
    /// told again.
    pub overdue: Option<Span>,
    /// Attempts that it took.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Messages that were dropped because too many waited.
    pub dropped: u64,
}

/// What is to be done for a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send these, oldest first; `next` is the sequence number after the last.
    Send {
        /// The messages.
        messages: Vec<Arc<Message>>,
        /// Sequence number of the first.
        first: u64,
    },
    /// Tell again what stands.
    Resend(Vec<Arc<Message>>),
    /// Nothing before then; `None`: before there is a new message.
    Wait(Option<Span>),
}

/// Why an attempt failed, as far as it bears on the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It may go better soon: no connection, no answer, an error of the receiver.
    Passing,
    /// The receiver has understood and refused: the next attempt is made after the longest pause.
    Lasting,
}

impl Outbox {
    /// Goes on with what the file holds, in its order. `positions`: the sequence number of each receiver's next message as it was kept last, by
    /// id, also of receivers that are gone. `limit`: most messages that wait for one receiver, at least 1.
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

    /// A receiver that is new gets what still waits for another one, be that gone from the configuration: its address may have been mistyped.
    ///
    /// Where a receiver has had more than the file holds, the file has lost its end. Then all numbers move up, so that no number is given
    /// twice: a receiver may get again what it had, and never misses anything.
    fn receive(&mut self, receivers: Vec<Receiver>, positions: &BTreeMap<String, u64>) {
        let end = self.end();
        let oldest = positions.values().min().copied().unwrap_or_default();
        let lost = positions.values().max().map_or(0, |furthest| furthest.saturating_sub(end));
        self.first += lost;
        self.standing.values_mut().for_each(|standing| standing.sequence += lost);
        let first = self.first;
        let standpoint = |receiver: Receiver| {
            let next = positions.get(&receiver.id).copied().unwrap_or(oldest).min(end) + lost;
            Standpoint {
                receiver,
                next: next.max(first),
                send_at: Span(0),
                resend_at: Span(0),
                resend_due: Span(0),
                failures: 0,
                health: Tallies::default(),
            }
        };
        self.receivers = receivers.into_iter().map(standpoint).collect();
        self.drop_surplus();
    }

    /// Of these messages those that were not told yet, as records for the file; to be taken with [`Self::append`] when they are in it.
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

    /// Takes in what [`Self::fresh`] gave. From here on it is sent.
    pub fn append(&mut self, records: Vec<Record>, now: EventTime) {
        records.into_iter().for_each(|record| self.recall(record));
        self.drop_surplus();
        self.tidy(now);
    }

    /// Everything, for a new file.
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

    /// How many records [`Self::records`] gives.
    #[must_use]
    pub fn len(&self) -> usize {
        let standing = self.standing.values().filter(|standing| standing.sequence < self.first).count();
        1 + self.receivers.len() + self.told.len() + standing + self.waiting.len()
    }

    /// Whether nothing was ever told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.waiting.is_empty()
    }

    /// The number of the last transition of an alert that was told, or is to be; 0 for none.
    #[must_use]
    pub fn told_of(&self, alert: &str) -> u32 {
        self.told.get(alert).map_or(0, |told| told.number)
    }

    /// What was told of an alert, or is to be.
    #[must_use]
    pub fn told(&self, alert: &str) -> alert::ToldSoFar {
        let last = self.standing.get(alert).map(|standing| &standing.message);
        let firing_since = last.filter(|message| message.is_firing()).map(|message| message.at);
        alert::ToldSoFar { number: self.told_of(alert), firing_since }
    }

    /// Takes alerts as told that were told by other means, or that nobody needs to be told of: those that ended before there was an outbox.
    pub fn take_as_told(&mut self, alert: &str, number: u32) {
        self.recall(Record::Told { alert: alert.to_owned(), number });
    }

    /// The last messages about the alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &Message> {
        self.standing.values().map(|standing| standing.message.as_ref()).filter(|message| message.is_firing())
    }

    /// Of [`Self::firing`] those in whose place the book has another alert that fires.
    pub fn displaced<'a>(&'a self, book: &'a [PublishedAlert]) -> impl Iterator<Item = &'a Message> {
        let known: BTreeSet<&str> = book.iter().map(|alert| alert.id.as_str()).collect();
        let firing = book.iter().filter(|alert| alert.state == AlertState::Firing);
        let subjects: BTreeSet<_> = firing.map(subject_of).collect();
        let gone = self.firing().filter(move |message| !known.contains(message.alert.as_str()));
        gone.filter(move |message| subjects.contains(&message.subject()))
    }

    /// What a receiver is to be sent now: at most `most` messages. `now` counts from any moment and never goes back; `wall` is the time.
    #[must_use]
    pub fn next(&self, receiver: usize, now: Span, wall: EventTime, most: usize) -> Next {
        let Some(state) = self.receivers.get(receiver) else { return Next::Wait(None) };
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

    /// A receiver took everything before this sequence number.
    pub fn delivered(&mut self, receiver: usize, next: u64, wall: EventTime) {
        let end = self.end();
        if let Some(state) = self.receivers.get_mut(receiver) {
            state.next = state.next.max(next).min(end);
            (state.failures, state.send_at) = (0, Span(0));
            state.health.delivered += 1;
        }
        self.tidy(wall);
    }

    /// A receiver was told again what stands, in so many requests: in none where nothing stands.
    pub fn resent(&mut self, receiver: usize, now: Span, requests: u64) {
        let Some(state) = self.receivers.get_mut(receiver) else { return };
        state.resend_at = later(now, state.receiver.resend_every.unwrap_or(BACKOFF_LONGEST));
        state.resend_due = state.resend_at;
        if state.send_at <= now {
            state.failures = 0;
        }
        state.health.delivered += requests;
    }

    /// An attempt to send failed; gives the pause before the next one.
    pub fn send_failed(&mut self, receiver: usize, now: Span, refusal: Refusal) -> Span {
        let Some(state) = self.receivers.get_mut(receiver) else { return BACKOFF_LONGEST };
        let pause = state.fail(refusal);
        state.send_at = later(now, pause);
        // A receiver that answers can be told again what stands; one that does not cannot.
        if refusal == Refusal::Passing {
            state.resend_at = state.resend_at.max(state.send_at);
        }
        pause
    }

    /// An attempt to tell again failed; gives the pause before the next one.
    pub fn resend_failed(&mut self, receiver: usize, now: Span, refusal: Refusal) -> Span {
        let Some(state) = self.receivers.get_mut(receiver) else { return BACKOFF_LONGEST };
        let pause = state.fail(refusal);
        state.resend_at = later(now, pause);
        pause
    }

    /// The sequence number of a receiver's next message.
    #[must_use]
    pub fn position(&self, receiver: usize) -> Option<u64> {
        self.receivers.get(receiver).map(|state| state.next)
    }

    /// How each receiver fares, in the order they were added; `now` and `wall` as for [`Self::next`].
    #[must_use]
    pub fn health(&self, now: Span, wall: EventTime) -> Vec<ReceiverHealth> {
        let oldest = |state: &Standpoint| self.waiting.get(usize::try_from(state.next - self.first).ok()?);
        let of = |state: &Standpoint| ReceiverHealth {
            name: state.receiver.name.clone(),
            pending: self.end() - state.next,
            oldest: oldest(state).map(|message| message.at),
            overdue: state.receiver.resend_every.map(|_| self.overdue(state, now, wall)),
            delivered: state.health.delivered,
            failed: state.health.failed,
            dropped: state.health.dropped,
        };
        self.receivers.iter().map(of).collect()
    }

    fn overdue(&self, state: &Standpoint, now: Span, wall: EventTime) -> Span {
        let late = Span(now.0.saturating_sub(state.resend_due.0));
        let is_late = late > Span(0) && !self.standing_for(state.next, wall).is_empty();
        if is_late { late } else { Span(0) }
    }

    /// The sequence number after the last message.
    fn end(&self) -> u64 {
        self.first + self.waiting.len() as u64
    }

    fn recall(&mut self, record: Record) {
        match record {
            Record::Begin { sequence } => {
                if sequence > self.end() {
                    self.waiting.clear();
                    self.first = sequence;
                }
            }
            // Taken in before, with the positions.
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

    /// What stands as far as a receiver has been told, in the order in which it was; an end or a change of severity only for as long as it is
    /// told again.
    fn standing_for(&self, next: u64, wall: EventTime) -> Vec<Arc<Message>> {
        let told = self.standing.values().filter(|standing| standing.sequence < next);
        let mut standing: Vec<&Standing> = told.filter(|one| is_told_again(&one.message, wall)).collect();
        standing.sort_by_key(|one| one.sequence);
        standing.into_iter().map(|one| Arc::clone(&one.message)).collect()
    }

    /// Where too many messages wait for a receiver, the oldest of them are dropped for it.
    fn drop_surplus(&mut self) {
        let end = self.end();
        let oldest_kept = end.saturating_sub(self.limit);
        for state in &mut self.receivers {
            let dropped = oldest_kept.saturating_sub(state.next);
            state.health.dropped += dropped;
            state.next += dropped;
        }
    }

    /// Forgets what nobody waits for.
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

impl Standpoint {
    /// Counts a failure; gives the pause.
    fn fail(&mut self, refusal: Refusal) -> Span {
        self.health.failed += 1;
        self.failures = match refusal {
            Refusal::Passing => self.failures.saturating_add(1),
            Refusal::Lasting => u32::MAX,
        };
        pause(&self.receiver.id, self.failures, self.health.failed)
    }
}

/// The pause after so many failures in a row: doubled each time, and taken off up to a fifth, differently for each receiver and attempt, so
/// that they do not all come at once.
fn pause(id: &str, failures: u32, attempt: u64) -> Span {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = (BACKOFF_FIRST.0 << doublings).min(BACKOFF_LONGEST.0);
    let mut hasher = SipHasher24::new_with_key(b"paritywatch.wait");
    hasher.write(id.as_bytes());
    hasher.write_u64(attempt);
    let fifth = whole / 5;
    let off = i64::try_from(hasher.finish() >> 1).unwrap_or_default() % (fifth + 1);
    Span(whole - off)
}

const fn later(now: Span, by: Span) -> Span {
    Span(now.0.saturating_add(by.0))
}

/// An alert that fires is told again and again; its end for a while.
fn is_told_again(message: &Message, wall: EventTime) -> bool {
    message.is_firing() || wall.since(message.at) <= ENDED_RESENT_FOR
}
