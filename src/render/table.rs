//! The evaluation as a table for people.

use std::fmt::Write;

use super::document::digest;
use super::time::rfc3339;
use crate::alert::AlertState;
use crate::disclosure::{
    Counted, Measured, Published, PublishedAlert, PublishedBracket, PublishedFinding, PublishedRates,
};
use crate::judge::Verdict;

const HEAD: [&str; 8] = ["VERDICT", "RULE", "PROFILE", "GROUP", "RATE", "REFERENCE RATE", "RATIO", "WINDOW"];

/// What stands for a number that is withheld or undefined.
const ABSENT: &str = "·";

/// Findings, evidence and alerts, one a line of at most `width` characters, with terminal colours if `colour`.
pub(super) fn table(published: &Published, width: usize, colour: bool) -> String {
    let findings = published.findings();
    let rows: Vec<(Option<Verdict>, [String; 8])> =
        findings.iter().map(|finding| (finding.verdict, row(finding))).collect();
    let mut widths = HEAD.map(|head| head.chars().count());
    for (_, row) in &rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
    }
    let mut out = String::new();
    let as_of = rfc3339(published.as_of()).unwrap_or_else(|| "no event yet".to_owned());
    let events = published.events();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "as of {as_of}: {} events read, {} accepted, {} duplicate, {} rejected, {} too late; configuration {}, digest {}",
        events.read,
        events.accepted,
        events.duplicate,
        events.rejected,
        events.too_late,
        published.config_hash(),
        digest(published)
    );
    push_line(&mut out, &HEAD.map(str::to_owned), &widths, width, None);
    for (verdict, row) in &rows {
        push_line(&mut out, row, &widths, width, verdict.filter(|_| colour));
    }
    let mut evidence: Vec<String> = findings.iter().filter_map(evidence_line).collect();
    evidence.dedup();
    let probabilistic = findings.iter().filter_map(probabilistic_line);
    let alerts = published.alerts().iter().map(alert_line);
    for line in evidence.into_iter().chain(probabilistic).chain(alerts) {
        let _ = writeln!(out, "{line}");
    }
    out
}

fn row(finding: &PublishedFinding) -> [String; 8] {
    let verdict = finding.verdict.map_or("not judged", Verdict::name);
    let ratio = finding.stratified.as_ref().map_or_else(
        || measured(finding.ratio),
        |(by, ratio, reversal)| {
            format!("{} by {by}{}", measured(Some(*ratio)), if *reversal { " (reversal)" } else { "" })
        },
    );
    let needed = finding.needed.map_or_else(String::new, |needed| format!(", needs {needed} more"));
    [
        format!("{verdict}{needed}"),
        finding.rule.clone(),
        if finding.channel == "profile" {
            finding.profile.clone()
        } else {
            format!("{} ({})", finding.profile, finding.channel)
        },
        format!(
            "{}={} vs {}",
            finding.dimension,
            finding.group,
            finding.reference_group.as_ref().unwrap_or(&finding.reference)
        ),
        rate(finding.group_rate, finding.group_counts),
        rate(finding.reference_rate, finding.reference_counts),
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
    let number = |value: Option<f64>| value.map_or_else(|| ABSENT.to_owned(), |value| format!("{value:.3}"));
    measured.map_or_else(
        || ABSENT.to_owned(),
        |measured| format!("{} [{}, {}]", number(measured.value), number(measured.lower), number(measured.upper)),
    )
}

fn push_line(out: &mut String, cells: &[String; 8], widths: &[usize; 8], limit: usize, verdict: Option<Verdict>) {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    let line: String = padded.join("  ").trim_end().chars().take(limit).collect();
    let _ = match verdict.map(colour_of) {
        Some(code) => writeln!(out, "\x1b[{code}m{line}\x1b[0m"),
        None => writeln!(out, "{line}"),
    };
}

const fn colour_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Critical => "31;1",
        Verdict::Warning => "33",
        Verdict::Within => "32",
        Verdict::InsufficientData | Verdict::Stale => "2",
    }
}

/// The same for every window of a series. In words of odds: natural logarithms are for machines.
fn evidence_line(finding: &PublishedFinding) -> Option<String> {
    let evidence = finding.evidence?;
    let material = evidence
        .log_e_material
        .map_or_else(String::new, |log_e| format!(", that it is beyond {} {}", finding.critical, odds(log_e)));
    let state = match (evidence.alarmed, evidence.watched) {
        (true, _) => "ALARM",
        (false, true) => "watched",
        (false, false) => "no alarm",
    };
    Some(format!(
        "EVIDENCE {state}: {} {} {}={} vs {}: for a disparity {} (alarm at {}){material}; {} blocks, tempered by {:.2}",
        finding.rule,
        finding.profile,
        finding.dimension,
        finding.group,
        finding.reference,
        odds(evidence.log_e),
        odds(evidence.alarm_at),
        evidence.blocks,
        evidence.dispersion,
    ))
}

/// What the cases say whose group is known only as probabilities.
fn probabilistic_line(finding: &PublishedFinding) -> Option<String> {
    let PublishedBracket { weighted, regression, .. } = finding.probabilistic?;
    Some(format!(
        "PROBABILITIES {} {} {}={} vs {} {}: {}ratio {} weighted, {} by regression",
        finding.rule,
        finding.profile,
        finding.dimension,
        finding.group,
        finding.reference,
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
            let ratio = ratio.map_or_else(|| ABSENT.to_owned(), |ratio| format!("{ratio:.3}"));
            format!("{ratio} ({:.2} % against {:.2} %)", group_rate * 100.0, reference_rate * 100.0)
        },
    )
}

/// exp(log) with as many digits as anybody reads.
fn odds(log: f64) -> String {
    let value = log.exp();
    if (0.01..1e6).contains(&value) { format!("{value:.3}") } else { format!("{value:.1e}") }
}

fn alert_line(alert: &PublishedAlert) -> String {
    let PublishedAlert { evidence, .. } = alert;
    let time = |time: Option<crate::plan::EventTime>| time.and_then(rfc3339).unwrap_or_else(|| ABSENT.to_owned());
    let when = match alert.state {
        AlertState::Pending | AlertState::Inactive => format!("active since {}", time(Some(alert.active_at))),
        AlertState::Firing => format!("fired at {}", time(alert.fired_at)),
        AlertState::Resolved => format!("fired at {}, resolved at {}", time(alert.fired_at), time(alert.resolved_at)),
    };
    format!(
        "ALERT {} {}: {} {} {}={} vs {}, {when}; owner {}",
        alert.severity.name(),
        alert.state.name(),
        evidence.rule,
        evidence.profile,
        evidence.dimension,
        evidence.group,
        evidence.reference,
        alert.owner
    )
}
