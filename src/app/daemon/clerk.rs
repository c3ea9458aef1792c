//! The thread that writes the audit log.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::notes::ReportNotes;
use crate::checkpoint::audit::{AuditLog, Draft, Fact, Known, Signer, SignerProblem, load_or_make_signer};
use crate::checkpoint::reports::MadeReport;
use crate::checkpoint::{CheckpointError, Owner};
use crate::status::{AuditHealth, lock, wall_clock};

/// What waits for the disk, at most, by the entries that it may become.
const MAX_WAITING: usize = 50_000;
/// The shortest time between two signed checkpoints, but for the last.
const SIGN_EVERY: Duration = Duration::from_secs(1);
/// The pause after the disk has refused something.
const RETRY_PAUSE: Duration = Duration::from_secs(5);
/// A disk that has not answered for so long hangs.
const HANGS_AFTER: Duration = Duration::from_secs(60);

/// What the threads of the audit log share.
#[derive(Default)]
pub struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

/// What the lock protects. Every change leaves it whole.
#[derive(Default)]
struct State {
    facts: VecDeque<Fact>,
    /// The weight of `facts`.
    weight: usize,
    /// What was lost and is not entered as lost yet.
    lost: u64,
    /// Entries that were made and that the disk does not have.
    unwritten: usize,
    /// Since when something waits and no attempt has ended.
    waits_since: Option<Instant>,
    stop: bool,
    /// The last signed checkpoint that the topic does not have.
    note: Option<String>,
    /// Whether there will be no other note.
    is_last: bool,
    /// Reports that were made, and that the monitor was not told of.
    reports: Vec<MadeReport>,
    health: AuditHealth,
}

impl Desk {
    /// Takes a fact, or counts it as lost.
    pub fn put(&self, fact: Fact) {
        let mut state = self.lock();
        state.waits_since.get_or_insert_with(Instant::now);
        let weight = fact.weight();
        if state.weight.saturating_add(weight) > MAX_WAITING {
            state.lost = state.lost.saturating_add(weight as u64);
            state.health.lost = state.health.lost.saturating_add(weight as u64);
            return;
        }
        state.weight += weight;
        state.facts.push_back(fact);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether nothing waits, or nothing is taken: the disk refuses the log, or hangs.
    pub fn is_settled(&self) -> bool {
        let state = self.lock();
        let waits = !state.facts.is_empty() || state.unwritten > 0;
        !waits || state.health.problem.is_some() || state.hangs()
    }

    /// The health of the log.
    pub fn health(&self) -> AuditHealth {
        let state = self.lock();
        let hangs = || format!("the disk has not answered for {} s", HANGS_AFTER.as_secs());
        let problem = state.health.problem.clone().or_else(|| state.hangs().then(hangs));
        AuditHealth { waiting: (state.weight + state.unwritten) as u64, problem, ..state.health.clone() }
    }

    /// Returns the reports that were made, each once.
    pub fn take_reports(&self) -> Vec<MadeReport> {
        std::mem::take(&mut self.lock().reports)
    }

    /// Tells the threads to end once they have done what there is to do.
    pub fn stop(&self) {
        self.lock().stop = true;
        self.changed.notify_all();
    }

    /// From now on checkpoints are shown.
    pub fn begin_showing(&self) {
        self.lock().health.witnessed = Some(0);
    }

    /// Waits until a checkpoint is to be shown: not before `until`, unless it is the last. `None` when there will be no more.
    pub fn next_note(&self, until: Option<Instant>) -> Option<(String, bool)> {
        let mut state = self.lock();
        loop {
            let pause = until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default();
            if state.is_last || (pause.is_zero() && state.note.is_some()) {
                let is_last = state.is_last;
                return state.note.take().map(|note| (note, is_last));
            }
            let pause = Some(pause).filter(|pause| !pause.is_zero());
            state = self.wait(state, pause);
        }
    }

    /// Notes what became of a checkpoint. One that was not taken is shown again, unless there is a newer one.
    pub fn note_shown(&self, note: String, is_taken: bool) {
        let mut state = self.lock();
        let health = &mut state.health;
        health.witnessed = Some(health.witnessed.unwrap_or_default() + u64::from(is_taken));
        health.unwitnessed += u64::from(!is_taken);
        if !is_taken {
            state.note.get_or_insert(note);
        }
    }

    /// Waits until there is something to do, or this time has come. Returns whether the thread is to end.
    fn pause(&self, takes_facts: bool, until: Option<Instant>) -> bool {
        let mut state = self.lock();
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if state.stop || (takes_facts && !state.facts.is_empty()) || left.is_some_and(|left| left.is_zero()) {
                return state.stop;
            }
            state = self.wait(state, left);
        }
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>, limit: Option<Duration>) -> MutexGuard<'s, State> {
        match limit {
            Some(limit) => self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0,
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn hangs(&self) -> bool {
        self.waits_since.is_some_and(|since| since.elapsed() >= HANGS_AFTER)
    }
}

/// What the thread of the log does.
pub struct Clerk {
    desk: Arc<Desk>,
    owner: Owner,
    /// Where the key lies, if not in the state folder.
    key_file: Option<PathBuf>,
    /// `None` until there is one. A key that was made may lack its log until that is begun.
    signer: Option<Signer>,
    base_url: String,
    known: Known,
    /// `None` until it can be opened.
    log: Option<AuditLog>,
    /// Entries that the disk does not have.
    drafts: VecDeque<Draft>,
    /// Notes of reports that were made.
    notes: ReportNotes,
    signed_at: Option<Instant>,
    /// When the disk is tried again that has refused something.
    retry_at: Option<Instant>,
}

impl Clerk {
    /// Before the log is open.
    pub fn new(desk: Arc<Desk>, owner: Owner, key_file: Option<PathBuf>, base_url: String) -> Self {
        let known = Known::new(base_url.clone());
        let notes = ReportNotes::new(owner.folder());
        Self {
            desk,
            owner,
            key_file,
            signer: None,
            base_url,
            known,
            log: None,
            drafts: VecDeque::new(),
            notes,
            signed_at: None,
            retry_at: None,
        }
    }

