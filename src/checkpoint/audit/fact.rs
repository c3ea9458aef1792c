//! What the daemon tells the log. The log makes entries of what it does not have yet.

use std::sync::Arc;

use crate::disclosure::{PublishedAlert, PublishedMeasure};
use crate::outbox::Message;
use crate::plan::Provenance;

/// One thing that is told.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The daemon has started, with this configuration.
    Started {
        /// The hash of the configuration.
        config_hash: String,
        /// The checkpoint of the state that it began with; `None`: there was no state.
        checkpoint: Option<u64>,
    },
    /// A configuration was taken: its hash, and what `print-config` prints.
    Configuration {
        /// The hash.
        hash: String,
        /// TOML, without secrets.
        toml: String,
    },
    /// All data gaps that were ever accepted, oldest first.
    Gaps(Vec<String>),
    /// Alerts that changed, as they are published, with what that rested on.
    Alerts(Vec<PublishedAlert>, Arc<Provenance>),
    /// The last transition of each alert that the state knows, at the start. The log may know later ones, of a state that is gone.
    Numbers(Vec<(String, u32)>),
    /// All alerts, at the start. Those that had ended before the log knew them are left out.
    Book(Vec<PublishedAlert>),
    /// Messages about alerts that nothing watches any more.
    Messages(Vec<Arc<Message>>),
    /// Measures that were reported, each perhaps told before.
    Measures(Vec<Arc<PublishedMeasure>>),
    /// Whether there are two pseudonym keys.
    TwoKeys(bool),
    /// A report was made: what its note is known by, and the note, JSON on one line.
    Report {
        /// The id.
        id: String,
        /// The note.
        note: String,
    },
    /// The state was refused.
    StateRefused(String),
    /// Facts that were lost, because too many waited for the disk.
    Lost(u64),
    /// The daemon stops, for this reason.
    Stopped(&'static str),
}

impl Fact {
    /// Returns how many entries it may become.
    #[must_use]
    pub fn weight(&self) -> usize {
        let many = match self {
            Self::Gaps(gaps) => gaps.len(),
            Self::Alerts(alerts, _) | Self::Book(alerts) => alerts.len(),
            Self::Messages(messages) => messages.len(),
            Self::Measures(measures) => measures.len(),
            _ => 1,
        };
        many.max(1)
    }
}
