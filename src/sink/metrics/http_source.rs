//! The HTTP source of events: requests, events, and how long it takes until they are stored.

use super::labels::count;
use super::metric::Metric;

/// The metrics of the HTTP source. There are none where there is no such source.
pub(super) const METRICS: [Metric; 6] = [
    Metric::counters(
        "http_source_requests_total",
        "Requests to the HTTP source that were let in, by the status of the answer.",
        &["code"],
        |scrape, samples| {
            for (code, requests) in scrape.view.http_source.iter().flat_map(|source| source.requests()) {
                samples.push([code.to_string().as_str()], count(requests));
            }
        },
    ),
    Metric::counters(
        "http_source_events_total",
        "Events sent to the HTTP source, by what became of them: stored, refused with their batch, or not confirmed by Kafka.",
        &["result"],
        |scrape, samples| {
            for (what, events) in scrape.view.http_source.iter().flat_map(|source| source.events()) {
                samples.push([what.name()], count(events));
            }
        },
    ),
    Metric::counter(
        "http_source_stored_requests_total",
        "Requests to the HTTP source of which all events were stored.",
        |view| view.http_source.as_ref().map(|source| count(source.durations().0)),
    ),
    Metric::counter(
        "http_source_stored_seconds_total",
        "Seconds that those requests waited for Kafka, together.",
        |view| view.http_source.as_ref().map(|source| count(source.durations().1) / 1e6),
    ),
    Metric::counters(
        "http_source_requests_refused_total",
        "Requests to the HTTP source that were refused before they were looked at, by reason.",
        &["reason"],
        |scrape, samples| {
            for (reason, refused) in scrape.view.http_source.iter().flat_map(|source| source.connections.refusals()) {
                samples.push([reason], count(refused));
            }
        },
    ),
    Metric::counters(
        "http_source_connections_dropped_total",
        "Connections that the HTTP source closed before their end, by reason.",
        &["reason"],
        |scrape, samples| {
            for (reason, dropped) in scrape.view.http_source.iter().flat_map(|source| source.connections.dropped()) {
                samples.push([reason], count(dropped));
            }
        },
    ),
];
