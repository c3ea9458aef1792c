//! A schema as the decoder reads it: a list of nodes that refer to each other by their places, so that a schema may contain itself.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{InnerDecimalSchema, Name, UuidSchema};

use crate::source::format::json::{Json, shown};
use crate::source::format::moment::Unit;

/// Nodes of a schema, at most.
const MAX_NODES: usize = 100_000;

/// Levels of objects and lists within each other, those of a schema and of all that it refers to added up, at most: a name in the one leads into the other,
/// and whatever reads them calls itself for each level.
const MAX_LEVELS: usize = 1_024;

/// A schema of Avro, by which records were written.
#[derive(Debug)]
pub struct AvroSchema {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Place,
    name: Option<String>,
}

/// The place of a node.
pub(super) type Place = usize;

/// A type.
#[derive(Debug)]
pub(super) enum Node {
    Null,
    Boolean,
    Int(Meaning),
    Long(Meaning),
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    /// By its scale, and its size where that is fixed.
    Decimal(usize, Option<usize>),
    /// Bytes of a number, then its scale.
    BigDecimal,
    /// 16 bytes that are written as an id; `true`: with their number before them.
    Id(bool),
    /// Months, days and milliseconds.
    Duration,
    /// Symbols in quotes.
    Enum(Vec<Box<[u8]>>),
    List(Place),
    Map(Place),
    Union(Vec<Place>),
    /// Fields by their names in quotes, with a colon.
    Record(Vec<(Box<[u8]>, Place)>),
    /// A type that is named and not defined yet.
    Undefined,
}

/// What a whole number means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    Number,
    Date,
    TimeOfDay(Unit),
    Instant(Unit),
    /// A date and a time without a zone.
    Local(Unit),
}

impl AvroSchema {
    /// Reads a schema; `references` are the named types that it may use, those that others use first.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str, references: &[String]) -> Result<Self, String> {
        let levels: usize = references.iter().map(String::as_str).chain([text]).map(levels).sum();
        if levels > MAX_LEVELS {
            return Err(format!("expected at most {MAX_LEVELS} levels of all texts together, found {levels}"));
        }
        let (schema, references) = if references.is_empty() {
            (Schema::parse_str(text).map_err(|error| error.to_string())?, Vec::new())
        } else {
            Schema::parse_str_with_list(text, references).map_err(|error| error.to_string())?
        };
        let mut maker = Maker { nodes: Vec::new(), named: HashMap::new() };
        for reference in &references {
            maker.add(reference)?;
        }
        let root = maker.add(&schema)?;
        let undefined = maker.named.iter().find(|(_, place)| matches!(maker.nodes.get(**place), Some(Node::Undefined)));
        if let Some((name, _)) = undefined {
            return Err(format!("expected a definition of the type {}, found none", shown(name)));
        }
        let name = schema.name().map(|name| name.fullname(None));
        Ok(Self { nodes: maker.nodes, root, name })
    }

    /// Returns the full name of the type of its records; `None` where that has none.
    pub(in crate::source::format) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// How many objects and lists of a text in JSON are within each other, at most.
fn levels(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Makes nodes of a schema.
struct Maker {
    nodes: Vec<Node>,
    named: HashMap<String, Place>,
}

impl Maker {
    /// Returns the place of a type's node.
    fn add(&mut self, schema: &Schema) -> Result<Place, String> {
        let node = match schema {
            Schema::Null => Node::Null,
            Schema::Boolean => Node::Boolean,
            Schema::Int => Node::Int(Meaning::Number),
            Schema::Long => Node::Long(Meaning::Number),
            Schema::Date => Node::Int(Meaning::Date),
            Schema::TimeMillis => Node::Int(Meaning::TimeOfDay(Unit::Millis)),
            Schema::TimeMicros => Node::Long(Meaning::TimeOfDay(Unit::Micros)),
            Schema::TimestampMillis => Node::Long(Meaning::Instant(Unit::Millis)),
            Schema::TimestampMicros => Node::Long(Meaning::Instant(Unit::Micros)),
            Schema::TimestampNanos => Node::Long(Meaning::Instant(Unit::Nanos)),
            Schema::LocalTimestampMillis => Node::Long(Meaning::Local(Unit::Millis)),
            Schema::LocalTimestampMicros => Node::Long(Meaning::Local(Unit::Micros)),
            Schema::LocalTimestampNanos => Node::Long(Meaning::Local(Unit::Nanos)),
            Schema::Float => Node::Float,
            Schema::Double => Node::Double,
            Schema::Bytes => Node::Bytes,
            Schema::String | Schema::Uuid(UuidSchema::String) => Node::Text,
            Schema::Uuid(UuidSchema::Bytes) => Node::Id(true),
            Schema::BigDecimal => Node::BigDecimal,
            Schema::Decimal(decimal) => match &decimal.inner {
                InnerDecimalSchema::Bytes => Node::Decimal(decimal.scale, None),
                InnerDecimalSchema::Fixed(fixed) => {
                    return self.define(&fixed.name, Node::Decimal(decimal.scale, Some(fixed.size)));
                }
            },
            Schema::Uuid(UuidSchema::Fixed(fixed)) => return self.define(&fixed.name, Node::Id(false)),
            Schema::Duration(fixed) => return self.define(&fixed.name, Node::Duration),
            Schema::Fixed(fixed) => return self.define(&fixed.name, Node::Fixed(fixed.size)),
            Schema::Enum(symbols) => {
                let quoted = symbols.symbols.iter().map(|symbol| quoted(symbol, "")).collect();
                return self.define(&symbols.name, Node::Enum(quoted));
            }
            Schema::Array(array) => Node::List(self.add(&array.items)?),
            Schema::Map(map) => Node::Map(self.add(&map.types)?),
            Schema::Union(union) => {
                let variants = union.variants().iter().map(|variant| self.add(variant));
                Node::Union(variants.collect::<Result<_, _>>()?)
            }
            Schema::Record(record) => {
                // Its own fields may refer to it.
                let place = self.define(&record.name, Node::Undefined)?;
                let fields = record.fields.iter();
                let fields = fields.map(|field| Ok((quoted(&field.name, ":"), self.add(&field.schema)?)));
                let fields = fields.collect::<Result<_, String>>()?;
                if let Some(node) = self.nodes.get_mut(place) {
                    *node = Node::Record(fields);
                }
                return Ok(place);
            }
            Schema::Ref { name } => return self.refer(name),
        };
        self.push(node)
    }

    fn push(&mut self, node: Node) -> Result<Place, String> {
        if self.nodes.len() >= MAX_NODES {
            return Err(format!("expected at most {MAX_NODES} types, found more"));
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// Returns the place of a named type, which may be defined later.
    fn refer(&mut self, name: &Name) -> Result<Place, String> {
        let name = name.fullname(None);
        if let Some(place) = self.named.get(&name) {
            return Ok(*place);
        }
        let place = self.push(Node::Undefined)?;
        self.named.insert(name, place);
        Ok(place)
    }

    fn define(&mut self, name: &Name, node: Node) -> Result<Place, String> {
        let place = self.refer(name)?;
        if let Some(defined) = self.nodes.get_mut(place) {
            *defined = node;
        }
        Ok(place)
    }
}

/// Returns a name as a JSON string, with what stands behind it.
fn quoted(name: &str, behind: &str) -> Box<[u8]> {
    let mut text = Vec::new();
    // Without a limit it does not fail.
    let _ = Json::new(&mut text, usize::MAX).string(name);
    text.extend_from_slice(behind.as_bytes());
    text.into_boxed_slice()
}
