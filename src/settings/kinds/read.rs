//! What the readers of all kinds share.

use crate::settings::given::Given;
use crate::settings::problem::Problems;
use crate::settings::terms::{Channel, DimensionId, RuleKind, WindowLength};

/// The kinds of rules, by their words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::settings) enum Kind {
    Disparity,
    Criterion,
    Automation,
    Benchmark,
    Suitability,
    Coverage,
    Drift,
    Silence,
    Complaints,
}

/// What was read of a rule's kind.
pub(in crate::settings) struct ReadKind {
    pub kind: RuleKind,
    pub channels: Vec<Channel>,
    pub dimensions: Vec<DimensionId>,
    pub windows: Vec<WindowLength>,
    pub min_events: u64,
    /// The names of other rules, which may come later.
    pub names: Option<Names>,
}

/// The names of other rules that a rule gives.
pub(in crate::settings) enum Names {
    /// Those that one of kind `benchmark` serves; `None` for all that compare with the random channel.
    Serves(Option<Vec<Given<String>>>),
    /// The one in which one of kind `drift` looks for a change.
    Of(Given<String>),
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Disparity,
        Self::Criterion,
        Self::Automation,
        Self::Benchmark,
        Self::Suitability,
        Self::Coverage,
        Self::Drift,
        Self::Silence,
        Self::Complaints,
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
            Self::Complaints => "complaints",
        }
    }
}

/// Whether a number lies between 0 and 1, neither included.
pub(super) fn is_open_share(number: f64) -> bool {
    0.0 < number && number < 1.0
}

/// What is expected of such a number.
pub(super) const OPEN_SHARE: &str = "a number above 0 and below 1";

/// Refuses the second of two numbers that must lie in an order.
pub(super) fn refuse_order(expected: String, found: &Given<f64>, problems: &mut Problems) {
    found.refuse(problems, expected, found.to_string());
}
