//! Names of groups: how they are written, and which differ by their spelling only.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Returns a group's name in the one form in which names are compared: Unicode NFC, without marks that nobody sees
/// (zero-width characters, directions of text), trimmed, and each run of white space one space.
///
/// The same is done to the names of the configuration and to those of events. Plain ASCII in this form is returned as
/// it is.
#[must_use]
pub fn normalise(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        return Cow::Borrowed(name);
    }
    let visible: String = name.chars().filter(|character| !is_unseen(*character)).collect();
    let mut normalised = String::with_capacity(name.len());
    for word in visible.split_whitespace() {
        if !normalised.is_empty() {
            normalised.push(' ');
        }
        normalised.extend(word.nfc());
    }
    Cow::Owned(normalised)
}

/// Returns what is left of a name without case, accents and look-alike letters. Names with the same skeleton may well
/// mean the same group, written by two feeds. It is for comparison only, never shown.
///
/// Space, hyphen and underscore are alike; so are 0 and o, and 1 and l.
#[must_use]
pub fn skeleton(name: &str) -> String {
    let mut skeleton = String::with_capacity(name.len());
    let letters = normalise(name);
    let letters = letters.nfkd().flat_map(char::to_lowercase).nfkd();
    for letter in letters.filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            // Its capital is written SS.
            'ß' => skeleton.push_str("ss"),
            letter => skeleton.push(look_alike(letter)),
        }
    }
    skeleton
}

/// ASCII without a control character, in which spaces stand only between words, one by one.
fn is_plain(name: &str) -> bool {
    let mut before = b' ';
    for byte in name.bytes() {
        let allowed = matches!(byte, b'!'..=b'~') || (byte == b' ' && before != b' ');
        if !allowed {
            return false;
        }
        before = byte;
    }
    before != b' ' || name.is_empty()
}

/// Soft hyphen, zero-width characters, marks of the direction of text, and the byte order mark.
const fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

/// Returns the Latin letter that a letter looks like, as a capital or a small one; itself where there is none. It is
/// lower case and has no accent.
const fn look_alike(letter: char) -> char {
    match letter {
        // Digits, and signs between words.
        '0' => 'o',
        '1' | '|' => 'l',
        ' ' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        // Latin letters with a stroke, or without a dot.
        'ø' => 'o',
        'đ' => 'd',
        'ł' => 'l',
        'ħ' => 'h',
        'ı' => 'i',
        // Cyrillic.
        'а' => 'a',
        'в' => 'b',
        'е' => 'e',
        'к' => 'k',
        'м' => 'm',
        'н' | 'һ' => 'h',
        'о' => 'o',
        'р' => 'p',
        'с' => 'c',
        'т' => 't',
        'у' => 'y',
        'х' => 'x',
        'і' => 'i',
        'ј' => 'j',
        'ѕ' => 's',
        'ԁ' => 'd',
        'ԛ' => 'q',
        'ԝ' => 'w',
        // Greek.
        'α' => 'a',
        'β' => 'b',
        'ε' => 'e',
        'ζ' => 'z',
        'η' => 'h',
        'ι' => 'i',
        'κ' => 'k',
        'μ' => 'm',
        'ν' => 'n',
        'ο' => 'o',
        'ρ' => 'p',
        'τ' => 't',
        'υ' => 'y',
        'χ' => 'x',
        'ς' => 'σ',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_borrowed() {
        for name in ["a", "non_european", "18-25 years", "", "x y z"] {
            assert!(matches!(normalise(name), Cow::Borrowed(same) if same == name), "{name:?}");
        }
    }

    #[test]
    fn one_form_for_what_reads_the_same() {
        for (written, normalised) in [
            ("a ", "a"),
            ("\ta\u{a0}", "a"),
            ("x  y", "x y"),
            ("x \u{200b} y", "x y"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("caf\u{e9}", "caf\u{e9}"),
            ("\u{feff}a\u{200e}b\u{ad}", "ab"),
            (" \u{200b} ", ""),
        ] {
            assert_eq!(normalise(written), normalised, "{written:?}");
            assert_eq!(normalise(normalised), normalised);
        }
        // Case and accents are part of a name.
        assert_ne!(normalise("A"), normalise("a"));
        assert_ne!(normalise("caf\u{e9}"), normalise("cafe"));
    }

    #[test]
    fn spelling_alone_leaves_the_skeleton() {
        for (one, other) in [
            ("a", "A"),
            ("caf\u{e9}", "cafe"),
            ("Non-European", "non_european"),
            ("non european", "non\u{2013}european"),
            ("dutch", "dut\u{441}h"),
            ("AB", "\u{391}\u{392}"),
            ("o1", "0l"),
            ("\u{130}stanbul", "istanbul"),
            ("Stra\u{df}e", "STRASSE"),
            ("\u{fb01}n", "fin"),
            ("\u{ff41}", "a"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn other_names_have_another_skeleton() {
        for (one, other) in [("a", "b"), ("dutch", "dutch2"), ("noneuropean", "non_european"), ("18-25", "18-26")] {
            assert_ne!(skeleton(one), skeleton(other), "{one:?} {other:?}");
        }
    }
}
