//! Texts that events hold, as they leave: without characters that change how others are shown.

use std::borrow::Cow;

/// Stands for a character that must not leave.
const REPLACEMENT: &str = "\u{fffd}";

/// Returns the text with a space in the place of line ends and tabs, and U+FFFD in that of other control characters and of those that turn the direction of text: whoever writes an event could make the
/// numbers beside its text read otherwise (Unicode Technical Report 36, section 3.2).
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return text.into();
    }
    text.replace(['\n', '\r', '\t'], " ").replace(is_hidden, REPLACEMENT).into()
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{061c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_turn_their_neighbours() {
        assert_eq!(plain("v\u{202e}3 (14)\n"), "v\u{fffd}3 (14) ");
        assert_eq!(plain("é=2"), "é=2");
    }
}
