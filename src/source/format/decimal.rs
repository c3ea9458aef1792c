//! Decimal numbers of any size, digit by digit.

use super::json::Json;
use crate::event::Rejection;

/// Bytes of a number that is written in digits, at most: about 150 digits. Turning bytes into digits takes time by the square of their number.
const MAX_BYTES: usize = 64;
/// Digits behind the point, at most.
const MAX_SCALE: usize = 256;
/// Decimal digits of a part of a number.
const PART_DIGITS: usize = 9;
const PART: u64 = 1_000_000_000;

/// Writes a number whose bytes are two's complement, the highest first, and whose last `scale` digits stand behind the point. One that is too long for
/// that is written as its bytes.
pub(super) fn decimal(json: &mut Json<'_>, bytes: &[u8], scale: usize) -> Result<(), Rejection> {
    if bytes.len() > MAX_BYTES || scale > MAX_SCALE {
        return json.base64(bytes);
    }
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut digits = digits(magnitude(bytes, negative));
    if digits.len() <= scale {
        digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
    }
    let (whole, behind) = digits.split_at(digits.len() - scale);
    let sign = if negative { "-" } else { "" };
    let point = if behind.is_empty() { "" } else { "." };
    json.display(format_args!("{sign}{whole}{point}{behind}"))
}

/// Returns the bytes of the number without its sign.
fn magnitude(bytes: &[u8], negative: bool) -> Vec<u8> {
    let mut magnitude = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, over);
        }
    }
    magnitude
}

/// Returns the decimal digits of a number, without zeros before it.
fn digits(mut bytes: Vec<u8>) -> String {
    let mut parts = Vec::new();
    while bytes.iter().any(|byte| *byte != 0) {
        let mut rest = 0_u64;
        for byte in &mut bytes {
            let value = rest << 8 | u64::from(*byte);
            // Below 256, as the rest is below the divisor.
            *byte = u8::try_from(value / PART).unwrap_or_default();
            rest = value % PART;
        }
        parts.push(rest);
    }
    let mut digits = parts.pop().unwrap_or_default().to_string();
    for part in parts.iter().rev() {
        digits += &format!("{part:0PART_DIGITS$}");
    }
    digits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8], scale: usize) -> String {
        let mut text = Vec::new();
        decimal(&mut Json::new(&mut text, 1_000), bytes, scale).unwrap();
        String::from_utf8(text).unwrap()
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_number(number in any::<i128>(), spare in 0_usize..8) {
            let mut bytes = vec![if number < 0 { 0xFF } else { 0 }; spare];
            bytes.extend(number.to_be_bytes());
            prop_assert_eq!(text(&bytes, 0), number.to_string());
            let scaled = text(&bytes, 3);
            let (whole, behind) = scaled.split_once('.').unwrap();
            prop_assert_eq!(behind.len(), 3);
            prop_assert_eq!(format!("{whole}{behind}").parse::<i128>().unwrap(), number);
        }
    }

    #[test]
    fn odd_numbers_are_written_too() {
        assert_eq!(text(b"", 2), "0.00");
        assert_eq!(text(b"\xff", 2), "-0.01");
        assert_eq!(text(b"\x04\xe2", 2), "12.50");
        assert_eq!(text(b"\x80", 0), "-128");
        assert!(text(&[1; 64], 0).len() > 150);
        assert!(text(&[1; 65], 0).starts_with('"'), "as bytes");
    }
}
