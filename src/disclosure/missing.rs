//! What may leave of the cases that a finding misses.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::suppress::{Whole, Withheld};
use crate::evidence::Side;
use crate::judge::{Missing, MissingSide};
use crate::plan::Cause;

/// The share of missing cases is given to so many parts of the whole: a closer one would tell single cases.
const SHARE_STEPS: f64 = 1_000.0;

/// The missing cases of a finding that may leave.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedMissing {
    /// Those that may be of the group.
    pub group: PublishedMissingSide,
    /// Those that may be of the reference.
    pub reference: PublishedMissingSide,
    /// The largest cause of the side with the larger share; absent where nothing is missing.
    pub largest_cause: Option<Cause>,
    /// The lowest and the highest ratio over every way of assigning the cases without a group. The latter is absent where
    /// it is infinite. Withheld where any count of the finding or any cause is, and where few of those cases were picked, or
    /// few were not: how many follows from the bounds.
    pub bounds: Option<(f64, Option<f64>)>,
}

/// The missing cases of one side.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedMissingSide {
    /// Missing cases, of the causes shown. Withheld where the side itself is and cases are missing: how many it has would
    /// follow from both numbers.
    pub cases: Option<u64>,
    /// Those of them that are, or may be, events of the indicator. Withheld with `cases`, and where they are few, or all but
    /// few, of the cases; none are few.
    pub events: Option<u64>,
    /// Share of `cases` among all cases of the side but those withheld, to three digits behind the point. Withheld with
    /// `cases`.
    pub share: Option<f64>,
    /// The same of `events` among all events of the side. Withheld with `events`.
    pub event_share: Option<f64>,
    /// By cause, those that are not 0. A cause with fewer cases than `min_cell` is withheld, and all with `cases`.
    pub by_cause: Vec<(Cause, u64)>,
    /// Whether a cause, the events, or the whole side, is withheld.
    pub suppressed: bool,
}

impl PublishedMissing {
    pub(super) fn of(min_cell: u64, missing: &Missing, (withheld, whole): (Withheld, Whole)) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let (group, reference) = (
            PublishedMissingSide::of(min_cell, &missing.group, (withheld.group, whole)),
            PublishedMissingSide::of(min_cell, &missing.reference, (withheld.reference, whole)),
        );
        let Side { events, exposed } = missing.unassigned;
        let is_few = events.min(exposed.saturating_sub(events)) < min_cell || group.suppressed || reference.suppressed;
        let bounds = missing.bounds.filter(|_| !withheld.any() && !is_few);
        Self {
            group,
            reference,
            largest_cause: missing.largest_cause().filter(|_| !withheld.any()),
            bounds: bounds.and_then(|bounds| Some((finite(bounds.lower)?, finite(bounds.upper)))),
        }
    }
}

impl PublishedMissingSide {
    fn of(min_cell: u64, side: &MissingSide, (is_withheld, whole): (bool, Whole)) -> Self {
        if is_withheld && side.cases() > 0 {
            return Self {
                cases: None,
                events: None,
                share: None,
                event_share: None,
                by_cause: Vec::new(),
                suppressed: true,
            };
        }
        let causes = Cause::ALL.into_iter().zip(side.by_cause).filter(|(_, cases)| *cases > 0);
        let (by_cause, withheld): (Vec<_>, Vec<_>) = causes.partition(|(_, cases)| *cases >= min_cell);
        // What is withheld must not follow from the share.
        let mut shown = *side;
        for (cause, _) in &withheld {
            shown.leave_out(*cause);
        }
        let (cases, events) = (shown.cases(), shown.events());
        let are_events_withheld = cases > 0 && whole.tells_few(min_cell, events, cases);
        let rounded = |share: f64| (share * SHARE_STEPS).round() / SHARE_STEPS;
        Self {
            cases: Some(cases),
            events: (!are_events_withheld).then_some(events),
            share: Some(rounded(shown.case_share())),
            event_share: (!are_events_withheld).then(|| rounded(shown.event_share())),
            by_cause,
            suppressed: !withheld.is_empty() || are_events_withheld,
        }
    }
}

impl PublishedMissingSide {
    /// Returns the larger share, as far as they are not withheld.
    #[must_use]
    pub fn largest_share(&self) -> Option<f64> {
        self.share.map(|share| share.max(self.event_share.unwrap_or(0.0)))
    }
}

impl Serialize for PublishedMissing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("group", &self.group)?;
        map.serialize_entry("reference", &self.reference)?;
        map.serialize_entry("largest_cause", &self.largest_cause.map(Cause::name))?;
        map.serialize_entry("ratio_bounds", &self.bounds.map(|(lower, upper)| Bounds { lower, upper }))?;
        map.end()
    }
}

#[derive(Serialize)]
struct Bounds {
    lower: f64,
    upper: Option<f64>,
}

impl Serialize for PublishedMissingSide {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("cases", &self.cases)?;
        map.serialize_entry("events", &self.events)?;
        map.serialize_entry("share", &self.share)?;
        map.serialize_entry("event_share", &self.event_share)?;
        map.serialize_entry("by_cause", &ByCause(&self.by_cause))?;
        map.serialize_entry("suppressed", &self.suppressed)?;
        map.end()
    }
}

struct ByCause<'p>(&'p [(Cause, u64)]);

impl Serialize for ByCause<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(cause, cases)| (cause.name(), cases)))
    }
}
