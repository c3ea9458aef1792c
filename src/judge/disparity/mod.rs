//! Rule kind `disparity`: compares an indicator of a group with that of its reference.

mod evaluate;
mod funnel;
mod handled;
mod indicator;
mod interaction;
mod membership;
mod missing;
mod numbers;
mod table;
mod values;
mod verdict;

pub use evaluate::{DisparityJudge, EvaluatorState};
pub(super) use interaction::set_interactions;
pub use verdict::recount;
