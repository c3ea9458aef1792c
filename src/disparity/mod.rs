//! Judgement: indicators, comparison, rules, findings.

mod comparison;
mod evaluate;
mod finding;
mod indicator;
mod membership;
mod rule;
mod sequence;
mod verdict;

pub use evaluate::{Evaluator, EvaluatorState, Scene};
pub use finding::*;
pub use rule::*;
pub use sequence::{Reading, Sequences, SequencesState, SeriesEvidence, StagedPopulation, feeds};
