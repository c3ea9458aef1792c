//! What is wrong with an expression.

/// Why an expression is none: what was expected, what was found, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JqError {
    /// What would be right.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// Where, in bytes from the beginning.
    pub at: usize,
}
