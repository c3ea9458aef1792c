//! Random streams of events with known truth: what each case became, and when.

use serde_json::{Value, json};

use super::table::{ATOMS, Atoms, Place, Table};

/// 2025-12-28T00:00:00Z: a month, a quarter and a year end on the fourth day.
pub const START_MS: i64 = 1_766_880_000_000;
pub const HOUR_MS: i64 = 3_600_000;
/// The windows of every stream: their name and length in hours.
pub const WINDOWS: [(&str, i64); 3] = [("24h", 24), ("7d", 168), ("30d", 720)];
pub const CHANNELS: [&str; 2] = ["profile", "random"];

/// Numbers by chance, the same for the same seed.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `limit`, which is above 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// A place among these weights.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            if left < *weight {
                return place;
            }
            left -= weight;
        }
        weights.len() - 1
    }
}

/// A dimension of a stream, with how many of a hundred cases each listed group has, about.
#[derive(Clone, Debug)]
pub struct Ground {
    pub name: String,
    pub groups: Vec<String>,
    pub weights: Vec<u64>,
}

/// Something that happens to a case, or a count instead of cases.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A case is assessed: its atom from then on is the number.
    Case { case: usize, atom: usize },
    /// Cases of a place in a table, told as counts.
    Tally { cells: Vec<usize>, profile: usize, channel: usize, atoms: Atoms },
    /// Nothing that the truth counts.
    Other,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub profile: usize,
    pub channel: usize,
    /// By ground; `None` where it has no listed group.
    pub groups: Vec<Option<usize>>,
    /// The hour of its selection since the start.
    pub hour: i64,
}

/// An event, or the moment of a release.
#[derive(Clone, Debug)]
pub enum Step {
    Event { at_ms: i64, payload: Value, fact: Fact },
    Release { at_ms: i64 },
}

impl Step {
    pub const fn at_ms(&self) -> i64 {
        match self {
            Self::Event { at_ms, .. } | Self::Release { at_ms } => *at_ms,
        }
    }
}

/// A configuration, and what happens under it.
#[derive(Clone, Debug)]
pub struct Stream {
    pub config: String,
    pub profiles: Vec<String>,
    pub grounds: Vec<Ground>,
    /// Whether the first two grounds have an intersection.
    pub crossed: bool,
    pub cases: Vec<Case>,
    pub steps: Vec<Step>,
}

impl Stream {
    /// The cells of the truth at a release: what `known` facts say, in windows that end at `as_of_ms`, the rolling ones and those of these names. A
    /// window holds every hour that ends after its start and begins at or before its end.
    pub fn truth(&self, known: &[Fact], hours: &[i64], (as_of_ms, since): (i64, &[String])) -> Table {
        let mut atom_of = vec![None; self.cases.len()];
        let mut table = Table::new();
        let windows = WINDOWS.into_iter().map(|(window, _)| window).chain(since.iter().map(String::as_str));
        for window in windows {
            for profile in &self.profiles {
                for channel in CHANNELS {
                    for (dimension, group) in self.columns() {
                        table.insert(Place::new(profile, channel, window, &dimension, &group), [0; ATOMS]);
                    }
                }
            }
            let (after, until) = bounds(window).unwrap_or_else(|| (begins(window, as_of_ms).unwrap(), as_of_ms + 1));
            let holds = |hour: i64| {
                let begins = START_MS + hour * HOUR_MS;
                begins + HOUR_MS > after && begins < until
            };
            for (fact, hour) in known.iter().zip(hours) {
                match fact {
                    Fact::Case { case, atom } => atom_of[*case] = Some(*atom),
                    Fact::Tally { cells, profile, channel, atoms } if holds(*hour) => {
                        let cells: Vec<Option<usize>> = cells.iter().copied().map(Some).collect();
                        self.add(&mut table, window, (*profile, *channel, &cells), *atoms);
                    }
                    Fact::Tally { .. } | Fact::Other => {}
                }
            }
            for (case, atom) in self.cases.iter().zip(&atom_of).filter(|(case, _)| holds(case.hour)) {
                let Some(atom) = atom else { continue };
                let mut atoms = [0; ATOMS];
                atoms[*atom] = 1;
                self.add(&mut table, window, (case.profile, case.channel, &case.groups), atoms);
            }
        }
        table
    }

    fn add(
        &self,
        table: &mut Table,
        window: &str,
        (profile, channel, groups): (usize, usize, &[Option<usize>]),
        atoms: Atoms,
    ) {
        let mut of: Vec<(String, Option<String>)> = Vec::new();
        for (ground, group) in self.grounds.iter().zip(groups) {
            of.push((ground.name.clone(), group.map(|group| ground.groups[group].clone())));
        }
        if let (true, [(one, of_one), (other, of_other), ..]) = (self.crossed, of.as_slice()) {
            let group = of_one.as_ref().zip(of_other.as_ref()).map(|(one, other)| format!("{one}*{other}"));
            of.push((format!("{one}*{other}"), group));
        }
        for (dimension, group) in of {
            let Some(group) = group else { continue };
            let place = Place::new(&self.profiles[profile], CHANNELS[channel], window, &dimension, &group);
            let cell = table.get_mut(&place).unwrap();
            cell.iter_mut().zip(atoms).for_each(|(cell, atoms)| *cell += atoms);
        }
    }

    /// Every dimension and group.
    fn columns(&self) -> Vec<(String, String)> {
        let of = |ground: &Ground| {
            let name = ground.name.clone();
            ground.groups.clone().into_iter().map(move |group| (name.clone(), group))
        };
        let mut columns: Vec<(String, String)> = self.grounds.iter().flat_map(of).collect();
        if let (true, [one, other, ..]) = (self.crossed, self.grounds.as_slice()) {
            for group in &one.groups {
                let dimension = format!("{}*{}", one.name, other.name);
                columns.extend(other.groups.iter().map(|beside| (dimension.clone(), format!("{group}*{beside}"))));
            }
        }
        columns
    }

    /// Adds an event. `at_ms` is when it arrives, `time_ms` when it happened.
    pub fn push(&mut self, (at_ms, time_ms): (i64, i64), kind: &str, data: &Value, fact: Fact) {
        let id = self.steps.len();
        let payload = json!({
            "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/attack", "id": id.to_string(),
            "time": rfc3339(time_ms), "data": data,
        });
        self.steps.push(Step::Event { at_ms, payload, fact });
    }

    /// Orders all steps by when they happen.
    pub fn sort(&mut self) {
        self.steps.sort_by_key(|step| (step.at_ms(), matches!(step, Step::Release { .. })));
    }
}

/// What the names of windows since the beginning of a period begin with.
pub const SINCE: &str = "since ";
/// The same of windows that nobody is told of by themselves.
pub const ALL_SINCE: &str = "all since ";
/// The same of periods that are over: two times follow.
pub const BETWEEN: &str = "between ";

/// Where a window begins that ends at this time; `None` for one that ends before.
pub fn begins(window: &str, as_of_ms: i64) -> Option<i64> {
    match window.strip_prefix(SINCE).or(window.strip_prefix(ALL_SINCE)) {
        Some(at_ms) => at_ms.parse().ok(),
        None => WINDOWS.iter().find(|(name, _)| *name == window).map(|(_, hours)| as_of_ms - hours * HOUR_MS),
    }
}

/// Where a period that is over begins and ends.
fn bounds(window: &str) -> Option<(i64, i64)> {
    let (from, to) = window.strip_prefix(BETWEEN)?.split_once(' ')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

pub fn rfc3339(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap().to_string()
}
