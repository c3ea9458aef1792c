//! Which daemon owns the state folder: a file with a random token, which every daemon replaces when it obtains the folder's lock.
//!
//! A lock does not hold for ever on every file system, and its file can be removed. A daemon that stood still meanwhile does not notice. So it
//! reads the token again before every act that leaves a trace: a write in the folder, a message to a receiver.
//!
//! The check and the act are not one step. What was under way when a daemon came to a standstill is completed when it goes on: at most one write
//! and, for each receiver, one request. Receivers recognise a message that comes twice by its id. A checkpoint has a fence of its own (see
//! `Store::still_owned`).

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use super::error::{CheckpointError, failed};
use super::names::{REPLACED, UNFINISHED};
use super::replace::{remove, replace};

/// The file of the token. It is not that of the lock: it is replaced whole, so nobody finds it half written, and removing the lock's file does
/// not remove it.
const FILE: &str = "owner";
/// Longest file of a token, in bytes.
const MAX_BYTES: u64 = 4 << 10;

/// A claim on a state folder. It holds as long as the file in the folder has the claim's token.
#[derive(Clone, Debug)]
pub struct Owner(Arc<Claim>);

#[derive(Debug)]
struct Claim {
    folder: PathBuf,
    line: Vec<u8>,
    /// The first 16 digits of the token that was made for this claim, even if the disk did not take it.
    mark: String,
    /// Why the claim no longer holds. A lost folder never comes back.
    lost: OnceLock<String>,
}

/// What the file holds. Everything but the token is for people.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    token: String,
    pid: u32,
    host: String,
    since: String,
}

