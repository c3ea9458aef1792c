//! Which names of fields may be shown. A name is written by a programmer, or it is data: the key of a map by person.

/// The longest name that is shown, in characters.
const MOST_CHARACTERS: usize = 64;
/// So many digits in a row are a number, not a word.
const DIGITS: usize = 4;

/// Returns whether a name looks like one that a programmer wrote: a short word, or a few, without a number in it.
pub(super) fn is_plain(name: &str) -> bool {
    let mut digits = 0;
    let has_number = name.chars().any(|letter| {
        digits = if letter.is_numeric() { digits + 1 } else { 0 };
        digits >= DIGITS
    });
    let allowed = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '$' | ' ');
    name.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '$'))
        && name.chars().count() <= MOST_CHARACTERS
        && name.chars().all(allowed)
        && !has_number
        && !super::shape::looks_like_uuid(name)
}

/// Returns a name as a part of a JSON Pointer (RFC 6901).
pub(super) fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_and_data_is_not() {
        for name in ["case_id", "Datum besluit", "__op", "$type", "a1", "region.code", "straße"] {
            assert!(is_plain(name), "{name}");
        }
        for name in
            ["", "123456782", "bsn_123456782", "person@example.org", "a\u{202e}b", "x".repeat(65).as_str(), "1a"]
        {
            assert!(!is_plain(name), "{name}");
        }
    }
}
