//! What published atoms say to somebody who knows how withheld ones are made up for: the constant stands in for a withheld atom, and what it is
//! off was added in its row and in its column, and taken away at the corner of both. Which atoms these are is guessed by their size, as the
//! program chooses them. Every published atom is then an equation about atoms.

use std::collections::BTreeMap;

use super::belief::Belief;
use super::reading::{Cell, Release};
use super::solver::{System, Variable};
use super::stream::BETWEEN;
use super::table::{ATOMS, Place};

/// By kind of atom: the kinds beside it that take up what it is off, the first that is told.
const NEAR: [&[usize]; ATOMS] = [&[1, 2, 3, 4], &[2, 3, 4, 0], &[3, 4, 1, 0], &[4, 2, 1, 0], &[3, 2, 1, 0]];
/// The anchor has more than one in so many of the cases of any other row.
const SHARE: f64 = 10.0;
/// So many times `min_cell` is large.
const LARGE: f64 = 4.0;

/// The published atoms of one group.
type Told = [Option<f64>; ATOMS];

/// One dimension, by group.
struct Column<'r> {
    variables: Vec<[Variable; ATOMS]>,
    now: Vec<Told>,
    before: Vec<Told>,
    belief: &'r Belief,
}

/// Reads the newest release.
pub fn read(system: &mut System, release: &Release<'_>, before: Option<&Release<'_>>, belief: &Belief) {
    let mut tables: BTreeMap<Place, Vec<&Place>> = BTreeMap::new();
    // Of a difference each of the two windows is read.
    for place in release.cells.keys().filter(|place| !place.window.starts_with(BETWEEN)) {
        tables.entry(place.column()).or_default().push(place);
    }
    for places in tables.values() {
        let of = |release: &Release<'_>| -> Vec<Told> {
            let told = |place: &&Place| release.published.get(*place).copied().unwrap_or_default();
            let all: Vec<_> = places.iter().map(told).collect();
            (0..all.len()).map(|row| atoms_of(&all, row, belief)).collect()
        };
        let cells: Vec<_> = places.iter().map(|place| release.cells[*place]).collect();
        let column = Column {
            variables: cells.iter().map(|cell| cell.atoms).collect(),
            now: of(release),
            before: before.map(of).unwrap_or_default(),
            belief,
        };
        column.read(system);
        for (place, cell) in places.iter().zip(cells) {
            read_end(system, release.published[*place], cell, belief);
        }
    }
}

/// Rows keep their sums: where the last stages are not told, the last one that is says how many are in all of them.
fn read_end(system: &mut System, stages: [Option<f64>; ATOMS], cell: Cell, belief: &Belief) {
    let (Some(last), None) = (stages.iter().rposition(Option::is_some), stages[ATOMS - 1]) else { return };
    let Some(told) = stages[last] else { return };
    let error = (belief.error as f64 + belief.min_cell as f64 - 1.0) * (ATOMS - last) as f64;
    system.bound(cell.stages[last], (told - error, told + error));
}

/// The atoms of stages. Where the last stages are not told although somebody in the column has them, constants stand in for them.
fn atoms_of(all: &[[Option<f64>; ATOMS]], row: usize, belief: &Belief) -> Told {
    let mut stages = all[row];
    let is_open = |atom: usize| {
        let told = all.iter().filter_map(|stages| Belief::atoms_of(stages)[atom]);
        told.into_iter().any(|told| told >= belief.min_cell as f64)
    };
    let last = stages.iter().rposition(Option::is_some);
    if let Some(last) = last.filter(|last| (last + 1..ATOMS).all(is_open)) {
        for (place, stage) in stages.iter_mut().enumerate().skip(last + 1) {
            *stage = Some(belief.constant() * (ATOMS - place) as f64);
        }
    }
    Belief::atoms_of(&stages)
}

