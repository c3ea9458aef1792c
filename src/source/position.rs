//! Where to read on in a partition, and how to tell that it is still the log that was read.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;
use thiserror::Error;

use crate::checkpoint::{Input, LastRecord};
use crate::ledger::{Keys, PseudonymKey};

/// Hashes records so that they can be recognised, under the pseudonym key: a record is about a person.
#[derive(Clone, Debug)]
pub struct RecordHash(pub PseudonymKey);

impl RecordHash {
    /// The hash of a record's timestamp, value and headers.
    pub fn of<'h>(
        &self,
        timestamp: Option<i64>,
        payload: &[u8],
        headers: impl Iterator<Item = (&'h str, &'h [u8])>,
    ) -> u64 {
        let PseudonymKey(key) = &self.0;
        let mut hasher = SipHasher24::new_with_key(key);
        hasher.write_i64(timestamp.unwrap_or(-1));
        let mut part = |bytes: &[u8]| {
            hasher.write_usize(bytes.len());
            hasher.write(bytes);
        };
        part(payload);
        for (name, value) in headers {
            part(name.as_bytes());
            part(value);
        }
        hasher.finish()
    }
}

/// Recognises records while the pseudonym key changes: the last record of a partition may have been counted before that.
#[derive(Clone, Debug)]
pub struct RecordHashes {
    /// By which records are hashed now.
    pub present: RecordHash,
    /// By which they were hashed before the key was changed.
    pub previous: Option<RecordHash>,
}

impl From<RecordHash> for RecordHashes {
    fn from(present: RecordHash) -> Self {
        Self { present, previous: None }
    }
}

impl From<&Keys> for RecordHashes {
    fn from(keys: &Keys) -> Self {
        Self { present: RecordHash(keys.present.clone()), previous: keys.previous.clone().map(RecordHash) }
    }
}

impl RecordHashes {
    /// Compares a record with the one that has this hash. Returns its hash by the present key if it is that record. `hash` makes the
    /// record's hash.
    pub fn recognise(&self, expected: u64, hash: impl Fn(&RecordHash) -> u64) -> Option<u64> {
        let present = hash(&self.present);
        let is_it = present == expected || self.previous.as_ref().is_some_and(|previous| hash(previous) == expected);
        is_it.then_some(present)
    }
}

/// Why a partition cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Gap {
    /// The log ends before the offset that was to be read next: it is another log, or it was cut off.
    #[error(
        "topic {topic} partition {partition}: expected offset {next_offset} or the end of the log there, found its end at {end}: the topic was \
         made anew, or cut off"
    )]
    CutOff {
        /// The topic.
        topic: String,
        /// The partition's number.
        partition: i32,
        /// The offset that was to be read next.
        next_offset: i64,
        /// The end of the log.
        end: i64,
    },
    /// The log begins behind the offset that was to be read next.
    #[error(
        "topic {topic} partition {partition}: expected offset {next_offset}, found that the log begins at {begin}: {} offsets are gone that \
         were not read",
        begin - next_offset
    )]
    Gone {
        /// The topic.
        topic: String,
        /// The partition's number.
        partition: i32,
        /// The offset that was to be read next.
        next_offset: i64,
        /// The first offset of the log.
        begin: i64,
    },
}

/// The offset from which to read on in a partition whose log reaches from `begin` to before `end`. If the last record that was read is still
/// there, it is the offset of that record, so that the record can be compared.
///
/// # Errors
/// [`Gap`] if records are gone that were not read, or it is another log.
pub fn read_on(input: &Input, begin: i64, end: i64) -> Result<i64, Gap> {
    let Input { topic, partition, next_offset, last } = input;
    let (topic, partition, next_offset) = (topic.clone(), *partition, *next_offset);
    if end < next_offset {
        return Err(Gap::CutOff { topic, partition, next_offset, end });
    }
    if begin > next_offset {
        return Err(Gap::Gone { topic, partition, next_offset, begin });
    }
    Ok(last.map(|last: LastRecord| last.offset).filter(|offset| *offset >= begin).unwrap_or(next_offset))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn input(next_offset: i64, last: Option<i64>) -> Input {
        let last = last.map(|offset| LastRecord { offset, hash: 7, message_bytes: None });
        Input { topic: "t".to_owned(), partition: 0, next_offset, last }
    }

    #[test]
    fn a_partition_is_read_on_from_its_last_record_where_that_is_still_there() {
        assert_eq!(read_on(&input(10, Some(9)), 0, 20), Ok(9));
        assert_eq!(read_on(&input(10, Some(9)), 10, 20), Ok(10), "the last record has expired");
        assert_eq!(read_on(&input(10, Some(9)), 0, 10), Ok(9), "nothing new");
        assert_eq!(read_on(&input(0, None), 0, 0), Ok(0));
        // A transaction's marker takes an offset of its own.
        assert_eq!(read_on(&input(10, Some(7)), 0, 20), Ok(7));
    }

    #[test]
    fn a_gap_or_another_log_is_told_and_not_passed_over() {
        assert!(read_on(&input(10, Some(9)), 11, 20).unwrap_err().to_string().contains("1 offsets are gone"));
        assert!(read_on(&input(10, Some(9)), 0, 9).unwrap_err().to_string().contains("made anew"));
    }

    #[test]
    fn a_record_that_was_counted_before_the_key_was_changed_is_known_again() {
        let [old, new, other] = [1, 2, 3].map(|byte| PseudonymKey([byte; 16]));
        let of = |payload: &'static [u8]| move |hash: &RecordHash| hash.of(Some(1), payload, std::iter::empty());
        let hashes = RecordHashes::from(&Keys { present: new.clone(), previous: Some(old.clone()) });
        let (by_old, by_new) = (of(b"a")(&RecordHash(old)), of(b"a")(&RecordHash(new)));
        assert_eq!(hashes.recognise(by_old, of(b"a")), Some(by_new));
        assert_eq!(hashes.recognise(by_new, of(b"a")), Some(by_new));
        assert_eq!(hashes.recognise(by_old, of(b"b")), None);
        assert_eq!(hashes.recognise(of(b"a")(&RecordHash(other)), of(b"a")), None);
    }

    #[test]
    fn a_record_is_known_again_by_all_its_parts() {
        let hash = RecordHash(PseudonymKey([1; 16]));
        let of = |timestamp, payload: &[u8], header: &[u8]| hash.of(timestamp, payload, [("h", header)].into_iter());
        assert_eq!(of(Some(1), b"a", b"b"), of(Some(1), b"a", b"b"));
        assert_ne!(of(Some(1), b"a", b"b"), of(Some(2), b"a", b"b"));
        assert_ne!(of(Some(1), b"a", b"b"), of(Some(1), b"b", b"b"));
        assert_ne!(of(Some(1), b"a", b"b"), of(Some(1), b"a", b"c"));
        assert_ne!(of(Some(1), b"a", b"b"), RecordHash(PseudonymKey([2; 16])).of(Some(1), b"a", std::iter::empty()));
    }
}
