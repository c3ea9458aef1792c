//! How bad an alert is.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Beyond the `warning` threshold.
    Warning,
    /// Beyond the `critical` threshold.
    Critical,
}

impl Severity {
    /// Returns the word for it in metrics, messages and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}
