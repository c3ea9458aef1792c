//! One series of e-processes, and the block that is open in it.

use serde::{Deserialize, Serialize};

use super::comparison::{Against, Side, compare};
use crate::plan::{Harm, Measure, Rule};
use crate::statistics::{Block, Detector, Pair, Series};

/// The evidence of one series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesEvidence {
    /// ln E against ratio 1, in this epoch.
    pub log_e: f64,
    /// ln E against the critical threshold; `None` for a difference.
    pub log_e_material: Option<f64>,
    /// ln of the Shiryaev-Roberts statistic against ratio 1; `None` before the first block.
    pub log_sr: Option<f64>,
    /// ln of the level at which `log_e` alarms.
    pub alarm_at: f64,
    /// phi of the last block: how much its evidence was tempered; 1 before the first.
    pub dispersion: f64,
    /// Blocks read, over all epochs.
    pub blocks: u64,
    /// Whether the alarm against ratio 1 stands.
    pub alarmed: bool,
    /// Whether the alarm against the critical threshold stands.
    pub material: bool,
    /// Epoch of the alarm against ratio 1; one more with each clearing.
    pub epoch: u32,
    /// On the watch list: among those that e-BH picks at the family's level, or `log_sr` at ln 20,000. Never pages.
    pub watched: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenSeries {
    pub series: Series,
    pub open: Option<Open>,
}

/// A block that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    pub start: i32,
    pub reference: Against,
    pub block: Block,
}

/// Sides of a cohort in the compared channel and in the random one.
pub(super) struct Cross {
    pub own: Vec<Side>,
    pub random: Vec<Side>,
}

impl OpenSeries {
    pub fn new(rule: &Rule) -> Self {
        // For "too low" the groups change places, and with them the threshold.
        let critical = match rule.indicator.harm() {
            Harm::High => rule.critical,
            Harm::Low => 1.0 / rule.critical,
        };
        let material = (rule.measure == Measure::Ratio && critical.is_finite() && critical > 0.0).then_some(critical);
        Self { series: Series::new(material), open: None }
    }

    pub fn exposed(&self) -> u64 {
        let crude = self.open.as_ref().map(|open| open.block.crude).unwrap_or_default();
        crude.exposed.saturating_add(crude.reference_exposed)
    }

    /// Adds a cohort to the open block, which its first exposed opens. The reference is that of the block's beginning.
    pub fn add(
        &mut self,
        start: i32,
        chosen: Against,
        group: usize,
        rule: &Rule,
        crude: &Cross,
        strata: &[(&str, Cross)],
    ) {
        let reference = self.open.as_ref().map_or(chosen, |open| open.reference);
        if matches!(reference, Against::Nothing) || reference == Against::Group(group) {
            return;
        }
        let pair = |cross: &Cross| {
            let (own, other) = compare(reference, rule.indicator, group, &cross.own, &cross.random);
            let pair = Pair {
                events: own.events,
                exposed: own.exposed,
                reference_events: other.events,
                reference_exposed: other.exposed,
            };
            if rule.indicator.harm() == Harm::Low { pair.swapped() } else { pair }
        };
        let added = pair(crude);
        if added == Pair::default() {
            return;
        }
        let open = self.open.get_or_insert_with(|| Open { start, reference, block: Block::default() });
        open.block.crude = open.block.crude.plus(added);
        for (text, cross) in strata {
            let of = open.block.strata.entry((*text).into()).or_default();
            *of = of.plus(pair(cross));
        }
    }

    pub fn evidence(&self, level: f64) -> SeriesEvidence {
        let detector = self.series.disparity();
        let log_sr = detector.log_sr();
        SeriesEvidence {
            log_e: detector.log_e(),
            log_e_material: self.series.material().map(Detector::log_e),
            log_sr: log_sr.is_finite().then_some(log_sr),
            alarm_at: detector.alarm_at(level),
            dispersion: self.series.phi(),
            blocks: self.series.blocks(),
            alarmed: detector.alarmed(),
            material: self.series.material().is_some_and(Detector::alarmed),
            epoch: detector.epoch(),
            watched: false,
        }
    }
}
