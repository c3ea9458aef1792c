//! How well the audit log is kept.

/// The audit log since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditHealth {
    /// Entries of the log; 0 until it is open.
    pub entries: u64,
    /// Those that the checkpoint on disk signs.
    pub signed: u64,
    /// What waits for the disk.
    pub waiting: u64,
    /// What will never be entered, because too much waited.
    pub lost: u64,
    /// How often the disk refused something.
    pub failures: u64,
    /// Why nothing is written: the disk refused the last attempt or hangs, or there is no key.
    pub problem: Option<String>,
    /// Why the log was begun beside or in the place of another one, at whichever start.
    pub damage: Option<String>,
    /// Logs in the state folder. Every one but the last was damaged.
    pub logs: u64,
    /// Checkpoints that the alert topic has taken; `None` without a topic.
    pub witnessed: Option<u64>,
    /// Attempts to send one that failed.
    pub unwitnessed: u64,
    /// Files among the notes of reports that cannot be read as one.
    pub notes_unreadable: u64,
    /// Why a note of a report is not entered.
    pub notes_problem: Option<String>,
}

impl AuditHealth {
    /// Returns whether a log that is in the state folder, or should be, is not as it was written.
    #[must_use]
    pub const fn is_damaged(&self) -> bool {
        self.damage.is_some() || self.logs > 1
    }

    /// Returns what an operator should look into.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let earlier = || {
            (self.logs > 1)
                .then(|| format!("{} logs in the state folder: every one but the last is damaged", self.logs))
        };
        if let Some(damage) =
            self.damage.as_ref().map(|damage| format!("the audit log is not as it was written: {damage}"))
        {
            return Some(damage);
        }
        if let Some(problem) = &self.problem {
            return Some(format!("no entries of the audit log can be written ({} wait): {problem}", self.waiting));
        }
        if self.lost > 0 {
            return Some(format!("{} entries of the audit log were lost", self.lost));
        }
        let note =
            || self.notes_problem.as_ref().map(|problem| format!("a note of a report cannot be used: {problem}"));
        earlier().or_else(note)
    }
}
