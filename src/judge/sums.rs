//! The sums of every cell over every window of the plan. All rules and the funnel read them, so a cell is added up once, and only if it changed.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::judge::scene::Scene;
use crate::plan::{EventTime, Span};
use crate::window::{Cell, CellKey, Counts, LeftOut, Rolling};

/// The sums of cells over the windows of a plan, at the time of one scene.
#[derive(Clone, Debug, Default)]
pub(super) struct CellSums {
    /// The lengths of all windows, each once; empty before the first scene.
    lengths: Vec<Span>,
    rolling: Option<Rolling>,
    /// What decides which buckets are in the windows.
    hours: Vec<i32>,
    /// Rises when the windows move by a bucket.
    moves: u64,
    cells: HashMap<CellKey, Known, FxBuildHasher>,
}

/// The sums of one cell.
#[derive(Clone, Debug)]
struct Known {
    /// They are right as long as both are.
    moves: u64,
    changes: u64,
    sums: Box<[Counts]>,
}

impl CellSums {
    /// Goes on to another scene of the same plan.
    pub fn begin(&mut self, scene: &Scene<'_>) {
        if self.lengths.is_empty() {
            self.lengths = scene.plan.rules.iter().flat_map(|rule| &rule.windows).map(|window| window.length).collect();
            self.lengths.sort_unstable();
            self.lengths.dedup();
        }
        let rolling = Rolling::new(scene.as_of, self.lengths.iter().copied());
        let hours: Vec<i32> = rolling.hours().collect();
        if hours != self.hours {
            self.hours = hours;
            self.moves += 1;
        }
        self.rolling = Some(rolling);
    }

    /// Returns the place of a window's sums; `None` where no rule has such a window.
    pub fn place(&self, length: Span) -> Option<usize> {
        self.lengths.binary_search(&length).ok()
    }

    /// Returns the windows.
    pub fn rolling(&self) -> Rolling {
        self.rolling.clone().unwrap_or_else(|| Rolling::new(EventTime::MIN, []))
    }

    /// Appends the sums of a cell, without the cohorts left out, to `sums`: one for each window.
    pub fn extend(&mut self, key: &CellKey, cell: Option<&Cell>, left_out: &LeftOut, sums: &mut Vec<Counts>) {
        let (Some(cell), Some(rolling)) = (cell, &self.rolling) else {
            sums.resize(sums.len() + self.lengths.len(), Counts::default());
            return;
        };
        let (moves, changes) = (self.moves, cell.changes());
        let fresh = || Known { moves, changes, sums: rolling.sums(cell).into_boxed_slice() };
        let known = self.cells.entry(*key).or_insert_with(fresh);
        if (known.moves, known.changes) != (moves, changes) {
            *known = fresh();
        }
        if left_out.is_empty() {
            sums.extend_from_slice(&known.sums);
        } else {
            sums.extend(rolling.without(cell, left_out, &known.sums));
        }
    }
}
