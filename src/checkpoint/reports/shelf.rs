//! The reports as the server lists and serves them: notes of the state folder, and files of the folder of reports.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::folder::{HandedOver, notes};
use super::note::{MadeFile, MadeReport, RestsOn};
use crate::checkpoint::audit::sha256;
use crate::checkpoint::error::{CheckpointError, failed};
use crate::render::{ReportFile, ReportList, ReportRow};

/// Reports that are listed, at most: the newest.
const MAX_LISTED: usize = 1_000;
/// Largest file that is served, in bytes.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Where reports are.
#[derive(Clone, Debug)]
pub struct ReportShelf {
    state: PathBuf,
    files: PathBuf,
}

impl ReportShelf {
    /// The reports of a state folder, with their files in a folder.
    #[must_use]
    pub fn new(state: &Path, files: &Path) -> Self {
        Self { state: state.to_owned(), files: files.to_owned() }
    }

    /// Lists the reports that were made.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the folder of notes cannot be read.
    pub fn list(&self) -> Result<ReportList, CheckpointError> {
        let found = notes(&self.state)?;
        let left_out = found.notes.len().saturating_sub(MAX_LISTED);
        let mut named: HashMap<(String, u64), usize> = HashMap::new();
        for file in found.notes.iter().flat_map(|note| &note.report.files) {
            *named.entry((file.name.clone(), file.bytes)).or_default() += 1;
        }
        let reports = found.notes.into_iter().rev().take(MAX_LISTED).map(|note| self.row(note, &mut named));
        Ok(ReportList { reports: reports.collect(), left_out, problems: found.problems })
    }

    /// Lists a report. `named` counts the notes that name a file of this name and length, and 0 once it was found. A file that was made in another folder
    /// may have the name of one that is here, so where several may be meant the content decides.
    fn row(&self, note: HandedOver, named: &mut HashMap<(String, u64), usize>) -> ReportRow {
        let HandedOver { id, report, is_logged, .. } = note;
        let MadeReport { period, is_whole, languages, formats, files, made_at, rests_on, made_with } = report;
        let file = |MadeFile { name, bytes, sha256 }| {
            let key = (name, bytes);
            let count = named.get(&key).copied().unwrap_or_default();
            let is_here = count > 0
                && self.length(&key.0).is_ok_and(|length| length == bytes)
                && (count == 1 || self.has_content(&key.0, &sha256));
            let name = key.0.clone();
            if is_here {
                named.insert(key, 0);
            }
            ReportFile { name, bytes, sha256, is_here }
        };
        let files = files.into_iter().map(file).collect();
        let rests_on = rests_on.map(|RestsOn { origin, size, root }| (origin, size, root));
        ReportRow {
            id,
            period: period.label,
            is_whole,
            languages,
            formats,
            made_at,
            is_logged,
            rests_on,
            made_with,
            files,
        }
    }

    /// Returns the bytes of a file of a report; `None` where no note names it, or it is not what the newest of them says: then it was replaced or
    /// changed since.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the notes or the file cannot be read.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>, CheckpointError> {
        let list = self.list()?;
        let mut files = list.reports.iter().flat_map(|report| &report.files);
        let Some(listed) = files.find(|listed| listed.name == name && listed.is_here) else { return Ok(None) };
        let path = self.files.join(&listed.name);
        let bytes = read(&path).map_err(|error| failed(&path, "read", error))?;
        Ok(Some(bytes).filter(|bytes| sha256(bytes) == listed.sha256))
    }

    fn has_content(&self, name: &str, expected: &str) -> bool {
        read(&self.files.join(name)).is_ok_and(|bytes| sha256(&bytes) == expected)
    }

    /// The length of a file that is no link and no device.
    fn length(&self, name: &str) -> io::Result<u64> {
        let found = std::fs::symlink_metadata(self.files.join(name))?;
        if found.is_file() { Ok(found.len()) } else { Err(io::Error::other("expected a file")) }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("expected at most {MAX_FILE_BYTES} bytes, found more")));
    }
    Ok(bytes)
}
