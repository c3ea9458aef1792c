//! What the rule kinds beside `disparity` have in common: counts over a window, what is missing of them, and findings.

use std::sync::Arc;

use super::finding::{Claim, Finding, FindingKey, Verdict};
use super::missing::{Missing, MissingSide, WITHOUT_GROUP};
use super::reason::Reason;
use super::scene::Scene;
use super::sums::CellSums;
use crate::evidence::{Maturity, SeriesEvidence, Side};
use crate::plan::{Cause, Channel, DimensionId, Indicator, ProfileId, Rule, Slot, StratumId, WindowLength};
use crate::window::{Bucket, Cases, CellKey, Counts, LeftOut, MissingPlace, Range};

/// A rule at one place: its profile, channel and window.
#[derive(Clone, Copy)]
pub(super) struct Post<'s> {
    pub scene: &'s Scene<'s>,
    /// Index of the rule in the plan.
    pub index: usize,
    pub rule: &'s Rule,
    pub profile: ProfileId,
    pub channel: Channel,
    pub window: &'s WindowLength,
}

/// Whom a finding is about: everyone, or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whom {
    pub dimension: DimensionId,
    pub group: Slot,
}

/// What a rule says of one place.
#[derive(Clone, Debug)]
pub(super) struct Saying {
    pub whom: Whom,
    pub subject: Option<Arc<str>>,
    pub indicator: Option<Indicator>,
    pub verdict: Verdict,
    pub reason: Reason,
    pub group: Side,
    pub reference: Side,
    pub ratio: Option<super::Estimate>,
    pub difference: Option<super::Estimate>,
    pub needed: Option<u64>,
    pub evidence: Option<SeriesEvidence>,
    pub claim: Option<Claim>,
    /// Cases that the finding does not count. They may turn `within` into `incomplete`.
    pub missing: MissingSide,
}

impl Whom {
    /// All cases of a profile and channel.
    pub const EVERYONE: Self = Self { dimension: DimensionId::EVERYONE, group: Slot::EVERYONE };
}

impl Saying {
    /// Returns what is said of nobody in particular, before it is filled in.
    pub fn new(whom: Whom, verdict: Verdict, reason: Reason) -> Self {
        Self {
            whom,
            subject: None,
            indicator: None,
            verdict,
            reason,
            group: Side::default(),
            reference: Side::default(),
            ratio: None,
            difference: None,
            needed: None,
            evidence: None,
            claim: None,
            missing: MissingSide::default(),
        }
    }
}

impl<'s> Post<'s> {
    /// Returns the cell of a place in a channel.
    pub const fn cell(&self, channel: Channel, whom: Whom, stratum: Option<(StratumId, Slot)>) -> CellKey {
        CellKey { profile: self.profile, channel, dimension: whom.dimension, group: whom.group, stratum }
    }

    /// Returns the counts of a cell over the window, without the cohorts left out.
    pub fn counts(&self, sums: &mut CellSums, key: &CellKey, left_out: &LeftOut) -> Counts {
        let mut counts = Vec::new();
        sums.extend(key, self.scene.windows.cell(key), left_out, &mut counts);
        let place = sums.place(self.window.length);
        place.and_then(|place| counts.get(place)).copied().unwrap_or_default()
    }

    /// Returns the cohorts of the window that are not complete in one of the cells. `is_complete` says it of the counts of
    /// one that is younger than `cohort_max_age`.
    pub fn incomplete(&self, cells: &[CellKey], is_complete: impl Fn(&Counts) -> bool) -> LeftOut {
        let window = &self.scene.plan.window;
        let range = Range::rolling(self.scene.as_of, self.window.length);
        let after = range.after.max(self.scene.counted_to.minus(window.cohort_max_age));
        let cells = cells.iter().filter_map(|key| self.scene.windows.cell(key));
        LeftOut::new(cells, Range { after, ..range }, |bucket: Bucket, counts| {
            let aged = bucket.end.plus(window.cohort_max_age) <= self.scene.counted_to;
            let recent = bucket.end.plus(window.allowed_lateness) > self.scene.counted_to;
            !aged && (recent || !is_complete(counts))
        })
    }

    /// Returns the cohorts of the window that are not complete, with all after the first of them. So whether a cohort counts does not
    /// depend on what became of its own cases: those before it are all complete or aged.
    pub fn open_on(&self, cell: &CellKey, is_complete: impl Fn(&Counts) -> bool) -> LeftOut {
        let window = &self.scene.plan.window;
        let range = Range::rolling(self.scene.as_of, self.window.length);
        let Some(cell) = self.scene.windows.cell(cell) else { return LeftOut::default() };
        let is_open = |bucket: Bucket, counts: &Counts| {
            let aged = bucket.end.plus(window.cohort_max_age) <= self.scene.counted_to;
            let recent = bucket.end.plus(window.allowed_lateness) > self.scene.counted_to;
            !aged && (recent || !is_complete(counts))
        };
        let open = cell.buckets(range).filter(|(bucket, counts)| is_open(*bucket, counts));
        let first = open.map(|(bucket, _)| bucket.start).min();
        LeftOut::new([cell], range, |bucket, _| first.is_some_and(|first| bucket.start >= first))
    }

