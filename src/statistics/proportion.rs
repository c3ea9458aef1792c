//! A count of events among exposed.

/// Events among exposed. There are never more events than exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proportion {
    events: u64,
    exposed: u64,
}

impl Proportion {
    /// Returns `None` where there are more events than exposed.
    #[must_use]
    pub const fn new(events: u64, exposed: u64) -> Option<Self> {
        if events <= exposed { Some(Self { events, exposed }) } else { None }
    }

    /// The number of events.
    #[must_use]
    pub const fn events(self) -> u64 {
        self.events
    }

    /// The number of exposed.
    #[must_use]
    pub const fn exposed(self) -> u64 {
        self.exposed
    }

    /// Events / exposed, from 0 to 1. Returns `None` where nothing is exposed.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.exposed > 0).then(|| self.x() / self.n())
    }

    /// The events, as formulas call them.
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53; larger counts lose less than 1e-15 of their value"
    )]
    pub(super) const fn x(self) -> f64 {
        self.events as f64
    }

    /// The exposed, as formulas call them.
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53; larger counts lose less than 1e-15 of their value"
    )]
    pub(super) const fn n(self) -> f64 {
        self.exposed as f64
    }
}
