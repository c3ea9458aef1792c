//! The brackets of a schema's text that the compiler will see: not those in comments and strings. A closing bracket in a comment must not hide how deep the
//! text is.

/// The brackets, `true` where one opens. What no compiler takes is an error, which says what was expected: here and there the text might be read differently.
pub(super) fn brackets(text: &[u8]) -> impl Iterator<Item = Result<bool, &'static str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            let skipped = match (first, behind.first()) {
                (b'{' | b'[' | b'<' | b'(', _) => return Some(Ok(true)),
                (b'}' | b']' | b'>' | b')', _) => return Some(Ok(false)),
                (b'#', _) | (b'/', Some(b'/')) => Some(behind_line(behind)),
                (b'/', Some(b'*')) => behind_comment(behind.get(1..).unwrap_or_default()),
                (quote @ (b'"' | b'\''), _) => behind_string(behind, *quote),
                _ => continue,
            };
            match skipped {
                Some(skipped) => rest = skipped,
                None => {
                    rest = &[];
                    return Some(Err("comments and strings that end, without others inside of them"));
                }
            }
        }
        None
    })
}

fn behind_line(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
}

/// What stands behind a comment's end; `None` where there is none, or another comment begins before it.
fn behind_comment(text: &[u8]) -> Option<&[u8]> {
    let at = text.windows(2).position(|pair| pair == b"*/" || pair == b"/*")?;
    text.get(at..)?.strip_prefix(b"*/")
}

/// What stands behind a string's end; `None` where there is none, or an escape is none.
fn behind_string(text: &[u8], quote: u8) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        let (first, behind) = rest.split_first()?;
        rest = match first {
            b'\n' | 0 => return None,
            b'\\' => behind_escape(behind)?,
            byte if *byte == quote => return Some(behind),
            _ => behind,
        };
    }
}

fn behind_escape(text: &[u8]) -> Option<&[u8]> {
    let (first, behind) = text.split_first()?;
    let digits = match first {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'?' | b'\\' | b'\'' | b'"' | b'0'..=b'7' => 0,
        b'x' | b'X' => 1,
        b'u' => 4,
        b'U' => 8,
        _ => return None,
    };
    let (digits, behind) = behind.split_at_checked(digits)?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(behind)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn seen(text: &str) -> Option<String> {
        let brackets: Result<Vec<bool>, _> = brackets(text.as_bytes()).collect();
        Some(brackets.ok()?.into_iter().map(|opens| if opens { '(' } else { ')' }).collect())
    }

    #[test]
    fn brackets_of_comments_and_strings_are_not_seen() {
        for (text, expected) in [
            ("a { /* } */ b { // }\n # }\n }", "(()"),
            ("option a = \"}\"; option b = '}\\'}'; {", "("),
            ("/*/ } */ {", "("),
            ("/** } **/ {", "("),
            ("\"\\x7d\\175\\u007d\\U0000007d\\\"}\" {", "("),
            ("map<a, b> c = 1 [d = (e)];", "()(())"),
            ("a / b", ""),
        ] {
            assert_eq!(seen(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_might_be_read_differently_is_refused() {
        for text in ["/* } ", "/* /* } */ */", "\"a\nb\"", "\"a", "\"\\q\"", "\"\\x\"", "\"\\u12\"", "'\\"] {
            assert_eq!(seen(text), None, "{text}");
        }
    }
}