    /// Returns the cases of everyone in a channel that the window does not count, or that evidence of this maturity does
    /// not. `all` are those that it counts.
    pub fn missing(&self, channel: Channel, maturity: Maturity, all: u64) -> MissingSide {
        let range = Range::rolling(self.scene.as_of, self.window.length);
        let missing = &self.scene.windows.missing;
        let at = |cause| {
            let Whom { dimension, group } = Whom::EVERYONE;
            let place = MissingPlace { profile: self.profile, channel, dimension, group, cause };
            missing.sum(&place, range)
        };
        let cell = self.scene.windows.place_of(&self.cell(channel, Whom::EVERYONE, None));
        let late = cell.map_or_else(Cases::default, |cell| self.scene.cohorts.late_in(cell, maturity, range));
        let mut side = MissingSide { all, ..MissingSide::default() };
        side.add_counted(Cause::Late, (late.all, 0));
        for cause in [Cause::Conflict, Cause::Dropped, Cause::Unmatched] {
            let cases = at(cause).all.saturating_add(missing.sum_anywhere(cause, range).all);
            side.add(cause, (cases, 0));
        }
        side
    }

    /// Returns the same of the groups of a dimension: cases without a group are in no comparison of groups. `unit` counts
    /// those that a comparison would.
    pub fn missing_of_groups(
        &self,
        channel: Channel,
        (dimension, maturity): (DimensionId, Maturity),
        all: u64,
        (sums, left_out): (&mut CellSums, &LeftOut),
        unit: impl Fn(&Counts) -> u64,
    ) -> MissingSide {
        let mut side = self.missing(channel, maturity, all);
        if dimension == DimensionId::EVERYONE {
            return side;
        }
        for (group, cause) in WITHOUT_GROUP {
            let cell = self.cell(channel, Whom { dimension, group }, None);
            side.add(cause, (unit(&self.counts(sums, &cell, left_out)), 0));
        }
        side
    }

    /// Returns whether all cases of the window are counted together: not where the plan asks for that since a later hour.
    fn counts_whole_window(&self) -> bool {
        let range = Range::rolling(self.scene.as_of, self.window.length);
        self.scene.windows.everyone_since().is_none_or(|since| since <= range.after)
    }

    /// Makes a finding. What is missing may make it incomplete; a silent profile is stale, whatever it counts.
    pub fn finding(&self, saying: Saying) -> Finding {
        let Saying { whom, subject, indicator, verdict, reason, group, reference, .. } = saying;
        let is_whole = whom.dimension == DimensionId::EVERYONE;
        let stale = self.scene.stale.get(usize::from(self.profile.0)).copied().unwrap_or(false);
        let verdict = match verdict {
            _ if stale => Verdict::Stale,
            // Of the cases before, not all are counted. What is a violation by a single case is one all the same.
            _ if is_whole && !self.counts_whole_window() && !reason.is_violation() => Verdict::Incomplete,
            Verdict::Within if saying.missing.case_share() > self.rule.max_missing => Verdict::Incomplete,
            verdict => verdict,
        };
        Finding {
            key: FindingKey {
                rule: self.index,
                profile: self.profile,
                channel: self.channel,
                dimension: Some(whom.dimension).filter(|_| !is_whole),
                group: whom.group.group().filter(|_| !is_whole),
                indicator,
                window: Arc::from(self.window.label.as_str()),
                subject,
            },
            reason: Some(reason),
            claim: saying.claim,
            last_heard: None,
            outcomes: None,
            association: None,
            contrast: None,
            versions: None,
            smallest: None,
            smallest_of_needed: None,
            interaction: None,
            values: None,
            mix: None,
            group,
            reference,
            reference_group: None,
            ratio: saying.ratio,
            difference: saying.difference,
            p_value: None,
            stratified: None,
            told_strata: None,
            needed: saying.needed.filter(|needed| *needed > 0),
            pending: None,
            probabilistic: None,
            missing: Missing { group: saying.missing, ..Missing::default() },
            evidence: saying.evidence,
            verdict: Some(verdict),
            beyond_clear: saying.evidence.is_some_and(|evidence| evidence.alarmed),
        }
    }
}

/// Calls `judge` for each profile, channel and window of a rule.
pub(super) fn each_post<'s>(scene: &'s Scene<'s>, (index, rule): (usize, &'s Rule), mut judge: impl FnMut(Post<'s>)) {
    for profile in &rule.profiles {
        for channel in &rule.channels {
            for window in &rule.windows {
                judge(Post { scene, index, rule, profile: *profile, channel: *channel, window });
            }
        }
    }
}

/// The listed groups of a rule's dimensions.
pub(super) fn groups<'s>(scene: &'s Scene<'_>, rule: &'s Rule) -> impl Iterator<Item = Whom> + 's {
    rule.dimensions.iter().flat_map(|id| {
        let dimension = scene.plan.dimensions.get(usize::from(id.0));
        let groups = dimension.map_or(0, |dimension| dimension.groups.len());
        (0..).map(Slot).take(groups).map(|group| Whom { dimension: *id, group })
    })
}
