//! Medians and ranges.

use std::fmt;

/// The results of several rounds.
#[derive(Clone, Debug)]
pub struct Rounds {
    sorted: Vec<f64>,
}

impl Rounds {
    /// Of the rounds' results, at least one.
    pub fn of(results: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = results.into_iter().collect();
        assert!(!sorted.is_empty(), "there was no round");
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    /// The median; of an even number the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let middle = self.sorted.len() / 2;
        if self.sorted.len() % 2 == 1 {
            self.sorted[middle]
        } else {
            (self.sorted[middle - 1] + self.sorted[middle]) / 2.0
        }
    }
}

/// The median, and the range behind it.
impl fmt::Display for Rounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.sorted[0], self.sorted[self.sorted.len() - 1]);
        let digits = formatter.precision().unwrap_or(0);
        let number = |value: f64| grouped(value, digits);
        write!(formatter, "{} ({} to {})", number(self.median()), number(least), number(most))
    }
}

/// A number with its thousands separated.
pub fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left % 3 == 0 && out != "-" {
            out.push(',');
        }
        out.push(digit);
    }
    out + &fraction
}
