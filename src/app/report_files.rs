//! The files of a report: each appears whole or not at all, and all of them at the end.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use super::failure::Failure;
use super::unfinished::{FOR_ALL, FOR_GROUP, make};
use crate::checkpoint::reports::give_file;
use crate::render::words::Language;
use crate::report::{Register, Report, ReportTable, html, write_json};

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportFormat {
    /// One file for each language, for screen and paper.
    Html,
    /// `paritywatch.report.v1`.
    Json,
    /// One file for each table.
    Csv,
    /// An entry for the algorithm register for each profile: JSON and Markdown for each language.
    Register,
}

/// What is written, and where to.
pub struct ReportFiles<'r> {
    /// The report.
    pub report: &'r Report,
    /// Its languages.
    pub languages: &'r [Language],
    /// Its formats.
    pub formats: &'r BTreeSet<ReportFormat>,
    /// The folder.
    pub folder: &'r Path,
    /// The state folder, where this is the folder of reports: its owner gets the files, as the daemon serves them.
    pub state: Option<&'r Path>,
}

/// A file that was written.
pub struct WrittenFile {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, as hex digits.
    pub sha256: String,
    /// Its name until all are whole.
    unfinished: PathBuf,
}

impl ReportFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Html, Self::Json, Self::Csv, Self::Register];

    /// Returns its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Register => "register",
        }
    }
}

impl ReportFiles<'_> {
    /// Writes all files to the folder, which the caller has locked, and then gives them their names.
    ///
    /// # Errors
    /// [`Failure::Io`]; what was not whole is removed.
    pub fn write(&self) -> Result<Vec<WrittenFile>, Failure> {
        let mut written = Vec::new();
        let ended = self.write_all(&mut written).and_then(|()| self.name_all(&written));
        if ended.is_err() {
            // Whoever reads the error sees the names; the files do no harm.
            written.iter().for_each(|file| drop(std::fs::remove_file(&file.unfinished)));
        }
        ended.map(|()| written)
    }

    fn write_all(&self, written: &mut Vec<WrittenFile>) -> Result<(), Failure> {
        let report = self.report;
        for format in self.formats {
            match format {
                ReportFormat::Html => {
                    for language in self.languages {
                        let text = html::render(report, *language);
                        self.file(written, &format!(".{}.html", language.code()), |to| to.write_all(text.as_bytes()))?;
                    }
                }
                ReportFormat::Json => self.file(written, ".json", |to| write_json(report, to))?,
                ReportFormat::Csv => {
                    for table in ReportTable::ALL {
                        self.file(written, &format!("-{}.csv", table.name()), |to| table.write(report, to))?;
                    }
                }
                ReportFormat::Register => {
                    for language in self.languages {
                        let (register, code) = (Register::of(report, *language), language.code());
                        self.file(written, &format!("-register.{code}.json"), |to| register.write_json(to))?;
                        self.file(written, &format!("-register.{code}.md"), |to| register.write_markdown(to))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes one file under the name that it has until all are whole.
    fn file(
        &self,
        written: &mut Vec<WrittenFile>,
        end: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let to_date = if self.report.to_date.is_some() { "-to-date" } else { "" };
        let name = format!("paritywatch-report-{}{to_date}{end}", self.report.period.label);
        let (path, unfinished) = (self.folder.join(&name), self.folder.join(format!("{name}.new")));
        let file = make(&unfinished, if self.state.is_some() { FOR_GROUP } else { FOR_ALL })?;
        if let Some(state) = self.state.filter(|state| state.is_dir()) {
            give_file(state, &file)
                .map_err(|error| Failure::file("give to the owner of the state folder", &unfinished, &error))?;
        }
        written.push(WrittenFile { name, path, bytes: 0, sha256: String::new(), unfinished: unfinished.clone() });
        let mut to = Hashed { file: BufWriter::new(file), hash: Context::new(&SHA256), bytes: 0 };
        let ended = write(&mut to).and_then(|()| to.end());
        let (bytes, sha256) = ended.map_err(|error| Failure::file("write", &unfinished, &error))?;
        if let Some(last) = written.last_mut() {
            (last.bytes, last.sha256) = (bytes, sha256);
        }
        Ok(())
    }

    fn name_all(&self, written: &[WrittenFile]) -> Result<(), Failure> {
        for WrittenFile { path, unfinished, .. } in written {
            std::fs::rename(unfinished, path).map_err(|error| Failure::file("replace", path, &error))?;
        }
        let synced = File::open(self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| Failure::file("sync", self.folder, &error))
    }
}

/// A file whose bytes are hashed as they are written.
struct Hashed {
    file: BufWriter<File>,
    hash: Context,
    bytes: u64,
}

impl Hashed {
    /// Ends the file; returns its length and its hash.
    fn end(self) -> io::Result<(u64, String)> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let digits = self.hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((self.bytes, digits))
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
