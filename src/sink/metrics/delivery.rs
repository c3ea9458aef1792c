//! The delivery of alerts, by receiver.

use std::time::Duration;

use super::labels::{count, seconds};
use super::metric::{Metric, Samples};
use super::scrape::Scrape;
use crate::outbox::ReceiverHealth;
use crate::plan::EventTime;

/// The metrics of delivery.
pub(super) const METRICS: [Metric; 6] = [
    Metric::gauges(
        "delivery_pending",
        "Messages about alerts that wait for a receiver.",
        &["receiver"],
        |scrape, samples| each(scrape, samples, |receiver, _| Some(count(receiver.pending))),
    ),
    Metric::gauges(
        "delivery_oldest_pending_seconds",
        "Since what the oldest of them tells happened; 0 where none waits.",
        &["receiver"],
        |scrape, samples| {
            each(scrape, samples, |receiver, now| {
                // A wall clock that was set back gives no negative age.
                Some(receiver.oldest.map_or(0.0, |oldest| (seconds(now) - seconds(oldest)).max(0.0)))
            });
        },
    ),
    Metric::gauges(
        "delivery_resend_overdue_seconds",
        "For how long a receiver should have been told again what fires and was not; 0 where that is on time, or nothing fires.",
        &["receiver"],
        |scrape, samples| {
            each(scrape, samples, |receiver, _| {
                let overdue = receiver.overdue?.0.unsigned_abs();
                Some(Duration::from_millis(overdue).as_secs_f64())
            });
        },
    ),
    Metric::counters(
        "deliveries_total",
        "Requests to a receiver (records, for kafka) by what became of them.",
        &["receiver", "result"],
        |scrape, samples| {
            for receiver in &scrape.view.delivery.receivers {
                samples.push([receiver.name.as_str(), "delivered"], count(receiver.delivered));
                samples.push([receiver.name.as_str(), "failed"], count(receiver.failed));
            }
        },
    ),
    Metric::counters(
        "delivery_dropped_total",
        "Messages about alerts that a receiver will never get, because more than limits.outbox_messages waited for it.",
        &["receiver"],
        |scrape, samples| each(scrape, samples, |receiver, _| Some(count(receiver.dropped))),
    ),
    Metric::counter(
        "outbox_undurable_total",
        "Messages about alerts, or positions of receivers, that the disk did not take at once.",
        |view| Some(count(view.delivery.undurable)),
    ),
];

fn each(scrape: &Scrape, samples: &mut Samples, value: fn(&ReceiverHealth, EventTime) -> Option<f64>) {
    for receiver in &scrape.view.delivery.receivers {
        samples.extend([receiver.name.as_str()], value(receiver, scrape.now));
    }
}
