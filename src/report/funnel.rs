//! Cases by stage.

use std::collections::BTreeMap;

use crate::checkpoint::Step;
use crate::disclosure::{KeptFunnel, KeptFunnelKey};
use crate::plan::EventTime;

use super::model::FunnelReport;
use super::windows::{Moment, Windows};

/// Every row of the funnel that the period has, by key without its window.
#[derive(Debug)]
pub(super) struct Funnel {
    period: String,
    rows: Vec<(KeptFunnelKey, Windows<KeptFunnel>)>,
    places: BTreeMap<KeptFunnelKey, usize>,
}

impl Funnel {
    pub const fn new(period: String) -> Self {
        Self { period, rows: Vec::new(), places: BTreeMap::new() }
    }

    /// Takes what an entry of the period says.
    pub fn take(&mut self, step: &Step<'_>, moment: Moment) {
        for (key, row) in &step.funnel {
            self.take_row(key, row, moment);
        }
    }

    /// Takes rows of the period itself that come after its end. Returns whether any says something new.
    pub fn take_after(&mut self, step: &Step<'_>, moment: Moment) -> bool {
        let period = self.period.clone();
        let own = step.funnel.iter().filter(|(key, _)| key.window == period);
        own.fold(false, |is_new, (key, row)| self.take_row(key, row, moment) || is_new)
    }

    /// Returns the rows by channel, dimension and group, each with when it was last told.
    pub fn finish(self) -> Vec<(EventTime, FunnelReport)> {
        let mut rows: Vec<(EventTime, FunnelReport)> = Vec::new();
        for (key, windows) in self.rows {
            let seen = windows.seen().as_of;
            if let Some((row, basis)) = windows.best(&self.period) {
                rows.push((
                    seen,
                    FunnelReport { key: KeptFunnelKey { window: basis.window.clone(), ..key }, row, basis },
                ));
            }
        }
        rows.sort_by(|(_, one), (_, other)| one.key.cmp(&other.key));
        rows
    }

    fn take_row(&mut self, key: &KeptFunnelKey, row: &KeptFunnel, moment: Moment) -> bool {
        let place = self.place(key);
        self.rows.get_mut(place).is_some_and(|(_, windows)| windows.take(&key.window, row, moment))
    }

    fn place(&mut self, key: &KeptFunnelKey) -> usize {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let general = KeptFunnelKey { window: String::new(), ..key.clone() };
        let place = *self.places.entry(general.clone()).or_insert_with(|| {
            self.rows.push((general, Windows::default()));
            self.rows.len() - 1
        });
        self.places.insert(key.clone(), place);
        place
    }
}
