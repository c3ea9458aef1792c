//! The tables and their columns. Columns have the names of the fields of `paritywatch.evaluation.v1`, inner fields behind outer ones.

use crate::disclosure::{
    KeptEntry, KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey, KeptQuality, KeptStep, KeptTransition, Measured,
};
use crate::plan::EventTime;

/// A table of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// One row for each finding and release, and for each change of a verdict between releases.
    Findings,
    /// One row for each row of the funnel and release.
    Funnel,
    /// One row for each thing that has happened to an alert.
    Transitions,
    /// One row for each thing that is known of the data, and release.
    Quality,
}

/// Every table.
pub const TABLES: [Table; 4] = [Table::Findings, Table::Funnel, Table::Transitions, Table::Quality];

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A count.
    Count,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// A time, in UTC and to the millisecond.
    Time,
}

/// The value of a row in a column. What is withheld, unknown or does not apply is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "see `Kind`")]
pub enum Cell<'h> {
    Text(Option<&'h str>),
    Count(Option<u64>),
    Number(Option<f64>),
    Flag(Option<bool>),
    Time(Option<EventTime>),
}

/// Columns: their names, and what they hold.
pub type Columns = &'static [(&'static str, Kind)];

const OF_ENTRY: Columns = &[
    ("as_of", Kind::Time),
    ("released_at", Kind::Time),
    ("told_at", Kind::Time),
    ("release", Kind::Flag),
    ("config_hash", Kind::Text),
];

/// The columns of a finding's key.
pub const OF_KEY: Columns = &[
    ("rule", Kind::Text),
    ("kind", Kind::Text),
    ("profile", Kind::Text),
    ("channel", Kind::Text),
    ("dimension", Kind::Text),
    ("group", Kind::Text),
    ("subject", Kind::Text),
    ("reference", Kind::Text),
    ("indicator", Kind::Text),
    ("window", Kind::Text),
];

/// The columns of a finding's numbers and verdict.
pub const OF_FINDING: Columns = &[
    ("reference_group", Kind::Text),
    ("group_counts_exposed", Kind::Count),
    ("group_counts_events", Kind::Count),
    ("reference_counts_exposed", Kind::Count),
    ("reference_counts_events", Kind::Count),
    ("group_rate", Kind::Number),
    ("reference_rate", Kind::Number),
    ("ratio_value", Kind::Number),
    ("ratio_lower", Kind::Number),
    ("ratio_upper", Kind::Number),
    ("difference_value", Kind::Number),
    ("difference_lower", Kind::Number),
    ("difference_upper", Kind::Number),
    ("p_value", Kind::Number),
    ("stratified_by", Kind::Text),
    ("stratified_ratio_value", Kind::Number),
    ("stratified_ratio_lower", Kind::Number),
    ("stratified_ratio_upper", Kind::Number),
    ("stratified_reversal", Kind::Flag),
    ("needed", Kind::Count),
    ("evidence_log_e", Kind::Number),
    ("evidence_log_e_material", Kind::Number),
    ("evidence_log_sr", Kind::Number),
    ("evidence_alarm_at", Kind::Number),
    ("evidence_dispersion", Kind::Number),
    ("evidence_blocks", Kind::Count),
    ("evidence_alarmed", Kind::Flag),
    ("evidence_alarmed_material", Kind::Flag),
    ("evidence_epoch", Kind::Count),
    ("evidence_watched", Kind::Flag),
    ("missing_group_share", Kind::Number),
    ("missing_reference_share", Kind::Number),
    ("missing_largest_cause", Kind::Text),
    ("verdict", Kind::Text),
    ("reason", Kind::Text),
    ("suppressed", Kind::Flag),
    ("confidence", Kind::Number),
    ("threshold_measure", Kind::Text),
    ("threshold_warning", Kind::Number),
    ("threshold_critical", Kind::Number),
    ("threshold_clear", Kind::Number),
    ("details", Kind::Text),
];

