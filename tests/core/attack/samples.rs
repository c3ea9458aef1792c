//! Reads Prometheus' text format.

use std::collections::BTreeMap;

const PREFIX: &str = "paritywatch_";

/// The samples of a page: the name with its labels as written, without the prefix.
pub fn samples(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let read = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.strip_prefix(PREFIX)?.to_owned(), value.parse().ok()?))
    };
    lines.filter_map(read).collect()
}

/// The name without its labels.
pub fn family(name: &str) -> &str {
    name.split('{').next().unwrap_or(name)
}
