//! Judgement: from a scene and its rules to findings. Each rule kind has a file or folder of its own.

mod disparity;
mod finding;
mod missing;
mod scene;
mod stages;
mod unlisted;

pub use disparity::{Evaluator, EvaluatorState};
pub use finding::{Estimate, Evaluation, Finding, FindingKey, Late, PendingBounds, StratifiedEstimate, Verdict};
pub use missing::{Missing, MissingSide};
pub use scene::Scene;
pub use stages::{Funnel, FunnelTable, MAX_FUNNEL_ROWS, Stage, StageCounts};
pub use unlisted::{Unlisted, UnlistedValue, unlisted};
