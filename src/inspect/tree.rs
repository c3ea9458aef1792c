//! The fields of records that are not of the contract: which paths there are, and what their values look like. No value is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::field_name::{is_plain, pointer_part};
use super::shape::{Shape, yes_no};
use super::unit::{Unit, hash_of};

/// Most names of one object that are told apart. One with more has keys that are data: those that few records have are forgotten.
const MOST_NAMES: usize = 500;
/// The deepest level that is looked at.
const MOST_DEPTH: usize = 16;
/// Distinct values that are told apart, at most.
pub(super) const MOST_DISTINCT: usize = 1_000;
/// Elements of one array that are looked at.
const MOST_ELEMENTS: usize = 100;
/// The least share of the records that have a name that is shown.
const LEAST_SHARE: f64 = 0.01;

/// A place in records: a field, an element of an array, or the top.
#[derive(Default)]
pub(super) struct Node {
    /// Records that have it.
    pub present: u64,
    /// Values, by their types in JSON.
    pub types: BTreeMap<&'static str, u64>,
    /// Values that are no object and no array, by class.
    pub shapes: BTreeMap<Shape, u64>,
    /// Hashes of distinct values, at most [`MOST_DISTINCT`] and one.
    pub distinct: BTreeSet<u64>,
    /// Words for yes and no, as they are written, in the dictionary's letter case.
    pub yes_no: BTreeMap<String, bool>,
    /// The least and the greatest integer, by which days since 1970 are told.
    pub integers: Option<(i64, i64)>,
    /// Some of the units that have it, as many as are asked for at least.
    units: BTreeSet<u64>,
    /// The last record that was counted in `present`, from 1.
    last: u64,
    fields: BTreeMap<String, Node>,
    elements: Option<Box<Node>>,
    /// Whether it has keys that are data: what their values have in common is among the elements.
    is_map: bool,
    /// Names that were forgotten.
    forgotten: u64,
}

/// The fields of many records.
#[derive(Default)]
pub(super) struct Tree {
    top: Node,
    records: u64,
}

/// A path that may be shown.
pub(super) struct Path<'t> {
    /// JSON Pointer; `*` stands for each element of an array, or each value of a map.
    pub pointer: String,
    /// The names alone, outermost first.
    pub names: Vec<&'t str>,
    /// The pointer of the innermost array that it is in, and what follows behind its elements.
    pub array: Option<(String, String)>,
    /// What is there.
    pub node: &'t Node,
}

impl Tree {
    /// Adds a record.
    pub fn add(&mut self, value: &Value, unit: Unit) {
        self.records += 1;
        self.top.add(value, (self.records, unit), 0);
    }

    /// Returns how many records there are.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Returns the paths whose names may be shown, in the order of the names; and how many were left out.
    ///
    /// A name may be shown where it looks like one that a programmer wrote, and enough units (at least `least`) and enough records have it.
    pub fn paths(&self, least: u64) -> (Vec<Path<'_>>, u64) {
        let mut found = (Vec::new(), 0);
        let begin = Path { pointer: String::new(), names: Vec::new(), array: None, node: &self.top };
        self.collect(&begin, least, &mut found);
        found
    }

