//! The corridor: composes the rooms above the I/O line into one deterministic state machine.

mod plan;

pub use plan::*;
