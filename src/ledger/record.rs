//! One event of a case, packed into 40 bytes.

use serde::{Deserialize, Serialize};

use super::attributes_id::AttributesId;
use crate::event::Outcome;
use crate::plan::{Channel, EventTime, ProfileId};

/// One event of a case, reduced to what counting needs. It has no id and no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Record {
    /// Event time.
    pub time: EventTime,
    /// When it arrived, in event time ([`Spans::arrived`](super::Spans::arrived)): at its own time, unless it came
    /// late. A checkpoint stores it separately.
    #[serde(skip, default = "not_yet_set")]
    pub arrived: EventTime,
    /// Identifies the event within its case. The upper half is the hash of its id, which `revises` of another event
    /// names.
    #[serde(with = "postcard::fixint::le")]
    pub tag: u64,
    /// The groups and strata of the event. Of an outcome what it says of how the case was handled.
    pub attributes: AttributesId,
    /// The control that it is about; 0 for one without an id. Of a complaint its [`ComplaintCode`](super::ComplaintCode).
    pub control: u32,
    /// The event that it corrects; 0 for none. A control corrects none: of it this is the number of what it says of how the case was handled.
    pub revises: u32,
    /// Index of the profile that it names; [`NO_PROFILE`] for none, [`UNKNOWN_PROFILE`] for one outside the allow-list.
    pub profile: u16,
    /// The kind of event.
    pub kind: RecordKind,
    /// Its other fields: `selected` or `performed`, channel, outcome, whether it came late, and whether it leaves a value
    /// open that a rule reads.
    pub flags: Flags,
}

/// The value of [`Record::arrived`] after a record was read and before its arrival is set.
const fn not_yet_set() -> EventTime {
    EventTime::MIN
}

/// The largest number of events kept for one case. Further ones are rejected.
pub const MAX_RECORDS_PER_CASE: usize = 64;

/// The event names no profile.
pub const NO_PROFILE: u16 = u16::MAX;

/// The event names a profile outside the allow-list. Its case is kept but counts for nothing.
pub const UNKNOWN_PROFILE: u16 = u16::MAX - 1;

/// The kind of event that a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RecordKind {
    /// `paritywatch.selection.v1`
    Selection,
    /// `paritywatch.control.v1`
    Control,
    /// `paritywatch.outcome.v1`
    Outcome,
    /// `paritywatch.attributes.v1`
    Attributes,
    /// `paritywatch.complaint.v1`, about a case
    Complaint,
}

/// The small fields of a record. Bit 0: selected or performed. Bits 1-3: channel + 1, 0 for none. Bits 4-5: outcome +
/// 1, 0 for none. Bit 6: late. Bit 7: open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flags(u8);

const LATE: u8 = 1 << 6;
const OPEN: u8 = 1 << 7;

impl Flags {
    /// Packs `selected` or `performed`, channel and outcome, of an event that came in time.
    #[must_use]
    pub const fn new(yes: bool, channel: Option<Channel>, outcome: Option<Outcome>) -> Self {
        let channel = match channel {
            None => 0,
            Some(Channel::Profile) => 1,
            Some(Channel::Random) => 2,
            Some(Channel::Signal) => 3,
            Some(Channel::Manual) => 4,
        };
        let outcome = match outcome {
            None => 0,
            Some(Outcome::Unknown) => 1,
            Some(Outcome::NoViolation) => 2,
            Some(Outcome::Violation) => 3,
        };
        Self(yes as u8 | (channel << 1) | (outcome << 4))
    }

    /// Returns `selected` of a selection, or `performed` of a control.
    #[must_use]
    pub const fn yes(self) -> bool {
        self.0 & 1 == 1
    }

    /// Returns the channel, where the event names one.
    #[must_use]
    pub const fn channel(self) -> Option<Channel> {
        match (self.0 >> 1) & 7 {
            1 => Some(Channel::Profile),
            2 => Some(Channel::Random),
            3 => Some(Channel::Signal),
            4 => Some(Channel::Manual),
            _ => None,
        }
    }

