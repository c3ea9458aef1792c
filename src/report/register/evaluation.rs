//! What an evaluation says of a profile, in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::texts::Texts;
use crate::checkpoint::day_text;
use crate::disclosure::{KeptFinding, KeptThresholds};
use crate::judge::Verdict;
use crate::plan::{Harm, Indicator, Measure};
use crate::render::rfc3339;
use crate::render::words::{Language, fill};
use crate::report::findings::COMPARISON;
use crate::report::model::{FindingReport, NOT_TOLD_AT_END, ProfileReport, Report};
use crate::report::verdicts::badness;

/// The evaluation of one profile.
pub(super) struct Evaluation<'r> {
    report: &'r Report,
    profile: &'r ProfileReport,
}

impl<'r> Evaluation<'r> {
    pub const fn of(report: &'r Report, profile: &'r ProfileReport) -> Self {
        Self { report, profile }
    }

    /// What is watched, with which thresholds, and when that was evaluated last.
    pub fn monitoring(&self, language: Language) -> String {
        let mut sentences = Vec::new();
        let watched = self.watched(language);
        if !watched.is_empty() {
            sentences.push(fill(Texts::watched(language), &[&watched.into_iter().collect::<Vec<_>>().join("; ")]));
        }
        let thresholds = self.thresholds(language);
        if !thresholds.is_empty() {
            sentences
                .push(fill(Texts::thresholds(language), &[&thresholds.into_iter().collect::<Vec<_>>().join("; ")]));
        }
        if !self.profile.owner.is_empty() {
            sentences.push(fill(Texts::owner(language), &[&self.profile.owner]));
        }
        sentences.push(self.period(language));
        sentences.push(self.last(language));
        sentences.join(" ")
    }

    /// Which risk is watched, and what became of it.
    pub fn risks(&self, language: Language) -> String {
        let is_watched = self.profile.findings.iter().any(|finding| finding.key.kind == COMPARISON);
        let text = if is_watched { Texts::risks(language) } else { Texts::risks_none(language) };
        let alerts = &self.profile.alerts;
        let open = alerts.iter().filter(|alert| alert.is_open).count();
        let alerts = fill(Texts::alerts(language), &[&alerts.len().to_string(), &open.to_string()]);
        format!("{text} {} {alerts}", self.summary(language))
    }

    /// How many findings have which verdict.
    pub fn summary(&self, language: Language) -> String {
        if !self.profile.was_heard() {
            return Texts::unheard(language).to_owned();
        }
        let mut counts: BTreeMap<(std::cmp::Reverse<Option<usize>>, Option<&str>), usize> = BTreeMap::new();
        for finding in &self.profile.findings {
            let verdict = finding.row.verdict.as_deref();
            *counts.entry((std::cmp::Reverse(verdict.and_then(badness)), verdict)).or_default() += 1;
        }
        if counts.is_empty() {
            return Texts::none_found(language).to_owned();
        }
        let said = counts.into_iter().map(|((_, verdict), count)| {
            fill(Texts::count_of(language), &[&count.to_string(), &verdict_word(language, verdict)])
        });
        fill(Texts::summary(language), &[&said.collect::<Vec<_>>().join(", ")])
    }

    /// What the rule about human decisions says, where there is one.
    pub fn human(&self, language: Language) -> Option<String> {
        let findings = self.profile.findings.iter().filter(|finding| finding.key.kind == "automation");
        let worst = findings.max_by_key(|finding| finding.row.verdict.as_deref().and_then(badness))?;
        let verdict = verdict_word(language, worst.row.verdict.as_deref());
        Some(fill(Texts::human(language), &[&verdict]))
    }

    /// Every finding in a sentence.
    pub fn lines(&self, language: Language) -> Vec<String> {
        if !self.profile.was_heard() {
            return vec![Texts::unheard(language).to_owned()];
        }
        if self.profile.findings.is_empty() {
            return vec![Texts::none_found(language).to_owned()];
        }
        self.profile.findings.iter().map(|finding| sentence(language, finding)).collect()
    }

    /// The same for programs.
    pub fn to_json(&self, report: &Report, language: Language) -> Value {
        let rules: BTreeSet<&str> = self.profile.findings.iter().map(|finding| finding.key.rule.as_str()).collect();
        let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for finding in &self.profile.findings {
            if let (Some(dimension), Some(group)) = (&finding.key.dimension, &finding.key.group) {
                groups.entry(dimension).or_default().insert(group);
            }
        }
        json!({
            "heard": self.profile.was_heard(),
            "last_evaluation": self.profile.last_seen.and_then(rfc3339),
            "days": report.coverage.days,
            "days_with_release": report.coverage.days_with_release,
            "rules": rules,
            "groups": groups,
            "thresholds": self.thresholds(language),
            "channels": self.profile.channels,
            "findings": self.lines(language),
        })
    }

    fn period(&self, language: Language) -> String {
        let (period, coverage) = (&self.report.period, &self.report.coverage);
        let mut text = fill(Texts::period(language), &[&period.label, &day_text(period.first), &day_text(period.last)]);
        if let Some(until) = self.report.to_date.and_then(rfc3339) {
            text = format!("{text} {}", fill(Texts::to_date(language), &[&until]));
        }
        let days = [coverage.days.to_string(), coverage.days_with_release.to_string()];
        format!("{text} {}", fill(Texts::coverage(language), &days.each_ref().map(String::as_str)))
    }

    fn last(&self, language: Language) -> String {
        match self.profile.last_seen.and_then(rfc3339) {
            Some(seen) => fill(Texts::last_evaluation(language), &[&seen]),
            None => Texts::unheard(language).to_owned(),
        }
    }

