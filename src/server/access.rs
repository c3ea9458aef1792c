//! Who gets in, as it is at the moment: the names of this server, and the web configuration, which is read again when its files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ring::digest::Digest;
use thiserror::Error;
use tokio::time::{Instant, sleep_until};

use super::hosts::Hosts;
use super::limits::{self, RELOAD_EVERY};
use super::web::{Left, Loaded, WebConfigError, left, load};
use crate::settings::{Logins, Server, shown_path};
use crate::status::{HttpHealth, wall_clock};

/// Who gets in, and how many at a time.
pub struct Access {
    pub(super) hosts: Hosts,
    pub(super) most_connections: usize,
    file: Option<PathBuf>,
    /// Why everybody must log in; `None`: nobody has to.
    must_authenticate: Option<&'static str>,
    /// The key that lets others read without a login, where it is set.
    insecure_listen: Option<&'static str>,
    mark: Option<Digest>,
    current: RwLock<Arc<Loaded>>,
}

/// Why a server may not start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccessError {
    /// The web configuration cannot be used.
    #[error(transparent)]
    WebConfig(#[from] WebConfigError),
    /// Others could read without a login.
    #[error(
        "{file}: basic_auth_users: expected users, or tls_server_config.client_auth_type \"RequireAndVerifyClientCert\", because \
         {because}; found neither"
    )]
    Open {
        /// The web configuration.
        file: String,
        /// Why somebody must log in.
        because: &'static str,
    },
    /// A change asks for less than what is in force. It may be half of a file that is being written.
    #[error("{file}: {key}: expected it as before, found none; a restart takes less, a change does not")]
    Less {
        /// The web configuration.
        file: String,
        /// What was lost.
        key: &'static str,
    },
}

impl Access {
    /// Reads the web configuration, where there is one.
    ///
    /// # Errors
    /// [`AccessError`] with file and key.
    pub fn open(server: &Server) -> Result<Self, AccessError> {
        let must_authenticate = must_authenticate(server);
        let (mark, loaded) = match &server.web_config {
            None => (None, Loaded::default()),
            Some(file) => {
                let (mark, loaded) = load(file);
                let loaded = loaded?;
                allowed(file, &loaded, must_authenticate)?;
                (Some(mark), loaded)
            }
        };
        Ok(Self {
            hosts: Hosts::of(server),
            most_connections: limits::connections(server.max_connections),
            file: server.web_config.clone(),
            must_authenticate,
            insecure_listen: server.insecure_listen.then_some(match server.logins {
                Logins::FromOthers => "server.insecure_listen",
                Logins::Always => "http_source.insecure_listen",
            }),
            mark,
            current: RwLock::new(Arc::new(loaded)),
        })
    }

    /// Returns what is in force.
    pub(super) fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns whether the server's certificate has ended: the server runs, and every client turns away.
    #[must_use]
    pub fn certificate_ended(&self) -> bool {
        self.current().end.is_some_and(|end| left(end, now()) == Left::Nothing)
    }

