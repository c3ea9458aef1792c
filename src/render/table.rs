//! The evaluation as text for a terminal: a table of findings, then evidence and alerts line by line.

use std::fmt::Write;

use super::columns;
use super::document::digest;
use super::duties;
use super::handled::{mix_text, short, values_text};
use super::time::rfc3339;
use super::wording::{ABSENT, compared, decimal, named, odds};
use crate::alert::{AlertState, BeyondAccepted};
use crate::disclosure::{
    Counted, Measured, Published, PublishedAlert, PublishedBracket, PublishedFinding, PublishedMeasure,
    PublishedMeasures, PublishedMissing, PublishedMissingSide, PublishedOthers, PublishedRates, PublishedSpelling,
    PublishedUnlisted, PublishedValue, UnknownName,
};
use crate::judge::{Reason, Verdict};
use crate::plan::EventTime;

/// The whole text. Names of the table are shortened where a line has more than `width` characters; `colour` adds the terminal's colours.
pub(super) fn table(published: &Published, width: usize, colour: bool) -> String {
    text(published, &published.findings().iter().collect::<Vec<_>>(), width, colour, None)
}

/// The same with the findings alone of which there is a verdict. How many others there are is said.
pub(super) fn table_of_judged(published: &Published, width: usize, colour: bool) -> String {
    let is_judged = |finding: &&PublishedFinding| !matches!(finding.verdict, None | Some(Verdict::InsufficientData));
    let (judged, others): (Vec<_>, Vec<_>) = published.findings().iter().partition(is_judged);
    let without = others.iter().filter(|finding| finding.verdict.is_none()).count();
    let said = format!(
        "NOT SHOWN {} findings that say nothing yet: {} insufficient_data, {without} not judged",
        others.len(),
        others.len() - without
    );
    text(published, &judged, width, colour, Some(said).filter(|_| !others.is_empty()))
}

fn text(
    published: &Published,
    findings: &[&PublishedFinding],
    width: usize,
    colour: bool,
    not_shown: Option<String>,
) -> String {
    let findings = || findings.iter().copied();
    let mut evidence: Vec<String> = findings().filter_map(evidence_line).collect();
    // The windows of a series share their evidence, and come one after the other.
    evidence.dedup();
    let lines = [head(published)]
        .into_iter()
        .chain(findings_table(&findings().collect::<Vec<_>>(), width, colour))
        .chain(not_shown)
        .chain(evidence)
        .chain(findings().flat_map(duties::lines))
        .chain(findings().filter_map(values_line))
        .chain(findings().filter_map(mix_line))
        .chain(findings().filter_map(missing_line))
        .chain(waiting_line(published.events().unmatched))
        .chain(unlisted_lines(published.unlisted()))
        .chain(findings().filter_map(probabilistic_line))
        .chain(published.alerts().iter().flat_map(alert_lines))
        .chain(measure_lines(published.measures()));
    lines.fold(String::new(), |mut text, line| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
        text
    })
}

fn head(published: &Published) -> String {
    let as_of = rfc3339(published.as_of()).unwrap_or_else(|| "no event yet".to_owned());
    let events = published.events();
    // Zeros are left out, but for what was accepted: what is shown adds up to what was read.
    let parts = events.parts().into_iter().filter(|(word, count)| *count > 0 || *word == "accepted");
    let parts: Vec<String> = parts.map(|(word, count)| format!("{count} {word}")).collect();
    let rounded = if published.released_at().is_some() { "; counts are rounded" } else { "" };
    format!(
        "as of {as_of}: {} events read = {}; configuration {}, digest {}{rounded}",
        events.read,
        parts.join(" + "),
        published.config_hash(),
        digest(published)
    )
}

/// The lines of the table, its head first.
fn findings_table(findings: &[&PublishedFinding], width: usize, colour: bool) -> Vec<String> {
    let verdicts = findings.iter().map(|finding| finding.verdict.filter(|_| colour));
    let lines = columns::lines(findings.iter().map(|finding| row(finding)).collect(), width).into_iter();
    lines.zip([None].into_iter().chain(verdicts)).map(|(line, verdict)| painted(&line, verdict)).collect()
}

fn painted(line: &str, verdict: Option<Verdict>) -> String {
    verdict.map_or_else(|| line.to_owned(), |verdict| format!("\x1b[{}m{line}\x1b[0m", colour_of(verdict)))
}

