//! Findings over time: rates, the ratio with interval and thresholds, the evidence against the level of an alarm. The numbers are in the appendix.

use maud::{Markup, html};

use super::super::model::{AlertReport, PastPoint};
use super::cells::about;
use super::view::{Row, View};
use crate::disclosure::KeptFinding;
use crate::plan::{EventTime, Span};
use crate::render::words::{Band, Chart, Lines, fill, range, threshold};

/// The scale of ratios shows at least this range.
const NARROWEST: (f64, f64) = (0.75, 1.35);

/// The drawings of the findings of a table.
pub(super) fn part(view: View<'_>, rows: &[Row<'_>]) -> Markup {
    let chapters = view.chapters;
    let drawn: Vec<Drawn<'_>> = rows.iter().filter_map(|row| Drawn::of(view, *row)).collect();
    let has_past = rows.iter().any(|row| !row.of.past.is_empty());
    let Some(first) = drawn.first() else { return html! { @if has_past { p.note { (chapters.not_drawn) } } } };
    let window = first.windows();
    let is_thinned = drawn.iter().any(|of| of.points.len() < of.row.of.past.len());
    html! {
        div.over_time {
            h5 { (chapters.over_time) }
            p.note { (fill(chapters.over_time_note, &[&window])) }
            @for of in &drawn { (of.figures()) }
            (legend(view))
            @if is_thinned { p.note { (fill(chapters.thinned, &[&view.count(view.moments)])) } }
        }
    }
}

/// What is drawn of a finding.
pub(super) struct Drawn<'r> {
    view: View<'r>,
    row: Row<'r>,
    points: Vec<&'r PastPoint>,
    breaks: Vec<EventTime>,
}

impl<'r> Drawn<'r> {
    /// `None` where the finding has no number over time.
    pub fn of(view: View<'r>, row: Row<'r>) -> Option<Self> {
        let past = &row.of.past;
        let says = |point: &PastPoint| {
            let of = &point.row;
            of.group_rate.is_some() || of.judged_ratio().is_some() || of.evidence.is_some()
        };
        if !past.iter().any(says) {
            return None;
        }
        Some(Self { view, row, points: chosen(past, view.moments), breaks: breaks(past, view.report.past_every_days) })
    }

    /// The windows of the numbers over time, each once, in their order.
    fn windows(&self) -> String {
        let mut windows: Vec<&str> = Vec::new();
        for point in &self.row.of.past {
            if !windows.contains(&&*point.window) {
                windows.push(&point.window);
            }
        }
        windows.into_iter().map(|window| self.view.window(window)).collect::<Vec<_>>().join(", ")
    }

    fn figures(&self) -> Markup {
        let (view, chapters) = (self.view, self.view.chapters);
        let language = view.language;
        let level = language.percent_level(self.row.of.row.confidence);
        let rates =
            vec![("line group", self.line(|of| of.group_rate)), ("line reference", self.line(|of| of.reference_rate))];
        let ratios = vec![
            ("line equality", self.line(|_| Some(1.0))),
            ("line at-warning", self.line(|of| threshold(of, |of| of.warning))),
            ("line at-critical", self.line(|of| threshold(of, |of| of.critical))),
            ("line group", self.line(|of| of.judged_ratio()?.value)),
        ];
        let evidence = vec![
            ("line at-critical", self.line(|of| of.evidence.map(|of| of.alarm_at))),
            ("line group", self.line(|of| of.evidence.map(|of| of.log_e))),
        ];
        let drawings = [
            self.figure("r", chapters.rates_drawn, (rates, Vec::new()), None, &|value| language.percent(value)),
            self.figure(
                "q",
                &fill(chapters.ratio_drawn, &[&level]),
                (ratios, self.band()),
                Some(NARROWEST),
                &|value| language.ratio_text(value),
            ),
            self.figure("e", chapters.evidence_drawn, (evidence, Vec::new()), None, &|value| {
                language.decimal(value, 1)
            }),
        ];
        html! {
            div.moments {
                p.of { (about(view, &self.row.of.key)) " " a href=(format!("#{}", self.row.id("m"))) { (chapters.numbers_in_appendix) } }
                div.figures { @for drawing in drawings.into_iter().flatten() { (drawing) } }
            }
        }
    }

    fn line(&self, number: fn(&KeptFinding) -> Option<f64>) -> Vec<(EventTime, Option<f64>)> {
        self.points.iter().map(|point| (point.as_of, number(&point.row).filter(|value| value.is_finite()))).collect()
    }

    fn band(&self) -> Band {
        let limits = |point: &&PastPoint| {
            let ratio = point.row.judged_ratio().filter(|of| of.value.or(of.lower).is_some());
            (point.as_of, ratio.map(|of| [of.lower, of.upper]))
        };
        self.points.iter().map(limits).collect()
    }

