//! How much of what is hidden an attacker finds.

use std::collections::BTreeMap;
use std::fmt;

use crate::support::effort;

use super::belief::Belief;
use super::links;
use super::reading::{Cell, Reading, Release};
use super::seen::Seen;
use super::solver::{System, Variable};
use super::stream::ALL_SINCE;
use super::table::{ATOMS, Atoms, Place, reached};
use super::texts;

/// An interval so wide or narrower tells a cell to within 2.
const NEARLY: f64 = 4.0;
/// Linear programs for one stream, at most, unless PARITYWATCH_ATTACK_PROGRAMS says otherwise.
const MAX_PROGRAMS: u64 = 10;

/// What became of the hidden cells of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub cells: u64,
    /// One number is left, and it is the truth.
    pub recovered: u64,
    /// Few numbers are left, and the truth is among them.
    pub nearly: u64,
    /// Not every number below `min_cell` is left: less than what is promised of an atom.
    pub narrowed: u64,
    /// The truth is not among what is left: the attacker believes something wrong.
    pub wrong: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    pub streams: u64,
    pub releases: u64,
    /// By kind: `atom` of fewer than `min_cell` cases, `stage` that is not published.
    pub found: BTreeMap<&'static str, Found>,
    /// Published counts that differ by less than `min_cell`, and not by 0, from those of the release before.
    pub small_changes: u64,
    /// Counts of findings that are not the sums of those of the funnel.
    pub inconsistent: u64,
    /// Streams of which nothing is believed any more, because the equations contradict each other.
    pub contradictions: u64,
    /// Stages whose published counts add up to different sums in two dimensions that have everybody.
    pub unequal_totals: u64,
    /// Counts in alerts and messages that were never published of their finding.
    pub unpublished_evidence: u64,
    /// What texts say beyond the document, by the kind of text.
    pub beyond: BTreeMap<String, u64>,
    /// Counters of events and cases that moved by less than `min_cell` between two releases.
    pub counters: BTreeMap<String, u64>,
    /// Stages that could be published, and those that are not.
    pub stages: u64,
    pub withheld: u64,
    /// Findings, and those that are withheld.
    pub findings: u64,
    pub withheld_findings: u64,
}

impl Score {
    pub fn add(&mut self, other: &Self) {
        for (kind, found) in &other.found {
            let sum = self.found.entry(kind).or_default();
            sum.cells += found.cells;
            sum.recovered += found.recovered;
            sum.nearly += found.nearly;
            sum.narrowed += found.narrowed;
            sum.wrong += found.wrong;
        }
        for (sums, more) in [(&mut self.beyond, &other.beyond), (&mut self.counters, &other.counters)] {
            more.iter().for_each(|(name, count)| *sums.entry(name.clone()).or_default() += count);
        }
        for (sum, more) in [
            (&mut self.unequal_totals, other.unequal_totals),
            (&mut self.unpublished_evidence, other.unpublished_evidence),
            (&mut self.streams, other.streams),
            (&mut self.releases, other.releases),
            (&mut self.small_changes, other.small_changes),
            (&mut self.inconsistent, other.inconsistent),
            (&mut self.contradictions, other.contradictions),
            (&mut self.stages, other.stages),
            (&mut self.withheld, other.withheld),
            (&mut self.findings, other.findings),
            (&mut self.withheld_findings, other.withheld_findings),
        ] {
            *sum += more;
        }
    }

    pub fn recovered(&self) -> u64 {
        self.found.values().map(|found| found.recovered).sum()
    }

    pub fn nearly(&self) -> u64 {
        self.found.values().map(|found| found.nearly).sum()
    }
}

impl fmt::Display for Score {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "streams {}, releases {}", self.streams, self.releases)?;
        for (kind, Found { cells, recovered, nearly, narrowed, wrong }) in &self.found {
            writeln!(
                out,
                "{kind}: hidden {cells}, recovered {recovered}, nearly {nearly}, narrowed {narrowed}, wrong {wrong}"
            )?;
        }
        writeln!(out, "changes by less than min_cell: {}", self.small_changes)?;
        writeln!(
            out,
            "findings that differ from the funnel: {}, contradictions: {}",
            self.inconsistent, self.contradictions
        )?;
        writeln!(out, "sums that differ between dimensions: {}", self.unequal_totals)?;
        writeln!(out, "counts in alerts and messages that were never published: {}", self.unpublished_evidence)?;
        writeln!(out, "texts beyond the document: {:?}", self.beyond)?;
        writeln!(out, "counters that moved by less than min_cell: {:?}", self.counters)?;
        writeln!(out, "stages withheld: {} of {}", self.withheld, self.stages)?;
        write!(out, "findings withheld: {} of {}", self.withheld_findings, self.findings)
    }
}

