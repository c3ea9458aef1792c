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

    /// Takes what the last release of a day says.
    pub fn take(&mut self, step: &Step<'_>, moment: Moment) {
        for (key, row) in step.funnel.iter().filter(|_| step.is_last) {
            self.take_row(key, row, moment);
        }
    }

    /// Takes rows of the period itself that come after its end. Returns whether there are any.
    pub fn take_after(&mut self, step: &Step<'_>, moment: Moment) -> bool {
        let mut has_own = false;
        for (key, row) in step.funnel.iter().filter(|_| step.is_last) {
            if key.window == self.period {
                has_own = true;
                self.take_row(key, row, moment);
            }
        }
        has_own
    }

    /// Returns the rows by channel, dimension and group, each with when it was last told.
    pub fn finish(self, releases: u64) -> Vec<(EventTime, FunnelReport)> {
        let mut rows: Vec<(EventTime, FunnelReport)> = Vec::new();
        for (key, windows) in self.rows {
            let seen = windows.seen().as_of;
            if let Some((row, basis)) = windows.best(&self.period, releases) {
                rows.push((
                    seen,
                    FunnelReport { key: KeptFunnelKey { window: basis.window.clone(), ..key }, row, basis },
                ));
            }
        }
        rows.sort_by(|(_, one), (_, other)| one.key.cmp(&other.key));
        rows
    }

    #[expect(clippy::indexing_slicing, reason = "places are those of rows, which are never removed")]
    fn take_row(&mut self, key: &KeptFunnelKey, row: &KeptFunnel, moment: Moment) {
        let place = self.place(key);
        self.rows[place].1.take(&key.window, row, moment);
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
