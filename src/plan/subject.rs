//! What is watched: profiles and dimensions on the allow-list.

use std::collections::BTreeMap;

use super::id::{self, DimensionId, GroupId};
use super::invariant::{Room, present};

/// A risk profile on the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name in events.
    pub name: String,
    /// Its title on pages and in alerts.
    pub title: String,
    /// What it is for, as reports say; may be empty.
    pub purpose: String,
    /// The denominator of its rates.
    pub exposure: Exposure,
    /// Who receives its alerts, unless the rule names somebody else.
    pub owner: String,
    /// The risk classes that count as high: by their share a disparity of selection is split. Empty: it is not.
    pub high_classes: Vec<String>,
}

/// The denominator of a profile's rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// The number of cases assessed.
    Assessed,
    /// The number of persons, from population events.
    Population,
}

impl Exposure {
    /// Every exposure.
    pub const ALL: [Self; 2] = [Self::Assessed, Self::Population];

    /// Returns the word for it in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assessed => "assessed",
            Self::Population => "population",
        }
    }
}

/// A dimension on the allow-list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimension {
    /// Its name in events.
    pub name: String,
    /// The protected ground that it stands for, or `proxy`.
    pub ground: String,
    /// Its groups in the order of the configuration; [`GroupId`] is the index. They are normalised.
    pub groups: Vec<String>,
    /// Other names of groups, normalised, each with its group.
    pub aliases: BTreeMap<String, String>,
    /// Values that stand for no value, normalised and in lower case. A group of the allow-list is none of them.
    pub missing_values: Vec<String>,
    /// Of an intersection: the dimensions whose groups it combines, in the order of the configuration. None of them is one itself. Empty for a
    /// dimension that events name.
    pub crosses: Vec<DimensionId>,
}

impl Dimension {
    /// The word that stands for every value outside the allow-list.
    pub const OTHER: &'static str = "other";

    /// What [`Self::missing_values`] are where the configuration does not say.
    pub const MISSING_VALUES: [&'static str; 25] = [
        "nan",
        "nat",
        "null",
        "(null)",
        "[null]",
        "none",
        "na",
        "<na>",
        "#n/a",
        "n/a",
        "n.a.",
        "nvt",
        "n.v.t.",
        "n.b.",
        "-",
        "--",
        "–",
        ".",
        "?",
        "undefined",
        "missing",
        "unknown",
        "not known",
        "onbekend",
        "niet bekend",
    ];

    /// The largest number of groups that a dimension may have.
    pub const MAX_GROUPS: u16 = id::MAX_GROUPS;

    /// What stands between the names of the groups that a group of an intersection combines. No group of theirs has it in its name.
    pub const CROSS: &'static str = "*";

    /// The largest number of groups that an intersection may have.
    pub const MAX_CROSSED_GROUPS: usize = 64;

    /// Returns whether it is an intersection: its groups follow from those of other dimensions, and no event names it.
    #[must_use]
    pub const fn is_crossed(&self) -> bool {
        !self.crosses.is_empty()
    }

    /// Returns the missing values of the default.
    #[must_use]
    pub fn default_missing_values() -> Vec<String> {
        Self::MISSING_VALUES.map(str::to_owned).to_vec()
    }

    /// Returns the group of this name, or `None` where the allow-list does not have it.
    #[must_use]
    pub fn group_id(&self, name: &str) -> Option<GroupId> {
        let index = self.groups.iter().position(|group| group == name)?;
        present(Room::Plan, "a dimension has at most `MAX_GROUPS` groups", u16::try_from(index).ok()).map(GroupId)
    }
}
