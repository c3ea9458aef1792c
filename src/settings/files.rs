//! Reads the configuration's files: the main one, and those of `conf.d` beside it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::bounds::{MAX_EXTRA_FILES, MAX_FILE_BYTES};
use super::number::grouped;
use super::place::{Place, SourceFile};
use super::problem::{Problems, SettingsError};

/// The folder of further files, beside the main one.
const EXTRA_FOLDER: &str = "conf.d";

/// Reads the main file and those of `conf.d`, in the order in which they are applied. A file whose text cannot be used is
/// reported and left out.
///
/// # Errors
/// [`SettingsError::Unreadable`] for the first file, or the folder, that cannot be read.
pub(super) fn read_all(main: &Path, problems: &mut Problems) -> Result<Vec<(SourceFile, String)>, SettingsError> {
    let mut texts = Vec::new();
    texts.extend(read(main, 0, problems)?);
    let folder = main.with_file_name(EXTRA_FOLDER);
    let extra = extra_files(&folder).map_err(|source| unreadable(&folder, source))?;
    if extra.len() > MAX_EXTRA_FILES {
        let place = Place::File(SourceFile::new(0, &folder.display().to_string()));
        problems.add(&place, "", format!("at most {MAX_EXTRA_FILES} files"), extra.len().to_string());
        return Ok(texts);
    }
    for (rank, path) in (1..).zip(extra) {
        texts.extend(read(&path, rank, problems)?);
    }
    Ok(texts)
}

fn read(path: &Path, rank: usize, problems: &mut Problems) -> Result<Option<(SourceFile, String)>, SettingsError> {
    let file = SourceFile::new(rank, &path.display().to_string());
    match text_of(bytes_of(path).map_err(|source| unreadable(path, source))?) {
        Ok(text) => Ok(Some((file, text))),
        Err((expected, found)) => {
            problems.add(&Place::File(file), "", expected, found);
            Ok(None)
        }
    }
}

fn unreadable(path: &Path, source: io::Error) -> SettingsError {
    SettingsError::Unreadable { file: path.display().to_string(), source }
}

/// Returns the files `*.toml` of the folder, sorted by name; none where there is no such folder. Hidden files are left out:
/// editors put their copies beside a file that is being changed.
fn extra_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut files = Vec::new();
    for entry in listing {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension() == Some(OsStr::new("toml")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads at most one byte more than allowed, which is enough to tell that a file is too large.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text_of(bytes: Vec<u8>) -> Result<String, (String, String)> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        let expected = format!("at most {} bytes", grouped(MAX_FILE_BYTES));
        return Err((expected, "more".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let found = format!("other bytes at byte {}", error.utf8_error().valid_up_to());
        ("UTF-8".to_owned(), found)
    })
}
