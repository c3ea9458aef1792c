//! What a log says of reports that were made: so that whoever has a report can find its hash.

use serde::Deserialize;

use super::entry::{Entry, Kind};

/// Reports that are told of one log, at most: the newest. Others are counted.
const MAX_REPORTS: usize = 1_000;

/// The reports of a log.
#[derive(Debug, Default)]
pub struct Reported {
    /// The newest, oldest first.
    pub reports: Vec<ReportEntry>,
    /// All of them.
    pub count: u64,
}

/// An entry about a report.
#[derive(Debug, PartialEq, Eq)]
pub struct ReportEntry {
    /// The number of the entry.
    pub number: u64,
    /// When it was entered, as it says.
    pub time: String,
    /// The period of the report; empty where the entry does not say, as one of a later version may.
    pub period: String,
    /// Its files: names, and SHA-256 as hex digits.
    pub files: Vec<(String, String)>,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    period: String,
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    sha256: String,
}

impl Reported {
    /// Takes note of an entry.
    pub fn note(&mut self, entry: &Entry<'_>) {
        if entry.kind() != Kind::Report.name() {
            return;
        }
        self.count += 1;
        if self.reports.len() >= MAX_REPORTS {
            self.reports.remove(0);
        }
        let Content { period, files } = serde_json::from_str(entry.content()).unwrap_or_default();
        let files = files.into_iter().map(|File { name, sha256 }| (name, sha256)).collect();
        self.reports.push(ReportEntry { number: entry.number(), time: entry.time().to_owned(), period, files });
    }
}
