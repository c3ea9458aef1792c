//! Writes the history on a thread of its own: a slow or full disk never keeps the monitor's thread waiting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::missed::Missed;
use crate::app::failure::Failure;
use crate::checkpoint::{CheckpointError, History, HistoryHealth, Owner};
use crate::disclosure::{Kept, KeptTransition, Published};
use crate::plan::{EventTime, Span};
use crate::settings::{HistoryLimits, Settings};
use crate::status::lock;

/// Evaluations that wait to be written, at most.
const QUEUE: usize = 64;
/// Longest that a checkpoint waits for the history: a disk that hangs must not keep the state from being written elsewhere.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// How long a dropped evaluation is told.
const DROPPED_LIMIT: Duration = Duration::from_hours(1);
/// Longest that the daemon waits for the history when it stops.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Time between two looks at whether it is done.
const STOP_POLL: Duration = Duration::from_millis(10);

/// The history, as the monitor's thread uses it.
pub struct Historian {
    /// `None` once it is told to end.
    jobs: Option<SyncSender<Job>>,
    thread: JoinHandle<()>,
    shared: Arc<Told>,
    release_every: Span,
    limits: HistoryLimits,
    /// Data gaps that were accepted: none is while a daemon runs.
    gaps: Arc<[String]>,
    /// When everything was last settled.
    settled: Instant,
    /// When an evaluation was last dropped.
    last_dropped: Option<Instant>,
    /// What dropped evaluations had that later ones may not have.
    missed: Missed,
}

/// What both threads know.
#[derive(Default)]
struct Told {
    sent: AtomicU64,
    done: AtomicU64,
    dropped: AtomicU64,
    health: Mutex<HistoryHealth>,
}

/// One evaluation to be written.
struct Job {
    published: Arc<Published>,
    told_at: EventTime,
    release_every: Span,
    limits: HistoryLimits,
    gaps: Arc<[String]>,
    missed: Vec<(String, KeptTransition)>,
}

impl Historian {
    /// Starts the thread, which reads what the history of the state folder says last. `gaps` are the data gaps that were ever accepted.
    ///
    /// # Errors
    /// [`Failure::Io`] if the system starts no thread. Whatever is wrong with the history is told, and ends nothing.
    pub fn start(settings: &Settings, owner: &Owner, gaps: &[String]) -> Result<Self, Failure> {
        let (jobs, queue) = sync_channel(QUEUE);
        let shared = Arc::new(Told::default());
        let (told, owner) = (Arc::clone(&shared), owner.clone());
        let thread = std::thread::Builder::new().name("history".to_owned());
        let thread = thread.spawn(move || write_all(&owner, &queue, &told));
        let thread = thread.map_err(|error| Failure::Io(format!("start the history's thread: {error}")))?;
        let (release_every, limits) = (settings.plan.disclosure.release_every, settings.history);
        Ok(Self {
            jobs: Some(jobs),
            thread,
            shared,
            release_every,
            limits,
            gaps: gaps.into(),
            settled: Instant::now(),
            last_dropped: None,
            missed: Missed::default(),
        })
    }

    /// Takes over what a new configuration says.
    pub fn change_configuration(&mut self, settings: &Settings) {
        (self.release_every, self.limits) = (settings.plan.disclosure.release_every, settings.history);
    }

    /// Hands over what is published. It never waits: where the queue is full the evaluation is counted as dropped, and the next one has what it had.
    pub fn tell(&mut self, published: &Arc<Published>, told_at: EventTime) {
        if self.is_done() {
            self.settled = Instant::now();
        }
        let Some(jobs) = &self.jobs else { return };
        let (release_every, limits) = (self.release_every, self.limits);
        let (gaps, missed) = (Arc::clone(&self.gaps), self.missed.take());
        let job = Job { published: Arc::clone(published), told_at, release_every, limits, gaps, missed };
        self.shared.sent.fetch_add(1, Ordering::Relaxed);
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = jobs.try_send(job) {
            self.missed.put_back(job.missed);
            self.missed.note(published);
            self.shared.done.fetch_add(1, Ordering::Relaxed);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            self.last_dropped = Some(Instant::now());
        } else {
            self.missed.sent(told_at);
        }
    }

    /// Whether a checkpoint may be written: it says that releases up to now need not be made again, so the history must have them, or must have failed to
    /// take them.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_done() || self.settled.elapsed() > SETTLE_LIMIT
    }

    /// How the history fares.
    #[must_use]
    pub fn health(&self) -> HistoryHealth {
        let health = lock(&self.shared.health).clone();
        HistoryHealth {
            dropped: self.shared.dropped.load(Ordering::Relaxed),
            release_every: Some(self.release_every),
            trouble: self.trouble().or(health.trouble),
            ..health
        }
    }

    /// What is wrong with the thread or its queue. The thread itself says the rest.
    fn trouble(&self) -> Option<String> {
        if self.thread.is_finished() {
            return Some(
                "the thread that writes the history has ended: nothing more is written until a restart".to_owned(),
            );
        }
        if !self.is_done() && self.settled.elapsed() > SETTLE_LIMIT {
            return Some(format!("the disk has not answered for more than {} s", SETTLE_LIMIT.as_secs()));
        }
        if self.missed.lost > 0 {
            return Some(format!(
                "{} changes of alerts since the start are missing, as the queue was full",
                self.missed.lost
            ));
        }
        let is_dropped = self.last_dropped.is_some_and(|at| at.elapsed() < DROPPED_LIMIT);
        is_dropped.then(|| "evaluations were dropped within the last hour, as the queue was full".to_owned())
    }

    /// Waits until everything is written, for a while.
    pub fn settle(&self) {
        let until = Instant::now() + STOP_LIMIT;
        while !self.is_done() && Instant::now() < until {
            std::thread::sleep(STOP_POLL);
        }
    }

    /// Ends the thread.
    pub fn finish(mut self) {
        self.settle();
        self.jobs = None;
        if self.is_done() {
            // A panic was printed.
            let _ = self.thread.join();
        } else {
            tracing::warn!("the history was not written to its end: the disk does not answer");
        }
    }

    fn is_done(&self) -> bool {
        self.shared.done.load(Ordering::Relaxed) >= self.shared.sent.load(Ordering::Relaxed)
            || self.thread.is_finished()
    }
}

fn write_all(owner: &Owner, queue: &Receiver<Job>, told: &Told) {
    let (mut history, mut last_problem, mut unopened) = (None, None, 0);
    for job in queue {
        let written = write(owner, &mut history, &job);
        let problem = written.err().map(|error| error.to_string());
        if let Some(problem) = problem.as_ref().filter(|problem| last_problem.as_ref() != Some(*problem)) {
            tracing::error!(problem, "the history could not be written; counting and alerting go on");
        }
        unopened += u64::from(history.is_none());
        let mut health = history.as_ref().map_or_else(HistoryHealth::default, History::health);
        health.failed += unopened;
        health.trouble = problem.clone().or(health.trouble);
        *lock(&told.health) = health;
        last_problem = problem;
        told.done.fetch_add(1, Ordering::Relaxed);
    }
}

fn write(owner: &Owner, history: &mut Option<History>, job: &Job) -> Result<(), CheckpointError> {
    if history.is_none() {
        *history = Some(History::open(owner, job.limits)?);
    }
    let Some(history) = history else { return Ok(()) };
    history.set_limits(job.limits);
    history.remember(&job.missed);
    history.add(&Kept::of(&job.published, &job.gaps), job.told_at, job.release_every)
}
