//! Evidence that complaints rise: each month against the same one of the reference, the first whole months of the profile's controls.

use serde::{Deserialize, Serialize};

use super::duties::said;
use super::occurrences::{Occurrence, OccurrencePlace, Occurrences};
use super::series::SeriesEvidence;
use crate::plan::{Complaints, DimensionId, Month, Slot};
use crate::statistics::{Judging, Pair, ShareSeries, log_level_of_part};

/// The months of one place.
///
/// All periods are compared with the same reference, so their evidence must not be multiplied: each has a process of its own, at its
/// own share of the level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rise {
    /// The first day that it reads, counted from 1970.
    begun: i32,
    /// The first day with a control of the profile.
    first: Option<i32>,
    /// By month: complaints and controls.
    reference: Vec<[u64; 2]>,
    /// The last period that has a month.
    last: Period,
    /// The one before it.
    before: Option<Period>,
}

/// As many months as the reference has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Period {
    /// Its number, from 1.
    number: u32,
    /// Its months so far.
    months: usize,
    /// Complaints and controls of its months so far, against those of the same months of the reference.
    compared: Pair,
    series: ShareSeries,
}

/// What the months of a place say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiseEvidence {
    /// The last period that has a month.
    pub last: RisePeriod,
    /// The one before it.
    pub before: Option<RisePeriod>,
}

/// What the months of a period say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RisePeriod {
    /// Complaints and controls of its months so far, against those of the same months of the reference.
    pub compared: Pair,
    /// Of its process and, of the last period, that of the period before the one that says more.
    pub said_most: SeriesEvidence,
    /// The information of its months: the sum of 1 / (variance phi).
    pub information: f64,
    /// The complaints that the information rests on.
    pub events_seen: u64,
    /// ln(1 / level) of the period.
    pub log_level: f64,
    /// Whether a month was compared.
    pub is_compared: bool,
}

impl Rise {
    /// Returns months without evidence, which begin with this day.
    pub const fn new(begun: i32) -> Self {
        Self { begun, first: None, reference: Vec::new(), last: Period::new(1), before: None }
    }

    /// Reads a day that is final. Days come in their order.
    pub fn read(
        &mut self,
        day: i32,
        (place, terms): (OccurrencePlace, &Complaints),
        occurrences: &Occurrences,
        judging: &Judging,
    ) {
        if day < self.begun {
            return;
        }
        if self.first.is_none() {
            // Of a group nothing may be known for long, though the profile is in use. A complaint about what was before says nothing of use.
            let whole = OccurrencePlace { dimension: DimensionId::EVERYONE, group: Slot::EVERYONE, ..place };
            self.first = occurrences
                .first_day(&whole, Occurrence::Controls)
                .filter(|first| *first <= day)
                .map(|first| first.max(self.begun));
        }
        let Some(first) = self.first else { return };
        // A month that began before is not a whole one.
        let Some(month) = Month::ended_by(day).filter(|month| month.first >= first) else { return };
        let occurred = occurrences.final_sum(&place, month.first..day.saturating_add(1));
        let month = [Occurrence::Complaints, Occurrence::Controls].map(|of| occurred.count(of));
        if self.reference.len() < terms.reference_months() {
            self.reference.push(month);
        } else {
            self.compare(month, judging);
        }
    }

    fn compare(&mut self, [events, exposed]: [u64; 2], judging: &Judging) {
        if self.last.months >= self.reference.len() {
            let next = Period::new(self.last.number.saturating_add(1));
            self.before = Some(std::mem::replace(&mut self.last, next));
        }
        let Some([reference_events, reference_exposed]) = self.reference.get(self.last.months).copied() else { return };
        self.last.take(Pair { events, exposed, reference_events, reference_exposed }, judging);
    }

    /// Returns what the months say. `family` is ln(1 / level) of a whole series of the family.
    pub fn evidence(&self, family: f64) -> RiseEvidence {
        let before = self.before.as_ref().map(|before| before.evidence(family));
        let last = self.last.evidence(family);
        let rank = |series: &SeriesEvidence| (series.alarmed, series.log_e);
        let of_before = before.map(|before| before.said_most).filter(|before| rank(before) > rank(&last.said_most));
        RiseEvidence { last: RisePeriod { said_most: of_before.unwrap_or(last.said_most), ..last }, before }
    }
}

impl Period {
    const fn new(number: u32) -> Self {
        let compared = Pair { events: 0, exposed: 0, reference_events: 0, reference_exposed: 0 };
        Self { number, months: 0, compared, series: ShareSeries::new(1.0) }
    }

    fn take(&mut self, month: Pair, judging: &Judging) {
        self.months += 1;
        self.compared = self.compared.plus(month);
        let judging = Judging { log_level: log_level_of_part(judging.log_level, self.number), ..*judging };
        let Pair { events, exposed, reference_events, reference_exposed } = month;
        self.series.take(events, reference_events, real(exposed), real(reference_exposed), &judging);
    }

    fn evidence(&self, family: f64) -> RisePeriod {
        let Self { number, months, compared, series } = self;
        let log_level = log_level_of_part(family, *number);
        RisePeriod {
            compared: *compared,
            said_most: said(series.detector(), series.phi(), series.blocks(), log_level),
            information: series.information(),
            events_seen: series.events_seen(),
            log_level,
            is_compared: *months > 0,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn real(count: u64) -> f64 {
    count as f64
}
