//! What the history says last: each new entry is what differs from it.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use crate::disclosure::{
    ENDED, Kept, KeptEntry, KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey, KeptPeriods, KeptTransition,
};
use crate::plan::{EventTime, Span};

/// What the history says at one moment.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The end of the windows of the last entry.
    pub as_of: Option<EventTime>,
    /// The hash of the configuration of the last entry.
    pub config_hash: String,
    /// When numbers were last released.
    pub released: Option<EventTime>,
    /// The rows.
    pub findings: BTreeMap<KeptKey, KeptFinding>,
    /// The rows of the funnel.
    pub funnel: BTreeMap<KeptFunnelKey, KeptFunnel>,
    /// Hashes of the transitions that it has, as far as alerts may still know them.
    pub told: BTreeSet<u64>,
    /// What was last told of alerts that have not ended, without numbers.
    pub open: BTreeMap<String, KeptTransition>,
    /// Where the windows of the rows of periods end.
    periods_told: Option<EventTime>,
    /// Where the windows end of what was last taken of periods; `None` where nobody has looked since the start.
    periods_at: Option<EventTime>,
}

impl Known {
    /// Adds what an entry says. `told` are the hashes that a full entry lists.
    pub fn apply(&mut self, entry: &KeptEntry, told: &[u64]) {
        if entry.is_full {
            self.findings.clear();
            self.funnel.clear();
            self.told = told.iter().copied().collect();
            self.open = entry.open.iter().map(|row| (row.alert.clone(), row.clone())).collect();
        }
        self.as_of = Some(entry.as_of);
        self.config_hash.clone_from(&entry.config_hash);
        self.periods_told = entry.periods_at;
        if entry.is_release {
            self.released = Some(moment(entry.as_of, entry.released_at));
        }
        entry.gone.iter().for_each(|key| {
            self.findings.remove(key);
        });
        entry.funnel_gone.iter().for_each(|key| {
            self.funnel.remove(key);
        });
        self.findings.extend(entry.findings.iter().cloned());
        self.funnel.extend(entry.funnel.iter().cloned());
        self.told.extend(entry.transitions.iter().map(hash_of));
        entry.transitions.iter().for_each(|row| self.note(row));
    }

    fn note(&mut self, row: &KeptTransition) {
        if row.opens() {
            self.open.insert(row.alert.clone(), row.without_numbers());
        } else if row.ends() {
            self.open.remove(&row.alert);
        }
    }

    /// Returns whether the history is further than this evaluation: a daemon counts again from its checkpoint.
    #[must_use]
    pub fn is_ahead_of(&self, kept: &Kept) -> bool {
        self.as_of.is_some_and(|as_of| kept.as_of < as_of)
    }

    /// Returns what is new in an evaluation, if anything is. Numbers are taken on ticks of `release_every`, once for each, and where the configuration
    /// has changed: what it withholds must not stand beside its hash. Between them verdicts, findings that were not there before, and transitions.
    #[must_use]
    pub fn entry(&self, kept: &Kept, told_at: EventTime, release_every: Span) -> Option<KeptEntry> {
        let moment = moment(kept.as_of, kept.released_at);
        let tick = |time: EventTime| time.0.div_euclid(release_every.0.max(1));
        let is_due = self.released.is_none_or(|released| tick(moment) > tick(released));
        let is_release = is_due || self.config_hash != kept.config_hash;
        let periods = self.new_periods(kept);
        let told_now = || kept.periods.as_ref().map(|periods| periods.as_of);
        let mut entry = KeptEntry {
            as_of: kept.as_of,
            released_at: kept.released_at,
            told_at,
            is_release,
            is_full: false,
            periods_at: if periods.is_some() { told_now() } else { self.periods_told },
            config_hash: kept.config_hash.clone(),
            findings: Vec::new(),
            gone: Vec::new(),
            funnel: Vec::new(),
            funnel_gone: Vec::new(),
            transitions: self.new_transitions(kept, told_at),
            open: Vec::new(),
            quality: if is_release { kept.quality.clone() } else { Vec::new() },
        };
        if is_release {
            entry.findings = changed(&kept.findings, &self.findings);
            entry.gone = gone(&kept.findings, self.findings.keys().filter(|key| !key.is_of_period()));
            entry.funnel = changed(&kept.funnel, &self.funnel);
            entry.funnel_gone = gone(&kept.funnel, self.funnel.keys().filter(|key| !key.is_of_period()));
        } else {
            entry.findings = kept.findings.iter().filter_map(|row| self.judged(row, kept.released_at)).collect();
        }
        if let Some(periods) = periods {
            entry.findings.extend(changed(&periods.findings, &self.findings));
            entry.gone.extend(gone(&periods.findings, self.findings.keys().filter(|key| key.is_of_period())));
            entry.funnel.extend(changed(&periods.funnel, &self.funnel));
            entry.funnel_gone.extend(gone(&periods.funnel, self.funnel.keys().filter(|key| key.is_of_period())));
        }
        let has_rows = !entry.findings.is_empty() || !entry.gone.is_empty();
        let has_any = has_rows || !entry.funnel.is_empty() || !entry.funnel_gone.is_empty();
        (is_release || has_any || !entry.transitions.is_empty()).then_some(entry)
    }

