//! What is known of schemas by their ids, and a thread that asks for what is not.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::answer::Problem;
use super::client::{Client, RegistryError};
use crate::settings::RegistrySettings;
use crate::source::format::schema::{Found, Schema};
use crate::status::{RegistryHealth, lock};

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

/// A schema registry.
#[derive(Clone)]
pub struct Registry(Arc<Handle>);

/// Ends the thread when nobody asks any more.
struct Handle(Arc<Shared>);

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
    wanted: BTreeSet<u32>,
    health: RegistryHealth,
    ended: bool,
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
        let thread = std::thread::Builder::new().name("registry".to_owned());
        thread.spawn(move || asking.run(&client)).map_err(RegistryError::Thread)?;
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// What is known of an id. What is not is asked for.
    #[must_use]
    pub fn look_up(&self, id: u32) -> Lookup {
        let shared = self.shared();
        let mut state = lock(&shared.state);
        if let Some(known) = state.known.get(&id).filter(|known| known.until.is_none_or(|until| Instant::now() < until))
        {
            return Lookup::Found(known.found.clone());
        }
        if state.wanted.insert(id) {
            shared.wake.notify_all();
        }
        Lookup::Waits
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
        &self.0.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.0.state).ended = true;
        self.0.wake.notify_all();
    }
}

impl Shared {
    /// Asks for what is wanted until nobody wants anything any more.
    fn run(&self, client: &Client) {
        let mut pause = FIRST_PAUSE;
        while let Some(wanted) = self.wanted() {
            let outcome = self.ask_all(client, &wanted, false).and_then(|doubted| {
                if doubted.is_empty() {
                    return Ok(());
                }
                self.wait(DOUBT);
                self.ask_all(client, &doubted, true).map(drop)
            });
            if outcome.is_ok() {
                pause = FIRST_PAUSE;
            } else {
                self.wait(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Waits until something is wanted; `None` at the end.
    fn wanted(&self) -> Option<Vec<u32>> {
        let mut state = lock(&self.state);
        while state.wanted.is_empty() && !state.ended {
            state = self.wake.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        (!state.ended).then(|| state.wanted.iter().copied().collect())
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

    /// Asks for schemas, and returns those that do not exist. They are taken as such if this `is_certain`.
    fn ask_all(&self, client: &Client, wanted: &[u32], is_certain: bool) -> Result<Vec<u32>, ()> {
        let mut missing = Vec::new();
        for id in wanted {
            match client.schema(*id) {
                Ok(schema) => self.learn(*id, Ok(schema)),
                Err(Problem::Missing) if !is_certain => missing.push(*id),
                Err(Problem::Missing) => {
                    self.learn(*id, Err(none(*id)));
                }
                Err(Problem::Unusable(problem)) => {
                    self.learn(*id, Err(unusable(*id, &problem)));
                }
                Err(Problem::Away(why)) => {
                    self.note(why);
                    return Err(());
                }
            }
        }
        Ok(missing)
    }

    fn learn(&self, id: u32, answer: Result<Schema, String>) {
        let mut state = lock(&self.state);
        state.wanted.remove(&id);
        if let Some(trouble) = state.health.trouble.take() {
            tracing::info!(trouble, "the schema registry answers again");
        }
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

    fn note(&self, why: String) {
        let mut state = lock(&self.state);
        state.health.failed += 1;
        if state.health.trouble.as_ref() != Some(&why) {
            tracing::error!(problem = why, "the schema registry does not answer: reading waits, and it is tried again");
            state.health.trouble = Some(why);
        }
    }
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
