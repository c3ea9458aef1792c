//! How many rules there may be about the same numbers.

use std::collections::BTreeMap;

use super::given::Given;
use super::problem::Problems;
use super::terms::{Channel, Dimension, DimensionId, DisclosurePlan, Indicator, Profile, ProfileId, Rule};

/// What rules look at together: the verdict of each narrows the counts down.
type Series = (ProfileId, Channel, DimensionId, Indicator);

/// Refuses the limit where more rules than it are about the same series. `most` is `privacy.rules_per_series`.
pub(super) fn limit_series(
    rules: &[Rule],
    (profiles, dimensions): (&[Profile], &[Dimension]),
    (disclosure, most): (&DisclosurePlan, &Given<usize>),
    problems: &mut Problems,
) {
    if disclosure.is_open() {
        return;
    }
    let mut series: BTreeMap<Series, Vec<&str>> = BTreeMap::new();
    for rule in rules.iter().filter_map(Rule::disparity) {
        for profile in &rule.profiles {
            for channel in &rule.channels {
                for dimension in &rule.dimensions {
                    let key = (*profile, *channel, *dimension, rule.terms.indicator);
                    series.entry(key).or_default().push(&rule.rule().name);
                }
            }
        }
    }
    let Some(((profile, channel, dimension, indicator), names)) =
        series.into_iter().max_by_key(|(_, names)| names.len())
    else {
        return;
    };
    if names.len() > **most {
        let profile = profiles.get(usize::from(profile.0)).map_or("", |profile| &profile.name);
        let dimension = dimensions.get(usize::from(dimension.0)).map_or("", |dimension| &dimension.name);
        let expected = format!(
            "at least {}, or fewer rules about {} of profile {profile:?}, channel {}, dimension {dimension:?}: {}",
            names.len(),
            indicator.name(),
            channel.name(),
            names.join(", "),
        );
        most.refuse(problems, expected, most.to_string());
    }
}
