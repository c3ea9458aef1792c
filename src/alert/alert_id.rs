//! The name of an episode.

use std::fmt;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use crate::plan::EventTime;

/// Names one episode. The same identity and beginning have the same id on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertId(pub u64);

impl fmt::Display for AlertId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// Returns the id of an episode: SipHash-2-4 with a fixed key over the names of its identity and its beginning.
pub(super) fn alert_id(names: &[&str], active_at: EventTime) -> AlertId {
    let mut hasher = SipHasher24::new_with_key(b"paritywatch.alrt");
    for name in names {
        hasher.write_usize(name.len());
        hasher.write(name.as_bytes());
    }
    hasher.write_i64(active_at.0);
    AlertId(hasher.finish())
}
