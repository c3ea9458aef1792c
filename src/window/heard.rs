//! When something was last heard of, by the hour of its event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use crate::ledger::FinalChange;
use crate::plan::{Channel, EventTime, Mapping, ProfileId, Span, Topic};

/// When something was last heard of each profile and channel. Late events count for nothing here: they are no news.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastHeard {
    /// Hours since 1970.
    hours: BTreeMap<(ProfileId, Channel, Topic), i32>,
    /// The first hour of which anything was heard.
    first: Option<i32>,
    /// Whether any rule asks.
    #[serde(skip)]
    is_on: bool,
}

impl LastHeard {
    /// Notes from now on what is heard of.
    pub const fn keep(&mut self) {
        self.is_on = true;
    }

    /// Returns whether any rule asks.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.is_on
    }

    /// Notes what an event of an hour changed.
    pub fn note_step(&mut self, step: &FinalChange) {
        if !self.is_on {
            return;
        }
        let counts = |more: bool| {
            let places = step.change.moves().filter(move |(_, is_new)| *is_new == more);
            places.map(|(place, _)| (place.profile, place.channel, Counts::of_case(place.counts)))
        };
        let after: Vec<(ProfileId, Channel, Counts)> = counts(true).collect();
        for (profile, channel, mut counts_after) in after {
            // What was there before is no news.
            for (of, by, before) in counts(false) {
                if (of, by) == (profile, channel) {
                    counts_after.remove(&before);
                }
            }
            self.note(profile, channel, &counts_after, step.hour);
        }
    }

    /// Notes counts of events of an hour.
    pub fn note(&mut self, profile: ProfileId, channel: Channel, counts: &Counts, hour: i32) {
        if !self.is_on {
            return;
        }
        let heard = [
            (Topic::Selections, counts.assessed),
            (Topic::Controls, counts.controlled),
            (Topic::Outcomes, counts.concluded),
        ];
        for (topic, _) in heard.into_iter().filter(|(_, count)| *count > 0) {
            let last = self.hours.entry((profile, channel, topic)).or_insert(hour);
            *last = (*last).max(hour);
            self.first = Some(self.first.map_or(hour, |first| first.min(hour)));
        }
    }

    /// Returns the end of the hour in which a topic was last heard of; `None` where it never was.
    #[must_use]
    pub fn last(&self, profile: ProfileId, channel: Channel, topic: Topic) -> Option<EventTime> {
        self.hours.get(&(profile, channel, topic)).map(|hour| end_of(*hour))
    }

    /// Returns the beginning of the first hour of which anything was heard; `None` before.
    #[must_use]
    pub fn first(&self) -> Option<EventTime> {
        self.first.map(|hour| EventTime(Span::HOUR.times(hour.into()).0))
    }

    /// Returns the same under the present profiles.
    #[must_use]
    pub fn renamed(self, mapping: &Mapping, is_on: bool) -> Self {
        let hours =
            Mapping::rename(self.hours, |(profile, channel, topic)| Some((mapping.profile(profile)?, channel, topic)));
        // A plan that did not ask before knows nothing of the past.
        if is_on { Self { hours, first: self.first, is_on } } else { Self::default() }
    }
}

fn end_of(hour: i32) -> EventTime {
    EventTime(Span::HOUR.times(i64::from(hour).saturating_add(1)).0)
}
