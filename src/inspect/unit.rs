//! Whom a record is about, as far as a sample tells: records of one key, or else each record by itself. And hashes, so that no id is kept.

use std::collections::BTreeSet;
use std::hash::Hasher;

use serde_json::Value;
use siphasher::sip::SipHasher24;

use crate::source::sample::SampleRecord;

/// Cases, by the hashes of their ids.
pub(super) type Cases = BTreeSet<u64>;

/// Keys of the hashes. Nothing of them leaves, so they need not be secret.
const KEYS: (u64, u64) = (0x7061_7269_7479_7761, 0x7463_6869_6E73_7065);

/// A case as far as it is known: what is counted before a name is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit(u64);

impl Unit {
    /// The unit of a record: its key, or its place where it has none.
    pub fn of(record: &SampleRecord) -> Self {
        match &record.key {
            Some(key) => Self(hash(key)),
            None => {
                let mut hasher = SipHasher24::new_with_keys(KEYS.0, KEYS.1);
                hasher.write_i32(record.partition);
                hasher.write_i64(record.offset);
                Self(hasher.finish())
            }
        }
    }

    pub const fn hash(self) -> u64 {
        self.0
    }
}

/// Returns the hash of an id.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(KEYS.0, KEYS.1);
    hasher.write(bytes);
    hasher.finish()
}

/// Returns the hash of a value that is no object and no array.
pub(super) fn hash_of(value: &Value) -> u64 {
    match value {
        Value::String(text) => hash(text.as_bytes()),
        other => hash(other.to_string().as_bytes()),
    }
}
