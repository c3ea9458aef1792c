//! Judgement: from a scene and its rules to findings. Each rule kind has a file or folder of its own.

mod association;
mod automation;
mod benchmark;
mod blocks;
mod complaints;
mod coverage;
mod criterion;
mod disparity;
mod drift;
mod duty;
mod evaluator;
mod feedback;
mod finding;
mod missing;
mod periods;
mod reason;
mod reporting;
mod scene;
mod silence;
mod stages;
mod strata;
mod suitability;
mod sums;
mod unlisted;
mod versions;

pub use disparity::{EvaluatorState, recount};
pub use evaluator::Evaluator;
pub use finding::{
    Association, Claim, Contrast, Estimate, Evaluation, Extra, Finding, FindingKey, Interaction, Late, Later, Mix,
    MixKind, OutcomeRange, PendingBounds, Quantile, SeenVersion, StratifiedEstimate, ValueSide, Values, Verdict,
    Versions,
};
pub use missing::{Missing, MissingSide};
pub use periods::{JudgedPeriod, PERIOD_MARK, PeriodEvaluation, judge_periods};
pub use reason::Reason;
pub use scene::Scene;
pub use stages::{ByClass, Funnel, FunnelTable, MAX_FUNNEL_ROWS, Stage, StageCounts};
pub use unlisted::{Unlisted, UnlistedValue, unlisted};