    /// Returns the same flags with lateness set. Late is an event behind the allowed lateness: windows count it,
    /// evidence does not.
    #[must_use]
    pub const fn with_late(self, late: bool) -> Self {
        Self(self.0 & !LATE | if late { LATE } else { 0 })
    }

    /// Returns whether the event came late.
    #[must_use]
    pub const fn late(self) -> bool {
        self.0 & LATE != 0
    }

    /// Returns the same flags, of a selection or of separate groups, with whether the event leaves a value open that a
    /// rule reads: a group in one of its dimensions, or its stratum.
    #[must_use]
    pub const fn with_open(self, open: bool) -> Self {
        Self(self.0 & !OPEN | if open { OPEN } else { 0 })
    }

    /// Returns whether the event leaves a value open that a rule reads. False of what a checkpoint kept before this was
    /// known.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.0 & OPEN != 0
    }

    /// Returns the outcome, where the event has one.
    #[must_use]
    pub const fn outcome(self) -> Option<Outcome> {
        match (self.0 >> 4) & 3 {
            1 => Some(Outcome::Unknown),
            2 => Some(Outcome::NoViolation),
            3 => Some(Outcome::Violation),
            _ => None,
        }
    }
}

impl Record {
    /// Returns the key that decides which of two events of a case is the later one: event time, then tag.
    #[must_use]
    pub const fn order(&self) -> (EventTime, u64) {
        (self.time, self.tag)
    }

    /// Returns whether it is a selection that corrects none. A case should have one.
    #[must_use]
    pub fn is_plain_selection(&self) -> bool {
        self.kind == RecordKind::Selection && self.revises == 0
    }

    /// Returns whether it corrects another event, known or not.
    #[must_use]
    pub fn corrects(&self) -> bool {
        self.kind != RecordKind::Control && self.revises != 0
    }

    /// Returns what a report on a control says of how the case was handled.
    pub(super) fn said(&self) -> AttributesId {
        match self.kind {
            RecordKind::Control => AttributesId(self.revises),
            RecordKind::Outcome => self.attributes,
            RecordKind::Selection | RecordKind::Attributes | RecordKind::Complaint => AttributesId::default(),
        }
    }

    /// Returns the profile, where the event names one of the allow-list.
    #[must_use]
    pub const fn allowed_profile(&self) -> Option<ProfileId> {
        match self.profile {
            NO_PROFILE | UNKNOWN_PROFILE => None,
            index => Some(ProfileId(index)),
        }
    }

    /// Returns whether `other` corrects this event. A selection corrects a selection; an outcome corrects a control or
    /// an outcome.
    #[must_use]
    pub fn is_revised_by(&self, other: &Self) -> bool {
        let corrects = match self.kind {
            RecordKind::Selection => other.kind == RecordKind::Selection,
            RecordKind::Control | RecordKind::Outcome => other.kind == RecordKind::Outcome,
            RecordKind::Attributes | RecordKind::Complaint => false,
        };
        // The upper half of the tag is the hash of the id. As in `revises`, 0 is replaced by 1.
        let id = (self.tag >> 32) as u32;
        corrects && other.revises != 0 && other.tag != self.tag && (if id == 0 { 1 } else { id }) == other.revises
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_takes_40_bytes() {
        assert_eq!(size_of::<Record>(), 40);
    }

    #[test]
    fn flags_give_back_what_was_packed() {
        for yes in [false, true] {
            for channel in
                [None, Some(Channel::Profile), Some(Channel::Random), Some(Channel::Signal), Some(Channel::Manual)]
            {
                for outcome in [None, Some(Outcome::Unknown), Some(Outcome::NoViolation), Some(Outcome::Violation)] {
                    let flags = Flags::new(yes, channel, outcome);
                    for flags in [flags, flags.with_late(true), flags.with_late(true).with_late(false)] {
                        assert_eq!((flags.yes(), flags.channel(), flags.outcome()), (yes, channel, outcome));
                    }
                    assert!(flags.with_late(true).late() && !flags.late());
                }
            }
        }
    }
}
