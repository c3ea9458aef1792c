//! What was done about alerts and profiles, as events report it.
//!
//! What is kept is a function of the set of measures, as long as no limit is reached: they stand in the order of their time,
//! whenever they arrived.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use super::alert_id::AlertId;
use crate::plan::{EventTime, MeasureKind, Plan};

/// The most measures that are kept, of all subjects together. Ended ones go first, and older ones before newer ones; each
/// is counted.
pub const MAX_MEASURES: usize = 10_000;
/// The most measures that are kept of one subject. The oldest go first, but never the last acceptance; each is counted.
pub const MAX_MEASURES_OF_SUBJECT: usize = 20;

/// Every measure that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasureBook {
    /// By subject, each in the order of their keys.
    subjects: BTreeMap<MeasureSubject, Vec<Arc<MeasureTaken>>>,
    dropped: u64,
}

/// What a measure answers. Names are those of events and of the configuration, so that it outlives a change of either.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MeasureSubject {
    /// One alert.
    Alert(AlertId),
    /// A profile as a whole.
    Profile(String),
    /// Every alert of a rule and a profile; where a dimension or a group is named, those about it alone.
    Findings {
        /// The profile.
        profile: String,
        /// The rule.
        rule: String,
        /// The dimension.
        dimension: Option<String>,
        /// The group, of the dimension.
        group: Option<String>,
    },
}

/// The identity of a measure, and its place in time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MeasureKey {
    /// The time of its event.
    pub at: EventTime,
    /// The `id` of its event.
    pub id: String,
    /// The `source` of its event.
    pub source: String,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureTaken {
    /// Which one, and when.
    pub key: MeasureKey,
    /// What was done.
    pub kind: MeasureKind,
    /// Why: free text.
    pub reason: String,
    /// Who decided: a role.
    pub by: String,
    /// When it ends.
    pub until: Option<EventTime>,
    /// Of an acceptance: the ratio up to which the finding is accepted.
    pub accepted_ratio: Option<f64>,
}

impl MeasureBook {
    /// Adds a measure, unless it is known. `now` says which ones have ended.
    pub fn add(&mut self, subject: MeasureSubject, measure: MeasureTaken, now: EventTime) {
        let measures = self.subjects.entry(subject).or_default();
        let Err(place) = measures.binary_search_by(|known| known.key.cmp(&measure.key)) else { return };
        measures.insert(place, Arc::new(measure));
        if measures.len() > MAX_MEASURES_OF_SUBJECT {
            let last = measures.iter().rposition(|measure| measure.kind == MeasureKind::Accepted);
            measures.remove(usize::from(last == Some(0)));
            self.dropped = self.dropped.saturating_add(1);
        }
        while self.len() > MAX_MEASURES {
            self.drop_oldest(now);
        }
    }

    /// Returns the book without the measures of profiles that the plan does not have. These are counted.
    #[must_use]
    pub fn of_profiles(mut self, plan: &Plan) -> Self {
        let before = self.len();
        self.subjects.retain(|subject, _| subject.profile().is_none_or(|name| plan.profile_id(name).is_some()));
        self.dropped = self.dropped.saturating_add((before - self.len()) as u64);
        self
    }

    /// Returns the measures of these subjects together, in the order of their time.
    #[must_use]
    pub fn of(&self, subjects: &[MeasureSubject]) -> Vec<&Arc<MeasureTaken>> {
        let mut measures: Vec<&Arc<MeasureTaken>> = subjects.iter().flat_map(|subject| self.of_one(subject)).collect();
        measures.sort_by(|one, other| one.key.cmp(&other.key));
        measures
    }

    /// Returns the measures of a subject, in the order of their time.
    #[must_use]
    pub fn of_one(&self, subject: &MeasureSubject) -> &[Arc<MeasureTaken>] {
        self.subjects.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Returns every measure by subject, those of one subject in the order of their time.
    pub fn iter(&self) -> impl Iterator<Item = (&MeasureSubject, &Arc<MeasureTaken>)> {
        self.subjects.iter().flat_map(|(subject, measures)| measures.iter().map(move |measure| (subject, measure)))
    }

    /// Returns how many measures are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subjects.values().map(Vec::len).sum()
    }

