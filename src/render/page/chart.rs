//! Drawings over time, as SVG. The drawing stretches with the page; words and numbers stand beside it as text, so that they stay readable on a phone.

use std::fmt::Write;

use maud::{Markup, html};

use crate::plan::EventTime;

/// Width and height, in units of the drawing.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 300.0;

/// Lines over time, each with its class.
pub(crate) type Lines = Vec<(&'static str, Vec<(EventTime, Option<f64>)>)>;
/// Limits over time.
pub(crate) type Band = Vec<(EventTime, Option<[Option<f64>; 2]>)>;

/// What is drawn.
pub(crate) struct Chart<'c> {
    /// The id of the drawing, which no other has.
    pub id: &'c str,
    /// Its name.
    pub title: &'c str,
    /// What it shows, in words.
    pub description: &'c str,
    /// The ends of the time.
    pub time: (EventTime, EventTime),
    /// The ends of the numbers.
    pub range: (f64, f64),
    /// Whether the scale is logarithmic. Then the ends are above 0.
    pub is_logarithmic: bool,
    /// Lines, each with its class in the style sheet.
    pub lines: Lines,
    /// Lower and upper limit over time; one that is unknown or beyond the scale goes to its end.
    pub band: Band,
    /// Moments at which no number stands any more.
    pub breaks: &'c [EventTime],
    /// Moments that are marked, each with its class.
    pub marks: Vec<(&'static str, EventTime)>,
}

impl Chart<'_> {
    /// The drawing.
    pub fn draw(&self) -> Markup {
        let (title, description) = (format!("{}.title", self.id), format!("{}.description", self.id));
        html! {
            svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-labelledby=(format!("{title} {description}")) {
                title id=(title) { (self.title) }
                desc id=(description) { (self.description) }
                @let areas = self.areas();
                @if !areas.is_empty() { path.band d=(areas) {} }
                @for (class, at) in &self.marks {
                    @let x = format!("{:.1}", self.x(*at));
                    line class=(class) x1=(x) x2=(x) y1="0" y2=(HEIGHT) {}
                }
                @for (class, points) in &self.lines {
                    @let path = self.path(points);
                    @if !path.is_empty() { path class=(class) d=(path) {} }
                    @let dots = self.dots(points);
                    @if !dots.is_empty() { path class=(format!("{class} dot")) d=(dots) {} }
                }
            }
        }
    }

    /// A line of steps: a number stands until the next one. It is broken where there is none.
    fn path(&self, points: &[(EventTime, Option<f64>)]) -> String {
        let mut path = String::new();
        let mut drawn: Option<f64> = None;
        let points = self.broken(points);
        for (index, (at, value)) in points.iter().enumerate() {
            // A step of no height is drawn with the next one.
            if drawn.is_some() && drawn == *value && index + 1 < points.len() {
                continue;
            }
            let x = self.x(*at);
            // Writing to a text cannot fail.
            let _ = match (drawn, value) {
                (Some(before), Some(value)) if before == *value => write!(path, "H{x:.1}"),
                (Some(_), Some(value)) => write!(path, "H{x:.1}V{:.1}", self.y(*value)),
                (Some(_), None) => write!(path, "H{x:.1}"),
                (None, Some(value)) => write!(path, "M{x:.1} {:.1}", self.y(*value)),
                (None, None) => Ok(()),
            };
            drawn = *value;
        }
        path
    }

    /// Points that no line would show: they stand for no time. Each is a line without length, whose ends are round.
    fn dots(&self, points: &[(EventTime, Option<f64>)]) -> String {
        let points = self.broken(points);
        let mut path = String::new();
        for (index, (at, value)) in points.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| points.get(before)).and_then(|(_, value)| *value);
            let stands = before.is_some() || points.get(index + 1).is_some_and(|(next, _)| next > at);
            if let Some(value) = value.filter(|_| !stands) {
                // Writing to a text cannot fail.
                let _ = write!(path, "M{:.1} {:.1}h0", self.x(*at), self.y(value));
            }
        }
        path
    }

    /// Puts the breaks between the points.
    fn broken<T: Copy>(&self, points: &[(EventTime, Option<T>)]) -> Vec<(EventTime, Option<T>)> {
        let breaks = self
            .breaks
            .iter()
            .map(|at| (*at, None))
            .filter(|(at, _)| points.first().is_some_and(|first| first.0 < *at));
        let mut broken: Vec<(EventTime, Option<T>)> = breaks.chain(points.iter().copied()).collect();
        // A break comes before a point of the same moment.
        broken.sort_by_key(|(at, _)| *at);
        broken
    }

    /// The area between the limits, as a rectangle for each step.
    fn areas(&self) -> String {
        let mut path = String::new();
        let band = self.broken(&self.band);
        let ends = band.iter().skip(1).map(|(at, _)| *at).chain([self.time.1]);
        for ((at, limits), end) in band.iter().zip(ends) {
            let Some([lower, upper]) = limits else { continue };
            let (low, high) = (self.y(lower.unwrap_or(self.range.0)), self.y(upper.unwrap_or(self.range.1)));
            let _ = write!(path, "M{:.1} {low:.1}H{:.1}V{high:.1}H{:.1}Z", self.x(*at), self.x(end), self.x(*at));
        }
        path
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few years")]
    fn x(&self, at: EventTime) -> f64 {
        let (from, to) = self.time;
        if to <= from {
            // One moment alone stands in the middle.
            return WIDTH / 2.0;
        }
        let whole = to.since(from).0 as f64;
        (at.since(from).0 as f64 / whole * WIDTH).clamp(0.0, WIDTH)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        let share = if self.is_logarithmic {
            (value.max(low) / low).ln() / (high / low).ln()
        } else {
            (value - low) / (high - low)
        };
        (HEIGHT - share * HEIGHT).clamp(0.0, HEIGHT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(is_logarithmic: bool) -> Chart<'static> {
        Chart {
            id: "a",
            title: "t",
            description: "d",
            time: (EventTime(0), EventTime(100)),
            range: if is_logarithmic { (0.25, 4.0) } else { (0.0, 2.0) },
            is_logarithmic,
            lines: Vec::new(),
            band: vec![(EventTime(0), Some([Some(1.0), None])), (EventTime(50), None)],
            breaks: &[],
            marks: Vec::new(),
        }
    }

    #[test]
    fn a_number_stands_until_the_next_and_a_gap_breaks_the_line() {
        let points = [(0, Some(1.0)), (50, Some(2.0)), (75, None), (100, Some(0.0))];
        let points = points.map(|(at, value)| (EventTime(at), value));
        assert_eq!(chart(false).path(&points), "M0.0 150.0H500.0V0.0H750.0M1000.0 300.0");
    }

    #[test]
    fn a_line_of_equal_numbers_is_one_stroke() {
        let points = [0, 25, 50, 100].map(|at| (EventTime(at), Some(1.0)));
        assert_eq!(chart(false).path(&points), "M0.0 150.0H1000.0");
    }

    #[test]
    fn a_number_stands_until_a_break_and_one_that_stands_for_no_time_is_a_dot() {
        let points = [(0, Some(1.0)), (75, Some(2.0))].map(|(at, value)| (EventTime(at), value));
        let chart = Chart { breaks: &[EventTime(25)], ..chart(false) };
        assert_eq!(chart.path(&points), "M0.0 150.0H250.0M750.0 0.0");
        assert_eq!(chart.dots(&points), "M750.0 0.0h0");
        let one = Chart { time: (EventTime(7), EventTime(7)), breaks: &[], ..chart };
        assert_eq!(one.dots(&[(EventTime(7), Some(1.0))]), "M500.0 150.0h0");
        assert_eq!(one.dots(&[(EventTime(7), None)]), "");
    }

    #[test]
    fn a_limit_that_is_unknown_goes_to_the_end_of_the_scale() {
        assert_eq!(chart(true).areas(), "M0.0 150.0H500.0V0.0H0.0Z");
    }
}
