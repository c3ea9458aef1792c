//! "Did you mean ...?": the known name that is nearest to a misspelt one.

use super::key::shown;

/// Longest name for which a similar one is looked for, in characters.
const MAX_SUGGESTION_CHARS: usize = 64;

/// Returns ` (did you mean X?)` where a known name is near to `found`, else an empty text.
pub(super) fn suggestion<'n>(found: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    match nearest(found, known) {
        Some(name) => format!(" (did you mean {}?)", shown(name)),
        None => String::new(),
    }
}

/// A name is near where at most a third of its characters differ, or one.
fn nearest<'n>(found: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let length = found.chars().count();
    if length > MAX_SUGGESTION_CHARS {
        return None;
    }
    let furthest = (length / 3).max(1);
    known
        .into_iter()
        .filter(|name| name.chars().count().abs_diff(length) <= furthest)
        .map(|name| (edit_distance(found, name), name))
        .filter(|(distance, _)| *distance <= furthest)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance over lower-case characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut distance = right.len();
    for (index, left) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = index;
        distance = index + 1;
        let mut next = vec![distance];
        for (right, above) in right.iter().zip(row.iter().skip(1)) {
            distance = (diagonal + usize::from(left != *right)).min(distance + 1).min(above + 1);
            diagonal = *above;
            next.push(distance);
        }
        row = next;
    }
    distance
}
