//! Which columns of a file are read: those that its mappings name. What nobody reads is not decoded.

use super::tree::parts;
use crate::mapping::{Mapping, Path};

/// The columns that are read.
#[derive(Clone, Debug, Default)]
pub struct Columns(Option<Vec<Vec<String>>>);

impl Columns {
    /// The columns that the mappings of a file read; all of them where there are no mappings, or where one may read anything.
    pub fn of_mappings<'m>(mappings: impl Iterator<Item = &'m Mapping>) -> Self {
        let names = |path: &Path| path.steps.iter().map(|step| step.name.clone()).collect();
        let mut paths: Vec<Vec<String>> = Vec::new();
        for mapping in mappings {
            let Some(read) = mapping.paths() else { return Self(None) };
            paths.extend(read.into_iter().map(names));
        }
        Self((!paths.is_empty()).then_some(paths))
    }

    /// Whether a column is read: it stands at a path, within what stands there, or around it. A dot stands between objects and fields.
    pub(super) fn has(&self, column: &str) -> bool {
        let is_read = |path: &Vec<String>| path.iter().zip(parts(column)).all(|(name, part)| name == part);
        self.0.as_ref().is_none_or(|paths| paths.iter().any(is_read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_read_at_a_path_within_it_and_around_it() {
        let path = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let columns = Columns(Some(vec![path(&["data", "groups"]), path(&["id"]), path(&["list", "0"])]));
        for (column, expected) in [
            ("id", true),
            ("ids", false),
            ("data.groups.origin", true),
            ("data", true),
            ("data.other", false),
            ("list", true),
            ("remark", false),
        ] {
            assert_eq!(columns.has(column), expected, "{column}");
        }
        assert!(Columns::default().has("anything"));
    }
}
