//! How much is tried where more is always possible: what `tests/run` has time for, or so many times more.

/// `usual` times `PARITYWATCH_TIMES`, which is 1 unless it is set.
pub fn attempts(usual: u32) -> u32 {
    let times = number("PARITYWATCH_TIMES").unwrap_or(1);
    usual.checked_mul(u32::try_from(times).expect("PARITYWATCH_TIMES")).expect("PARITYWATCH_TIMES is too large")
}

/// The number in a variable of the environment, where it is set.
#[track_caller]
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
