//! Rule kind `disparity`: compares an indicator of a group with that of its reference.

mod evaluate;
mod funnel;
mod indicator;
mod membership;
mod missing;
mod table;
mod verdict;

pub use evaluate::{DisparityJudge, EvaluatorState};
