//! What follows from linear equations and inequalities about whole numbers: by intervals first, then exactly, by linear programs.

use microlp::{ComparisonOp, OptimizationDirection, Problem};

/// A number that nobody told.
pub type Variable = usize;

/// Numbers above this are as good as unbounded.
pub const MANY: f64 = 1e7;
/// What two numbers differ by that are the same.
const SAME: f64 = 1e-6;
/// Rounds in which intervals may become narrower.
const MAX_ROUNDS: usize = 200;
/// A linear program with more unknowns is left to the intervals.
const MAX_UNKNOWNS: usize = 300;

/// The sum of some variables, each times a number, lies between two limits.
#[derive(Clone, Debug)]
pub struct Constraint {
    pub terms: Vec<(Variable, f64)>,
    pub low: f64,
    pub high: f64,
}

/// What an attacker knows of whole numbers, none of them negative.
#[derive(Clone, Debug, Default)]
pub struct System {
    pub bounds: Vec<(f64, f64)>,
    pub constraints: Vec<Constraint>,
    /// The constraints of each variable.
    of: Vec<Vec<usize>>,
}

/// The constraints contradict each other: what was believed is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction;

impl System {
    pub fn variable(&mut self) -> Variable {
        self.bounds.push((0.0, MANY));
        self.of.push(Vec::new());
        self.bounds.len() - 1
    }

    pub fn know(&mut self, terms: Vec<(Variable, f64)>, (low, high): (f64, f64)) {
        let number = self.constraints.len();
        terms.iter().for_each(|(variable, _)| self.of[*variable].push(number));
        self.constraints.push(Constraint { terms, low, high });
    }

    /// A variable lies between these limits.
    pub fn bound(&mut self, variable: Variable, (low, high): (f64, f64)) {
        let (known_low, known_high) = self.bounds[variable];
        self.bounds[variable] = (known_low.max(low), known_high.min(high));
    }

    /// Makes the intervals of all variables narrower, until nothing follows any more.
    pub fn propagate(&mut self) -> Result<(), Contradiction> {
        let all: Vec<usize> = (0..self.constraints.len()).collect();
        self.propagate_from(all)
    }

    fn propagate_from(&mut self, first: Vec<usize>) -> Result<(), Contradiction> {
        let mut due = first;
        let mut is_due = vec![false; self.constraints.len()];
        due.iter().for_each(|number| is_due[*number] = true);
        for _ in 0..MAX_ROUNDS {
            if due.is_empty() {
                break;
            }
            let mut changed = Vec::new();
            for number in std::mem::take(&mut due) {
                is_due[number] = false;
                self.narrow(number, &mut changed)?;
            }
            for variable in changed {
                for number in &self.of[variable] {
                    if !std::mem::replace(&mut is_due[*number], true) {
                        due.push(*number);
                    }
                }
            }
        }
        if self.bounds.iter().any(|(low, high)| low > high) { Err(Contradiction) } else { Ok(()) }
    }

    /// Narrows the variables of one constraint by each other's limits.
    fn narrow(&mut self, number: usize, changed: &mut Vec<Variable>) -> Result<(), Contradiction> {
        let Constraint { terms, low, high } = &self.constraints[number];
        let reach = |(variable, factor): &(Variable, f64), bounds: &[(f64, f64)]| {
            let (low, high) = bounds[*variable];
            if *factor > 0.0 { (factor * low, factor * high) } else { (factor * high, factor * low) }
        };
        let sums = terms.iter().map(|term| reach(term, &self.bounds));
        let (least, most) = sums.fold((0.0, 0.0), |(least, most), (low, high)| (least + low, most + high));
        if least > high + SAME || most < low - SAME {
            return Err(Contradiction);
        }
        if least >= low - SAME && most <= high + SAME {
            return Ok(());
        }
        for term in terms {
            let (variable, factor) = *term;
            let (own_least, own_most) = reach(term, &self.bounds);
            // What the others leave for this one.
            let (room_low, room_high) = (low - (most - own_most), high - (least - own_least));
            let (one, other) = (room_low / factor, room_high / factor);
            let (low, high) = if factor > 0.0 { (one, other) } else { (other, one) };
            let (known_low, known_high) = self.bounds[variable];
            let new = (known_low.max((low - SAME).ceil()), known_high.min((high + SAME).floor()));
            if new.0 > new.1 {
                return Err(Contradiction);
            }
            if new != (known_low, known_high) {
                self.bounds[variable] = new;
                changed.push(variable);
            }
        }
        Ok(())
    }

