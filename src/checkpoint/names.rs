//! The names of the files of a state folder.

use super::audit::FOLDER;

/// The name of a file that is not whole yet, and is to replace another, ends with this. The claim's mark stands before it; early versions had no
/// marks.
pub(super) const UNFINISHED: &str = ".new";
/// The names of files that are replaced whole begin with these. Other people's files stay.
pub(super) const REPLACED: [&str; 6] = ["checkpoint", "outbox", "owner", "audit.key", "audit.pub", "audit.last"];
/// The names of files that have more than one name begin with these: those of journals, and of receivers' positions.
const NUMBERED: [&str; 2] = ["alerts.journal.", "outbox.cursor."];

/// The names of folders in it.
const FOLDERS: [&str; 3] = [FOLDER, "history", "reports"];

/// Whether the store gives a file or folder of its folder this name.
#[must_use]
pub fn is_state_file(name: &str) -> bool {
    let begins = |begin: &str| name.strip_prefix(begin).is_some_and(|rest| rest.starts_with('.'));
    let is_unfinished = name.ends_with(UNFINISHED) && REPLACED.into_iter().any(begins);
    REPLACED.contains(&name)
        || FOLDERS.contains(&name)
        || is_unfinished
        || NUMBERED.into_iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_store_are_known_and_others_are_not() {
        let own = [
            "checkpoint",
            "outbox",
            "owner",
            "audit",
            "audit.key",
            "audit.pub",
            "audit.last",
            "alerts.journal.7.f8",
            "outbox.cursor.kafka.paritywatch.alerts",
            "checkpoint.new",
            "checkpoint.0123456789abcdef.new",
            "owner.0123456789abcdef.new",
            "history",
            "reports",
        ];
        own.into_iter().for_each(|name| assert!(is_state_file(name), "{name}"));
        let others =
            ["histories", "checkpoints", "checkpoint.bak", "notes.new", "ownership.new", "pseudonym.key", "id_rsa", ""];
        others.into_iter().for_each(|name| assert!(!is_state_file(name), "{name}"));
    }
}
