//! The operation of the daemon: checkpoints, clock, configuration, build.

use super::labels::{count, flag, seconds};
use super::metric::Metric;
use crate::plan::invariant;

/// The metrics of operation.
pub(super) const METRICS: [Metric; 16] = [
    Metric::gauge("checkpoint_age_seconds", "Since the state was last brought to the disk.", |view| {
        Some(view.checkpoint.last.elapsed().as_secs_f64())
    }),
    Metric::gauge("checkpoint_bytes", "Size of the last checkpoint.", |view| Some(count(view.checkpoint.bytes))),
    Metric::gauge("checkpoint_duration_seconds", "How long the last checkpoint took, in the background.", |view| {
        Some(view.checkpoint.took.as_secs_f64())
    }),
    Metric::gauge("checkpoint_stall_seconds", "How long the stream stood still for the last checkpoint.", |view| {
        Some(view.checkpoint.stall.as_secs_f64())
    }),
    Metric::counters("checkpoints_total", "Checkpoints by what became of them.", &["result"], |scrape, samples| {
        samples.push(["written"], count(scrape.view.checkpoint.written));
        samples.push(["failed"], count(scrape.view.checkpoint.failed));
    }),
    Metric::counter(
        "undurable_transitions_total",
        "Alert transitions that were told although the disk did not take them.",
        |view| Some(count(view.checkpoint.unwritten_transitions)),
    ),
    Metric::counter("clock_steps_total", "How often the wall clock was set.", |view| {
        Some(count(view.operation.clock_steps))
    }),
    Metric::counter("accepted_gaps_total", "Data gaps that were accepted, over the life of the state.", |view| {
        Some(count(view.operation.accepted_gaps))
    }),
    Metric::counters("config_reloads_total", "Reloads of the configuration.", &["result"], |scrape, samples| {
        samples.push(["accepted"], count(scrape.view.operation.reloads));
        samples.push(["refused"], count(scrape.view.operation.refused_reloads));
    }),
    Metric::gauge(
        "config_last_reload_successful",
        "0 where the last reload was refused: what is in force is not what is in the file.",
        |view| Some(flag(!view.operation.refused)),
    ),
    Metric::gauge(
        "pseudonym_keys",
        "Pseudonym keys that exist: 2 from a rotation until nothing is known by the previous one.",
        |view| Some(if view.operation.previous_key_exists { 2.0 } else { 1.0 }),
    ),
    Metric::gauge(
        "pseudonym_key_age_seconds",
        "Since the present pseudonym key was put there, as its file tells.",
        |view| Some(view.operation.key_since?.elapsed().unwrap_or_default().as_secs_f64()),
    ),
    Metric::gauge(
        "pseudonym_previous_key_until_timestamp_seconds",
        "The event time up to which something may be known by the previous pseudonym key. It grows while its cases get events.",
        |view| view.health.previous_key_until.map(seconds),
    ),
    Metric::counters(
        "invariant_violations_total",
        "Invariants of the program that did not hold, by room: a count may be wrong. Anything but 0 is a defect of the program.",
        &["place"],
        |_, samples| {
            for violations in invariant::violations() {
                samples.push([violations.place], count(violations.count));
            }
        },
    ),
    Metric::gauges("build_info", "1; the version is a label.", &["version"], |_, samples| {
        samples.push([env!("CARGO_PKG_VERSION")], 1.0);
    }),
    Metric::gauges("config_info", "1; the configuration's hash is a label.", &["hash"], |scrape, samples| {
        samples.push([scrape.view.published.config_hash()], 1.0);
    }),
];
