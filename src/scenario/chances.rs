//! Who the cases of a stream are, and how they are treated. The stream draws by these chances; the truth is computed from them.

use super::shape::{Scenario, Shape};

/// A group of the dimension `origin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `dutch`.
    Dutch,
    /// `european`.
    European,
    /// `non_european`.
    NonEuropean,
}

/// Where a case is assessed. Half of the cases belong to each office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Office {
    North,
    South,
}

impl Origin {
    /// Every group, in the order in which a case's group is drawn.
    pub const ALL: [Self; 3] = [Self::Dutch, Self::European, Self::NonEuropean];

    /// The group that a scenario treats differently.
    pub const MONITORED: Self = Self::NonEuropean;

    /// The value of the group in events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dutch => "dutch",
            Self::European => "european",
            Self::NonEuropean => "non_european",
        }
    }

    /// The group's share of the cases, where the scenario says nothing else.
    const fn usual_share(self) -> f64 {
        match self {
            Self::Dutch => 0.72,
            Self::European => 0.08,
            Self::NonEuropean => 0.20,
        }
    }
}

impl Office {
    pub const ALL: [Self; 2] = [Self::North, Self::South];

    pub const fn name(self) -> &'static str {
        match self {
            Self::North => "north",
            Self::South => "south",
        }
    }

    /// The share of the office's cases that the profile picks, in `simpson`.
    const fn simpson_selection_rate(self) -> f64 {
        match self {
            Self::North => 0.02,
            Self::South => 0.10,
        }
    }

    /// The monitored group's share of the office's cases, in `simpson`.
    const fn simpson_monitored_share(self) -> f64 {
        match self {
            Self::North => 0.05,
            Self::South => 0.20,
        }
    }
}

/// Returns the group's share of the office's cases.
pub(super) fn share(shape: &Shape, origin: Origin, office: Office) -> f64 {
    let usual = origin.usual_share();
    if shape.scenario != Scenario::Simpson {
        return usual;
    }
    let monitored = office.simpson_monitored_share();
    if origin == Origin::MONITORED {
        monitored
    } else {
        usual / (1.0 - Origin::MONITORED.usual_share()) * (1.0 - monitored)
    }
}

/// Returns the share of the cases that are picked at random, whatever the profile says: the benchmark. In the pilot nothing else is
/// picked.
pub(super) const fn random_share(scenario: Scenario, is_pilot: bool) -> f64 {
    match scenario {
        Scenario::NoRandomArm => 0.0,
        _ if is_pilot => 0.25,
        _ if scenario.carries_duties() => 0.08,
        _ => 0.02,
    }
}

/// Returns the chance that the profile picks a case; `is_new` after the profile has changed.
pub(super) fn selection_rate(shape: &Shape, origin: Origin, office: Office, is_new: bool) -> f64 {
    const USUAL: f64 = 0.05;
    // Much is controlled, so that few events suffice.
    const WITH_DUTIES: f64 = 0.20;
    match shape.scenario {
        Scenario::Simpson => office.simpson_selection_rate(),
        Scenario::SkewedSelection if origin == Origin::MONITORED => (USUAL * shape.ratio).min(1.0),
        Scenario::HiddenProxy => {
            let share = proxy_share(origin);
            share * selection_rate_by_proxy(true) + (1.0 - share) * selection_rate_by_proxy(false)
        }
        Scenario::NewVersion | Scenario::FeedbackLoop if is_new && origin == Origin::MONITORED => {
            (WITH_DUTIES * shape.ratio).min(1.0)
        }
        scenario if scenario.carries_duties() => WITH_DUTIES,
        _ => USUAL,
    }
}

/// Returns the share of the group's cases that the hidden proxy applies to.
pub(super) const fn proxy_share(origin: Origin) -> f64 {
    match origin {
        Origin::NonEuropean => 0.60,
        Origin::Dutch | Origin::European => 0.15,
    }
}

/// Returns the chance that the profile picks a case that the hidden proxy applies to, or one that it does not, of whatever group.
pub(super) const fn selection_rate_by_proxy(applies: bool) -> f64 {
    if applies { 0.40 } else { 0.16 }
}

/// Returns the share of the picked cases that are controlled. With duties, humans decide against some.
pub(super) const fn controlled_share(scenario: Scenario, at_random: bool) -> f64 {
    match scenario {
        Scenario::RubberStamp if !at_random => 1.0,
        _ if scenario.carries_duties() && !at_random => 0.85,
        _ => 0.97,
    }
}

/// Returns the chance that a concluded control finds a violation. Only with duties does chance find fewer than the profile.
pub(super) fn hit_rate(shape: &Shape, origin: Origin, at_random: bool) -> f64 {
    const USUAL: f64 = 0.30;
    const LOW: f64 = 0.20;
    const HIGH: f64 = 0.60;
    match shape.scenario {
        Scenario::SkewedHitRate if origin == Origin::MONITORED => LOW,
        // As many violations, but spread over more controls: the mark of a skew that finds nothing more.
        Scenario::SkewedSelection if origin == Origin::MONITORED => USUAL / shape.ratio.max(1.0),
        Scenario::UselessProfile => USUAL,
        scenario if scenario.carries_duties() && !at_random => HIGH,
        _ => USUAL,
    }
}

/// Returns the share of the controls that get an outcome of violation or no violation.
pub(super) fn concluded_share(scenario: Scenario, origin: Origin) -> f64 {
    match scenario {
        Scenario::MissingOutcomes if origin == Origin::MONITORED => 0.75,
        _ => 0.98,
    }
}

/// Returns the share of the controls that somebody complains about.
pub(super) fn complaint_share(scenario: Scenario, origin: Origin) -> f64 {
    match scenario {
        Scenario::Objections if origin == Origin::MONITORED => 0.30,
        _ => 0.08,
    }
}

/// Returns the share of the complaints that are upheld.
pub(super) fn upheld_share(scenario: Scenario, origin: Origin) -> f64 {
    match scenario {
        Scenario::Objections if origin == Origin::MONITORED => 0.60,
        _ => 0.20,
    }
}

/// Returns the share of the controls without a violation in which one is reported first, and overturned soon after.
pub(super) fn overturned_share(scenario: Scenario, origin: Origin) -> f64 {
    match scenario {
        Scenario::Objections if origin == Origin::MONITORED => 0.40,
        _ => 0.05,
    }
}
