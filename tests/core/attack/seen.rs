//! Runs a stream through the monitor as the daemon does, and keeps everything that leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use paritywatch::disclosure::{PublishedPeriod, PublishedPeriods};
use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Output};
use paritywatch::outbox::Message;
use paritywatch::plan::{EventTime, PartitionIndex, PeriodKind, Plan};
use paritywatch::render::{Render, health_json, page};
use paritywatch::settings::Settings;
use paritywatch::sink::metrics;
use paritywatch::status::View;
use serde_json::Value;

use super::stream::{ALL_SINCE, BETWEEN, Fact, SINCE, START_MS, Step, Stream};
use super::table::Table;

const KEY: PseudonymKey = PseudonymKey([3; 16]);
const SERIES_LIMIT: usize = 100_000;
const TABLE_WIDTH: usize = 200;

/// All that can be read at one moment, and what is true then.
pub struct Seen {
    pub as_of_ms: i64,
    pub document: Value,
    /// Rows of the funnel, and findings, about windows since the beginning of a period: see [`since_beginnings`].
    pub of_periods: [Vec<Value>; 2],
    /// `/metrics`.
    pub metrics: String,
    /// The status page.
    pub page: String,
    /// What `replay` prints.
    pub table: String,
    /// `/api/v1/health`.
    pub health: String,
    /// Bodies of webhooks since the last moment.
    pub messages: Vec<Value>,
    pub truth: Table,
    /// Whether cases lack a group in some dimension.
    pub has_gaps: bool,
}

/// What a test changes of the plan.
pub type Change<'c> = &'c (dyn Fn(&mut Plan) + Sync);

/// Returns what is seen at each release.
pub fn run(stream: &Stream, change: Change<'_>) -> Vec<Seen> {
    let settings = Settings::parse(&stream.config, "attack.toml", std::iter::empty());
    let mut plan = settings.unwrap_or_else(|error| panic!("{error}\n{}", stream.config)).plan;
    plan.periods = PeriodKind::ALL.to_vec();
    change(&mut plan);
    let mut monitor = Monitor::new(plan, KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), EventTime(START_MS));
    let (mut known, mut hours, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for step in &stream.steps {
        match step {
            Step::Event { at_ms, payload, fact } => {
                let bytes = payload.to_string();
                let record = RawRecord { payload: bytes.as_bytes(), headers: &[], timestamp: Some(EventTime(*at_ms)) };
                let handled = monitor.handle_record(PartitionIndex(0), &record, EventTime(*at_ms));
                assert_eq!(handled, Handled::Accepted, "{payload}");
                known.push(fact.clone());
                hours.push(hour_of(payload, fact, stream));
            }
            Step::Release { at_ms } => {
                monitor.handle_tick(EventTime(*at_ms));
                seen.extend(look(&mut monitor, |windows| stream.truth(&known, &hours, windows)));
            }
        }
    }
    let has_gaps = stream.cases.iter().any(|case| case.groups.contains(&None));
    seen.iter_mut().for_each(|seen: &mut Seen| seen.has_gaps = has_gaps);
    seen
}

/// The hour in which a tally counts; of a case its own says it.
fn hour_of(payload: &Value, fact: &Fact, stream: &Stream) -> i64 {
    match fact {
        Fact::Case { case, .. } => stream.cases[*case].hour,
        Fact::Tally { .. } | Fact::Other => {
            let time: jiff::Timestamp = payload["time"].as_str().unwrap().parse().unwrap();
            (time.as_millisecond() - START_MS).div_euclid(super::stream::HOUR_MS)
        }
    }
}

