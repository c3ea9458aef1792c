//! The keys of `[[rules]]` that belong to one kind.

mod automation;
mod benchmark;
mod coverage;
mod criterion;
mod disparity;
mod drift;
mod silence;
mod suitability;

use super::given::Given;
use super::problem::Problems;
use super::terms::{Channel, DimensionId, RuleKind, WindowLength};

pub(super) use automation::automation;
pub(super) use benchmark::{benchmark, resolve_served};
pub(super) use coverage::coverage;
pub(super) use criterion::criterion;
pub(super) use disparity::disparity;
pub(super) use drift::{drift, resolve_watched};
pub(super) use silence::{DAYS, silence};
pub(super) use suitability::suitability;

/// The kinds of rules, by their words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Disparity,
    Criterion,
    Automation,
    Benchmark,
    Suitability,
    Coverage,
    Drift,
    Silence,
}

/// What was read of a rule's kind.
pub(super) struct ReadKind {
    pub kind: RuleKind,
    pub channels: Vec<Channel>,
    pub dimensions: Vec<DimensionId>,
    pub windows: Vec<WindowLength>,
    pub min_events: u64,
    /// The names of other rules, which may come later.
    pub names: Option<Names>,
}

/// The names of other rules that a rule gives.
pub(super) enum Names {
    /// Those that one of kind `benchmark` serves; `None` for all that compare with the random channel.
    Serves(Option<Vec<Given<String>>>),
    /// The one in which one of kind `drift` looks for a change.
    Of(Given<String>),
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Disparity,
        Self::Criterion,
        Self::Automation,
        Self::Benchmark,
        Self::Suitability,
        Self::Coverage,
        Self::Drift,
        Self::Silence,
    ];

    /// Returns the word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disparity => "disparity",
            Self::Criterion => "criterion",
            Self::Automation => "automation",
            Self::Benchmark => "benchmark",
            Self::Suitability => "suitability",
            Self::Coverage => "coverage",
            Self::Drift => "drift",
            Self::Silence => "silence",
        }
    }
}

/// Whether a number lies between 0 and 1, neither included.
fn is_open_share(number: f64) -> bool {
    0.0 < number && number < 1.0
}

/// What is expected of such a number.
const OPEN_SHARE: &str = "a number above 0 and below 1";

/// Refuses the second of two numbers that must lie in an order.
fn refuse_order(expected: String, found: &Given<f64>, problems: &mut Problems) {
    found.refuse(problems, expected, found.to_string());
}
