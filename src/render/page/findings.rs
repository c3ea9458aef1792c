//! The comparisons: a table with interval plots for each rule, profile, channel and dimension, the worst first.

use maud::{Markup, html};

use super::handled::{mix, values};
use super::plot::{Plotted, Scale, drawn, plotted};
use super::text::{Language, fill};
use super::{mark, past};
use crate::disclosure::{
    Counted, Measured, PublishedBracket, PublishedFinding, PublishedMissing, PublishedMissingSide, PublishedRates,
    PublishedThresholds,
};
use crate::evidence::SeriesEvidence;
use crate::judge::{ValueSide, Verdict};
use crate::plan::{Harm, Indicator, Measure};

/// Rows on the page, at most.
const MAX_ROWS: usize = 400;
/// Days of the past that a link offers first.
const PAST_DAYS: u32 = 90;
/// Rows of one table, at most. The worst stay.
const MAX_TABLE_ROWS: usize = 100;

/// The findings of one rule, profile, channel and dimension.
struct Table<'p> {
    first: &'p PublishedFinding,
    rows: Vec<&'p PublishedFinding>,
    worst: Option<Verdict>,
}

/// The section.
pub(super) fn section(language: Language, findings: &[PublishedFinding]) -> Markup {
    let (tables, left_out) = tables(findings.iter().filter(|finding| finding.thresholds.is_some()).collect());
    let hides = findings.iter().any(|finding| finding.suppressed && finding.verdict == Some(Verdict::InsufficientData));
    html! {
        section aria-labelledby="findings" {
            h2 id="findings" { (language.findings()) }
            @if tables.is_empty() { p.note { (language.no_findings()) } }
            @for table in &tables { (table_of(language, table)) }
            @if left_out > 0 {
                p.note { (fill(language.left_out_rows(), &[&language.count(left_out as u64)])) }
            }
            @if !tables.is_empty() { p.note { (language.evidence_note()) } }
            @if hides { p.note { (language.withheld_verdicts()) } }
        }
    }
}

/// The tables that fit, the worst first and otherwise in the order of the evaluation; and how many findings do not fit.
fn tables(findings: Vec<&PublishedFinding>) -> (Vec<Table<'_>>, usize) {
    let together = |one: &&PublishedFinding, other: &&PublishedFinding| {
        let place = |finding: &PublishedFinding| {
            (finding.rule.clone(), finding.profile.clone(), finding.channel, finding.dimension.clone())
        };
        place(one) == place(other)
    };
    let mut tables: Vec<Table<'_>> = findings
        .chunk_by(together)
        .filter_map(|rows| {
            let worst = rows.iter().filter_map(|finding| finding.verdict).max();
            Some(Table { first: rows.first()?, rows: rows.to_vec(), worst })
        })
        .collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.worst));
    let (mut room, mut left_out) = (MAX_ROWS, 0);
    for table in &mut tables {
        let keep = room.min(MAX_TABLE_ROWS).min(table.rows.len());
        if keep < table.rows.len() {
            left_out += table.rows.len() - keep;
            table.rows.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
            table.rows.truncate(keep);
        }
        room -= keep;
    }
    tables.retain(|table| !table.rows.is_empty());
    (tables, left_out)
}

fn table_of(language: Language, table: &Table<'_>) -> Markup {
    let first = table.first;
    let plots: Vec<Plotted> = table.rows.iter().map(|finding| plotted(finding)).collect();
    let scale = Scale::of(&plots);
    let caption = fill(
        language.findings_caption(),
        &[&first.rule, &first.profile, first.dimension(), language.indicator(first.indicator)],
    );
    let level = language.percent_level(first.confidence);
    let [of_group, of_other] = sides(language, first);
    html! {
        article.comparison.(mark::class(table.worst)) {
            h3 { (mark::shape(table.worst)) span { (first.profile) } " " span.rule { (first.rule) } }
            p.subject {
                (language.indicator(first.indicator)) "; " (language.channel(first.channel)) "; "
                (harm(language, first)) "; " (thresholds(language, first))
                @if first.reference == "random" && is_of_assessed(first.indicator) { "; " (language.shares()) }
                "."
            }
            table.findings role="table" {
                caption.hidden { (caption) }
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { (language.group()) }
                        th scope="col" role="columnheader" { (language.window()) }
                        th.number scope="col" role="columnheader" { (of_group) }
                        th.number scope="col" role="columnheader" { (of_other) }
                        th.plot scope="col" role="columnheader" {
                            span.hidden { (language.interval_plot()) }
                            (scale.axis(language))
                        }
                        th.number scope="col" role="columnheader" { (language.ratio()) small { (fill(language.interval(), &[&level])) } }
                        th scope="col" role="columnheader" { (language.verdict()) }
                        th scope="col" role="columnheader" { (language.evidence()) }
                    }
                }
                tbody role="rowgroup" {
                    @for (finding, plot) in table.rows.iter().zip(&plots) { (row(language, (scale, plot), finding)) }
                }
            }
        }
    }
}

