//! Reads a table key by key. A key that nobody asked for is an unknown one.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::bounds::MAX_TEXT_BYTES;
use super::duration::{MAX_DURATION_DAYS, SHAPE, format_duration, parse_duration};
use super::given::{Given, alternatives, choose};
use super::key::key_path;
use super::number::{grouped, grouped_size};
use super::open::OPEN;
use super::place::Place;
use super::problem::Problems;
use super::suggestion::suggestion;
use super::terms::Span;
use super::tree::{Entries, Entry, Value};

/// A table that is being read.
pub(super) struct Table<'p> {
    path: String,
    place: Place,
    entries: Entries,
    asked: Vec<&'static str>,
    /// Where problems go.
    pub problems: &'p mut Problems,
}

impl<'p> Table<'p> {
    /// Returns the table at `path`; the whole configuration where `path` is empty. `place` is where defaults stand.
    pub fn new(path: &str, place: Place, entries: Entries, problems: &'p mut Problems) -> Self {
        Self { path: path.to_owned(), place, entries, asked: Vec::new(), problems }
    }

    /// Reads a string; `default` where it is missing.
    pub fn text(&mut self, key: &'static str, default: &str) -> Given<String> {
        let read = |value: &Value| value.text().map(ToOwned::to_owned);
        self.read(key, default.to_owned(), "a string", read)
    }

    /// Reads a string that has no default.
    pub fn required_text(&mut self, key: &'static str) -> Option<Given<String>> {
        self.required(key, "a string", |value| value.text().map(ToOwned::to_owned))
    }

    /// Reads a string; `None` where it is missing.
    pub fn optional_text(&mut self, key: &'static str) -> Option<Given<String>> {
        self.optional(key, "a string", |value| value.text().map(ToOwned::to_owned))
    }

    /// Reads a string without control characters, of at most `bytes` bytes; `default` where it is missing.
    pub fn line(&mut self, key: &'static str, default: &str, bytes: usize) -> Given<String> {
        let expected = format!("a string of at most {bytes} bytes without control characters");
        self.read(key, default.to_owned(), &expected, |value| {
            let text = value.text()?;
            let fits = text.len() <= bytes && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        })
    }

