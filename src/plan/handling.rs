//! How a case was handled: what its controls and their outcomes say beside whether there was one.

use std::borrow::Cow;

use super::group_name::normalise;
use crate::statistics::{bucket_of, bucket_value};

/// One thing that is known of how a case was handled. Only those that a rule reads are kept, each as a stratum of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// The kinds of its performed controls, each once. They are shown; whether one of them is strict is [`Self::Strict`].
    Kind,
    /// The highest intensity of its performed controls, in steps of a half.
    Intensity,
    /// How long its performed controls took together, in minutes.
    Duration,
    /// The kinds of its sanctions that stand, each once; "" for one without a kind. A hit that is known to have none has [`Self::NOTHING`].
    Sanction,
    /// The amount of its sanctions that stand, all together. A hit that is known to have none has [`Self::NOTHING`].
    Amount,
    /// Whether a kind of its performed controls is one that a rule calls strict: see [`Self::is_strict`].
    Strict,
}

/// Steps of intensity in each whole.
const STEPS: f64 = 2.0;

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 6] =
        [Self::Kind, Self::Intensity, Self::Duration, Self::Sanction, Self::Amount, Self::Strict];

    /// What the name of the stratum of every feature begins with. No rule may stratify by such a name.
    pub const PREFIX: &str = "control:";

    /// Stands between two kinds of one case.
    pub const SEPARATOR: char = '\u{1f}';

    /// The value of a hit of which it is known that it has no sanction, or none with an amount. No event can say it.
    pub const NOTHING: &str = "\u{1e}";

    /// Returns the name of its stratum.
    #[must_use]
    pub const fn stratum(self) -> &'static str {
        match self {
            Self::Kind => "control:kind",
            Self::Intensity => "control:intensity",
            Self::Duration => "control:duration_minutes",
            Self::Sanction => "control:sanction",
            Self::Amount => "control:amount",
            Self::Strict => "control:strict",
        }
    }

    /// Returns the feature whose stratum has this name.
    #[must_use]
    pub fn of(stratum: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.stratum() == stratum)
    }

    /// Returns the field of an event that says it.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Kind | Self::Strict => "kind",
            Self::Intensity => "intensity",
            Self::Duration => "duration_minutes",
            Self::Sanction | Self::Amount => "sanction",
        }
    }

    /// Returns whether it is a number, kept by its bucket; else a text.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Intensity | Self::Duration | Self::Amount)
    }

    /// Returns the bucket of a number that an event says: of an intensity the number of halves; of a duration or amount, as a whole
    /// number, that of [`bucket_of`]. The contract's numbers are not negative and at most 1e12.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1e12, and saturating")]
    pub fn bucket(self, number: f64) -> u64 {
        match self {
            Self::Intensity => (number * STEPS).round() as u64,
            _ => bucket_of(number.round() as u64),
        }
    }

    /// Returns the bucket of the sum of numbers in these buckets.
    #[must_use]
    pub fn bucket_of_sum(self, buckets: impl Iterator<Item = u64>) -> u64 {
        let sum = buckets.map(|bucket| self.whole(bucket)).fold(0, u64::saturating_add);
        if self == Self::Intensity { sum } else { bucket_of(sum) }
    }

    /// Returns the number that stands for those of a bucket.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most 1e12, but for sums")]
    pub fn number(self, bucket: u64) -> f64 {
        let whole = self.whole(bucket) as f64;
        if self == Self::Intensity { whole / STEPS } else { whole }
    }

    /// Returns the largest number that may stand for itself as 0: half of the step in which small numbers are kept.
    #[must_use]
    pub const fn kept_as_zero(self) -> f64 {
        if matches!(self, Self::Intensity) { 0.5 / STEPS } else { 0.5 }
    }

    /// Returns several kinds as one text.
    #[must_use]
    pub fn joined<'k>(kinds: impl Iterator<Item = &'k str>) -> String {
        kinds.collect::<Vec<_>>().join(&Self::SEPARATOR.to_string())
    }

    /// Returns the kinds of a text that [`Self::joined`] made.
    pub fn kinds(text: &str) -> impl Iterator<Item = &str> {
        text.split(Self::SEPARATOR)
    }

    /// Returns a kind as an event writes it, as it is kept: [`normalise`]d, and without characters that have a meaning between kinds.
    #[must_use]
    pub fn kind(written: &str) -> Cow<'_, str> {
        let kind = normalise(written);
        if kind.contains(char::is_control) {
            // Without them white space may stand at an end.
            return normalise(&kind.replace(char::is_control, "")).into_owned().into();
        }
        kind
    }

    /// Returns the value of [`Self::Strict`] of a case: of each list of strict kinds of the plan, whether one of its controls was of a kind in it.
    #[must_use]
    pub fn strictness<'l>(lists: impl Iterator<Item = (&'l [String], bool)>) -> String {
        let of_list = |(kinds, is_strict): (&[String], bool)| {
            let sign = if is_strict { Self::STRICT } else { Self::NOT_STRICT };
            format!("{sign}{}", kinds.join(Self::NOTHING))
        };
        lists.map(of_list).collect::<Vec<_>>().join(&Self::SEPARATOR.to_string())
    }

    /// Returns what a text that [`Self::strictness`] made says by this list; `None` where it was made without it.
    #[must_use]
    pub fn is_strict(text: &str, kinds: &[String]) -> Option<bool> {
        let list = kinds.join(Self::NOTHING);
        Self::kinds(text).find_map(|said| match said.strip_prefix(Self::STRICT) {
            Some(other) => (other == list).then_some(true),
            None => (said.strip_prefix(Self::NOT_STRICT)? == list).then_some(false),
        })
    }

    const STRICT: char = '+';
    const NOT_STRICT: char = '-';

    fn whole(self, bucket: u64) -> u64 {
        if self == Self::Intensity { bucket } else { bucket_value(bucket) }
    }
}

