//! What is known of the data as a whole.

use crate::disclosure::KeptEntry;

use super::model::{ProfileReport, Quality};

/// What entries say of the data.
#[derive(Debug, Default)]
pub(super) struct Gathered(Quality);

impl Gathered {
    /// Takes what an entry of the period says.
    pub const fn take(&mut self, _entry: &KeptEntry) {}

    /// Counts what is withheld at the end.
    pub fn finish(self, profiles: &[ProfileReport]) -> Quality {
        let findings = || profiles.iter().flat_map(|profile| &profile.findings);
        let withheld = findings().filter(|finding| finding.row.suppressed).count() as u64;
        Quality { withheld: (withheld, findings().count() as u64), ..self.0 }
    }
}
