//! The result of decoding a record.

use super::model::Event;

/// What a record is, where it is not rejected.
#[derive(Clone, Debug, PartialEq)]
// A box would cost an allocation for nearly every record, and would save nothing: none of these is kept.
#[expect(clippy::large_enum_variant)]
pub enum Decoded<'a> {
    /// An event of the contract.
    Event(Event<'a>),
    /// A CloudEvent of a type that the contract does not have.
    UnknownType,
}