/// What a rule of kind `disparity` adds for an indicator of how cases were handled.
#[derive(Clone, Debug, PartialEq)]
pub struct HandlingTerms {
    /// The quantiles that are compared, rising; each above 0 and below 1.
    pub quantiles: [f64; 2],
    /// The kinds of control that count as strict, each once, ascending.
    pub strict_kinds: Vec<String>,
    /// The coefficient of variation of a share between blocks that does not count as evidence; `None` for that of all rules.
    pub block_variation: Option<f64>,
}

impl HandlingTerms {
    /// The quantiles where a rule names none: the usual case, and the harsh one.
    pub const QUANTILES: [f64; 2] = [0.5, 0.9];
    /// The variation between blocks where a rule that compares values names none.
    pub const BLOCK_VARIATION: f64 = 0.15;
}

impl Default for HandlingTerms {
    fn default() -> Self {
        Self { quantiles: Self::QUANTILES, strict_kinds: Vec::new(), block_variation: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_by_their_bucket() {
        let kept = |feature: Feature, number: f64| feature.number(feature.bucket(number));
        assert_eq!([7.0, 7.2, 7.25, 10.0].map(|number| kept(Feature::Intensity, number)), [7.0, 7.0, 7.5, 10.0]);
        assert_eq!([0.4, 45.0, 255.0, 257.0].map(|number| kept(Feature::Duration, number)), [0.0, 45.0, 255.0, 257.0]);
        assert!((kept(Feature::Amount, 1e12) / 1e12 - 1.0).abs() < 0.004);
        let buckets = [30.0, 45.0].map(|number| Feature::Duration.bucket(number));
        assert_eq!(Feature::Duration.number(Feature::Duration.bucket_of_sum(buckets.into_iter())), 75.0);
    }

    #[test]
    fn kinds_are_read_as_they_were_joined() {
        assert_eq!(Feature::kinds(&Feature::joined(["a", "b"].into_iter())).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(Feature::kind("a\u{1f}b \u{1e}"), "ab");
        let (one, two) = (["a".to_owned()], ["a".to_owned(), "b".to_owned()]);
        let text = Feature::strictness([&one[..], &two[..]].into_iter().zip([false, true]));
        assert_eq!((Feature::is_strict(&text, &one), Feature::is_strict(&text, &two)), (Some(false), Some(true)));
        assert_eq!(Feature::is_strict(&text, &["b".to_owned()]), None);
        assert_eq!(Feature::ALL.map(|feature| Feature::of(feature.stratum())), Feature::ALL.map(Some));
    }
}
