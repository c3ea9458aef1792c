//! Events by an expression of jq, for what paths cannot say.
//!
//! The expression is compiled once. Of the language it has what ends: no definitions, loops, recursion, updates, no clock, environment,
//! input or output ([`check`]). What can still take long is counted, step by step, and ends at a limit ([`filters`]).

mod check;
mod compiled;
mod error;
mod filters;
mod limits;
mod value;

pub use compiled::check_jq;
pub(super) use compiled::{Failed, Jq};
pub use error::JqError;
pub use filters::JQ_FILTERS;
pub use limits::{MAX_EXPRESSION, MAX_STEPS};
pub(super) use value::{member, text};
