//! The page about one finding over time: rates, the ratio with interval and thresholds, and the evidence against the level of an alarm.

use maud::{DOCTYPE, Markup, html};

use super::alerts::time;
use super::chart::{Band, Chart, Lines};
use super::mark;
use super::past_text::PastTexts;
use super::request::{Past, Request};
use super::text::{LANGUAGES, Language, fill};
use crate::disclosure::{ACCEPTANCE_ENDED, KeptFinding, KeptKey, KeptThresholds, KeptTransition, Measured};
use crate::judge::Verdict;
use crate::plan::{EventTime, Indicator, Measure};
use crate::render::series::{Point, Series};

/// Scales show at least this range of ratios, and never more than the other.
const NARROWEST: (f64, f64) = (0.75, 1.35);
const WIDEST: (f64, f64) = (0.05, 20.0);
/// Rows of the table of what happened, at most: the last ones.
const MAX_EVENTS: usize = 400;

/// Renders the page about the past of a finding.
#[must_use]
pub fn render_past(series: &Series, Past { anchor, days }: &Past, request: &Request) -> String {
    let days = *days;
    let language = request.language;
    let texts = language.past();
    let page = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "paritywatch: " (texts.title) }
                link rel="icon" type="image/svg+xml" href="/icon.svg";
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#content" { (language.skip()) }
                (header(request, (series, texts), anchor, days))
                main id="content" tabindex="-1" {
                    @for problem in &series.unreadable {
                        p.banner role="status" { b { (texts.unreadable) } " " span lang="en" { (problem) } }
                    }
                    @if series.passed_over > 0 { p.note { (fill(texts.passed_over, &[&language.count(series.passed_over)])) } }
                    @match (&series.key, series.points.first(), series.points.last()) {
                        (Some(key), Some(first), Some(last)) => {
                            (summary(language, key, last))
                            (charts(language, series, (first.as_of, last.as_of)))
                            (events(language, &series.transitions))
                            (numbers(language, series))
                        }
                        _ => { p.note { (texts.nothing) } }
                    }
                }
                footer {
                    p { (language.same_as_json()) ": " a href=(format!("/api/v1/history?finding={anchor}&days={days}")) { (texts.title) } "." }
                    p { (language.all_times()) " paritywatch " (env!("CARGO_PKG_VERSION")) }
                }
            }
        }
    };
    page.into_string()
}

/// The address of the page about a finding.
pub(super) fn address(anchor: &str, days: u32, language: Option<&str>) -> String {
    let language = language.map(|code| format!("&lang={code}")).unwrap_or_default();
    format!("/history?finding={anchor}&days={days}{language}")
}

fn header(request: &Request, (series, texts): (&Series, &PastTexts), anchor: &str, days: u32) -> Markup {
    let language = request.language;
    let named = request.named.then(|| language.code());
    html! {
        header {
            div.masthead {
                div {
                    p.brand { "paritywatch" }
                    h1 { (texts.title) @if let Some(key) = &series.key { ": " (about(key)) } }
                }
                nav.languages aria-label=(language.languages()) {
                    ul {
                        @for (other, code, name) in LANGUAGES {
                            li {
                                @if other == language { b aria-current="true" lang=(code) { (name) } }
                                @else { a href=(address(anchor, days, Some(code))) hreflang=(code) lang=(code) { (name) } }
                            }
                        }
                    }
                }
            }
            p.as_of { a href=(format!("{}#{anchor}", Request::address(named, None))) { (texts.back) } }
            nav.sections aria-label=(texts.period) {
                ul {
                    @for (name, length) in texts.periods {
                        li {
                            @if length == days { b aria-current="page" { (name) } } @else { a href=(address(anchor, length, named)) { (name) } }
                        }
                    }
                }
            }
        }
    }
}

