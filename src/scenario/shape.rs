//! What a stream looks like: its scenario and its size.

use std::fmt;
use std::str::FromStr;

use crate::plan::{EventTime, Span};

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
    /// How long cases are picked at random before the profile picks any. Without it the random channel would be too small when the
    /// first comparison is due.
    pub pilot: Span,
    /// The name of the profile.
    pub profile: String,
    /// How many times as often the monitored group is picked, above 0. Only `skewed-selection` reads it, and `new-version` and
    /// `feedback-loop` for what comes after the change.
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
    /// Nothing is wrong, and the events say what rules of other kinds than disparity read: versions, deciders, criteria, complaints
    /// and corrections of outcomes.
    /// The scenarios below say it too, and differ from this one in a single thing.
    DutiesFair,
    /// Some cases are assessed by a banned criterion.
    BannedCriterion,
    /// The profile picks by a criterion on no list that goes together with the monitored group.
    HiddenProxy,
    /// Some cases are decided on without a human.
    AutomatedDecisions,
    /// Every selection is followed, within the hour: the human step changes nothing.
    RubberStamp,
    /// No case is picked at random.
    NoRandomArm,
    /// The profile finds violations no more often than chance does.
    UselessProfile,
    /// Outcomes are missing much more often for the monitored group.
    MissingOutcomes,
    /// After half of the events a new version of the profile picks the monitored group more often.
    NewVersion,
    /// The monitored group has no event in the last third.
    VanishedGroup,
    /// The monitored group complains more often, and more of its complaints are upheld: violations were found that were none.
    Objections,
    /// After a third of the events the profile picks the monitored group more often, and its violations do not rise.
    FeedbackLoop,
    /// The monitored group is controlled as often as the others, but longer, more intensively, and more often by home visit.
    StricterChecks,
}

impl Shape {
    /// 2026-01-01T00:00:00Z.
    const START: EventTime = EventTime(1_767_225_600_000);

    /// The usual shape of a scenario: from 2026 on, profile `cub`, 600 cases an hour and ratio 1.5. Scenarios that
    /// [carry duties](Scenario::carries_duties) have 100 cases an hour after a pilot of a day, `new-version` has ratio 1.6, and
    /// `feedback-loop` 2.5.
    #[must_use]
    pub fn new(scenario: Scenario, events: u64, seed: u64) -> Self {
        Self {
            scenario,
            events,
            seed,
            start: Self::START,
            // Duties take days to be neglected: fewer cases fill them.
            cases_per_hour: if scenario.carries_duties() { 100 } else { 600 },
            pilot: if scenario.carries_duties() { Span::DAY } else { Span(0) },
            profile: "cub".to_owned(),
            ratio: match scenario {
                Scenario::NewVersion => 1.6,
                Scenario::FeedbackLoop => 2.5,
                _ => 1.5,
            },
            prefix: "case".to_owned(),
        }
    }
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 18] = [
        Self::Fair,
        Self::SkewedSelection,
        Self::SkewedHitRate,
        Self::Simpson,
        Self::LateOutcomes,
        Self::DutiesFair,
        Self::BannedCriterion,
        Self::HiddenProxy,
        Self::AutomatedDecisions,
        Self::RubberStamp,
        Self::NoRandomArm,
        Self::UselessProfile,
        Self::MissingOutcomes,
        Self::NewVersion,
        Self::VanishedGroup,
        Self::Objections,
        Self::FeedbackLoop,
        Self::StricterChecks,
    ];

    /// Whether its events say what rules of other kinds than disparity read.
    #[must_use]
    pub const fn carries_duties(self) -> bool {
        !matches!(self, Self::Fair | Self::SkewedSelection | Self::SkewedHitRate | Self::Simpson | Self::LateOutcomes)
    }

    /// How many of so many events come after the profile has changed.
    pub(super) const fn after_change(self, events: u64) -> u64 {
        match self {
            // A reference period comes before it.
            Self::FeedbackLoop => events - events / 3,
            _ => events / 2,
        }
    }

    /// The scenario's word on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fair => "fair",
            Self::SkewedSelection => "skewed-selection",
            Self::SkewedHitRate => "skewed-hit-rate",
            Self::Simpson => "simpson",
            Self::LateOutcomes => "late-outcomes",
            Self::DutiesFair => "duties-fair",
            Self::BannedCriterion => "banned-criterion",
            Self::HiddenProxy => "hidden-proxy",
            Self::AutomatedDecisions => "automated-decisions",
            Self::RubberStamp => "rubber-stamp",
            Self::NoRandomArm => "no-random-arm",
            Self::UselessProfile => "useless-profile",
            Self::MissingOutcomes => "missing-outcomes",
            Self::NewVersion => "new-version",
            Self::VanishedGroup => "vanished-group",
            Self::Objections => "objections",
            Self::FeedbackLoop => "feedback-loop",
            Self::StricterChecks => "stricter-checks",
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
