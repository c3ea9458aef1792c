//! Runs: which events of a case belong together, decided by the log alone.
//!
//! A case cannot be kept for ever. So its events, in the order of their arrival in event time ([`Record::arrived`]),
//! form runs. An event that arrives after all earlier ones have expired begins a new run, as if it were about another
//! case. Runs depend on nothing but the set of events, for two reasons. More events never separate what belongs
//! together, with one exception: an event that [ends the wait](ends_wait) for open values. It comes in time, so it does
//! so in the windows and in evidence alike. And once [`Spans::is_expired`] holds for a run, no event can join it:
//! whatever is read later has also arrived later in event time.
//!
//! Which waits an event ends depends on it and on the waiting selection alone, and on no event between them. Otherwise
//! a late event, which evidence does not know, could end a wait by putting the two into one run. Evidence would then
//! keep together what the windows separate, and lose what the windows let go.

use smallvec::SmallVec;

use super::record::{NO_PROFILE, Record, RecordKind};
use crate::plan::invariant::{Room, present};
use crate::plan::{EventTime, Plan, Span};

/// How long a case is kept after an event of it. All spans are of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// After a selection that did not pick the case, and after group membership that was sent separately.
    pub not_selected: Span,
    /// After a selection that leaves a value open that a rule reads, until an event ends that wait. Membership counts
    /// for a case up to here, picked or not. Not shorter than `not_selected`.
    pub membership: Span,
    /// After any other event: the control, outcome or correction that follows it may come much later.
    pub history: Span,
    /// How far an event may be behind its partition and still be in time.
    pub lateness: Span,
}

/// Events become final by whole hours, so a case is kept until the hour of its last possible event is final.
const FINAL_AFTER: Span = Span::HOUR;

impl Spans {
    /// Returns the spans of a plan.
    #[must_use]
    pub const fn of(plan: &Plan) -> Self {
        Self {
            not_selected: plan.ledger.not_selected_horizon,
            membership: longer(plan.ledger.membership_horizon, plan.ledger.not_selected_horizon),
            history: plan.window.history,
            lateness: plan.window.allowed_lateness,
        }
    }

    /// Returns when an event arrived, in event time. An event in time arrives at its own `time`. A late one arrives at
    /// `seen` less the allowed lateness, where `seen` is the largest event time of its partition so far, and not before
    /// the watermark.
    #[must_use]
    pub fn arrived(&self, time: EventTime, seen: EventTime) -> EventTime {
        time.max(seen.minus(self.lateness))
    }

    /// Returns the runs of a case. Its records must be in the order of [`arrival`].
    pub fn runs<'r>(&self, records: &'r [Record]) -> impl Iterator<Item = &'r [Record]> + use<'r> {
        let (spans, mut rest) = (*self, records);
        std::iter::from_fn(move || {
            let (run, after) = rest.split_at_checked(spans.first_run(rest)).filter(|(run, _)| !run.is_empty())?;
            rest = after;
            Some(run)
        })
    }

    /// Returns whether, at this watermark, no further event can join the run nor any run before it.
    #[must_use]
    pub fn is_expired(&self, run: &[Record], watermark: EventTime) -> bool {
        self.kept_until(run) < watermark
    }

    /// Returns the last watermark at which the run is kept.
    pub(super) fn kept_until(&self, run: &[Record]) -> EventTime {
        let first = present(Room::Ledger, "a run has a record", run.first());
        first.map_or(EventTime::MIN, |_| self.reach(run).plus(self.lateness))
    }

    /// Returns how many of a case's records belong to expired runs. These are its first records.
    pub(super) fn expired(&self, records: &[Record], watermark: EventTime) -> usize {
        self.runs(records).take_while(|run| self.is_expired(run, watermark)).map(<[Record]>::len).sum()
    }

    /// Returns how many runs of a case wait: no event of theirs names a profile.
    pub(super) fn waiting_runs(&self, records: &[Record]) -> u64 {
        let nameless = |record: &Record| record.kind != RecordKind::Selection && record.profile == NO_PROFILE;
        // Nearly no case has such a record: then the runs need not be found.
        if !records.iter().any(nameless) {
            return 0;
        }
        self.runs(records).filter(|run| run.iter().all(nameless)).count() as u64
    }

    /// Returns whether any run of a case waits.
    pub(super) fn waits(&self, records: &[Record]) -> bool {
        self.waiting_runs(records) > 0
    }

    /// Returns the last arrival time at which another event joins this run, or these first records of one.
    pub(super) fn reach(&self, run: &[Record]) -> EventTime {
        let mut reach = Reach::default();
        run.iter().for_each(|record| reach.add(record, self, false));
        reach.until()
    }

    /// Returns those selections and separate groups of a run that would be known of its case had it not been picked:
    /// the run, of them alone, that has the selection `start`. What is known of the groups of a case must not depend on
    /// its being picked.
    pub(super) fn known_unpicked<'r>(&self, run: &'r [Record], start: (EventTime, u64)) -> FewRecords<'r> {
        let mut known = FewRecords::new();
        let mut reach = Reach::default();
        let tells = |record: &&Record| matches!(record.kind, RecordKind::Selection | RecordKind::Attributes);
        for record in run.iter().filter(tells) {
            if !known.is_empty() && record.arrived > reach.until() {
                if has_start(&known, start) {
                    break;
                }
                known.clear();
                reach = Reach::default();
            }
            reach.add(record, self, true);
            known.push(record);
        }
        known
    }

    /// Returns how many records form the first run.
    fn first_run(&self, records: &[Record]) -> usize {
        if records.len() <= 1 {
            return records.len();
        }
        let mut reach = Reach::default();
        let mut joins = |(index, record): (usize, &Record)| {
            let joins = index == 0 || record.arrived <= reach.until();
            reach.add(record, self, false);
            joins
        };
        records.iter().enumerate().take_while(|record| joins(*record)).count()
    }
}