fn about(key: &KeptKey) -> String {
    let group =
        key.dimension.as_ref().zip(key.group.as_ref()).map(|(dimension, group)| format!("{dimension} = {group}"));
    let parts = [Some(key.profile.clone()), group, key.subject.clone(), Some(key.window.clone())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn summary(language: Language, key: &KeptKey, last: &Point) -> Markup {
    let verdict = verdict_of(&last.finding);
    html! {
        section.past aria-label=(language.past().last) {
            p.subject {
                b { (key.rule) } "; " (language.indicator(indicator_of(key))) "; " (language.channel(&key.channel)) "; "
                (fill(language.against(), &[last.finding.reference_group.as_deref().unwrap_or_else(|| language.reference(&key.reference))])) "."
            }
            p { (language.past().last) " (" (time(language, Some(last.as_of))) "): " (mark::verdict(language, verdict)) }
            p.note { (language.past().about) }
        }
    }
}

fn charts(language: Language, series: &Series, ends: (EventTime, EventTime)) -> Markup {
    let texts = language.past();
    let last = series.points.last().map(|point| &point.finding);
    let confidence = language.percent_level(last.map_or(0.95, |finding| finding.confidence));
    let of = |number: fn(&KeptFinding) -> Option<f64>| -> Vec<(EventTime, Option<f64>)> {
        series
            .points
            .iter()
            .map(|point| (point.as_of, number(&point.finding).filter(|value| value.is_finite())))
            .collect()
    };
    let ratio_title = fill(texts.ratio_of, &[&confidence]);
    let percent = |value: f64| language.percent(value);
    let number = |value: f64| language.ratio_text(value);
    let plain = |value: f64| language.decimal(value, 1);
    let rates = [("line group", of(|of| of.group_rate)), ("line reference", of(|of| of.reference_rate))];
    let limits = |point: &Point| {
        (
            point.as_of,
            point.finding.judged_ratio().filter(|of| of.value.or(of.lower).is_some()).map(|of| [of.lower, of.upper]),
        )
    };
    let ratios = vec![
        ("line equality", of(|_| Some(1.0))),
        ("line at-warning", of(|of| threshold(of, |of| of.warning))),
        ("line at-critical", of(|of| threshold(of, |of| of.critical))),
        ("line group", of(|of| of.judged_ratio()?.value)),
    ];
    let evidence = vec![
        ("line at-critical", of(|of| of.evidence.map(|of| of.alarm_at))),
        ("line group", of(|of| of.evidence.map(|of| of.log_e))),
    ];
    let drawing = Drawing { language, series, ends };
    let band: Vec<_> = series.points.iter().map(limits).collect();
    html! {
        section.past aria-labelledby="drawings" {
            h2 id="drawings" { (texts.title) }
            (drawing.figure("rates", texts.rates_of, (rates.to_vec(), Vec::new()), None, &percent))
            (drawing.figure("ratio", &ratio_title, (ratios, band), Some(NARROWEST), &number))
            (drawing.figure("evidence", texts.evidence_of, (evidence, Vec::new()), None, &plain))
            (legend(language, last))
            @if series.left_out > 0 { p.note { (fill(texts.left_out, &[&language.count(series.left_out as u64)])) } }
        }
    }
}

/// What the drawings share.
struct Drawing<'d> {
    language: Language,
    series: &'d Series,
    ends: (EventTime, EventTime),
}

impl Drawing<'_> {
    /// One drawing with its ends in words. `logarithmic` is the least range of a logarithmic scale.
    fn figure(
        &self,
        id: &str,
        title: &str,
        (lines, band): (Lines, Band),
        logarithmic: Option<(f64, f64)>,
        said: &dyn Fn(f64) -> String,
    ) -> Markup {
        let (language, texts) = (self.language, self.language.past());
        let is_own = |class: &str| ["line group", "line reference"].contains(&class);
        let own = lines
            .iter()
            .filter(|(class, _)| is_own(class))
            .flat_map(|(_, points)| points.iter().filter_map(|(_, value)| *value));
        let (least, most) = own
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let Some(last) = own.last() else {
            return html! { figure.past { figcaption { (title) } p.note { (texts.no_number) } } };
        };
        let all = lines.iter().flat_map(|(_, points)| points.iter().filter_map(|(_, value)| *value));
        let limits = band.iter().filter_map(|(_, limits)| *limits).flatten().flatten();
        let range = range(all.chain(limits), logarithmic);
        let when = |at: EventTime| language.time(at).unwrap_or_default();
        let (from, to) = self.ends;
        let description = fill(texts.from_to, &[&when(from), &when(to), &said(least), &said(most), &said(last)]);
        let middle = if logarithmic.is_some() { (range.0 * range.1).sqrt() } else { f64::midpoint(range.0, range.1) };
        let chart = Chart {
            id,
            title,
            description: &description,
            time: self.ends,
            range,
            is_logarithmic: logarithmic.is_some(),
            lines,
            band,
            breaks: &self.series.breaks,
            marks: marks(self.series),
        };
        html! {
            figure.past {
                figcaption { (title) }
                div.drawing {
                    div.scale aria-hidden="true" { @for value in [range.1, middle, range.0] { span { (said(value)) } } }
                    (chart.draw())
                    div.times aria-hidden="true" { span { (when(from)) } span { (when(to)) } }
                }
            }
        }
    }
}

