//! A value that a key was given, with its place, for problems that show only later.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::key::shown;
use super::place::Place;
use super::problem::Problems;
use super::suggestion::suggestion;

/// A value with its key and its place.
#[derive(Clone, Debug)]
pub(super) struct Given<T> {
    pub value: T,
    pub key: String,
    pub place: Place,
}

impl<T> Deref for Given<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Given<T> {
    /// Reports that this value is not what was expected.
    pub fn refuse(&self, problems: &mut Problems, expected: impl Into<String>, found: impl Into<String>) {
        problems.add(&self.place, &self.key, expected, found);
    }
}

/// Returns the values alone.
pub(super) fn values(list: Vec<Given<String>>) -> Vec<String> {
    list.into_iter().map(|item| item.value).collect()
}

/// Returns what a written word means; reports one that means nothing here. `later` words are known and not in this version.
pub(super) fn choose<T: Copy>(
    written: &Given<String>,
    choices: &[(&str, T)],
    later: &[&str],
    problems: &mut Problems,
) -> Option<Given<T>> {
    let chosen = choices.iter().find(|(word, _)| *word == written.value);
    if let Some((_, value)) = chosen {
        return Some(Given { value: *value, key: written.key.clone(), place: written.place.clone() });
    }
    let words = || choices.iter().map(|(word, _)| *word);
    let remark = if later.contains(&written.as_str()) {
        format!(" ({} is not in this version)", shown(written))
    } else {
        suggestion(written, words())
    };
    let expected = format!("{}{remark}", alternatives(words()));
    written.refuse(problems, expected, shown(written));
    None
}

/// Reports every item that repeats an earlier one.
pub(super) fn check_unique(items: &[Given<String>], problems: &mut Problems) {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for item in items {
        if let Some(earlier) = first.get(item.as_str()) {
            let found = format!("{} again, first in {earlier}", shown(item));
            item.refuse(problems, "each item only once", found);
        } else {
            first.insert(item, &item.key);
        }
    }
}

/// Returns `"a", "b" or "c"`.
pub(super) fn alternatives<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(shown).collect();
    match words.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => words.concat(),
    }
}