/// Attacks all that is seen of one stream.
pub fn attack(seen: &[Seen], belief: Belief) -> Score {
    let mut score = Score { streams: 1, releases: seen.len() as u64, ..Score::default() };
    seen.iter().for_each(|seen| count_price(&mut score, seen));
    seen.windows(2).for_each(|pair| score.small_changes += small_changes(&pair[0], &pair[1], belief.min_cell));
    read_texts(&mut score, seen, belief.min_cell);
    let Reading { mut system, releases, inconsistent, .. } = Reading::of(seen, belief);
    score.inconsistent = inconsistent;
    score.unequal_totals = releases.iter().map(unequal_totals).sum();
    if system.propagate().is_err() {
        score.contradictions = 1;
    }
    let is_listed = std::env::var_os("PARITYWATCH_ATTACK_LIST").is_some();
    let rows = |release: &Release<'_>| -> Vec<(&'static str, Variable, u64)> {
        let of = |(place, cell): (&Place, &Cell)| {
            // Nobody is told of a window from the beginning of an over period.
            let truth = release.seen.truth.get(place).filter(|_| !place.window.starts_with(ALL_SINCE))?;
            Some(hidden(release, place, (cell.stages, cell.atoms), truth, belief))
        };
        release.cells.iter().filter_map(of).flatten().collect()
    };
    let mut cells: Vec<(&'static str, Variable, u64)> = releases.iter().flat_map(rows).collect();
    // Where little is left already an exact answer may leave nothing.
    let width = |variable: Variable| system.bounds[variable].1 - system.bounds[variable].0;
    cells.sort_by(|(_, one, _), (_, other, _)| width(*one).total_cmp(&width(*other)));
    let mut programs = effort::number("PARITYWATCH_ATTACK_PROGRAMS").unwrap_or(MAX_PROGRAMS);
    for (kind, variable, truth) in cells {
        let interval = look_for(&system, variable, &mut programs);
        let found = score.found.entry(kind).or_default();
        let before = (found.recovered, found.nearly);
        found.count(interval, truth as f64, belief.min_cell as f64);
        if is_listed && before != (found.recovered, found.nearly) {
            println!("{}", described(&releases, variable, (kind, truth, interval)));
        }
    }
    score
}

fn read_texts(score: &mut Score, seen: &[Seen], min_cell: u64) {
    score.unpublished_evidence = texts::unpublished_evidence(seen);
    score.counters = texts::exact_counters(seen, min_cell);
    for said in seen.iter().flat_map(texts::beyond_the_document) {
        if std::env::var_os("PARITYWATCH_ATTACK_LIST").is_some() {
            println!("beyond the document: {said}");
        }
        let (text, _) = said.split_once(':').unwrap_or((said.as_str(), ""));
        *score.beyond.entry(text.to_owned()).or_default() += 1;
    }
}

