//! Merges the layers of the configuration. Tables merge key by key, and the later layer wins; rules and mappings are joined.
//!
//! The crate `config` merges the values. What it cannot carry, such as places and TOML dates, is kept in a side table of the
//! same shape.

use std::collections::BTreeMap;

use config::{Config, ConfigError, Map, Source, ValueKind};

use super::place::Place;
use super::tree::{Entries, Entry, Value};

/// The key that holds a whole layer. `config` reads the top-level keys of a source as paths, in which a dot or a
/// bracket has a meaning; below this key every key is taken as it is.
const WHOLE: &str = "whole";

/// The lists that layers add to.
const LISTS: [&str; 2] = ["rules", "mappings"];

/// Merges `layers`, the first the lowest.
///
/// # Errors
/// What `config` reports. It reports nothing for layers that are in memory.
pub(super) fn merged(layers: Vec<Entries>) -> Result<Entries, ConfigError> {
    let mut lists = [const { None }; LISTS.len()];
    let mut spots = BTreeMap::new();
    let mut builder = Config::builder();
    for mut layer in layers {
        for (name, list) in LISTS.into_iter().zip(&mut lists) {
            append(list, &mut layer, name);
        }
        let (values, layer_spots) = split_table(layer);
        overlay(&mut spots, layer_spots);
        builder = builder.add_source(Layer(values));
    }
    let mut tree = join_table(builder.build()?.get_table(WHOLE)?, spots);
    for (name, list) in LISTS.into_iter().zip(lists) {
        if let Some(list) = list {
            // Where a layer has one of this name that is no list, that stays, to be reported.
            tree.entry(name.to_owned()).or_insert(list);
        }
    }
    Ok(tree)
}

/// Moves the list of a layer behind those of the layers before it. One that is no list stays for the reader.
fn append(lists: &mut Option<Entry>, layer: &mut Entries, name: &str) {
    if !matches!(layer.get(name), Some(Entry { value: Value::List(_), .. })) {
        return;
    }
    let added = layer.remove(name);
    match (lists, added) {
        (Some(Entry { value: Value::List(list), .. }), Some(Entry { value: Value::List(added), .. })) => {
            list.extend(added);
        }
        (lists, added) => *lists = added,
    }
}

/// A layer as a source of `config`.
#[derive(Clone, Debug)]
struct Layer(Map<String, config::Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, config::Value>, ConfigError> {
        Ok(Map::from_iter([(WHOLE.to_owned(), config::Value::new(None, ValueKind::Table(self.0.clone())))]))
    }
}

/// What `config` does not carry of a value.
struct Spot {
    place: Place,
    inside: Inside,
}

enum Inside {
    /// A scalar, which `config` carries whole.
    Scalar,
    /// The string is that of [`Value::Untyped`].
    Untyped,
    /// The string is that of [`Value::Other`].
    Other,
    List(Vec<Spot>),
    Table(Spots),
}

type Spots = BTreeMap<String, Spot>;

/// Puts the spots of a layer over those of the layers below it, as `config` does with the values. A table that both have
/// stays at the place where it was opened first.
fn overlay(below: &mut Spots, above: Spots) {
    for (key, spot) in above {
        match (below.get_mut(&key).map(|spot| &mut spot.inside), spot.inside) {
            (Some(Inside::Table(below)), Inside::Table(above)) => overlay(below, above),
            (_, inside) => {
                below.insert(key, Spot { inside, ..spot });
            }
        }
    }
}

fn split_table(table: Entries) -> (Map<String, config::Value>, Spots) {
    let split = |(key, entry): (String, Entry)| {
        let (value, spot) = split(entry);
        ((key.clone(), value), (key, spot))
    };
    table.into_iter().map(split).unzip()
}

/// Recurses as deep as the TOML parser lets a text nest.
fn split(Entry { place, value }: Entry) -> (config::Value, Spot) {
    let (kind, inside) = match value {
        Value::Text(text) => (ValueKind::String(text), Inside::Scalar),
        Value::Untyped(text) => (ValueKind::String(text), Inside::Untyped),
        Value::Other(text) => (ValueKind::String(text), Inside::Other),
        Value::Integer(integer) => (ValueKind::I64(integer), Inside::Scalar),
        Value::Float(number) => (ValueKind::Float(number), Inside::Scalar),
        Value::Boolean(boolean) => (ValueKind::Boolean(boolean), Inside::Scalar),
        Value::List(items) => {
            let (values, spots) = items.into_iter().map(split).unzip();
            (ValueKind::Array(values), Inside::List(spots))
        }
        Value::Table(table) => {
            let (values, spots) = split_table(table);
            (ValueKind::Table(values), Inside::Table(spots))
        }
    };
    (config::Value::new(None, kind), Spot { place, inside })
}

/// Every value has a spot, as both are merged by the same rule. A value that was lost would read as one of no type, which
/// every key refuses.
fn join_table(mut values: Map<String, config::Value>, spots: Spots) -> Entries {
    debug_assert_eq!(values.len(), spots.len(), "each value has a spot");
    let join = |(key, spot): (String, Spot)| {
        let entry = join((values.remove(&key).unwrap_or_default(), spot));
        (key, entry)
    };
    spots.into_iter().map(join).collect()
}

fn join((value, spot): (config::Value, Spot)) -> Entry {
    let value = match (value.kind, spot.inside) {
        (ValueKind::String(text), Inside::Scalar) => Value::Text(text),
        (ValueKind::String(text), Inside::Untyped) => Value::Untyped(text),
        (ValueKind::I64(integer), _) => Value::Integer(integer),
        (ValueKind::Float(number), _) => Value::Float(number),
        (ValueKind::Boolean(boolean), _) => Value::Boolean(boolean),
        (ValueKind::Array(values), Inside::List(spots)) => {
            debug_assert_eq!(values.len(), spots.len(), "a list is of one layer");
            Value::List(values.into_iter().zip(spots).map(join).collect())
        }
        (ValueKind::Table(values), Inside::Table(spots)) => Value::Table(join_table(values, spots)),
        // The string of `Inside::Other`. Nothing else gets here, and if it did, every key would refuse it.
        (kind, _) => Value::Other(kind.to_string()),
    };
    Entry { place: spot.place, value }
}