    /// Reads a boolean; `default` where it is missing.
    pub fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        self.read(key, default, "true or false", Value::boolean).value
    }

    /// Reads an integer within `range`; `default` where it is missing.
    pub fn integer(&mut self, key: &'static str, default: u64, range: RangeInclusive<u64>) -> Given<u64> {
        let expected = format!("an integer from {} to {}", grouped(*range.start()), grouped(*range.end()));
        self.read(key, default, &expected, |value| {
            let integer = u64::try_from(value.integer()?).ok()?;
            range.contains(&integer).then_some(integer)
        })
    }

    /// Reads an integer that is a size in memory.
    pub fn count(&mut self, key: &'static str, default: u32, range: RangeInclusive<u32>) -> Given<usize> {
        let range = u64::from(*range.start())..=u64::from(*range.end());
        let Given { value, key, place } = self.integer(key, u64::from(default), range);
        // The range is of 32 bits, which every platform of this daemon can address.
        let value = usize::try_from(value).unwrap_or(usize::MAX);
        Given { value, key, place }
    }

    /// Reads a finite number that is `valid`; `default` where it is missing.
    pub fn number(&mut self, key: &'static str, default: f64, expected: &str, valid: impl Fn(f64) -> bool) -> f64 {
        self.given_number(key, default, expected, valid).value
    }

    /// Does what [`Self::number`] does, and tells where the number was given.
    pub fn given_number(
        &mut self,
        key: &'static str,
        default: f64,
        expected: &str,
        valid: impl Fn(f64) -> bool,
    ) -> Given<f64> {
        let read = |value: &Value| value.number().filter(|number| number.is_finite() && valid(*number));
        self.read(key, default, expected, read)
    }

    /// Reads a finite number; `None` where it is missing.
    pub fn optional_number(&mut self, key: &'static str) -> Option<Given<f64>> {
        self.optional(key, "a number", finite)
    }

    /// Reads a finite number that somebody has to decide on: it has no default, and [`OPEN`] in its place says that nobody has.
    pub fn decided_number(&mut self, key: &'static str) -> Option<Given<f64>> {
        let is_open = self.entries.get(key).is_some_and(|entry| entry.value.text() == Some(OPEN));
        let path = self.path_of(key);
        if is_open && self.problems.note_open(path) {
            self.take(key);
            return None;
        }
        let expected = if is_open {
            "a number: this is open, and somebody has to decide on it before results are seen"
        } else {
            "a number"
        };
        self.required(key, expected, finite)
    }

    /// Reads a duration within `range`; `default` where it is missing.
    pub fn duration(&mut self, key: &'static str, default: Span, range: RangeInclusive<Span>) -> Given<Span> {
        let bounds = format!("from {} to {}", format_duration(*range.start()), format_duration(*range.end()));
        self.read(key, default, &format!("{SHAPE}, {bounds}"), |value| {
            parse_duration(value.text()?).filter(|span| range.contains(span))
        })
    }

    /// Reads a list of two numbers that are `valid`; `default` where it is missing.
    pub fn two_numbers(
        &mut self,
        key: &'static str,
        default: [f64; 2],
        expected: &str,
        valid: impl Fn([f64; 2]) -> bool,
    ) -> [f64; 2] {
        self.optional_two_numbers(key, expected, valid).map_or(default, |given| given.value)
    }

    /// Reads a list of two numbers that are `valid`; `None` where it is missing, or was refused.
    pub fn optional_two_numbers(
        &mut self,
        key: &'static str,
        expected: &str,
        valid: impl Fn([f64; 2]) -> bool,
    ) -> Option<Given<[f64; 2]>> {
        let (place, value) = self.take(key)?;
        let path = self.path_of(key);
        let described = value.describe();
        let items = value.list(&place).unwrap_or_default();
        let numbers: Vec<f64> = items.iter().filter_map(|item| finite(&item.value)).collect();
        match (numbers.as_slice(), items.len()) {
            ([first, second], 2) if valid([*first, *second]) => {
                Some(Given { value: [*first, *second], key: path, place })
            }
            _ => {
                self.problems.add(&place, &path, expected, described);
                None
            }
        }
    }

    /// Reads a duration; `None` where it is missing.
    pub fn optional_duration(&mut self, key: &'static str, range: RangeInclusive<Span>) -> Option<Span> {
        let bounds = format!("from {} to {}", format_duration(*range.start()), format_duration(*range.end()));
        let read = |value: &Value| parse_duration(value.text()?).filter(|span| range.contains(span));
        self.optional(key, &format!("{SHAPE}, {bounds}"), read).map(|given| given.value)
    }

    /// Reads a duration above 0; `default` where it is missing.
    pub fn positive_duration(&mut self, key: &'static str, default: Span) -> Span {
        let longest = Span::DAY.times(MAX_DURATION_DAYS);
        self.duration(key, default, Span::SECOND..=longest).value
    }

    /// Reads the path of a file; `None` where it is missing or empty.
    pub fn optional_path(&mut self, key: &'static str) -> Option<Given<PathBuf>> {
        let Given { value, key, place } = self.line(key, "", MAX_TEXT_BYTES);
        let value = PathBuf::from(Some(value).filter(|path| !path.is_empty())?);
        Some(Given { value, key, place })
    }

    /// Reads a word of `choices`; `default` where it is missing.
    pub fn choice<T: Copy>(&mut self, key: &'static str, default: T, choices: &[(&str, T)]) -> Given<T> {
        let given = self.optional_choice(key, choices, &[]);
        given.unwrap_or_else(|| self.by_default(key, default))
    }

    /// Reads a word of `choices` that has no default. `later` words are known and not in this version.
    pub fn required_choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        later: &[&str],
    ) -> Option<Given<T>> {
        if !self.has(key) {
            self.missing(key, &alternatives(choices.iter().map(|(word, _)| *word)));
        }
        self.optional_choice(key, choices, later)
    }

    /// Reads a word of `choices`; `default` where it is missing, `None` where it was refused. `later` words are known and
    /// not in this version.
    pub fn valid_choice<T: Copy>(
        &mut self,
        key: &'static str,
        default: T,
        choices: &[(&str, T)],
        later: &[&str],
    ) -> Option<T> {
        if !self.has(key) {
            return Some(self.choice(key, default, choices).value);
        }
        let chosen = self.optional_choice(key, choices, later)?;
        Some(chosen.value)
    }

    /// `None` where the word is missing or was refused.
    fn optional_choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        later: &[&str],
    ) -> Option<Given<T>> {
        let written = self.optional_text(key)?;
        choose(&written, choices, later, self.problems)
    }

    /// Reads a list of strings whose number is within `count`; `default` where it is missing. Items that are no strings are
    /// reported and left out.
    pub fn texts(&mut self, key: &'static str, default: &[&str], count: RangeInclusive<usize>) -> Vec<Given<String>> {
        match self.optional_texts(key, count) {
            Some(list) => list.value,
            None => default.iter().map(|text| self.by_default(key, (*text).to_owned())).collect(),
        }
    }

    /// Reads a list of strings that has no default.
    pub fn required_texts(&mut self, key: &'static str, count: RangeInclusive<usize>) -> Vec<Given<String>> {
        if !self.has(key) {
            self.missing(key, &list_shape(&count));
        }
        // Where there is none, that is among the problems.
        self.optional_texts(key, count).map(|list| list.value).unwrap_or_default()
    }

    /// Reads a list of strings; `None` where it is missing, or was refused.
    pub fn optional_texts(
        &mut self,
        key: &'static str,
        count: RangeInclusive<usize>,
    ) -> Option<Given<Vec<Given<String>>>> {
        let (place, value) = self.take(key)?;
        let path = self.path_of(key);
        let expected = list_shape(&count);
        let described = value.describe();
        let Some(items) = value.list(&place) else {
            self.problems.add(&place, &path, expected, described);
            return None;
        };
        if !count.contains(&items.len()) {
            let found = format!("{} items", items.len());
            self.problems.add(&place, &path, expected, found);
            return None;
        }
        let mut list = Vec::with_capacity(items.len());
        for (index, Entry { place, value }) in items.into_iter().enumerate() {
            let key = format!("{path}[{index}]");
            match value.text() {
                Some(text) => list.push(Given { value: text.to_owned(), key, place }),
                None => self.problems.add(&place, &key, "a string", value.describe()),
            }
        }
        Some(Given { value: list, key: path, place })
    }

    /// Returns the table of this name; an empty one where it is missing.
    pub fn table(&mut self, key: &'static str) -> Table<'_> {
        let place = self.place.clone();
        let path = self.path_of(key);
        let (place, entries) = self.take_entries(key).unwrap_or((place, Entries::new()));
        Table::new(&path, place, entries, self.problems)
    }

    /// Returns the table of this name; `None` where it is missing.
    pub fn optional_table(&mut self, key: &'static str) -> Option<Table<'_>> {
        let path = self.path_of(key);
        let (place, entries) = self.take_entries(key)?;
        Some(Table::new(&path, place, entries, self.problems))
    }

    /// Returns the entries of the table of this name, with its place.
    pub fn take_entries(&mut self, key: &'static str) -> Option<(Place, Entries)> {
        let (place, value) = self.take(key)?;
        match value {
            Value::Table(entries) => Some((place, entries)),
            other => {
                let path = self.path_of(key);
                self.problems.add(&place, &path, "a table", other.describe_no_table());
                None
            }
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Reads each table inside the table of this name, sorted by name. More than `most` are refused.
    pub fn each_table<T>(
        &mut self,
        key: &'static str,
        most: usize,
        mut read: impl FnMut(&str, Table<'_>) -> T,
    ) -> Vec<T> {
        // A section that is missing lists nothing.
        let Some((place, entries)) = self.take_entries(key) else {
            return Vec::new();
        };
        let path = self.path_of(key);
        if entries.len() > most {
            let expected = format!("at most {} tables [{path}.NAME]", grouped_size(most));
            self.problems.add(&place, &path, expected, entries.len().to_string());
            return Vec::new();
        }
        let mut tables = Vec::with_capacity(entries.len());
        for (name, entry) in entries {
            let path = key_path(&path, &name);
            match entry.value {
                Value::Table(inner) => {
                    tables.push(read(&name, Table::new(&path, entry.place, inner, self.problems)));
                }
                other => self.problems.add(&entry.place, &path, "a table", other.describe_no_table()),
            }
        }
        tables
    }

    /// Returns the tables of the list of this name. More than `most` are refused; other items are reported and left out.
    pub fn take_list_of_tables(&mut self, key: &'static str, most: usize) -> Vec<(String, Place, Entries)> {
        let path = self.path_of(key);
        let expected = format!("a list of at most {} tables ([[{path}]])", grouped_size(most));
        // A list that is missing is an empty one.
        let Some((place, value)) = self.take(key) else {
            return Vec::new();
        };
        let described = value.describe();
        let Some(items) = value.list(&place) else {
            self.problems.add(&place, &path, expected, described);
            return Vec::new();
        };
        if items.len() > most {
            let found = format!("{} of them", items.len());
            self.problems.add(&place, &path, expected, found);
            return Vec::new();
        }
        let mut tables = Vec::with_capacity(items.len());
        for (index, Entry { place, value }) in items.into_iter().enumerate() {
            let key = format!("{path}[{index}]");
            match value {
                Value::Table(entries) => tables.push((key, place, entries)),
                other => self.problems.add(&place, &key, "a table", other.describe_no_table()),
            }
        }
        tables
    }

    /// Returns the items of the list of this name, each with its key; `None` where it is missing, or was refused.
    pub fn take_list(&mut self, key: &'static str, count: RangeInclusive<usize>) -> Option<Vec<(String, Entry)>> {
        let (place, value) = self.take(key)?;
        let path = self.path_of(key);
        let described = value.describe();
        let found = match value.list(&place) {
            Some(items) if count.contains(&items.len()) => {
                return Some(items.into_iter().enumerate().map(|(at, item)| (format!("{path}[{at}]"), item)).collect());
            }
            Some(items) => format!("{} items", items.len()),
            None => described,
        };
        let expected = format!("a list of {} to {} values", count.start(), grouped_size(*count.end()));
        self.problems.add(&place, &path, expected, found);
        None
    }

    /// Returns the value of this name as it was written, with its key; `None` where it is missing.
    pub fn take_value(&mut self, key: &'static str) -> Option<(String, Entry)> {
        let (place, value) = self.take(key)?;
        Some((self.path_of(key), Entry { place, value }))
    }

    /// Reports that the table as a whole is not what was expected.
    pub fn refuse(&mut self, expected: impl Into<String>, found: impl Into<String>) {
        self.problems.add(&self.place, &self.path, expected, found);
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        let kind = match self.path.as_str() {
            "" => "a section".to_owned(),
            path => match path.split_once('[') {
                Some((list, _)) => format!("a key of [[{list}]]"),
                None => format!("a key of [{path}]"),
            },
        };
        for (name, entry) in &self.entries {
            let mut near = suggestion(name, self.asked.iter().copied());
            if near.is_empty() {
                near = format!(": {}", self.asked.join(", "));
            }
            self.problems.add(&entry.place, &key_path(&self.path, name), format!("{kind}{near}"), "an unknown key");
        }
    }

    /// Refuses keys that mean nothing beside another one, which says why: `expected` and `found`. They are not unknown, so no other name is offered.
    pub fn refuse_keys(&mut self, keys: &[&str], expected: &str, found: &str) {
        for key in keys {
            if let Some(entry) = self.entries.remove(*key) {
                self.problems.add(&entry.place, &key_path(&self.path, key), expected, found);
            }
        }
    }

    /// Reports that a key that has no default is missing.
    fn missing(&mut self, key: &'static str, expected: &str) {
        self.ask(key);
        let path = self.path_of(key);
        self.problems.add(&self.place, &path, expected, "nothing");
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        default: T,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Given<T> {
        let given = self.optional(key, expected, read);
        given.unwrap_or_else(|| self.by_default(key, default))
    }

    fn required<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<Given<T>> {
        if !self.has(key) {
            self.missing(key, expected);
        }
        self.optional(key, expected, read)
    }

    fn optional<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<Given<T>> {
        let (place, value) = self.take(key)?;
        let path = self.path_of(key);
        match read(&value) {
            Some(value) => Some(Given { value, key: path, place }),
            None => {
                self.problems.add(&place, &path, expected, value.describe());
                None
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<(Place, Value)> {
        self.ask(key);
        self.entries.remove(key).map(|entry| (entry.place, entry.value))
    }

    fn ask(&mut self, key: &'static str) {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
    }

    fn by_default<T>(&self, key: &str, value: T) -> Given<T> {
        Given { value, key: self.path_of(key), place: self.place.clone() }
    }

    pub fn path_of(&self, key: &str) -> String {
        key_path(&self.path, key)
    }
}

fn finite(value: &Value) -> Option<f64> {
    value.number().filter(|number| number.is_finite())
}

fn list_shape(count: &RangeInclusive<usize>) -> String {
    let (least, most) = (count.start(), grouped_size(*count.end()));
    format!("a list of {least} to {most} strings such as [\"a\", \"b\"]")
}