    /// Returns whether no measure is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    /// Returns how many measures were dropped by a limit, or with their profile.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Drops the oldest measure that has ended; where none has, the oldest of all.
    fn drop_oldest(&mut self, now: EventTime) {
        let places = self.subjects.iter().flat_map(|(subject, measures)| {
            let ended = move |place| has_ended(measures, place, now);
            measures.iter().enumerate().map(move |(place, measure)| (!ended(place), &measure.key, subject, place))
        });
        let oldest = places.min().map(|(_, _, subject, place)| (subject.clone(), place));
        if let Some((subject, place)) = oldest
            && let Some(measures) = self.subjects.get_mut(&subject)
        {
            measures.remove(place);
            self.subjects.retain(|_, measures| !measures.is_empty());
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}

/// Returns whether a measure says nothing any more: its time is over, or a later one of its subject stands in its place.
/// An acceptance is replaced by an acceptance, and any other measure by any other one.
fn has_ended(measures: &[Arc<MeasureTaken>], place: usize, now: EventTime) -> bool {
    let is_acceptance = |measure: &MeasureTaken| measure.kind == MeasureKind::Accepted;
    let Some(measure) = measures.get(place) else { return true };
    let mut later = measures.iter().skip(place + 1);
    measure.until.is_some_and(|until| until <= now) || later.any(|later| is_acceptance(later) == is_acceptance(measure))
}

impl MeasureKey {
    /// Returns the key as one number: SipHash-2-4 with a fixed key. It tells whether a measure is known.
    pub(super) fn number(&self) -> u64 {
        let mut hasher = SipHasher24::new_with_key(b"paritywatch.meas");
        hasher.write_i64(self.at.0);
        for text in [&self.id, &self.source] {
            hasher.write_usize(text.len());
            hasher.write(text.as_bytes());
        }
        hasher.finish()
    }
}

impl MeasureSubject {
    /// Returns the profile that it names; `None` where it names an alert.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Alert(_) => None,
            Self::Profile(profile) | Self::Findings { profile, .. } => Some(profile),
        }
    }

    /// Returns every subject that an alert of this id is among. It is of a rule and a profile, and may be about a dimension and
    /// a group.
    pub(super) fn of_alert(
        id: AlertId,
        (rule, profile): (&str, &str),
        about: Option<(&str, Option<&str>)>,
    ) -> Vec<Self> {
        let findings = |dimension: Option<&str>, group: Option<&str>| Self::Findings {
            profile: profile.to_owned(),
            rule: rule.to_owned(),
            dimension: dimension.map(str::to_owned),
            group: group.map(str::to_owned),
        };
        let of_dimension = about.map(|(dimension, _)| findings(Some(dimension), None));
        let of_group = about.and_then(|(dimension, group)| Some(findings(Some(dimension), Some(group?))));
        [Self::Alert(id), findings(None, None)].into_iter().chain(of_dimension).chain(of_group).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(at: i64, kind: MeasureKind) -> MeasureTaken {
        MeasureTaken {
            key: MeasureKey { at: EventTime(at), id: format!("m{at}"), source: String::new() },
            kind,
            reason: "r".to_owned(),
            by: "owner".to_owned(),
            until: None,
            accepted_ratio: None,
        }
    }

    fn times(book: &MeasureBook) -> Vec<i64> {
        book.iter().map(|(_, measure)| measure.key.at.0).collect()
    }

    #[test]
    fn of_a_subject_the_newest_stay_and_the_last_acceptance() {
        let order = |times: Vec<i64>| {
            let mut book = MeasureBook::default();
            for at in times {
                let kind = if at <= 2 { MeasureKind::Accepted } else { MeasureKind::Adjusted };
                book.add(MeasureSubject::Alert(AlertId(1)), taken(at, kind), EventTime(0));
            }
            book
        };
        let book = order((0..30).collect());
        let kept: Vec<i64> = std::iter::once(2).chain(11..30).collect();
        assert_eq!((times(&book), book.dropped()), (kept, 10));
        assert_eq!(order((0..30).rev().collect()), book);
        assert_eq!(order((0..30).map(|number| number * 7 % 30).collect()), book);
    }

    #[test]
    fn of_all_the_oldest_that_have_ended_go_first() {
        let mut book = MeasureBook::default();
        let most = i64::try_from(MAX_MEASURES).unwrap_or_default();
        for at in 0..most {
            let subject = MeasureSubject::Profile(format!("p{}", at.max(1)));
            book.add(subject, taken(at, MeasureKind::Suspended), EventTime(0));
        }
        // The first two are of one profile, so the second of them stands in the place of the first.
        assert_eq!((book.len(), book.dropped()), (MAX_MEASURES, 0));
        let next = |book: &mut MeasureBook, at| {
            book.add(MeasureSubject::Profile(format!("p{at}")), taken(at, MeasureKind::Suspended), EventTime(0));
            let mut times = times(book);
            times.sort_unstable();
            (times.first().copied(), times.get(1).copied(), book.dropped())
        };
        assert_eq!(next(&mut book, most), (Some(1), Some(2), 1));
        assert_eq!(next(&mut book, most + 1), (Some(2), Some(3), 2));
        // One whose time is over goes before older ones.
        book.add(
            MeasureSubject::Profile("q".to_owned()),
            MeasureTaken { until: Some(EventTime(7)), ..taken(most + 2, MeasureKind::Suspended) },
            EventTime(9),
        );
        assert!(!times(&book).contains(&(most + 2)), "it goes at once");
    }

    #[test]
    fn a_measure_that_is_known_changes_nothing() {
        let mut book = MeasureBook::default();
        book.add(MeasureSubject::Alert(AlertId(1)), taken(1, MeasureKind::Adjusted), EventTime(0));
        let before = book.clone();
        book.add(MeasureSubject::Alert(AlertId(1)), taken(1, MeasureKind::Adjusted), EventTime(0));
        assert_eq!(book, before);
    }
}
