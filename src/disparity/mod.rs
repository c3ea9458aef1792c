//! Judgement: indicators, comparison, rules, findings.

mod comparison;
mod evaluate;
mod finding;
mod indicator;
mod rule;
mod verdict;

pub use evaluate::{Evaluator, Scene};
pub use finding::*;
pub use rule::*;
