//! The dashboards against a real Prometheus that scrapes the real daemon on real Kafka: every query of every panel and every
//! variable has a result, with the labels that the panel names. Run by `tests/run`; what needs no daemon is in
//! `tests/dashboards/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::dashboards_support;
use crate::support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dashboards_support::grafana::{Dashboard, Query, Values, interpolate};
use dashboards_support::prometheus::{Prometheus, seconds_now};
use dashboards_support::scenario::{self, FIRST, Setup};
use paritywatch::statistics::{Confidence, Interval, Proportion, wilson};
use serde_json::Value;
use support::kafka::Broker;
use support::process::Daemon;
use support::setup::{binary, read};

/// For an unoptimised build on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);
const DAY_SECONDS: u64 = 86_400;

#[test]
#[ignore = "needs Apache Kafka and Prometheus: run tests/run"]
fn every_query_of_every_panel_has_a_result() {
    let broker = Broker::start();
    let setup = Setup::new(&broker);
    scenario::begin(&broker);
    let mut daemon = Daemon::start(binary(), &["run", "--config", setup.config.to_str().unwrap()], &[]);
    let metrics = format!("http://{}/metrics", setup.listen);
    let judged = |page: &str| page.contains("paritywatch_ready 1") && page.contains("paritywatch_verdict{");
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let past = daemon
        .wait_for_http(&metrics, |page| judged(&page.text()) && read(&page.text()) > FIRST as f64 / 2.0, LIMIT)
        .text();

    // A day and a week ago it was as it is now; what comes makes verdicts differ from then.
    let moments = [7, 1].map(|days| seconds_now() - days * DAY_SECONDS);
    let prometheus = Prometheus::start(&setup.listen, &past, &moments);
    let records = scenario::go_on(&broker);
    // Several scrapes ago already, so that rates have what they are made of.
    prometheus
        .wait_for(&format!("count_over_time((sum(paritywatch_events_total) > {records} - 100)[10s:1s]) >= 5"), LIMIT);
    prometheus.wait_for("sum(paritywatch_consumer_lag) == 0 and on () paritywatch_dead_letters_pending == 0", LIMIT);
    prometheus.wait_for("paritywatch_alert_firing == 1", LIMIT);
    prometheus.wait_for("paritywatch_alert_pending == 1", LIMIT);

    let dashboards = Dashboard::all();
    assert!(dashboards.len() >= 3, "the dashboards were not found");
    let problems: Vec<String> = dashboards.iter().flat_map(|dashboard| problems(dashboard, &prometheus)).collect();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    for dashboard in dashboards.iter().filter(|dashboard| dashboard.name == "profile.json") {
        check_limits_of_rates(dashboard, &prometheus);
    }
    assert!(daemon.terminate().success());
}

/// The dashboard makes the intervals of rates out of counts; they must be the program's own.
fn check_limits_of_rates(dashboard: &Dashboard, prometheus: &Prometheus) {
    /// The dashboard's quantile has two decimals.
    const TOLERANCE: f64 = 1e-5;
    let queries = dashboard.queries();
    let limits = queries.iter().filter(|query| query.panel == "Rate of the group and of its reference");
    let mut compared = 0;
    for (query, (side, limit)) in limits.filter_map(|query| Some((query, query.legend.split_once(", ")?))) {
        let selections = dashboard.selections(prometheus);
        for values in selections.iter().flat_map(|values| repeated(dashboard, query, values, prometheus)) {
            let Some(interval) = interval(side, &values, prometheus) else { continue };
            let expected = if limit == "lower" { interval.lower } else { interval.upper };
            let drawn = number(&query.expr, &values, prometheus).unwrap();
            assert!((drawn - expected).abs() < TOLERANCE, "{side}, {limit}: {drawn}, not {expected}, with {values:?}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared} limits");
}

/// The interval of a side's rate from its counts, unless these are withheld.
fn interval(side: &str, values: &Values, prometheus: &Prometheus) -> Option<Interval> {
    let labels = r#"profile="$profile", rule="$rule", channel="$channel", dimension="$dimension", window="$window", group="$group""#;
    let count = |name: &str| number(&format!("paritywatch_{side}_{name}{{{labels}}}"), values, prometheus);
    wilson(proportion(count("events")?, count("exposed")?), Confidence::new(0.95).unwrap())
}

/// The number of an expression's only series.
fn number(expr: &str, values: &Values, prometheus: &Prometheus) -> Option<f64> {
    let series = prometheus.query(&interpolate(expr, values)).unwrap();
    Some(series.first()?["value"][1].as_str().unwrap().parse().unwrap())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
fn proportion(events: f64, exposed: f64) -> Proportion {
    Proportion::new(events as u64, exposed as u64).unwrap()
}

/// Queries without a result under any choice of a viewer; and those that fail, or lack a label, or give no number, under one of them.
fn problems(dashboard: &Dashboard, prometheus: &Prometheus) -> Vec<String> {
    let selections = dashboard.selections(prometheus);
    let queries = dashboard.queries();
    assert!(queries.len() > 10, "{}: {} queries", dashboard.name, queries.len());
    let announced = announced();
    let mut problems = BTreeSet::new();
    for query in queries {
        // What is not there yet can have no result, but must be an expression.
        let mut some = announced.iter().any(|metric| query.expr.contains(metric.as_str()));
        for values in selections.iter().flat_map(|values| repeated(dashboard, &query, values, prometheus)) {
            let expr = interpolate(&query.expr, &values);
            match if query.instant { prometheus.query(&expr) } else { prometheus.query_range(&expr) } {
                Err(error) => {
                    problems.insert(format!("{}: {}: {expr}: {error}", dashboard.name, query.panel));
                }
                Ok(series) => {
                    some |= !series.is_empty();
                    problems.extend(series.iter().filter_map(|series| {
                        Some(format!("{}: {}: {expr}: {}", dashboard.name, query.panel, wrong(&query, series)?))
                    }));
                }
            }
        }
        if !some {
            problems.insert(format!("{}: {}: no result: {}", dashboard.name, query.panel, query.expr));
        }
    }
    problems.into_iter().collect()
}

/// The values for each repetition of a panel.
fn repeated(dashboard: &Dashboard, query: &Query, values: &Values, prometheus: &Prometheus) -> Vec<Values> {
    let Some(name) = &query.repeat else { return vec![values.clone()] };
    let options = dashboard.options_of(name, values, prometheus);
    options.into_iter().map(|option| values.clone().into_iter().chain([(name.clone(), option)]).collect()).collect()
}

/// What is wrong with a series, if anything.
fn wrong(query: &Query, series: &Value) -> Option<String> {
    let labels = series["metric"].as_object().unwrap();
    if let Some(missing) = query.labels.iter().find(|label| !labels.contains_key(*label)) {
        return Some(format!("no label {missing} in {}", series["metric"]));
    }
    let samples = series["values"].as_array().cloned().unwrap_or_else(|| vec![series["value"].clone()]);
    let numbers = samples.iter().map(|sample| sample[1].as_str().unwrap());
    let odd = numbers.into_iter().find(|number| !number.parse::<f64>().unwrap().is_finite());
    odd.map(|number| format!("{number} in {}", series["metric"]))
}

/// Metrics that are announced and not there yet. The lint in tests/dashboards/ holds that the list has no others.
fn announced() -> Vec<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dashboards/announced.json");
    let document: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    document["metrics"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}