fn row(language: Language, (scale, plot): (Scale, &Plotted), finding: &PublishedFinding) -> Markup {
    let reference = finding.reference_group.as_deref().unwrap_or_else(|| language.reference(&finding.reference));
    let [of_group, of_other] = sides(language, finding);
    html! {
        tr role="row" id=(finding.anchor()) class=(mark::class(finding.verdict)) {
            th scope="row" role="rowheader" {
                span { (finding.dimension()) "\u{202f}=\u{202f}" b { (finding.group()) } }
                small { (fill(language.against(), &[reference])) }
            }
            td role="cell" data-label=(language.window()) { (finding.window) }
            td.number role="cell" data-label=(of_group) {
                (own(language, finding))
            }
            td.number role="cell" data-label=(of_other) {
                (of_reference(language, finding))
            }
            td.plot role="cell" { (scale.row(language, plot)) }
            td.number role="cell" data-label=(language.ratio()) { (ratio(language, finding)) }
            td role="cell" data-label=(language.verdict()) {
                (mark::verdict(language, finding.verdict))
                @if let Some(needed) = finding.needed {
                    small { (fill(language.needs(), &[&language.count(needed)])) }
                }
                (missing(language, &finding.missing))
            }
            td role="cell" data-label=(language.evidence()) {
                (evidence(language, finding))
                small { a href=(past::address(&finding.anchor(), PAST_DAYS, Some(language.code()))) { (language.past().link) } }
            }
        }
    }
}

/// What the numbers of the group and of the reference are.
pub(super) fn sides(language: Language, finding: &PublishedFinding) -> [&'static str; 2] {
    if finding.indicator.is_some_and(Indicator::compares_values) {
        [language.group_values(), language.reference_values()]
    } else {
        [language.group_rate(), language.reference_rate()]
    }
}

/// The rate of the group, or its values.
pub(super) fn own(language: Language, finding: &PublishedFinding) -> Markup {
    match &finding.values {
        Some(of) => shown(language, finding, of.group),
        None => rate(language, finding.group_rate, finding.group_counts),
    }
}

/// The same of the reference.
pub(super) fn of_reference(language: Language, finding: &PublishedFinding) -> Markup {
    match &finding.values {
        Some(of) => shown(language, finding, of.reference),
        None => rate(language, finding.reference_rate, finding.reference_counts),
    }
}

fn shown(language: Language, finding: &PublishedFinding, side: Option<ValueSide>) -> Markup {
    side.map_or_else(|| withheld(language), |side| values(language, finding.indicator, &side))
}

/// What the comparison does not count, where that is anything.
pub(super) fn missing(language: Language, missing: &PublishedMissing) -> Markup {
    let Some(cause) = missing.largest_cause else { return html! {} };
    let share = |side: &PublishedMissingSide| {
        side.largest_share().map_or_else(|| language.withheld().to_owned(), |share| language.percent(share))
    };
    let shares = [&*share(&missing.group), &*share(&missing.reference), language.cause_word(cause)];
    html! {
        small { (fill(language.missing(), &shares)) }
        @if let Some((lower, upper)) = missing.bounds {
            @let upper = upper.map_or_else(|| language.without_limit().to_owned(), |upper| language.ratio_text(upper));
            small { (fill(language.missing_bounds(), &[&language.ratio_text(lower), &upper])) }
        }
    }
}

/// Whether the rule compares who is picked. With the random channel it then compares shares.
const fn is_of_assessed(indicator: Option<Indicator>) -> bool {
    matches!(indicator, Some(Indicator::SelectionRate | Indicator::ControlFrequency))
}

fn harm(language: Language, finding: &PublishedFinding) -> &'static str {
    match finding.indicator.map(Indicator::harm) {
        Some(Harm::High) => language.harm_high(),
        Some(Harm::Low) => language.harm_low(),
        None => "",
    }
}

fn thresholds(language: Language, finding: &PublishedFinding) -> String {
    let Some(PublishedThresholds { measure: of, warning, critical, .. }) = finding.thresholds else {
        return String::new();
    };
    let number = |value: f64| match of {
        Measure::Ratio => language.ratio_text(value),
        Measure::Difference => language.decimal(value * 100.0, 2),
    };
    let measure = match of {
        Measure::Ratio => language.measure_ratio(),
        Measure::Difference => language.measure_difference(),
    };
    // What is never judged has none.
    if finding.verdict.is_none() {
        return measure.to_owned();
    }
    let values = fill(language.thresholds(), &[&number(warning), &number(critical)]);
    format!("{measure}: {values}")
}

