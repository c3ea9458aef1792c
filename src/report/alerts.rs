//! Alerts that were open in the period, and what has happened to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::disclosure::{KeptEntry, KeptTransition};
use crate::plan::EventTime;

use super::model::AlertReport;

/// Transitions of one alert that are told, at most. More are counted.
const MAX_TRANSITIONS: usize = 1_000;

/// The alerts of a period, by their ids.
#[derive(Debug, Default)]
pub(super) struct Alerts(BTreeMap<String, AlertReport>);

impl Alerts {
    /// Takes note of what happened before the period.
    pub fn note_before(&mut self, entry: &KeptEntry) {
        for row in entry.open.iter().chain(&entry.transitions) {
            if row.ends() {
                self.0.remove(&row.alert);
            } else if row.opens() {
                self.open(row, true);
            }
        }
    }

    /// Takes what an entry of the period tells. `has_begun`: it is not the first one.
    pub fn take(&mut self, entry: &KeptEntry, has_begun: bool, start: EventTime) {
        if entry.is_full {
            self.recall(entry, has_begun, start);
        }
        for row in &entry.transitions {
            if !self.0.contains_key(&row.alert) {
                self.open(row, false);
            }
            if let Some(alert) = self.0.get_mut(&row.alert) {
                note(alert, row);
            }
        }
    }

    /// Returns them, oldest first.
    pub fn finish(self) -> Vec<AlertReport> {
        let mut alerts: Vec<AlertReport> = self.0.into_values().collect();
        let began = |alert: &AlertReport| alert.transitions.first().map(|row| row.at);
        // One from before the period comes before all others: of its beginning the history may say nothing.
        alerts.sort_by(|one, other| {
            let of = |alert: &AlertReport| (!alert.began_before, began(alert), alert.id.clone());
            of(one).cmp(&of(other))
        });
        alerts
    }

    /// A full entry says which alerts had not ended before it. So what a file tells that cannot be read is known but for its time.
    fn recall(&mut self, entry: &KeptEntry, has_begun: bool, start: EventTime) {
        let open: BTreeSet<&str> = entry.open.iter().map(|row| row.alert.as_str()).collect();
        self.0.values_mut().filter(|alert| !open.contains(alert.id.as_str())).for_each(|alert| alert.is_open = false);
        if !has_begun {
            self.0.retain(|_, alert| alert.is_open);
        }
        for row in &entry.open {
            if !self.0.contains_key(&row.alert) {
                self.open(row, !has_begun || row.at <= start);
            }
        }
    }

    fn open(&mut self, row: &KeptTransition, began_before: bool) {
        let alert = AlertReport {
            id: row.alert.clone(),
            key: row.key.clone(),
            severity: row.severity.clone(),
            owner: row.owner.clone(),
            action: row.action.clone(),
            began_before,
            is_open: true,
            transitions: Vec::new(),
            left_out: 0,
        };
        self.0.insert(row.alert.clone(), alert);
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
