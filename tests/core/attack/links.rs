//! What numbers have to do with each other because of what they count: dimensions, windows, releases, events.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::{Cell, Release};
use super::solver::{MANY, System, Variable};
use super::stream::{ALL_SINCE, BETWEEN, HOUR_MS, SINCE, START_MS, WINDOWS, begins};
use super::table::{ATOMS, Place};

/// Links the unknowns of all releases.
pub fn link(system: &mut System, releases: &[Release<'_>]) {
    for release in releases {
        link_windows(system, release);
        link_over(system, release);
        link_dimensions(system, release);
        link_intersections(system, release);
        link_events(system, release);
    }
    for pair in releases.windows(2) {
        link_in_time(system, &pair[0], &pair[1]);
    }
    link_tiles(system, releases);
    link_periods_in_time(system, releases);
}

fn at_most(system: &mut System, one: Variable, other: Variable) {
    system.know(vec![(one, 1.0), (other, -1.0)], (-MANY, 0.0));
}

/// Who is in a window is in every longer one.
fn link_windows(system: &mut System, release: &Release<'_>) {
    // From the one that begins last on. Hours are in a window as a whole.
    let begins = |window: &str| begins(window, release.seen.as_of_ms).map(|begins| begins.div_euclid(HOUR_MS));
    let to_now = release.cells.keys().filter_map(|place| Some((-begins(&place.window)?, &place.window)));
    let windows: BTreeSet<(i64, &String)> = to_now.collect();
    for (place, cell) in &release.cells {
        let longer = windows.iter().skip_while(|(_, name)| **name != place.window).nth(1);
        let Some((_, window)) = longer else { continue };
        let place = Place { window: (*window).clone(), ..place.clone() };
        let Some(wide) = release.cells.get(&place) else { continue };
        for index in 0..ATOMS {
            at_most(system, cell.stages[index], wide.stages[index]);
            at_most(system, cell.atoms[index], wide.atoms[index]);
        }
    }
}

/// A period that is over is what is since its beginning, without what is since its end.
fn link_over(system: &mut System, release: &Release<'_>) {
    for (place, cell) in &release.cells {
        let Some((from, to)) = place.window.strip_prefix(BETWEEN).and_then(|times| times.split_once(' ')) else {
            continue;
        };
        let since = |begins: &str| {
            let named = |prefix: &str| Place { window: format!("{prefix}{begins}"), ..place.clone() };
            [SINCE, ALL_SINCE].iter().find_map(|prefix| release.cells.get(&named(prefix)))
        };
        let (Some(long), Some(short)) = (since(from), since(to)) else { continue };
        for index in 0..ATOMS {
            for of in [(|cell: &Cell| cell.stages) as fn(&Cell) -> [Variable; ATOMS], |cell: &Cell| cell.atoms] {
                let terms = vec![(of(cell)[index], 1.0), (of(short)[index], 1.0), (of(long)[index], -1.0)];
                system.know(terms, (0.0, 0.0));
            }
        }
    }
}

/// How many cases have no group in a dimension, at most. The attacker knows whether there are any.
pub fn without_group(release: &Release<'_>, dimension: &str) -> f64 {
    if !release.seen.has_gaps {
        return 0.0;
    }
    let of = |dimension: &str| {
        let names = ["cases_without_group", "cases_with_probabilistic_group", "unlisted_cases"];
        let is_it = |name: &str| {
            names.iter().any(|known| name.starts_with(known)) && name.contains(&format!("dimension=\"{dimension}\""))
        };
        release.samples.iter().filter(|(name, _)| is_it(name)).map(|(_, value)| value + step(release)).sum::<f64>()
    };
    dimension.split('*').map(of).sum()
}

/// The groups of every dimension add up to the same cases.
fn link_dimensions(system: &mut System, release: &Release<'_>) {
    let mut tables: BTreeMap<Place, BTreeMap<&str, Vec<&Cell>>> = BTreeMap::new();
    for (place, cell) in &release.cells {
        let all = Place { dimension: String::new(), ..place.column() };
        tables.entry(all).or_default().entry(place.dimension.as_str()).or_default().push(cell);
    }
    for dimensions in tables.values() {
        for index in 0..ATOMS {
            for of in [(|cell: &Cell| cell.stages) as fn(&Cell) -> [Variable; ATOMS], |cell: &Cell| cell.atoms] {
                let total = system.variable();
                for (dimension, cells) in dimensions {
                    let elsewhere = without_group(release, dimension);
                    let terms = cells.iter().map(|cell| (of(cell)[index], 1.0)).chain([(total, -1.0)]).collect();
                    system.know(terms, (-elsewhere, 0.0));
                }
            }
        }
    }
}

/// The groups of an intersection add up to those of its parts.
fn link_intersections(system: &mut System, release: &Release<'_>) {
    let mut parts: BTreeMap<Place, Vec<&Cell>> = BTreeMap::new();
    for (place, cell) in &release.cells {
        let (Some((one, other)), Some((group, beside))) =
            (place.dimension.split_once('*'), place.group.split_once('*'))
        else {
            continue;
        };
        for (dimension, group) in [(one, group), (other, beside)] {
            let part = Place { dimension: dimension.to_owned(), group: group.to_owned(), ..place.clone() };
            parts.entry(part).or_default().push(cell);
        }
    }
    for (part, cells) in parts {
        let Some(whole) = release.cells.get(&part) else { continue };
        let names: BTreeSet<&str> = release.cells.keys().map(|place| place.dimension.as_str()).collect();
        let single = names.into_iter().filter(|dimension| !dimension.contains('*'));
        let elsewhere: f64 = single.map(|dimension| without_group(release, dimension)).sum();
        for index in 0..ATOMS {
            for (of_whole, of) in [
                (whole.stages, (|cell: &Cell| cell.stages) as fn(&Cell) -> [Variable; ATOMS]),
                (whole.atoms, |cell: &Cell| cell.atoms),
            ] {
                let terms = cells.iter().map(|cell| (of(cell)[index], 1.0)).chain([(of_whole[index], -1.0)]).collect();
                system.know(terms, (-elsewhere, 0.0));
            }
        }
    }
}

/// The accepted events of a type.
fn events(release: &Release<'_>, kind: &str) -> f64 {
    let kind = format!("type=\"{kind}\"");
    let is_it = |name: &str| name.starts_with("events_total") && name.contains("accepted") && name.contains(&kind);
    release.samples.iter().find(|(name, _)| is_it(name)).map_or(0.0, |(_, count)| *count)
}

/// How far the counter of events may be behind: it moves in steps where it is not exact.
fn step(release: &Release<'_>) -> f64 {
    let counters = ["selection", "control", "outcome"].map(|kind| events(release, kind));
    if counters.iter().all(|count| count % 10.0 == 0.0) { 10.0 } else { 0.0 }
}

/// Each accepted selection is assessed in one group of every dimension.
fn link_events(system: &mut System, release: &Release<'_>) {
    if events(release, "tally") > 0.0 {
        return;
    }
    let mut dimensions: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for (place, cell) in release.cells.iter().filter(|(place, _)| place.window == WINDOWS[2].0) {
        dimensions.entry(&place.dimension).or_default().push(cell);
    }
    for (dimension, cells) in dimensions {
        let (selections, step) = (events(release, "selection"), step(release));
        let terms = cells.iter().map(|cell| (cell.stages[0], 1.0)).collect();
        system.know(terms, (selections - without_group(release, dimension) - step, selections + step));
    }
}

/// What was counted stays in the longest window, which no stream leaves; and nothing grows by more than the events.
fn link_in_time(system: &mut System, one: &Release<'_>, other: &Release<'_>) {
    let step = step(one).max(step(other));
    // A tally may count any number of cases.
    let has_tallies = events(other, "tally") > 0.0;
    let grown = |kind: &str| if has_tallies { MANY } else { events(other, kind) - events(one, kind) + step };
    for (place, before) in &one.cells {
        let Some(after) = other.cells.get(place) else { continue };
        for (stage, kind) in [(0, "selection"), (1, "selection"), (2, "control"), (3, "outcome")] {
            let least = if place.window == WINDOWS[2].0 { 0.0 } else { -MANY };
            let terms = vec![(after.stages[stage], 1.0), (before.stages[stage], -1.0)];
            system.know(terms, (least, grown(kind)));
        }
    }
}

/// Nobody leaves a window since the beginning of a period.
fn link_periods_in_time(system: &mut System, releases: &[Release<'_>]) {
    let mut last: BTreeMap<&Place, &Cell> = BTreeMap::new();
    for release in releases {
        for (place, cell) in release.cells.iter().filter(|(place, _)| place.window.contains(SINCE)) {
            if let Some(before) = last.insert(place, cell) {
                for stage in 0..ATOMS - 1 {
                    system.know(vec![(cell.stages[stage], 1.0), (before.stages[stage], -1.0)], (0.0, MANY));
                }
            }
        }
    }
}

/// Short windows that follow upon each other cover a long one: of assessed and selected cases each is in one of them, and stays what it is.
fn link_tiles(system: &mut System, releases: &[Release<'_>]) {
    let [(short, _), (long, _), _] = WINDOWS;
    for last in 0..releases.len() {
        let Some(tiles) = tiles(&releases[..=last]) else { continue };
        let release = &releases[last];
        for (place, cell) in release.cells.iter().filter(|(place, _)| place.window == long) {
            let place = Place { window: short.to_owned(), ..place.clone() };
            let parts: Option<Vec<&Cell>> = tiles.iter().map(|tile| tile.cells.get(&place)).collect();
            let Some(parts) = parts else { continue };
            let of: [fn(&Cell) -> Variable; 3] = [|cell| cell.stages[0], |cell| cell.stages[1], |cell| cell.atoms[0]];
            for of in of {
                let terms = parts.iter().map(|part| (of(part), 1.0)).chain([(of(cell), -1.0)]).collect();
                system.know(terms, (0.0, MANY));
            }
        }
    }
}

/// The releases whose short windows cover the long one of the last; `None` where they leave a gap.
fn tiles<'r, 's>(releases: &'r [Release<'s>]) -> Option<Vec<&'r Release<'s>>> {
    let [(_, hours), (_, of_long), _] = WINDOWS;
    let mut covered = releases.last()?.seen.as_of_ms;
    // Nothing is older than the stream.
    let begins = (covered - of_long * HOUR_MS).max(START_MS);
    let mut tiles = Vec::new();
    while covered > begins {
        let reaching = releases.iter().filter(|release| release.seen.as_of_ms >= covered);
        let next = reaching.min_by_key(|release| release.seen.as_of_ms)?;
        let until = next.seen.as_of_ms - hours * HOUR_MS;
        if until >= covered {
            return None;
        }
        covered = until;
        tiles.push(next);
    }
    Some(tiles)
}
