//! Which fields of somebody else's records could be which of the contract: by their names, their types and what their values look like.
//! A guess is a place to look at first, never an answer.

use super::shape::Shape;
use super::tree::Path;
use super::vocabulary::{CLEAR_TIMES, TARGETS, Target};

/// A guess about one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    /// The field of the contract.
    pub field: &'static str,
    /// The path, by its place in the list.
    pub path: usize,
    /// Whether the name says it outright.
    pub is_likely: bool,
}

/// Returns the guesses, in the order of the fields of the contract. No field has two paths, and no path two fields.
pub(super) fn guesses(paths: &[Path<'_>]) -> Vec<Guess> {
    let mut scored: Vec<(u32, usize, usize)> = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        for (place, target) in TARGETS.iter().enumerate() {
            let score = if fits(path, target) { by_name(path, target) } else { 0 };
            // No event is without a profile: what only hints at one must be there always.
            let is_unsure = target.field == "profile" && score < OUTRIGHT && path.node.types.contains_key("null");
            let score = if is_unsure { 0 } else { score };
            if score > 0 {
                scored.push((score, place, index));
            }
        }
    }
    // The best first; of equals the more needed field, and the path that comes first.
    scored.sort_by_key(|(score, place, index)| (u32::MAX - score, *place, *index));
    let mut found: Vec<(usize, Guess)> = Vec::new();
    for (score, place, path) in scored {
        let is_taken = found.iter().any(|(taken, guess)| *taken == place || guess.path == path);
        if let Some(target) = TARGETS.get(place).filter(|_| !is_taken) {
            found.push((place, Guess { field: target.field, path, is_likely: score >= OUTRIGHT }));
        }
    }
    found.extend(only_time(paths, &found));
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, guess)| guess).collect()
}

/// The time, where no name says which field it is and only one looks like a time.
fn only_time(paths: &[Path<'_>], found: &[(usize, Guess)]) -> Option<(usize, Guess)> {
    let place = TARGETS.iter().position(|target| target.field == "time")?;
    let is_taken = |path: usize| found.iter().any(|(_, guess)| guess.path == path);
    let is_time = |path: &Path<'_>| path.node.is_leaf() && path.node.is_mostly(CLEAR_TIMES);
    let mut times = paths.iter().enumerate().filter(|(index, path)| !is_taken(*index) && is_time(path));
    let (path, _) = times.next().filter(|_| !found.iter().any(|(taken, _)| *taken == place))?;
    times.next().is_none().then_some((place, Guess { field: "time", path, is_likely: false }))
}

/// The score of a name that says it outright.
const OUTRIGHT: u32 = 2;

fn by_name(path: &Path<'_>, target: &Target) -> u32 {
    // Avro writes a value of a union as an object with the name of its type.
    let is_type = |name: &&str| AVRO_TYPES.contains(name);
    let named = path.names.iter().rposition(|name| !is_type(name)).map_or(0, |last| last + 1);
    let plain: Vec<String> = path.names.iter().take(named).map(|name| letters(name)).collect();
    let Some(last) = plain.last() else { return 0 };
    let two: String = plain.iter().rev().take(2).rev().map(String::as_str).collect();
    if target.names.contains(&last.as_str()) {
        return OUTRIGHT + 1;
    }
    if target.names.contains(&two.as_str()) {
        return OUTRIGHT;
    }
    // A hint of two letters would be found anywhere.
    let hints = |hint: &&str| {
        if hint.len() > 2 { last.contains(hint) } else { words(path).last() == Some(&(**hint).to_owned()) }
    };
    u32::from(target.hints.iter().any(hints))
}

fn fits(path: &Path<'_>, target: &Target) -> bool {
    let (most, least) = target.distinct;
    let distinct = path.node.distinct.len();
    let is_number_of_day =
        || path.node.integers.is_some_and(|(first, last)| first >= EPOCH_DAYS.0 && last <= EPOCH_DAYS.1);
    let is_time = target.field != "time" || !path.node.is_mostly(&[Shape::Integer]) || is_number_of_day();
    // A number that could be either is a time where its name says so.
    const NAMES_OF_TIMES: [&str; 4] = ["datum", "date", "tijd", "time"];
    let last = path.names.last().map(|name| letters(name)).unwrap_or_default();
    let is_named_time = path.node.is_mostly(CLEAR_TIMES) && NAMES_OF_TIMES.iter().any(|name| last.contains(name));
    // A small sample has few distinct ids.
    let few = usize::try_from(path.node.present / 2).unwrap_or(usize::MAX);
    path.node.is_leaf()
        && distinct <= most
        && distinct >= least.min(few)
        && path.node.is_mostly(target.shapes)
        && is_time
        && (target.field == "time" || !is_named_time)
}

/// Names of types by which Avro writes values of unions in JSON.
const AVRO_TYPES: [&str; 7] = ["string", "int", "long", "float", "double", "boolean", "bytes"];

/// Days since 1970 of 1997 and 2079.
pub(super) const EPOCH_DAYS: (i64, i64) = (10_000, 40_000);

/// Letters and digits alone, in lower case, without the beginning of columns that say what they hold.
fn letters(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of the last name: `decidedAt` and `decided_at` have two.
fn words(path: &Path<'_>) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in path.names.last().copied().unwrap_or_default().chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
