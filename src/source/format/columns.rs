//! Which columns of a file are read: those that its mappings name. What nobody reads is not decoded, and what is named and not there is told.

use super::tree::parts;
use crate::mapping::{Mapping, Path, required};
use crate::plan::nearest;

/// The columns that are read.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Whether all of them are read.
    all: bool,
    places: Vec<Place>,
    has_mappings: bool,
}

/// A place that a mapping reads.
#[derive(Clone, Debug)]
struct Place {
    mapping: String,
    /// The field that is read there; `None` for a condition.
    field: Option<String>,
    /// Whether no event is without it.
    is_needed: bool,
    path: String,
    names: Vec<String>,
}

/// A place that is in no column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is missing, in words.
    pub text: String,
    /// Whether the mapping can make no event of the file.
    pub is_fatal: bool,
}

impl Columns {
    /// The columns that the mappings of a file read; all of them where there are no mappings, or where one may read anything.
    pub fn of_mappings<'m>(mappings: impl Iterator<Item = &'m Mapping>) -> Self {
        let mut columns = Self::default();
        for mapping in mappings {
            columns.has_mappings = true;
            columns.all |= mapping.paths().is_none();
            columns.add(mapping);
        }
        columns
    }

    fn add(&mut self, mapping: &Mapping) {
        let names = |path: &Path| path.steps.iter().map(|step| step.name.clone()).collect();
        let mut add = |field: Option<&str>, is_needed: bool, path: &Path| {
            self.places.push(Place {
                mapping: mapping.name.clone(),
                field: field.map(str::to_owned),
                is_needed,
                path: path.text.clone(),
                names: names(path),
            });
        };
        mapping.each.iter().for_each(|path| add(Some("each"), true, path));
        mapping.when.iter().for_each(|condition| add(None, false, &condition.path));
        for field in &mapping.fields {
            let is_needed = field.default.is_none() && required(mapping.kind).contains(&field.target.as_str());
            field.paths().into_iter().for_each(|path| add(Some(&field.target), is_needed, path));
        }
    }

    /// Whether a column is read: it stands at a path, within what stands there, or around it. A dot stands between objects and fields.
    pub(super) fn has(&self, column: &str) -> bool {
        self.all || !self.has_mappings || self.places.iter().any(|place| place.is_in(column))
    }

    /// Returns the places that are in none of a file's columns. With an envelope, or elements of lists, paths do not begin at columns: nothing is told then.
    pub(in crate::source) fn missing(&self, columns: &[String]) -> Vec<Missing> {
        if self.all || self.places.iter().any(|place| place.field.as_deref() == Some("each")) {
            return Vec::new();
        }
        let is_there = |place: &Place| columns.iter().any(|column| place.is_in(column));
        // Where a condition cannot hold, the file may be another mapping's.
        let has_conditions = |mapping: &str| {
            let mut conditions = self.places.iter().filter(|place| place.mapping == mapping && place.field.is_none());
            conditions.all(is_there)
        };
        let missing = self.places.iter().filter(|place| !is_there(place));
        missing.map(|place| place.told(columns, place.is_needed && has_conditions(&place.mapping))).collect()
    }
}

impl Place {
    fn is_in(&self, column: &str) -> bool {
        self.names.iter().zip(parts(column)).all(|(name, part)| name == part)
    }

    fn told(&self, columns: &[String], is_fatal: bool) -> Missing {
        let what = self.field.as_deref().unwrap_or("when");
        let wanted = self.names.join(".");
        let near = columns.iter().find(|column| column.to_lowercase() == wanted.to_lowercase());
        let near = near.map(String::as_str).or_else(|| nearest(&wanted, columns.iter().map(String::as_str)));
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        let text = format!(
            "mapping {:?}: {what} (from {}): expected a column of this name, found none{near}",
            self.mapping, self.path
        );
        Missing { text, is_fatal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(field: Option<&str>, is_needed: bool, names: &[&str]) -> Place {
        Place {
            mapping: "m".to_owned(),
            field: field.map(str::to_owned),
            is_needed,
            path: format!("/{}", names.join("/")),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn columns(places: Vec<Place>) -> Columns {
        Columns { all: false, places, has_mappings: true }
    }

    #[test]
    fn a_column_is_read_at_a_path_within_it_and_around_it() {
        let columns = columns(vec![
            place(Some("groups"), false, &["data", "groups"]),
            place(Some("id"), false, &["id"]),
            place(Some("criteria"), false, &["list", "0"]),
        ]);
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

    #[test]
    fn a_column_that_is_not_there_is_told_and_ends_a_file_that_cannot_be_read_without_it() {
        let places =
            || vec![place(Some("selected"), true, &["Gekozen"]), place(Some("groups.origin"), false, &["Herkomst"])];
        let there = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(columns(places()).missing(&there(&["Gekozen", "Herkomst", "x"])), []);
        let missing = columns(places()).missing(&there(&["Gekozen?", "herkomst"]));
        assert_eq!(missing.iter().map(|missing| missing.is_fatal).collect::<Vec<_>>(), [true, false]);
        let text = missing.last().map(|missing| missing.text.clone()).unwrap_or_default();
        assert!(
            text.contains("groups.origin (from /Herkomst)") && text.ends_with("did you mean \"herkomst\"?"),
            "{text}"
        );
        // A file of which the mapping's condition says that it is another's.
        let other = [places(), vec![place(None, false, &["Resultaat"])]].concat();
        assert!(columns(other).missing(&there(&["Herkomst"])).iter().all(|missing| !missing.is_fatal));
    }
}
