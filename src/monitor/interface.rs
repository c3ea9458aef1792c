//! What goes into the monitor and what comes out of it.

use crate::disclosure::EventCounts;
use crate::event::{RawRecord, Rejection};
use crate::plan::{EventTime, PartitionIndex};

/// Whose time drives evaluation and alert states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// `run`: ticks bring wall-clock time; partitions idle, verdicts can be stale.
    Wall,
    /// `replay`: event time alone; evaluated at every bucket boundary the watermark passes. Records come in order of
    /// event time, unless told otherwise.
    /// Events later than the given time are not read.
    Event {
        /// `--as-of`, inclusive.
        as_of: Option<EventTime>,
    },
}

/// A record, and the partition that it came from.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The partition, which was registered.
    pub partition: PartitionIndex,
    /// The record.
    pub record: RawRecord<'a>,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Handled {
    /// It changed, or may yet change, the counts.
    Accepted,
    /// Its `source` and `id` were seen before.
    Duplicate,
    /// Its `source` and `id` were seen before, with another type or content: to be dead-lettered.
    Mismatched(Rejection),
    /// A second selection of a case, or an outcome that contradicts another one of its control without correcting it. Of selections the earliest
    /// counts, of outcomes the latest: the other one is in no figure.
    Conflict,
    /// Older than the history.
    TooLate,
    /// An event type outside the contract.
    UnknownType,
    /// A profile outside the allow-list.
    UnknownProfile,
    /// No mapping has made an event of it.
    Unmapped,
    /// Bad input: to be dead-lettered.
    Rejected(Rejection),
    /// Later than `--as-of`: not read.
    BeyondAsOf,
}

/// The monitor's own health, in numbers: no group, case or payload in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// What became of the events.
    pub events: EventCounts,
    /// Events by type (`selection`, `control`, ...; `unknown`) and result (`accepted`, `duplicate`, `mismatched`, `conflict`,
    /// `too_late`, `unknown_type`, `unknown_profile`, `rejected`): only non-zero rows, sorted.
    pub by_type: Vec<(&'static str, &'static str, u64)>,
    /// Rejections by reason: only non-zero rows, sorted.
    pub rejections: Vec<(&'static str, u64)>,
    /// The watermark; `None` before the first event.
    pub watermark: Option<EventTime>,
    /// Per partition: its own watermark and whether it is idle.
    pub partitions: Vec<(PartitionIndex, Option<EventTime>, bool)>,
    /// Cases open now.
    pub open_cases: u64,
    /// Cases closed early because `open_cases` was reached.
    pub evicted_cases: u64,
    /// Cases with events that wait for their selection.
    pub waiting_cases: u64,
    /// Waiting cases dropped because `waiting_events` was reached, or because they grew too old.
    pub dropped_waiting: u64,
    /// Event ids remembered.
    pub remembered_ids: u64,
    /// Event ids forgotten early because `remembered_ids` was reached, since the start: a second delivery of theirs counts again.
    pub evicted_ids: u64,
    /// What cases count for that was not counted in a window, because there were too many cells.
    pub refused_contributions: u64,
    /// Accepted events later than their partition's watermark minus the allowed lateness.
    pub late: u64,
    /// Accepted events since the start that came too late for evidence: also those whose hour was final while their partition
    /// was idle.
    pub late_for_evidence: u64,
    /// Events further ahead than the other events of their partition support. They moved no watermark. In `replay` also
    /// those beyond the end that the others support, which are not read.
    pub ahead: u64,
    /// Cells in memory.
    pub cells: u64,
    /// Cases left out of a dimension because they had no group in it, by dimension name.
    pub without_group: Vec<(String, u64)>,
    /// Cases let go without a group in a dimension that a rule reads, by dimension name.
    pub released: Vec<(String, u64)>,
    /// Cases in the windows whose group is on no list, by dimension name and [`UNLISTED_KINDS`](crate::window::UNLISTED_KINDS).
    pub unlisted: Vec<(String, [u64; 2])>,
    /// The same since the start of the program. It never falls. Like those above and what is `released`, 0 below `min_cell`.
    pub unlisted_ever: Vec<(String, [u64; 2])>,
    /// Cases whose membership of a dimension is known only as probabilities, by dimension name.
    pub probabilistic: Vec<(String, u64)>,
    /// How often such probabilities were not kept, because too many distinct ones were in use.
    pub probabilities_dropped: u64,
    /// The last watermark at which something may be known by the pseudonym key before the present one; `None` where there is
    /// none any more.
    pub previous_key_until: Option<EventTime>,
    /// Evaluations so far.
    pub evaluations: u64,
    /// Broken invariants since the program started, by room: only non-zero rows. Any is a defect of the program.
    pub invariant_violations: Vec<(&'static str, u64)>,
}
