//! The HTTP server: connections, what was refused, the web configuration and its certificate.

use super::labels::{count, flag};
use super::metric::Metric;

/// The metrics of the HTTP server.
pub(super) const METRICS: [Metric; 7] = [
    Metric::gauge("http_connections", "Open connections to this server.", |view| {
        u32::try_from(view.http.connections()).ok().map(f64::from)
    }),
    Metric::gauge("http_connections_limit", "Most connections to this server at a time.", |view| {
        u32::try_from(view.http.limit()).ok().filter(|limit| *limit > 0).map(f64::from)
    }),
    Metric::counters(
        "http_connections_dropped_total",
        "Connections that were closed by this server before their end, by reason.",
        &["reason"],
        |scrape, samples| {
            for (reason, dropped) in scrape.view.http.dropped() {
                samples.push([reason], count(dropped));
            }
        },
    ),
    Metric::counters(
        "http_requests_refused_total",
        "Requests that were refused before they were looked at, by reason.",
        &["reason"],
        |scrape, samples| {
            for (reason, refused) in scrape.view.http.refusals() {
                samples.push([reason], count(refused));
            }
        },
    ),
    Metric::counters(
        "web_config_reloads_total",
        "Changes of the web configuration's files by what became of them.",
        &["result"],
        |scrape, samples| {
            let (accepted, refused) = scrape.view.http.reloads();
            samples.push(["accepted"], count(accepted));
            samples.push(["refused"], count(refused));
        },
    ),
    Metric::gauge(
        "web_config_last_reload_successful",
        "0 where the web configuration's files are not those in force.",
        |view| Some(flag(!view.http.file_refused())),
    ),
    Metric::gauge("web_certificate_end_timestamp_seconds", "When this server's certificate ends.", |view| {
        view.http.certificate_end().and_then(|seconds| u32::try_from(seconds).ok()).map(f64::from)
    }),
];
