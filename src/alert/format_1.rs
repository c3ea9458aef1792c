//! Alerts as checkpoints of format 1 have them: without the number of their transitions.

use serde::Deserialize;

use super::{Alert, AlertBook, AlertId, AlertState, Identity, Severity};
use crate::judge::Finding;
use crate::plan::EventTime;

/// The book of format 1.
#[derive(Deserialize)]
pub struct BookOfFormat1 {
    alerts: Vec<AlertOfFormat1>,
    dropped: u64,
}

/// An alert of format 1.
#[derive(Deserialize)]
pub struct AlertOfFormat1 {
    id: AlertId,
    identity: Identity,
    severity: Severity,
    state: AlertState,
    active_at: EventTime,
    fired_at: Option<EventTime>,
    resolved_at: Option<EventTime>,
    evidence: Finding,
    critical_since: Option<EventTime>,
    critical_seen: Option<EventTime>,
    clear_since: Option<EventTime>,
}

impl From<BookOfFormat1> for AlertBook {
    fn from(book: BookOfFormat1) -> Self {
        Self { alerts: book.alerts.into_iter().map(Alert::from).collect(), dropped: book.dropped }
    }
}

impl From<AlertOfFormat1> for Alert {
    /// Nothing was told of it by number; a change of severity is not known any more.
    fn from(alert: AlertOfFormat1) -> Self {
        let transitions = match alert.state {
            AlertState::Pending | AlertState::Inactive => 0,
            AlertState::Firing => 1,
            AlertState::Resolved => 2,
        };
        Self {
            id: alert.id,
            identity: alert.identity,
            severity: alert.severity,
            state: alert.state,
            active_at: alert.active_at,
            fired_at: alert.fired_at,
            resolved_at: alert.resolved_at,
            transitions,
            change: None,
            evidence: alert.evidence,
            critical_since: alert.critical_since,
            critical_seen: alert.critical_seen,
            clear_since: alert.clear_since,
        }
    }
}
