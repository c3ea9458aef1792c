//! How the clients log in: a password or a token that may be changed while the daemon runs.
//!
//! A thread of its own reads the files again, or asks the issuer for the next token. Each client takes over what is new when its own thread looks.

mod issuer;
mod secret;
mod token;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::access::Access;
use super::config::PASSWORD_KEY;
use crate::settings::{Kafka, OAuth, read_secret, shown_path};
use crate::source::error::SourceError;
use crate::status::{AccessCause, lock};
use issuer::Issuer;
use secret::read_text;
use token::Token;

/// Under which name trouble with the login is told.
const CLIENT: &str = "login";
/// Time between two looks at a file.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Time to the next request after the issuer gave no token; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Longest time between two requests to an issuer that gives no token.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Longest time that the thread keeps running after a stop request.
const STOP_POLL: Duration = Duration::from_millis(100);

/// What a client logs in with.
#[derive(Clone)]
pub(super) enum Credential {
    /// A user and a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Token(Token),
}

/// The credential of the moment. It counts how often it was changed.
#[derive(Default)]
pub(super) struct Current {
    version: AtomicU64,
    credential: Mutex<Option<Credential>>,
}

impl Current {
    /// Returns the number of changes so far.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Returns the credential; `None` before there is one.
    pub fn credential(&self) -> Option<Credential> {
        lock(&self.credential).clone()
    }

    fn change(&self, credential: Credential) {
        *lock(&self.credential) = Some(credential);
        self.version.fetch_add(1, Ordering::Release);
    }
}

/// The thread that renews the credential, until this is dropped.
pub(super) struct Login {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Login {
    /// Reads the credential, or asks for it, and starts the thread. An issuer that gives no token is asked again later.
    ///
    /// # Errors
    /// [`SourceError`] if a file is of no use, or the system starts no thread.
    pub fn start(settings: &Kafka, access: &Arc<Access>, current: &Arc<Current>) -> Result<Self, SourceError> {
        let stop = Arc::new(AtomicBool::new(false));
        let Some(source) = Source::of(settings)? else { return Ok(Self { stop, thread: None }) };
        let (access, current) = (Arc::clone(access), Arc::clone(current));
        let mut renewal = Renewal { source, access, current, pause: FIRST_PAUSE, due: Instant::now(), last: None };
        renewal.renew();
        let stops = Arc::clone(&stop);
        let run = move || {
            while !stops.load(Ordering::Relaxed) {
                renewal.work();
                std::thread::sleep(STOP_POLL);
            }
        };
        let thread = std::thread::Builder::new().name("login".to_owned()).spawn(run);
        let thread = Some(thread.map_err(|source| SourceError::Thread { thread: "login's", source })?);
        Ok(Self { stop, thread })
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // One that waits for the issuer ends with the process.
        if let Some(thread) = self.thread.take().filter(JoinHandle::is_finished) {
            // The thread itself has printed its panic.
            let _ = thread.join();
        }
    }
}

/// Where the credential comes from.
enum Source {
    Password { user: String, file: PathBuf },
    TokenFile(PathBuf),
    Issuer(Issuer),
}

impl Source {
    fn of(settings: &Kafka) -> Result<Option<Self>, SourceError> {
        let source = match (&settings.sasl_password_file, &settings.oauth) {
            (_, Some(OAuth::File(file))) => {
                read_secret(TOKEN_KEY, file)?;
                Self::TokenFile(file.clone())
            }
            (_, Some(OAuth::Issuer(issuer))) => Self::Issuer(Issuer::new(issuer)?),
            (Some(file), None) => {
                let user = settings.properties.get("sasl.username").cloned().unwrap_or_default();
                Self::Password { user, file: file.clone() }
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(source))
    }
}

/// The key of the token's file.
const TOKEN_KEY: &str = "kafka.oauth_token_file";

/// What is renewed, and when.
struct Renewal {
    source: Source,
    access: Arc<Access>,
    current: Arc<Current>,
    due: Instant,
    pause: Duration,
    /// The content of the file when it was last read.
    last: Option<String>,
}

impl Renewal {
    fn work(&mut self) {
        if Instant::now() >= self.due {
            self.renew();
        }
    }

    fn renew(&mut self) {
        let outcome = match &self.source {
            Source::Password { user, file } => {
                let user = user.clone();
                read_text(PASSWORD_KEY, file).map(|password| Credential::Password { user, password })
            }
            Source::TokenFile(file) => read_text(TOKEN_KEY, file)
                .and_then(|text| {
                    Token::read(&text).map_err(|problem| format!("{TOKEN_KEY} {}: {problem}", shown_path(file)))
                })
                .map(Credential::Token),
            Source::Issuer(issuer) => return self.ask(issuer.token()),
        };
        self.due = Instant::now() + LOOK_EVERY;
        match outcome {
            Ok(credential) => {
                let text = credential.text();
                if self.last.as_deref() != Some(text) {
                    if self.last.is_some() {
                        tracing::info!("what the daemon logs in to Kafka with was changed; new connections use it");
                    }
                    self.last = Some(text.to_owned());
                    self.current.change(credential);
                }
                self.access.works(CLIENT);
            }
            // What was read before stays in force.
            Err(problem) => self.access.note(CLIENT, AccessCause::SecretFile, &problem),
        }
    }

    fn ask(&mut self, outcome: Result<Token, String>) {
        match outcome {
            Ok(token) => {
                self.due = Instant::now() + token.renew_after();
                self.pause = FIRST_PAUSE;
                self.current.change(Credential::Token(token));
                self.access.works(CLIENT);
            }
            Err(problem) => {
                self.due = Instant::now() + self.pause;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                self.access.note(CLIENT, AccessCause::Issuer, &problem);
            }
        }
    }
}

impl Credential {
    fn text(&self) -> &str {
        match self {
            Self::Password { password, .. } => password,
            Self::Token(token) => &token.text,
        }
    }
}
