//! Whether texts say what the document does not: `/metrics`, the page, the table, messages about alerts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::samples::{family, samples};
use super::seen::Seen;

/// Most decimals that texts write.
const MAX_DECIMALS: usize = 3;
/// Reading a number from JSON may change it by so much.
const LAST_DIGIT: f64 = 1e-12;
/// Odds of this many natural logarithms and more are written as powers of ten.
const LARGEST_LOG: f64 = 20.0;

/// Families of `/metrics` about a finding or a group that say what the document says in words or as a time.
const WORDS: [&str; 6] = [
    "verdict",
    "finding_reason",
    "alert_firing",
    "alert_pending",
    "alert_active_timestamp_seconds",
    "evidence_watched",
];
/// Families about groups that are no part of the document. Each is a leak if it counts cases.
const BESIDE: [&str; 2] = ["group_lateness_seconds", "group_allowed_lateness_sufficient_seconds"];

/// What texts of one release say beyond its document.
pub fn beyond_the_document(seen: &Seen) -> Vec<String> {
    let numbers = numbers_of(&seen.document);
    let mut beyond = of_metrics(&seen.metrics, &numbers);
    let written = written(&numbers, &numbers_of(&serde_json::from_str(&seen.health).unwrap()));
    for (name, text) in [("page", &plain(&seen.page)), ("table", &seen.table)] {
        let tokens = tokens(text).into_iter().filter(|token| !written.contains(token));
        beyond.extend(tokens.map(|token| format!("{name}: {token}")));
    }
    beyond
}

/// Every number of a document.
fn numbers_of(value: &Value) -> Vec<f64> {
    match value {
        Value::Number(number) => number.as_f64().into_iter().collect(),
        Value::Array(all) => all.iter().flat_map(numbers_of).collect(),
        Value::Object(fields) => fields.values().flat_map(numbers_of).collect(),
        _ => Vec::new(),
    }
}

/// Samples with the labels of a finding or a group, whose value is no number of the document.
fn of_metrics(page: &str, numbers: &[f64]) -> Vec<String> {
    let known: BTreeSet<u64> = numbers.iter().map(|number| number.to_bits()).collect();
    // Reading a number from JSON may change its last digit.
    let is_known = |value: f64| {
        known.range(value.to_bits().saturating_sub(4)..=value.to_bits().saturating_add(4)).next().is_some()
    };
    let is_about = |name: &str| name.contains("rule=") || name.contains("group=") || name.contains("stage=\"");
    let is_said = |name: &str, value: f64| {
        let family = family(name);
        WORDS.contains(&family)
            || BESIDE.contains(&family)
            || family.starts_with("processing_latency")
            || is_known(value)
            // Flags of evidence, and thresholds of the configuration.
            || family == "threshold"
    };
    let found = samples(page).into_iter().filter(|(name, value)| is_about(name) && !is_said(name, *value));
    found.map(|(name, value)| format!("metrics: {name} {value}")).collect()
}

/// The ways in which texts write numbers of the document.
fn written(of_document: &[f64], of_health: &[f64]) -> BTreeSet<String> {
    let mut written = BTreeSet::new();
    for number in of_document.iter().chain(of_health) {
        for decimals in 0..=MAX_DECIMALS {
            for value in [*number, number * 100.0] {
                for off in [1.0, 1.0 - LAST_DIGIT, 1.0 + LAST_DIGIT] {
                    written.insert(format!("{:.decimals$}", (value * off).abs()));
                }
            }
        }
        if number.abs() < LARGEST_LOG {
            let odds = number.exp();
            written.extend([odds.floor(), odds.ceil(), odds].map(|odds| format!("{odds:.0}")));
            written.insert(format!("{odds:.1}"));
        }
    }
    written
}

/// The numbers of a text that are no part of a word, a time or a date, without separators of thousands.
fn tokens(text: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || ".,:-_/*+\u{2212}".contains(letter);
    let words = text.split(|letter: char| !is_part(letter));
    let number = |word: &str| {
        let word = word.trim_matches(|letter: char| !letter.is_ascii_digit()).replace(',', "");
        let is_number = !word.is_empty() && word.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
        is_number.then_some(word)
    };
    words.filter(|word| !word.chars().any(char::is_alphabetic) && !word.contains(':')).filter_map(number).collect()
}

/// A page without its tags.
fn plain(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut is_tag = false;
    for letter in page.chars() {
        match letter {
            '<' => {
                is_tag = true;
                text.push(' ');
            }
            '>' => is_tag = false,
            letter if !is_tag => text.push(letter),
            _ => {}
        }
    }
    text
}

/// Counts of alerts, and of messages about them, that were never published of their finding.
pub fn unpublished_evidence(all: &[Seen]) -> u64 {
    let mut published: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut beyond = 0;
    for seen in all {
        for finding in seen.document["findings"].as_array().into_iter().flatten() {
            for (name, count) in counts_of(finding) {
                published.entry(name).or_default().insert(count);
            }
        }
        let alerts = seen.document["alerts"].as_array().into_iter().flatten().map(|alert| &alert["evidence"]);
        let messages = seen.messages.iter().map(|message| &message["alert"]["evidence"]);
        for (name, count) in alerts.chain(messages).flat_map(counts_of) {
            beyond += u64::from(!published.get(&name).is_some_and(|known| known.contains(&count)));
        }
    }
    beyond
}

fn counts_of(finding: &Value) -> Vec<(String, u64)> {
    let names = ["rule", "profile", "channel", "dimension", "group", "subject", "window"];
    let name: Vec<&str> = names.iter().map(|name| finding[*name].as_str().unwrap_or("")).collect();
    let mut found = Vec::new();
    for side in ["group_counts", "reference_counts"] {
        for count in ["exposed", "events"] {
            found.extend(finding[side][count].as_u64().map(|number| (format!("{name:?} {side} {count}"), number)));
        }
    }
    found
}

/// Families of `/metrics` that count events or cases and moved by less than `min_cell` between two releases, with how often.
pub fn exact_counters(all: &[Seen], min_cell: u64) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for pair in all.windows(2) {
        let before = samples(&pair[0].metrics);
        for (name, value) in samples(&pair[1].metrics) {
            let family = family(&name);
            let change = before.get(&name).map_or(0.0, |before| (value - before).abs());
            if COUNTERS.contains(&family) && change > 0.0 && change < min_cell as f64 {
                *found.entry(family.to_owned()).or_default() += 1;
            }
        }
    }
    found
}

/// What counts events, cases or groups of cases.
const COUNTERS: [&str; 18] = [
    "events_total",
    "open_cases",
    "waiting_cases",
    "remembered_ids",
    "cells",
    "late_events_total",
    "events_ahead_total",
    "cases_without_group",
    "cases_released_without_group_total",
    "unlisted_cases",
    "unlisted_cases_total",
    "cases_with_probabilistic_group",
    "late_evidence_cases_total",
    "missing_cases",
    "handled_cases",
    "probabilistic_cases",
    "event_lateness_seconds_count",
    "processing_latency_seconds_count",
];

#[test]
fn numbers_are_found_in_texts() {
    let text = plain("<p class=\"n12\">1,234 of 5.5% at 12:30 on 2026-01-02 in 24h, (77) g12</p>");
    assert_eq!(tokens(&text).into_iter().collect::<Vec<_>>(), ["1234", "5.5", "77"]);
}
