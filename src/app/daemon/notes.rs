//! Notes of reports that were made, as the thread of the audit log takes them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::checkpoint::audit::Fact;
use crate::checkpoint::reports::{HandedOver, notes};

/// Time between two looks at the folder.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The notes in the state folder.
pub struct ReportNotes {
    state: PathBuf,
    looked: Option<Instant>,
    /// Notes that the log has, once what was made of them is on the disk.
    entering: Vec<HandedOver>,
    /// Reports that were told to the monitor.
    told: BTreeSet<String>,
    /// Problems that were logged.
    logged: BTreeSet<String>,
    /// What is wrong with the folder now.
    pub problem: Option<String>,
    /// Notes that cannot be read.
    pub unreadable: u64,
}

impl ReportNotes {
    /// Before the first look.
    pub fn new(state: &Path) -> Self {
        Self {
            state: state.to_owned(),
            looked: None,
            entering: Vec::new(),
            told: BTreeSet::new(),
            logged: BTreeSet::new(),
            problem: None,
            unreadable: 0,
        }
    }

    /// When the folder is to be looked at again.
    pub fn due(&self) -> Instant {
        self.looked.map_or_else(Instant::now, |looked| looked + LOOK_EVERY)
    }

    /// Looks at the folder, if that is due. Returns the notes that were not seen before, and what is to be entered: perhaps again, as the log knows what it
    /// has.
    pub fn look(&mut self) -> (Vec<HandedOver>, Vec<Fact>) {
        if self.due() > Instant::now() {
            return (Vec::new(), Vec::new());
        }
        self.looked = Some(Instant::now());
        let found = match notes(&self.state) {
            Ok(found) => found,
            Err(error) => {
                self.tell(vec![error.to_string()]);
                return (Vec::new(), Vec::new());
            }
        };
        self.unreadable = found.problems.len() as u64;
        self.tell(found.problems);
        self.entering = found.notes.iter().filter(|note| !note.is_logged).cloned().collect();
        let fact = |note: &HandedOver| Fact::Report { id: note.id.clone(), note: note.content.clone() };
        let facts = self.entering.iter().map(fact).collect();
        let new = found.notes.into_iter().filter(|note| self.told.insert(note.id.clone())).collect();
        (new, facts)
    }

    /// What was to be entered is on the disk.
    pub fn entered(&mut self) {
        for note in std::mem::take(&mut self.entering) {
            match note.mark_logged() {
                Ok(()) => tracing::info!(
                    period = note.report.period.label,
                    id = note.id,
                    "a report was entered into the audit log"
                ),
                Err(error) => self.tell(vec![error.to_string()]),
            }
        }
    }

    /// Shows what is wrong, and logs it once.
    fn tell(&mut self, problems: Vec<String>) {
        self.problem = problems.first().cloned();
        for problem in problems {
            if self.logged.insert(problem.clone()) {
                tracing::error!(problem, "a note of a report cannot be used; it stays as it is");
            }
        }
    }
}