/// Some records of a case. Nearly every case has few.
pub(super) type FewRecords<'r> = SmallVec<[&'r Record; 4]>;

fn has_start(known: &[&Record], start: (EventTime, u64)) -> bool {
    known.iter().any(|record| record.kind == RecordKind::Selection && record.order() == start)
}

/// How long a run is kept, as its records are added one by one.
#[derive(Clone, Copy, Debug)]
struct Reach {
    /// Whatever is known of the groups.
    always: EventTime,
    /// For the sake of selections that wait.
    while_open: EventTime,
    /// A selection that arrives up to here need not wait: what it leaves open was sent separately before it.
    known_until: EventTime,
}

impl Default for Reach {
    fn default() -> Self {
        Self { always: EventTime::MIN, while_open: EventTime::MIN, known_until: EventTime::MIN }
    }
}

impl Reach {
    /// Adds a record, or, with `unpicked`, the selection that it would be if it had not picked the case.
    #[inline]
    fn add(&mut self, record: &Record, spans: &Spans, unpicked: bool) {
        let until = |span: Span| record.arrived.plus(span).plus(FINAL_AFTER);
        let span = match record.kind {
            RecordKind::Selection if unpicked || !record.flags.yes() => spans.not_selected,
            RecordKind::Attributes => spans.not_selected,
            _ => spans.history,
        };
        self.always = self.always.max(until(span));
        if record.kind == RecordKind::Selection && record.flags.is_open() && record.arrived > self.known_until {
            self.while_open = self.while_open.max(until(spans.membership));
        }
        if ends_wait(record) {
            self.while_open = EventTime::MIN;
            if record.kind == RecordKind::Attributes {
                // A selection further behind may be in another run, and must wait in either case.
                self.known_until = self.known_until.max(until(spans.not_selected));
            }
        }
    }

    fn until(&self) -> EventTime {
        self.always.max(self.while_open)
    }
}

/// Returns whether an event ends the wait of the selections before it: groups sent separately, or a correction, which
/// leave nothing open. A plain selection does not: of two selections of a case one is refused, and its groups count for
/// nothing. Nor does a late event, which evidence does not know.
fn ends_wait(record: &Record) -> bool {
    let tells = record.kind == RecordKind::Attributes || record.kind == RecordKind::Selection && record.revises != 0;
    tells && !record.flags.is_open() && !record.flags.late()
}

const fn longer(one: Span, other: Span) -> Span {
    if one.0 > other.0 { one } else { other }
}

/// The key by which the records of a case are sorted: arrival in event time, then what makes the order total.
pub(super) fn arrival(record: &Record) -> (EventTime, EventTime, u64, RecordKind) {
    (record.arrived, record.time, record.tag, record.kind)
}

#[cfg(test)]
mod tests {
    use super::super::record::Flags;
    use super::*;
    use proptest::prelude::*;

    const KINDS: [RecordKind; 4] =
        [RecordKind::Selection, RecordKind::Attributes, RecordKind::Control, RecordKind::Outcome];