/// The columns of a row of the funnel.
pub const OF_FUNNEL: Columns = &[
    ("profile", Kind::Text),
    ("channel", Kind::Text),
    ("dimension", Kind::Text),
    ("group", Kind::Text),
    ("window", Kind::Text),
    ("reference", Kind::Text),
    ("stages_assessed", Kind::Count),
    ("stages_selected", Kind::Count),
    ("stages_controlled", Kind::Count),
    ("stages_concluded", Kind::Count),
    ("stages_hit", Kind::Count),
    ("control_frequency_ratio", Kind::Number),
    ("steps_risk_class_ratio", Kind::Number),
    ("steps_risk_class_lower", Kind::Number),
    ("steps_risk_class_upper", Kind::Number),
    ("steps_selected_ratio", Kind::Number),
    ("steps_selected_lower", Kind::Number),
    ("steps_selected_upper", Kind::Number),
    ("steps_controlled_ratio", Kind::Number),
    ("steps_controlled_lower", Kind::Number),
    ("steps_controlled_upper", Kind::Number),
    ("steps_concluded_ratio", Kind::Number),
    ("steps_concluded_lower", Kind::Number),
    ("steps_concluded_upper", Kind::Number),
    ("steps_hit_ratio", Kind::Number),
    ("steps_hit_lower", Kind::Number),
    ("steps_hit_upper", Kind::Number),
    ("suppressed", Kind::Flag),
];

/// The steps of the funnel, in the order of their columns.
const STEPS: [&str; 5] = ["risk_class", "selected", "controlled", "concluded", "hit"];

const OF_TRANSITION: Columns = &[
    ("as_of", Kind::Time),
    ("at", Kind::Time),
    ("transition", Kind::Text),
    ("alert", Kind::Text),
    ("severity", Kind::Text),
    ("owner", Kind::Text),
    ("action", Kind::Text),
    ("measure_by", Kind::Text),
    ("measure_reason", Kind::Text),
    ("measure_until", Kind::Time),
    ("measure_accepted_ratio", Kind::Number),
];

const OF_QUALITY: Columns = &[
    ("what", Kind::Text),
    ("profile", Kind::Text),
    ("channel", Kind::Text),
    ("dimension", Kind::Text),
    ("group", Kind::Text),
    ("name", Kind::Text),
    ("count", Kind::Count),
];

impl Table {
    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::Funnel => "funnel",
            Self::Transitions => "transitions",
            Self::Quality => "quality",
        }
    }

    /// Returns its columns.
    #[must_use]
    pub fn columns(self) -> Vec<(&'static str, Kind)> {
        match self {
            Self::Findings => [OF_ENTRY, OF_KEY, OF_FINDING].concat(),
            Self::Funnel => [OF_ENTRY, OF_FUNNEL].concat(),
            Self::Transitions => [OF_TRANSITION, OF_KEY, OF_FINDING].concat(),
            Self::Quality => [OF_ENTRY, OF_QUALITY].concat(),
        }
    }
}

pub(super) fn finding<'h>(entry: &'h KeptEntry, key: &'h KeptKey, row: &'h KeptFinding) -> Vec<Cell<'h>> {
    [of_entry(entry).as_slice(), &of_key(key), &of_finding(row)].concat()
}

pub(super) fn funnel<'h>(entry: &'h KeptEntry, key: &'h KeptFunnelKey, row: &'h KeptFunnel) -> Vec<Cell<'h>> {
    [of_entry(entry).as_slice(), &of_funnel(key, row)].concat()
}

/// Returns the cells of a row of the funnel, in the order of [`OF_FUNNEL`].
#[must_use]
pub fn of_funnel<'h>(key: &'h KeptFunnelKey, row: &'h KeptFunnel) -> Vec<Cell<'h>> {
    let texts = [&key.profile, &key.channel, &key.dimension, &key.group, &key.window, &row.reference];
    let mut cells = texts.map(|text| Cell::Text(Some(text))).to_vec();
    cells.extend(row.stages.map(Cell::Count));
    cells.push(Cell::Number(row.control_frequency));
    for name in STEPS {
        let step = row.steps.iter().find(|KeptStep { step, .. }| step == name);
        cells.extend(measured(step.map(|step| step.ratio)));
    }
    cells.push(Cell::Flag(Some(row.suppressed)));
    cells
}

pub(super) fn transition<'h>(entry: &'h KeptEntry, row: &'h KeptTransition) -> Vec<Cell<'h>> {
    let [by, reason] =
        row.measure.as_ref().map_or([None, None], |[by, reason]| [Some(by.as_str()), Some(reason.as_str())]);
    let mut cells = vec![Cell::Time(Some(entry.as_of)), Cell::Time(Some(row.at))];
    let texts = [&row.transition, &row.alert, &row.severity, &row.owner, &row.action];
    cells.extend(texts.map(|text| Cell::Text(Some(text))));
    cells.extend([Cell::Text(by), Cell::Text(reason), Cell::Time(row.until), Cell::Number(row.accepted_ratio)]);
    cells.extend(of_key(&row.key));
    cells.extend(of_finding(&row.evidence));
    cells
}

