//! Signed notes, and checkpoints of a log in them: the text formats `signed-note` and `tlog-checkpoint` of C2SP, with Ed25519.
//!
//! Other people's tools for transparency logs read them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::tree::{Hash, hash, hex};

/// The byte that stands for Ed25519.
const ALGORITHM: u8 = 1;
/// What a private key begins with in Go's form of it.
const PRIVATE: &str = "PRIVATE+KEY+";
/// What a line with a signature begins with.
const SIGNATURE: &str = "\u{2014} ";
/// Longest note that is read, in bytes.
pub const MAX_NOTE_BYTES: usize = 64 << 10;
/// Most signatures of a note that are looked at.
const MAX_SIGNATURES: usize = 100;
/// What the name of every key begins with.
const NAME: &str = "paritywatch.audit/";

/// A public key with its name, as notes are verified by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: [u8; 32],
}

/// A private key. `Debug` shows its public part alone.
pub struct SigningKey {
    public: PublicKey,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

/// What a log signs: that it has so many entries, with this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Its entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// Returns the signed note.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root));
        let mut signature = key.public.id().to_vec();
        signature.extend_from_slice(key.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n{SIGNATURE}{} {}\n", key.public.name, STANDARD.encode(signature))
    }

    /// Reads a note, and verifies that this key has signed it.
    ///
    /// # Errors
    /// Says what was expected and what was found.
    pub fn open(note: &str, key: &PublicKey) -> Result<Self, String> {
        let text = open_note(note, key)?;
        let lines: Vec<&str> = text.lines().collect();
        let [origin, size, root] = lines[..] else {
            return Err(format!("expected three lines of text (origin, size, root), found {}", lines.len()));
        };
        let parsed = size.parse().ok().filter(|parsed: &u64| parsed.to_string() == size);
        let size = parsed.ok_or_else(|| format!("expected a number of entries on line 2, found {size:?}"))?;
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        let root = root.ok_or("expected a hash of 32 bytes in base64 on line 3, found something else")?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Returns the root as a checkpoint shows it.
    #[must_use]
    pub fn shown_root(root: &Hash) -> String {
        STANDARD.encode(root)
    }
}

impl PublicKey {
    /// Reads a key: `NAME+ID+KEY`, as Go's `note.NewVerifier` does.
    ///
    /// # Errors
    /// Says what was expected and what was found.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, id, key) = parts(text, "a public key NAME+ID+KEY")?;
        let public = Self { name: name.to_owned(), key };
        if hex(&public.id()) != id {
            return Err(format!("expected the key id {} for this name and key, found {id:?}", hex(&public.id())));
        }
        Ok(public)
    }

    /// Returns the key as text: `NAME+ID+KEY`.
    #[must_use]
    pub fn to_text(&self) -> String {
        key_text(self, &self.key)
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether a note says that this key has signed it. Nothing is verified.
    #[must_use]
    pub(super) fn is_named_by(&self, note: &str) -> bool {
        note.lines()
            .filter_map(|line| line.strip_prefix(SIGNATURE))
            .any(|line| line.split(' ').next() == Some(&self.name))
    }

    /// The first bytes of a hash over name and key. It only tells keys apart.
    fn id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = hash(&[self.name.as_bytes(), b"\n", &[ALGORITHM], &self.key]);
        [a, b, c, d]
    }
}

