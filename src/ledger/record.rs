//! One event of a case, packed into 40 bytes.

use serde::{Deserialize, Serialize};

use crate::event::Outcome;
use crate::ledger::AttributesId;
#[cfg(doc)]
use crate::ledger::Spans;
use crate::plan::{Channel, EventTime, ProfileId};

/// Most events kept for one case; further ones are refused (and so dead-lettered).
pub const MAX_RECORDS_PER_CASE: usize = 64;

/// One event of a case, reduced to what counting needs. No id, no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Record {
    /// Event time.
    pub time: EventTime,
    /// When it arrived, in event time ([`Spans::arrived`]): at its own time, unless it came late. A checkpoint lists it apart.
    #[serde(skip, default = "at_its_time")]
    pub arrived: EventTime,
    /// Identifies the event within its case; its upper half is what `revises` names.
    #[serde(with = "postcard::fixint::le")]
    pub tag: u64,
    /// Groups and strata that came with the event.
    pub attributes: AttributesId,
    /// The control it is about; 0 for one without an id.
    pub control: u32,
    /// The event it corrects; 0 for none.
    pub revises: u32,
    /// The profile named; [`NO_PROFILE`] for none, [`UNKNOWN_PROFILE`] for one outside the allow-list.
    pub profile: u16,
    /// What kind of event it is.
    pub kind: RecordKind,
    /// `selected` or `performed`, channel and outcome.
    pub flags: Flags,
}

/// What [`Record::arrived`] is read as, before it is told.
const fn at_its_time() -> EventTime {
    EventTime::MIN
}

/// No profile was named.
pub const NO_PROFILE: u16 = u16::MAX;
/// A profile outside the allow-list was named: the case is joined but counts nowhere.
pub const UNKNOWN_PROFILE: u16 = u16::MAX - 1;

/// What kind of event a record is.
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
    /// `paritywatch.complaint.v1` about a case
    Complaint,
}

/// Bit 0: selected / performed. Bits 1-3: channel + 1, 0 for none. Bits 4-5: outcome + 1, 0 for none. Bit 6: late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flags(u8);

const LATE: u8 = 1 << 6;

impl Flags {
    /// Packs the three.
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

    /// `selected` of a selection, `performed` of a control.
    #[must_use]
    pub const fn yes(self) -> bool {
        self.0 & 1 == 1
    }

    /// The channel, where one was named.
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

    /// The same, of an event that came later than the allowed lateness: windows count it, evidence does not.
    #[must_use]
    pub const fn with_late(self, late: bool) -> Self {
        Self(self.0 & !LATE | if late { LATE } else { 0 })
    }

    /// Whether the event came later than the allowed lateness.
    #[must_use]
    pub const fn late(self) -> bool {
        self.0 & LATE != 0
    }

    /// The outcome, where one is known.
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
    /// The total order that decides between events of a case: event time, then tag.
    #[must_use]
    pub const fn order(&self) -> (EventTime, u64) {
        (self.time, self.tag)
    }

    /// Whether it is a selection that corrects none: a case has one.
    #[must_use]
    pub fn is_plain_selection(&self) -> bool {
        self.kind == RecordKind::Selection && self.revises == 0
    }

    /// The profile, where an allowed one was named.
    #[must_use]
    pub const fn allowed_profile(&self) -> Option<ProfileId> {
        match self.profile {
            NO_PROFILE | UNKNOWN_PROFILE => None,
            index => Some(ProfileId(index)),
        }
    }

    /// Whether `other` corrects this event: a selection corrects a selection, an outcome what a control or an outcome reported.
    #[must_use]
    pub fn is_revised_by(&self, other: &Self) -> bool {
        let corrects = match self.kind {
            RecordKind::Selection => other.kind == RecordKind::Selection,
            RecordKind::Control | RecordKind::Outcome => other.kind == RecordKind::Outcome,
            RecordKind::Attributes | RecordKind::Complaint => false,
        };
        // The tag's upper half is the id's hash, forced non-zero as `revises` is.
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