    fn collect<'t>(&'t self, path: &Path<'t>, least: u64, found: &mut (Vec<Path<'t>>, u64)) {
        found.1 += path.node.forgotten;
        for (name, node) in &path.node.fields {
            if !self.may_show(name, node, least) {
                found.1 += 1;
                continue;
            }
            let part = pointer_part(name);
            let pointer = format!("{}/{part}", path.pointer);
            let names = path.names.iter().copied().chain([name.as_str()]).collect();
            let array = path.array.clone().map(|(array, rest)| (array, format!("{rest}/{part}")));
            self.show(Path { pointer, names, array, node }, least, found);
        }
        if let Some(node) = &path.node.elements {
            let array = if path.node.is_map { path.array.clone() } else { Some((path.pointer.clone(), String::new())) };
            let pointer = format!("{}/*", path.pointer);
            self.show(Path { pointer, names: path.names.clone(), array, node }, least, found);
        }
    }

    fn show<'t>(&'t self, path: Path<'t>, least: u64, found: &mut (Vec<Path<'t>>, u64)) {
        let inner = Path {
            pointer: path.pointer.clone(),
            names: path.names.clone(),
            array: path.array.clone(),
            node: path.node,
        };
        found.0.push(path);
        self.collect(&inner, least, found);
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of at most a million records")]
    fn may_show(&self, name: &str, node: &Node, least: u64) -> bool {
        is_plain(name) && node.units.len() as u64 >= least && node.present as f64 >= LEAST_SHARE * self.records as f64
    }
}

impl Node {
    fn add(&mut self, value: &Value, at: (u64, Unit), depth: usize) {
        let (record, unit) = at;
        if self.last != record {
            (self.last, self.present) = (record, self.present + 1);
            if self.units.len() < MOST_DISTINCT {
                self.units.insert(unit.hash());
            }
        }
        *self.types.entry(type_of(value)).or_default() += 1;
        match value {
            Value::Object(fields) if depth < MOST_DEPTH => {
                for (name, value) in fields {
                    self.field(name).add(value, at, depth + 1);
                }
            }
            Value::Array(elements) if depth < MOST_DEPTH => {
                let node = self.elements.get_or_insert_default();
                elements.iter().take(MOST_ELEMENTS).for_each(|element| node.add(element, at, depth + 1));
            }
            Value::Object(_) | Value::Array(_) | Value::Null => {}
            _ => self.note(value),
        }
    }

    /// Returns the node of a field. Where there are too many names, those that few records have are forgotten, and what comes later is like elements.
    fn field(&mut self, name: &str) -> &mut Self {
        if !self.is_map && self.fields.len() >= MOST_NAMES && !self.fields.contains_key(name) {
            self.is_map = true;
            let few = (self.present / 100).max(1);
            let before = self.fields.len();
            self.fields.retain(|_, node| node.present > few);
            self.forgotten = (before - self.fields.len()) as u64;
        }
        if self.is_map && !self.fields.contains_key(name) {
            return self.elements.get_or_insert_default();
        }
        self.fields.entry(name.to_owned()).or_default()
    }

    fn note(&mut self, value: &Value) {
        let shape = match value {
            Value::Bool(_) => Shape::Boolean,
            Value::String(text) => Shape::of_text(text),
            _ => match value.as_i64() {
                Some(number) => {
                    let (least, most) = self.integers.unwrap_or((number, number));
                    self.integers = Some((least.min(number), most.max(number)));
                    Shape::of_integer(number)
                }
                None => Shape::Number,
            },
        };
        *self.shapes.entry(shape).or_default() += 1;
        if self.distinct.len() <= MOST_DISTINCT {
            self.distinct.insert(hash_of(value));
        }
        if let Value::String(text) = value
            && let Some(yes) = yes_no(text.trim())
        {
            self.yes_no.insert(text.trim().to_owned(), yes);
        }
    }

    /// Returns whether values stand here, and not only objects and arrays.
    pub fn is_leaf(&self) -> bool {
        !self.shapes.is_empty()
    }

    /// Returns whether at least nine in ten values have one of these classes.
    pub fn is_mostly(&self, shapes: &[Shape]) -> bool {
        let count = |wanted: &dyn Fn(&Shape) -> bool| -> u64 {
            self.shapes.iter().filter(|(shape, _)| wanted(shape)).map(|(_, count)| count).sum()
        };
        let (all, fit) = (count(&|shape| *shape != Shape::Empty), count(&|shape| shapes.contains(shape)));
        all > 0 && fit * 10 >= all * 9
    }
}

/// Returns the type in JSON.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
