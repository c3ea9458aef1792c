//! Files made by an earlier version of the program, and what is found now.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};

use siphasher::sip128::SipHasher24;

/// Compares with the files, and names every difference at the end.
#[derive(Default)]
pub struct Comparison {
    /// What was found other than it was, in words.
    pub differences: Vec<String>,
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
        if std::env::var_os("PARITYWATCH_UPDATE_UNCHANGED").is_some() {
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
        if expected == found {
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
