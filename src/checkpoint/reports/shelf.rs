//! The reports as the server lists and serves them: notes of the state folder, and files of the folder of reports.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::folder::{HandedOver, notes};
use super::note::MadeFile;
use crate::checkpoint::audit::sha256;
use crate::checkpoint::error::{CheckpointError, failed};

/// Largest file that is served, in bytes.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Where reports are.
#[derive(Clone, Debug)]
pub struct ReportShelf {
    state: PathBuf,
    files: PathBuf,
}

/// The reports that were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportList {
    /// The newest first.
    pub reports: Vec<ListedReport>,
    /// Notes that cannot be read, and why.
    pub problems: Vec<String>,
}

/// A report that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedReport {
    /// Its note.
    pub note: HandedOver,
    /// Its files.
    pub files: Vec<ListedFile>,
}

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// What its note says.
    pub file: MadeFile,
    /// Whether the folder of reports has a file of this name and length, of which this is the newest note.
    pub is_here: bool,
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
        let mut newest: std::collections::HashSet<String> = std::collections::HashSet::new();
        let mut reports = Vec::new();
        for note in found.notes.into_iter().rev() {
            let file = |file: &MadeFile| {
                let is_newest = newest.insert(file.name.clone());
                let is_here = is_newest && self.length(&file.name).is_ok_and(|bytes| bytes == file.bytes);
                ListedFile { file: file.clone(), is_here }
            };
            let files = note.report.files.iter().map(file).collect();
            reports.push(ListedReport { note, files });
        }
        Ok(ReportList { reports, problems: found.problems })
    }

    /// Returns the bytes of a file of a report; `None` where no note names it, or it is not what the newest of them says: then it was replaced or
    /// changed since.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the notes or the file cannot be read.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>, CheckpointError> {
        let list = self.list()?;
        let mut files = list.reports.iter().flat_map(|report| &report.files);
        let Some(listed) = files.find(|listed| listed.file.name == name && listed.is_here) else { return Ok(None) };
        let path = self.files.join(&listed.file.name);
        let bytes = read(&path).map_err(|error| failed(&path, "read", error))?;
        Ok(Some(bytes).filter(|bytes| sha256(bytes) == listed.file.sha256))
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