    /// A drawing with its ends in words; `None` where there is no number. `logarithmic` is the least range of a logarithmic scale.
    fn figure(
        &self,
        what: &str,
        title: &str,
        (lines, band): (Lines, Band),
        logarithmic: Option<(f64, f64)>,
        said: &dyn Fn(f64) -> String,
    ) -> Option<Markup> {
        let (id, view) = (self.row.id(what), self.view);
        let ends = (self.points.first()?.as_of, self.points.last()?.as_of);
        let own = lines
            .iter()
            .filter(|(class, _)| *class == "line group")
            .flat_map(|(_, points)| points.iter().filter_map(|(_, value)| *value));
        let last = own.clone().last()?;
        let (least, most) = own.fold((last, last), |(low, high), value| (low.min(value), high.max(value)));
        let all = lines.iter().flat_map(|(_, points)| points.iter().filter_map(|(_, value)| *value));
        let limits = band.iter().filter_map(|(_, limits)| *limits).flatten().flatten();
        let range = range(all.chain(limits), logarithmic);
        let middle = if logarithmic.is_some() { (range.0 * range.1).sqrt() } else { f64::midpoint(range.0, range.1) };
        let (from, to) = (view.day(ends.0), view.day(ends.1));
        let description = fill(view.chapters.described, &[&from, &to, &said(least), &said(most), &said(last)]);
        let name = format!("{title}: {}", super::cells::about_text(view, &self.row.of.key));
        let chart = Chart {
            id: &id,
            title: &name,
            description: &description,
            time: ends,
            range,
            is_logarithmic: logarithmic.is_some(),
            lines,
            band,
            breaks: &self.breaks,
            marks: self.marks(ends),
        };
        Some(html! {
            figure {
                figcaption { (title) }
                div.drawing {
                    div.scale aria-hidden="true" { @for value in [range.1, middle, range.0] { span { (said(value)) } } }
                    (chart.draw())
                    div.times aria-hidden="true" { span { (from) } span { (to) } }
                }
            }
        })
    }

    /// What happened to alerts about the finding, and where the configuration changed.
    fn marks(&self, (from, to): (EventTime, EventTime)) -> Vec<(&'static str, EventTime)> {
        let report = self.view.report;
        let key = &self.row.of.key;
        let alerts = report.profiles.get(self.row.profile).map(|profile| profile.alerts.as_slice()).unwrap_or_default();
        let about = alerts.iter().filter(|alert: &&AlertReport| alert.key.shares_alerts_with(key));
        let happened = about.flat_map(|alert| &alert.transitions).map(|of| ("mark", of.at));
        let configured = report.configurations.iter().skip(1).map(|of| ("mark config", of.since));
        configured.chain(happened).filter(|(_, at)| (from..=to).contains(at)).collect()
    }
}

/// At most so many, chosen evenly: the first and the last are among them.
pub(super) fn chosen(past: &[PastPoint], most: usize) -> Vec<&PastPoint> {
    let steps = most.max(2) - 1;
    if past.len() <= steps + 1 {
        return past.iter().collect();
    }
    (0..=steps).filter_map(|step| past.get(step * (past.len() - 1) / steps)).collect()
}

/// When a number stopped standing: one step after the moment before a break.
fn breaks(past: &[PastPoint], every_days: u64) -> Vec<EventTime> {
    let step = Span::DAY.times(i64::try_from(every_days.max(1)).unwrap_or(i64::MAX));
    let pairs = past.iter().zip(past.iter().skip(1)).filter(|(_, after)| after.breaks);
    pairs.map(|(before, after)| before.as_of.plus(step).min(after.as_of)).collect()
}

fn legend(view: View<'_>) -> Markup {
    let (texts, language) = (view.language.past(), view.language);
    let plain = |text: &str| text.replace(" ({})", "");
    let entries = [
        ("line group", texts.group_line.to_owned()),
        ("line reference", texts.reference_line.to_owned()),
        ("band", texts.interval_band.to_owned()),
        ("line equality", texts.equal_line.to_owned()),
        ("line at-warning", plain(texts.warning_line)),
        ("line at-critical", format!("{}; {}", plain(texts.critical_line), plain(texts.alarm_line))),
        ("mark", texts.mark_line.to_owned()),
        ("mark config", texts.config_line.to_owned()),
    ];
    html! {
        ul.legend aria-label=(view.chapters.legend) lang=(language.code()) {
            @for (class, text) in entries {
                li {
                    svg.chart.sample viewBox="0 0 30 10" aria-hidden="true" focusable="false" {
                        @if class == "band" { path.band d="M0 0H30V10H0Z" {} }
                        @else if class.starts_with("mark") { line class=(class) x1="15" x2="15" y1="0" y2="10" {} }
                        @else { path class=(class) d="M0 5H30" {} }
                    }
                    span { (text) }
                }
            }
        }
    }
}
