//! Writing JSON.

/// Returns a text as JSON, with its quotes.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    // A text can always be written.
    serde_json::to_vec(text).unwrap_or_default()
}

/// Writes a number.
#[inline]
pub(super) fn write_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        (number, count) = (number / 10, count + 1);
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 7, 10, 99, 12_345, u64::MAX] {
            let mut out = b"x".to_vec();
            write_number(number, &mut out);
            assert_eq!(out, format!("x{number}").into_bytes());
        }
    }
}
