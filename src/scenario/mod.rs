//! Streams with known truth: the same seed gives the same bytes.

mod blocks;
mod random;
mod stream;
mod truth;

use std::fmt;
use std::str::FromStr;

use crate::plan::EventTime;

pub use blocks::{BlockShape, Blocks, Drift, Watching};
pub use stream::{GeneratedEvent, Stream};
pub use truth::{GroupTruth, Truth};

/// What is wrong, if anything, in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Everybody is treated alike.
    Fair,
    /// The monitored group is picked more often, without more violations.
    SkewedSelection,
    /// The monitored group is picked alike, but violations are found less often.
    SkewedHitRate,
    /// In all, the monitored group is picked more often; within each office, alike.
    Simpson,
    /// Everybody is treated alike, but outcomes of the monitored group come much later.
    LateOutcomes,
}

/// The shape of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What is wrong in it.
    pub scenario: Scenario,
    /// How many events.
    pub events: u64,
    /// The seed.
    pub seed: u64,
    /// Time of the first case.
    pub start: EventTime,
    /// Cases assessed per hour of event time.
    pub cases_per_hour: u32,
    /// The profile's name.
    pub profile: String,
    /// How many times as often the monitored group is picked (`skewed-selection`).
    pub ratio: f64,
    /// Begins every case id and event id, so that streams can share a topic.
    pub prefix: String,
}

/// The groups of dimension `origin`, with their shares of the cases; the last one is monitored.
pub const ORIGINS: [(&str, f64); 3] = [("dutch", 0.72), ("european", 0.08), ("non_european", 0.20)];

/// Index of the monitored group in [`ORIGINS`].
pub const MONITORED: usize = 2;

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 5] =
        [Self::Fair, Self::SkewedSelection, Self::SkewedHitRate, Self::Simpson, Self::LateOutcomes];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fair => "fair",
            Self::SkewedSelection => "skewed-selection",
            Self::SkewedHitRate => "skewed-hit-rate",
            Self::Simpson => "simpson",
            Self::LateOutcomes => "late-outcomes",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == text)
            .ok_or_else(|| format!("expected one of {}, found {text:?}", names()))
    }
}

impl Shape {
    /// 2026-01-01T00:00:00Z.
    const START: EventTime = EventTime(1_767_225_600_000);

    /// A stream with the scenario's defaults: from 2026 on, 600 cases an hour, profile `cub`, ratio 1.5.
    #[must_use]
    pub fn new(scenario: Scenario, events: u64, seed: u64) -> Self {
        Self {
            scenario,
            events,
            seed,
            start: Self::START,
            cases_per_hour: 600,
            profile: "cub".to_owned(),
            ratio: 1.5,
            prefix: "case".to_owned(),
        }
    }
}
