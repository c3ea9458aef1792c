//! The defences, each with the way to remove it from a plan.

use paritywatch::plan::{Plan, Span};

use super::planned::Defences;

/// One defence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defence {
    MinCell,
    RoundTo,
    ReleaseEvery,
    Absorbs,
    StandsIn,
    Coarse,
    DeadBand,
    Sticky,
    Digits,
    HidesVerdicts,
    OneTableForCrossed,
}

/// Removes every defence but `min_cell` and the ticks.
pub fn only_min_cell(plan: &mut Plan) {
    let all = [
        Defence::RoundTo,
        Defence::Absorbs,
        Defence::StandsIn,
        Defence::Coarse,
        Defence::DeadBand,
        Defence::Sticky,
        Defence::Digits,
        Defence::HidesVerdicts,
        Defence::OneTableForCrossed,
    ];
    all.into_iter().for_each(|defence| defence.remove_from(plan));
}

impl Defence {
    /// Removes it from the plan.
    pub fn remove_from(self, plan: &mut Plan) {
        let disclosure = &mut plan.disclosure;
        match self {
            Self::MinCell => disclosure.min_cell = 0,
            Self::RoundTo => disclosure.round_to = 1,
            Self::ReleaseEvery => disclosure.release_every = Span::SECOND,
            Self::Absorbs => disclosure.defences.absorbs = false,
            Self::StandsIn => disclosure.defences.stands_in = false,
            Self::Coarse => disclosure.defences.coarse = false,
            Self::DeadBand => disclosure.defences.dead_band = false,
            Self::Sticky => disclosure.defences.sticky = false,
            Self::Digits => disclosure.defences.digits = false,
            Self::HidesVerdicts => disclosure.defences.hides_verdicts = false,
            Self::OneTableForCrossed => disclosure.defences.crossed = false,
        }
    }

    /// The model of all defences but this one.
    pub fn others(self) -> Defences {
        let all = Defences::ALL;
        match self {
            Self::MinCell => Defences { min_cell: 0, ..all },
            Self::RoundTo => Defences { round_to: 1, ..all },
            Self::Absorbs => Defences { absorbs: false, ..all },
            Self::StandsIn => Defences { stands_in: false, ..all },
            Self::DeadBand => Defences { dead_band: false, ..all },
            Self::Sticky => Defences { sticky: false, ..all },
            Self::OneTableForCrossed => Defences { one_table_for_crossed: false, ..all },
            Self::Coarse | Self::ReleaseEvery | Self::Digits | Self::HidesVerdicts => all,
        }
    }
}
