//! What the history keeps of how good the data were, with each release.

use super::published::{Published, PublishedLate};
use super::unlisted::PublishedUnlisted;

/// One thing that is known of the data. What does not apply is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptQuality {
    /// What it tells: `events`, `late_evidence`, `unlisted`, `unlisted_others`, `unlisted_dimensions`, `funnel_left_out` or `accepted_gap`.
    pub what: String,
    /// Of late cases: the profile.
    pub profile: Option<String>,
    /// Of late cases: the channel.
    pub channel: Option<String>,
    /// The dimension.
    pub dimension: Option<String>,
    /// The group; of a value on no list the listed group that it resembles.
    pub group: Option<String>,
    /// What became of events (`read`, `accepted`, `rejected` ...); a value or the name of a dimension as it is written; what was said of a gap.
    pub name: Option<String>,
    /// How many: events and gaps over the life of the state, cases within the history. Absent where there are fewer than may be told.
    pub count: Option<u64>,
}

impl KeptQuality {
    /// Returns what is known of the data of an evaluation. `gaps` are those that were ever accepted, as the operator wrote them.
    pub(super) fn all(published: &Published, gaps: &[String]) -> Vec<Self> {
        let events = published.events().named().into_iter().filter(|told| *told != ("unmapped", 0));
        let mut all: Vec<Self> = events.map(|(name, count)| Self::counted("events", name, count)).collect();
        all.extend(published.late().iter().map(Self::late));
        all.extend(Self::unlisted(published.unlisted()));
        if published.funnel_left_out() > 0 {
            let count = Some(published.funnel_left_out() as u64);
            all.push(Self { count, ..Self::of("funnel_left_out") });
        }
        all.extend(gaps.iter().map(|gap| Self::counted("accepted_gap", gap, 1)));
        all
    }

    fn of(what: &str) -> Self {
        Self { what: what.to_owned(), ..Self::default() }
    }

    fn counted(what: &str, name: &str, count: u64) -> Self {
        Self { name: Some(name.to_owned()), count: Some(count), ..Self::of(what) }
    }

    fn late(late: &PublishedLate) -> Self {
        let PublishedLate { profile, channel, dimension, group, cases } = late;
        Self {
            profile: Some(profile.clone()),
            channel: Some((*channel).to_owned()),
            dimension: Some(dimension.clone()),
            group: Some(group.clone()),
            count: Some(*cases),
            ..Self::of("late_evidence")
        }
    }

    fn unlisted(unlisted: &PublishedUnlisted) -> impl Iterator<Item = Self> {
        let about = |what: &str, dimension: &String| Self { dimension: Some(dimension.clone()), ..Self::of(what) };
        let values = unlisted.values.iter().map(move |found| Self {
            group: found.resembles.clone(),
            name: Some(found.value.clone()),
            count: Some(found.cases),
            ..about("unlisted", &found.dimension)
        });
        let others = unlisted
            .others
            .iter()
            .map(move |found| Self { count: found.cases, ..about("unlisted_others", &found.dimension) });
        let spellings = unlisted.spellings.iter().map(move |found| Self {
            name: Some(found.written.clone()),
            ..about("unlisted_dimensions", &found.dimension)
        });
        values.chain(others).chain(spellings)
    }
}
