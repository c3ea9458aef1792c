//! Records of Avro, to JSON. Nothing is allocated by what a record claims of itself: what is written is bounded, and every value writes something.

use super::schema::{AvroSchema, Meaning, Node, Place};
use crate::event::{Reason, Rejection};
use crate::source::format::decimal::decimal;
use crate::source::format::json::{Json, MAX_DEPTH};
use crate::source::format::moment::{date, instant, time_of_day};

/// Bytes of the longest number.
const MAX_NUMBER_BYTES: u32 = 10;
/// Bytes of a duration: three numbers of 4 bytes.
const DURATION_BYTES: usize = 12;
/// Bytes of an id.
const ID_BYTES: usize = 16;

impl AvroSchema {
    /// Writes a record as JSON. The shape is that of the schema: a union is the value of its branch, bytes and fixed ones are base64, and an instant is
    /// a time by RFC 3339.
    ///
    /// # Errors
    /// A [`Rejection`] if the bytes are not of this schema, or the text would become too long or too deep.
    pub(in crate::source::format) fn write(&self, body: &[u8], json: &mut Json<'_>) -> Result<(), Rejection> {
        let mut reader = Reader { rest: body, length: body.len() };
        self.value(self.root, &mut reader, json, 0)?;
        match reader.rest.len() {
            0 => Ok(()),
            left => Err(reader.refused(&format!("the end of the record, found {left} more bytes"))),
        }
    }

    fn value(&self, place: Place, reader: &mut Reader<'_>, json: &mut Json<'_>, depth: usize) -> Result<(), Rejection> {
        if depth > MAX_DEPTH {
            let detail = format!("payload: expected at most {MAX_DEPTH} nested levels, found more");
            return Err(Rejection::of_format(Reason::TooDeep, detail));
        }
        match self.nodes.get(place) {
            Some(Node::Union(branches)) => {
                let branch = usize::try_from(reader.number()?).ok().and_then(|index| branches.get(index));
                let Some(branch) = branch else { return Err(reader.refused("a branch of the union, found none")) };
                self.value(*branch, reader, json, depth + 1)
            }
            Some(Node::List(items)) => {
                json.put(b"[")?;
                self.each(reader, json, |reader, json| self.value(*items, reader, json, depth + 1))?;
                json.put(b"]")
            }
            Some(Node::Map(values)) => {
                json.put(b"{")?;
                self.each(reader, json, |reader, json| {
                    json.key(reader.text()?)?;
                    self.value(*values, reader, json, depth + 1)
                })?;
                json.put(b"}")
            }
            Some(Node::Record(fields)) => {
                let mut before: &[u8] = b"{";
                for (name, place) in fields {
                    json.put(before)?;
                    json.put(name)?;
                    self.value(*place, reader, json, depth + 1)?;
                    before = b",";
                }
                json.put(if fields.is_empty() { b"{}" } else { b"}" })
            }
            Some(node) => scalar(node, reader, json),
            None => Err(reader.refused("a type of the schema, found none")),
        }
    }

    /// Reads the blocks of a list or a map. Each item writes at least a byte, so a count that nothing stands behind ends at the limit of the text.
    fn each(
        &self,
        reader: &mut Reader<'_>,
        json: &mut Json<'_>,
        mut item: impl FnMut(&mut Reader<'_>, &mut Json<'_>) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        let mut is_first = true;
        loop {
            let count = reader.number()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The bytes of the block, for those who pass over it.
                reader.number()?;
            }
            for _ in 0..count.unsigned_abs() {
                if !std::mem::replace(&mut is_first, false) {
                    json.put(b",")?;
                }
                item(reader, json)?;
            }
        }
    }
}

