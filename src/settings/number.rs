//! Numbers as TOML writes them.

/// Returns the number in groups of three digits: 20_000.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// The same for a size in memory.
pub(super) fn grouped_size(number: usize) -> String {
    // A usize is at most 64 bits wide.
    grouped(u64::try_from(number).unwrap_or(u64::MAX))
}
