//! The names behind the indices of a snapshot, and their indices in the present plan.

use std::collections::BTreeMap;

use super::disparity::{Disparity, Evidence, Indicator, Measure, Reference};
use super::id::{ProfileId, Slot, StratumId};
use super::model::Plan;
use super::rule::{Rule, RuleKind};

/// The names behind a snapshot's indices. How they are stored is the stored format's concern.
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    /// Profiles, in the order of their ids.
    pub profiles: Vec<String>,
    /// Dimensions with their groups, in the order of their ids.
    pub dimensions: Vec<(String, Vec<String>)>,
    /// Strata, in the order of their ids.
    pub strata: Vec<String>,
    /// Rules, in the order of the plan.
    pub rules: Vec<RuleNames>,
}

/// A rule, as far as a snapshot depends on it.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleNames {
    /// The rule's name.
    pub name: String,
    /// What its evidence depends on.
    pub definition: Definition,
    /// The lengths of its windows as configured, in the rule's order.
    pub windows: Vec<String>,
}

/// What the evidence of a rule depends on: where it differs, evidence starts afresh.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// Of a rule of kind `disparity` that compares rates of the funnel.
    Disparity(Comparison),
    /// Of another rule.
    Other {
        /// The word for the kind.
        kind: String,
        /// What the kind adds, as text: equal where the evidence means the same.
        terms: String,
    },
}

/// What the evidence of a rule of kind `disparity` depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is compared.
    pub indicator: Indicator,
    /// How it is compared.
    pub measure: Measure,
    /// What a group is compared with. It is also a part of an alert's identity.
    pub reference: Reference,
    /// The critical threshold, in the unit of the measure.
    pub critical: f64,
    /// Name of the stratum that is adjusted for.
    pub stratify_by: Option<String>,
    /// Whether the rule asks for sequential evidence.
    pub sequential: bool,
}

/// Maps the indices of a snapshot to those of the present plan; `None` for what the plan no longer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    profiles: Vec<Option<u16>>,
    /// Present profiles that were not there before.
    new_profiles: Vec<u16>,
    strata: Vec<Option<u16>>,
    strata_before: Vec<Option<usize>>,
    rules: Vec<Option<usize>>,
    same_rules: Vec<Option<usize>>,
    alert_rules: Vec<Option<usize>>,
    windows: Vec<Vec<Option<usize>>>,
}

impl Names {
    /// Collects the names of a plan.
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

    /// Maps these names to those of `now`. Profiles, strata and rules may come and go.
    ///
    /// # Errors
    /// Where the dimensions differ: counts by the dimensions of before cannot be turned into counts by those of `now`.
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
        let rule_if = |wanted: &RuleNames, alike: fn(&Definition, &Definition) -> bool| {
            let found = |index: &usize| now.rules.get(*index);
            rule(wanted).filter(|index| found(index).is_some_and(|rule| alike(&rule.definition, &wanted.definition)))
        };
        let windows = |before: &RuleNames| {
            let rule = rule(before).and_then(|index| now.rules.get(index));
            before.windows.iter().map(|label| index(&rule?.windows, label)).collect()
        };
        let is_new = |name: &String| !self.profiles.contains(name);
        Ok(Mapping {
            new_profiles: (0..).zip(&now.profiles).filter(|(_, name)| is_new(name)).map(|(index, _)| index).collect(),
            profiles: self.profiles.iter().map(|name| index(&now.profiles, name).and_then(narrow)).collect(),
            strata: self.strata.iter().map(|name| index(&now.strata, name).and_then(narrow)).collect(),
            strata_before: now.strata.iter().map(|name| index(&self.strata, name)).collect(),
            rules: self.rules.iter().map(rule).collect(),
            same_rules: self.rules.iter().map(|before| rule_if(before, |one, other| one == other)).collect(),
            alert_rules: self.rules.iter().map(|before| rule_if(before, Definition::has_the_alerts_of)).collect(),
            windows: self.rules.iter().map(windows).collect(),
        })
    }
}

impl Mapping {
    /// Returns the present index of a profile in records.
    #[must_use]
    pub fn profile_index(&self, before: u16) -> Option<u16> {
        self.profiles.get(usize::from(before)).copied().flatten()
    }

    /// Returns whether any profile has another index now.
    #[must_use]
    pub fn renames_profiles(&self) -> bool {
        self.profiles.iter().zip(0..).any(|(now, before)| *now != Some(before))
    }