fn row(finding: &PublishedFinding) -> [String; 8] {
    let verdict = finding.verdict.map_or("not judged", Verdict::name);
    let ratio = finding.stratified.as_ref().map_or_else(
        || measured(finding.ratio),
        |(by, ratio, reversal)| {
            format!("{} by {by}{}", measured(Some(*ratio)), if *reversal { " (reversal)" } else { "" })
        },
    );
    let cause = finding.missing.largest_cause.filter(|_| finding.verdict == Some(Verdict::Incomplete));
    let cause = cause.map_or_else(String::new, |cause| format!(": {}", cause.name()));
    let reason = finding.reason.filter(|reason| *reason != Reason::Nothing);
    let reason = reason.map_or_else(String::new, |reason| format!(": {}", reason.name()));
    let needed = finding.needed.map_or_else(String::new, |needed| format!(", needs {needed} more"));
    [
        format!("{verdict}{cause}{reason}{needed}"),
        finding.rule.clone(),
        if finding.channel == "profile" {
            finding.profile.clone()
        } else {
            format!("{} ({})", finding.profile, finding.channel)
        },
        compared(finding),
        short(finding.values.and_then(|values| values.group))
            .unwrap_or_else(|| rate(finding.group_rate, finding.group_counts)),
        short(finding.values.and_then(|values| values.reference))
            .unwrap_or_else(|| rate(finding.reference_rate, finding.reference_counts)),
        ratio,
        finding.window.clone(),
    ]
}

fn rate(rate: Option<f64>, counts: Option<Counted>) -> String {
    match (rate, counts) {
        (Some(rate), Some(counts)) => format!("{:.2} % ({} of {})", rate * 100.0, counts.events, counts.exposed),
        _ => ABSENT.to_owned(),
    }
}

fn measured(measured: Option<Measured>) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| ABSENT.to_owned(), decimal);
    measured.map_or_else(
        || ABSENT.to_owned(),
        |measured| format!("{} [{}, {}]", number(measured.value), number(measured.lower), number(measured.upper)),
    )
}

const fn colour_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Critical => "31;1",
        Verdict::Warning => "33",
        Verdict::Within => "32",
        Verdict::Incomplete | Verdict::InsufficientData | Verdict::Stale => "2",
    }
}

/// The evidence of a series, in odds: natural logarithms are for machines.
fn evidence_line(finding: &PublishedFinding) -> Option<String> {
    let evidence = finding.evidence?;
    let material = evidence.log_e_material.zip(finding.thresholds).map_or_else(String::new, |(log_e, thresholds)| {
        format!(", that it is beyond {} {}", thresholds.critical, odds(log_e))
    });
    let state = match (evidence.alarmed, evidence.watched) {
        (true, _) => "ALARM",
        (false, true) => "watched",
        (false, false) => "no alarm",
    };
    Some(format!(
        "EVIDENCE {state}: {} {} {}: {}{} (alarm at {}){material}; {} blocks, tempered by {:.2}",
        finding.rule,
        finding.profile,
        named(finding),
        if finding.thresholds.is_some() { "for a disparity " } else { "" },
        odds(evidence.log_e),
        odds(evidence.alarm_at),
        evidence.blocks,
        evidence.dispersion,
    ))
}

/// How the values of both sides lie.
fn values_line(finding: &PublishedFinding) -> Option<String> {
    let text = values_text(finding)?;
    Some(format!("VALUES {} {} {} {}: {text}", finding.rule, finding.profile, named(finding), finding.window))
}

/// In which ways cases were handled.
fn mix_line(finding: &PublishedFinding) -> Option<String> {
    let text = mix_text(finding.mix.as_ref()?);
    Some(format!("MIX {} {} {} {}: {text}", finding.rule, finding.profile, named(finding), finding.window))
}

/// Cases of which no comparison counts anything yet.
fn waiting_line(cases: u64) -> Option<String> {
    (cases > 0).then(|| format!("WAITING {cases} cases have events but no selection: no comparison counts them"))
}

