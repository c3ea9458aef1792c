//! How much an expression may be and do.

/// The longest expression, in bytes.
pub const MAX_EXPRESSION: usize = 4_096;
/// The most steps that an expression takes with one record: an output of a call, an operator, a list, an object, or each value of several.
pub const MAX_STEPS: u32 = 100_000;