    /// Returns the present id of a profile.
    #[must_use]
    pub fn profile(&self, before: ProfileId) -> Option<ProfileId> {
        self.profile_index(before.0).map(ProfileId)
    }

    /// Returns the profiles that were not there before.
    pub fn new_profiles(&self) -> impl Iterator<Item = ProfileId> + '_ {
        self.new_profiles.iter().copied().map(ProfileId)
    }

    /// Returns the present id of a stratum.
    #[must_use]
    pub fn stratum(&self, before: StratumId) -> Option<StratumId> {
        self.strata.get(usize::from(before.0)).copied().flatten().map(StratumId)
    }

    /// Returns the present name of a value of a stratum, or of no stratum at all; `None` where the stratum is gone.
    #[must_use]
    pub fn stratum_value(&self, before: Option<(StratumId, Slot)>) -> Option<Option<(StratumId, Slot)>> {
        match before {
            None => Some(None),
            Some((id, value)) => Some(Some((self.stratum(id)?, value))),
        }
    }

    /// Returns the index that a present stratum had; `None` where it is new.
    #[must_use]
    pub fn stratum_before(&self, now: usize) -> Option<usize> {
        self.strata_before.get(now).copied().flatten()
    }

    /// Returns the present index of the rule of the same name.
    #[must_use]
    pub fn rule(&self, before: usize) -> Option<usize> {
        self.rules.get(before).copied().flatten()
    }

    /// Returns the present index of the rule of the same name, where its definition is the same.
    #[must_use]
    pub fn same_rule(&self, before: usize) -> Option<usize> {
        self.same_rules.get(before).copied().flatten()
    }

    /// Returns the present index of the rule of the same name, where it has the same reference: that is a part of an alert's identity.
    #[must_use]
    pub fn alert_rule(&self, before: usize) -> Option<usize> {
        self.alert_rules.get(before).copied().flatten()
    }

    /// Returns the present index of a rule's window of the same length.
    #[must_use]
    pub fn window(&self, rule_before: usize, before: usize) -> Option<usize> {
        self.windows.get(rule_before)?.get(before).copied().flatten()
    }

    /// Renames the keys of a map, and leaves out entries whose key is gone.
    pub fn rename<K: Ord, N: Ord, V>(map: BTreeMap<K, V>, name: impl Fn(K) -> Option<N>) -> BTreeMap<N, V> {
        map.into_iter().filter_map(|(key, value)| Some((name(key)?, value))).collect()
    }
}

impl Definition {
    fn of(kind: &RuleKind) -> Self {
        match kind {
            RuleKind::Disparity(terms) if terms.indicator.feature().is_none() => Self::Disparity(Comparison::of(terms)),
            // The reference is a part of an alert's identity.
            RuleKind::Disparity(of) => {
                let kind = format!("{} against {}", kind.name(), of.reference.name());
                Self::Other { kind, terms: of.evidence_terms() }
            }
            other => Self::Other { kind: other.name().to_owned(), terms: other.evidence_terms() },
        }
    }

    /// The reference is a part of an alert's identity.
    fn has_the_alerts_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Disparity(one), Self::Disparity(other)) => one.reference == other.reference,
            (Self::Other { kind, terms }, Self::Other { kind: other, terms: others }) => {
                kind == other && RuleKind::reference_in(kind, terms) == RuleKind::reference_in(other, others)
            }
            _ => false,
        }
    }
}

impl Comparison {
    fn of(terms: &Disparity) -> Self {
        Self {
            indicator: terms.indicator,
            measure: terms.measure,
            reference: terms.reference.clone(),
            critical: terms.critical,
            stratify_by: terms.stratify_by.clone(),
            sequential: terms.evidence == Evidence::Sequential,
        }
    }
}

impl RuleNames {
    fn of(rule: &Rule) -> Self {
        Self {
            name: rule.name.clone(),
            definition: Definition::of(&rule.kind),
            windows: rule.windows.iter().map(|window| window.label.clone()).collect(),
        }
    }
}

fn shown(dimensions: &[(String, Vec<String>)]) -> String {
    let one = |(name, groups): &(String, Vec<String>)| format!("{name} ({})", groups.join(", "));
    dimensions.iter().map(one).collect::<Vec<_>>().join(", ")
}