    /// Returns what an operator should mend although the server can run.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let current = self.current();
        let Some(file) = &self.file else { return Vec::new() };
        let mut warnings = Vec::new();
        match current.end.map(|end| left(end, now())) {
            Some(Left::Nothing) => {
                warnings.push("tls_server_config.cert_file: the certificate has ended".to_owned());
            }
            Some(Left::Days(days)) => {
                warnings.push(format!("tls_server_config.cert_file: the certificate ends within {days} days"));
            }
            Some(Left::Long) | None => {}
        }
        if current.hashes_are_open {
            warnings.push(
                "basic_auth_users: others may read the hashes, and guess passwords by them (chmod 600)".to_owned(),
            );
        }
        if let Some(key) = self.insecure_listen.filter(|_| current.authenticates()) {
            warnings.push(format!(
                "it asks for a login, and {key} = true would start without one, if it were lost: remove that key"
            ));
        }
        if let Some(users) = &current.users {
            warnings.extend(users.cheap().map(|name| {
                format!("basic_auth_users.{name}: a hash of a cost below 10 is soon guessed by who has the file")
            }));
            if current.tls.is_none() {
                warnings.push("basic_auth_users: without tls_server_config passwords pass in the clear".to_owned());
            }
        }
        warnings.into_iter().map(|warning| format!("{}: {warning}", shown_path(file))).collect()
    }

    /// Takes what the files hold when they change, once they were the same in two looks: half of a file that is being written may be valid.
    /// What is refused changes nothing. Never returns.
    pub(super) async fn follow(self: Arc<Self>, health: Arc<HttpHealth>) {
        health.set_certificate_end(self.current().end);
        let Some(file) = self.file.clone() else { return std::future::pending().await };
        let bytes = |mark: &Digest| mark.as_ref().to_vec();
        let in_force = self.mark.as_ref().map(bytes);
        let (mut in_force, mut seen, mut told) = (in_force, None, None);
        let mut next = Instant::now();
        loop {
            next += RELOAD_EVERY;
            sleep_until(next).await;
            let read = {
                let (file, must) = (file.clone(), self.must_authenticate);
                tokio::task::spawn_blocking(move || look(&file, must)).await
            };
            let Ok((mark, loaded)) = read else { continue };
            let mark = Some(bytes(&mark));
            let is_stable = std::mem::replace(&mut seen, mark.clone()) == mark;
            if mark == in_force {
                if told.take().is_some() {
                    health.restored();
                }
                continue;
            }
            if !is_stable || mark == told {
                continue;
            }
            match loaded.and_then(|loaded| self.no_less(&file, loaded)) {
                Ok(loaded) => {
                    self.replace(loaded, &health);
                    (in_force, told) = (mark, None);
                }
                Err(error) => {
                    health.reload_refused();
                    tracing::error!(%error, "the web configuration has changed and was refused; the one before stays in force");
                    told = mark;
                }
            }
        }
    }

    /// Returns a changed configuration unless it asks for less than the one in force.
    fn no_less(&self, file: &Path, loaded: Loaded) -> Result<Loaded, AccessError> {
        match self.current().lost_by(&loaded) {
            Some(key) => Err(AccessError::Less { file: shown_path(file), key }),
            None => Ok(loaded),
        }
    }

    fn replace(&self, loaded: Loaded, health: &HttpHealth) {
        health.set_certificate_end(loaded.end);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        health.reloaded();
        tracing::info!("the web configuration has changed and was taken");
        for warning in self.warnings() {
            tracing::warn!("{warning}");
        }
    }
}

/// Returns why everybody who comes to a listener must log in; `None` where nobody has to.
fn must_authenticate(server: &Server) -> Option<&'static str> {
    let is_open = match server.logins {
        Logins::FromOthers => server.listen.ip().to_canonical().is_loopback(),
        Logins::Always => false,
    };
    (!server.insecure_listen && !is_open).then_some(match server.logins {
        Logins::FromOthers => "server.listen is no address of loopback and server.insecure_listen is false",
        Logins::Always => "http_source.insecure_listen is false",
    })
}

/// Returns seconds since 1970.
fn now() -> i64 {
    wall_clock().0.div_euclid(1_000)
}

fn look(file: &Path, must_authenticate: Option<&'static str>) -> (Digest, Result<Loaded, AccessError>) {
    let (mark, loaded) = load(file);
    let loaded = loaded.map_err(AccessError::from);
    (mark, loaded.and_then(|loaded| allowed(file, &loaded, must_authenticate).map(|()| loaded)))
}

fn allowed(file: &Path, loaded: &Loaded, must_authenticate: Option<&'static str>) -> Result<(), AccessError> {
    match must_authenticate {
        Some(because) if !loaded.authenticates() => Err(AccessError::Open { file: shown_path(file), because }),
        _ => Ok(()),
    }
}
