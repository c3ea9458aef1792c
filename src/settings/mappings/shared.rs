//! What the keys of a mapping share: what they may name, paths, constants.

use super::super::given::Given;
use super::super::key::shown;
use super::super::problem::Problems;
use super::super::schema::Kafka;
use super::super::terms::{Constant, Dimension, Path, Profile};
use super::super::tree::Value;

/// Longest path, pattern of a name, or text that is compared, in bytes.
pub(super) const MAX_PATH_BYTES: usize = 1_024;

/// What mappings may name.
pub(in super::super) struct Known<'k> {
    /// The topics that are read; `None` without a section `[kafka]`.
    pub topics: Option<&'k [String]>,
    pub profiles: &'k [Profile],
    pub dimensions: &'k [Dimension],
}

impl<'k> Known<'k> {
    pub fn new(kafka: Option<&'k Kafka>, profiles: &'k [Profile], dimensions: &'k [Dimension]) -> Self {
        Self { topics: kafka.map(|kafka| kafka.topics.as_slice()), profiles, dimensions }
    }
}

/// Reads a path; one that leads nowhere is reported.
pub(super) fn path_of(text: &Given<String>, problems: &mut Problems) -> Option<Path> {
    let refused = match Path::parse(text) {
        Ok(path) if text.len() <= MAX_PATH_BYTES => return Some(path),
        Ok(_) => ("a path of at most 1024 bytes".to_owned(), "more".to_owned()),
        Err((expected, found)) => (expected.to_owned(), format!("{found} in {}", shown(text))),
    };
    text.refuse(problems, refused.0, refused.1);
    None
}

/// Returns a constant of the configuration; `None` where it is none.
pub(super) fn constant(value: &Value) -> Option<Constant> {
    Some(match value {
        Value::Text(text) | Value::Untyped(text) => Constant::Text(text.clone()),
        Value::Boolean(boolean) => Constant::Boolean(*boolean),
        Value::Integer(integer) => Constant::Integer(*integer),
        Value::Float(number) if number.is_finite() => Constant::Number(*number),
        _ => return None,
    })
}
