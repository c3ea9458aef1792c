//! The audit log.

use super::labels::{count, flag};
use super::metric::Metric;

/// The metrics of the audit log.
pub(super) const METRICS: [Metric; 9] = [
    Metric::gauge("audit_entries", "Entries of the audit log.", |view| Some(count(view.audit.entries))),
    Metric::gauge("audit_signed_entries", "Those that its checkpoint on disk signs.", |view| {
        Some(count(view.audit.signed))
    }),
    Metric::gauge("audit_waiting_entries", "What waits to be written to the audit log.", |view| {
        Some(count(view.audit.waiting))
    }),
    Metric::counter(
        "audit_lost_entries_total",
        "What was not entered, because too much waited for the disk.",
        |view| Some(count(view.audit.lost)),
    ),
    Metric::counter("audit_write_failures_total", "How often the disk refused to take the audit log.", |view| {
        Some(count(view.audit.failures))
    }),
    Metric::gauge(
        "audit_log_unwritable",
        "1 where the audit log cannot be written: the disk refused the last attempt or hangs, or there is no key.",
        |view| Some(flag(view.audit.problem.is_some())),
    ),
    Metric::gauge(
        "audit_log_damaged",
        "1 where an audit log in the state folder is not as it was written, or was gone at the start.",
        |view| Some(flag(view.audit.is_damaged())),
    ),
    Metric::gauge("audit_unreadable_notes", "Files among the notes of reports that cannot be read as one.", |view| {
        Some(count(view.audit.notes_unreadable))
    }),
    Metric::counters(
        "audit_checkpoints_shown_total",
        "Checkpoints of the audit log that were sent to the alert topic, by what became of them.",
        &["result"],
        |scrape, samples| {
            let audit = &scrape.view.audit;
            if let Some(witnessed) = audit.witnessed {
                samples.push(["delivered"], count(witnessed));
                samples.push(["failed"], count(audit.unwitnessed));
            }
        },
    ),
];
