//! The stages of the funnel that a case has reached.

/// The stages of the funnel that a case has reached, one bit each.
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

    /// Returns a case that was assessed: it could have been picked.
    #[must_use]
    pub const fn assessed() -> Self {
        Self(Self::ASSESSED)
    }

    /// Returns a case of which nothing is known but a complaint.
    #[must_use]
    pub const fn complaint_alone() -> Self {
        Self(Self::COMPLAINT)
    }

    /// Returns the same case, picked.
    #[must_use]
    pub const fn with_selected(self) -> Self {
        Self(self.0 | Self::SELECTED)
    }

    /// Returns the same case with a complaint.
    #[must_use]
    pub const fn with_complaint(self) -> Self {
        Self(self.0 | Self::COMPLAINT)
    }

    /// Returns the same case without any stage of a control.
    #[must_use]
    pub const fn without_control(self) -> Self {
        Self(self.0 & (Self::ASSESSED | Self::COMPLAINT))
    }

    /// Sets whether a control was performed.
    pub const fn set_controlled(&mut self, yes: bool) {
        self.set(Self::CONTROLLED, yes);
    }

    /// Sets whether a control was reported, performed or not.
    pub const fn set_reported(&mut self, yes: bool) {
        self.set(Self::REPORTED, yes);
    }

    /// Sets whether every control has an outcome of any kind, or was not performed.
    pub const fn set_resolved(&mut self, yes: bool) {
        self.set(Self::RESOLVED, yes);
    }

    /// Sets whether any control has the outcome violation or no violation.
    pub const fn set_concluded(&mut self, yes: bool) {
        self.set(Self::CONCLUDED, yes);
    }

    /// Sets whether a violation was found that still counts.
    pub const fn set_hit(&mut self, yes: bool) {
        self.set(Self::HIT, yes);
    }

    /// Sets whether violations were found but all of them were revised since.
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

    /// Returns 1 where the stage of this bit was reached, otherwise 0.
    #[must_use]
    pub(crate) const fn count(self, bit: u16) -> u64 {
        (self.0 & bit != 0) as u64
    }
}