    /// The interval of a variable if it also lies between these limits; `None` where it cannot.
    pub fn supposing(&self, variable: Variable, limits: (f64, f64)) -> Option<(f64, f64)> {
        let mut other = self.clone();
        other.bound(variable, limits);
        other.propagate_from(other.of[variable].clone()).ok()?;
        Some(other.bounds[variable])
    }

    /// The least and the greatest value of a variable, by linear programs over all that hangs together with it.
    pub fn exact(&self, target: Variable) -> Result<(f64, f64), Contradiction> {
        let (low, high) = self.bounds[target];
        if high - low < 1.0 {
            return Ok((low, high));
        }
        let Some(unknowns) = self.component(target) else { return Ok((low, high)) };
        let least = self.extreme(target, &unknowns, OptimizationDirection::Minimize)?;
        let most = self.extreme(target, &unknowns, OptimizationDirection::Maximize)?;
        Ok((low.max((least - 1e-4).ceil()), high.min((most + 1e-4).floor())))
    }

    /// The unknowns that constraints connect with this one; `None` where there are too many.
    fn component(&self, target: Variable) -> Option<Vec<Variable>> {
        let mut found = vec![target];
        let mut is_found = vec![false; self.bounds.len()];
        is_found[target] = true;
        let mut place = 0;
        while let Some(variable) = found.get(place).copied() {
            place += 1;
            for (other, _) in self.of[variable].iter().flat_map(|number| &self.constraints[*number].terms) {
                let (low, high) = self.bounds[*other];
                if high - low >= 1.0 && !std::mem::replace(&mut is_found[*other], true) {
                    found.push(*other);
                }
            }
            if found.len() > MAX_UNKNOWNS {
                return None;
            }
        }
        Some(found)
    }

    fn extreme(
        &self,
        target: Variable,
        unknowns: &[Variable],
        way: OptimizationDirection,
    ) -> Result<f64, Contradiction> {
        let fallback = match way {
            OptimizationDirection::Minimize => self.bounds[target].0,
            OptimizationDirection::Maximize => self.bounds[target].1,
        };
        let mut problem = Problem::new(way);
        let mut named = vec![None; self.bounds.len()];
        for variable in unknowns {
            named[*variable] = Some(problem.add_var(f64::from(u8::from(*variable == target)), self.bounds[*variable]));
        }
        let mut numbers: Vec<usize> = unknowns.iter().flat_map(|variable| &self.of[*variable]).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let Constraint { terms, low, high } = &self.constraints[number];
            let known: f64 = terms
                .iter()
                .filter(|(of, _)| named[*of].is_none())
                .map(|(of, factor)| factor * self.bounds[*of].0)
                .sum();
            let open: Vec<_> = terms.iter().filter_map(|(of, factor)| Some((named[*of]?, *factor))).collect();
            if low > &-MANY {
                problem.add_constraint(open.as_slice(), ComparisonOp::Ge, low - known);
            }
            if high < &MANY {
                problem.add_constraint(open.as_slice(), ComparisonOp::Le, high - known);
            }
        }
        match problem.solve() {
            Ok(outcome) => Ok(outcome.into_solution().map_or(fallback, |solution| solution.objective())),
            Err(microlp::Error::Infeasible) => Err(Contradiction),
            Err(_) => Ok(fallback),
        }
    }
}

#[test]
fn intervals_and_linear_programs_find_what_follows() {
    // a + b = 20, b + c = 15, a + c = 11: intervals alone say little, together they say all.
    let mut system = System::default();
    let [a, b, c] = [0; 3].map(|_| system.variable());
    for (terms, sum) in [([a, b], 20.0), ([b, c], 15.0), ([a, c], 11.0)] {
        system.know(terms.map(|term| (term, 1.0)).to_vec(), (sum, sum));
    }
    system.propagate().unwrap();
    assert!(system.bounds[a].1 - system.bounds[a].0 > 1.0);
    assert_eq!(system.exact(a), Ok((8.0, 8.0)));
    assert_eq!(system.exact(c), Ok((3.0, 3.0)));
    // A sum, and all but one of its parts.
    let mut system = System::default();
    let parts = [0; 4].map(|_| system.variable());
    system.know(parts.map(|part| (part, 1.0)).to_vec(), (100.0, 100.0));
    parts[1..].iter().for_each(|part| system.bound(*part, (30.0, 31.0)));
    system.propagate().unwrap();
    assert_eq!(system.bounds[parts[0]], (7.0, 10.0));
    assert_eq!(system.supposing(parts[0], (0.0, 7.0)), Some((7.0, 7.0)));
    assert_eq!(system.supposing(parts[0], (0.0, 6.0)), None);
    system.bound(parts[0], (0.0, 5.0));
    assert_eq!(system.propagate(), Err(Contradiction));
}
