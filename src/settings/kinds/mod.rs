//! The keys of `[[rules]]` that belong to one kind.

mod automation;
mod benchmark;
mod complaints;
mod coverage;
mod criterion;
mod disparity;
mod drift;
mod handling;
mod read;
mod silence;
mod suitability;

pub(super) use automation::automation;
pub(super) use benchmark::{benchmark, resolve_served};
pub(super) use complaints::complaints;
pub(super) use coverage::coverage;
pub(super) use criterion::criterion;
pub(super) use disparity::disparity;
pub(super) use drift::{drift, resolve_watched};
pub(super) use read::{Kind, Names, ReadKind};
pub(super) use silence::{DAYS, silence};
pub(super) use suitability::suitability;
