//! Interval plots: one row of a forest plot for each comparison. All rows of a table share one logarithmic scale.

use maud::{Markup, html};

use super::text::{Language, fill};
use crate::disclosure::{Measured, PublishedFinding};
use crate::plan::Measure;

/// Width and height of a row, and the margin for arrows at both ends, in units of the drawing.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 32.0;
const MARGIN: f64 = 12.0;
const MIDDLE: f64 = HEIGHT / 2.0;
const POINT_RADIUS: f64 = 4.5;
/// How far the upright lines go on above and below a row. The cell clips them, so that they run through all rows of a table.
const OVERHANG: f64 = 60.0;

/// The scale shows at least this range, and never more than [`WIDEST`]. An arrow marks what is beyond.
const NARROWEST: (f64, f64) = (0.75, 1.35);
const WIDEST: (f64, f64) = (0.05, 20.0);

/// The numbers that a wide scale may have, and a narrow one.
const TICKS_WIDE: [f64; 7] = [0.05, 0.1, 0.25, 0.5, 2.0, 5.0, 10.0];
const TICKS_NARROW: [f64; 8] = [0.5, 0.65, 0.8, 1.25, 1.5, 2.0, 3.0, 4.0];
/// A scale is narrow if the quotient of its ends is at most this.
const NARROW_SPAN: f64 = 6.0;
/// Least distance between two numbers of the scale, in units of the drawing.
const TICK_DISTANCE: f64 = 34.0;

/// What a row draws.
pub(crate) struct Plotted {
    /// The place of the row, which no other row of the page has.
    pub place: String,
    /// The ratio that is drawn; `None` draws the scale alone.
    pub ratio: Option<Measured>,
    /// The thresholds on the ratio, warning and critical.
    pub thresholds: Option<(f64, f64)>,
}

/// A logarithmic scale of ratios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
}

/// Where a ratio is on a scale.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    At(f64),
    Below,
    Above,
}

/// The ratio that is drawn. If the rule stratifies, it is the adjusted one, as that is judged.
pub(super) fn drawn(finding: &PublishedFinding) -> Option<Measured> {
    finding.stratified.as_ref().map(|(_, ratio, _)| *ratio).or(finding.ratio)
}

/// What the page draws of a finding.
pub(super) fn plotted(finding: &PublishedFinding) -> Plotted {
    Plotted { place: finding.anchor(), ratio: drawn(finding), thresholds: thresholds(finding) }
}

impl Scale {
    /// A scale wide enough for all points, limits and thresholds of the rows, within bounds.
    pub fn of(rows: &[Plotted]) -> Self {
        let numbers = rows.iter().filter_map(|row| row.ratio).flat_map(|ratio| {
            let Measured { value, lower, upper } = ratio;
            [value, lower, upper].into_iter().flatten()
        });
        let thresholds = rows.iter().filter_map(|row| row.thresholds).flat_map(|(one, two)| [one, two]);
        let inside = numbers.chain(thresholds).filter(|number| *number > 0.0);
        let (low, high) = inside.fold(NARROWEST, |(low, high), number| (low.min(number), high.max(number)));
        Self { low: low.max(WIDEST.0), high: high.min(WIDEST.1) }
    }

    fn place(self, ratio: f64) -> Place {
        let share = (ratio / self.low).ln() / (self.high / self.low).ln();
        if ratio.is_nan() || ratio < self.low {
            Place::Below
        } else if ratio > self.high {
            Place::Above
        } else {
            Place::At(MARGIN + share * (WIDTH - 2.0 * MARGIN))
        }
    }

    fn at(self, ratio: f64) -> Option<f64> {
        match self.place(ratio) {
            Place::At(x) => Some(x),
            _ => None,
        }
    }

    /// The numbers of the scale with their places: 1, and others as far as there is room.
    fn ticks(self) -> Vec<(f64, f64)> {
        let candidates: &[f64] = if self.high / self.low <= NARROW_SPAN { &TICKS_NARROW } else { &TICKS_WIDE };
        let mut ticks: Vec<(f64, f64)> = self.at(1.0).map(|x| (1.0, x)).into_iter().collect();
        for candidate in candidates {
            let Some(x) = self.at(*candidate) else { continue };
            if ticks.iter().all(|(_, other)| (other - x).abs() >= TICK_DISTANCE) {
                ticks.push((*candidate, x));
            }
        }
        ticks.sort_by(|one, other| one.0.total_cmp(&other.0));
        ticks
    }

    /// The drawing of the scale, for the head of a table.
    pub fn axis(self, language: Language) -> Markup {
        let ticks = self.ticks();
        let numbers: Vec<String> = ticks.iter().map(|(number, _)| number_of(language, *number)).collect();
        html! {
            svg.axis viewBox=(format!("0 0 {WIDTH} 20")) role="img" aria-label=(fill(language.axis(), &[&numbers.join("; ")])) {
                @for ((_, x), number) in ticks.iter().zip(&numbers) {
                    line.tick x1=(units(*x)) x2=(units(*x)) y1="15" y2="20" {}
                    text x=(units(*x)) y="11" text-anchor="middle" data-ratio=(number) { (number) }
                }
            }
        }
    }

    /// The drawing of one row.
    pub fn row(self, language: Language, row: &Plotted) -> Markup {
        let (title, description) = (format!("{}.title", row.place), format!("{}.description", row.place));
        html! {
            svg.interval viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby=(format!("{title} {description}")) {
                title id=(title) { (spoken(language, row)) }
                desc id=(description) { (spoken_scale(language, row)) }
                @if let Some(x) = self.at(1.0) { (upright("equality", x)) }
                @if let Some((warning, critical)) = row.thresholds {
                    @if let Some(x) = self.at(warning) { (upright("at-warning", x)) }
                    @if let Some(x) = self.at(critical) { (upright("at-critical", x)) }
                }
                @if let Some(ratio) = row.ratio { (self.interval(ratio)) }
            }
        }
    }