/// What happened to alerts, and where the configuration changed.
fn marks(series: &Series) -> Vec<(&'static str, EventTime)> {
    let configured = series.points.iter().zip(series.points.iter().skip(1));
    let configured = configured
        .filter(|(before, after)| before.config_hash != after.config_hash)
        .map(|(_, after)| ("mark config", after.as_of));
    let ends = series.points.first().map(|point| point.as_of).zip(series.points.last().map(|point| point.as_of));
    let is_inside = |at: EventTime| ends.is_some_and(|(from, to)| (from..=to).contains(&at));
    let happened = series.transitions.iter().filter(|(as_of, _)| is_inside(*as_of)).map(|(as_of, _)| ("mark", *as_of));
    configured.chain(happened).collect()
}

/// The ends of a scale that has room for these numbers.
pub(crate) fn range(numbers: impl Iterator<Item = f64>, logarithmic: Option<(f64, f64)>) -> (f64, f64) {
    match logarithmic {
        Some(least) => {
            let (low, high) = numbers
                .filter(|number| *number > 0.0)
                .fold(least, |(low, high), number| (low.min(number), high.max(number)));
            (low.max(WIDEST.0), high.min(WIDEST.1))
        }
        None => {
            let (low, high) =
                numbers.fold((0.0_f64, 0.0_f64), |(low, high), number| (low.min(number), high.max(number)));
            (low, if high > low { high } else { low + 1.0 })
        }
    }
}