impl Column<'_> {
    fn read(&self, system: &mut System) {
        let rows = self.now.len();
        // By atom: the withheld ones that it took up something of, and with which sign.
        let mut touched: BTreeMap<(usize, usize), Vec<((usize, usize), f64)>> = BTreeMap::new();
        let mut above_of = [None; ATOMS];
        for atom in 0..ATOMS {
            let hidden: Vec<usize> = (0..rows).filter(|row| self.is_hidden(*row, atom)).collect();
            let above = if hidden.is_empty() { None } else { self.anchor().filter(|row| !self.is_hidden(*row, atom)) };
            above_of[atom] = above;
            for row in hidden {
                let of = (row, atom);
                let beside = self.beside(of);
                touched.entry((above.unwrap_or(row), atom)).or_default().extend(above.map(|_| (of, 1.0)));
                let Some(beside) = beside else { continue };
                touched.entry((row, beside)).or_default().push((of, 1.0));
                if let Some(above) = above {
                    touched.entry((above, beside)).or_default().push((of, -1.0));
                }
            }
        }
        for atom in (0..ATOMS).filter(|atom| !self.is_closed(*atom)) {
            let balancing = above_of[atom].or_else(|| self.anchor());
            for row in (0..rows).filter(|row| Some(*row) != balancing) {
                let taken = touched.get(&(row, atom)).map_or(&[][..], Vec::as_slice);
                self.read_atom(system, (row, atom), taken);
            }
            if let Some(balancing) = balancing {
                self.read_sum(system, atom, balancing);
            }
        }
    }

    /// Nobody's atom of this kind is told: it is told together with a neighbour.
    fn is_closed(&self, atom: usize) -> bool {
        let told = || self.now.iter().filter_map(|row| row[atom]);
        told().next().is_some() && told().all(|told| told == 0.0)
    }

    /// The closed kinds that are told together with this one.
    fn closed_into(&self, atom: usize) -> Vec<usize> {
        let into = |closed: usize| NEAR[closed].iter().copied().find(|beside| !self.is_closed(*beside));
        (0..ATOMS).filter(|closed| self.is_closed(*closed) && into(*closed) == Some(atom)).collect()
    }

    fn told(&self, row: usize, atom: usize) -> Option<f64> {
        self.now[row][atom]
    }

    fn is_hidden(&self, row: usize, atom: usize) -> bool {
        self.told(row, atom) == Some(self.belief.constant())
    }

    fn is_large(&self, row: usize, atom: usize) -> bool {
        self.told(row, atom).is_some_and(|told| told >= LARGE * self.belief.min_cell as f64)
    }

    /// The row that takes up what is withheld in others.
    fn anchor(&self) -> Option<usize> {
        let total = |row: usize| self.now[row].iter().flatten().sum::<f64>();
        let most = (0..self.now.len()).map(total).fold(0.0, f64::max);
        let few = |row: usize| (0..ATOMS).filter(|atom| self.is_hidden(row, *atom)).count();
        let large = (0..self.now.len()).filter(|row| total(*row) * SHARE > most);
        large.min_by(|one, other| few(*one).cmp(&few(*other)).then(total(*other).total_cmp(&total(*one))))
    }

    fn beside(&self, (row, atom): (usize, usize)) -> Option<usize> {
        NEAR[atom].iter().copied().find(|beside| !self.is_closed(*beside) && !self.is_hidden(row, *beside))
    }

    /// How far the published number may be off: it changes only where it would be wrong by `min_cell`.
    fn error(&self, row: usize, atom: usize) -> f64 {
        let is_fresh = self.before.get(row).is_none_or(|before| before[atom] != self.told(row, atom));
        let error = self.belief.error as f64;
        let stands = self.belief.atoms.is_some_and(|of| of.dead_band) && !is_fresh;
        if stands { error + self.belief.min_cell as f64 - 1.0 } else { error }
    }

    fn read_atom(&self, system: &mut System, (row, atom): (usize, usize), taken: &[((usize, usize), f64)]) {
        let Some(told) = self.told(row, atom) else { return };
        let variable = self.variables[row][atom];
        if self.is_hidden(row, atom) {
            let sticky = self.belief.atoms.is_some_and(|of| of.sticky) && !self.before.is_empty();
            let least = self.belief.min_cell as f64;
            system.bound(variable, (0.0, if sticky { 2.0 * least } else { least } - 1.0));
            return;
        }
        let closed = self.closed_into(atom);
        if !closed.is_empty() && !self.is_large(row, atom) {
            // Another row may have taken it up.
            return;
        }
        let error = self.error(row, atom);
        let constants: f64 = taken.iter().map(|(_, sign)| sign * self.belief.constant()).sum();
        let others = taken.iter().map(|((row, atom), sign)| (self.variables[*row][*atom], *sign));
        let beside = closed.iter().map(|closed| (self.variables[row][*closed], 1.0));
        let terms = others.chain([(variable, 1.0)]).chain(beside).collect();
        system.know(terms, (told - error + constants, told + error + constants));
    }

    /// The sum of a column is the rounded one, whatever it is made of.
    fn read_sum(&self, system: &mut System, atom: usize, balancing: usize) {
        let sum: Option<f64> = (0..self.now.len()).map(|row| self.told(row, atom)).sum();
        let Some(sum) = sum else { return };
        let error = self.error(balancing, atom);
        let closed = self.closed_into(atom);
        let of = |atoms: &[Variable; ATOMS]| -> Vec<(Variable, f64)> {
            closed.iter().chain([&atom]).map(|atom| (atoms[*atom], 1.0)).collect()
        };
        let terms = self.variables.iter().flat_map(of).collect();
        system.know(terms, (sum - error, sum + error));
    }
}
