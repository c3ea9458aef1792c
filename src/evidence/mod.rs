//! What alarms rest on: final facts by cohort, blocks of sealed cohorts, and series of e-processes that read the
//! blocks.
//!
//! A fact takes this path: `staging` stages it by the hour of its event; `cohorts` makes whole hours final and moves
//! the facts into the cohorts that wait in a `lane`; a sealed cohort goes to every `table` that reads its feed; there
//! each `series` adds it to its open block.

mod cohort;
mod cohorts;
mod comparison;
mod delays;
mod duties;
mod duty;
mod feed;
mod indicator;
mod lane;
mod reader;
mod sequence;
mod series;
mod shift;
mod staging;
mod table;
mod version;
mod versions;

pub use cohort::Cohort;
pub use cohorts::{Cohorts, CohortsState, LateCases};
pub use comparison::{Against, Side, Sides, against, by_shares, compares_shares, slots};
pub use delays::Delays;
pub use duties::{DutiesState, DutyEvidence, DutySeries};
pub use duty::{Aspect, DutyKey};
pub use feed::{CohortFeed, Maturity};
pub use indicator::{by_population_of, maturity, side};
pub use sequence::{Sequences, SequencesState, StagedPopulation, WatchList};
pub use series::SeriesEvidence;
pub use table::{Reading, TableKey, block_target, feeds};
pub use versions::{VersionEvidence, VersionTable, VersionsState};
