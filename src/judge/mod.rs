//! Judgement: a file per rule kind; from a scene and a rule to findings.

mod disparity;
mod finding;
mod scene;

pub use disparity::{Evaluator, EvaluatorState, Funnel, FunnelTable, MAX_FUNNEL_ROWS, Stage, StageCounts, funnel};
pub use finding::{Estimate, Evaluation, Finding, FindingKey, Late, PendingBounds, StratifiedEstimate, Verdict};
pub use scene::Scene;
