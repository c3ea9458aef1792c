//! What is known of schemas by their ids, and a thread that asks for what is not.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::answer::Problem;
use super::client::{Client, RegistryError};
use crate::settings::RegistrySettings;
use crate::source::format::schema::{Found, Schema};
use crate::status::{RegistryHealth, WaitingRecord, lock};

/// Schemas that are kept, at most. The one that was got first is given up first.
const MAX_SCHEMAS: usize = 1_000;
/// How long it is believed that a schema does not exist, or is of no use.
const BELIEVED_FOR: Duration = Duration::from_secs(60);
/// Time after which a schema that does not exist is asked for again before that is believed: a second server of a registry learns of a new one
/// a moment later.
const DOUBT: Duration = Duration::from_secs(1);
/// The first pause after an attempt that failed. It doubles with each, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Schemas in a row that are asked for without an answer, at most; then a pause follows. Those that failed least often are asked for first, so that one
/// that never comes holds up no other.
const MOST_FAILURES: usize = 3;
/// Largest id of a schema: the interface has signed numbers of 32 bits.
const LARGEST_ID: u32 = i32::MAX.unsigned_abs();
/// Bytes of the thread's stack. Whatever reads a schema calls itself for each level of it, and the levels of all texts add up.
const STACK_BYTES: usize = 64 << 20;

/// A schema registry.
#[derive(Clone)]
pub struct Registry(Arc<Handle>);

/// Ends the thread when nobody asks any more.
struct Handle {
    shared: Arc<Shared>,
    /// Ids of schemas that are taken not to exist.
    given_up: BTreeSet<u32>,
}

/// What is known of an id.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// What the registry said.
    Found(Found),
    /// It is asked.
    Waits,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// Changes with each answer.
    version: AtomicU64,
}

#[derive(Default)]
struct State {
    known: HashMap<u32, Known>,
    /// Their ids, the one that was got first at the front.
    order: VecDeque<u32>,
    wanted: BTreeMap<u32, Want>,
    health: RegistryHealth,
    ended: bool,
}

/// A schema that is asked for.
#[derive(Default)]
struct Want {
    /// The first record that waits for it, if that is known.
    record: Option<WaitingRecord>,
    /// Attempts that brought no answer.
    failures: u64,
    /// Why the last one brought none.
    trouble: Option<String>,
}

struct Known {
    found: Found,
    /// When it is no longer believed.
    until: Option<Instant>,
}

impl Registry {
    /// Starts the thread. Nothing is asked before somebody wants a schema.
    ///
    /// # Errors
    /// [`RegistryError`] if a file is of no use, or the system starts no thread.
    pub fn start(settings: &RegistrySettings) -> Result<Self, RegistryError> {
        let (client, shared) = (Client::new(settings)?, Arc::<Shared>::default());
        let asking = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("registry".to_owned()).stack_size(STACK_BYTES);
        thread.spawn(move || asking.run(&client)).map_err(RegistryError::Thread)?;
        Ok(Self(Arc::new(Handle { shared, given_up: settings.given_up_schemas.clone() })))
    }

    /// What is known of an id. What is not is asked for.
    #[must_use]
    pub fn look_up(&self, id: u32) -> Lookup {
        self.look_up_for(id, || None)
    }

    /// As [`Registry::look_up`], and keeps the `record` that names the id, to tell what waits. It is made only where the id is asked for now.
    #[must_use]
    pub fn look_up_for(&self, id: u32, record: impl FnOnce() -> Option<WaitingRecord>) -> Lookup {
        if let Some(why) = self.never_asked(id) {
            return Lookup::Found(Found::Nothing(why.into()));
        }
        let shared = self.shared();
        let mut state = lock(&shared.state);
        if let Some(known) = state.known.get(&id).filter(|known| known.until.is_none_or(|until| Instant::now() < until))
        {
            return Lookup::Found(known.found.clone());
        }
        if let Entry::Vacant(wanted) = state.wanted.entry(id) {
            wanted.insert(Want { record: record(), ..Want::default() });
            shared.wake.notify_all();
        }
        Lookup::Waits
    }

    /// Why an id is bad input without a question.
    fn never_asked(&self, id: u32) -> Option<String> {
        if id > LARGEST_ID {
            return Some(format!("expected the id of a schema, at most {LARGEST_ID}, found {id}"));
        }
        let is_given_up = self.0.given_up.contains(&id);
        is_given_up.then(|| format!("expected a schema, found that {id} was given up (registry.given_up_schemas)"))
    }

