//! Judgement: indicators, comparison, rules, findings.

mod comparison;
mod evaluate;
mod finding;
mod funnel;
mod indicator;
mod membership;
mod rule;
mod sequence;
mod verdict;

pub use evaluate::{Evaluator, EvaluatorState, Scene};
pub use finding::*;
pub use funnel::{Funnel, FunnelTable, MAX_FUNNEL_ROWS, Stage, StageCounts, funnel};
pub use rule::*;
pub use sequence::{Reading, Sequences, SequencesState, SeriesEvidence, StagedPopulation, feeds};
