//! Time: watermark, buckets, rolling windows, population denominators.

mod cell;
mod cohorts;
mod counts;
mod population;
mod state;
mod store;
mod watermark;

pub use cell::{Bucket, Cell, Range};
pub use cohorts::{Cohort, Cohorts, Feed, Maturity};
pub use counts::{CaseCounts, Counts};
pub use population::Populations;
pub use state::WindowsState;
pub use store::{CellKey, Windows};
pub use watermark::{Lateness, Watermark};
