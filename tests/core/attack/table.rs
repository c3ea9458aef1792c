//! The words of the attack: places, atoms, stages.

use std::collections::BTreeMap;

use serde_json::Value;

/// Kinds of atoms: assessed and not selected, selected and not controlled, controlled and not concluded, concluded without a hit, hits.
pub const ATOMS: usize = 5;
/// The stages of the funnel. A stage has reached it who is in its atom or in a later one.
pub const STAGES: [&str; ATOMS] = ["assessed", "selected", "controlled", "concluded", "hit"];

/// Cases by atom.
pub type Atoms = [u64; ATOMS];

/// A row of the funnel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub profile: String,
    pub channel: String,
    pub window: String,
    pub dimension: String,
    pub group: String,
}

pub type Table = BTreeMap<Place, Atoms>;

impl Place {
    pub fn new(profile: &str, channel: &str, window: &str, dimension: &str, group: &str) -> Self {
        let [profile, channel, window, dimension, group] =
            [profile, channel, window, dimension, group].map(str::to_owned);
        Self { profile, channel, window, dimension, group }
    }

    /// The place that a row or finding of the document is about.
    pub fn of(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str();
        Some(Self::new(text("profile")?, text("channel")?, text("window")?, text("dimension")?, text("group")?))
    }

    pub fn with_group(&self, group: &str) -> Self {
        Self { group: group.to_owned(), ..self.clone() }
    }

    /// Everything but the group.
    pub fn column(&self) -> Self {
        self.with_group("")
    }
}

/// The cases that have reached a stage.
pub fn reached(atoms: &Atoms, stage: usize) -> u64 {
    atoms[stage..].iter().sum()
}
