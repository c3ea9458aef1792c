//! What decoding gives.

use crate::event::Event;

/// What a record turned out to be.
#[derive(Clone, Debug, PartialEq)]
// A box would cost an allocation for nearly every record, to save space in none that is kept.
#[expect(clippy::large_enum_variant)]
pub enum Decoded<'a> {
    /// An event of the contract.
    Event(Event<'a>),
    /// A CloudEvent of a type that is none of the contract's.
    UnknownType,
}
