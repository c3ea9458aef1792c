//! How what a snapshot speaks of is named in the present plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{ProfileId, Slot, StratumId};
use super::model::Plan;
use super::rule::{Evidence, Reference, Rule};

/// The names behind a snapshot's indices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    profiles: Vec<String>,
    dimensions: Vec<(String, Vec<String>)>,
    strata: Vec<String>,
    rules: Vec<RuleNames>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RuleNames {
    name: String,
    /// What its evidence depends on: where it differs, evidence starts afresh.
    definition: String,
    windows: Vec<String>,
}

/// From the indices of a snapshot to those of the present plan; `None` for what is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    profiles: Vec<Option<u16>>,
    strata: Vec<Option<u16>>,
    strata_before: Vec<Option<usize>>,
    rules: Vec<Option<usize>>,
    same_rules: Vec<Option<usize>>,
    alert_rules: Vec<Option<usize>>,
    windows: Vec<Vec<Option<usize>>>,
}

impl Names {
    /// The names of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self {
            profiles: plan.profiles.iter().map(|profile| profile.name.clone()).collect(),
            dimensions: plan
                .dimensions
                .iter()
                .map(|dimension| (dimension.name.clone(), dimension.groups.clone()))
                .collect(),
            strata: plan.strata().into_iter().map(str::to_owned).collect(),
            rules: plan.rules.iter().map(RuleNames::of).collect(),
        }
    }

    /// How these names are those of `now`. Profiles and rules may come and go.
    ///
    /// # Errors
    /// Where the dimensions differ: the counts were made by them and cannot be made again from themselves.
    pub fn mapping_to(&self, now: &Self) -> Result<Mapping, String> {
        if self.dimensions != now.dimensions {
            return Err(format!(
                "expected the dimensions {}, found {}",
                shown(&now.dimensions),
                shown(&self.dimensions)
            ));
        }
        let index = |names: &[String], name: &String| names.iter().position(|known| known == name);
        let narrow = |index: usize| u16::try_from(index).ok();
        let rule = |wanted: &RuleNames| now.rules.iter().position(|rule| rule.name == wanted.name);
        let rule_with = |wanted: &RuleNames, alike: fn(&RuleNames) -> &str| {
            rule(wanted).filter(|index| now.rules.get(*index).is_some_and(|rule| alike(rule) == alike(wanted)))
        };
        let windows = |before: &RuleNames| {
            let rule = rule(before).and_then(|index| now.rules.get(index));
            before.windows.iter().map(|label| index(&rule?.windows, label)).collect()
        };
        Ok(Mapping {
            profiles: self.profiles.iter().map(|name| index(&now.profiles, name).and_then(narrow)).collect(),
            strata: self.strata.iter().map(|name| index(&now.strata, name).and_then(narrow)).collect(),
            strata_before: now.strata.iter().map(|name| index(&self.strata, name)).collect(),
            rules: self.rules.iter().map(rule).collect(),
            same_rules: self.rules.iter().map(|before| rule_with(before, |rule| &rule.definition)).collect(),
            alert_rules: self.rules.iter().map(|before| rule_with(before, RuleNames::reference)).collect(),
            windows: self.rules.iter().map(windows).collect(),
        })
    }
}

impl Mapping {
    /// The present index of a profile in records.
    #[must_use]
    pub fn profile_index(&self, before: u16) -> Option<u16> {
        self.profiles.get(usize::from(before)).copied().flatten()
    }

    /// Whether any profile has another index now.
    #[must_use]
    pub fn renames_profiles(&self) -> bool {
        self.profiles.iter().zip(0..).any(|(now, before)| *now != Some(before))
    }

    /// The present id of a profile.
    #[must_use]
    pub fn profile(&self, before: ProfileId) -> Option<ProfileId> {
        self.profile_index(before.0).map(ProfileId)
    }

    /// The present id of a stratum.
    #[must_use]
    pub fn stratum(&self, before: StratumId) -> Option<StratumId> {
        self.strata.get(usize::from(before.0)).copied().flatten().map(StratumId)
    }

    /// Returns the present name of a value of a stratum, where there is one; `None` where the stratum is gone.
    #[must_use]
    pub fn stratum_value(&self, before: Option<(StratumId, Slot)>) -> Option<Option<(StratumId, Slot)>> {
        match before {
            None => Some(None),
            Some((id, value)) => Some(Some((self.stratum(id)?, value))),
        }
    }

    /// The index that a present stratum had.
    #[must_use]
    pub fn stratum_before(&self, now: usize) -> Option<usize> {
        self.strata_before.get(now).copied().flatten()
    }

    /// The present index of the rule of the same name.
    #[must_use]
    pub fn rule(&self, before: usize) -> Option<usize> {
        self.rules.get(before).copied().flatten()
    }

    /// The present index of the rule of the same name, where its evidence means the same.
    #[must_use]
    pub fn same_rule(&self, before: usize) -> Option<usize> {
        self.same_rules.get(before).copied().flatten()
    }

    /// The present index of the rule of the same name, where it compares with the same reference: that is a part of an alert's identity.
    #[must_use]
    pub fn alert_rule(&self, before: usize) -> Option<usize> {
        self.alert_rules.get(before).copied().flatten()
    }

    /// The present index of a rule's window of the same length.
    #[must_use]
    pub fn window(&self, rule_before: usize, before: usize) -> Option<usize> {
        self.windows.get(rule_before)?.get(before).copied().flatten()
    }

    /// The same map with its keys renamed; entries whose key is gone are left out.
    pub fn rename<K: Ord, N: Ord, V>(map: BTreeMap<K, V>, name: impl Fn(K) -> Option<N>) -> BTreeMap<N, V> {
        map.into_iter().filter_map(|(key, value)| Some((name(key)?, value))).collect()
    }
}

impl RuleNames {
    fn of(rule: &Rule) -> Self {
        let reference = match &rule.reference {
            Reference::Group(name) => format!("group {name}"),
            other => format!("{other:?}"),
        };
        let sequential = rule.evidence == Evidence::Sequential;
        Self {
            name: rule.name.clone(),
            definition: format!(
                "{} {:?} against {reference}, critical {}, by {:?}, sequential {sequential}",
                rule.indicator.name(),
                rule.measure,
                rule.critical,
                rule.stratify_by
            ),
            windows: rule.windows.iter().map(|window| window.label.clone()).collect(),
        }
    }

    /// What it compares with. It stands in the definition, where checkpoints of every format have it.
    fn reference(&self) -> &str {
        let behind = self.definition.split_once(" against ").map_or("", |(_, behind)| behind);
        behind.split_once(", critical ").map_or(behind, |(reference, _)| reference)
    }
}

fn shown(dimensions: &[(String, Vec<String>)]) -> String {
    let one = |(name, groups): &(String, Vec<String>)| format!("{name} ({})", groups.join(", "));
    dimensions.iter().map(one).collect::<Vec<_>>().join(", ")
}
