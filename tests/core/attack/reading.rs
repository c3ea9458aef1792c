//! Turns all that is seen into equations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::belief::{Belief, OfAtoms, Said};
use super::links;
use super::rectangles;
use super::samples::samples;
use super::seen::Seen;
use super::solver::{MANY, System, Variable};
use super::stream::BETWEEN;
use super::table::{ATOMS, Place, STAGES};
use super::verdicts;

/// Decimal digits that are there where numbers are not cut.
const FULL_PRECISION: f64 = 1e-9;
/// A count with more possible values is not tried value by value.
const MAX_TRIED: f64 = 20_000.0;

/// The unknowns of one row of the funnel.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub stages: [Variable; ATOMS],
    pub atoms: [Variable; ATOMS],
}

/// One release, as numbers.
pub struct Release<'s> {
    pub seen: &'s Seen,
    pub cells: BTreeMap<Place, Cell>,
    /// What is published of each row.
    pub published: BTreeMap<Place, [Option<f64>; ATOMS]>,
    /// Samples of `/metrics` by their name with labels.
    pub samples: BTreeMap<String, f64>,
}

pub struct Reading<'s> {
    pub system: System,
    pub releases: Vec<Release<'s>>,
    /// Counts of findings that are not the sums of what the funnel publishes.
    pub inconsistent: u64,
    belief: Belief,
}

impl<'s> Reading<'s> {
    pub fn of(seen: &'s [Seen], belief: Belief) -> Self {
        let mut reading = Self { system: System::default(), releases: Vec::new(), inconsistent: 0, belief };
        for seen in seen {
            reading.open(seen);
            reading.read_funnel();
            reading.read_findings();
        }
        let Self { system, releases, .. } = &mut reading;
        links::link(system, releases);
        // Where the equations contradict each other whoever solves them finds it out.
        if system.propagate().is_ok() {
            releases.iter().for_each(|release| verdicts::read(system, release));
        }
        reading
    }

    /// The unknowns of a release.
    fn open(&mut self, seen: &'s Seen) {
        let system = &mut self.system;
        let mut release =
            Release { seen, cells: BTreeMap::new(), published: BTreeMap::new(), samples: samples(&seen.metrics) };
        for row in seen.funnel() {
            let Some(place) = Place::of(row) else { continue };
            let stages = STAGES.map(|stage| row["stages"][stage].as_f64());
            let cell =
                Cell { stages: [0; ATOMS].map(|_| system.variable()), atoms: [0; ATOMS].map(|_| system.variable()) };
            for atom in 0..ATOMS {
                let mut terms = vec![(cell.stages[atom], 1.0), (cell.atoms[atom], -1.0)];
                terms.extend(cell.stages.get(atom + 1).map(|later| (*later, -1.0)));
                system.know(terms, (0.0, 0.0));
            }
            release.published.insert(place.clone(), stages);
            release.cells.insert(place, cell);
        }
        self.releases.push(release);
    }

    fn read_funnel(&mut self) {
        match self.belief.atoms {
            Some(of) if of.rectangles => {
                if let Some((release, before)) = self.releases.split_last() {
                    rectangles::read(&mut self.system, release, before.last(), &self.belief);
                }
            }
            Some(of) => self.read_atoms(of),
            None => self.read_stages(),
        }
        let Some(release) = self.releases.last() else { return };
        let ratios: Vec<Ratio> = release.seen.funnel().flat_map(|row| ratios(row, release)).collect();
        for (group, reference, from, to, ratio) in ratios {
            self.tell_ratio((&group, &reference), (from, to), ratio);
        }
    }

    /// Each count for itself.
    fn read_stages(&mut self) {
        let Some(release) = self.releases.last() else { return };
        let error = self.belief.error as f64;
        for (place, stages) in release.published.iter().filter(|(place, _)| !place.window.starts_with(BETWEEN)) {
            let cell = &release.cells[place];
            for (variable, told) in cell.stages.iter().zip(stages) {
                if let Some(told) = told {
                    self.system.bound(*variable, (told - error, told + error));
                }
            }
        }
    }

