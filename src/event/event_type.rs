//! The event types of the contract.

/// An event type of the contract (v1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventType {
    Selection,
    Control,
    Outcome,
    Complaint,
    Tally,
    Attributes,
    Population,
    Measure,
}

impl EventType {
    /// Every type.
    pub(super) const ALL: [Self; 8] = [
        Self::Selection,
        Self::Control,
        Self::Outcome,
        Self::Complaint,
        Self::Tally,
        Self::Attributes,
        Self::Population,
        Self::Measure,
    ];

    /// Returns the word between prefix and version.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Selection => "selection",
            Self::Control => "control",
            Self::Outcome => "outcome",
            Self::Complaint => "complaint",
            Self::Tally => "tally",
            Self::Attributes => "attributes",
            Self::Population => "population",
            Self::Measure => "measure",
        }
    }

    /// Returns the type named by the CloudEvents attribute `type`, or `None` where the contract does not have it.
    #[inline]
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.strip_prefix("paritywatch.")?.strip_suffix(".v1")?;
        Some(match name {
            "selection" => Self::Selection,
            "control" => Self::Control,
            "outcome" => Self::Outcome,
            "complaint" => Self::Complaint,
            "tally" => Self::Tally,
            "attributes" => Self::Attributes,
            "population" => Self::Population,
            "measure" => Self::Measure,
            _ => return None,
        })
    }
}