pub(super) fn quality<'h>(entry: &'h KeptEntry, row: &'h KeptQuality) -> Vec<Cell<'h>> {
    let KeptQuality { what, profile, channel, dimension, group, name, count } = row;
    let texts = [Some(what), profile.as_ref(), channel.as_ref(), dimension.as_ref(), group.as_ref(), name.as_ref()];
    let mut cells = of_entry(entry).to_vec();
    cells.extend(texts.map(text));
    cells.push(Cell::Count(*count));
    cells
}

fn of_entry(entry: &KeptEntry) -> [Cell<'_>; OF_ENTRY.len()] {
    [
        Cell::Time(Some(entry.as_of)),
        Cell::Time(entry.released_at),
        Cell::Time(Some(entry.told_at)),
        Cell::Flag(Some(entry.is_release)),
        Cell::Text(Some(&entry.config_hash)),
    ]
}

/// Returns the cells of a finding's key, in the order of [`OF_KEY`].
#[must_use]
pub fn of_key(key: &KeptKey) -> [Cell<'_>; OF_KEY.len()] {
    [
        Some(&key.rule),
        Some(&key.kind),
        Some(&key.profile),
        Some(&key.channel),
        key.dimension.as_ref(),
        key.group.as_ref(),
        key.subject.as_ref(),
        Some(&key.reference),
        key.indicator.as_ref(),
        Some(&key.window),
    ]
    .map(|text| Cell::Text(text.map(String::as_str)))
}

/// Returns the cells of a finding's numbers and verdict, in the order of [`OF_FINDING`].
#[must_use]
pub fn of_finding(row: &KeptFinding) -> Vec<Cell<'_>> {
    let KeptFinding { evidence, stratified, thresholds, .. } = row;
    let [exposed, events] = counts(row.group_counts);
    let [reference_exposed, reference_events] = counts(row.reference_counts);
    let mut cells = vec![text(row.reference_group.as_ref()), exposed, events, reference_exposed, reference_events];
    cells.extend([Cell::Number(row.group_rate), Cell::Number(row.reference_rate)]);
    cells.extend(measured(row.ratio));
    cells.extend(measured(row.difference));
    cells.extend([Cell::Number(row.p_value), Cell::Text(stratified.as_ref().map(|(by, ..)| by.as_str()))]);
    cells.extend(measured(stratified.as_ref().map(|(_, ratio, _)| *ratio)));
    cells.extend([Cell::Flag(stratified.as_ref().map(|(.., reversal)| *reversal)), Cell::Count(row.needed)]);
    cells.extend([
        Cell::Number(evidence.map(|of| of.log_e)),
        Cell::Number(evidence.and_then(|of| of.log_e_material)),
        Cell::Number(evidence.and_then(|of| of.log_sr)),
        Cell::Number(evidence.map(|of| of.alarm_at)),
        Cell::Number(evidence.map(|of| of.dispersion)),
        Cell::Count(evidence.map(|of| of.blocks)),
        Cell::Flag(evidence.map(|of| of.alarmed)),
        Cell::Flag(evidence.map(|of| of.material)),
        Cell::Count(evidence.map(|of| u64::from(of.epoch))),
        Cell::Flag(evidence.map(|of| of.watched)),
    ]);
    cells.extend(row.missing.map(Cell::Number));
    cells.extend([text(row.missing_cause.as_ref()), text(row.verdict.as_ref()), text(row.reason.as_ref())]);
    cells.extend([Cell::Flag(Some(row.suppressed)), Cell::Number(Some(row.confidence))]);
    cells.push(Cell::Text(thresholds.as_ref().map(|of| of.measure.as_str())));
    let of = thresholds.as_ref().map_or([None; 3], |of| [of.warning, of.critical, of.clear].map(Some));
    cells.extend(of.map(Cell::Number));
    cells.push(text(row.details.as_ref()));
    cells
}

fn text(of: Option<&String>) -> Cell<'_> {
    Cell::Text(of.map(String::as_str))
}

fn counts<'h>(of: Option<[u64; 2]>) -> [Cell<'h>; 2] {
    of.map_or([None, None], |of| of.map(Some)).map(Cell::Count)
}

fn measured<'h>(of: Option<Measured>) -> [Cell<'h>; 3] {
    of.map_or([None; 3], |Measured { value, lower, upper }| [value, lower, upper]).map(Cell::Number)
}
