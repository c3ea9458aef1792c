//! Files made by an earlier version of the program, and what is found now.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};

use siphasher::sip128::SipHasher24;

/// Numbers in the alerts of earlier states that were wrong, and the right ones: p-values of populations, which rested on another model than the
/// interval beside them.
const CORRECTED: [(f64, f64); 4] = [
    (0.113_544_390_446_694_83, 0.088_097_912_639_948_23),
    (0.121_888_339_563_670_37, 0.087_410_141_441_875_12),
    (0.231_520_738_605_556_14, 0.195_709_612_238_450_96),
    (1.0, 0.675_484_857_717_319_5),
];

/// Compares with the files, and names every difference at the end.
#[derive(Default)]
pub struct Comparison {
    /// What was found other than it was, in words.
    pub differences: Vec<String>,
    /// Whether computed numbers may differ in their last digits, and digests over them: alerts in the state of an earlier version keep the
    /// numbers that it computed. Nothing is rewritten then.
    pub last_digits: bool,
}

impl Comparison {
    /// Whether a file holds what was found.
    pub fn same(&mut self, name: &str, found: &[u8]) {
        self.update(name, found);
        match std::fs::read(stored(name)) {
            Ok(expected) => self.equal_bytes(name, &expected, found),
            Err(error) => self.differences.push(format!("{name}: {error}")),
        }
    }

    /// Rewrites a file where that was asked for.
    pub fn update(&self, name: &str, found: &[u8]) {
        if std::env::var_os("PARITYWATCH_UPDATE_UNCHANGED").is_some() && !self.last_digits {
            std::fs::write(stored(name), found).unwrap();
        }
    }

    /// Whether two values are equal.
    pub fn equal<T: PartialEq + std::fmt::Debug>(&mut self, name: &str, expected: &T, found: &T) {
        if expected != found {
            self.differences.push(format!("{name}:\n  expected {expected:?}\n  found    {found:?}"));
        }
    }

    /// Whether bytes are; names the first that differs.
    pub fn equal_bytes(&mut self, name: &str, expected: &[u8], found: &[u8]) {
        if expected == found || self.last_digits && is_alike(expected, found) {
            return;
        }
        let at = expected.iter().zip(found).position(|(one, other)| one != other);
        let at = at.unwrap_or_else(|| expected.len().min(found.len()));
        let around = |bytes: &[u8]| {
            let part = &bytes[at.saturating_sub(120).min(bytes.len())..(at + 80).min(bytes.len())];
            let control = |character: char| character.is_control() && character != '\n';
            String::from_utf8_lossy(part).replace(control, ".")
        };
        let (before, now) = (expected.len(), found.len());
        let (expected, found) = (around(expected), around(found));
        self.differences.push(format!(
            "{name}: from byte {at} on, of {before} bytes before and {now} now:\n  expected ...{expected}\n  found    ...{found}"
        ));
    }

    /// Fails where anything differed.
    pub fn end(self) {
        let count = self.differences.len();
        assert!(count == 0, "{count} differences:\n{}", self.differences.join("\n"));
    }
}

/// Whether bytes are equal but for digests and the last digits of numbers, be they written as text or stored as eight bytes.
pub fn is_alike(one: &[u8], other: &[u8]) -> bool {
    let (mut at, mut other_at) = (0, 0);
    while at < one.len() && other_at < other.len() {
        if one[at] == other[other_at] {
            (at, other_at) = (at + 1, other_at + 1);
        } else if let Some((length, other_length)) = double(one, at, other, other_at).or_else(|| {
            let (text, behind) = word(one, at);
            let (other_text, other_behind) = word(other, other_at);
            is_last_digits(text, other_text).then_some((behind, other_behind))
        }) {
            (at, other_at) = (at + length, other_at + other_length);
        } else {
            return false;
        }
    }
    at == one.len() && other_at == other.len()
}

/// How many bytes are left of a stored number around these places, where it differs in its last digits alone.
fn double(one: &[u8], at: usize, other: &[u8], other_at: usize) -> Option<(usize, usize)> {
    let bits = |bytes: &[u8], at: usize| {
        let number = bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)?;
        // The sizes that rates, ratios and p-values have. Other bytes are seldom such a number by chance.
        (1e-12..1e6).contains(&f64::from_bits(number).abs()).then_some(number)
    };
    (0..8).find_map(|back| {
        let (one, other) = (bits(one, at.checked_sub(back)?)?, bits(other, other_at.checked_sub(back)?)?);
        let alike = one.abs_diff(other) <= 4_096 || is_corrected(f64::from_bits(one), f64::from_bits(other));
        alike.then_some((8 - back, 8 - back))
    })
}

/// The number or digest as text that is around a place, and how much of it is behind.
fn word(bytes: &[u8], at: usize) -> (&[u8], usize) {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || b".+-".contains(byte);
    let start = bytes[..at].iter().rposition(|byte| !is_part(byte)).map_or(0, |place| place + 1);
    let length = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
    (&bytes[start..at + length], length)
}

fn is_last_digits(one: &[u8], other: &[u8]) -> bool {
    let is_digest = |word: &[u8]| word.len() == 32 && word.iter().all(u8::is_ascii_hexdigit);
    let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<f64>().ok();
    let near =
        |one: f64, other: f64| (one - other).abs() <= 1e-12 * one.abs().max(other.abs()) || is_corrected(one, other);
    is_digest(one) && is_digest(other) || number(one).zip(number(other)).is_some_and(|(one, other)| near(one, other))
}

/// Whether one of the numbers corrects the other, in whatever order they are compared. Earlier versions had other last digits.
fn is_corrected(one: f64, other: f64) -> bool {
    let near = |one: f64, other: f64| (one / other - 1.0).abs() < 1e-12;
    CORRECTED
        .iter()
        .any(|(wrong, right)| near(one, *wrong) && near(other, *right) || near(one, *right) && near(other, *wrong))
}

/// 32 hex digits.
pub fn hash(bytes: &[u8]) -> String {
    let hash = SipHasher24::new().hash(bytes);
    format!("{:016x}{:016x}", hash.h1, hash.h2)
}

/// A file of `tests/vectors/unchanged`.
pub fn stored(name: &str) -> PathBuf {
    repository().join("tests/vectors/unchanged").join(name)
}

/// The folder with `Cargo.toml`.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
