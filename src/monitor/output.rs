//! What comes out of the monitor.

use std::sync::Arc;

use super::core::Monitor;
use super::interface::Clock;
use super::snapshot::RestoreError;
use super::transitions::AlertEntries;
use crate::alert::{Alert, ToldSoFar};
use crate::disclosure::{MeasureShelf, Published, PublishedAlert, publish, publish_alert, without_numbers};
use crate::plan::{Names, Provenance};

/// One piece of output.
#[derive(Clone, Debug)]
pub enum Output {
    /// Alerts changed. Make the entries durable, then tell the receivers.
    Alerts(AlertTransitions),
    /// What an evaluation may show.
    Published(Arc<Published>),
}

/// Alerts that one evaluation changed.
#[derive(Clone, Debug)]
pub struct AlertTransitions {
    /// What a journal keeps, so that a restored monitor knows the same alerts: see [`Monitor::recall_alerts`].
    pub entries: AlertEntries,
    /// What receivers may be told, in the same order.
    pub published: Vec<PublishedAlert>,
}

impl Monitor {
    /// Returns the next piece of output; `None` where there is nothing new. Call it until then after [`Self::handle_tick`] and
    /// [`Self::finish`].
    ///
    /// Changes of alerts come before the publication that shows them, because they must be durable before anybody hears of them. With
    /// [`Clock::Event`](super::Clock::Event) only publications come: a replay tells nobody. That of its end, and where
    /// [asked for](Self::publish_days) those of days before it.
    pub fn poll_output(&mut self) -> Option<Output> {
        let alerts = std::mem::take(&mut self.changed_alerts);
        if !alerts.is_empty() {
            let shelf = MeasureShelf::of(&self.measures, &self.plan);
            let published = alerts.iter().filter_map(|alert| publish_alert(&self.plan, alert, &shelf)).collect();
            let provenance = Provenance {
                as_of: Some(self.evaluation.as_of),
                config_hash: self.plan.config_hash.clone(),
                inputs: Vec::new(),
            };
            let entries = AlertEntries { names: Names::of(&self.plan), alerts, provenance };
            return Some(Output::Alerts(AlertTransitions { entries, published }));
        }
        if let Some(day) = self.days.pop_front() {
            return Some(Output::Published(day));
        }
        std::mem::take(&mut self.is_publication_due).then(|| Output::Published(self.published()))
    }

    /// Returns what the last evaluation may show, with the counts of events of this moment.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        let told = (&self.evaluation, &self.releases);
        if self.clock == Clock::Wall || self.plan.disclosure.is_open() {
            let alerts = (self.alerts.alerts(), &*self.measures);
            return Arc::new(publish(&self.plan, told, alerts, self.event_counts()));
        }
        let alerts: Vec<Alert> = self.alerts.alerts().map(|alert| self.in_replay(alert)).collect();
        Arc::new(publish(&self.plan, told, (alerts.iter(), &*self.measures), self.event_counts()))
    }

    /// A replay releases numbers once, at its end: of what an alert rested on before, none are told.
    fn in_replay(&self, alert: &Alert) -> Alert {
        let mut alert = alert.clone();
        if !self.evaluation.findings.contains(&alert.evidence) {
            alert.evidence = without_numbers(&self.plan, &alert.evidence);
        }
        alert
    }

    /// Restores alerts from entries that [`Self::poll_output`] returned after the snapshot was taken. Returns what receivers may be told of them,
    /// in the same order; alerts about what is gone from the plan are left out.
    ///
    /// # Errors
    /// [`RestoreError::OtherDimensions`].
    pub fn recall_alerts(&mut self, entries: AlertEntries) -> Result<Vec<PublishedAlert>, RestoreError> {
        let mapping = entries.names.mapping_to(&Names::of(&self.plan)).map_err(RestoreError::OtherDimensions)?;
        let renamed = entries.alerts.iter().filter_map(|alert| alert.clone().renamed(&mapping));
        let shelf = MeasureShelf::of(&self.measures, &self.plan);
        let published = renamed.filter_map(|alert| publish_alert(&self.plan, &alert, &shelf)).collect();
        self.alerts.recall(entries.alerts, &mapping);
        self.alerts.keep_watched(&self.plan);
        Ok(published)
    }

    /// Brings open alerts up to what receivers were told of them, where the disk has lost it: see
    /// [`AlertBook::keep_as_told`](crate::alert::AlertBook::keep_as_told).
    pub fn keep_alerts_as_told(&mut self, told: impl Fn(&str) -> ToldSoFar) {
        self.alerts.keep_as_told(told);
    }
}
