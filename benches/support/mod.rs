//! What the benches share. Each bench compiles this module for itself and uses a part of it. A failure in here ends the bench, so the helpers
//! panic with what went wrong.

#![allow(dead_code, reason = "each bench uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a bench fails")]
#![allow(clippy::cast_precision_loss, reason = "figures to print")]

pub mod arguments;
pub mod feed;
pub mod figures;
pub mod machine;
pub mod mapped;
pub mod processor;
pub mod streams;
