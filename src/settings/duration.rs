//! Durations as people write them: "30s", "10m", "24h", "7d".

use super::terms::Span;

/// The longest duration of any key, in days.
pub const MAX_DURATION_DAYS: i64 = 10_000;

/// How a problem describes a duration.
pub(super) const SHAPE: &str = "a duration such as \"30s\", \"10m\", \"24h\" or \"7d\"";

/// Reads a whole number with a unit (s, m, h or d); `None` for other texts and for more than [`MAX_DURATION_DAYS`].
pub(super) fn parse_duration(text: &str) -> Option<Span> {
    let unit = match text.chars().next_back()? {
        's' => Span::SECOND,
        'm' => Span::MINUTE,
        'h' => Span::HOUR,
        'd' => Span::DAY,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let span = Span(digits.parse::<i64>().ok()?.checked_mul(unit.0)?);
    (span <= Span::DAY.times(MAX_DURATION_DAYS)).then_some(span)
}

/// Writes a span of whole seconds in its largest whole unit; one day is "24h".
pub(super) fn format_duration(span: Span) -> String {
    let units = [(Span::DAY, "d", 2), (Span::HOUR, "h", 1), (Span::MINUTE, "m", 1)];
    for (unit, letter, least) in units {
        if span.0 % unit.0 == 0 && span.0 / unit.0 >= least {
            return format!("{}{letter}", span.0 / unit.0);
        }
    }
    format!("{}s", span.0 / Span::SECOND.0)
}
