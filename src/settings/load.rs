//! From files and environment to settings.

use std::path::Path;

use super::document::document;
use super::environment;
use super::files::read_all;
use super::merge::merged;
use super::place::{Place, SourceFile};
use super::problem::{Problems, SettingsError};
use super::properties::flatten_properties;
use super::schema::Settings;
use super::sections;
use super::table::Table;
use super::tree::Entries;

impl Settings {
    /// Reads the configuration: the file at `path`, over it the files `conf.d/*.toml` beside it, sorted by name, and over
    /// those the environment. `environment` is all of it; only names that start with [`PREFIX`](super::PREFIX) count.
    ///
    /// Tables merge key by key, and the later layer wins. `[[rules]]` of all files are read one after the other, and so are `[[mappings]]`.
    ///
    /// # Errors
    /// [`SettingsError::Unreadable`] where a file cannot be read, else [`SettingsError::Invalid`] with every problem. Files
    /// that are not TOML have only that problem.
    pub fn load(path: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Self, SettingsError> {
        let mut problems = Problems::default();
        let texts = read_all(path, &mut problems)?;
        settings(&texts, environment, &mut problems)
    }

    /// Does what [`Settings::load`] does, and takes a configuration in which thresholds and grounds are still [`OPEN`](super::OPEN). Rules without
    /// thresholds are not among those that it returns. Returns also the keys that are open.
    ///
    /// # Errors
    /// As [`Settings::load`], for every other problem.
    pub fn load_open(
        path: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<String>), SettingsError> {
        let mut problems = Problems::with_open();
        let texts = read_all(path, &mut problems)?;
        let settings = settings(&texts, environment, &mut problems)?;
        Ok((settings, problems.open()))
    }

    /// Reads the configuration from a text and the environment; `file_name` is for problems.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] with every problem. A text that is not TOML has only that problem.
    pub fn parse(
        text: &str,
        file_name: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let texts = [(SourceFile::new(0, file_name), text.to_owned())];
        settings(&texts, environment, &mut Problems::default())
    }
}

/// `texts` starts with the main file's, unless that is among the problems.
fn settings(
    texts: &[(SourceFile, String)],
    environment: impl Iterator<Item = (String, String)>,
    problems: &mut Problems,
) -> Result<Settings, SettingsError> {
    let mut layers: Vec<Entries> = texts.iter().map(|(file, text)| document(text, file, problems)).collect();
    // What a text that cannot be used would have said is not known, so nothing can be said of the others.
    let Some((main, _)) = texts.first().filter(|_| problems.is_empty()) else {
        return Err(std::mem::take(problems).into_error());
    };
    let main = Place::File(main.clone());
    for layer in &mut layers {
        flatten_properties(layer, problems);
    }
    let files = merge(layers, &main, problems);
    let overrides = environment::layers(&files, environment, problems);
    let tree = if overrides.is_empty() {
        files
    } else {
        merge(std::iter::once(files).chain(overrides).collect(), &main, problems)
    };
    let settings = sections::settings(Table::new("", main, tree, problems));
    if problems.is_empty() { Ok(settings) } else { Err(std::mem::take(problems).into_error()) }
}

fn merge(layers: Vec<Entries>, main: &Place, problems: &mut Problems) -> Entries {
    merged(layers).unwrap_or_else(|error| {
        problems.add(main, "", "layers that can be merged", error.to_string());
        Entries::new()
    })
}