/// Groups on no list. Their names come from events, so they are quoted and may not steer a terminal.
fn unlisted_lines(unlisted: &PublishedUnlisted) -> impl Iterator<Item = String> {
    let values = unlisted.values.iter().map(|PublishedValue { dimension, value, resembles, cases }| {
        let resembles = resembles.as_ref();
        let resembles = resembles.map_or_else(String::new, |group| format!(", which resembles {group:?}: see aliases"));
        format!("UNLISTED {dimension}={value:?}{}{resembles}: {cases} cases", code_points(value))
    });
    let others = unlisted.others.iter().map(|PublishedOthers { dimension, cases }| {
        let cases = cases.map_or_else(|| "some".to_owned(), |cases| cases.to_string());
        format!("UNLISTED {dimension}: {cases} cases of values that are not named")
    });
    let spellings = unlisted.spellings.iter().map(|PublishedSpelling { written, dimension }| {
        format!("UNLISTED dimension {written:?}{}, which resembles {dimension:?}: it is not read", code_points(written))
    });
    values.chain(others).chain(spellings)
}

/// The characters of a name beyond ASCII, by their numbers: some look like others.
fn code_points(name: &str) -> String {
    /// More of them say no more.
    const MOST: usize = 4;
    let beyond = name.chars().filter(|character| !character.is_ascii()).take(MOST);
    let numbers: Vec<String> = beyond.map(|character| format!("U+{:04X}", u32::from(character))).collect();
    if numbers.is_empty() { String::new() } else { format!(" ({})", numbers.join(" ")) }
}

/// What the comparison does not count.
fn missing_line(finding: &PublishedFinding) -> Option<String> {
    let PublishedMissing { group, reference, bounds, .. } = &finding.missing;
    if [group, reference].iter().all(|side| side.cases == Some(0) && !side.suppressed) {
        return None;
    }
    let side = |side: &PublishedMissingSide| {
        let Some(share) = side.share else { return "withheld".to_owned() };
        let mut causes: Vec<String> =
            side.by_cause.iter().map(|(cause, cases)| format!("{cases} {}", cause.name())).collect();
        causes.extend(side.suppressed.then(|| "some withheld".to_owned()));
        let causes = if causes.is_empty() { "none".to_owned() } else { causes.join(", ") };
        let of_events = side.event_share.filter(|events| *events > share);
        let of_events = of_events.map_or_else(String::new, |share| format!("; {:.1} % of the events", share * 100.0));
        format!("{causes} ({:.1} %{of_events})", share * 100.0)
    };
    let bounds = bounds.map_or_else(String::new, |(lower, upper)| {
        let upper = upper.map_or_else(|| "without limit".to_owned(), decimal);
        format!("; with them the ratio is from {} to {upper}", decimal(lower))
    });
    Some(format!(
        "MISSING {} {} {} {}: group {}; reference {}{bounds}",
        finding.rule,
        finding.profile,
        named(finding),
        finding.window,
        side(group),
        side(reference),
    ))
}

/// What the cases tell whose group is known only as probabilities.
fn probabilistic_line(finding: &PublishedFinding) -> Option<String> {
    let PublishedBracket { weighted, regression, .. } = finding.probabilistic?;
    Some(format!(
        "PROBABILITIES {} {} {} {}: {}ratio {} weighted, {} by regression",
        finding.rule,
        finding.profile,
        named(finding),
        finding.window,
        membership(&finding.probabilistic?),
        estimated(weighted),
        estimated(regression),
    ))
}

fn membership(bracket: &PublishedBracket) -> String {
    match (bracket.cases, bracket.group_effective_n, bracket.reference_effective_n) {
        (Some(cases), Some(group), Some(reference)) => {
            format!("{cases} more cases, as good as {group:.0} known members against {reference:.0}; ")
        }
        _ => String::new(),
    }
}

fn estimated(rates: Option<PublishedRates>) -> String {
    rates.map_or_else(
        || ABSENT.to_owned(),
        |PublishedRates { group_rate, reference_rate, ratio }| {
            let ratio = ratio.map_or_else(|| ABSENT.to_owned(), decimal);
            format!("{ratio} ({:.2} % against {:.2} %)", group_rate * 100.0, reference_rate * 100.0)
        },
    )
}

/// The alert, and what was done about it.
fn alert_lines(alert: &PublishedAlert) -> impl Iterator<Item = String> {
    let left_out = alert.answer.left_out;
    let left_out =
        (left_out > 0).then(|| format!("MEASURE {left_out} older ones of the alert {} are not shown", alert.id));
    let standing = |has_effect: bool| if has_effect { "" } else { "not in force: " };
    let measures = alert.answer.measures_with_effect();
    let measures = measures.map(move |(measure, has_effect)| measure_line(standing(has_effect), measure));
    std::iter::once(alert_line(alert)).chain(acceptance_line(alert)).chain(measures).chain(left_out)
}

