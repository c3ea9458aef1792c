//! Judgement: indicators, comparison, rules, findings.

mod finding;
mod rule;

pub use finding::*;
pub use rule::*;