/// A cell that was found, with what is published around it.
fn described(releases: &[Release<'_>], variable: Variable, (kind, truth, interval): (&str, u64, (f64, f64))) -> String {
    let is_it = |cell: &Cell| cell.atoms.contains(&variable) || cell.stages.contains(&variable);
    let mut text = format!("{kind} of {truth}, {interval:?}:");
    for (number, release) in releases.iter().enumerate() {
        let Some((place, cell)) = release.cells.iter().find(|(_, cell)| is_it(cell)) else { continue };
        let at = cell.atoms.iter().chain(&cell.stages).position(|of| *of == variable);
        text.push_str(&format!(" release {number}, atom or stage {at:?} of {place:?}\n"));
        for (other, stages) in release.published.iter().filter(|(other, _)| other.column() == place.column()) {
            let atoms = release.seen.truth.get(other);
            text.push_str(&format!("  {}: {stages:?} of {atoms:?}\n", other.group));
        }
    }
    text
}

/// The unknowns of a row that are to stay hidden, with what they are.
fn hidden(
    release: &Release<'_>,
    place: &Place,
    (stages, atoms): ([Variable; ATOMS], [Variable; ATOMS]),
    truth: &Atoms,
    belief: Belief,
) -> Vec<(&'static str, Variable, u64)> {
    let told = &release.published[place];
    let small = (0..ATOMS).filter(|atom| truth[*atom] < belief.min_cell);
    let small = small.map(|atom| ("atom", atoms[atom], truth[atom]));
    let withheld = (0..ATOMS).filter(|stage| told[*stage].is_none());
    small.chain(withheld.map(|stage| ("stage", stages[stage], reached(truth, stage)))).collect()
}

fn look_for(system: &System, variable: Variable, programs: &mut u64) -> (f64, f64) {
    let interval = system.bounds[variable];
    if interval.1 - interval.0 < 1.0 || *programs == 0 {
        return interval;
    }
    *programs -= 1;
    system.exact(variable).unwrap_or(interval)
}

impl Found {
    fn count(&mut self, (low, high): (f64, f64), truth: f64, min_cell: f64) {
        self.cells += 1;
        self.narrowed += u64::from(low > 0.0 || high < min_cell - 1.0);
        if truth < low || truth > high {
            self.wrong += 1;
        } else if high - low < 1.0 {
            self.recovered += 1;
        } else if high - low <= NEARLY {
            self.nearly += 1;
        }
    }
}

fn count_price(score: &mut Score, seen: &Seen) {
    for row in seen.document["funnel"].as_array().into_iter().flatten() {
        let stages = row["stages"].as_object().into_iter().flatten();
        score.stages += stages.clone().count() as u64;
        score.withheld += stages.filter(|(_, count)| count.is_null()).count() as u64;
    }
    for finding in seen.document["findings"].as_array().into_iter().flatten() {
        score.findings += 1;
        score.withheld_findings += u64::from(finding["suppressed"] == true);
    }
}

/// Counts of the funnel and of findings that changed by a few.
fn small_changes(one: &Seen, other: &Seen, min_cell: u64) -> u64 {
    let (before, after) = (counts(one), counts(other));
    let differs = |(name, count): (&String, &f64)| {
        let change = before.get(name).map_or(0.0, |before| (count - before).abs());
        change > 0.0 && change < min_cell as f64
    };
    after.iter().filter(|row| differs(*row)).count() as u64
}

/// Sums over the groups of a dimension that are told in full, and are not those of another one.
fn unequal_totals(release: &Release<'_>) -> u64 {
    let mut sums: BTreeMap<(Place, usize), BTreeMap<&str, Option<f64>>> = BTreeMap::new();
    for (place, stages) in &release.published {
        let has_everybody = !place.dimension.contains('*') && links::without_group(release, &place.dimension) == 0.0;
        for (stage, told) in stages.iter().enumerate().filter(|_| has_everybody) {
            let all = Place { dimension: String::new(), ..place.column() };
            let sum = sums.entry((all, stage)).or_default().entry(&place.dimension).or_insert(Some(0.0));
            *sum = sum.zip(*told).map(|(sum, told)| sum + told);
        }
    }
    let differs = |of: &BTreeMap<&str, Option<f64>>| {
        let mut told = of.values().flatten();
        let first = told.next();
        told.any(|sum| Some(sum) != first)
    };
    sums.values().filter(|of| differs(of)).count() as u64
}

/// Every published count of cases, by its name.
fn counts(seen: &Seen) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    let names = ["rule", "profile", "channel", "dimension", "group", "subject", "window"];
    for (list, fields) in [("funnel", &["stages"][..]), ("findings", &["group_counts", "reference_counts"])] {
        for row in seen.document[list].as_array().into_iter().flatten() {
            let name: Vec<&str> = names.iter().map(|name| row[*name].as_str().unwrap_or("")).collect();
            for (field, (part, count)) in
                fields.iter().flat_map(|field| row[*field].as_object().into_iter().flatten().map(move |of| (field, of)))
            {
                found.extend(count.as_f64().map(|count| (format!("{list} {name:?} {field} {part}"), count)));
            }
        }
    }
    found
}
