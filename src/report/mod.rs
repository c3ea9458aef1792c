//! The evaluation report of a period: the evidence file that somebody signs.

mod alerts;
mod builder;
mod coverage;
mod findings;
mod funnel;
mod gathered;
mod model;
mod past;
mod profiles;
mod verdicts;
mod windows;

pub use builder::{Asked, Builder};
pub use model::{
    AlertReport, AuditPosition, Basis, Coverage, FindingReport, FunnelReport, InForce, PastPoint, ProfileReport,
    Quality, Report, Source, VerdictSince,
};