    /// The line from limit to limit, and the point on it. A limit that is unknown, or beyond the scale, is an arrow. An interval that is wholly
    /// beyond the scale is an arrow alone: a limit at the end of the scale would be read as that number.
    fn interval(self, ratio: Measured) -> Markup {
        let lower = ratio.lower.map_or(Place::Below, |lower| self.place(lower));
        let upper = ratio.upper.map_or(Place::Above, |upper| self.place(upper));
        let left = match lower {
            Place::At(x) => x,
            Place::Below => MARGIN / 2.0,
            Place::Above => WIDTH - MARGIN,
        };
        let right = match upper {
            Place::At(x) => x,
            Place::Below => MARGIN,
            Place::Above => WIDTH - MARGIN / 2.0,
        };
        html! {
            line.range x1=(units(left)) x2=(units(right)) y1=(units(MIDDLE)) y2=(units(MIDDLE)) {}
            @match lower {
                Place::At(x) => (cap("cap-low", x)),
                Place::Below => (arrow("arrow-low", left, 1.0)),
                Place::Above => {}
            }
            @match upper {
                Place::At(x) => (cap("cap-high", x)),
                Place::Above => (arrow("arrow-high", right, -1.0)),
                Place::Below => {}
            }
            @if let Some(x) = ratio.value.and_then(|value| self.at(value)) {
                circle.point cx=(units(x)) cy=(units(MIDDLE)) r=(units(POINT_RADIUS)) {}
            }
        }
    }
}

/// The thresholds, if there are any and they are about the ratio.
fn thresholds(finding: &PublishedFinding) -> Option<(f64, f64)> {
    let thresholds = finding.thresholds.filter(|thresholds| thresholds.measure == Measure::Ratio)?;
    finding.verdict.is_some().then_some((thresholds.warning, thresholds.critical))
}

fn upright(class: &str, x: f64) -> Markup {
    html! { line class=(class) x1=(units(x)) x2=(units(x)) y1=(units(-OVERHANG)) y2=(units(HEIGHT + OVERHANG)) {} }
}

fn cap(class: &str, x: f64) -> Markup {
    html! { line class=(format!("cap {class}")) x1=(units(x)) x2=(units(x)) y1=(units(MIDDLE - 4.0)) y2=(units(MIDDLE + 4.0)) {} }
}

/// `inwards` is 1 if the tail is to the right of the tip, and -1 if it is to the left.
fn arrow(class: &str, tip: f64, inwards: f64) -> Markup {
    let tail = tip + inwards * 7.0;
    let points = format!("{tip:.1},{MIDDLE:.1} {tail:.1},{:.1} {tail:.1},{:.1}", MIDDLE - 4.5, MIDDLE + 4.5);
    html! { polygon class=(format!("arrow {class}")) points=(points) {} }
}

fn spoken(language: Language, row: &Plotted) -> String {
    let Some(Measured { value, lower, upper }) = row.ratio else { return language.plot_nothing().to_owned() };
    let number =
        |value: Option<f64>, absent: &str| value.map_or_else(|| absent.to_owned(), |value| language.ratio_text(value));
    fill(
        language.plot_ratio(),
        &[&number(value, language.unknown()), &number(lower, language.no_limit()), &number(upper, language.no_limit())],
    )
}

fn spoken_scale(language: Language, row: &Plotted) -> String {
    row.thresholds.map_or_else(
        || language.plot_scale_plain().to_owned(),
        |(warning, critical)| {
            fill(language.plot_scale(), &[&language.ratio_text(warning), &language.ratio_text(critical)])
        },
    )
}

/// A number without needless zeros.
fn number_of(language: Language, number: f64) -> String {
    let decimals = if number.fract() == 0.0 {
        0
    } else if (number * 10.0).fract() == 0.0 {
        1
    } else {
        2
    };
    language.decimal(number, decimals)
}

fn units(x: f64) -> String {
    format!("{x:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_logarithmic_and_bounded() {
        let scale = Scale { low: 0.25, high: 4.0 };
        assert_eq!(scale.place(1.0), Place::At(WIDTH / 2.0));
        assert_eq!(scale.place(0.25), Place::At(MARGIN));
        assert_eq!(scale.place(4.0), Place::At(WIDTH - MARGIN));
        let (half, double) = (scale.at(0.5).unwrap_or_default(), scale.at(2.0).unwrap_or_default());
        assert!((half + double - WIDTH).abs() < 1e-9);
        assert_eq!(
            (scale.place(0.2), scale.place(4.1), scale.place(f64::NAN)),
            (Place::Below, Place::Above, Place::Below)
        );
        assert_eq!(Scale::of(&[]), Scale { low: NARROWEST.0, high: NARROWEST.1 });
    }

    #[test]
    fn numbers_at_the_scale_do_not_touch() {
        for (low, high) in [(0.05, 20.0), (0.75, 1.35), (0.5, 2.0), (0.3, 9.0)] {
            let ticks = Scale { low, high }.ticks();
            assert!(ticks.iter().any(|(number, _)| (number - 1.0).abs() < 1e-12));
            assert!(ticks.len() >= 2, "{low} to {high}: {ticks:?}");
            let apart =
                ticks.iter().zip(ticks.iter().skip(1)).all(|((_, one), (_, other))| other - one >= TICK_DISTANCE);
            assert!(apart, "{ticks:?}");
        }
    }
}
