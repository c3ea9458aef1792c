//! Buckets of whole numbers with two significant digits, as an HDR histogram has them.

/// The binary digits that are kept. Up to 2^8 every number has a bucket of its own; from there on a bucket is narrower than 1 % of its numbers.
const DIGITS: u32 = 8;
/// Buckets of each doubling beyond that.
const HALF: u64 = 1 << (DIGITS - 1);

/// Returns the bucket of a number, from 0. Larger numbers have the same bucket or a later one.
#[must_use]
pub const fn bucket_of(number: u64) -> u64 {
    let digits = u64::BITS - number.leading_zeros();
    let dropped = digits.saturating_sub(DIGITS);
    dropped as u64 * HALF + (number >> dropped)
}

/// Returns the number in the middle of a bucket; the largest there is for a bucket beyond those of [`bucket_of`].
#[must_use]
pub fn bucket_value(bucket: u64) -> u64 {
    let dropped = (bucket / HALF).saturating_sub(1);
    let kept = bucket - dropped * HALF;
    let number = u32::try_from(dropped).ok().filter(|dropped| *dropped <= u64::BITS - DIGITS);
    number.map_or(u64::MAX, |dropped| (kept << dropped) + ((1 << dropped) >> 1))
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::*;

    #[test]
    fn they_are_those_of_an_hdr_histogram_with_two_digits() {
        let hdr = Histogram::<u64>::new_with_bounds(1, 1 << 42, 2).ok();
        let mut number = 0_u64;
        while let Some(hdr) = hdr.as_ref().filter(|_| number < 1 << 41) {
            assert_eq!(bucket_value(bucket_of(number)), hdr.median_equivalent(number), "{number}");
            let end = hdr.next_non_equivalent(number);
            assert_eq!(bucket_of(end), bucket_of(number) + 1, "{number}");
            assert_eq!(bucket_of(end - 1), bucket_of(number), "{number}");
            number += (end - number).max(number / 977);
        }
    }

    #[test]
    fn the_last_ones_do_not_overflow() {
        assert_eq!(bucket_of(bucket_value(bucket_of(u64::MAX))), bucket_of(u64::MAX));
        assert_eq!(bucket_value(u64::MAX), u64::MAX);
    }
}
