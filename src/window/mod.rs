//! Counts over event time: watermark, cells, routes, rolling windows, population denominators, sums of membership
//! probabilities.

mod cases_by_time;
mod cell;
mod counts;
mod end;
mod handling;
mod heard;
mod key;
mod lateness;
mod membership;
mod missing;
mod named_cases;
mod population;
mod reported;
mod rolling;
mod sealing;
mod seals;
mod state;
mod store;
mod support;
mod unlisted;
mod unlisted_ever;
mod watermark;

pub use cases_by_time::{Cases, CasesByTime, Floors};
pub use cell::{Bucket, Cell, Range, Sums};
pub use counts::Counts;
pub use end::Ends;
pub use heard::LastHeard;
pub use key::CellKey;
pub use lateness::{Feed, LATENESS_BOUNDS_S, Latenesses};
pub use membership::{MAX_MEMBERSHIP_BYTES, MembershipKey, Moments};
pub use missing::{MissingCases, MissingPlace, MissingState};
pub use named_cases::NamedCases;
pub use population::Populations;
pub use reported::Reported;
pub use rolling::{LeftOut, Rolling};
pub use state::{SealedState, WindowsState};
pub use store::{RouteId, Windows};
pub use support::Support;
pub use unlisted_ever::UNLISTED_KINDS;
pub use watermark::{Lateness, Watermark};
