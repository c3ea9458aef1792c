//! The evaluation report of a period: the evidence file that somebody signs.

pub mod html;
mod model;

pub use model::{
    AlertReport, AuditPosition, Basis, Coverage, FindingReport, FunnelReport, InForce, PastPoint, ProfileReport,
    Quality, Report, Source, VerdictSince,
};
