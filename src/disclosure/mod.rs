//! What may leave: the one room that decides, and the one type that sinks accept.
//!
//! **Architecture Invariant:** [`Published`] is made by [`publish`] alone. Suppression happens there, before any output exists.
//!
//! Judgement is on exact counts. Numbers leave in releases, on ticks of event time (`release.rs`): all of them follow from one set of linked tables
//! (`tables.rs`), in which what is withheld cannot be found by subtraction (`linked.rs`). A count is told anew only when it has changed by
//! `min_cell` (`memory.rs`), and is rounded. Numbers that follow from no published count have two or three digits (`digits.rs`).
//!
//! If the events of a side, its exposed, or their difference are below `min_cell`, the counts and the rate of that side are withheld, with every
//! number of the comparison (`suppress.rs`). A zero is small too: it says something about everybody in the cell.
//!
//! The bracket of cases whose group is known only as probabilities is withheld as a whole if the effective number, the expected events or the
//! expected non-events of a side are below `min_cell`.
//!
//! Verdicts and alert states are told at once: the duty of care asks for them. A verdict about withheld numbers is one that sequential evidence
//! raised, or `insufficient_data`, so that it narrows nothing down.

mod alone;
mod apart;
mod details;
mod digits;
mod funnel;
mod handled;
mod json;
mod kept;
mod kept_alerts;
mod linked;
mod measures;
mod memory;
mod missing;
mod nested;
mod part;
mod periods;
mod plain;
mod publish;
mod published;
mod quality;
mod release;
mod released_finding;
mod suppress;
mod tables;
mod told;
mod unlisted;
mod versions;

pub use funnel::{PublishedFunnel, PublishedShare, PublishedStep};
pub use handled::{PublishedMix, PublishedValues, quantile_name};
pub use kept::{
    ACCEPTANCE_ENDED, ENDED, Kept, KeptEntry, KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey, KeptPeriods, KeptStep,
    KeptThresholds, KeptTransition,
};
pub use measures::{
    MeasureShelf, PublishedAcceptance, PublishedAnswer, PublishedMeasure, PublishedMeasures, PublishedSubject,
    UnknownName,
};
pub use missing::{PublishedMissing, PublishedMissingSide};
pub use plain::plain;
pub use publish::{is_stand_in, publish, publish_alert};
pub use published::{
    Counted, EventCounts, Measured, Published, PublishedAlert, PublishedBracket, PublishedFinding, PublishedLate,
    PublishedPeriod, PublishedPeriods, PublishedProfile, PublishedRates, PublishedThresholds,
};
pub use quality::KeptQuality;
pub use release::{Releases, ReleasesState};
pub use released_finding::{cut, hide_verdicts, without_numbers};
pub use suppress::shows_comparison;
pub use unlisted::{PublishedOthers, PublishedSpelling, PublishedUnlisted, PublishedValue};
