//! In which format a topic or a file is.

use std::fs::File;
use std::io::{Error, Read, Seek};
use std::path::Path;

use super::columns::Columns;
use crate::mapping::{Format, Mapping};
use crate::settings::FormatRule;

/// What a Parquet file begins with.
const PARQUET: &[u8; 4] = b"PAR1";
/// Ends of names that say how a file is compressed, which is told by its first bytes.
const COMPRESSED: [&str; 2] = [".gz", ".zst"];
/// Ends of names that say how a file is written.
const ENDS: [(&str, Format); 2] = [(".csv", Format::Csv), (".parquet", Format::Parquet)];

/// What the configuration says of formats.
#[derive(Clone, Debug, Default)]
pub struct Formats {
    patterns: Vec<(String, Format)>,
    /// By which columns of files are chosen.
    mappings: Vec<Mapping>,
}

impl Formats {
    /// What these rules say of files.
    #[must_use]
    pub fn of_rules(rules: &[FormatRule]) -> Self {
        let patterns = rules.iter().flat_map(|rule| rule.files.iter().map(|pattern| (pattern.clone(), rule.format)));
        Self { patterns: patterns.collect(), mappings: Vec::new() }
    }

    /// Has files read by these mappings: of columns that none of a file's mappings names nothing is decoded.
    #[must_use]
    pub fn read_by(self, mappings: &[Mapping]) -> Self {
        Self { mappings: mappings.to_vec(), ..self }
    }

    /// Returns which columns of a file are read.
    #[must_use]
    pub fn columns(&self, path: &Path) -> Columns {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Columns::of_mappings(self.mappings.iter().filter(|mapping| mapping.reads_file(&name)))
    }

    /// Returns the format of a file: that of the first pattern that its name matches, else what its name or its first bytes say.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn of_file(&self, path: &Path, mut file: &File) -> Result<Format, Error> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some((_, format)) = self.patterns.iter().find(|(pattern, _)| matches(pattern, &name)) {
            return Ok(*format);
        }
        let lower = name.to_lowercase();
        let plain = COMPRESSED.iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(&lower);
        if let Some((_, format)) = ENDS.iter().find(|(end, _)| plain.ends_with(end)) {
            return Ok(*format);
        }
        // Of a pipe nothing is read before its time.
        if !file.metadata()?.is_file() {
            return Ok(Format::Json);
        }
        let mut magic = Vec::new();
        file.take(PARQUET.len() as u64).read_to_end(&mut magic)?;
        file.rewind()?;
        Ok(if magic == PARQUET { Format::Parquet } else { Format::Json })
    }
}

/// Returns whether a name is what a pattern says: `*` stands for any characters, `?` for one. It takes no longer than their lengths multiplied.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last `*` stands, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = name.get(read) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == letter => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                (at, read) = (place + 1, taken + 1);
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("export-????.txt", "export-2026.txt", true),
            ("export-????.txt", "export-202.txt", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("*", "", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        assert!(!matches(&"*a".repeat(200), &"a".repeat(100)));
    }

    #[test]
    fn a_format_is_told_by_the_configuration_the_name_or_the_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let rule = |format, file: &str| FormatRule {
            name: file.to_owned(),
            topics: Vec::new(),
            files: vec![file.to_owned()],
            format,
        };
        let formats = Formats::of_rules(&[rule(Format::Csv, "*.txt"), rule(Format::Json, "odd.csv")]);
        for (name, content, expected) in [
            ("a.txt", "a,b", Format::Csv),
            ("odd.csv", "{}", Format::Json),
            ("b.CSV.gz", "", Format::Csv),
            ("c.parquet", "", Format::Parquet),
            ("part-0", "PAR1...", Format::Parquet),
            ("d.jsonl", "{}", Format::Json),
            ("e", "", Format::Json),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            assert_eq!(formats.of_file(&path, &File::open(&path).unwrap()).unwrap(), expected, "{name}");
        }
    }
}