    /// Columns of atoms.
    fn read_atoms(&mut self, of: OfAtoms) {
        let count = self.releases.len();
        let Some(release) = self.releases.last() else { return };
        let before = count.checked_sub(2).map(|place| &self.releases[place].published);
        let mut columns: BTreeMap<Place, Vec<&Place>> = BTreeMap::new();
        for place in release.cells.keys().filter(|place| !place.window.starts_with(BETWEEN)) {
            columns.entry(place.column()).or_default().push(place);
        }
        for places in columns.values() {
            for atom in 0..ATOMS {
                let told = |table: &BTreeMap<Place, [Option<f64>; ATOMS]>| -> Vec<Option<f64>> {
                    let of = |place: &&Place| Belief::atoms_of(table.get(*place)?)[atom];
                    places.iter().map(of).collect()
                };
                let now = told(&release.published);
                let said = self.belief.column(of, &now, &before.map(told).unwrap_or_default());
                let variables: Vec<Variable> = places.iter().map(|place| release.cells[*place].atoms[atom]).collect();
                let is_hidden = |told: &Option<f64>| told.is_some_and(|told| self.belief.is_hidden(of, told));
                let hidden: Vec<Variable> =
                    variables.iter().zip(&now).filter(|(_, told)| is_hidden(told)).map(|(of, _)| *of).collect();
                for (variable, said) in variables.iter().zip(said) {
                    match said {
                        Said::Nothing => {}
                        Said::Between(low, high) => self.system.bound(*variable, (low, high)),
                        Said::WithHidden(low, high) => {
                            let all = hidden.iter().chain([variable]).map(|of| (*of, 1.0)).collect();
                            self.system.know(all, (low, high));
                        }
                    }
                }
            }
        }
    }

    fn read_findings(&mut self) {
        let Some(release) = self.releases.last() else { return };
        let mut told = Vec::new();
        // Evidence of alerts is of other times: `texts` compares it with what was published then.
        for finding in release.seen.findings() {
            let Some((exposed, events)) = stages_of(finding) else { continue };
            let Some([group, reference]) = sides(finding, release) else { continue };
            for (side, counts) in [(group, &finding["group_counts"]), (reference, &finding["reference_counts"])] {
                told.extend(counts["exposed"].as_f64().map(|count| (side.clone(), exposed, count)));
                told.extend(counts["events"].as_f64().map(|count| (side, events, count)));
            }
        }
        for (side, expression, count) in told {
            self.tell_count(&side, expression, count);
        }
    }

    /// A count of a finding: of a stage, or of an atom.
    fn tell_count(&mut self, side: &[Place], expression: Expression, count: f64) {
        let Some(release) = self.releases.last() else { return };
        let cells: Option<Vec<&Cell>> = side.iter().map(|place| release.cells.get(place)).collect();
        let Some(cells) = cells.filter(|cells| !cells.is_empty()) else { return };
        let published: Option<f64> = side
            .iter()
            .map(|place| match expression {
                Expression::Stage(stage) => release.published[place][stage],
                Expression::Atom(atom) => Belief::atoms_of(&release.published[place])[atom],
            })
            .sum();
        if published == Some(count) {
            return;
        }
        if published.is_some() {
            self.inconsistent += 1;
        }
        let of = |cell: &&Cell| match expression {
            Expression::Stage(stage) => (cell.stages[stage], 1.0),
            Expression::Atom(atom) => (cell.atoms[atom], 1.0),
        };
        let terms: Vec<(Variable, f64)> = cells.iter().map(of).collect();
        // Of a difference both numbers may be off.
        let numbers = if side.iter().any(|place| place.window.starts_with(BETWEEN)) { 2 } else { 1 };
        let error = self.belief.error as f64 * (terms.len() * numbers) as f64;
        self.system.know(terms, (count - error, count + error));
    }

