//! Families with intersections: three origins and two genders, and their six combinations.

use paritywatch::statistics::{Block, Inheritance, Judging, Pair, Series, family_weights, log_level_of_weight};

use super::random::Random;
use super::{CAP, FAIR, FOUND, Row, Step, VARIATION, row};

/// Shares of the origins; the genders have half of each.
const ORIGINS: [f64; 3] = [0.1, 0.2, 0.7];
const GENDERS: usize = 2;
const MAIN: usize = ORIGINS.len() + GENDERS;
const CROSSED: usize = ORIGINS.len() * GENDERS;
/// Persons in a block.
const PERSONS: f64 = 4_000.0;
/// The share of `alerting.family_alpha` that intersections have.
const SHARE: f64 = 0.1;

/// Which cells are picked more often.
#[derive(Clone, Copy)]
enum Skew {
    Nobody,
    FirstOrigin(f64),
    FirstCrossing(f64),
}

/// Blocks of 4,000, 5 % picked, 120 of them. Each group is compared with the rest.
pub fn families() -> Vec<Row> {
    let watching = |skew: Skew, variation: f64, watched: fn(usize) -> bool| {
        move |series: f64| -> Step {
            let mut family = Family::new(series);
            Box::new(move |random| {
                family.take(&cells(random, skew, variation));
                (0..MAIN + CROSSED).any(|place| watched(place) && family.alarmed(place))
            })
        }
    };
    const FIRST_ORIGIN: fn(usize) -> bool = |place| place == 0;
    const FIRST_CROSSING: fn(usize) -> bool = |place| place == MAIN;
    // Neither of the first origin nor of a gender, whose ratio is not 1 where the first crossing is picked more.
    const OTHERS: fn(usize) -> bool = |place| place == 1 || place == 2 || place >= MAIN + GENDERS;
    let mut rows = Vec::new();
    for variation in [0.0, 0.3] {
        let what = format!("intersections, fair, CV {variation}: any of 11 series");
        rows.push(row((80, 120, FAIR), what, watching(Skew::Nobody, variation, |_| true)));
    }
    let origin = Skew::FirstOrigin(1.5);
    rows.push(row(
        (81, 120, FOUND),
        "intersections, one origin at 1.5: that origin",
        watching(origin, 0.0, FIRST_ORIGIN),
    ));
    rows.push(row(
        (81, 120, FOUND),
        "the same: its combination, by inheritance",
        watching(origin, 0.0, FIRST_CROSSING),
    ));
    rows.push(row((81, 120, FAIR), "the same: any other", watching(origin, 0.0, OTHERS)));
    for ratio in [1.5, 2.0] {
        let skew = Skew::FirstCrossing(ratio);
        let what = format!("intersections, one combination at {ratio}: that combination");
        rows.push(row((82, 120, FOUND), what, watching(skew, 0.0, FIRST_CROSSING)));
        rows.push(row((82, 120, FAIR), "the same: any origin or combination of others", watching(skew, 0.0, OTHERS)));
    }
    rows
}

/// Events and persons of each combination in a block, by origin and then gender.
fn cells(random: &mut Random, skew: Skew, variation: f64) -> Vec<(u64, u64)> {
    let ratio = |origin: usize, gender: usize| match skew {
        Skew::FirstOrigin(ratio) if origin == 0 => ratio,
        Skew::FirstCrossing(ratio) if (origin, gender) == (0, 0) => ratio,
        _ => 1.0,
    };
    let mut cells = Vec::new();
    for (origin, share) in ORIGINS.into_iter().enumerate() {
        for gender in 0..GENDERS {
            let persons = (PERSONS * share / GENDERS as f64) as u64;
            let rate = 0.05 * ratio(origin, gender) * random.factor(variation);
            cells.push((random.seldom(persons, rate), persons));
        }
    }
    cells
}

/// The series of the origins, of the genders, and of their combinations.
struct Family {
    series: Vec<Series>,
    inheritance: Inheritance,
    own: [f64; 2],
}

impl Family {
    fn new(series: f64) -> Self {
        let (main, crossed) = family_weights(MAIN as u64, CROSSED as u64, SHARE);
        let level = 0.05 / series;
        let of_origin = |origin: usize| (0..GENDERS).map(|gender| origin * GENDERS + gender).collect::<Vec<_>>();
        let of_gender = |gender: usize| (0..ORIGINS.len()).map(|origin| origin * GENDERS + gender).collect();
        let children = (0..ORIGINS.len()).map(of_origin).chain((0..GENDERS).map(of_gender)).collect();
        Self {
            series: (0..MAIN + CROSSED).map(|_| Series::new(None)).collect(),
            inheritance: Inheritance::new(children, CROSSED),
            own: [main, crossed].map(|weight| log_level_of_weight(level, weight)),
        }
    }

    fn take(&mut self, cells: &[(u64, u64)]) {
        let all = sum(cells, |_| true);
        for place in 0..MAIN + CROSSED {
            let own = sum(cells, |cell| holds(place, cell));
            let crude = Pair {
                events: own.0,
                exposed: own.1,
                reference_events: all.0 - own.0,
                reference_exposed: all.1 - own.1,
            };
            let series = &mut self.series[place];
            let epoch = series.disparity().epoch();
            let log_level = match place.checked_sub(MAIN) {
                None => self.own[0],
                Some(crossing) => self.inheritance.log_level(crossing, self.own[1], epoch),
            };
            let judging = Judging { variation: VARIATION, cap: CAP, log_level };
            series.take(&Block { crude, ..Block::default() }, &judging);
            if place < MAIN && series.disparity().alarmed() {
                self.inheritance.main_alarmed(place, series.disparity().epoch(), self.own[0]);
            }
        }
    }

    fn alarmed(&self, place: usize) -> bool {
        self.series[place].disparity().alarmed()
    }
}

/// Whether a series is about a combination.
fn holds(place: usize, cell: usize) -> bool {
    match place {
        origin if origin < ORIGINS.len() => cell / GENDERS == origin,
        gender if gender < MAIN => cell % GENDERS == gender - ORIGINS.len(),
        crossing => cell == crossing - MAIN,
    }
}

fn sum(cells: &[(u64, u64)], counts: impl Fn(usize) -> bool) -> (u64, u64) {
    let counted = cells.iter().enumerate().filter(|(cell, _)| counts(*cell));
    counted.fold((0, 0), |(events, persons), (_, cell)| (events + cell.0, persons + cell.1))
}