    fn watched(&self, language: Language) -> BTreeSet<String> {
        let item = |finding: &FindingReport| {
            let key = &finding.key;
            if key.kind != COMPARISON {
                return fill(Texts::watched_other(language), &[&key.rule, &key.kind]);
            }
            let (dimension, channel) = (key.dimension.as_deref().unwrap_or_default(), language.channel(&key.channel));
            fill(
                Texts::watched_item(language),
                &[indicator(language, finding), dimension, channel, reference(language, finding)],
            )
        };
        self.profile.findings.iter().map(item).collect()
    }

    fn thresholds(&self, language: Language) -> BTreeSet<String> {
        let findings = self.profile.findings.iter();
        let of = findings.filter_map(|finding| Some((finding, finding.row.thresholds.as_ref()?)));
        of.map(|(finding, thresholds)| threshold(language, finding, thresholds)).collect()
    }
}

fn threshold(language: Language, finding: &FindingReport, thresholds: &KeptThresholds) -> String {
    let KeptThresholds { measure, warning, critical, .. } = thresholds;
    let is_ratio = measure == Measure::Ratio.name();
    let said_measure = if is_ratio { Texts::ratio(language) } else { Texts::difference(language) };
    let is_low = indicator_of(finding).is_some_and(|indicator| indicator.harm() == Harm::Low);
    let text = if is_low { Texts::threshold_low(language) } else { Texts::threshold(language) };
    let said = |value: f64| if is_ratio { number(language, value) } else { points(language, value) };
    fill(text, &[&finding.key.rule, said_measure, &said(*warning), &said(*critical)])
}

fn sentence(language: Language, finding: &FindingReport) -> String {
    let (key, row) = (&finding.key, &finding.row);
    if key.kind != COMPARISON {
        let verdict = verdict_of(language, row);
        return match key.subject.as_deref().or(key.group.as_deref()) {
            Some(subject) => fill(Texts::found_subject(language), &[&key.rule, subject, &verdict]),
            None => fill(Texts::found_other(language), &[&key.rule, &verdict]),
        };
    }
    let (group, dimension) = (key.group.as_deref().unwrap_or_default(), key.dimension.as_deref().unwrap_or_default());
    let [indicator, channel] = [indicator(language, finding), language.channel(&key.channel)];
    let reference = reference(language, finding);
    let said = numbers(language, finding);
    fill(Texts::found(language), &[&key.rule, indicator, channel, group, dimension, reference, &said])
}

/// The verdict with the number that was judged, and which cases it counts where these are not those of the period.
fn numbers(language: Language, finding: &FindingReport) -> String {
    let row = &finding.row;
    let verdict = verdict_of(language, row);
    if row.suppressed {
        return fill(Texts::no_number(language), &[&verdict]);
    }
    let is_difference = row.thresholds.as_ref().is_some_and(|of| of.measure == Measure::Difference.name());
    let judged = if is_difference { row.difference } else { row.judged_ratio() };
    let Some(limits) = judged.and_then(|of| Some([of.value?, of.lower?, of.upper?])) else { return verdict };
    let said = if is_difference {
        let [value, lower, upper] = limits.map(|limit| points(language, limit));
        fill(Texts::by_difference(language), &[&verdict, &value, &lower, &upper])
    } else {
        let [value, lower, upper] = limits.map(|limit| number(language, limit));
        fill(Texts::by_ratio(language), &[&verdict, &value, times(language, finding), &lower, &upper])
    };
    if finding.basis.is_period {
        return said;
    }
    let until = rfc3339(finding.basis.released_at).unwrap_or_default();
    fill(Texts::of_window(language), &[&said, &finding.basis.window, &until])
}

/// What a ratio says of its indicator.
fn times(language: Language, finding: &FindingReport) -> &'static str {
    let indicator = indicator_of(finding);
    let is_picked = matches!(indicator, Some(Indicator::SelectionRate | Indicator::ControlFrequency));
    match indicator {
        _ if is_picked && finding.key.reference == "random" => Texts::as_large(language),
        Some(Indicator::Intensity) => Texts::as_intensive(language),
        Some(Indicator::Duration) => Texts::as_long(language),
        Some(Indicator::SanctionAmount) => Texts::as_high(language),
        Some(Indicator::ComplaintRate) => Texts::as_many(language),
        _ => Texts::as_often(language),
    }
}

fn indicator_of(finding: &FindingReport) -> Option<Indicator> {
    Indicator::ALL.into_iter().find(|indicator| finding.key.indicator.as_deref() == Some(indicator.name()))
}

fn indicator(language: Language, finding: &FindingReport) -> &'static str {
    language.indicator(indicator_of(finding))
}

fn reference(language: Language, finding: &FindingReport) -> &str {
    finding.row.reference_group.as_deref().unwrap_or_else(|| language.reference(&finding.key.reference))
}

fn verdict_of(language: Language, row: &KeptFinding) -> String {
    if row.reason.as_deref() == Some(NOT_TOLD_AT_END) {
        return Texts::not_told(language).to_owned();
    }
    verdict_word(language, row.verdict.as_deref())
}

fn verdict_word(language: Language, verdict: Option<&str>) -> String {
    let Some(name) = verdict else { return Texts::not_judged(language).to_owned() };
    let known = Verdict::ALL.into_iter().find(|known| known.name() == name);
    // Within a sentence.
    known.map_or_else(|| name.to_owned(), |verdict| language.verdict_word(Some(verdict)).to_lowercase())
}

/// A difference of rates.
fn points(language: Language, difference: f64) -> String {
    fill(Texts::points(language), &[&number(language, difference * 100.0)])
}

/// A number with two decimals in the form of the language.
fn number(language: Language, number: f64) -> String {
    let text = format!("{number:.2}");
    if language == Language::Dutch { text.replace('.', ",") } else { text }
}