impl SigningKey {
    /// Makes a key. It is named after its public part, so no two daemons share a name.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn make() -> Result<Self, String> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| "the system gives no random bytes".to_owned())?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|error| error.to_string())?;
        let [a, b, c, d, e, f, g, h, ..] = hash(&[pair.public_key().as_ref()]);
        Self::named(format!("{NAME}{}", hex(&[a, b, c, d, e, f, g, h])), seed)
    }

    /// Reads a key: `PRIVATE+KEY+NAME+ID+SEED`, as Go's `note.NewSigner` does. No text of an error repeats it.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected a private key PRIVATE+KEY+NAME+ID+SEED, found something else";
        let rest = text.strip_prefix(PRIVATE).ok_or(expected)?;
        let (name, id, seed) = parts(rest, "a key").map_err(|_| expected)?;
        let key = Self::named(name.to_owned(), seed)?;
        if hex(&key.public.id()) != id {
            return Err("expected the key id that fits the private key, found another".to_owned());
        }
        Ok(key)
    }

    /// Returns the key as text. It goes into its file and nowhere else.
    #[must_use]
    pub(super) fn to_text(&self) -> String {
        format!("{PRIVATE}{}", key_text(&self.public, &self.seed))
    }

    /// Returns the public part.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    fn named(name: String, seed: [u8; 32]) -> Result<Self, String> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|error| error.to_string())?;
        let key = pair.public_key().as_ref().try_into().map_err(|_| "a public key of Ed25519 has 32 bytes")?;
        Ok(Self { public: PublicKey { name, key }, seed, pair })
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Returns the text of a note that this key has signed. The first signature of the key decides.
fn open_note<'n>(note: &'n str, key: &PublicKey) -> Result<&'n str, String> {
    if note.len() > MAX_NOTE_BYTES || note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(format!("expected a signed note of at most {MAX_NOTE_BYTES} bytes of text, found something else"));
    }
    let split = note.rfind("\n\n").map(|at| note.split_at(at + 1));
    let (text, rest) = split.ok_or("expected a text, an empty line and signatures, found no empty line")?;
    let rest = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n'));
    let mut lines = rest.ok_or("expected a line with a signature at the end, found none")?.split('\n');
    let mut by_key = None;
    for line in lines.by_ref().take(MAX_SIGNATURES) {
        let (name, signature) = signature_of(line).ok_or_else(|| format!("expected a signature, found {line:?}"))?;
        if let (true, Some((id, signature))) = (name == key.name, signature.split_first_chunk::<4>())
            && *id == key.id()
            && by_key.is_none()
        {
            by_key = Some(signature.to_vec());
        }
    }
    if lines.next().is_some() {
        return Err(format!("expected at most {MAX_SIGNATURES} signatures, found more"));
    }
    let signature = by_key.ok_or_else(|| format!("expected a signature by the key {}, found none", key.to_text()))?;
    let verified = UnparsedPublicKey::new(&ED25519, key.key).verify(text.as_bytes(), &signature);
    verified.map_err(|_| "expected a signature over this text, found one over another".to_owned())?;
    Ok(text)
}

fn signature_of(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, signature) = line.strip_prefix(SIGNATURE)?.split_once(' ')?;
    Some((name, STANDARD.decode(signature).ok()?)).filter(|_| !name.is_empty())
}

fn key_text(public: &PublicKey, key: &[u8; 32]) -> String {
    let mut bytes = vec![ALGORITHM];
    bytes.extend_from_slice(key);
    format!("{}+{}+{}", public.name, hex(&public.id()), STANDARD.encode(bytes))
}

/// Name, id and the 32 bytes of a key. The base64 of the key may have a plus.
fn parts<'k>(text: &'k str, expected: &str) -> Result<(&'k str, &'k str, [u8; 32]), String> {
    let mut parts = text.splitn(3, '+');
    let (name, id, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let key = key.and_then(|key| STANDARD.decode(key).ok());
    let key = key.as_deref().and_then(<[u8]>::split_first).filter(|(algorithm, _)| **algorithm == ALGORITHM);
    let key = key.and_then(|(_, key)| <[u8; 32]>::try_from(key).ok());
    let is_name = !name.is_empty() && !name.chars().any(char::is_whitespace);
    let found = || format!("expected {expected} of Ed25519, found {} characters that are none", text.chars().count());
    key.filter(|_| is_name).map(|key| (name, id, key)).ok_or_else(found)
}