/// A rate, with its counts.
pub(crate) fn rate(language: Language, rate: Option<f64>, counts: Option<Counted>) -> Markup {
    html! {
        @match (rate, counts) {
            (Some(rate), Some(counts)) => {
                (language.percent(rate))
                small { (fill(language.n_of_m(), &[&language.count(counts.events), &language.count(counts.exposed)])) }
            }
            (None, Some(counts)) => { small { (fill(language.n_of_m(), &[&language.count(counts.events), &language.count(counts.exposed)])) } }
            _ => { (withheld(language)) }
        }
    }
}

/// Stands for a number that may not be shown.
pub(crate) fn withheld(language: Language) -> Markup {
    html! { span.withheld title=(language.withheld_note()) { (language.withheld()) } }
}

fn ratio(language: Language, finding: &PublishedFinding) -> Markup {
    html! {
        @match drawn(finding) {
            Some(ratio) => {
                b { (number(language, ratio.value)) }
                small { (limits(language, ratio)) }
            }
            None if finding.suppressed => { (withheld(language)) }
            None => { "\u{2013}" }
        }
        @if let Some((by, _, reversal)) = &finding.stratified {
            small { (fill(if *reversal { language.reversal() } else { language.within_strata() }, &[by])) }
            @if let Some(crude) = finding.ratio.and_then(|ratio| ratio.value) {
                small { (fill(language.crude(), &[&language.ratio_text(crude)])) }
            }
        }
        @if finding.thresholds.is_some_and(|thresholds| thresholds.measure == Measure::Difference) {
            @if let Some(value) = finding.difference.and_then(|difference| difference.value) {
                small { (fill(language.difference(), &[&language.decimal(value * 100.0, 2)])) }
            }
        }
        @if let Some(range) = &finding.outcomes {
            @let limits = [&*language.ratio_text(range.low), &*language.ratio_text(range.high)];
            small { (fill(if range.sensitive { language.outcomes_sensitive() } else { language.outcomes_range() }, &limits)) }
        }
        @if let Some(beyond) = finding.interaction {
            small { (fill(language.interaction(), &[&language.ratio_text(beyond)])) }
        }
        @if let Some(of) = &finding.mix { (mix(language, of)) }
        @if let Some(bracket) = &finding.probabilistic { (probabilistic(language, bracket)) }
    }
}

fn probabilistic(language: Language, bracket: &PublishedBracket) -> Markup {
    let ratio = |rates: Option<PublishedRates>| number(language, rates.and_then(|rates| rates.ratio));
    html! {
        @match bracket.cases {
            Some(cases) => {
                small { (fill(language.probabilistic(), &[&language.count(cases), &ratio(bracket.weighted), &ratio(bracket.regression)])) }
            }
            None => { (withheld(language)) }
        }
    }
}

fn number(language: Language, value: Option<f64>) -> String {
    value.map_or_else(|| language.unknown().to_owned(), |value| language.ratio_text(value))
}

/// `1.94 – 2.20`. An unknown upper limit shows as infinity.
pub(crate) fn limits(language: Language, ratio: Measured) -> String {
    let lower = ratio.lower.map_or_else(|| "0".to_owned(), |lower| language.ratio_text(lower));
    let upper = ratio.upper.map_or_else(|| "\u{221e}".to_owned(), |upper| language.ratio_text(upper));
    format!("{lower}\u{202f}\u{2013}\u{202f}{upper}")
}

/// The evidence of all blocks so far, in odds.
pub(super) fn evidence(language: Language, finding: &PublishedFinding) -> Markup {
    let Some(evidence) = finding.evidence else {
        let text = if finding.suppressed {
            withheld(language)
        } else {
            html! { (language.evidence_other()) }
        };
        return html! { span.muted { (text) } };
    };
    html! {
        span { (odds(language, evidence.log_e)) }
        @for line in standing(language, &evidence) { small { (line) } }
        @if let Some(log_e) = evidence.log_e_material.filter(|_| evidence.alarmed) {
            small { (fill(language.evidence_beyond(), &[&odds(language, log_e)])) }
        }
    }
}

/// Evidence as odds, from its natural logarithm.
pub(crate) fn odds(language: Language, log_e: f64) -> String {
    language
        .one_in(log_e)
        .map_or_else(|| language.evidence_none().to_owned(), |number| fill(language.evidence_one_in(), &[&number]))
}

/// How the evidence stands to the level of an alarm.
pub(crate) fn standing(language: Language, evidence: &SeriesEvidence) -> Vec<String> {
    let level = language.at_least_one_in(evidence.alarm_at).unwrap_or_else(|| language.unknown().to_owned());
    let mark = match (evidence.alarmed, evidence.watched) {
        (true, _) => Some(language.evidence_alarmed().to_owned()),
        (false, true) => Some(language.evidence_watched().to_owned()),
        (false, false) => None,
    };
    mark.into_iter().chain([fill(language.evidence_alarm_at(), &[&level])]).collect()
}
