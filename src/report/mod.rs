//! The evaluation report of a period: the evidence file that somebody signs.

mod alerts;
mod asked;
mod at_end;
mod builder;
mod coverage;
mod csv;
mod findings;
mod funnel;
mod gathered;
pub mod html;
mod json;
mod model;
mod past;
mod profiles;
mod register;
mod verdicts;
mod windows;

pub use asked::Asked;
pub use builder::Builder;
pub use csv::ReportTable;
pub use json::{SCHEMA, write as write_json};
pub use model::{
    AlertReport, AuditPosition, Basis, Coverage, FindingReport, FunnelReport, InForce, NOT_TOLD_AT_END, PastPoint,
    ProfileReport, Quality, Report, Source, VerdictSince,
};
pub use register::{REGISTER_SCHEMA, Register};
