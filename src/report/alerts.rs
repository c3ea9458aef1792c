//! Alerts that were open in the period, and what has happened to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::disclosure::{KeptEntry, KeptTransition};
use crate::plan::EventTime;

use super::model::AlertReport;

/// Transitions of one alert that are told, at most. More are counted.
const MAX_TRANSITIONS: usize = 1_000;

/// The alerts of a period, by their ids.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    alerts: BTreeMap<String, AlertReport>,
    /// Whether an entry of the period has said which alerts are open.
    is_recalled: bool,
    /// Measures about profiles as a whole.
    measures: Vec<KeptTransition>,
}

impl Alerts {
    /// Takes note of what happened before the period.
    pub fn note_before(&mut self, entry: &KeptEntry) {
        for row in entry.open.iter().chain(&entry.transitions) {
            if row.ends() {
                self.alerts.remove(&row.alert);
            } else if row.opens() {
                self.know(row, true);
            }
        }
    }

    /// Takes what an entry of the period tells.
    pub fn take(&mut self, entry: &KeptEntry, start: EventTime) {
        if entry.is_full {
            self.recall(entry, start);
        }
        for row in &entry.transitions {
            if row.is_of_profile() {
                self.measures.push(row.clone());
                continue;
            }
            // A measure that names an alert which had ended before does not bring it back.
            if !self.alerts.contains_key(&row.alert) && (row.opens() || row.ends()) {
                // One whose beginning nothing tells began before.
                let is_begun = matches!(row.transition.as_str(), "pending" | "firing");
                self.know(row, !is_begun || row.at <= start);
            }
            if let Some(alert) = self.alerts.get_mut(&row.alert) {
                note(alert, row);
            }
        }
    }

    /// Returns them, oldest first, and the measures about profiles as a whole. `start` is the beginning of the period: the first entry of a history
    /// tells of alerts that had ended before it, too.
    pub fn finish(self, start: EventTime) -> (Vec<AlertReport>, Vec<KeptTransition>) {
        let has_ended_before = |alert: &AlertReport| {
            let last = alert.transitions.iter().rfind(|row| row.opens() || row.ends());
            !alert.is_open && last.is_some_and(|row| row.ends() && row.at <= start)
        };
        let mut alerts: Vec<AlertReport> = self.alerts.into_values().filter(|alert| !has_ended_before(alert)).collect();
        let began = |alert: &AlertReport| alert.transitions.first().map(|row| row.at);
        // One from before the period comes before all others: of its beginning the history may say nothing.
        alerts.sort_by(|one, other| {
            let of = |alert: &AlertReport| (!alert.began_before, began(alert), alert.id.clone());
            of(one).cmp(&of(other))
        });
        let mut measures = self.measures;
        measures.sort_by_key(|row| row.at);
        (alerts, measures)
    }

    /// A full entry says which alerts had not ended before it. So what a file tells that cannot be read is known but for its time.
    fn recall(&mut self, entry: &KeptEntry, start: EventTime) {
        let is_first = !std::mem::replace(&mut self.is_recalled, true);
        let open: BTreeSet<&str> = entry.open.iter().map(|row| row.alert.as_str()).collect();
        self.alerts
            .values_mut()
            .filter(|alert| !open.contains(alert.id.as_str()))
            .for_each(|alert| alert.is_open = false);
        if is_first {
            self.alerts.retain(|_, alert| alert.is_open || !alert.transitions.is_empty());
        }
        for row in &entry.open {
            if !self.alerts.contains_key(&row.alert) {
                self.know(row, is_first || row.at <= start);
            }
        }
    }

    fn know(&mut self, row: &KeptTransition, began_before: bool) {
        let alert = AlertReport {
            id: row.alert.clone(),
            key: row.key.clone(),
            severity: row.severity.clone(),
            owner: row.owner.clone(),
            action: row.action.clone(),
            began_before,
            is_open: row.opens(),
            transitions: Vec::new(),
            left_out: 0,
        };
        self.alerts.insert(row.alert.clone(), alert);
    }
}

fn note(alert: &mut AlertReport, row: &KeptTransition) {
    alert.severity.clone_from(&row.severity);
    alert.owner.clone_from(&row.owner);
    alert.action.clone_from(&row.action);
    alert.key.clone_from(&row.key);
    if row.opens() || row.ends() {
        alert.is_open = row.opens();
    }
    if alert.transitions.len() < MAX_TRANSITIONS {
        alert.transitions.push(row.clone());
    } else {
        alert.left_out += 1;
    }
}