    prop_compose! {
        fn spans()(days in prop::array::uniform4(1_i64..20), lateness in 0_i64..10) -> Spans {
            let [not_selected, membership, history, _] = days.map(|days| Span::DAY.times(days));
            Spans { not_selected, membership: longer(membership, not_selected), history, lateness: Span::DAY.times(lateness) }
        }
    }

    prop_compose! {
        fn event()(
            hours in 0_i64..1_000, delay in 1_i64..200, kind in prop::sample::select(&KINDS[..]),
            (yes, open, late, corrects) in any::<(bool, bool, bool, bool)>(),
        ) -> Record {
            let time = EventTime(Span::HOUR.times(hours).0);
            Record {
                time,
                arrived: if late { time.plus(Span::HOUR.times(delay)) } else { time },
                tag: 0,
                attributes: super::super::AttributesId::default(),
                control: 0,
                revises: corrects.into(),
                profile: NO_PROFILE,
                kind,
                flags: Flags::new(yes, None, None).with_open(open).with_late(late),
            }
        }
    }

    /// Events of a case in the order of arrival, each with a tag of its own.
    fn events() -> impl Strategy<Value = Vec<Record>> {
        prop::collection::vec(event(), 1..9).prop_map(|mut records| {
            records.iter_mut().zip(1..).for_each(|(record, tag)| record.tag = tag);
            records.sort_unstable_by_key(arrival);
            records
        })
    }

    fn tags(spans: &Spans, records: &[Record]) -> Vec<Vec<u64>> {
        spans.runs(records).map(|run| run.iter().map(|record| record.tag).collect()).collect()
    }

    /// Returns whether these events, some of `all`, are separated only where those are separated too.
    fn stay_together(spans: &Spans, some: &[Record], all: &[Record]) -> bool {
        let whole = tags(spans, all);
        tags(spans, some).iter().all(|part| whole.iter().any(|run| part.iter().all(|tag| run.contains(tag))))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4_000, ..ProptestConfig::default() })]

        /// What evidence counts as one case is one case in the windows. So is what is known of a case as if it had not
        /// been picked.
        #[test]
        fn more_events_separate_only_by_ending_a_wait(spans in spans(), all in events()) {
            let in_time: Vec<Record> = all.iter().filter(|record| !record.flags.late()).copied().collect();
            prop_assert!(stay_together(&spans, &in_time, &all));
            let mut unpicked = all.clone();
            unpicked.retain(|record| matches!(record.kind, RecordKind::Selection | RecordKind::Attributes));
            for record in &mut unpicked {
                record.flags = Flags::default().with_open(record.flags.is_open()).with_late(record.flags.late());
            }
            // Where a picked case is kept for less long than another, nothing more can be known of it.
            prop_assert!(spans.history < spans.not_selected || stay_together(&spans, &unpicked, &all));
            for one in all.iter().filter(|record| !ends_wait(record)) {
                let others: Vec<Record> = all.iter().filter(|record| *record != one).copied().collect();
                prop_assert!(stay_together(&spans, &others, &all));
            }
        }

        /// Letting go what has expired leaves the other runs as they are, whatever is read after that.
        #[test]
        fn what_has_expired_is_as_it_would_be_in_the_end(
            spans in spans(), all in events(), watermarks in prop::collection::vec(0_i64..2_000, 1..4)
        ) {
            let mut watermarks: Vec<EventTime> =
                watermarks.iter().map(|hours| EventTime(Span::HOUR.times(*hours).0)).collect();
            watermarks.sort_unstable();
            let (mut known, mut closed, mut unread): (Vec<Record>, Vec<Vec<u64>>, Vec<Record>) =
                (Vec::new(), Vec::new(), all.clone());
            for watermark in watermarks {
                // What is read later arrives later. What arrives later may be read before.
                let may_come = |record: &Record| record.arrived >= watermark.minus(spans.lateness) && record.tag.is_multiple_of(2);
                known.extend(unread.extract_if(.., |record| !may_come(record)));
                known.sort_unstable_by_key(arrival);
                let expired: Vec<Record> = known.drain(..spans.expired(&known, watermark)).collect();
                closed.extend(tags(&spans, &expired));
            }
            known.extend(unread);
            known.sort_unstable_by_key(arrival);
            closed.extend(tags(&spans, &known));
            prop_assert_eq!(closed, tags(&spans, &all));
        }
    }
}
