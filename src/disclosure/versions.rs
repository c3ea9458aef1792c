//! Versions of a profile. Their names leave, as they are words of the profile and not of persons; their numbers do where no small one follows from them.

use super::plain::plain;
use crate::judge::{SeenVersion, Versions};

/// Returns the versions with the numbers that may be told, which `tell` says of each version and its cases. Where one is withheld, so are the smallest
/// of the others that cover it, up to `enough` cases: the difference from the sum of all has them, too.
pub(super) fn told(versions: &Versions, enough: u64, mut tell: impl FnMut(&str, u64) -> Option<u64>) -> Versions {
    let seen = versions.seen.iter().map(|seen| {
        let cases = seen.cases.and_then(|cases| tell(&seen.version, cases));
        SeenVersion { version: seen.version.clone(), cases }
    });
    let mut told = Versions { seen: seen.collect(), left_out: versions.left_out };
    let exact: Vec<u64> = versions.seen.iter().map(|seen| seen.cases.unwrap_or(0)).collect();
    let is_withheld = |seen: &&SeenVersion| seen.cases.is_none();
    if told.seen.iter().find(is_withheld).is_none() {
        return told;
    }
    let hidden = told.seen.iter().zip(&exact).filter(|(seen, _)| is_withheld(seen)).map(|(_, cases)| *cases);
    let mut covered = hidden.fold(0, u64::saturating_add);
    let mut order: Vec<(u64, &mut SeenVersion)> = exact.into_iter().zip(&mut told.seen).collect();
    order.sort_by_key(|(cases, _)| *cases);
    for (cases, seen) in order.into_iter().filter(|(_, seen)| seen.cases.is_some()) {
        if covered < enough {
            seen.cases = None;
            covered = covered.saturating_add(cases);
        }
    }
    told
}

/// Returns the versions of this moment with the numbers of the last release.
pub(super) fn carried(exact: &Versions, told: Option<&Versions>) -> Versions {
    let number = |version: &str| {
        let mut known = told.into_iter().flat_map(|told| &told.seen);
        known.find(|seen| seen.version == version).and_then(|seen| seen.cases)
    };
    let seen =
        exact.seen.iter().map(|seen| SeenVersion { version: seen.version.clone(), cases: number(&seen.version) });
    Versions { seen: seen.collect(), left_out: exact.left_out }
}

/// Returns the versions without numbers below `min_cell`, as they leave: one without a name is told as such.
pub(super) fn published(versions: &Versions, min_cell: u64) -> Versions {
    let seen = versions.seen.iter().map(|seen| SeenVersion {
        version: if seen.version.is_empty() { NO_VERSION.to_owned() } else { plain(&seen.version).into_owned() },
        cases: seen.cases.filter(|cases| *cases >= min_cell),
    });
    Versions { seen: seen.collect(), left_out: versions.left_out }
}

/// Stands for the version of selections that name none.
pub(super) const NO_VERSION: &str = "(no version)";

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(cases: &[u64]) -> Versions {
        let seen = cases.iter().map(|cases| SeenVersion { version: format!("v{cases}"), cases: Some(*cases) });
        Versions { seen: seen.collect(), left_out: 0 }
    }

    fn numbers(cases: &[u64]) -> Vec<Option<u64>> {
        let told = told(&versions(cases), 20, |_, cases| (cases >= 10).then_some(cases));
        told.seen.iter().map(|seen| seen.cases).collect()
    }

    #[test]
    fn what_is_withheld_is_covered_by_the_smallest_of_the_others() {
        assert_eq!(numbers(&[500, 40]), [Some(500), Some(40)]);
        assert_eq!(numbers(&[500, 3]), [None, None]);
        assert_eq!(numbers(&[500, 3, 40]), [Some(500), None, None]);
        assert_eq!(numbers(&[3]), [None]);
        assert_eq!(numbers(&[9, 8, 7, 30]), [None, None, None, Some(30)]);
    }

    #[test]
    fn names_are_of_this_moment_and_numbers_of_the_release() {
        let now = versions(&[12, 11]);
        let before = Versions { seen: vec![SeenVersion { version: "v11".to_owned(), cases: Some(5) }], left_out: 0 };
        let carried = carried(&now, Some(&before));
        assert_eq!(carried.seen.iter().map(|seen| seen.cases).collect::<Vec<_>>(), [None, Some(5)]);
        assert_eq!(published(&carried, 10).seen.iter().filter_map(|seen| seen.cases).count(), 0);
    }
}
