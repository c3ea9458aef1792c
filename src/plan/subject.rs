//! What is watched: profiles and dimensions on the allow-list.

use super::id::GroupId;

/// A risk profile on the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name in events.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What its rates are divided by.
    pub exposure: Exposure,
    /// Who is called.
    pub owner: String,
}

/// What the rates of a profile are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Cases assessed.
    Assessed,
    /// Population counts from events.
    Population,
}

/// A dimension on the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name in events.
    pub name: String,
    /// The protected ground it stands for, or `proxy`.
    pub ground: String,
    /// Its groups in the order of the configuration; [`GroupId`] is the index. Values outside it become `other`.
    pub groups: Vec<String>,
}

impl Dimension {
    /// The word for every value outside the allow-list.
    pub const OTHER: &'static str = "other";

    /// Most groups of a dimension.
    pub const MAX_GROUPS: u16 = 10_000;

    /// Returns the group of this name, where the allow-list has it.
    #[must_use]
    pub fn group_id(&self, name: &str) -> Option<GroupId> {
        let index = self.groups.iter().position(|group| group == name)?;
        u16::try_from(index).ok().map(GroupId)
    }
}
