//! Whether a second delivery says what the first one said.
//!
//! Both are compared as far as they count. So white space, the order of fields and what no figure reads make no
//! difference, and nothing more is kept of an event than counting needs.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::attributes::AttributeTable;
use super::attributes_id::AttributesId;
use super::complaint::ComplaintCode;
use super::fingerprint::PseudonymKey;
use super::record::{NO_PROFILE, Record, RecordKind, UNKNOWN_PROFILE};
use crate::event::{
    Complaint, ComplaintStatus, Data, Event, Groups, MeasureReport, Membership, Population, Strata, Tally,
};
use crate::plan::{Channel, MeasureKind, Slot, StratumId};

/// Returns in what `second` differs from `first`, an earlier event of its identity in the same case; `None` where they
/// are alike, and where that is not known.
pub(super) fn difference(first: &Record, second: &Record, attributes: &AttributeTable) -> Option<&'static str> {
    let (was, is) = (first.flags, second.flags);
    if first.kind != second.kind {
        return Some("type");
    }
    if first.time != second.time {
        return Some("time");
    }
    if was.yes() != is.yes() {
        return Some(if first.kind == RecordKind::Selection { "selected" } else { "performed" });
    }
    if was.outcome() != is.outcome() {
        return Some("outcome");
    }
    if was.channel() != is.channel() {
        return Some("channel");
    }
    if first.kind == RecordKind::Complaint {
        let differs = ComplaintCode::of_record(first).difference(ComplaintCode::of_record(second));
        if differs.is_some() {
            return differs;
        }
    } else if first.control != second.control {
        return Some("control_id");
    }
    if first.kind != RecordKind::Control && first.revises != second.revises {
        return Some("revises");
    }
    if profiles_differ(first.profile, second.profile) {
        return Some("profile");
    }
    let said = || match first.kind {
        RecordKind::Control => attributes_difference(first.said(), second.said(), attributes),
        _ => None,
    };
    attributes_difference(first.attributes, second.attributes, attributes).or_else(said)
}

/// A profile may have come to the allow-list, or have gone from it, since the first delivery.
fn profiles_differ(first: u16, second: u16) -> bool {
    let is_outside = |profile: u16| profile == UNKNOWN_PROFILE;
    let (none, outside) = (first == NO_PROFILE || second == NO_PROFILE, is_outside(first) || is_outside(second));
    first != second && (none || !outside)
}

fn attributes_difference(first: AttributesId, second: AttributesId, table: &AttributeTable) -> Option<&'static str> {
    let is_empty = |id: AttributesId| id == AttributesId::default();
    // Where there was no room for a combination its event has none.
    if first == second || table.overflowed() > 0 && (is_empty(first) || is_empty(second)) {
        return None;
    }
    let is_of_now = !table.may_be_read_otherwise(first);
    let dimensions = table.groups(first).zip(table.groups(second)).map(|((_, first), (_, second))| (first, second));
    if dimensions.into_iter().any(|(first, second)| groups_differ(first, second, is_of_now)) {
        return Some("groups");
    }
    let strata =
        table.all_strata(first).zip(table.all_strata(second)).map(|((id, first), (_, second))| (id, first, second));
    let is_text = |slot: Slot| slot != Slot::NONE && slot != Slot::OTHER;
    // Under another plan the same selection may have said something else.
    let is_same = |id: StratumId| !table.depends_on_others(id);
    let differ = |(id, first, second): &(StratumId, Slot, Slot)| {
        first != second && (is_of_now || is_text(*first) && is_text(*second) && is_same(*id))
    };
    strata.into_iter().find(differ).map(|(id, ..)| table.field_of(id))
}

fn groups_differ(first: Slot, second: Slot, is_of_now: bool) -> bool {
    // These probabilities were not kept.
    if first == second || first == Slot::PROBABILISTIC || second == Slot::PROBABILISTIC {
        return false;
    }
    let is_on_no_list = |slot: Slot| slot.is_unlisted() || slot == Slot::OTHER;
    is_of_now || !is_on_no_list(first) && !is_on_no_list(second)
}

