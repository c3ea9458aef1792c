//! What is valid in a configuration, and probably not meant.

use super::key::shown;
use super::schema::Settings;
use super::terms::{Plan, ProfileId, Rule, RuleKind};

impl Settings {
    /// Returns what should be looked at, each as one line that begins with the key it is about.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        self.plan.rules.iter().filter_map(|rule| unserved(rule, &self.plan)).chain(self.any_topic()).collect()
    }

    /// Measures decide what is marked as accepted: who may write them is decided by the topics from which they are taken.
    fn any_topic(&self) -> Option<String> {
        let kafka = self.kafka.as_ref().filter(|kafka| kafka.measure_topics.is_none())?;
        let topics = kafka.topics.len();
        Some(format!(
            "kafka.measure_topics: not set, so whoever may write to any of the {topics} input topics can record that an alert is accepted; name the topics of \
             measures, or [] where there are none"
        ))
    }
}

/// A rule of kind `benchmark` that says nothing of some of its profiles, as no rule that it serves watches them.
fn unserved(rule: &Rule, plan: &Plan) -> Option<String> {
    let RuleKind::Benchmark(terms) = &rule.kind else { return None };
    let served = || terms.serves.iter().filter_map(|index| plan.rules.get(*index));
    let is_served = |profile: &ProfileId| served().any(|served| served.profiles.contains(profile));
    let name = |profile: &ProfileId| plan.profiles.get(usize::from(profile.0)).map(|profile| shown(&profile.name));
    let without: Vec<String> = rule.profiles.iter().filter(|profile| !is_served(profile)).filter_map(name).collect();
    let rule_name = shown(&rule.name);
    if terms.serves.is_empty() {
        Some(format!(
            "rules, name {rule_name}: this benchmark serves no rule, so it finds nothing: none is of kind \"suitability\", or has reference \"random\" (and evidence \
             other than \"point\")"
        ))
    } else if without.is_empty() {
        None
    } else {
        Some(format!(
            "rules, name {rule_name}: none of the rules that this benchmark serves has the profile {}, of which it finds nothing",
            without.join(", ")
        ))
    }
}
