//! Without any one defence the attacker succeeds: by the model of them, and by the program where plans have a switch.

use serde_json::Value;

use super::belief::{Belief, OfAtoms};
use super::constructed;
use super::planned::{Defences, Publisher};
use super::score::{Score, attack};
use super::seen::{Change, Seen, run};
use super::strata;
use super::stream::Stream;
use super::switches::Defence;

/// What is seen where the model publishes.
pub fn seen_by(stream: &Stream, defences: Defences) -> Vec<Seen> {
    let mut publisher = Publisher::new(defences);
    let mut seen = run(stream, &|plan| plan.periods.clear());
    seen.iter_mut().for_each(|seen| publisher.publish(seen));
    seen
}

/// With all defences nothing of the stream is found, and without this one something is.
#[track_caller]
fn without(defence: Defence, stream: &Stream) {
    let with = attack(&seen_by(stream, Defences::ALL), Defences::ALL.belief());
    assert!(!is_success(&with), "with all defences: {with}");
    let defences = defence.others();
    let less = attack(&seen_by(stream, defences), defences.belief());
    assert!(is_success(&less), "without {defence:?}: {less}");
}

/// The same of the program and its rolling windows: with all defences nobody finds anything, without this one somebody who believes this does.
#[track_caller]
fn by_program(defence: Defence, stream: &Stream, belief: Belief) {
    let seen = run(stream, &|plan| plan.periods.clear());
    let finds = |score: &Score| score.recovered() + score.nearly() > 0;
    for belief in [Belief::rounded(10, 2), Belief::PROGRAM] {
        let with = attack(&seen, belief);
        assert!(!finds(&with), "with all defences, {belief:?}: {with}");
    }
    let less = run(stream, &|plan| {
        plan.periods.clear();
        defence.remove_from(plan);
    });
    let less = attack(&less, belief);
    // Totals that differ over dimensions tell what one of them lacks.
    assert!(finds(&less) || less.unequal_totals > 0, "without {defence:?}: {less}");
}

const fn program(of: OfAtoms) -> Belief {
    Belief { atoms: Some(of), ..Belief::PROGRAM }
}

#[test]
fn the_program_without_min_cell() {
    by_program(Defence::MinCell, &constructed::one_small_group(), Belief::exact(10));
}

#[test]
fn the_program_without_absorption() {
    let belief = program(OfAtoms { rectangles: false, absorbs: false, ..OfAtoms::PROGRAM });
    by_program(Defence::Absorbs, &constructed::one_small_group(), belief);
}

#[test]
fn the_program_without_a_stand_in() {
    let belief = program(OfAtoms { rectangles: false, stands_in: false, ..OfAtoms::PROGRAM });
    by_program(Defence::StandsIn, &constructed::one_small_group(), belief);
}

#[test]
fn the_program_without_rounding() {
    let of = OfAtoms { rectangles: false, dead_band: false, sticky: false, ..OfAtoms::PROGRAM };
    let belief = Belief { error: 0, atoms: Some(of), ..Belief::PROGRAM };
    by_program(Defence::RoundTo, &constructed::few_a_day_later(1), belief);
}

#[test]
fn the_program_without_a_dead_band() {
    let changes = |change: Change<'_>| attack(&run(&constructed::slow(), change), Belief::rounded(10, 2)).small_changes;
    assert_eq!(changes(&|_| {}), 0);
    assert!(changes(&|plan| Defence::DeadBand.remove_from(plan)) > 0);
}

#[test]
fn the_program_without_larger_steps() {
    by_program(Defence::Coarse, &constructed::few_a_day_later(9), Belief::rounded(10, 2));
}

#[test]
fn the_program_without_stickiness() {
    by_program(Defence::Sticky, &constructed::nine_a_day(), program(OfAtoms { sticky: false, ..OfAtoms::PROGRAM }));
}

#[test]
fn the_program_without_closed_intersections() {
    by_program(
        Defence::OneTableForCrossed,
        &constructed::small_intersection(),
        program(OfAtoms { rectangles: false, ..OfAtoms::PROGRAM }),
    );
}

#[test]
fn the_program_without_hidden_verdicts() {
    by_program(Defence::HidesVerdicts, &constructed::bisected(5), Belief::rounded(10, 2));
}

/// A column that is told together with its neighbour loses nobody.
#[test]
fn totals_over_dimensions_are_equal() {
    let score = attack(&run(&constructed::lost_in_a_closed_column(), &|_| {}), Belief::PROGRAM);
    assert_eq!(score.unequal_totals, 0, "{score}");
}

/// Between two ticks the published numbers stand; without ticks each event may move them.
#[test]
fn the_program_without_release_ticks() {
    let stream = constructed::minutes();
    let changes = |change: Change<'_>| {
        let seen = run(&stream, change);
        seen.windows(2).filter(|pair| pair[0].document["funnel"] != pair[1].document["funnel"]).count()
    };
    assert_eq!(changes(&|_| {}), 0);
    assert!(changes(&|plan| Defence::ReleaseEvery.remove_from(plan)) > 0);
}

/// A cell is found, or a published number moves by few.
fn is_success(score: &Score) -> bool {
    score.recovered() + score.nearly() + score.small_changes > 0
}

#[test]
fn without_min_cell_cells_are_recovered() {
    without(Defence::MinCell, &constructed::one_small_group());
}

#[test]
fn without_absorption_cells_are_recovered() {
    without(Defence::Absorbs, &constructed::one_small_group());
}

#[test]
fn without_a_stand_in_cells_are_recovered() {
    without(Defence::StandsIn, &constructed::one_small_group());
}

#[test]
fn without_one_table_for_intersections_cells_are_recovered() {
    without(Defence::OneTableForCrossed, &constructed::small_intersection());
}

/// How many cases are likely of a group: all pairs of numbers that the published effective numbers leave.
#[test]
fn the_program_without_few_digits() {
    let pairs = |change: Change<'_>, digits| {
        let seen = run(&constructed::probabilities(), change);
        strata::bracket(&finding_of(&seen[0], "c")["probabilistic"], 0.8, digits)
    };
    assert_eq!(pairs(&|plan| Defence::Digits.remove_from(plan), None), Some(vec![[37, 53]]));
    let left = pairs(&|_| {}, Some(1)).expect("a bracket is told");
    let likely: Vec<u64> = left.iter().map(|[likely, _]| *likely).collect();
    assert!(likely.contains(&37), "{likely:?}");
    assert!(likely.iter().max() >= likely.iter().min().map(|least| least + 10).as_ref(), "{likely:?}");
}

fn finding_of(seen: &Seen, group: &str) -> Value {
    let findings = seen.document["findings"].as_array().unwrap();
    let is_it = |finding: &&Value| finding["group"] == group && finding["window"] == "24h";
    findings.iter().find(is_it).unwrap().clone()
}
