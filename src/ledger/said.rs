//! What an event says of how a case was handled.

use super::named_values::NamedValues;
use crate::event::{Control, Outcome, OutcomeReport, Sanction};
use crate::plan::{Feature, Slot};

/// What an event says of how a case was handled. A selection says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'e> {
    kind: Option<&'e str>,
    intensity: Option<f64>,
    minutes: Option<f64>,
    sanction: Option<&'e Sanction<'e>>,
    /// Whether it reports a violation: then it says that there is no sanction, where it has none.
    is_hit: bool,
}

impl<'e> Said<'e> {
    /// Returns what this control says.
    pub fn by_control(control: &'e Control<'e>) -> Self {
        Self {
            kind: control.kind.as_deref(),
            intensity: control.intensity,
            minutes: control.duration_minutes,
            sanction: None,
            is_hit: control.outcome == Some(Outcome::Violation),
        }
    }

    /// Returns what this outcome says.
    pub fn by_outcome(outcome: &'e OutcomeReport<'e>) -> Self {
        let is_hit = outcome.outcome == Outcome::Violation;
        Self { sanction: outcome.sanction.as_ref(), is_hit, ..Self::default() }
    }

    /// Returns whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        let Self { kind, intensity, minutes, sanction, is_hit } = self;
        kind.is_none() && intensity.is_none() && minutes.is_none() && sanction.is_none() && !*is_hit
    }

    /// Returns the slot of a feature. Whether a kind is strict is asked of all controls of a case together.
    pub fn slot_of(&self, feature: Feature, values: &mut NamedValues) -> Slot {
        let nothing =
            |values: &mut NamedValues| if self.is_hit { values.learn_text(Feature::NOTHING) } else { Slot::NONE };
        let number = match feature {
            Feature::Strict => return Slot::NONE,
            Feature::Kind => return self.kind.map_or(Slot::NONE, |kind| values.learn_kind(&Feature::kind(kind))),
            Feature::Sanction => {
                let Some(sanction) = self.sanction else { return nothing(values) };
                return values.learn_kind(&Feature::kind(sanction.kind.as_deref().unwrap_or_default()));
            }
            Feature::Intensity => self.intensity,
            Feature::Duration => self.minutes,
            Feature::Amount => match self.sanction.and_then(|sanction| sanction.amount) {
                None => return nothing(values),
                amount => amount,
            },
        };
        number.map_or(Slot::NONE, |number| values.learn_text(&feature.bucket(number).to_string()))
    }
}