fn acceptance_line(alert: &PublishedAlert) -> Option<String> {
    let acceptance = alert.answer.acceptance.as_ref()?;
    let time = |time: EventTime| rfc3339(time).unwrap_or_else(|| ABSENT.to_owned());
    let by = format!("by {:?} at {}", acceptance.by, time(acceptance.at));
    Some(match acceptance.ended {
        Some((end, at)) => {
            let beyond = acceptance.beyond.as_ref().map_or_else(String::new, beyond_text);
            format!("NO LONGER ACCEPTED since {}: {}{beyond}; accepted {by}", time(at), end.name())
        }
        None => {
            let up_to = acceptance.up_to.map_or_else(
                || "as long as its severity does not rise".to_owned(),
                |(measure, limit)| format!("up to a {} of {limit:.3}", measure.name()),
            );
            let until = acceptance.until.map_or_else(String::new, |until| format!(", until {}", time(until)));
            format!("ACCEPTED {by}, {up_to}{until}: it still holds")
        }
    })
}

/// What was beyond what was accepted.
fn beyond_text(beyond: &BeyondAccepted) -> String {
    let BeyondAccepted { window, shown } = beyond;
    match shown {
        Some((measure, [value, accepted])) => {
            format!(" ({window}: a {} of {value:.3}, accepted up to {accepted:.3})", measure.name())
        }
        None => format!(" ({window}: critical, accepted as a warning)"),
    }
}

/// Measures about profiles, and those that answer no alert.
fn measure_lines(measures: &PublishedMeasures) -> impl Iterator<Item = String> {
    let of_profiles = measures.of_profiles.iter().map(|measure| measure_line("", measure));
    let unmatched = measures.unmatched.iter().map(|measure| measure_line("that answers no alert: ", measure));
    let left_out = measures.left_out;
    let left_out = (left_out > 0).then(|| format!("MEASURES {left_out} older ones are not shown"));
    let dropped = (measures.dropped > 0).then(|| format!("MEASURES {} were dropped", measures.dropped));
    of_profiles.chain(unmatched).chain(left_out).chain(dropped)
}

/// Its texts come from events, so they are quoted and may not steer a terminal.
fn measure_line(standing: &str, measure: &PublishedMeasure) -> String {
    let PublishedMeasure { at, kind, subject, reason, by, until, accepted_ratio, unknown } = measure;
    let time = |time: EventTime| rfc3339(time).unwrap_or_else(|| ABSENT.to_owned());
    let named = [
        ("alert", &subject.alert_id),
        ("profile", &subject.profile),
        ("rule", &subject.rule),
        ("dimension", &subject.dimension),
        ("group", &subject.group),
    ];
    let named = named.into_iter().filter_map(|(name, value)| Some(format!("{name}={:?}", value.as_ref()?)));
    format!(
        "MEASURE {standing}{} at {} by {by:?}, {}{}: {reason:?}{}{}",
        kind.name(),
        time(*at),
        named.collect::<Vec<_>>().join(" "),
        unknown.as_ref().map_or_else(String::new, unknown_text),
        accepted_ratio.map_or_else(String::new, |ratio| format!(", up to a ratio of {ratio}")),
        until.map_or_else(String::new, |until| format!(", until {}", time(until))),
    )
}

fn unknown_text(UnknownName { what, near }: &UnknownName) -> String {
    let near = near.as_ref().map_or_else(String::new, |near| format!(": did you mean {near:?}?"));
    format!(" (no such {what}{near})")
}

fn alert_line(alert: &PublishedAlert) -> String {
    let PublishedAlert { evidence, .. } = alert;
    let time = |time: Option<EventTime>| time.and_then(rfc3339).unwrap_or_else(|| ABSENT.to_owned());
    let when = match alert.state {
        AlertState::Pending | AlertState::Inactive => format!("active since {}", time(Some(alert.active_at))),
        AlertState::Firing => format!("fired at {}", time(alert.fired_at)),
        AlertState::Resolved => format!("fired at {}, resolved at {}", time(alert.fired_at), time(alert.resolved_at)),
    };
    format!(
        "ALERT {} {}: {} {} {}, {when}; owner {}",
        alert.severity.name(),
        alert.state.name(),
        evidence.rule,
        evidence.profile,
        named(evidence),
        alert.owner
    )
}
