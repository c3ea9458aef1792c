//! The names of Kafka's properties, which hold dots.

use super::key::key_path;
use super::problem::Problems;
use super::tree::{Entries, Value};

/// Joins the nested tables that `a.b.c = 1` makes into one key "a.b.c": the names of Kafka's properties hold dots.
pub(super) fn flatten_properties(tree: &mut Entries, problems: &mut Problems) {
    let kafka = tree.get_mut("kafka").map(|entry| &mut entry.value);
    // Either may be missing, or no table, which is reported where it is read.
    if let Some(Value::Table(kafka)) = kafka
        && let Some(Value::Table(properties)) = kafka.get_mut("properties").map(|entry| &mut entry.value)
    {
        let mut flat = Entries::new();
        flatten(std::mem::take(properties), "", &mut flat, problems);
        *properties = flat;
    }
}

/// Recurses as deep as the TOML parser lets a text nest.
fn flatten(nested: Entries, prefix: &str, flat: &mut Entries, problems: &mut Problems) {
    for (key, entry) in nested {
        let name = format!("{prefix}{key}");
        match entry.value {
            Value::Table(inner) => flatten(inner, &format!("{name}."), flat, problems),
            _ if flat.contains_key(&name) => {
                let path = key_path("kafka.properties", &name);
                problems.add(&entry.place, &path, "the property only once", "it a second time");
            }
            _ => {
                flat.insert(name, entry);
            }
        }
    }
}
