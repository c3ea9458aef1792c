//! What alarms rest on: final facts by cohort, blocks of sealed cohorts, and series of e-processes that read them.

mod cohort;
mod cohorts;
mod comparison;
mod feed;
mod indicator;
mod lane;
mod sequence;
mod series;
mod shift;
mod staging;
mod table;

pub use cohort::Cohort;
pub use cohorts::{Cohorts, CohortsState};
pub use comparison::{Against, Side, against, compare};
pub use feed::{CohortFeed, Maturity};
pub use indicator::{by_population_of, maturity, side};
pub use sequence::{Sequences, SequencesState, StagedPopulation};
pub use series::SeriesEvidence;
pub use table::{Reading, TableKey, feeds};