fn look(monitor: &mut Monitor, truth: impl Fn((i64, &[String])) -> Table) -> Option<Seen> {
    let (mut messages, mut published) = (Vec::new(), None);
    while let Some(output) = monitor.poll_output() {
        match output {
            Output::Alerts(told) => {
                let of = |alert| Message::of(alert, &told.entries.provenance, "http://localhost");
                let documents = told.published.iter().filter_map(of).map(|message| message.document);
                messages.extend(documents.map(|document| serde_json::from_str::<Value>(&document).unwrap()));
            }
            Output::Published(shown) => published = Some(shown),
        }
    }
    let published = published?;
    let document: Value = serde_json::from_str(&published.to_json()).unwrap();
    // Between two releases numbers are those of the last one.
    if document["released_at"].as_str().is_some_and(|released| document["as_of"] != released) {
        return None;
    }
    let as_of: jiff::Timestamp = document["as_of"].as_str()?.parse().ok()?;
    let as_of_ms = as_of.as_millisecond();
    let of_periods = published.periods().filter(|told| told.as_of.0 == as_of_ms).map(|told| since_beginnings(told));
    let of_periods = of_periods.unwrap_or_default();
    let windows: BTreeSet<String> =
        of_periods.iter().flatten().filter_map(|row| row["window"].as_str()).map(str::to_owned).collect();
    let windows: Vec<String> = windows.into_iter().collect();
    let mut view = View::of(monitor);
    view.published = Arc::clone(&published);
    let view = Arc::new(view);
    let request = page::Request::of(None, None);
    Some(Seen {
        as_of_ms,
        metrics: metrics::render(&view, SERIES_LIMIT),
        page: page::render(&published, &view.vitals(), &request, EventTime(as_of_ms)),
        table: published.to_table(TABLE_WIDTH, false),
        health: health_json(&view.vitals(), published.config_hash()),
        messages,
        truth: truth((as_of_ms, &windows)),
        of_periods,
        has_gaps: false,
        document,
    })
}

/// What is told of periods: those to date, and those that are over. One that is over is told as the window since its beginning without the one since its
/// end: whoever adds up both has the former, too.
fn since_beginnings(told: &PublishedPeriods) -> [Vec<Value>; 2] {
    [json_of(&told.funnel), json_of(&told.findings)].map(|rows| {
        let is_over = |of: &PublishedPeriod| of.counted_to == of.period.end();
        let (over, to_date): (Vec<_>, Vec<_>) = told.periods.iter().partition(|of| is_over(of));
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        for of in to_date {
            for row in rows.iter().filter(|row| row["window"] == of.period.label.as_str()) {
                let (name, row) = named(row, &format!("{SINCE}{}", of.period.start().0));
                known.insert(name, row);
            }
        }
        // Of each kind the latest period comes first.
        for of in over {
            let [from, to] = [of.period.start(), of.period.end()].map(|time| time.0);
            for row in rows.iter().filter(|row| row["window"] == of.period.label.as_str()) {
                let since = |begins: i64| [SINCE, ALL_SINCE].map(|prefix| named(row, &format!("{prefix}{begins}")));
                let after = since(to).into_iter().find_map(|(name, _)| known.get(&name)).cloned();
                let [(name, _), (whole_name, mut whole)] = since(from);
                for counts in ["stages", "group_counts", "reference_counts"] {
                    whole[counts] = both(&row[counts], after.as_ref().map(|after| &after[counts]));
                }
                // They are of counts that are told.
                (whole["steps"], whole["control_frequency"]) = (Value::Null, Value::Null);
                let (of_period, row) = named(row, &format!("{BETWEEN}{from} {to}"));
                known.insert(of_period, row);
                if !known.contains_key(&name) {
                    known.insert(whole_name, whole);
                }
            }
        }
        known.into_values().collect()
    })
}

/// A row under another window, and its name.
fn named(row: &Value, window: &str) -> (String, Value) {
    let mut row = row.clone();
    row["window"] = window.into();
    let words = ["rule", "profile", "channel", "dimension", "group", "subject", "window"];
    (words.map(|word| row[word].as_str().unwrap_or_default().to_owned()).join(" "), row)
}

fn json_of(rows: &[impl serde::Serialize]) -> Vec<Value> {
    rows.iter().map(|row| serde_json::to_value(row).unwrap()).collect()
}

/// Counts by their names, added up where both are told.
fn both(one: &Value, other: Option<&Value>) -> Value {
    let Some(one) = one.as_object() else { return Value::Null };
    let sum = |(name, count): (&String, &Value)| {
        let sum = count.as_u64().zip(other.and_then(|other| other[name.as_str()].as_u64())).map(|(one, two)| one + two);
        (name.clone(), Value::from(sum))
    };
    Value::Object(one.iter().map(sum).collect())
}

impl Seen {
    /// The rows of the funnel, also those of periods.
    pub fn funnel(&self) -> impl Iterator<Item = &Value> {
        let [funnel, _] = &self.of_periods;
        self.document["funnel"].as_array().into_iter().flatten().chain(funnel)
    }

    /// The findings, also those about periods.
    pub fn findings(&self) -> impl Iterator<Item = &Value> {
        let [_, findings] = &self.of_periods;
        self.document["findings"].as_array().into_iter().flatten().chain(findings)
    }
}
