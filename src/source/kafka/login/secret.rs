//! Reads a secret that is text.

use std::path::Path;

use crate::settings::read_secret_text;

/// Returns the content of the file that `key` names.
///
/// # Errors
/// Says which file is of no use, and why.
pub(super) fn read_text(key: &'static str, file: &Path) -> Result<String, String> {
    read_secret_text(key, file).map_err(|problem| problem.to_string())
}
