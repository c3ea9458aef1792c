//! Judgement: indicators, comparison, rules, findings.

mod comparison;
mod evaluate;
mod finding;
mod indicator;
mod membership;
mod rule;
mod sequence;
mod verdict;

pub use evaluate::{Evaluator, Scene};
pub use finding::*;
pub use rule::*;
pub use sequence::{Reading, Sequences, SeriesEvidence, StagedPopulation, feeds};
