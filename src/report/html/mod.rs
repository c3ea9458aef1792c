//! The report as one HTML file for screen and paper: no script, nothing from elsewhere, drawings as SVG.
//!
//! What is missing comes first, then a summary in plain words, a chapter for each profile, the quality of the data, the method, room for a
//! signature, and an appendix with every window. All figures are those of the [`Report`](super::Report); nothing is computed here but shares and scales.

mod alerts;
mod appendix;
mod cells;
mod comparisons;
mod details;
mod document;
mod duties;
mod funnel;
mod funnel_plot;
mod json;
mod method;
mod missing;
mod over_time;
mod profile;
mod quality;
mod sentences;
mod summary;
mod topics;
mod verdicts;
mod view;
mod words;

pub use crate::render::words::Language;
pub use document::render;
