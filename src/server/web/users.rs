//! Users and their passwords, hashed with bcrypt. Checking one takes tens of milliseconds on purpose, so it is done on a thread of its own,
//! one after the other, and what was right is remembered.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};

use ring::hmac;
use ring::rand::SystemRandom;
use serde_norway::Value;
use tokio::sync::Semaphore;

use super::problem::WebConfigError;
use crate::status::lock;

/// Passwords that are checked at a time. More would take the cores that count events.
const CHECKS_AT_A_TIME: usize = 1;
/// Logins that are remembered.
const REMEMBERED_LOGINS: usize = 256;
/// Highest cost of a hash: one check takes about 20 s, and each step more takes twice as long.
const MAX_COST: u32 = 18;
/// Lowest cost that bcrypt knows.
const MIN_COST: u32 = 4;
/// Cost below which guessing is cheap.
const ADVISED_COST: u32 = 10;
/// Most users.
const MAX_USERS: usize = 1_000;
/// Length of a hash, in bytes.
const HASH_BYTES: usize = 60;
/// Place and length of salt and digest in a hash.
const DIGITS_AT: usize = 7;

/// What a hash looks like.
const SHAPE: &str = "a bcrypt hash of 60 characters such as $2y$10$..., of a cost from 4 to 18 (htpasswd -nBC 12 \"\")";

/// A user's name and password, as a request gave them.
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Vec<u8>,
}

/// The users that may log in.
pub struct Users {
    hashes: Arc<BTreeMap<String, String>>,
    remembered: Mutex<VecDeque<[u8; 32]>>,
    key: hmac::Key,
    checks: Arc<Semaphore>,
}

impl Users {
    /// Reads the users; `None` where there are none.
    pub fn read(path: &Path, written: Option<&Value>) -> Result<Option<Self>, WebConfigError> {
        let mapping = match written {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Mapping(mapping)) => mapping,
            Some(_) => {
                let expected = "a map of names to bcrypt hashes";
                return Err(WebConfigError::key(path, "basic_auth_users", expected, "something else"));
            }
        };
        if mapping.len() > MAX_USERS {
            let (expected, found) = (format!("at most {MAX_USERS} users"), mapping.len().to_string());
            return Err(WebConfigError::key(path, "basic_auth_users", &expected, &found));
        }
        let mut hashes = BTreeMap::new();
        for (name, hash) in mapping {
            let Some(name) = name.as_str().filter(|name| !name.is_empty() && !name.contains([':', '\0'])) else {
                let expected = "names that are texts without a colon";
                return Err(WebConfigError::key(path, "basic_auth_users", expected, "another name"));
            };
            let Some(hash) = hash.as_str().filter(|hash| cost(hash).is_some()) else {
                return Err(WebConfigError::key(path, &format!("basic_auth_users.{name}"), SHAPE, "something else"));
            };
            hashes.insert(name.to_owned(), hash.to_owned());
        }
        if hashes.is_empty() {
            return Ok(None);
        }
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| WebConfigError::new(path, "the system gives no random numbers"))?;
        let checks = Arc::new(Semaphore::new(CHECKS_AT_A_TIME));
        Ok(Some(Self { hashes: Arc::new(hashes), remembered: Mutex::default(), key, checks }))
    }

    /// Returns the users whose hashes cost little to guess.
    pub fn cheap(&self) -> impl Iterator<Item = &str> {
        let cheap = |hash: &String| cost(hash).is_some_and(|cost| cost < ADVISED_COST);
        self.hashes.iter().filter(move |(_, hash)| cheap(hash)).map(|(name, _)| name.as_str())
    }

    /// Returns whether a login is right.
    pub async fn admit(&self, login: Login) -> bool {
        let is_known = self.hashes.contains_key(&login.user);
        let tag = self.tag(&login);
        if is_known && lock(&self.remembered).contains(&tag) {
            return true;
        }
        let hashes = Arc::clone(&self.hashes);
        // Neither is ever closed, and a check that was begun is waited for.
        let Ok(permit) = Arc::clone(&self.checks).acquire_owned().await else { return false };
        let check = tokio::task::spawn_blocking(move || {
            let _held = permit;
            // Both are looked up for every name: it must not show by time which one was needed.
            let stand_in = stand_in(&hashes, &login.user);
            let hash = hashes.get(&login.user).or(stand_in);
            hash.is_some_and(|hash| bcrypt::verify(&login.password, hash).unwrap_or(false))
        });
        let right = check.await.unwrap_or(false) && is_known;
        if right {
            let mut remembered = lock(&self.remembered);
            if !remembered.contains(&tag) {
                if remembered.len() >= REMEMBERED_LOGINS {
                    remembered.pop_front();
                }
                remembered.push_back(tag);
            }
        }
        right
    }

    /// Returns a login's mark. Who has the list of marks, and not the key, can test no password by it.
    fn tag(&self, login: &Login) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(login.user.len() as u64).to_le_bytes());
        context.update(login.user.as_bytes());
        context.update(&login.password);
        let mut tag = [0; 32];
        // Both have the length of SHA-256.
        tag.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }
}

/// Returns the hash that is checked in place of an unknown user's, so that its cost is that of some user of the file, and always the same for
/// one name, also after a restart. Who does not have the hashes cannot tell which one it is.
fn stand_in<'h>(hashes: &'h BTreeMap<String, String>, user: &str) -> Option<&'h String> {
    let mark = |hash: &String| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, hash.as_bytes()), user.as_bytes());
        tag.as_ref().to_vec()
    };
    hashes.values().max_by_key(|hash| mark(hash))
}

/// Returns the cost of a hash; `None` where it is none that can be checked.
fn cost(hash: &str) -> Option<u32> {
    let rest = ["$2a$", "$2b$", "$2x$", "$2y$"].iter().find_map(|prefix| hash.strip_prefix(prefix))?;
    let (cost, _) = rest.split_once('$').filter(|(cost, _)| cost.len() == 2)?;
    let cost = cost.parse().ok().filter(|cost| (MIN_COST..=MAX_COST).contains(cost))?;
    let digits = hash.get(DIGITS_AT..)?;
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/';
    // What the library refuses later would lock the user out without a word.
    let parses = || hash.parse::<bcrypt::HashParts>().is_ok();
    (hash.len() == HASH_BYTES && digits.bytes().all(alphabet) && parses()).then_some(cost)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn unknown_names_take_as_long_as_users_do_and_each_always_as_long() {
        let hashes: BTreeMap<String, String> = ["a", "b"]
            .iter()
            .zip([4, 5])
            .map(|(name, cost)| ((*name).to_owned(), bcrypt::hash("x", cost).unwrap()))
            .collect();
        let costs = || -> Vec<Option<u32>> {
            (0..64).map(|number| cost(stand_in(&hashes, &format!("user{number}")).unwrap())).collect()
        };
        assert!(costs().contains(&Some(4)) && costs().contains(&Some(5)));
        assert_eq!(costs(), costs());
        assert_eq!(stand_in(&BTreeMap::new(), "x"), None);
    }

    #[test]
    fn hashes_are_told_from_what_is_none() {
        let hash = bcrypt::hash("secret", 4).unwrap();
        assert_eq!(cost(&hash), Some(4));
        assert_eq!(cost("$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"), Some(10));
        for wrong in [
            "",
            "secret",
            "$2y$10$short",
            "$2y$19$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
            "$2y$03$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
            "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7z!",
            "$1y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
            "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zGG",
        ] {
            assert_eq!(cost(wrong), None, "{wrong}");
        }
    }
}
