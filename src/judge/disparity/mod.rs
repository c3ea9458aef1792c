//! Rule kind `disparity`: a group's indicator compared with its reference's.

mod evaluate;
mod funnel;
mod indicator;
mod membership;
mod verdict;

pub use evaluate::{Evaluator, EvaluatorState};
pub use funnel::{Funnel, FunnelTable, MAX_FUNNEL_ROWS, Stage, StageCounts, funnel};
