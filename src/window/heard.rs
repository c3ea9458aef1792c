//! When something was last heard of, by the hour of its event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cell::{Cell, Range};
use super::counts::Counts;
use super::key::CellKey;
use super::reported::Reported;
use crate::ledger::FinalChange;
use crate::plan::{Channel, DimensionId, EventTime, Mapping, ProfileId, Slot, Span, Topic};

/// When something was last heard of each profile and channel. Late events count for nothing here: they are no news.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastHeard {
    /// Hours since 1970.
    hours: BTreeMap<(ProfileId, Channel, Topic), i32>,
    /// The first hour of which anything was heard.
    first: Option<i32>,
    /// Of profiles that joined later: the newest hour at that time. Formats before 8 have none.
    #[serde(skip)]
    joined: BTreeMap<ProfileId, i32>,
    /// Of groups of which nothing is left in the windows: when a case of theirs was last assessed in the profile's own channel. Formats before 8
    /// have none.
    #[serde(skip)]
    groups: BTreeMap<(ProfileId, DimensionId, Slot), EventTime>,
    /// The reports that were made. Formats before 8 have none.
    #[serde(skip)]
    reported: Reported,
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

    /// Notes when a group was last heard of, where its cell is about to give up its last counts: those of days before `day_floor`.
    pub(super) fn note_given_up(&mut self, key: &CellKey, cell: &Cell, day_floor: i32) {
        // Before that day nothing has gone yet, and later nothing is left.
        if !self.is_on || !key.is_of_own_group() || !cell.ages(i32::MIN, day_floor) {
            return;
        }
        let all = Range { after: EventTime::MIN, last: EventTime(i64::MAX) };
        let heard = cell.buckets(all).filter(|(_, counts)| counts.assessed > 0).map(|(bucket, _)| bucket.start);
        let floor = EventTime(Span::DAY.times(day_floor.into()).0);
        if let Some(at) = heard.max().filter(|last| *last < floor) {
            let last = self.groups.entry((key.profile, key.dimension, key.group)).or_insert(at);
            *last = (*last).max(at);
        }
    }

    /// Returns when a group was last heard of, of which the windows hold nothing any more.
    #[must_use]
    pub fn last_of_group(&self, profile: ProfileId, dimension: DimensionId, group: Slot) -> Option<EventTime> {
        self.groups.get(&(profile, dimension, group)).copied()
    }

    /// Returns what the windows gave up, which the encoding leaves out.
    #[must_use]
    pub const fn groups(&self) -> &BTreeMap<(ProfileId, DimensionId, Slot), EventTime> {
        &self.groups
    }

    /// Sets what [`Self::groups`] returned.
    pub fn set_groups(&mut self, groups: BTreeMap<(ProfileId, DimensionId, Slot), EventTime>) {
        self.groups = groups;
    }

    /// Returns the reports that were made, which the encoding leaves out.
    #[must_use]
    pub const fn reported(&self) -> &Reported {
        &self.reported
    }

    /// The same, to be told of more.
    pub const fn reported_mut(&mut self) -> &mut Reported {
        &mut self.reported
    }

    /// Returns the hour from which on a profile is listened for: the first of which anything was heard, or that in which the
    /// profile joined. `None` before.
    #[must_use]
    pub fn since(&self, profile: ProfileId) -> Option<EventTime> {
        let hour = self.joined.get(&profile).copied().or(self.first)?;
        Some(EventTime(Span::HOUR.times(hour.into()).0))
    }

    /// Returns since when profiles are listened for that joined later, which the encoding leaves out.
    #[must_use]
    pub const fn joined(&self) -> &BTreeMap<ProfileId, i32> {
        &self.joined
    }

    /// Sets what [`Self::joined`] returned.
    pub fn set_joined(&mut self, joined: BTreeMap<ProfileId, i32>) {
        self.joined = joined;
    }

    /// Returns the same under the present profiles.
    #[must_use]
    pub fn renamed(self, mapping: &Mapping, is_on: bool) -> Self {
        // A plan that did not ask before knows nothing of the past.
        if !is_on {
            return Self { reported: self.reported, ..Self::default() };
        }
        let newest = self.hours.values().copied().max();
        let mut joined: BTreeMap<ProfileId, i32> =
            Mapping::rename(self.joined, |profile: ProfileId| mapping.profile(profile));
        joined.extend(newest.into_iter().flat_map(|hour| mapping.new_profiles().map(move |profile| (profile, hour))));
        let hours =
            Mapping::rename(self.hours, |(profile, channel, topic)| Some((mapping.profile(profile)?, channel, topic)));
        let place = |(profile, dimension, group)| Some((mapping.profile(profile)?, dimension, group));
        let groups = Mapping::rename(self.groups, place);
        Self { hours, first: self.first, joined, groups, reported: self.reported, is_on }
    }
}

fn end_of(hour: i32) -> EventTime {
    EventTime(Span::HOUR.times(i64::from(hour).saturating_add(1)).0)
}
