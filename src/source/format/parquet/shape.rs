//! Which columns make which field of a row.

use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::schema::types::{SchemaDescriptor, Type};

use super::column::Column;
use crate::source::format::columns::Columns;
use crate::source::format::json::shown;
use crate::source::format::tree::Tree;

/// A field of a row. Columns are named by their places among those that are read.
#[derive(Debug)]
pub(super) enum Field {
    Value(usize),
    /// With the level from which an element is there.
    List(usize, i16),
    /// Keys, values, and the level from which an entry is there.
    Map(usize, usize, i16),
}

/// The fields of a row.
pub(super) struct Shape {
    pub tree: Tree<Field>,
    pub columns: Vec<Column>,
    /// Names of all columns of the file.
    pub names: Vec<String>,
    /// Names of columns whose shape is not read.
    pub left_out: Vec<String>,
}

impl Shape {
    /// Returns the shape of a file's rows, as far as they are read.
    ///
    /// # Errors
    /// Says which names cannot be those of one object.
    pub fn of(schema: &SchemaDescriptor, read: &Columns) -> Result<Self, String> {
        let mut shape = Self { tree: Tree::default(), columns: Vec::new(), names: Vec::new(), left_out: Vec::new() };
        let mut next = 0;
        for field in schema.root_schema().get_fields() {
            shape.add((schema, read), field, "", &mut next)?;
        }
        Ok(shape)
    }

    fn add(
        &mut self,
        of: (&SchemaDescriptor, &Columns),
        field: &Type,
        before: &str,
        next: &mut usize,
    ) -> Result<(), String> {
        let (schema, read) = of;
        let name = if before.is_empty() { field.name().to_owned() } else { format!("{before}.{}", field.name()) };
        self.names.push(name.clone());
        if !read.has(&name) {
            *next += leaves(field);
            return Ok(());
        }
        let repeated = is_repeated(field);
        if field.is_primitive() {
            let leaf = self.read(schema, next);
            let defined = schema.column(*next - 1).max_def_level();
            return self.put(&name, if repeated { Field::List(leaf, defined) } else { Field::Value(leaf) });
        }
        match inner(field) {
            Some(Inner::Element(is_nullable)) if !repeated => {
                let leaf = self.read(schema, next);
                let defined = schema.column(*next - 1).max_def_level() - i16::from(is_nullable);
                self.put(&name, Field::List(leaf, defined))
            }
            Some(Inner::Entry) if !repeated => {
                let keys = self.read(schema, next);
                let defined = schema.column(*next - 1).max_def_level();
                let values = self.read(schema, next);
                self.put(&name, Field::Map(keys, values, defined))
            }
            None if !repeated => field.get_fields().iter().try_for_each(|field| self.add(of, field, &name, next)),
            _ => {
                *next += leaves(field);
                self.left_out.push(name);
                Ok(())
            }
        }
    }

    fn put(&mut self, name: &str, field: Field) -> Result<(), String> {
        self.tree.add(name, field).map_err(|problem| format!("the column {}: expected {problem}", shown(name)))
    }

    /// Reads the next column of the file, and returns its place among those that are read.
    fn read(&mut self, schema: &SchemaDescriptor, next: &mut usize) -> usize {
        self.columns.push(Column::new(*next, &schema.column(*next)));
        *next += 1;
        self.columns.len() - 1
    }
}

/// What a group holds that is a list or a map.
enum Inner {
    /// Values; whether they may be null.
    Element(bool),
    /// A key and a value.
    Entry,
    /// Something else.
    Other,
}

/// Returns what a list or a map holds; `None` for any other group.
fn inner(group: &Type) -> Option<Inner> {
    let info = group.get_basic_info();
    let is = |logical: LogicalType, converted: &[ConvertedType]| {
        info.logical_type_ref() == Some(&logical) || converted.contains(&info.converted_type())
    };
    let is_map = is(LogicalType::Map, &[ConvertedType::MAP, ConvertedType::MAP_KEY_VALUE]);
    let is_list = is(LogicalType::List, &[ConvertedType::LIST]);
    if !is_list && !is_map {
        return None;
    }
    let [repeated] = group.get_fields() else { return Some(Inner::Other) };
    if !is_repeated(repeated) {
        return Some(Inner::Other);
    }
    if repeated.is_primitive() {
        return Some(if is_list { Inner::Element(false) } else { Inner::Other });
    }
    match repeated.get_fields() {
        [element] if is_list && element.is_primitive() && !is_repeated(element) => {
            Some(Inner::Element(element.is_optional()))
        }
        [key, value]
            if is_map
                && [key, value].iter().all(|part| part.is_primitive() && !is_repeated(part))
                && !key.is_optional() =>
        {
            Some(Inner::Entry)
        }
        _ => Some(Inner::Other),
    }
}

fn is_repeated(field: &Type) -> bool {
    let info = field.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}

fn leaves(field: &Type) -> usize {
    if field.is_primitive() { 1 } else { field.get_fields().iter().map(|field| leaves(field)).sum() }
}