/// Returns a hash of what an event about no case says, its type included. Two that differ have the same hash with
/// probability 2^-32; then the second counts as a second delivery.
///
/// Checkpoints keep it. Where it is made otherwise, what they keep must stand for "not known".
pub(super) fn content(event: &Event<'_>, key: &PseudonymKey) -> u32 {
    let mut text = Content(key.begun_content());
    text.number(event.time.0.cast_unsigned());
    match &event.data {
        Data::Tally(tally) => text.tally(tally),
        Data::Population(population) => text.population(population),
        Data::Complaint(complaint) => text.complaint(complaint),
        Data::Measure(measure) => text.measure(measure),
        // These are about a case.
        Data::Selection(_) | Data::Control(_) | Data::Outcome(_) | Data::Attributes(_) => {}
    }
    let hash = text.0.finish();
    #[expect(clippy::cast_possible_truncation, reason = "only the low word is used")]
    let hash = hash as u32;
    hash
}

struct Content(SipHasher24);

impl Content {
    fn number(&mut self, number: u64) {
        self.0.write_u64(number);
    }

    /// The length keeps ("ab", "c") and ("a", "bc") apart.
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.write(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.number(text.is_some().into());
        self.text(text.unwrap_or_default());
    }

    fn tally(&mut self, tally: &Tally<'_>) {
        let Tally { profile, channel, groups, strata, counts } = tally;
        self.number(1);
        self.text(profile);
        self.number(match channel {
            Channel::Profile => 1,
            Channel::Random => 2,
            Channel::Signal => 3,
            Channel::Manual => 4,
        });
        self.groups(groups);
        self.strata(strata);
        let of =
            [counts.assessed, counts.selected, counts.controlled, counts.concluded, counts.hits, counts.complaints];
        of.into_iter().for_each(|count| self.number(count));
    }

    fn population(&mut self, population: &Population<'_>) {
        let Population { profile, dimension, counts, valid_from, rounded_to } = population;
        self.number(2);
        self.text(profile);
        self.text(dimension);
        self.number(valid_from.0.cast_unsigned());
        self.number(rounded_to.unwrap_or_default());
        let mut counts: Vec<(&str, u64)> = counts.iter().map(|(group, count)| (&**group, *count)).collect();
        counts.sort_unstable();
        self.number(counts.len() as u64);
        for (group, count) in counts {
            self.text(group);
            self.number(count);
        }
    }

    fn complaint(&mut self, complaint: &Complaint<'_>) {
        let Complaint { profile, case_id: _, ground, status, groups } = complaint;
        self.number(3);
        self.text(profile);
        self.optional(ground.as_deref());
        self.number(match status {
            ComplaintStatus::Received => 1,
            ComplaintStatus::Upheld => 2,
            ComplaintStatus::Rejected => 3,
        });
        self.groups(groups);
    }

    fn measure(&mut self, measure: &MeasureReport<'_>) {
        let MeasureReport { alert_id, profile, rule, dimension, group, kind, reason, by, until, accepted_ratio } =
            measure;
        self.number(4);
        self.number(alert_id.is_some().into());
        self.number(alert_id.unwrap_or_default());
        [profile, rule, dimension, group].into_iter().for_each(|name| self.optional(name.as_deref()));
        self.number(match kind {
            MeasureKind::Suspended => 1,
            MeasureKind::Adjusted => 2,
            MeasureKind::Resumed => 3,
            MeasureKind::Accepted => 4,
        });
        self.text(reason);
        self.text(by);
        self.number(until.is_some().into());
        self.number(until.map_or(0, |until| until.0.cast_unsigned()));
        self.number(accepted_ratio.is_some().into());
        self.number(accepted_ratio.unwrap_or_default().to_bits());
    }

    /// In the order of their names: in JSON the order says nothing.
    fn groups(&mut self, groups: &Groups<'_>) {
        let mut groups: Vec<(&str, &Membership<'_>)> = groups.iter().map(|(name, of)| (&**name, of)).collect();
        groups.sort_unstable_by_key(|(name, _)| *name);
        self.number(groups.len() as u64);
        for (name, membership) in groups {
            self.text(name);
            match membership {
                Membership::Group(group) => {
                    self.number(1);
                    self.text(group);
                }
                Membership::Probabilities(probabilities) => {
                    let mut shares: Vec<(&str, u64)> =
                        probabilities.iter().map(|(group, share)| (&**group, share.to_bits())).collect();
                    shares.sort_unstable();
                    self.number(2);
                    self.number(shares.len() as u64);
                    for (group, share) in shares {
                        self.text(group);
                        self.number(share);
                    }
                }
            }
        }
    }

    fn strata(&mut self, strata: &Strata<'_>) {
        let mut strata: Vec<(&str, &str)> = strata.iter().map(|(name, value)| (&**name, &**value)).collect();
        strata.sort_unstable();
        self.number(strata.len() as u64);
        for (name, value) in strata {
            self.text(name);
            self.text(value);
        }
    }
}