    /// A number that changes whenever more is known.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.shared().version.load(Ordering::Acquire)
    }

    /// How well it answers.
    #[must_use]
    pub fn health(&self) -> RegistryHealth {
        let state = lock(&self.shared().state);
        RegistryHealth { schemas: state.known.len() as u64, ..state.health.clone() }
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.shared.state).ended = true;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    /// Asks for what is wanted until nobody wants anything any more.
    fn run(&self, client: &Client) {
        let mut pause = FIRST_PAUSE;
        while let Some(wanted) = self.wanted() {
            let Round { mut failed, doubted } = self.ask_all(client, &wanted, false);
            if !doubted.is_empty() {
                self.wait(DOUBT);
                failed |= self.ask_all(client, &doubted, true).failed;
            }
            if failed {
                self.wait(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            } else {
                pause = FIRST_PAUSE;
            }
        }
    }

    /// Waits until something is wanted, and returns it, what failed least often first; `None` at the end.
    fn wanted(&self) -> Option<Vec<u32>> {
        let mut state = lock(&self.state);
        while state.wanted.is_empty() && !state.ended {
            state = self.wake.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        if state.ended {
            return None;
        }
        let mut wanted: Vec<(u64, u32)> = state.wanted.iter().map(|(id, want)| (want.failures, *id)).collect();
        wanted.sort_unstable();
        Some(wanted.into_iter().map(|(_, id)| id).collect())
    }

    /// Waits, but not beyond the end.
    fn wait(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = lock(&self.state);
        while !state.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state =
                self.wake.wait_timeout(state, left).map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
    }

    /// Asks for schemas. Those that do not exist are taken as such if this `is_certain`. Ends early where one after another brings no answer.
    fn ask_all(&self, client: &Client, wanted: &[u32], is_certain: bool) -> Round {
        let (mut round, mut in_a_row) = (Round::default(), 0);
        for id in wanted {
            if lock(&self.state).ended {
                break;
            }
            match guarded(|| client.schema(*id)) {
                Ok(schema) => self.learn(*id, Ok(schema)),
                Err(Problem::Missing) if !is_certain => round.doubted.push(*id),
                Err(Problem::Missing) => {
                    self.learn(*id, Err(none(*id)));
                }
                Err(Problem::Unusable(problem)) => {
                    self.learn(*id, Err(unusable(*id, &problem)));
                }
                Err(Problem::Away(why)) => {
                    self.note(*id, &why);
                    (round.failed, in_a_row) = (true, in_a_row + 1);
                    if in_a_row >= MOST_FAILURES {
                        break;
                    }
                    continue;
                }
            }
            in_a_row = 0;
        }
        round
    }

    fn learn(&self, id: u32, answer: Result<Schema, String>) {
        let mut state = lock(&self.state);
        state.wanted.remove(&id);
        state.tell();
        let known = match answer {
            Ok(schema) => {
                state.health.found += 1;
                Known { found: Found::Schema(Arc::new(schema)), until: None }
            }
            Err(problem) => {
                state.health.missing += 1;
                tracing::warn!(schema = id, problem, "a schema cannot be had: its records are bad input");
                Known { found: Found::Nothing(problem.into()), until: Instant::now().checked_add(BELIEVED_FOR) }
            }
        };
        put(&mut state, id, known);
        drop(state);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Notes that an attempt brought no answer, and why.
    fn note(&self, id: u32, why: &str) {
        let mut state = lock(&self.state);
        state.health.failed += 1;
        let Some(want) = state.wanted.get_mut(&id) else { return };
        want.failures += 1;
        if want.trouble.as_deref() != Some(why) {
            let record = want.record.as_ref().map(ToString::to_string);
            let text = "the schema registry does not give a schema: reading waits, and it is tried again";
            tracing::error!(problem = why, schema = id, record, "{text}");
            want.trouble = Some(why.to_owned());
        }
        state.tell();
    }
}

impl State {
    /// Brings what is told up to date: the schema with the lowest id of those that an attempt failed to bring.
    fn tell(&mut self) {
        let mut failing = self.wanted.iter().filter_map(|(id, want)| Some((id, want, want.trouble.as_ref()?)));
        let first = failing.next();
        let others = failing.count();
        let waiting = first.and_then(|(id, want, _)| Some((*id, want.record.clone()?)));
        let trouble = first.map(|(id, want, why)| {
            let record = want.record.as_ref().map_or(String::new(), |record| format!(" of {record}"));
            let others = if others == 0 { String::new() } else { format!(", and {others} more") };
            format!("{why} (schema {id}{record}{others})")
        });
        if trouble.is_none()
            && let Some(trouble) = &self.health.trouble
        {
            tracing::info!(trouble, "the schema registry answers again");
        }
        (self.health.trouble, self.health.waiting) = (trouble, waiting);
    }
}

/// What a round of questions brought.
#[derive(Default)]
struct Round {
    /// Schemas that do not exist, as was said once.
    doubted: Vec<u32>,
    /// Whether an attempt brought no answer.
    failed: bool,
}

/// A panic while a schema is compiled makes that schema useless, and not the thread: everybody would wait for it without a word.
fn guarded(ask: impl FnOnce() -> Result<Schema, Problem>) -> Result<Schema, Problem> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| {
        Err(Problem::Unusable("expected one that can be compiled, found that compiling it fails".to_owned()))
    })
}

/// What is said of a schema that does not exist.
pub(super) fn none(id: u32) -> String {
    format!("expected the schema {id} in the registry, found that there is none")
}

/// What is said of a schema that is of no use.
pub(super) fn unusable(id: u32, problem: &str) -> String {
    format!("expected a schema {id} that can be used: {problem}")
}

fn put(state: &mut MutexGuard<'_, State>, id: u32, known: Known) {
    if state.known.insert(id, known).is_none() {
        state.order.push_back(id);
    }
    while state.order.len() > MAX_SCHEMAS
        && let Some(first) = state.order.pop_front()
    {
        state.known.remove(&first);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    #[test]
    fn a_panic_makes_a_schema_useless_and_not_the_thread() {
        assert!(matches!(guarded(|| panic!("a fault of a compiler")), Err(Problem::Unusable(_))));
        assert!(matches!(guarded(|| Err(Problem::Missing)), Err(Problem::Missing)));
    }
}
