//! The reports that were made, as `/reports/` and `/api/v1/reports` list them.

use serde_json::{Value, json};

use super::time::rfc3339;
use crate::plan::EventTime;

/// The document's schema.
const SCHEMA: &str = "paritywatch.reports.v1";

/// The reports that were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportList {
    /// The newest first.
    pub reports: Vec<ReportRow>,
    /// Older ones that are not listed.
    pub left_out: usize,
    /// Notes of reports that cannot be read, and why.
    pub problems: Vec<String>,
}

/// What tells an official report from a trial copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeWith {
    /// The hash of the configuration file.
    pub config_hash: String,
    /// Whether its files were written to the folder of reports.
    pub in_folder: bool,
    /// Whether it is one to date.
    pub is_to_date: bool,
}

/// A report that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// What its note is known by.
    pub id: String,
    /// What it is about, such as `2026-Q3`.
    pub period: String,
    /// Whether it is a document about the whole period that has something to tell.
    pub is_whole: bool,
    /// Its languages.
    pub languages: Vec<String>,
    /// Its formats.
    pub formats: Vec<String>,
    /// When it was made, by the wall clock.
    pub made_at: EventTime,
    /// Whether the audit log has it.
    pub is_logged: bool,
    /// The place in the audit log that it rests on: origin, entries, and the root over them in Base64.
    pub rests_on: Option<(String, u64, String)>,
    /// What it was made with; `None` where its note is of a version that did not say.
    pub made_with: Option<MadeWith>,
    /// Its files.
    pub files: Vec<ReportFile>,
}

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// Its name: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256, as hex digits.
    pub sha256: String,
    /// Whether it can be had: the folder of reports has a file of this name and length, and, where several reports name one, of this content.
    pub is_here: bool,
}

impl ReportList {
    /// Returns the document on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let reports: Vec<Value> = self.reports.iter().map(report).collect();
        let document = json!({
            "schema": SCHEMA, "reports": reports, "reports_left_out": self.left_out, "unreadable": self.problems,
        });
        document.to_string()
    }
}

impl ReportFile {
    /// Returns the path at which it is served.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/reports/{}", self.name)
    }
}

fn report(row: &ReportRow) -> Value {
    let file = |file: &ReportFile| {
        json!({
            "name": file.name, "bytes": file.bytes, "sha256": file.sha256,
            "path": file.is_here.then(|| file.path()),
        })
    };
    let audit =
        row.rests_on.as_ref().map(|(origin, size, root)| json!({ "origin": origin, "size": size, "root": root }));
    let with = row.made_with.as_ref();
    json!({
        "config_hash": with.map(|with| &with.config_hash), "in_folder_of_reports": with.map(|with| with.in_folder),
        "to_date": with.map(|with| with.is_to_date),
        "id": row.id, "period": row.period, "whole": row.is_whole, "languages": row.languages, "formats": row.formats,
        "made_at": rfc3339(row.made_at), "in_audit_log": row.is_logged, "audit": audit,
        "files": row.files.iter().map(file).collect::<Vec<_>>(),
    })
}
