//! The key that signs the log: a file of its owner's alone, with the public key beside it.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::files::AUDIT_PUBLIC_KEY;
use super::note::{PublicKey, SigningKey};
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::owner::Owner;
use crate::settings::{SecretProblem, read_secret_text};

/// The file of the private key, in the state folder.
pub const AUDIT_KEY: &str = "audit.key";
/// Longest file of a public key, in bytes.
const MAX_PUBLIC_BYTES: u64 = 1_024;

/// The key, and whether it must have a log.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key.
    pub key: Arc<SigningKey>,
    /// Whether there may be no log of it: it was made just now, or comes from elsewhere.
    pub may_lack_log: bool,
}

/// Why there is no key to sign with.
#[derive(Debug, Error)]
pub enum SignerProblem {
    /// The file of the key cannot be read, or others may read it.
    #[error(transparent)]
    Secret(#[from] SecretProblem),
    /// It holds no key.
    #[error("{}: {problem}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What was expected.
        problem: String,
    },
    /// It could not be made.
    #[error(transparent)]
    Unwritten(#[from] CheckpointError),
}

/// Reads the key from `key_file`, or from the state folder that was claimed, where it is made if there is none. Writes the public key into the state
/// folder.
///
/// # Errors
/// [`SignerProblem`].
pub fn load_or_make_signer(owner: &Owner, key_file: Option<&Path>) -> Result<Signer, SignerProblem> {
    let path = key_file.map_or_else(|| owner.folder().join(AUDIT_KEY), Path::to_owned);
    let found = std::fs::symlink_metadata(&path);
    // A key that cannot be looked at is there all the same.
    let is_new = key_file.is_none() && found.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    let unfit = |problem| SignerProblem::Unfit { path: path.clone(), problem };
    let key = if is_new {
        let key = SigningKey::make().map_err(unfit)?;
        owner.replace(AUDIT_KEY, |file| writeln!(file, "{}", key.to_text()))?;
        key
    } else {
        let name = if key_file.is_some() { "audit.key_file" } else { "the audit key" };
        SigningKey::parse(&read_secret_text(name, &path)?).map_err(unfit)?
    };
    let public = format!("{}\n", key.public().to_text());
    let public_path = owner.folder().join(AUDIT_PUBLIC_KEY);
    if std::fs::read(&public_path).ok().as_deref() != Some(public.as_bytes()) {
        owner.replace(AUDIT_PUBLIC_KEY, |file| file.write_all(public.as_bytes()))?;
    }
    Ok(Signer { key: Arc::new(key), may_lack_log: is_new || key_file.is_some() })
}

/// Reads a public key from a file: one line, and nothing else.
///
/// # Errors
/// Says what was expected and what was found.
pub fn read_public_key(path: &Path) -> Result<PublicKey, String> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_PUBLIC_BYTES).read_to_string(&mut text));
    read.map_err(|error| format!("{}: expected a public key, found: {error}", path.display()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    PublicKey::parse(line).map_err(|problem| format!("{}: {problem}", path.display()))
}
