//! What a configuration says, key by key, and how it differs from another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// Keys with their values, as TOML. A rule's keys are named after it.
pub type Keys = BTreeMap<String, String>;

/// What differs between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Keys that there were not before.
    pub added: Keys,
    /// Keys that there are no more.
    pub removed: Keys,
    /// Keys with another value: before, and now.
    pub changed: BTreeMap<String, [String; 2]>,
}

impl Difference {
    /// What differs from `before` to `now`.
    pub fn of(before: &Keys, now: &Keys) -> Self {
        let only = |these: &Keys, others: &Keys| {
            these
                .iter()
                .filter(|(key, _)| !others.contains_key(*key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        let changed = now.iter().filter_map(|(key, value)| {
            let old = before.get(key).filter(|old| *old != value)?;
            Some((key.clone(), [old.clone(), value.clone()]))
        });
        Self { added: only(now, before), removed: only(before, now), changed: changed.collect() }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Makes `keys`, which were those before, those of now.
    pub fn apply(self, keys: &mut Keys) {
        self.removed.keys().for_each(|key| drop(keys.remove(key)));
        keys.extend(self.added);
        keys.extend(self.changed.into_iter().map(|(key, [_, now])| (key, now)));
    }
}

/// Reads what `print-config` prints, in which secrets are redacted.
pub fn keys_of(toml: &str) -> Keys {
    let mut keys = Keys::new();
    let table: Table = toml.parse().unwrap_or_default();
    debug_assert!(!table.is_empty() || toml.is_empty(), "what is printed is TOML");
    add("", &Value::Table(table), &mut keys);
    keys
}

fn add(path: &str, value: &Value, keys: &mut Keys) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Table(table) => table.iter().for_each(|(name, value)| add(&below(name), value, keys)),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_table) => {
            let name = |(index, item): (usize, &Value)| {
                item.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned)
            };
            let names: Vec<String> = items.iter().enumerate().map(name).collect();
            names.iter().zip(items).for_each(|(name, item)| add(&format!("{path}[{name}]"), item, keys));
            // Their order decides which is shown first, and is part of the hash.
            keys.insert(path.to_owned(), names.join(", "));
        }
        value => {
            keys.insert(path.to_owned(), value.to_string());
        }
    }
}