fn legend(language: Language, last: Option<&KeptFinding>) -> Markup {
    let texts = language.past();
    let said = |of: fn(&KeptFinding) -> Option<f64>| last.and_then(of).map(|value| language.ratio_text(value));
    let warning = said(|of| threshold(of, |of| of.warning));
    let critical = said(|of| threshold(of, |of| of.critical));
    let alarm = said(|of| of.evidence.map(|of| of.alarm_at));
    let entries = [
        ("line group", Some(format!("{}, {}, {}", texts.group_line, texts.ratio_line, texts.evidence_line))),
        ("line reference", Some(texts.reference_line.to_owned())),
        ("band", Some(texts.interval_band.to_owned())),
        ("line equality", Some(texts.equal_line.to_owned())),
        ("line at-warning", warning.map(|value| fill(texts.warning_line, &[&value]))),
        (
            "line at-critical",
            critical
                .map(|value| fill(texts.critical_line, &[&value]))
                .into_iter()
                .chain(alarm.map(|value| fill(texts.alarm_line, &[&value])))
                .reduce(|one, other| format!("{one}; {other}")),
        ),
        ("mark", Some(texts.mark_line.to_owned())),
        ("mark config", Some(texts.config_line.to_owned())),
    ];
    html! {
        ul.legend {
            @for (class, text) in entries {
                @if let Some(text) = text {
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
}

fn events(language: Language, transitions: &[(EventTime, KeptTransition)]) -> Markup {
    let texts = language.past();
    let shown = transitions.get(transitions.len().saturating_sub(MAX_EVENTS)..).unwrap_or_default();
    html! {
        section.past aria-labelledby="events" {
            h2 id="events" { (texts.events) }
            @if shown.is_empty() { p.note { (texts.no_events) } } @else {
                div.scroll role="region" tabindex="0" aria-label=(texts.events) {
                    table {
                        caption.hidden { (texts.events) }
                        thead { tr { th scope="col" { (texts.when) } th scope="col" { (texts.what) } th scope="col" { (language.window()) } th scope="col" { (texts.by) } } }
                        tbody {
                            @for (_, of) in shown {
                                tr {
                                    th scope="row" { (time(language, Some(of.at))) }
                                    td { (word(texts, &of.transition)) @if of.measure.is_none() { " (" (severity(language, &of.severity)) ")" } }
                                    td { (of.key.window) }
                                    td { @if let Some([by, reason]) = &of.measure { (by) small { (why(texts, of, reason)) } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn numbers(language: Language, series: &Series) -> Markup {
    let texts = language.past();
    html! {
        section.past aria-labelledby="numbers" {
            h2 id="numbers" { (texts.numbers) }
            div.scroll role="region" tabindex="0" aria-label=(texts.numbers) {
                table {
                    caption.hidden { (texts.numbers) }
                    thead {
                        tr {
                            th scope="col" { (texts.when) }
                            @for name in [language.group_rate(), language.reference_rate(), language.ratio(), language.evidence()] { th.number scope="col" { (name) } }
                            th scope="col" { (language.verdict()) }
                        }
                    }
                    tbody { @for point in series.points.iter().rev() { (number_row(language, point)) } }
                }
            }
        }
    }
}

fn number_row(language: Language, point: &Point) -> Markup {
    let finding = &point.finding;
    let rate = |rate: Option<f64>| rate.map_or_else(|| "\u{2013}".to_owned(), |rate| language.percent(rate));
    let number =
        |number: Option<f64>| number.map_or_else(|| "\u{2013}".to_owned(), |number| language.ratio_text(number));
    let ratio = finding.judged_ratio().map_or_else(
        || "\u{2013}".to_owned(),
        |Measured { value, lower, upper }| format!("{} ({}; {})", number(value), number(lower), number(upper)),
    );
    html! {
        tr {
            th scope="row" { (time(language, Some(point.as_of))) @if !point.is_release { small { (language.past().verdict_only) } } }
            td.number { (rate(finding.group_rate)) }
            td.number { (rate(finding.reference_rate)) }
            td.number { (ratio) }
            td.number { (finding.evidence.map_or_else(|| "\u{2013}".to_owned(), |of| language.decimal(of.log_e, 1))) }
            td { (mark::verdict(language, verdict_of(finding))) }
        }
    }
}

/// A threshold on the ratio; `None` where nothing is judged by one.
pub(crate) fn threshold(of: &KeptFinding, which: fn(&KeptThresholds) -> f64) -> Option<f64> {
    let thresholds = of.thresholds.as_ref().filter(|thresholds| thresholds.measure == Measure::Ratio.name())?;
    of.verdict.as_ref().map(|_| which(thresholds))
}

/// The verdict, if there is one.
pub(crate) fn verdict_of(finding: &KeptFinding) -> Option<Verdict> {
    Verdict::ALL.into_iter().find(|verdict| finding.verdict.as_deref() == Some(verdict.name()))
}

/// The indicator, if one is counted.
pub(crate) fn indicator_of(key: &KeptKey) -> Option<Indicator> {
    Indicator::ALL.into_iter().find(|indicator| key.indicator.as_deref() == Some(indicator.name()))
}

fn severity(language: Language, name: &str) -> &'static str {
    if name == "critical" { language.critical() } else { language.warning() }
}

/// What was written, or by what an acceptance ended.
fn why(texts: &PastTexts, of: &KeptTransition, reason: &str) -> String {
    if of.transition == ACCEPTANCE_ENDED { word(texts, reason) } else { reason.to_owned() }
}

fn word(texts: &PastTexts, transition: &str) -> String {
    let known = texts.words.iter().find(|(name, _)| *name == transition);
    known.map_or_else(|| transition.to_owned(), |(_, word)| (*word).to_owned())
}
