//! What a stream looks like: its scenario and its size.

use std::fmt;
use std::str::FromStr;

use crate::plan::EventTime;

/// The shape of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What is wrong in it, if anything.
    pub scenario: Scenario,
    /// The number of events.
    pub events: u64,
    /// The seed of the generator.
    pub seed: u64,
    /// The time of the first case. Times after the year 9999 are written as its end.
    pub start: EventTime,
    /// The number of cases assessed per hour of event time; 0 counts as 1.
    pub cases_per_hour: u32,
    /// The name of the profile.
    pub profile: String,
    /// How many times as often the monitored group is picked, above 0. Only `skewed-selection` reads it.
    pub ratio: f64,
    /// The beginning of every case id and event id, so that streams can share a topic.
    pub prefix: String,
}

/// What is wrong, if anything, in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Everybody is treated alike.
    Fair,
    /// The monitored group is picked more often, although it has no more violations.
    SkewedSelection,
    /// The monitored group is picked as often as the others, but fewer of its controls find a violation.
    SkewedHitRate,
    /// The monitored group is picked more often in all, but as often as the others within each office.
    Simpson,
    /// Everybody is treated alike, but violations of the monitored group are concluded much later.
    LateOutcomes,
}

impl Shape {
    /// 2026-01-01T00:00:00Z.
    const START: EventTime = EventTime(1_767_225_600_000);

    /// The usual shape of a scenario: from 2026 on, 600 cases an hour, profile `cub`, ratio 1.5.
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

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 5] =
        [Self::Fair, Self::SkewedSelection, Self::SkewedHitRate, Self::Simpson, Self::LateOutcomes];

    /// The scenario's word on the command line.
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
