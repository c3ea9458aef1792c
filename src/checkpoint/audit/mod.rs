//! The audit log: what was configured, what was known and told, and when. Entries are only ever added; a signed root stands for all of them.
//!
//! An entry is a line of JSON and has the hash of the one before. All entries are the leaves of a Merkle tree (RFC 9162), whose size and root are
//! signed (C2SP `tlog-checkpoint`). So whoever has the public key finds an entry that was changed, removed or moved, and whoever has an older
//! checkpoint finds an end that was cut off.
//!
//! **Architecture Invariant:** a log that is not as it was written is left as it is, and another one begins beside it.

mod configuration;
mod entry;
mod fact;
mod files;
mod finding;
mod ground;
mod keys;
mod known;
mod last;
mod log;
mod note;
mod position;
mod reading;
mod reported;
mod tree;
mod verify;
mod witness;

pub use entry::{Draft, Entry, Kind, MAX_CONTENT_BYTES, sha256};
pub use fact::Fact;
pub use files::{AUDIT_PUBLIC_KEY, FOLDER};
pub use finding::{Finding, Findings, shown};
pub use ground::{Ground, ground};
pub use keys::{AUDIT_KEY, Signer, SignerProblem, load_or_make_signer, read_public_key};
pub use known::Known;
pub use log::{AuditLog, MAX_FILE_BYTES, Opening};
pub use note::{Checkpoint, PublicKey, SigningKey};
pub use reading::{Reading, Witnessed, read_log};
pub use reported::{ReportEntry, Reported};
pub use tree::{Hash, Tree, leaf_hash};
pub use verify::{Verified, VerifiedLog, verify};
pub use witness::{WITNESS_TYPE, Witness, WitnessEvent, read_witness, witness_event};
