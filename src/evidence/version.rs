//! One version of a profile: its blocks, and which of them a block of a newer version takes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::comparison::Side;

/// Hours after which a block is over, however little it holds.
const BLOCK_HOURS: i32 = 24;

/// Days before the first event of a new version in which its baseline was used most.
const BASELINE_DAYS: i32 = 90;

/// The most blocks of the baseline that one block of the new version takes.
const MOST_TAKEN: usize = 4;

/// The most closed blocks kept of a version, so that memory is bounded.
const MOST_KEPT: usize = 200;

/// Hours before its last closed block from which those of a version are kept. A version that is replaced closes none any
/// more, so its last days stay.
const KEPT_HOURS: i32 = 28 * 24;

/// A version with its blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Version {
    pub name: Box<str>,
    /// By day, counted from 1970: the exposed of all groups, as far back as a baseline is chosen by them.
    exposed: BTreeMap<i32, u64>,
    open: Option<OpenBlock>,
    pub closed: ClosedBlocks,
}

/// A block that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OpenBlock {
    /// The first hour of its first cohort, counted from 1970.
    start: i32,
    /// By group.
    sides: Vec<Side>,
}

/// The last closed blocks of a version, in the order of their closing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ClosedBlocks {
    blocks: VecDeque<ClosedBlock>,
    /// How many were ever closed.
    count: u64,
}

/// A block that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ClosedBlock {
    /// How many were closed before.
    number: u64,
    /// The hour at which it was closed.
    pub end: i32,
    pub sides: Vec<Side>,
}

impl Version {
    /// Returns a version without a case.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), exposed: BTreeMap::new(), open: None, closed: ClosedBlocks::default() }
    }

    /// Returns the hour at which the open block is over, however little it holds; `None` where none is open.
    pub fn over(&self) -> Option<i32> {
        self.open.as_ref().map(|open| open.start.saturating_add(BLOCK_HOURS))
    }

    /// Closes the open block, if there is one.
    pub fn close(&mut self, at: i32) {
        if let Some(open) = self.open.take() {
            self.closed.add(at, open.sides);
        }
    }

    /// Adds the sides of a cohort to the open block. Returns the exposed in it.
    pub fn add(&mut self, start: i32, sides: &[Side]) -> u64 {
        let exposed = exposed(sides);
        let day = start.div_euclid(BLOCK_HOURS);
        let today = self.exposed.entry(day).or_default();
        *today = today.saturating_add(exposed);
        self.exposed = self.exposed.split_off(&day.saturating_sub(BASELINE_DAYS));
        if self.open.is_none() && sides.iter().all(|side| *side == Side::default()) {
            return 0;
        }
        let open = self.open.get_or_insert_with(|| OpenBlock { start, sides: vec![Side::default(); sides.len()] });
        add(&mut open.sides, sides);
        self::exposed(&open.sides)
    }

    /// Returns the exposed in the whole days that lie, at least in part, in the 90 days before `hour`.
    pub fn exposed_before(&self, hour: i32) -> u64 {
        let first = hour.saturating_sub(BASELINE_DAYS * BLOCK_HOURS).div_euclid(BLOCK_HOURS);
        self.exposed.range(first..).fold(0, |sum, (_, exposed)| sum.saturating_add(*exposed))
    }
}

impl ClosedBlocks {
    /// Returns the last block; `None` where none is kept.
    pub fn newest(&self) -> Option<&ClosedBlock> {
        self.blocks.back()
    }

    /// Drops all blocks.
    pub fn forget(&mut self) {
        self.blocks.clear();
    }

    fn add(&mut self, end: i32, sides: Vec<Side>) {
        self.blocks.push_back(ClosedBlock { number: self.count, end, sides });
        self.count = self.count.saturating_add(1);
        let from = end.saturating_sub(KEPT_HOURS);
        let is_gone = |blocks: &VecDeque<ClosedBlock>| {
            blocks.len() > MOST_KEPT || blocks.front().is_some_and(|oldest| oldest.end <= from)
        };
        while is_gone(&self.blocks) {
            self.blocks.pop_front();
        }
    }

    /// Takes blocks that are not among `used`, the latest first, until they hold so many exposed. Returns their sum; `None`
    /// where there is none.
    pub fn take(&self, used: &mut BTreeSet<u64>, wanted: u64) -> Option<Vec<Side>> {
        let oldest = self.blocks.front()?.number;
        *used = used.split_off(&oldest);
        let unused = self.blocks.iter().rev().filter(|block| !used.contains(&block.number)).take(MOST_TAKEN);
        let unused: Vec<&ClosedBlock> = unused.collect();
        let mut sum = unused.first().map(|block| vec![Side::default(); block.sides.len()])?;
        for (taken, block) in unused.into_iter().enumerate() {
            if taken > 0 && exposed(&sum) >= wanted {
                break;
            }
            used.insert(block.number);
            add(&mut sum, &block.sides);
        }
        Some(sum)
    }
}

/// Adds sides, group by group.
pub(super) fn add(sum: &mut [Side], more: &[Side]) {
    for (sum, side) in sum.iter_mut().zip(more) {
        sum.events = sum.events.saturating_add(side.events);
        sum.exposed = sum.exposed.saturating_add(side.exposed);
    }
}

/// Returns the exposed of all groups.
pub(super) fn exposed(sides: &[Side]) -> u64 {
    sides.iter().fold(0, |sum, side| sum.saturating_add(side.exposed))
}
