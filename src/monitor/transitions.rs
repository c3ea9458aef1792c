//! Changes of alerts, as a journal keeps them.

use crate::alert::Alert;
use crate::plan::{Names, Provenance};

/// Alerts as they stood after an evaluation changed them, with the names behind their indices and where the input stood.
#[derive(Clone, Debug)]
pub struct AlertEntries {
    pub(super) names: Names,
    pub(super) alerts: Vec<Alert>,
    /// What the evaluation rested on.
    pub provenance: Provenance,
}