impl Owner {
    /// Claims a folder whose lock the caller has just obtained. When this returns, the token is on disk, and files that another daemon left
    /// unfinished are gone. A full disk must not keep a daemon from starting: it then shares the token that it finds, until the next claim.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the folder cannot be written.
    pub fn claim(folder: &Path) -> Result<Self, CheckpointError> {
        let path = folder.join(FILE);
        let (mark, mut line) = line().map_err(|error| failed(&path, "make a token for", error))?;
        remove_unfinished(folder)?;
        let new = unfinished(folder, FILE, &mark);
        if let Err(error) = replace(&path, &new, || Ok(()), |file| file.write_all(&line)) {
            line = found_on_full_disk(&path, &error).ok_or(error)?;
        }
        // Once more: only now can another daemon begin no new ones.
        remove_unfinished(folder)?;
        Ok(Self(Arc::new(Claim { folder: folder.to_owned(), line, mark, lost: OnceLock::new() })))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Makes sure that the claim still holds. Reads a small file.
    ///
    /// # Errors
    /// [`CheckpointError::Lost`] if the file has another token, or is gone, and from then on. A file that cannot be read for another reason tells
    /// nothing: a failing disk must not silence alerts.
    pub fn check(&self) -> Result<(), CheckpointError> {
        if let Some(problem) = self.lost() {
            return Err(CheckpointError::Lost(problem.to_owned()));
        }
        let path = self.folder().join(FILE);
        let found = match read(&path) {
            Ok(line) if line == self.0.line => return Ok(()),
            Ok(line) => shown(&line),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "no such file".to_owned(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the token of the state folder could not be read");
                return Ok(());
            }
        };
        let own = shown(&self.0.line);
        let problem = format!("{}: expected {own}, found {found}: another daemon uses the state", path.display());
        self.lose(&problem);
        Err(CheckpointError::Lost(problem))
    }

    /// Replaces a file of the folder whole. Returns what `write` returned, and the file. If it stays unfinished, the next claim removes it.
    ///
    /// # Errors
    /// [`CheckpointError::Io`], and [`CheckpointError::Lost`] if the claim no longer holds by then: the old file stands.
    /// [`CheckpointError::Unsettled`]: the new file stands, until a crash.
    pub(super) fn replace<T>(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> Result<(T, File), CheckpointError> {
        let new = unfinished(self.folder(), name, &self.0.mark);
        replace(&self.folder().join(name), &new, || self.check(), write)
    }

    /// Why the claim no longer holds, if that was noticed.
    #[must_use]
    pub fn lost(&self) -> Option<&str> {
        self.0.lost.get().map(String::as_str)
    }

    /// Notes that something else than the token has shown the claim to be lost.
    pub fn lose(&self, problem: &str) {
        if self.0.lost.set(problem.to_owned()).is_ok() {
            tracing::error!(problem, "another daemon owns the state: this one writes and tells nothing more");
        }
    }
}

/// Makes a token; returns its mark, and the line of JSON that the file holds.
fn line() -> io::Result<(String, Vec<u8>)> {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    // Asked of the system and not read from /proc, which a service may not see (`ProcSubset=pid`).
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (mark, _) = random.split_at(8);
    let token = Token {
        token: digits(&random),
        pid: std::process::id(),
        host,
        since: jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
    };
    let mut line = serde_json::to_vec(&token)?;
    line.push(b'\n');
    Ok((digits(mark), line))
}

/// The token that is there, if the disk is too full for another one.
fn found_on_full_disk(path: &Path, error: &CheckpointError) -> Option<Vec<u8>> {
    let is_full =
        |source: &io::Error| matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let CheckpointError::Io { source, .. } = error else { return None };
    let found = read(path).ok().filter(|_| is_full(source))?;
    tracing::warn!(path = %path.display(), %error, "the disk is full, so the state was not claimed anew; a daemon that owned it before would not notice");
    Some(found)
}

/// The path of a file that is to replace another, until it is whole. No two claims share one.
fn unfinished(folder: &Path, name: &str, mark: &str) -> PathBuf {
    folder.join(format!("{name}.{mark}{UNFINISHED}"))
}

/// Removes files that were to replace others and are not whole. Nobody reads them, but they take room; and a daemon that wakes up in the middle of
/// writing one then replaces nothing.
fn remove_unfinished(folder: &Path) -> Result<(), CheckpointError> {
    let listing = std::fs::read_dir(folder).map_err(|error| failed(folder, "list", error))?;
    for entry in listing {
        let entry = entry.map_err(|error| failed(folder, "list", error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(UNFINISHED) && REPLACED.iter().any(|begin| name.starts_with(begin)) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut line)?;
    Ok(line)
}

fn shown(line: &[u8]) -> String {
    match serde_json::from_slice(line) {
        Ok(Token { pid, host, since, .. }) => format!("the token of process {pid} on {host:?} since {since}"),
        Err(_) => format!("{} bytes that are no token", line.len()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lost(owner: &Owner) -> String {
        owner.check().unwrap_err().to_string()
    }

    #[test]
    fn a_folder_is_the_last_ones_who_claimed_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = Owner::claim(folder.path()).unwrap();
        first.check().unwrap();
        let second = Owner::claim(folder.path()).unwrap();
        assert!(lost(&first).contains("another daemon uses the state"), "{}", lost(&first));
        assert!(lost(&first).contains(&format!("found the token of process {}", std::process::id())));
        second.check().unwrap();
        // Even if its token comes back: another daemon has told alerts meanwhile.
        std::fs::write(folder.path().join(FILE), &first.0.line).unwrap();
        assert!(first.lost().is_some() && first.check().is_err());
    }

    #[test]
    fn a_token_names_the_host_without_asking_proc() {
        let (_, line) = line().unwrap();
        let token: Token = serde_json::from_slice(&line).unwrap();
        assert_eq!(token.host, std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim());
        assert!(!token.host.is_empty());
    }

    #[test]
    fn a_token_that_is_gone_or_something_else_is_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let owner = Owner::claim(folder.path()).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(lost(&owner).contains("found no such file"), "{}", lost(&owner));
        let owner = Owner::claim(folder.path()).unwrap();
        std::fs::write(&path, "").unwrap();
        assert!(lost(&owner).contains("0 bytes that are no token"), "{}", lost(&owner));
    }

    #[test]
    fn a_token_that_cannot_be_read_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let owner = Owner::claim(folder.path()).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        owner.check().unwrap();
        assert_eq!(owner.lost(), None);
    }

    #[test]
    fn what_another_daemon_has_not_finished_is_not_written_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.new");
        let mut others = File::create(&path).unwrap();
        std::fs::write(folder.path().join("notes.new"), "of the operator").unwrap();
        let _owner = Owner::claim(folder.path()).unwrap();
        assert!(!path.exists() && folder.path().join("notes.new").exists());
        let mut own = File::create(&path).unwrap();
        own.write_all(b"own").unwrap();
        others.write_all(b"others").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"own");
    }

    #[test]
    fn what_a_superseded_daemon_begins_is_not_its_successors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let first = Owner::claim(folder.path()).unwrap();
        first.replace("checkpoint", |file| file.write_all(b"old")).unwrap();
        // It has checked its claim, and comes to a standstill before it opens its file.
        first.check().unwrap();
        let second = Owner::claim(folder.path()).unwrap();
        let written = second.replace("checkpoint", |file| {
            file.write_all(b"the successor's, ")?;
            let late = first.replace("checkpoint", |file| file.write_all(b"the superseded one's"));
            assert!(matches!(late, Err(CheckpointError::Lost(_))), "{late:?}");
            file.write_all(b"all of it")
        });
        written.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"the successor's, all of it");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the checkpoint and the token");
    }

    #[test]
    fn what_a_daemon_of_any_version_left_in_the_middle_is_removed_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let left = ["checkpoint", "outbox", "outbox.cursor.0123456789abcdef", "owner"];
        for name in left {
            std::fs::write(folder.path().join(format!("{name}.new")), "half").unwrap();
            std::fs::write(unfinished(folder.path(), name, "fedcba9876543210"), "half").unwrap();
        }
        let _owner = Owner::claim(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the token");
    }
}
