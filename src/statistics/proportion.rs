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

    /// Those without the event. The difference of the whole numbers has all digits.
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53; larger counts lose less than 1e-15 of their value"
    )]
    pub(super) const fn without(self) -> f64 {
        (self.exposed - self.events) as f64
    }

    /// Returns x1 n2 - x2 n1, from the whole numbers: rates that are nearly equal cost no digits.
    #[expect(clippy::cast_precision_loss, reason = "rounded once, when the whole numbers are known")]
    pub(super) fn excess_over(self, other: Self) -> f64 {
        let product = |events: u64, exposed: u64| u128::from(events) * u128::from(exposed);
        let (own, others) = (product(self.events, other.exposed), product(other.events, self.exposed));
        let excess = own.abs_diff(others) as f64;
        if own >= others { excess } else { -excess }
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