    /// Writes until it is to end, or the state folder is another daemon's.
    pub fn run(mut self) {
        let mut is_stopping = false;
        while !is_stopping && self.owner.lost().is_none() {
            let sign_at = self.signed_at.map(|at| at + SIGN_EVERY).filter(|_| self.is_unsigned());
            let next = sign_at.map_or(self.notes.due(), |sign_at| sign_at.min(self.notes.due()));
            is_stopping = self.desk.pause(self.retry_at.is_none(), Some(self.retry_at.unwrap_or(next)));
            let outcome = self.work(is_stopping);
            self.note(outcome.err());
        }
        // What the disk had refused was tried first. What came after it waits still.
        while self.retry_at.is_none() && self.owner.lost().is_none() && !self.desk.lock().facts.is_empty() {
            let outcome = self.work(true);
            self.note(outcome.err());
        }
        self.give_up();
    }

    /// Counts what is not on disk at the end as lost.
    fn give_up(&mut self) {
        let mut state = self.desk.lock();
        let left = (state.weight + self.drafts.len()) as u64;
        if left == 0 || self.owner.lost().is_some() {
            return;
        }
        state.facts.clear();
        (state.weight, state.unwritten) = (0, 0);
        state.health.lost = state.health.lost.saturating_add(left);
        drop(state);
        tracing::error!(
            entries = left,
            "the disk did not take the end of the audit log; it is lost but for what the journal of alerts has"
        );
    }

