//! Generated streams with known truth. The same seed gives the same bytes.
//!
//! [`Stream`] generates events, for `generate`, `demo` and tests. [`Blocks`] generates blocks of counts, for `power` and for the figures that
//! sequential evidence is held to.

mod blocks;
mod chances;
mod handling;
mod making;
mod random;
mod shape;
mod stream;
mod truth;

pub use blocks::{BlockShape, Blocks, Drift, Noise, Watching};
pub use chances::Origin;
pub use handling::Strictness;
pub use shape::{Scenario, Shape};
pub use stream::{GeneratedEvent, Stream};
pub use truth::{DutyTruth, GroupTruth, Truth};