    /// A ratio of rates with all its digits, where the group's counts are known: the reference's two counts have to be whole numbers.
    fn tell_ratio(&mut self, (group, reference): (&[Place], &[Place]), (from, to): (usize, usize), ratio: f64) {
        let Some(release) = self.releases.last() else { return };
        let known = |stage: usize| match group {
            [place] => release.published[place][stage],
            _ => None,
        };
        let (Some(exposed), Some(events), 0) = (known(from), known(to), self.belief.error) else { return };
        if is_cut(ratio) || exposed == 0.0 || ratio == 0.0 {
            return;
        }
        let rate = events / exposed / ratio;
        let terms = |stage: usize| -> Option<Vec<Variable>> {
            reference.iter().map(|place| Some(release.cells.get(place)?.stages[stage])).collect()
        };
        let (Some(from), Some(to)) = (terms(from), terms(to)) else { return };
        let [from, to] = [from, to].map(|terms| {
            let sum = self.system.variable();
            let all = terms.into_iter().map(|term| (term, 1.0)).chain([(sum, -1.0)]).collect();
            self.system.know(all, (0.0, 0.0));
            sum
        });
        self.system.know(vec![(to, 1.0), (from, FULL_PRECISION - rate)], (0.0, MANY));
        self.system.know(vec![(to, 1.0), (from, -FULL_PRECISION - rate)], (-MANY, 0.0));
        if self.system.propagate().is_err() {
            return;
        }
        let (low, high) = self.system.bounds[from];
        if high - low > MAX_TRIED {
            return;
        }
        let fits =
            |exposed: &f64| (exposed * rate - (exposed * rate).round()).abs() < FULL_PRECISION * exposed.max(1.0);
        let mut fitting = (low as u64..=high as u64).map(|exposed| exposed as f64).filter(fits);
        if let Some(least) = fitting.next() {
            self.system.bound(from, (least, fitting.next_back().unwrap_or(least)));
        }
    }
}

/// Whether a number has no more than three digits.
fn is_cut(number: f64) -> bool {
    let scale = 10_f64.powf(2.0 - number.abs().log10().floor());
    ((number * scale).round() / scale - number).abs() < 1e-12 * number.abs()
}

/// What a count of a finding counts.
#[derive(Clone, Copy, Debug)]
enum Expression {
    Stage(usize),
    Atom(usize),
}

/// What a finding's exposed and events are; `None` where they are in no column of the funnel.
fn stages_of(finding: &Value) -> Option<(Expression, Expression)> {
    let stages = |from, to| Some((Expression::Stage(from), Expression::Stage(to)));
    if finding["kind"] != "disparity" {
        return None;
    }
    match finding["indicator"].as_str()? {
        "selection_rate" => stages(0, 1),
        "control_frequency" => stages(0, 2),
        "unfounded_rate" => Some((Expression::Stage(0), Expression::Atom(3))),
        "follow_through" => stages(1, 2),
        "outcome_coverage" => stages(2, 3),
        _ => None,
    }
}

/// The rows that are the group, and those that are its reference.
fn sides(finding: &Value, release: &Release<'_>) -> Option<[Vec<Place>; 2]> {
    let place = Place::of(finding)?;
    let of_column = || release.cells.keys().filter(|other| other.column() == place.column());
    let reference = match finding["reference"].as_str()? {
        "rest" => of_column().filter(|other| **other != place).cloned().collect(),
        "overall" => of_column().cloned().collect(),
        "random" => vec![Place { channel: "random".to_owned(), ..place.clone() }],
        "lowest" => vec![place.with_group(finding["reference_group"].as_str()?)],
        group => vec![place.with_group(group)],
    };
    Some([vec![place], reference])
}

/// Rows of the group and of the reference, the stages that are compared, and the ratio.
type Ratio = (Vec<Place>, Vec<Place>, usize, usize, f64);

/// The ratios of a row of the funnel.
fn ratios(row: &Value, release: &Release<'_>) -> Vec<Ratio> {
    let Some(place) = Place::of(row) else { return Vec::new() };
    let reference: Vec<Place> = match row["reference"].as_str() {
        Some("rest") => {
            let others = release.cells.keys().filter(|other| other.column() == place.column() && **other != place);
            others.cloned().collect()
        }
        Some(group) => vec![place.with_group(group)],
        None => return Vec::new(),
    };
    let mut found = Vec::new();
    let steps = row["steps"].as_array().into_iter().flatten();
    // Within risk classes the first step is no ratio of counts.
    let of_stages = steps.clone().all(|step| step["step"] != "risk_class");
    for step in steps.filter(|step| of_stages || step["step"] != "selected") {
        let to = STAGES.iter().position(|stage| *stage == step["step"]);
        if let (Some(to), Some(ratio)) = (to, step["ratio"].as_f64()) {
            found.push((vec![place.clone()], reference.clone(), to - 1, to, ratio));
        }
    }
    if let Some(ratio) = row["control_frequency"]["ratio"].as_f64() {
        found.push((vec![place], reference, 0, 2, ratio));
    }
    found
}
