//! What is wrong with a web configuration.

use std::path::Path;

use thiserror::Error;

use crate::settings::shown_path;

/// Why a web configuration is refused. It never repeats a password, a hash or a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}: {problem}")]
pub struct WebConfigError {
    /// The file.
    pub file: String,
    /// Key, what was expected, and what was found.
    pub problem: String,
}

impl WebConfigError {
    /// A problem with a file.
    pub(super) fn new(file: &Path, problem: impl Into<String>) -> Self {
        Self { file: shown_path(file), problem: problem.into() }
    }

    /// A key has another value than one that can be used.
    pub(super) fn key(file: &Path, key: &str, expected: &str, found: &str) -> Self {
        Self::new(file, format!("{key}: expected {expected}, found {found}"))
    }
}

/// Returns a word of the file as a problem repeats it. What is no word may be a key or a password, and is not repeated.
pub(super) fn shown_word(word: &str) -> String {
    const MAX_BYTES: usize = 64;
    let is_word = word.len() <= MAX_BYTES && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word { format!("{word:?}") } else { "another text".to_owned() }
}
