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
    /// The hash of the configuration that it was made with; empty where the entry does not say.
    pub config_hash: String,
    /// `elsewhere` where its files were not written to the folder of reports.
    pub place: String,
    /// Whether it is one to date.
    pub is_to_date: bool,
    /// Its files: names, and SHA-256 as hex digits.
    pub files: Vec<(String, String)>,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    period: String,
    #[serde(default)]
    config_hash: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    to_date: bool,
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
        let Content { period, config_hash, place, to_date: is_to_date, files } =
            serde_json::from_str(entry.content()).unwrap_or_default();
        let files = files.into_iter().map(|File { name, sha256 }| (name, sha256)).collect();
        let (number, time) = (entry.number(), entry.time().to_owned());
        self.reports.push(ReportEntry { number, time, period, config_hash, place, is_to_date, files });
    }
}
