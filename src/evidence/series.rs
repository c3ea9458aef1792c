//! One group's series of e-processes, with the block that is open in it.

use serde::{Deserialize, Serialize};

use super::comparison::{Against, Sides};
use crate::plan::{DisparityRule, Harm, Measure};
use crate::statistics::{Block, Detector, Pair, Series};

/// The e-processes of one group, and the block that they read next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct GroupSeries {
    pub series: Series,
    pub open: Option<OpenBlock>,
}

/// A block that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenBlock {
    /// The first hour of its first cohort, counted from 1970.
    pub start: i32,
    /// The same for all its cohorts.
    pub reference: Against,
    pub block: Block,
}

/// One cohort as the series of a table read it.
pub(super) struct CohortSides<'c> {
    /// The first hour, counted from 1970.
    pub start: i32,
    pub crude: Sides,
    /// By the name of a stratum's value. A list, as two values can have the same name: a value that is called `other`,
    /// and the one that values beyond the limit share.
    pub strata: Vec<(&'c str, Sides)>,
}

/// What a series says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesEvidence {
    /// ln E against ratio 1, in this epoch.
    pub log_e: f64,
    /// ln E against the critical threshold; `None` for a difference.
    pub log_e_material: Option<f64>,
    /// ln of the Shiryaev-Roberts statistic against ratio 1; `None` before the first block.
    pub log_sr: Option<f64>,
    /// The `log_e` at which the series alarms.
    pub alarm_at: f64,
    /// phi of the last block, by which its evidence was divided; 1 before the first.
    pub dispersion: f64,
    /// Blocks read, over all epochs.
    pub blocks: u64,
    /// Whether the alarm against ratio 1 stands.
    pub alarmed: bool,
    /// Whether the alarm against the critical threshold stands.
    pub material: bool,
    /// Epoch of the alarm against ratio 1: how often it has cleared.
    pub epoch: u32,
    /// Whether the series is on the watch list, which never alarms by itself: it is among those that e-BH picks at the
    /// level of the family, or `log_sr` has reached ln 20,000.
    pub watched: bool,
}

impl GroupSeries {
    /// Returns a series without evidence.
    pub fn new(rule: DisparityRule<'_>) -> Self {
        // For "too low" the two groups change places, and the threshold is inverted.
        let critical = match rule.terms.indicator.harm() {
            Harm::High => rule.terms.critical,
            Harm::Low => 1.0 / rule.terms.critical,
        };
        let material =
            (rule.terms.measure == Measure::Ratio && critical.is_finite() && critical > 0.0).then_some(critical);
        Self { series: Series::new(material), open: None }
    }

    /// Returns the exposed in the open block, both groups together; 0 where none is open.
    pub fn exposed(&self) -> u64 {
        let crude = self.open.as_ref().map(|open| open.block.crude).unwrap_or_default();
        crude.exposed.saturating_add(crude.reference_exposed)
    }

    /// Adds a cohort to the open block. The first cohort with any case of the two groups opens a block, and `chosen` is
    /// then its reference.
    pub fn add(&mut self, group: usize, rule: DisparityRule<'_>, chosen: Against, cohort: &CohortSides<'_>) {
        let reference = self.open.as_ref().map_or(chosen, |open| open.reference);
        if matches!(reference, Against::Nothing) || reference == Against::Group(group) {
            return;
        }
        let crude = pair(reference, rule, group, &cohort.crude);
        if crude == Pair::default() {
            return;
        }
        let start = cohort.start;
        let open = self.open.get_or_insert_with(|| OpenBlock { start, reference, block: Block::default() });
        open.block.crude = open.block.crude.plus(crude);
        for (name, sides) in &cohort.strata {
            let sum = open.block.strata.entry((*name).into()).or_default();
            *sum = sum.plus(pair(reference, rule, group, sides));
        }
    }

    /// Returns what the series says at the level ln(1 / alpha); its place on the watch list is not known here.
    pub fn evidence(&self, log_level: f64) -> SeriesEvidence {
        let detector = self.series.disparity();
        let log_sr = detector.log_sr();
        SeriesEvidence {
            log_e: detector.log_e(),
            log_e_material: self.series.material().map(Detector::log_e),
            log_sr: log_sr.is_finite().then_some(log_sr),
            alarm_at: detector.alarm_at(log_level),
            dispersion: self.series.phi(),
            blocks: self.series.blocks(),
            alarmed: detector.alarmed(),
            material: self.series.material().is_some_and(Detector::alarmed),
            epoch: detector.epoch(),
            watched: false,
        }
    }
}

/// The two sides, placed so that harm is where the first has more events.
fn pair(reference: Against, rule: DisparityRule<'_>, group: usize, sides: &Sides) -> Pair {
    let (own, other) = sides.compare(reference, rule.terms.indicator, group);
    let pair = Pair {
        events: own.events,
        exposed: own.exposed,
        reference_events: other.events,
        reference_exposed: other.exposed,
    };
    if rule.terms.indicator.harm() == Harm::Low { pair.swapped() } else { pair }
}
