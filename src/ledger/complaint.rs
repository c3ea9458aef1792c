//! Complaints about cases: of which ground, and with which status.

use super::record::Record;
use crate::event::ComplaintStatus;
use crate::plan::group_name::skeleton;

/// What is kept of a complaint's text: its status, and a hash of its ground. 0 where nobody asked for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComplaintCode(u32);

/// The bits of a status.
const STATUS_BITS: u32 = 2;

impl ComplaintCode {
    /// Returns the code of a complaint.
    #[must_use]
    pub fn of(ground: Option<&str>, status: ComplaintStatus) -> Self {
        let status = match status {
            ComplaintStatus::Received => 1,
            ComplaintStatus::Upheld => 2,
            ComplaintStatus::Rejected => 3,
        };
        Self(ground.map_or(0, hash_of) << STATUS_BITS | status)
    }

    /// Returns the code that a record keeps.
    pub(super) const fn of_record(record: &Record) -> Self {
        Self(record.control)
    }

    /// Returns what a record keeps.
    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    /// Returns in what two codes differ; `None` where they do not, or where one of them is not known.
    pub(super) const fn difference(self, other: Self) -> Option<&'static str> {
        if self.0 == 0 || other.0 == 0 || self.0 == other.0 {
            None
        } else if self.0 >> STATUS_BITS == other.0 >> STATUS_BITS {
            Some("status")
        } else {
            Some("ground")
        }
    }

    /// Returns the status; `Received` where it is not known.
    #[must_use]
    pub const fn status(self) -> ComplaintStatus {
        match self.0 & ((1 << STATUS_BITS) - 1) {
            2 => ComplaintStatus::Upheld,
            3 => ComplaintStatus::Rejected,
            _ => ComplaintStatus::Received,
        }
    }

    /// Returns whether the complaint names this ground, by whatever spelling. Another ground seems to be this one with
    /// probability 2^-30.
    #[must_use]
    pub fn is_about(self, ground: &str) -> bool {
        self.0 >> STATUS_BITS == hash_of(ground)
    }
}

/// A hash of 30 bits, never 0. Few words are grounds, and they are no secret. It is a part of the stored format: Fowler, Noll and
/// Vo's FNV-1a.
fn hash_of(ground: &str) -> u32 {
    let hash =
        skeleton(ground).bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> STATUS_BITS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_keeps_status_and_ground_by_whatever_spelling() {
        for status in [ComplaintStatus::Received, ComplaintStatus::Upheld, ComplaintStatus::Rejected] {
            let code = ComplaintCode::of(Some("Race"), status);
            assert_eq!(code.status(), status);
            assert!(code.is_about("race") && !code.is_about("sex"));
            assert_eq!(code.difference(ComplaintCode::of(Some("sex"), status)), Some("ground"));
            assert_eq!(code.difference(ComplaintCode::default()), None);
            assert!(!ComplaintCode::of(None, status).is_about("race"));
        }
        let [received, upheld] =
            [ComplaintStatus::Received, ComplaintStatus::Upheld].map(|status| ComplaintCode::of(None, status));
        assert_eq!((received.difference(upheld), received.difference(received)), (Some("status"), None));
        assert_eq!(ComplaintCode::default().status(), ComplaintStatus::Received);
    }
}
