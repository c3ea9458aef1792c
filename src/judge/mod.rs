//! Judgement: from a scene and its rules to findings. Each rule kind has a file or folder of its own.

mod association;
mod automation;
mod benchmark;
mod coverage;
mod criterion;
mod disparity;
mod drift;
mod duty;
mod evaluator;
mod finding;
mod missing;
mod reason;
mod scene;
mod silence;
mod stages;
mod suitability;
mod sums;
mod unlisted;

pub use disparity::EvaluatorState;
pub use evaluator::Evaluator;
pub use finding::{
    Association, Claim, Estimate, Evaluation, Extra, Finding, FindingKey, Late, OutcomeRange, PendingBounds,
    StratifiedEstimate, Verdict,
};
pub use missing::{Missing, MissingSide};
pub use reason::Reason;
pub use scene::Scene;
pub use stages::{ByClass, Funnel, FunnelTable, MAX_FUNNEL_ROWS, Stage, StageCounts};
pub use unlisted::{Unlisted, UnlistedValue, unlisted};