    fn work(&mut self, is_stopping: bool) -> Result<(), SignerProblem> {
        if self.log.is_none() {
            self.open()?;
        }
        if self.drafts.is_empty() {
            self.make_drafts();
            self.take_notes();
        }
        let Some(log) = &mut self.log else { return Ok(()) };
        log.append(&mut self.drafts)?;
        self.notes.entered();
        let is_due = self.signed_at.is_none_or(|at| at.elapsed() >= SIGN_EVERY);
        if !log.is_signed() && (is_due || is_stopping) {
            let note = log.sign()?;
            self.signed_at = Some(Instant::now());
            self.desk.lock().note = Some(note);
            self.desk.changed.notify_all();
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), SignerProblem> {
        let signer = match &self.signer {
            Some(signer) => signer.clone(),
            None => load_or_make_signer(&self.owner, self.key_file.as_deref())?,
        };
        self.signer = Some(signer.clone());
        let mut known = Known::new(self.base_url.clone());
        let opened = AuditLog::open(&self.owner, &signer, wall_clock(), &mut |entry| known.learn(entry));
        let (log, opening) = opened?;
        if opening.is_begun {
            // Whatever a damaged log says may be forged: the new one has all that the state knows.
            known = Known::new(self.base_url.clone());
        }
        match &opening.damage {
            Some(damage) => tracing::error!(
                damage,
                log = log.origin(),
                is_begun_now = opening.is_begun,
                "an audit log is not as it was written; it stays as it is, and another one was begun"
            ),
            None => tracing::info!(log = log.origin(), entries = log.size(), "the audit log was read"),
        }
        let mut state = self.desk.lock();
        (state.health.damage, state.health.logs) = (opening.damage, opening.logs);
        drop(state);
        (self.known, self.log) = (known, Some(log));
        Ok(())
    }

    fn make_drafts(&mut self) {
        let (facts, lost) = {
            let mut state = self.desk.lock();
            let facts = std::mem::take(&mut state.facts);
            // Until they are counted as entries, nobody must take the disk to have them.
            state.unwritten = state.weight;
            state.weight = 0;
            (facts, std::mem::take(&mut state.lost))
        };
        let lost = Some(Fact::Lost(lost)).filter(|_| lost > 0);
        for fact in facts.into_iter().chain(lost) {
            let drafts = self.known.enter(fact, wall_clock());
            self.drafts.extend(drafts);
        }
    }

    /// Makes entries of reports that were made since the last look.
    fn take_notes(&mut self) {
        let (new, facts) = self.notes.look();
        for fact in facts {
            let drafts = self.known.enter(fact, wall_clock());
            self.drafts.extend(drafts);
        }
        let mut state = self.desk.lock();
        state.reports.extend(new.into_iter().map(|note| note.report));
        state.health.notes_unreadable = self.notes.unreadable;
        state.health.notes_problem.clone_from(&self.notes.problem);
    }

    /// Shows what became of an attempt.
    fn note(&mut self, error: Option<SignerProblem>) {
        let mut state = self.desk.lock();
        state.unwritten = self.drafts.len();
        state.waits_since = (!state.facts.is_empty() || state.unwritten > 0).then(Instant::now);
        if let Some(log) = &self.log {
            state.health.entries = log.size();
            state.health.signed = log.signed();
        }
        state.health.problem = error.as_ref().map(ToString::to_string);
        state.health.failures += u64::from(error.is_some());
        drop(state);
        self.retry_at = error.as_ref().map(|_| Instant::now() + RETRY_PAUSE);
        match error {
            // It has been told.
            None | Some(SignerProblem::Unwritten(CheckpointError::Lost(_))) => {}
            Some(error) => tracing::error!(%error, "the audit log could not be written; it is tried again"),
        }
    }

    fn is_unsigned(&self) -> bool {
        self.log.as_ref().is_some_and(|log| !log.is_signed())
    }
}

impl Drop for Clerk {
    /// However the thread ends, nobody may wait for it: a state that is never written would be worse than a log that lacks entries.
    fn drop(&mut self) {
        let mut state = self.desk.lock();
        state.is_last = true;
        if std::thread::panicking() {
            state.health.problem = Some("the thread of the audit log has ended".to_owned());
            state.health.failures += 1;
        }
        drop(state);
        self.desk.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn attempt(clerk: &mut Clerk) {
        let outcome = clerk.work(false);
        clerk.note(outcome.err());
    }

    fn kinds(folder: &std::path::Path) -> Vec<String> {
        let text = std::fs::read_to_string(folder.join("audit/log.1/entries.000000000000.jsonl")).unwrap();
        let kind = |line: &str| line.split("\"kind\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        text.lines().map(kind).collect()
    }

    #[test]
    fn a_disk_that_takes_nothing_holds_nobody_up_and_what_waits_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::claim(folder.path()).unwrap();
        // A file in the place of the folder: no log can be made.
        std::fs::write(folder.path().join("audit"), "").unwrap();
        let desk = Arc::new(Desk::default());
        let mut clerk = Clerk::new(Arc::clone(&desk), owner, None, String::new());
        desk.put(Fact::TwoKeys(true));
        assert!(!desk.is_settled());
        attempt(&mut clerk);
        assert!(desk.is_settled(), "the state must not wait for it");
        let health = desk.health();
        assert!(
            health.problem.is_some() && health.failures == 1 && health.waiting == 1 && health.trouble().is_some(),
            "{health:?}"
        );
        // More than may wait is lost, and counted.
        desk.put(Fact::Gaps(vec![String::new(); MAX_WAITING]));
        assert_eq!((desk.health().lost, desk.health().waiting), (MAX_WAITING as u64, 1));
        std::fs::remove_file(folder.path().join("audit")).unwrap();
        attempt(&mut clerk);
        let health = desk.health();
        assert_eq!(
            (health.problem, health.damage, health.waiting, health.entries, health.signed),
            (None, None, 0, 3, 3)
        );
        assert_eq!(kinds(folder.path()), ["log_begun", "key_rotation_begun", "not_written"]);
        drop(clerk);
        assert!(desk.next_note(None).is_some_and(|(note, is_last)| is_last && note.contains("\n3\n")));
        assert!(desk.next_note(None).is_none());
    }

    #[test]
    fn without_a_key_facts_wait_and_the_daemon_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::claim(folder.path()).unwrap();
        let key = folder.path().join("audit.key");
        std::fs::write(&key, "").unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let desk = Arc::new(Desk::default());
        let mut clerk = Clerk::new(Arc::clone(&desk), owner, None, String::new());
        desk.put(Fact::TwoKeys(true));
        attempt(&mut clerk);
        let health = desk.health();
        assert!(desk.is_settled() && health.failures == 1, "{health:?}");
        assert!(health.trouble().is_some_and(|trouble| trouble.contains("audit.key")), "{health:?}");
        std::fs::remove_file(&key).unwrap();
        attempt(&mut clerk);
        assert_eq!(kinds(folder.path()), ["log_begun", "key_rotation_begun"]);
    }