/// Writes a value that holds no other.
fn scalar(node: &Node, reader: &mut Reader<'_>, json: &mut Json<'_>) -> Result<(), Rejection> {
    match node {
        Node::Null => json.put(b"null"),
        Node::Boolean => match reader.byte()? {
            0 => json.put(b"false"),
            1 => json.put(b"true"),
            _ => Err(reader.refused("a byte 0 or 1 for a boolean, found another")),
        },
        Node::Int(meaning) => {
            let number = reader.number()?;
            if i32::try_from(number).is_err() {
                return Err(reader.refused("an int of 32 bits, found a larger number"));
            }
            whole(*meaning, number, json)
        }
        Node::Long(meaning) => whole(*meaning, reader.number()?, json),
        Node::Float => json.float(f32::from_le_bytes(reader.array()?)),
        Node::Double => json.double(f64::from_le_bytes(reader.array()?)),
        Node::Bytes => json.base64(reader.bytes()?),
        Node::Text => json.string(reader.text()?),
        Node::Fixed(size) => json.base64(reader.take(*size)?),
        Node::Decimal(scale, None) => decimal(json, reader.bytes()?, *scale),
        Node::Decimal(scale, Some(size)) => decimal(json, reader.take(*size)?, *scale),
        Node::BigDecimal => big_decimal(reader, json),
        Node::Id(counted) => {
            let bytes = if *counted { reader.bytes()? } else { reader.take(ID_BYTES)? };
            match <[u8; ID_BYTES]>::try_from(bytes) {
                Ok(id) => json.id(id),
                Err(_) => json.base64(bytes),
            }
        }
        Node::Duration => duration(reader.take(DURATION_BYTES)?, json),
        Node::Enum(symbols) => {
            let symbol = usize::try_from(reader.number()?).ok().and_then(|index| symbols.get(index));
            let Some(symbol) = symbol else { return Err(reader.refused("a symbol of the enum, found none")) };
            json.put(symbol)
        }
        Node::List(_) | Node::Map(_) | Node::Union(_) | Node::Record(_) | Node::Undefined => {
            Err(reader.refused("a type that is defined, found none"))
        }
    }
}

fn whole(meaning: Meaning, number: i64, json: &mut Json<'_>) -> Result<(), Rejection> {
    match meaning {
        Meaning::Number => json.whole(number),
        Meaning::Date => date(json, number),
        Meaning::TimeOfDay(unit) => time_of_day(json, number, unit),
        Meaning::Instant(unit) => instant(json, number, unit, false),
        Meaning::Local(unit) => instant(json, number, unit, true),
    }
}

fn big_decimal(reader: &mut Reader<'_>, json: &mut Json<'_>) -> Result<(), Rejection> {
    let bytes = reader.bytes()?;
    let mut inner = Reader { rest: bytes, length: bytes.len() };
    let (number, scale) = (inner.bytes()?, inner.number()?);
    match usize::try_from(scale) {
        Ok(scale) => decimal(json, number, scale),
        Err(_) => json.base64(bytes),
    }
}

/// Writes a duration by ISO 8601.
fn duration(bytes: &[u8], json: &mut Json<'_>) -> Result<(), Rejection> {
    let mut reader = Reader { rest: bytes, length: bytes.len() };
    let mut part = || Ok::<_, Rejection>(u32::from_le_bytes(reader.array()?));
    let (months, days, millis) = (part()?, part()?, part()?);
    json.display(format_args!("\"P{months}M{days}DT{}.{:03}S\"", millis / 1_000, millis % 1_000))
}

/// The bytes of a record that were not read yet.
struct Reader<'p> {
    rest: &'p [u8],
    length: usize,
}

impl<'p> Reader<'p> {
    fn take(&mut self, count: usize) -> Result<&'p [u8], Rejection> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.refused(&format!("{count} bytes, found {}", self.rest.len())));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Rejection> {
        let bytes = self.take(N)?;
        <[u8; N]>::try_from(bytes).map_err(|_| self.refused("more bytes, found none"))
    }

    fn byte(&mut self) -> Result<u8, Rejection> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// Reads a whole number: seven bits to a byte, the lowest first, the sign in the lowest of all.
    fn number(&mut self) -> Result<i64, Rejection> {
        let mut bits = 0_u64;
        for index in 0..MAX_NUMBER_BYTES {
            let byte = self.byte()?;
            // Of the tenth byte only one bit has room.
            if index + 1 == MAX_NUMBER_BYTES && byte > 1 {
                break;
            }
            bits |= u64::from(byte & 0x7F) << (7 * index);
            if byte & 0x80 == 0 {
                return Ok((bits >> 1).cast_signed() ^ -((bits & 1).cast_signed()));
            }
        }
        Err(self.refused("a number of at most 64 bits, found a longer one"))
    }

    fn bytes(&mut self) -> Result<&'p [u8], Rejection> {
        let length = self.number()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(self.refused("a length of 0 or more, found a negative one")),
        }
    }

    fn text(&mut self) -> Result<&'p str, Rejection> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| {
            let at = self.length - self.rest.len();
            let detail =
                format!("payload: expected UTF-8 in a string, found other bytes before byte {at} of the record");
            Rejection::of_format(Reason::InvalidUtf8, detail)
        })
    }

    #[cold]
    fn refused(&self, expected: &str) -> Rejection {
        let at = self.length - self.rest.len();
        Rejection::of_format(
            Reason::UnsupportedFormat,
            format!("payload: Avro, byte {at} of the record: expected {expected}"),
        )
    }
}
