//! What alarms rest on: final facts by cohort, blocks of sealed cohorts, and series of e-processes that read the
//! blocks.
//!
//! A fact takes this path: `staging` stages it by the hour of its event; `cohorts` makes whole hours final and moves
//! the facts into the cohorts that wait in a `lane`; a sealed cohort goes to every `table` that reads its feed; there
//! each `series` adds it to its open block.

mod cohort;
mod cohorts;
mod comparison;
mod complaints;
mod delays;
mod duties;
mod duty;
mod family;
mod feed;
mod handled;
mod indicator;
mod key;
mod lane;
mod occurrences;
mod periods;
mod reader;
mod rise;
mod sequence;
mod series;
mod shift;
mod staging;
mod table;
mod values;
mod version;
mod versions;

pub use cohort::Cohort;
pub use cohorts::{Cohorts, CohortsState, LateCases};
pub use comparison::{Against, Side, Sides, against, against_rest, by_shares, compares_shares, slots};
pub use complaints::{ComplaintEvidence, ComplaintsState, events_of, exposed_of};
pub use delays::Delays;
pub use duties::{DutiesState, DutyEvidence, DutySeries, Strata};
pub use duty::{Aspect, BLOCK_CONTROLLED, DutyKey};
pub use family::HeritageState;
pub use feed::{CohortFeed, Maturity};
pub use handled::{ValueCounts, handled_side, histogram};
pub use indicator::{by_population_of, maturity, side};
pub use key::TableKey;
pub use occurrences::{Occurred, Occurrence, OccurrencePlace, Occurrences};
pub use periods::{PeriodEvidence, PeriodsState, REFERENCE_PICKS};
pub use rise::{RiseEvidence, RisePeriod};
pub use sequence::{Sequences, SequencesState, StagedPopulation, WatchList};
pub use series::SeriesEvidence;
pub use table::{Reading, block_target, feeds};
pub use values::{ValueTable, ValuesState};
pub use versions::{VersionEvidence, VersionTable, VersionsState};
