//! Keyed fingerprints: the only form in which ids are kept.

use std::fmt;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use super::sip::Sip;
use crate::event::TemplateSecret;

/// The secret key of the fingerprints. Whoever has it can test whether an id is in the state. Nobody can read an id
/// from the state.
#[derive(Clone)]
pub struct PseudonymKey(pub [u8; 16]);

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PseudonymKey(<redacted>)")
    }
}

/// A case, known by the 128-bit keyed fingerprint of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseKey {
    /// Decides shard and page. With the tag of an event it also identifies the event among all.
    #[serde(with = "postcard::fixint::le")]
    pub high: u64,
    /// The hash in the table of a page.
    #[serde(with = "postcard::fixint::le")]
    pub low: u64,
}

/// An event, known by keyed hashes of its `id`, which is what `revises` names, and of `source` and `id` together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTag {
    /// Hash of the `id` alone.
    pub id: u64,
    /// Hash of `source` and `id`.
    pub full: u64,
}

impl EventTag {
    /// Returns 64 bits that identify the event within its case. The upper half is the hash of its `id`.
    #[must_use]
    pub const fn within_case(self) -> u64 {
        (self.id << 32) | (self.full & 0xFFFF_FFFF)
    }
}

/// Domain separators: a text has unrelated fingerprints as a case id and as an event id.
const DOMAIN_CASE: u8 = 1;
const DOMAIN_ID: u8 = 2;
const DOMAIN_EVENT: u8 = 3;
const DOMAIN_CONTROL: u8 = 4;
const DOMAIN_CHECK: u8 = 5;
const DOMAIN_TEMPLATE: u8 = 6;
const DOMAIN_CONTENT: u8 = 7;

impl PseudonymKey {
    /// Returns a hash of the key: it shows that another key is another one, but not what the key is.
    #[must_use]
    pub fn check(&self) -> u64 {
        self.begun(DOMAIN_CHECK).finish()
    }

    /// Returns the secret of the templates.
    #[must_use]
    pub fn template_secret(&self) -> TemplateSecret {
        let mut secret = [0; size_of::<TemplateSecret>()];
        for (word, number) in secret.chunks_exact_mut(8).zip(0_u8..) {
            word.copy_from_slice(&self.begun_text(DOMAIN_TEMPLATE).finish(&[number]).to_le_bytes());
        }
        secret
    }

    /// Returns what hashes the contents of events.
    pub(super) fn begun_content(&self) -> SipHasher24 {
        self.begun(DOMAIN_CONTENT)
    }

    fn begun(&self, domain: u8) -> SipHasher24 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u8(domain);
        hasher
    }

    fn begun_text(&self, domain: u8) -> Sip {
        Sip::new(&self.0).with(&[domain])
    }
}

/// Makes fingerprints by one key. What all fingerprints of a kind begin with was hashed beforehand.
#[derive(Clone, Debug)]
pub struct Fingerprints {
    case: Sip,
    id: Sip,
    event: Sip,
    control: Sip,
}

/// A hash that has taken in the source of an event, and waits for its id.
#[derive(Clone, Copy, Debug)]
pub struct SourceHash(Sip);

impl Fingerprints {
    /// Returns what makes fingerprints by a key.
    #[must_use]
    pub fn new(key: &PseudonymKey) -> Self {
        let case = Sip::new_wide(&key.0).with(&[DOMAIN_CASE]);
        let [id, event, control] = [DOMAIN_ID, DOMAIN_EVENT, DOMAIN_CONTROL].map(|domain| key.begun_text(domain));
        Self { case, id, event, control }
    }

    /// Returns the fingerprint of a case id: SipHash-2-4 with 128 bits of output, a pseudorandom function (Aumasson and
    /// Bernstein 2012).
    #[must_use]
    #[inline]
    pub fn case(&self, case_id: impl AsRef<[u8]>) -> CaseKey {
        let (high, low) = self.case.finish_wide(case_id.as_ref());
        CaseKey { high, low }
    }

    /// Returns the tag of an event.
    #[must_use]
    pub fn event(&self, source: &str, id: &str) -> EventTag {
        self.event_of(&self.source(source), id)
    }

    /// Returns the first part of the tags of all events of a source.
    #[must_use]
    pub fn source(&self, source: &str) -> SourceHash {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        SourceHash(self.event.with(&(source.len() as u64).to_le_bytes()).with(source.as_bytes()))
    }

    /// Returns the tag of an event of this source.
    #[must_use]
    #[inline]
    pub fn event_of(&self, source: &SourceHash, id: impl AsRef<[u8]>) -> EventTag {
        EventTag { id: self.id.finish(id.as_ref()), full: source.0.finish(id.as_ref()) }
    }

    /// Returns the 32 bits that stand for an event named by `revises`; never 0, which means that none is named.
    #[must_use]
    pub fn revised(&self, id: impl AsRef<[u8]>) -> u32 {
        low_word(self.id.finish(id.as_ref())).max(1)
    }

    /// Returns the 32 bits that stand for a control within its case; never 0, which is the control without an id.
    #[must_use]
    pub fn control(&self, control_id: impl AsRef<[u8]>) -> u32 {
        low_word(self.control.finish(control_id.as_ref())).max(1)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only the low word is used")]
const fn low_word(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_different_kinds_and_keys_have_unrelated_fingerprints() {
        let key = Fingerprints::new(&PseudonymKey([7; 16]));
        assert_eq!(key.case("a"), key.case("a"));
        assert_ne!(key.case("a"), key.case("b"));
        assert_ne!(key.case("a"), Fingerprints::new(&PseudonymKey([8; 16])).case("a"));
        assert_ne!(key.event("ab", "c"), key.event("a", "bc"));
        assert_ne!(key.event("a", "x").full, key.event("b", "x").full);
        assert_eq!(key.event("a", "x").id, key.event("b", "x").id);
        assert_ne!(key.revised("x"), key.control("x"));
    }

    #[test]
    fn a_revision_names_the_id_that_the_tag_within_a_case_carries() {
        let key = Fingerprints::new(&PseudonymKey([7; 16]));
        let tag = key.event("s", "x").within_case();
        assert_eq!(u64::from(key.revised("x")), tag >> 32);
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", PseudonymKey([9; 16])), "PseudonymKey(<redacted>)");
        // Nor what it follows from.
        let prints = Fingerprints::new(&PseudonymKey([9; 16]));
        let shown = format!("{prints:?} {:?}", prints.source("s"));
        assert!(!shown.contains(|letter: char| letter.is_ascii_digit()), "{shown}");
    }
}
