//! The history of what was published.

use super::labels::{count, flag, seconds};
use super::metric::Metric;

/// The metrics of the history.
pub(super) const METRICS: [Metric; 10] = [
    Metric::gauge("history_bytes", "Bytes of the history on disk.", |view| Some(count(view.history.bytes))),
    Metric::gauge("history_releases", "Releases that the history keeps.", |view| Some(count(view.history.releases))),
    Metric::gauge(
        "history_oldest_timestamp_seconds",
        "Event time at which the oldest day of the history begins.",
        |view| view.history.oldest.map(seconds),
    ),
    Metric::gauge(
        "history_newest_timestamp_seconds",
        "Event time at which the windows of the last entry of the history end.",
        |view| view.history.newest.map(seconds),
    ),
    Metric::counters(
        "history_entries_total",
        "What became of what the history was to take: written, failed, dropped because the queue was full, or earlier than its last entry, as after a \
         restart.",
        &["result"],
        |scrape, samples| {
            let history = &scrape.view.history;
            samples.push(["written"], count(history.written));
            samples.push(["failed"], count(history.failed));
            samples.push(["dropped"], count(history.dropped));
            samples.push(["earlier"], count(history.earlier));
        },
    ),
    Metric::counter(
        "history_removed_dates_total",
        "Days that were removed from the history because of history.max_bytes.",
        |view| Some(count(view.history.removed)),
    ),
    Metric::counter(
        "history_expired_dates_total",
        "Days that were removed from the history because of history.keep.",
        |view| Some(count(view.history.expired)),
    ),
    Metric::gauge(
        "history_damaged_files",
        "Files of the history that are damaged, and were left as they are.",
        |view| Some(count(view.history.damaged)),
    ),
    Metric::gauge("history_dates", "Days that the history has.", |view| Some(count(view.history.days))),
    Metric::gauge(
        "history_trouble",
        "1 while something is wrong with the history; /api/v1/health says what.",
        |view| Some(flag(view.history.trouble.is_some())),
    ),
];
