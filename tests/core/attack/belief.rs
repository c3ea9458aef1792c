//! What an attacker believes that a published number says.

use super::table::ATOMS;

/// What is known of the way in which numbers are published: the program is public, and so is its configuration.
#[derive(Clone, Copy, Debug)]
pub struct Belief {
    /// Cases below this are hidden.
    pub min_cell: u64,
    /// A published count is at most so far from the exact one.
    pub error: u64,
    /// Sums are those of published atoms; `None`: each count is the exact one, rounded.
    pub atoms: Option<OfAtoms>,
}

/// How atoms are published.
#[derive(Clone, Copy, Debug)]
pub struct OfAtoms {
    /// Those below `min_cell` are hidden.
    pub hides: bool,
    /// What is withheld is made up for in its row as well as in its column.
    pub rectangles: bool,
    /// In the largest of a column are the hidden ones, but for the constant.
    pub absorbs: bool,
    /// A hidden one stands in sums with half of `min_cell`; else with what it is.
    pub stands_in: bool,
    /// A number stands until it is wrong by `min_cell`.
    pub dead_band: bool,
    /// What was hidden is shown from twice `min_cell` on.
    pub sticky: bool,
}

/// What one published atom says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Said {
    /// Nothing is published.
    Nothing,
    /// The atom lies between these.
    Between(f64, f64),
    /// The atom and all hidden ones of its column together lie between these.
    WithHidden(f64, f64),
}

impl OfAtoms {
    pub const PROGRAM: Self =
        Self { hides: true, rectangles: true, absorbs: true, stands_in: true, dead_band: true, sticky: true };
}

impl Belief {
    /// What the program does, as far as it can be seen from outside.
    pub const PROGRAM: Self = Self { min_cell: 10, error: 2, atoms: Some(OfAtoms::PROGRAM) };

    /// Each count is exact.
    pub const fn exact(min_cell: u64) -> Self {
        Self { min_cell, error: 0, atoms: None }
    }

    /// Each count is within `error` of the exact one, whatever it is the sum of.
    pub const fn rounded(min_cell: u64, error: u64) -> Self {
        Self { min_cell, error, atoms: None }
    }

    /// What stands in sums for a hidden atom.
    pub fn constant(&self) -> f64 {
        (self.min_cell / 2) as f64
    }

    /// What the published atoms of one kind say, by group. `before` are those of the release before.
    pub fn column(&self, of: OfAtoms, atoms: &[Option<f64>], before: &[Option<f64>]) -> Vec<Said> {
        let (min_cell, error) = (self.min_cell as f64, self.error as f64);
        let is_hidden = |atom: f64| self.is_hidden(of, atom);
        let hidden = atoms.iter().flatten().filter(|atom| is_hidden(**atom)).count() as f64;
        let largest = atoms.iter().flatten().copied().fold(0.0, f64::max);
        let largest_ones = atoms.iter().flatten().filter(|atom| **atom == largest).count();
        // Where some are not told, nobody knows how many of them are hidden.
        let is_whole = atoms.iter().all(Option::is_some);
        let said = |place: usize, atom: &Option<f64>| {
            let Some(atom) = *atom else { return Said::Nothing };
            if is_hidden(atom) {
                // At first sight nothing was hidden before.
                let most = if of.sticky && !before.is_empty() { 2.0 * min_cell } else { min_cell };
                return if of.stands_in { Said::Between(0.0, most - 1.0) } else { Said::Between(atom, atom) };
            }
            let is_fresh = before.get(place).is_none_or(|before| *before != Some(atom));
            let error = if of.dead_band && !is_fresh { error + min_cell - 1.0 } else { error };
            if hidden > 0.0 && of.absorbs && (atom == largest || !is_whole) {
                if largest_ones > 1 || !is_whole {
                    return Said::Nothing;
                }
                let less = self.constant() * hidden;
                return Said::WithHidden(atom - error + less, atom + error + less);
            }
            let was_hidden = before.get(place).is_some_and(|before| before.is_some_and(is_hidden));
            let least = if of.sticky && was_hidden { 2.0 * min_cell } else { min_cell };
            Said::Between((atom - error).max(if of.hides { least } else { 0.0 }), atom + error)
        };
        atoms.iter().enumerate().map(|(place, atom)| said(place, atom)).collect()
    }

    /// Whether a published atom stands for a hidden one.
    pub fn is_hidden(&self, of: OfAtoms, atom: f64) -> bool {
        of.hides && if of.stands_in { atom == self.constant() } else { atom < self.min_cell as f64 }
    }

    /// The published atoms of published stages.
    pub fn atoms_of(stages: &[Option<f64>; ATOMS]) -> [Option<f64>; ATOMS] {
        std::array::from_fn(|atom| {
            let later = stages.get(atom + 1).copied().unwrap_or(Some(0.0));
            Some(stages[atom]? - later?)
        })
    }
}

#[test]
fn the_largest_of_a_column_has_the_hidden_ones_in_it() {
    let of = OfAtoms { hides: true, rectangles: false, absorbs: true, stands_in: true, dead_band: true, sticky: false };
    let belief = Belief { min_cell: 10, error: 2, atoms: Some(of) };
    let column = [Some(200.0), Some(50.0), Some(5.0)];
    let said = belief.column(of, &column, &[]);
    assert_eq!(said, [Said::WithHidden(203.0, 207.0), Said::Between(48.0, 52.0), Said::Between(0.0, 9.0)]);
    // What stood before may be wrong by the dead band.
    assert_eq!(belief.column(of, &column, &column)[1], Said::Between(39.0, 61.0));
    assert_eq!(belief.column(of, &[None, Some(50.0), Some(5.0)], &[])[1], Said::Nothing);
}
