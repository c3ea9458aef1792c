//! The word for what somebody still has to decide on.

/// Stands in the place of a threshold or a ground that nobody has decided on: such a configuration is refused, with the line.
pub const OPEN: &str = "open";
