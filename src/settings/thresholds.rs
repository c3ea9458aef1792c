//! The thresholds of a rule, and the order in which they must lie.

use super::given::Given;
use super::problem::Problems;
use super::table::Table;
use super::terms::{Harm, Indicator, Measure};

/// The furthest threshold of a ratio.
const MAX_RATIO: f64 = 1_000.0;

/// The furthest threshold of a difference, on either side of 0. No two rates differ by more than 1, so a threshold beyond never alarms.
const MAX_DIFFERENCE: f64 = 1.0;

pub(super) struct Thresholds {
    pub warning: f64,
    pub critical: f64,
    pub clear: f64,
}

/// Reads the thresholds. From equality outwards they lie in the order clear, warning, critical. Equality is 1 for a ratio
/// and 0 for a difference. Where low values are the harm they lie below it, so that those of a difference are negative or 0.
/// A rule that is never judged has none.
pub(super) fn thresholds(
    table: &mut Table<'_>,
    is_judged: bool,
    indicator: Option<Indicator>,
    measure: Measure,
) -> Option<Thresholds> {
    if !is_judged {
        return Some(no_thresholds(table, measure));
    }
    let warning = table.decided_number("warning");
    let critical = table.decided_number("critical");
    let clear = table.optional_number("clear");
    // Which of them is missing, or was refused, is among the problems.
    let (Some(warning), Some(critical), Some(indicator)) = (warning, critical, indicator) else {
        return None;
    };
    let range = Range::of(measure, indicator.harm());
    let problems = &mut *table.problems;
    let warning_fits = range.check(&warning, range.equality, "", problems);
    let from = if warning_fits { *warning } else { range.equality };
    range.check(&critical, from, " (the rule's warning)", problems);
    if let Some(clear) = &clear {
        let to = if warning_fits { *warning } else { range.furthest };
        range.check_clear(clear, to, problems);
    }
    Some(Thresholds {
        warning: warning.value,
        critical: critical.value,
        clear: clear.map_or(warning.value, |clear| clear.value),
    })
}

/// Reads the thresholds of a rule that is never judged: there must be none. What stands in their place is equality.
fn no_thresholds(table: &mut Table<'_>, measure: Measure) -> Thresholds {
    for key in ["warning", "critical", "clear"] {
        if let Some(given) = table.optional_number(key) {
            let expected = "no threshold with reference \"overall\", which contains the group itself and is shown but never judged";
            given.refuse(table.problems, expected, given.to_string());
        }
    }
    let equality = match measure {
        Measure::Ratio => 1.0,
        Measure::Difference => 0.0,
    };
    Thresholds { warning: equality, critical: equality, clear: equality }
}

/// Where thresholds may lie: from equality to the furthest.
struct Range {
    equality: f64,
    furthest: f64,
    harm: Harm,
    measure: Measure,
}

impl Range {
    fn of(measure: Measure, harm: Harm) -> Self {
        let (equality, furthest) = match (measure, harm) {
            (Measure::Ratio, Harm::High) => (1.0, MAX_RATIO),
            (Measure::Ratio, Harm::Low) => (1.0, 0.0),
            (Measure::Difference, Harm::High) => (0.0, MAX_DIFFERENCE),
            (Measure::Difference, Harm::Low) => (0.0, -MAX_DIFFERENCE),
        };
        Self { equality, furthest, harm, measure }
    }

    /// Returns whether a threshold lies between `from` and the furthest; reports one that does not.
    fn check(&self, threshold: &Given<f64>, from: f64, remark: &str, problems: &mut Problems) -> bool {
        let fits = self.holds(from, self.furthest, **threshold);
        if !fits {
            let remark = if from == self.equality { "" } else { remark };
            let expected = match self.harm {
                Harm::High => format!("a number of at least {from}{remark} and at most {}", self.furthest),
                Harm::Low if self.measure == Measure::Ratio => format!("a number above 0 and at most {from}{remark}"),
                Harm::Low => format!("a number of at least {} and at most {from}{remark}", self.furthest),
            };
            let expected = format!("{expected}{}{}", self.direction(), self.other_measure(**threshold));
            threshold.refuse(problems, expected, threshold.to_string());
        }
        fits
    }

    fn check_clear(&self, clear: &Given<f64>, to: f64, problems: &mut Problems) {
        if !self.holds(self.equality, to, **clear) {
            let (low, high) = if to < self.equality { (to, self.equality) } else { (self.equality, to) };
            let expected = format!(
                "a number from {low} to {high}, between equality and the rule's warning{}",
                self.other_measure(**clear)
            );
            clear.refuse(problems, expected, clear.to_string());
        }
    }

    /// Returns whether `number` lies from `from` to `to`, in the direction of harm. No ratio lies beyond 0, so 0 is no threshold.
    fn holds(&self, from: f64, to: f64, number: f64) -> bool {
        match self.harm {
            Harm::High => from <= number && number <= to,
            Harm::Low if self.measure == Measure::Ratio => 0.0 < number && to <= number && number <= from,
            Harm::Low => to <= number && number <= from,
        }
    }

    /// Returns a remark where a number that cannot be a threshold of the rule's measure could be one of the other measure: a ratio beside thresholds of
    /// differences, for example.
    fn other_measure(&self, number: f64) -> String {
        let (other, word) = match self.measure {
            Measure::Ratio => (Measure::Difference, "difference"),
            Measure::Difference => (Measure::Ratio, "ratio"),
        };
        let other = Self::of(other, self.harm);
        let fits = |range: &Self| range.holds(range.equality, range.furthest, number);
        if !fits(self) && fits(&other) {
            format!(
                "; with measure \"{}\" all thresholds are {}s, and this would be a {word}",
                self.measure.name(),
                self.measure.name()
            )
        } else {
            String::new()
        }
    }

    const fn direction(&self) -> &'static str {
        match self.harm {
            Harm::High => "",
            Harm::Low => ", because low values of this indicator are the harm",
        }
    }
}
