//! Where one case stands in the funnel.

/// Where one case stands in the funnel: each stage reached or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseCounts(u16);

impl CaseCounts {
    pub(crate) const ASSESSED: u16 = 1;
    pub(crate) const SELECTED: u16 = 1 << 1;
    pub(crate) const CONTROLLED: u16 = 1 << 2;
    pub(crate) const RESOLVED: u16 = 1 << 3;
    pub(crate) const CONCLUDED: u16 = 1 << 4;
    pub(crate) const HIT: u16 = 1 << 5;
    pub(crate) const OVERTURNED: u16 = 1 << 6;
    pub(crate) const COMPLAINT: u16 = 1 << 7;
    pub(crate) const REPORTED: u16 = 1 << 8;

    /// A case at risk of being picked.
    #[must_use]
    pub const fn assessed() -> Self {
        Self(Self::ASSESSED)
    }

    /// A complaint about a case of which nothing else is known.
    #[must_use]
    pub const fn complaint_alone() -> Self {
        Self(Self::COMPLAINT)
    }

    /// The same, picked.
    #[must_use]
    pub const fn with_selected(self) -> Self {
        Self(self.0 | Self::SELECTED)
    }

    /// The same, complained about.
    #[must_use]
    pub const fn with_complaint(self) -> Self {
        Self(self.0 | Self::COMPLAINT)
    }

    /// Whether it was examined.
    pub const fn set_controlled(&mut self, yes: bool) {
        self.set(Self::CONTROLLED, yes);
    }

    /// Whether a control was reported, performed or not.
    pub const fn set_reported(&mut self, yes: bool) {
        self.set(Self::REPORTED, yes);
    }

    /// Whether every control has an outcome of any kind, or was not performed.
    pub const fn set_resolved(&mut self, yes: bool) {
        self.set(Self::RESOLVED, yes);
    }

    /// Whether an outcome is violation or no violation.
    pub const fn set_concluded(&mut self, yes: bool) {
        self.set(Self::CONCLUDED, yes);
    }

    /// Whether a violation was found, and stands.
    pub const fn set_hit(&mut self, yes: bool) {
        self.set(Self::HIT, yes);
    }

    /// Whether a violation was found but did not stand.
    pub const fn set_overturned(&mut self, yes: bool) {
        self.set(Self::OVERTURNED, yes);
    }

    const fn set(&mut self, bit: u16, yes: bool) {
        if yes {
            self.0 |= bit;
        } else {
            self.0 &= !bit;
        }
    }

    /// Returns 1 where the stage of this bit was reached, else 0.
    #[must_use]
    pub(crate) const fn count(self, bit: u16) -> u64 {
        (self.0 & bit != 0) as u64
    }
}
