//! The report as one HTML file.

use super::model::Report;
use crate::render::words::Language;

/// Renders the report.
#[must_use]
pub fn render(_report: &Report, _language: Language) -> String {
    String::new()
}
