//! Where a partition is read on, and how to tell that it is still the partition that was read.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::checkpoint::{Input, LastRecord};
use crate::monitor::PseudonymKey;

/// Hashes a record so that it is known again, under the pseudonym key: a record is about a person.
#[derive(Clone, Debug)]
pub struct RecordHash(pub PseudonymKey);

impl RecordHash {
    /// Of a record's timestamp, value and headers.
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

/// The offset from which a partition is read on, whose log now reaches from `begin` to before `end`: that of the last record read where it is
/// still there, so that it can be compared.
///
/// # Errors
/// Why it cannot be read on: records are gone that were not read, or it is another log.
pub fn read_on(input: &Input, begin: i64, end: i64) -> Result<i64, String> {
    let Input { topic, partition, next_offset, last } = input;
    if end < *next_offset {
        return Err(format!(
            "topic {topic} partition {partition}: expected offset {next_offset} or the end of the log there, found its end at {end}: \
             the topic was made anew, or cut off"
        ));
    }
    if begin > *next_offset {
        return Err(format!(
            "topic {topic} partition {partition}: expected offset {next_offset}, found that the log begins at {begin}: {} offsets are gone \
             that were not read",
            begin - next_offset
        ));
    }
    Ok(last.map(|last: LastRecord| last.offset).filter(|offset| *offset >= begin).unwrap_or(*next_offset))
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
        assert!(read_on(&input(10, Some(9)), 11, 20).unwrap_err().contains("1 offsets are gone"));
        assert!(read_on(&input(10, Some(9)), 0, 9).unwrap_err().contains("made anew"));
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
