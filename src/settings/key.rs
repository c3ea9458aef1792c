//! Keys and texts as the configuration and its problems show them.

/// Longest part of a wrong value that a problem repeats, in characters.
const MAX_FOUND_CHARS: usize = 80;

/// Returns `section.key`, the key quoted where TOML requires it.
pub(super) fn key_path(section: &str, key: &str) -> String {
    let key = toml_key(key);
    if section.is_empty() { key } else { format!("{section}.{key}") }
}

/// Returns the key, quoted where TOML requires it.
pub(super) fn toml_key(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { quoted(key) }
}

/// Returns a TOML basic string. It is written here because the configuration hash depends on it: no update of a library
/// may change it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            _ if character.is_control() => {
                quoted.push_str(&format!("\\U{:08X}", u32::from(character)));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns a wrong text as a problem repeats it: quoted, escaped and cut short.
pub(super) fn shown(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Returns the text escaped and cut short.
pub(super) fn escaped(text: &str) -> String {
    match text.char_indices().nth(MAX_FOUND_CHARS) {
        // The index is that of a character, so the slice is always there.
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default().escape_debug()),
        None => text.escape_debug().to_string(),
    }
}
