//! "Did you mean ...?": the known name that is nearest to a misspelt one.

use super::key::shown;
use super::terms::nearest;

/// Returns ` (did you mean X?)` where a known name is near to `found`, else an empty text.
pub(super) fn suggestion<'n>(found: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    match nearest(found, known) {
        Some(name) => format!(" (did you mean {}?)", shown(name)),
        None => String::new(),
    }
}