    /// Remembers what was taken of an evaluation, so that rows of periods are compared once.
    pub fn took(&mut self, kept: &Kept) {
        self.periods_at = kept.periods.as_ref().map(|periods| periods.as_of);
    }

    /// Returns the rows of periods that stand from now on; `None` where those of before do. They are told once a day. Between, and after a restart, they
    /// stand; where the configuration has changed they stand no longer, as it may withhold what they tell.
    fn new_periods(&self, kept: &Kept) -> Option<KeptPeriods> {
        match &kept.periods {
            Some(periods) if self.periods_at == Some(periods.as_of) => None,
            Some(periods) => Some(KeptPeriods::of(periods)).filter(|rows| !self.has_told(kept, (periods.as_of, rows))),
            None => (self.config_hash != kept.config_hash).then(KeptPeriods::default),
        }
    }

    /// Returns an entry with every row, which says what these rows say after it. It can stand at the beginning of a segment.
    #[must_use]
    pub fn full(&self, entry: KeptEntry) -> KeptEntry {
        let mut after = self.clone();
        after.apply(&entry, &[]);
        KeptEntry {
            is_full: true,
            findings: after.findings.into_iter().collect(),
            gone: Vec::new(),
            funnel: after.funnel.into_iter().collect(),
            funnel_gone: Vec::new(),
            open: self.open.values().cloned().collect(),
            ..entry
        }
    }

    /// Returns the hashes of what the history has of these transitions.
    #[must_use]
    pub fn told_of(&self, transitions: &[KeptTransition]) -> Vec<u64> {
        transitions.iter().map(hash_of).filter(|hash| self.told.contains(hash)).collect()
    }

    fn new_transitions(&self, kept: &Kept, told_at: EventTime) -> Vec<KeptTransition> {
        let new = kept.transitions.iter().filter(|transition| !self.told.contains(&hash_of(transition)));
        let with_time = |transition: &KeptTransition| {
            let is_untimed = transition.transition == "inactive";
            KeptTransition { at: if is_untimed { told_at } else { transition.at }, ..transition.clone() }
        };
        new.map(with_time).chain(self.ended(kept, told_at)).collect()
    }

    /// Ends of alerts that are no longer known, as their rule or profile was removed.
    fn ended(&self, kept: &Kept, told_at: EventTime) -> Vec<KeptTransition> {
        let present: BTreeSet<&str> = kept.transitions.iter().map(|row| row.alert.as_str()).collect();
        let absent = self.open.values().filter(|row| !present.contains(row.alert.as_str()));
        absent.map(|row| KeptTransition { at: told_at, transition: ENDED.to_owned(), ..row.clone() }).collect()
    }

    /// Whether the history has other rows of these periods that were told in a release of the same day, before a crash: what was told first stays.
    fn has_told(&self, kept: &Kept, (as_of, rows): (EventTime, &KeptPeriods)) -> bool {
        let day = |time: EventTime| time.0.div_euclid(Span::DAY.0);
        let is_same_day = kept.released_at.is_some() && self.released.is_some_and(|at| day(at) == day(as_of));
        let known = self.findings.keys().filter(|key| key.is_of_period()).map(|key| &key.window);
        let told: BTreeSet<&String> = rows.findings.iter().map(|(key, _)| &key.window).collect();
        let is_first = self.periods_at.is_none() && self.config_hash == kept.config_hash;
        is_first && is_same_day && known.collect::<BTreeSet<_>>() == told
    }

    /// Returns the row of a finding whose verdict has changed, or of which more is withheld: with the numbers that were told, as far as they are still
    /// published. Where every number is published as it is, they are those of this moment.
    fn judged(
        &self,
        (key, now): &(KeptKey, KeptFinding),
        released_at: Option<EventTime>,
    ) -> Option<(KeptKey, KeptFinding)> {
        let Some(known) = self.findings.get(key) else { return Some((key.clone(), now.clone())) };
        let is_new = known.is_judged_otherwise(now) || (released_at.is_some() && known.tells_more_than(now));
        let row = || if released_at.is_none() { now.clone() } else { known.judged_as(now) };
        is_new.then(|| (key.clone(), row()))
    }
}

/// When the numbers of an evaluation were released.
fn moment(as_of: EventTime, released_at: Option<EventTime>) -> EventTime {
    released_at.unwrap_or(as_of)
}

fn changed<K: Ord + Clone, R: PartialEq + Clone>(now: &[(K, R)], known: &BTreeMap<K, R>) -> Vec<(K, R)> {
    now.iter().filter(|(key, row)| known.get(key) != Some(row)).cloned().collect()
}

fn gone<'k, K: Ord + Clone + 'k, R>(now: &[(K, R)], known: impl Iterator<Item = &'k K>) -> Vec<K> {
    let now: BTreeSet<&K> = now.iter().map(|(key, _)| key).collect();
    known.filter(|key| !now.contains(key)).cloned().collect()
}

pub(super) fn hash_of(transition: &KeptTransition) -> u64 {
    let (alert, what, at) = transition.identity();
    xxh3_64(format!("{alert} {what} {}", at.map_or_else(String::new, |at| at.0.to_string())).as_bytes())
}