    #[test]
    fn at_the_end_all_that_waits_is_written_or_counted_as_lost() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::claim(folder.path()).unwrap();
        std::fs::write(folder.path().join("audit"), "").unwrap();
        let desk = Arc::new(Desk::default());
        let clerk = || Clerk::new(Arc::clone(&desk), owner.clone(), None, String::new());
        // The disk refused the first; the second and the reason of the stop came after it.
        let refused = |mut clerk: Clerk| {
            desk.put(Fact::TwoKeys(true));
            attempt(&mut clerk);
            assert_eq!(clerk.drafts.len(), 0, "without a log no entry is made");
            clerk.drafts.push_back(Draft::new(
                crate::checkpoint::audit::Kind::Start,
                wall_clock(),
                &serde_json::json!({}),
            ));
            desk.put(Fact::Stopped("asked to"));
            desk.stop();
            clerk
        };
        refused(clerk()).run();
        assert_eq!((desk.health().lost, desk.health().waiting), (3, 0));
        let again = refused(clerk());
        std::fs::remove_file(folder.path().join("audit")).unwrap();
        again.run();
        assert_eq!((desk.health().lost, desk.health().waiting), (3, 0));
        assert_eq!(kinds(folder.path()), ["log_begun", "start", "key_rotation_begun", "stop"]);
    }

    #[test]
    fn a_disk_that_hangs_holds_the_state_up_for_a_while_only() {
        let desk = Desk::default();
        desk.put(Fact::TwoKeys(true));
        assert!(!desk.is_settled() && desk.health().problem.is_none());
        desk.lock().waits_since = Instant::now().checked_sub(HANGS_AFTER);
        assert!(desk.is_settled());
        assert!(desk.health().trouble().is_some_and(|trouble| trouble.contains("not answered")));
    }

    #[test]
    fn a_checkpoint_that_was_not_taken_is_shown_again_unless_there_is_a_newer_one() {
        let desk = Desk::default();
        desk.begin_showing();
        desk.lock().note = Some("one".to_owned());
        let (note, _) = desk.next_note(None).unwrap();
        desk.note_shown(note, false);
        let (note, _) = desk.next_note(None).unwrap();
        assert_eq!(note, "one");
        desk.lock().note = Some("two".to_owned());
        desk.note_shown(note, false);
        let (note, _) = desk.next_note(None).unwrap();
        desk.note_shown(note.clone(), true);
        assert_eq!((note.as_str(), desk.health().witnessed, desk.health().unwitnessed), ("two", Some(1), 2));
    }
}
