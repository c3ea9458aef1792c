//! The known name that is nearest to a misspelt one.

/// Longest name for which a similar one is looked for, in characters.
const MAX_CHARS: usize = 64;

/// Returns the known name that is nearest to `found`; `None` where none is near. A name is near where at most a third of its characters differ, or one.
#[must_use]
pub fn nearest<'n>(found: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let length = found.chars().count();
    if length > MAX_CHARS {
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

/// Levenshtein distance over lower-case characters, in which two neighbours that changed places are one difference.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    // The row above, and the character before.
    let mut above_row: Vec<usize> = Vec::new();
    let mut before: Option<char> = None;
    let mut distance = right.len();
    for (index, left) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = index;
        distance = index + 1;
        let mut next = vec![distance];
        for (column, (letter, above)) in right.iter().zip(row.iter().skip(1)).enumerate() {
            distance = (diagonal + usize::from(left != *letter)).min(distance + 1).min(above + 1);
            diagonal = *above;
            let last = column.checked_sub(1);
            let swapped = last.and_then(|last| right.get(last)) == Some(&left) && before == Some(*letter);
            if let Some(cost) = last.filter(|_| swapped).and_then(|last| above_row.get(last)) {
                distance = distance.min(cost + 1);
            }
            next.push(distance);
        }
        above_row = std::mem::replace(&mut row, next);
        before = Some(left);
    }
    distance
}
