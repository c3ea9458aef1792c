//! What a selection says of its own making: the version of the profile, who decided, and the criteria that applied.

use std::fmt::Write;

use super::random::Random;
use super::shape::Scenario;

/// The share of the cases that a banned criterion applies to, in `banned-criterion`.
pub(super) const BANNED_SHARE: f64 = 0.01;

/// The share of the cases that nobody decides on, in `automated-decisions`.
pub(super) const AUTOMATED_SHARE: f64 = 0.02;

/// What is drawn of a case, whether or not it is picked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Making {
    is_new: bool,
    is_automated: bool,
    income: Income,
    is_banned: bool,
    has_proxy: bool,
}

/// The criterion `income`: it says as much about a case of one group as about one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Income {
    /// The criterion did not apply.
    Absent,
    /// It applied, and the event does not say how.
    Present,
    /// It applied with this value.
    Value(&'static str),
}

impl Making {
    /// Draws it; `is_new` where the profile has its second version, `has_proxy` where the hidden proxy applies.
    pub fn draw(scenario: Scenario, (is_new, has_proxy): (bool, bool), random: &mut Random) -> Self {
        let income = match random.uniform() {
            place if place < 0.4 => Income::Absent,
            place if place < 0.5 => Income::Present,
            place if place < 0.8 => Income::Value("low"),
            _ => Income::Value("high"),
        };
        Self {
            is_new: is_new && scenario == Scenario::NewVersion,
            is_automated: scenario == Scenario::AutomatedDecisions && random.chance(AUTOMATED_SHARE),
            income,
            is_banned: scenario == Scenario::BannedCriterion && random.chance(BANNED_SHARE),
            has_proxy,
        }
    }

    /// Writes its members, each after a comma.
    pub fn write(self, out: &mut String) {
        let version = if self.is_new { "2" } else { "1" };
        let decided_by = if self.is_automated { "automated" } else { "human" };
        let income = match self.income {
            Income::Absent => "",
            Income::Present => r#""income""#,
            Income::Value("low") => r#"{"name":"income","value":"low"}"#,
            Income::Value(_) => r#"{"name":"income","value":"high"}"#,
        };
        let banned = if self.is_banned { r#"{"name":"country_of_birth","value":"elsewhere"}"# } else { "" };
        let proxy = if self.has_proxy { r#""short_contract""# } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(out, r#","profile_version":"{version}","decided_by":"{decided_by}","criteria":["#);
        let criteria = [income, banned, proxy].into_iter().filter(|criterion| !criterion.is_empty());
        for (index, criterion) in criteria.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(out, "{comma}{criterion}");
        }
        out.push(']');
    }
}
